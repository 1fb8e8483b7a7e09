//! Files that let a shell see with a builtin whether anything changed: the token, whose *name* is the
//! generation, and references, empty files that carry another file's modification time. No reference is older
//! than the token: whoever clears away old files (as systemd-tmpfiles does) takes the token no later, and a guard
//! whose reference is gone is false.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::files::{self, Stamp};
use crate::places::Places;

/// A prompt may be the one who waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// `awsenv/` in the runtime directory, checked to be this user's alone.
#[derive(Debug)]
pub struct Runtime {
    dir: PathBuf,
}

impl Runtime {
    /// Opens (and makes) it. An error: no guard can be built on it, and the program runs at each prompt.
    pub fn open(places: &Places) -> io::Result<Self> {
        let dir = places.runtime.clone();
        for part in [dir.clone(), dir.join("g"), dir.join("r")] {
            files::private_dir(&part)?;
        }
        Ok(Self { dir })
    }

    /// The token of now. Read it *before* what it stands for: a change in between is then seen.
    pub fn token(&self) -> io::Result<PathBuf> {
        match fs::read_dir(self.dir.join("g"))?.next() {
            Some(entry) => Ok(entry?.path()),
            None => self.renew_token(),
        }
    }

    /// Tells every shell to ask again. Whoever writes what shells depend on calls this afterwards.
    pub fn renew_token(&self) -> io::Result<PathBuf> {
        // Whoever holds it so long is stopped. Two at once leave two tokens, and the next one takes both away.
        let _lock = files::lock_within(&self.dir.join("lock"), PATIENCE)?;
        let generations = self.dir.join("g");
        for dir in [&generations, &self.dir.join("r")] {
            for old in fs::read_dir(dir)? {
                files::remove(&old?.path())?;
            }
        }
        let token = generations.join(files::random_hex(6));
        files::touch(&token)?;
        Ok(token)
    }

    /// An empty file as old as `path` was at `stamp`: newer or older than it, the file has changed.
    pub fn reference(&self, path: &Path, stamp: Stamp) -> io::Result<PathBuf> {
        let digest = Sha256::new()
            .chain_update(path.as_os_str().as_bytes())
            .chain_update(stamp.seconds.to_le_bytes())
            .chain_update(stamp.nanos.to_le_bytes())
            .finalize();
        self.dated(&files::hex(&digest[..6]), stamp.seconds, stamp.nanos)
    }

    /// An empty file whose modification time is a deadline, for shells with no clock of their own.
    pub fn deadline(&self, seconds: i64) -> io::Result<PathBuf> {
        self.dated(&format!("at.{seconds}"), seconds, 0)
    }

    /// An empty file that is dated so, or up to a minute before: it sees a clock that was set back, and one a minute is
    /// enough.
    pub fn start(&self, seconds: i64) -> io::Result<PathBuf> {
        self.deadline(seconds.div_euclid(60) * 60)
    }

    /// Where a shell without a clock empties a file to learn what time it is. It is there, and could be emptied: a shell
    /// that cannot would complain at each prompt. It is dated long ago: some file systems leave an empty file's date
    /// alone, and no guard may take that for now.
    pub fn clock_of(&self, pid: u32) -> io::Result<PathBuf> {
        let path = self.dir.join("r").join(format!("now.{pid}"));
        files::set_modified(&files::emptied(&path)?, 0, 0)?;
        Ok(path)
    }

    /// A file of text for a shell to read; nothing of it is secret.
    pub fn text(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.dir.join(name);
        files::write_private(&path, text.as_bytes())?;
        Ok(path)
    }

    fn dated(&self, name: &str, seconds: i64, nanos: i64) -> io::Result<PathBuf> {
        let path = self.dir.join("r").join(name);
        let dated = |metadata: &fs::Metadata| {
            let stamp = Stamp::of(metadata);
            (stamp.seconds, stamp.nanos) == (seconds, nanos)
        };
        if !fs::symlink_metadata(&path).is_ok_and(|metadata| dated(&metadata)) {
            // Dated before it has its name: another shell never sees it with today's date.
            let temporary = self.dir.join("r").join(format!("{name}.{}", std::process::id()));
            files::set_modified(&files::touch(&temporary)?, seconds, nanos)?;
            fs::rename(&temporary, &path)?;
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> (tempfile::TempDir, Runtime) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = Runtime::open(&Places::below(dir.path())).unwrap();
        (dir, runtime)
    }

    #[test]
    fn a_renewed_token_has_another_name_and_the_old_one_is_gone() {
        let (_dir, runtime) = runtime();
        let first = runtime.token().unwrap();
        assert_eq!(runtime.token().unwrap(), first);
        let second = runtime.renew_token().unwrap();
        assert_ne!(first, second);
        assert!(!first.exists() && second.exists());
        assert_eq!(runtime.token().unwrap(), second);
    }

    #[test]
    fn no_reference_is_older_than_the_token() {
        let (dir, runtime) = runtime();
        let stamp = Stamp::of(&fs::metadata(dir.path()).unwrap());
        runtime.token().unwrap();
        let reference = runtime.reference(dir.path(), stamp).unwrap();
        runtime.renew_token().unwrap();
        assert!(!reference.exists());
    }

    #[test]
    fn a_clock_that_nobody_touches_stands_long_ago() {
        let (_dir, runtime) = runtime();
        let clock = runtime.clock_of(1).unwrap();
        assert_eq!(runtime.clock_of(1).unwrap(), clock);
        assert_eq!(Stamp::at(&clock).unwrap().seconds, 0);
        let start = Stamp::at(&runtime.start(119).unwrap()).unwrap();
        assert_eq!((start.seconds, start.nanos), (60, 0));
    }

    #[test]
    fn a_reference_is_exactly_as_old_as_its_file() {
        let (dir, runtime) = runtime();
        let file = dir.path().join(".awsenv");
        fs::write(&file, "x").unwrap();
        let stamp = Stamp::of(&fs::metadata(&file).unwrap());
        let reference = runtime.reference(&file, stamp).unwrap();
        let dated = Stamp::of(&fs::metadata(&reference).unwrap());
        assert_eq!((dated.seconds, dated.nanos), (stamp.seconds, stamp.nanos));
        assert_eq!(runtime.reference(&file, stamp).unwrap(), reference);
        let ancient = Stamp { seconds: 1, nanos: 0, ..stamp };
        let dated = Stamp::of(&fs::metadata(runtime.reference(&file, ancient).unwrap()).unwrap());
        assert_eq!((dated.seconds, dated.nanos), (1, 0), "as in a nix store");
    }
}
