//! Root in a home of somebody else (`sudo -E`, a container with the host's `~/.aws`): what it makes there must not
//! lock that user out.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use super::uid;
use crate::message::Failure;

/// Whether root may make something here: an error where it would come to lie in a directory of somebody else. Nobody
/// else is asked: the kernel knows what they may do.
pub fn may_make(path: &Path) -> io::Result<()> {
    if uid() != 0 {
        return Ok(());
    }
    let there = path.ancestors().skip(1).find_map(|above| Some((above, fs::metadata(above).ok()?)));
    match there {
        Some((above, metadata)) if is_somebody_elses(&metadata) => {
            Err(not_roots(format!("{} belongs to another user (uid {})", above.display(), metadata.uid())))
        }
        _ => Ok(()),
    }
}

/// Whether a file is this user's, or stands as root leaves one in a directory of somebody else: as that one's.
pub fn is_own(path: &Path, metadata: &Metadata) -> bool {
    let is_the_directorys = || fs::metadata(above(path)).is_ok_and(|dir| dir.uid() == metadata.uid());
    metadata.uid() == uid() || uid() == 0 && is_the_directorys()
}

/// That a directory, if it is there, is this user's, and no link.
pub fn check_own(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => check(path, &metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) fn check(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() && metadata.uid() == uid() {
        return Ok(());
    }
    let what = format!("{} is not a directory of this user", path.display());
    Err(if uid() == 0 && metadata.is_dir() { not_roots(what) } else { io::Error::other(what) })
}

/// Whose a file has to be that root writes in a directory of somebody else: that of the file in its place, else the
/// directory's. `None`: it is this user's.
pub(super) fn to_be(path: &Path) -> io::Result<Option<Metadata>> {
    if uid() != 0 {
        return Ok(None);
    }
    let directory = fs::metadata(above(path))?;
    if !is_somebody_elses(&directory) {
        return Ok(None);
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(directory)),
        there => there.map(Some),
    }
}

/// Gives a file the owner and the group that another one has.
pub(super) fn give(file: &File, owner: &Metadata) -> io::Result<()> {
    fchown(file, Some(owner.uid()), Some(owner.gid())).map_err(|error| {
        io::Error::new(error.kind(), format!("it would not stay the file of uid {}: {error}", owner.uid()))
    })
}

/// What everybody may write to, as `/tmp`, is nobody's home; in a namespace, the kernel shows its owner as another.
fn is_somebody_elses(directory: &Metadata) -> bool {
    const EVERYBODYS: u32 = 0o1002;
    directory.uid() != 0 && directory.mode() & EVERYBODYS != EVERYBODYS
}

fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn not_roots(what: String) -> io::Error {
    io::Error::other(Failure::new(what).hint("run it as that user, or with a home of root's own (`sudo -H`)"))
}
