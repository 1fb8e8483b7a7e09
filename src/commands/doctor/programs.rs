//! Other copies of the program in the PATH: after an upgrade by another way, the old one may come first.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Check, Finding};
use crate::world::World;

const CHECK: Check = Check::Programs;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let this = std::env::current_exe().ok();
    let version = env!("CARGO_PKG_VERSION");
    let Some(this) = this.filter(|this| this.exists()) else {
        let seen = format!("awsenv {version} runs from a file that is gone: it was upgraded meanwhile");
        return vec![Finding::warning(CHECK, seen, "restart this shell: `exec $SHELL`")];
    };
    let path = world.env.get("PATH").unwrap_or_default();
    let found: Vec<_> =
        std::env::split_paths(path).map(|dir| dir.join("awsenv")).filter(|path| is_program(path)).collect();
    tell(&this, version, &found)
}

fn tell(this: &Path, version: &str, found: &[PathBuf]) -> Vec<Finding> {
    let own = id(this);
    let others: Vec<_> = found.iter().filter(|path| id(path) != own).collect();
    let is_first = found.first().is_none_or(|path| id(path) == own);
    let mut findings = vec![Finding::ok(CHECK, format!("awsenv {version}, {}", this.display()))];
    if found.is_empty() {
        let fix = format!("put {} into the PATH", this.parent().unwrap_or(this).display());
        findings.push(Finding::warning(
            CHECK,
            "no awsenv is in the PATH: profiles that call it find none",
            fix,
        ));
    }
    findings.extend(others.iter().enumerate().map(|(at, other)| match at == 0 && !is_first {
        true => Finding::warning(
            CHECK,
            format!("{} comes first in the PATH, and is another file", other.display()),
            "remove the one that you do not want",
        ),
        false => Finding::note(CHECK, format!("{} is another file, later in the PATH", other.display())),
    }));
    findings
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn id(path: &Path) -> Option<(u64, u64)> {
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn another_copy_is_named_and_matters_if_it_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let [this, other, link] = ["this", "other", "link"].map(|name| dir.path().join(name));
        std::fs::write(&this, "").unwrap();
        std::fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&this, &link).unwrap();
        let results = |found: &[&PathBuf]| {
            let found: Vec<_> = found.iter().map(|path| (*path).clone()).collect();
            tell(&this, "1", &found).iter().map(|finding| finding.result).collect::<Vec<_>>()
        };
        assert_eq!(results(&[&link]), [Verdict::Ok]);
        assert_eq!(results(&[&this, &other]), [Verdict::Ok, Verdict::Note]);
        assert_eq!(results(&[&other, &link]), [Verdict::Ok, Verdict::Warning]);
        assert_eq!(results(&[]), [Verdict::Ok, Verdict::Warning]);
    }
}
