//! Whether awsenv can write what it has to, and what the system allows it.

use std::fs::Metadata;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use rustix::process::{Resource, getrlimit};

use super::{Check, Finding};
use crate::files;
use crate::places::tilde;
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
            Err(error) if error.kind() == ErrorKind::StorageFull => found.push(full(&shown(dir), 0)),
            Ok(()) => found.extend(space(dir).and_then(|free| is_full(&shown(dir), free))),
            Err(error) => found.push(Finding::broken(
                CHECK,
                format!("{} cannot be written: {error}", shown(dir)),
                "sessions and decisions are kept there: make it a directory that you may write",
            )),
        }
    }
    if let Some((dir, error)) = unreadable(&places.data) {
        found.push(Finding::broken(
            CHECK,
            format!("{} cannot be read: {error}; what you have allowed is kept there", shown(&dir)),
            "make it a directory of yours: chown, chmod u=rwx",
        ));
    }
    if let Err(error) = writable(&places.runtime) {
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

/// By writing: permissions do not tell of a file system that is read-only. What is not there yet is not made, and
/// nothing is tightened: that is for whoever uses it.
fn writable(dir: &Path) -> Result<()> {
    let Some(metadata) = look(dir)? else {
        files::may_make(dir)?;
        return Ok(access(nearest(dir), Access::WRITE_OK | Access::EXEC_OK)?);
    };
    if !metadata.is_dir() || metadata.uid() != files::uid() {
        return Err(Error::other("it is not a directory of this user"));
    }
    let probe = dir.join(format!("doctor.{}", std::process::id()));
    let written = files::write_private(&probe, b"x");
    files::remove(&probe)?;
    written
}

/// The first directory of decisions that nobody can look into. What is wrong with the one above them all is told already.
fn unreadable(data: &Path) -> Option<(PathBuf, Error)> {
    access(data, Access::EXEC_OK).ok()?;
    let entries = |dir: PathBuf| {
        let seen = dir.read_dir().and_then(|seen| Ok(access(&dir, Access::EXEC_OK).map(|()| seen)?));
        match seen {
            Ok(seen) => Ok(seen.flatten().map(|entry| entry.path()).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err((dir, error)),
        }
    };
    let files = entries(data.join("deny")).and_then(|_| entries(data.join("allow")));
    files.and_then(|files| files.into_iter().try_for_each(|file| entries(file).map(drop))).err()
}

fn look(path: &Path) -> Result<Option<Metadata>> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// The directory itself, or the one above it that is there.
fn nearest(dir: &Path) -> &Path {
    dir.ancestors().find(|above| above.exists()).unwrap_or(dir)
}

fn space(dir: &Path) -> Option<u64> {
    let disk = statvfs(nearest(dir)).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn is_full(dir: &str, free: u64) -> Option<Finding> {
    (free < ENOUGH).then(|| full(dir, free))
}

fn full(dir: &str, free: u64) -> Finding {
    let seen = format!("the disk below {dir} is full: {free} bytes are free");
    Finding::broken(CHECK, seen, "make room on it")
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
    fn a_look_makes_nothing_and_tightens_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        writable(dir.path()).unwrap();
        writable(&dir.path().join("a/b")).unwrap();
        assert_eq!(dir.path().metadata().unwrap().mode() & 0o777, 0o777);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        std::fs::write(dir.path().join("x"), "").unwrap();
        assert!(writable(&dir.path().join("x")).is_err());
    }

    #[test]
    fn a_full_disk_and_a_small_limit_are_told() {
        assert!(is_full("~/x", ENOUGH - 1).is_some() && is_full("~/x", ENOUGH).is_none());
        assert!(few_descriptors(Some(20)).is_some());
        assert!(few_descriptors(Some(1024)).is_none() && few_descriptors(None).is_none());
    }
}
