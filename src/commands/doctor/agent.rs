//! The agent outlives an upgrade.

use super::{Check, Finding};
use crate::commands::agent;
use crate::world::World;

const CHECK: Check = Check::Agent;

pub(super) fn check(world: &World) -> Vec<Finding> {
    vec![match agent::running(world) {
        Ok(None) => Finding::ok(CHECK, "none runs, and none is needed before a directory wants one"),
        Ok(Some(status)) => tell(status.pid, &status.version, env!("CARGO_PKG_VERSION")),
        Err(error) => Finding::of_error(CHECK, &error, "`awsenv agent stop` ends it"),
    }]
}

fn tell(pid: u32, theirs: &str, ours: &str) -> Finding {
    if theirs == ours {
        return Finding::ok(CHECK, format!("process {pid} runs, of this version"));
    }
    let theirs = if theirs.is_empty() { "an older version" } else { theirs };
    let seen = format!("process {pid} runs {theirs}, and this is {ours}");
    Finding::warning(CHECK, seen, "run `awsenv agent stop`: the next prompt starts another")
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn an_agent_of_another_version_is_named() {
        assert_eq!(tell(7, "1.0", "1.0").result, Verdict::Ok);
        assert!(tell(7, "0.9", "1.0").seen.contains("0.9"));
        assert!(tell(7, "", "1.0").seen.contains("an older version"));
    }
}
