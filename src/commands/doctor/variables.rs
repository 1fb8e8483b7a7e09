//! What is set outside, by hand or by a file of the shell's, and counts wherever awsenv does not.

use std::path::PathBuf;

use super::{Check, Finding, rc_files};
use crate::files;
use crate::places::{expand_home, tilde};
use crate::prompt::memory::Memory;
use crate::prompt::variables::is_identity;
use crate::world::World;

const CHECK: Check = Check::Variables;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let mut found = Vec::new();
    if world.env.text("AWSENV_DISABLE").is_some() {
        let seen = "AWSENV_DISABLE is set: awsenv does nothing in this shell";
        found.push(Finding::warning(CHECK, seen, "unset AWSENV_DISABLE"));
    }
    if Memory::read(&world.env, files::uid()).is_some_and(|memory| memory.stands_back) {
        let seen = "credentials were set by hand in this directory, and awsenv stands back";
        found.push(Finding::warning(CHECK, seen, "leave the directory, or unset them"));
    }
    let names: Vec<_> = world.original.iter().filter_map(|(name, _)| name.to_str()).collect();
    for name in names.into_iter().filter(|name| is_identity(name)) {
        // An empty one is none to AWS clients.
        let Some(value) = world.original.text(name) else { continue };
        // The one value that is a name and no secret.
        let value = if name.ends_with("PROFILE") { format!("={value}") } else { String::new() };
        let place = place(name, world).map(|place| format!(" ({place})")).unwrap_or_default();
        found.push(Finding::warning(
            CHECK,
            format!("{name}{value} is set outside{place}: it counts wherever no .awsenv does"),
            format!("unset {name}, and let a .awsenv say it"),
        ));
    }
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let Some(value) = world.original.text(name) else { continue };
        let path = expand_home(value, &world.places.home);
        found.push(match path.exists() {
            true => Finding::note(CHECK, format!("{name} leads to {}", path.display())),
            false => Finding::broken(
                CHECK,
                format!("{name} leads to {}, which is not there", path.display()),
                format!("unset {name}, or make that file"),
            ),
        });
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "nothing is set outside that says who you are"));
    }
    found
}

/// `PATH:LINE` of what sets it, in the files that shells read at their start.
fn place(name: &str, world: &World) -> Option<String> {
    let home = &world.places.home;
    let others =
        [".zshenv", ".pam_environment", ".config/environment.d/aws.conf"].map(|name| home.join(name));
    rc_files::all(&world.env, home).into_iter().chain(others).find_map(|path: PathBuf| {
        let line = rc_files::read(&path)?.lines().position(|line| sets(line, name))?;
        Some(format!("{}:{}", tilde(&path, home), line + 1))
    })
}

/// Whether a line of a shell's file, or of direnv's, sets this variable.
pub(super) fn sets(line: &str, name: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        matches!(
            *word,
            "export" | "set" | "typeset" | "declare" | "setenv" | "-gx" | "-x" | "-Ux" | "-g" | "-xg"
        )
    });
    let assigns =
        |word: &str| word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    let is_statement = |word: &str| word.contains('=') || line.trim_start().starts_with("set");
    words.next().is_some_and(|word| assigns(word) && is_statement(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_sets_a_variable_is_known_in_each_shell() {
        for line in [
            "export AWS_PROFILE=dev",
            "AWS_PROFILE=dev",
            "  set -gx AWS_PROFILE dev",
            "setenv AWS_PROFILE dev",
        ] {
            assert!(sets(line, "AWS_PROFILE"), "{line}");
        }
        for line in
            ["# export AWS_PROFILE=dev", "echo $AWS_PROFILE", "export AWS_PROFILE_X=1", "unset AWS_PROFILE"]
        {
            assert!(!sets(line, "AWS_PROFILE"), "{line}");
        }
    }
}
