//! Files as awsenv keeps them: private, whole or not at all, never somebody else's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use crate::clock::{self, Timestamp};

mod locks;
mod owner;
pub use locks::{Lock, is_locked, lock, lock_or_fail, lock_within, remove_lock, try_lock, wait_until_free};
pub use owner::{check_own, is_own, may_make};

/// The user this process acts as.
pub fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// What tells one state of a file from the next: an edit, a replacement (older or newer), a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Seconds of the modification time.
    pub seconds: i64,
    /// Its nanoseconds; 0 where the file system keeps none.
    pub nanos: i64,
    /// Bytes.
    pub size: u64,
    /// The inode.
    pub inode: u64,
}

impl Stamp {
    /// Of the file that is there now, if one is.
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::of)
    }

    /// The stamp of an open file, or of a path's target.
    pub fn of(metadata: &fs::Metadata) -> Self {
        Self {
            seconds: metadata.mtime(),
            nanos: metadata.mtime_nsec(),
            size: metadata.size(),
            inode: metadata.ino(),
        }
    }

    /// Whether a second edit might leave it as it is: the first was a moment before `begun`, when nobody had looked at
    /// the file yet, or later, and a file system's clock goes by ticks. `coarse`: whoever compares stamps sees whole
    /// seconds alone.
    pub fn is_fresh(self, begun: Timestamp, coarse: bool) -> bool {
        let tick = Duration::from_millis(if coarse || self.nanos == 0 { 2_000 } else { 20 });
        let modified = Timestamp::new(self.seconds, i32::try_from(self.nanos).unwrap_or(0)).ok();
        let later = modified.and_then(|modified| modified.checked_add(tick).ok());
        let (Some(modified), Some(later)) = (modified, later) else { return true };
        later > begun && clock::now().checked_add(tick).is_ok_and(|now| modified < now)
    }
}

/// Whether root alone can change what is at this path: the file, and each directory above it.
pub fn is_roots(path: &Path) -> io::Result<bool> {
    let path = fs::canonicalize(path)?;
    let is_roots =
        |path: &Path| fs::metadata(path).map(|metadata| metadata.uid() == 0 && metadata.mode() & 0o022 == 0);
    path.ancestors().map(is_roots).try_fold(true, |all, is_roots| Ok(all && is_roots?))
}

/// Reads a regular file of at most `limit` bytes; `None` if there is no such file. Never blocks on a FIFO.
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Option<(Vec<u8>, fs::Metadata)>> {
    let Some((file, metadata)) = open_regular(path)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.size().min(limit)).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
    }
    Ok(Some((bytes, metadata)))
}

/// The last `limit` bytes of a regular file, and whether there are others before them; `None` if there is no such file.
pub fn read_end(path: &Path, limit: u64) -> io::Result<Option<(Vec<u8>, bool)>> {
    let Some((mut file, metadata)) = open_regular(path)? else { return Ok(None) };
    let before = metadata.size().saturating_sub(limit);
    file.seek(io::SeekFrom::Start(before))?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.size() - before).unwrap_or(0));
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some((bytes, before > 0)))
}

fn open_regular(path: &Path) -> io::Result<Option<(File, fs::Metadata)>> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(nonblocking).open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok(Some((file, metadata)))
}

/// A directory of ours: made with 0700 if absent, tightened to that if it is looser, refused if somebody else
/// owns it or it is a link.
pub fn private_dir(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => check_private(path, &metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_dir(path, 0o700)?;
            check_private(path, &fs::symlink_metadata(path)?)
        }
        Err(error) => Err(error),
    }
}

fn check_private(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    owner::check(path, metadata)?;
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A directory with those above it, made with this mode if absent; where root may make nothing, an error.
pub fn make_dir(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    may_make(path)?;
    fs::DirBuilder::new().recursive(true).mode(mode).create(path)
}

/// Writes a private file (0600) so that a reader sees the old content or the new, never half, and a crash
/// leaves one of the two. In a directory of somebody else, root leaves it to its owner.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, path, bytes, |file| owner::to_be(path)?.map_or(Ok(()), |owner| owner::give(file, &owner)))
}

/// Puts other content in the place of a file that others write too (`~/.aws/config`), if it still is what was `read`.
/// A link stays one: what it leads to is replaced. Owner and mode stay.
pub fn edit(path: &Path, read: &[u8], bytes: &[u8]) -> io::Result<()> {
    rewrite_for(path, read, bytes, 0o777)
}

/// The same for a file with secrets in it (`~/.aws/credentials`): nobody else may read it then.
pub fn rewrite(path: &Path, read: &[u8], bytes: &[u8]) -> io::Result<()> {
    rewrite_for(path, read, bytes, 0o600)
}

/// Of the mode, what is in `most` stays.
fn rewrite_for(path: &Path, read: &[u8], bytes: &[u8], most: u32) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let before = File::open(&path)?;
    let metadata = before.metadata()?;
    // Of two of us, one comes second. Not every file system has locks; what follows has to do there.
    let _turn = match Lock::try_on(before) {
        Ok(None) => return Err(io::Error::other("another program has locked it")),
        turn => turn,
    };
    let now = read_limited(&path, read.len() as u64).ok().flatten().map(|(now, _)| Zeroizing::new(now));
    if now.is_none_or(|now| now.as_slice() != read) {
        return Err(io::Error::other("it has changed since it was read"));
    }
    // Not the name that `write_private` would take: beside a file that is not ours there may be others like it.
    let name = path.file_name().ok_or_else(|| io::Error::other("no file name"))?;
    let beside = path.with_file_name(format!(".awsenv.{}", name.display()));
    sweep(&beside);
    replace(&path, &beside, bytes, |file| {
        if metadata.uid() != uid() {
            owner::give(file, &metadata)?;
        }
        file.set_permissions(fs::Permissions::from_mode(metadata.mode() & most))
    })
}

