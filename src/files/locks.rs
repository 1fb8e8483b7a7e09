//! Locks: who holds one alone does what one alone may do.

use std::fs::{File, TryLockError};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;

use super::{remove, touch};
use crate::message::{Failure, shown_path};
use crate::process;

/// So often one that others look at is tried, with a pause each time: a tenth of a second at least, if somebody is stopped
/// as he looks.
const LOOKS: usize = 1000;
const PAUSE: Duration = Duration::from_micros(100);

/// An exclusive lock on a file, held until dropped. The kernel drops it with the process, so a crash never leaves one
/// behind.
#[derive(Debug)]
pub struct Lock(Option<File>);

impl Lock {
    /// On a file that is open, if that is free. Who merely looks at it ([`is_locked`], [`wait_until_free`]) shares it
    /// for a moment, and counts for nobody: else two that look would take each other for somebody at work.
    pub fn try_on(file: File) -> io::Result<Option<Self>> {
        for _ in 0..LOOKS {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self(Some(file)))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if look(&file).is_err() {
                break;
            }
            pause();
        }
        Ok(None)
    }

    /// Gives it to a process that is about to be started, as its standard input: that holds it to its end.
    pub fn hand_over(mut self) -> Stdio {
        self.0.take().map_or_else(Stdio::null, Stdio::from)
    }
}

impl Deref for Lock {
    type Target = File;

    fn deref(&self) -> &File {
        self.0.as_ref().expect("only who hands it over takes it out")
    }
}

impl Drop for Lock {
    /// A process that another thread is just starting has the file, too, until it is on its way: to close ours alone
    /// would not let go of it before that.
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            let _ = file.unlock();
        }
    }
}

/// Waits for a lock; its file is created if absent.
pub fn lock(path: &Path) -> io::Result<Lock> {
    loop {
        let file = touch(path)?;
        file.lock()?;
        let lock = Lock(Some(file));
        if is_in_place(&lock)? {
            return Ok(lock);
        }
    }
}

/// The same lock, if it is to be had within this time.
pub fn lock_within(path: &Path, time: Duration) -> io::Result<Option<Lock>> {
    if let Some(lock) = try_lock(path)? {
        return Ok(Some(lock));
    }
    let (done, is_done) = mpsc::channel();
    let path = path.to_owned();
    // The kernel waits without an end. A lock that comes when nobody waits any more is dropped at once.
    process::spawn(move || drop(done.send(lock(&path))));
    is_done.recv_timeout(time).map_or(Ok(None), |lock| lock.map(Some))
}

/// The same lock; that it is not to be had within this time is an error, and says what may be the matter.
pub fn lock_or_fail(path: &Path, time: Duration) -> anyhow::Result<Lock> {
    let lock = lock_within(path, time).with_context(|| format!("cannot lock {}", shown_path(path)))?;
    Ok(lock.ok_or_else(|| {
        Failure::new(format!("another awsenv does not let go of {}", shown_path(path)))
            .hint("it may be stopped: `fg` in its shell lets it go on")
    })?)
}

/// The same lock, if it is free.
pub fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    loop {
        let Some(lock) = Lock::try_on(touch(path)?)? else { return Ok(None) };
        if is_in_place(&lock)? {
            return Ok(Some(lock));
        }
    }
}

/// Removes a lock's file if nobody holds it. Who waits for it meanwhile has the lock of a file that is gone, and
/// [`lock`] takes that of the next one.
pub fn remove_lock(path: &Path) -> io::Result<()> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    match Lock::try_on(file)? {
        Some(lock) if is_in_place(&lock)? => remove(path),
        _ => Ok(()),
    }
}

/// Whether somebody holds a lock.
pub fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(look(&file), Err(TryLockError::WouldBlock)))
}

/// Nobody holds it, unless this is an error.
fn look(file: &File) -> Result<(), TryLockError> {
    file.try_lock_shared()?;
    file.unlock().map_err(TryLockError::Error)
}

#[expect(clippy::disallowed_methods, reason = "a look lasts a moment, and its end is told to nobody")]
fn pause() {
    std::thread::sleep(PAUSE);
}

