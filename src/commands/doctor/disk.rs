//! Whether awsenv can write what it has to, and what the system allows it.

use std::path::Path;

use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};

use super::{Check, Finding};
use crate::files;
use crate::places::tilde;
use crate::prompt::runtime::Runtime;
use crate::world::World;

const CHECK: Check = Check::Disk;
/// Some hundred sessions.
const ENOUGH: u64 = 1 << 20;
/// What a command with its connections, locks and files has open at once, and as much again.
const DESCRIPTORS: u64 = 64;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let places = &world.places;
    let shown = |path: &Path| tilde(path, &places.home);
    let mut found = Vec::new();
    for dir in [&places.state, &places.data] {
        match writable(dir) {
            Ok(()) => found.extend(space(dir).and_then(|free| is_full(&shown(dir), free))),
            Err(error) => found.push(Finding::broken(
                CHECK,
                format!("{} cannot be written: {error}", shown(dir)),
                "sessions and decisions are kept there: make it a directory that you may write",
            )),
        }
    }
    if let Err(error) = Runtime::open(places) {
        found.push(Finding::broken(
            CHECK,
            format!("{} cannot be used: {error}; the program runs at every prompt", shown(&places.runtime)),
            "set XDG_RUNTIME_DIR to a directory that is yours alone",
        ));
    }
    found.extend(few_descriptors(getrlimit(Resource::Nofile).current));
    if found.is_empty() {
        found.push(Finding::ok(CHECK, format!("{} can be written", shown(&places.state))));
    }
    found
}

/// By writing: permissions do not tell of a file system that is read-only.
fn writable(dir: &Path) -> std::io::Result<()> {
    files::private_dir(dir)?;
    let probe = dir.join(format!("doctor.{}", std::process::id()));
    let written = files::write_private(&probe, b"x");
    files::remove(&probe)?;
    written
}

fn space(dir: &Path) -> Option<u64> {
    let disk = statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn is_full(dir: &str, free: u64) -> Option<Finding> {
    let seen = || format!("the disk below {dir} is full: {free} bytes are free");
    (free < ENOUGH).then(|| Finding::broken(CHECK, seen(), "make room on it"))
}

/// `None`: as many as one likes.
fn few_descriptors(most: Option<u64>) -> Option<Finding> {
    let most = most.filter(|most| *most < DESCRIPTORS)?;
    let seen = format!("a process may have no more than {most} files open here");
    Some(Finding::warning(CHECK, seen, format!("ulimit -n {}", 4 * DESCRIPTORS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_small_limit_are_told() {
        assert!(is_full("~/x", ENOUGH - 1).is_some() && is_full("~/x", ENOUGH).is_none());
        assert!(few_descriptors(Some(20)).is_some());
        assert!(few_descriptors(Some(1024)).is_none() && few_descriptors(None).is_none());
    }
}