/// Writes a private file that must not be there yet. In a directory of somebody else, root leaves it to that one.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let owner = owner::to_be(path)?;
    let file = create(path, bytes)?;
    let given = owner.map_or(Ok(()), |owner| owner::give(&file, &owner));
    if given.is_err() {
        let _ = fs::remove_file(path);
    }
    given
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes).and_then(|()| file.sync_data())?;
    Ok(file)
}

/// By way of a file whose name begins with that of `beside`.
fn replace(
    path: &Path,
    beside: &Path,
    bytes: &[u8],
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let name = beside.file_name().ok_or_else(|| io::Error::other("no file name"))?;
    let mut temporary = name.to_os_string();
    temporary.push(format!(".{}.{}", std::process::id(), random_hex(4)));
    let temporary = path.with_file_name(temporary);
    let written =
        create(&temporary, bytes).and_then(|file| prepare(&file)).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Removes what writers of this file left beside it that were killed in the middle. For whoever holds its lock:
/// nobody else writes it now.
pub fn sweep(path: &Path) {
    let Some(dir) = path.parent().and_then(|dir| fs::read_dir(dir).ok()) else { return };
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
    for entry in dir.flatten() {
        let other = entry.file_name();
        let rest = other.to_str().and_then(|other| other.strip_prefix(name)?.strip_prefix('.'));
        if rest.and_then(|rest| rest.split_once('.')).is_some_and(|(pid, _)| pid.parse::<u32>().is_ok()) {
            let _ = remove(&entry.path());
        }
    }
}

/// Creates an empty private file, or finds it there; content is never touched.
pub fn touch(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)
}

/// Creates an empty private file, or empties what is there; an error, not a wait, where it is a pipe.
pub fn emptied(path: &Path) -> io::Result<File> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).custom_flags(nonblocking).open(path)
}

/// Sets a file's modification time.
pub fn set_modified(file: &File, seconds: i64, nanos: i64) -> io::Result<()> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let fraction = Duration::from_nanos(nanos.unsigned_abs());
    let time = if seconds < 0 { SystemTime::UNIX_EPOCH - whole } else { SystemTime::UNIX_EPOCH + whole };
    file.set_modified(time + fraction)
}

/// Removes a file; one that is not there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// `2 × bytes` hexadecimal digits nobody can guess.
pub fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).expect("the kernel's random source answers");
    hex(&buffer)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[digit as usize]))
        .collect()
}

/// A pipe with a name: macOS has no call for one in a directory.
#[cfg(test)]
pub(crate) fn make_fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_write_too_keeps_its_owner_its_mode_and_the_link_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        std::os::unix::fs::symlink("target", &link).unwrap();
        for (mode, kept) in [(0o644, 0o600), (0o600, 0o600), (0o400, 0o400)] {
            let _ = fs::remove_file(&target);
            fs::write(&target, "one").unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
            fs::write(dir.path().join(".awsenv.target.12.abcd"), "left by one that was killed").unwrap();
            rewrite(&link, b"one", b"two").unwrap();
            assert_eq!(fs::read(&target).unwrap(), b"two");
            assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, kept);
            assert_eq!(fs::read_link(&link).unwrap(), Path::new("target"));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside it");
        }
    }

    #[test]
    fn a_file_that_is_not_what_was_read_is_not_rewritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let reason = || rewrite(&path, b"one", b"two").unwrap_err().to_string();
        assert!(reason().contains("No such file"), "{}", reason());
        for other in ["", "on", "One", "one\n"] {
            fs::write(&path, other).unwrap();
            assert_eq!(reason(), "it has changed since it was read", "{other:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), other);
        }
        fs::write(&path, "one").unwrap();
        let other = lock(&path).unwrap();
        assert_eq!(reason(), "another program has locked it");
        drop(other);
        rewrite(&path, b"one", b"two").unwrap();
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_away_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["x", "x.lock", "x.12.abcd", "x.12", "xy.12.abcd"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        sweep(&dir.path().join("x"));
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["x", "x.12", "x.lock", "xy.12.abcd"]);
    }

    #[test]
    fn a_fifo_or_a_flood_is_an_error_and_no_wait() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        make_fifo(&fifo);
        assert!(read_limited(&fifo, 10).is_err());
        fs::write(dir.path().join("big"), [b'x'; 11]).unwrap();
        assert!(read_limited(&dir.path().join("big"), 10).is_err());
        assert!(read_limited(&dir.path().join("absent"), 10).unwrap().is_none());
    }

    #[test]
    fn a_link_is_no_private_directory_and_a_loose_one_is_tightened() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join("link")).unwrap();
        assert!(private_dir(&dir.path().join("link")).is_err());
        fs::set_permissions(&target, fs::Permissions::from_mode(0o777)).unwrap();
        private_dir(&target).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o700);
    }
}