/// Waits until nobody holds a lock, so long at most; whether that is known to be so. Others wait for the same, and for
/// the lock itself, without being in each other's way.
pub fn wait_until_free(path: &Path, time: Duration) -> bool {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return error.kind() == io::ErrorKind::NotFound,
    };
    if look(&file).is_ok() {
        return true;
    }
    let (done, is_done) = mpsc::channel();
    // The kernel waits without an end.
    process::spawn(move || {
        let is_free = file.lock_shared().is_ok();
        let _ = file.unlock();
        let _ = done.send(is_free);
    });
    is_done.recv_timeout(time) == Ok(true)
}

/// Whether the file still has its name: a lock's file may have been removed before it was locked.
fn is_in_place(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// As a process has it that another thread is starting.
    #[test]
    fn a_lock_is_free_once_it_is_dropped_whoever_else_has_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = lock(&path).unwrap();
        let elsewhere = held.try_clone().unwrap();
        drop(held);
        assert!(!is_locked(&path));
        drop((try_lock(&path).unwrap().unwrap(), elsewhere));
    }

    #[test]
    fn who_looks_at_a_lock_is_taken_for_nobody_at_work() {
        use std::sync::atomic::{AtomicBool, Ordering};

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        drop(lock(&path).unwrap());
        let is_over = AtomicBool::new(false);
        let missed = std::thread::scope(|scope| {
            // A look that takes its time, and the next one.
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let file = File::open(&path).unwrap();
                    file.lock_shared().unwrap();
                    pause();
                    file.unlock().unwrap();
                }
            });
            let missed = (0..300).filter(|_| try_lock(&path).unwrap().is_none()).count();
            is_over.store(true, Ordering::Relaxed);
            missed
        });
        // Who looks may be kept from going on for longer than one is tried, but not again and again.
        assert!(missed < 30, "{missed} of 300, and nobody held it");
        assert!(wait_until_free(&path, Duration::ZERO));
        let _held = lock(&path).unwrap();
        assert!(!wait_until_free(&path, Duration::from_millis(1)));
    }

    #[test]
    fn a_lock_that_is_handed_over_is_held_to_the_end_of_that_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut holder = std::process::Command::new("sh");
        holder.args(["-c", "echo; exec sleep 1000"]).stdin(lock(&path).unwrap().hand_over());
        let mut process = holder.stdout(Stdio::piped()).spawn().unwrap();
        drop(holder);
        io::Read::read_exact(process.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        assert!(is_locked(&path) && try_lock(&path).unwrap().is_none());
        process.kill().unwrap();
        process.wait().unwrap();
        // A process of another test's may have it yet, until it runs its own program.
        drop(lock_within(&path, Duration::from_secs(60)).unwrap().unwrap());
    }

    #[test]
    fn a_lock_that_was_removed_under_a_waiter_holds_nobody_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = lock(&path).unwrap();
        assert!(is_locked(&path));
        remove_lock(&path).unwrap();
        assert!(path.exists(), "somebody holds it");
        let waiter = {
            let path = path.clone();
            std::thread::spawn(move || lock(&path).unwrap().metadata().unwrap().ino())
        };
        #[cfg(target_os = "linux")]
        while descriptors_of(&path) < 2 {
            std::thread::yield_now();
        }
        // The file that it waits for loses its name, and another gets it.
        fs::remove_file(&path).unwrap();
        let next = try_lock(&path).unwrap().unwrap();
        let inode = next.metadata().unwrap().ino();
        drop((held, next));
        assert_eq!(waiter.join().unwrap(), inode, "the lock that has the name");
        remove_lock(&path).unwrap();
        assert!(!path.exists() && !is_locked(&path));
    }

    #[test]
    fn who_waits_for_a_lock_waits_no_longer_than_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = lock(&path).unwrap();
        assert!(lock_within(&path, Duration::from_millis(1)).unwrap().is_none());
        let waiter = std::thread::spawn(move || lock_within(&path, Duration::from_secs(60)).unwrap());
        drop(held);
        assert!(waiter.join().unwrap().is_some(), "nor less, whoever gave up before");
    }

    /// How often this process has a file open.
    #[cfg(target_os = "linux")]
    fn descriptors_of(path: &Path) -> usize {
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == path)).count()
    }
}
