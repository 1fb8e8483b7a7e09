//! How long something is served: as long as another process lives.

use std::io;

use rustix::event::poll;
#[cfg(target_os = "linux")]
use rustix::event::{PollFd, PollFlags};
use rustix::process::Pid;

/// A process, whatever its id is given to later.
#[derive(Debug)]
pub struct Life {
    #[cfg(target_os = "linux")]
    process: std::os::fd::OwnedFd,
    #[cfg(not(target_os = "linux"))]
    process: Pid,
}

impl Life {
    /// Of a process that lives now.
    pub fn of(id: i32) -> io::Result<Self> {
        let id = Pid::from_raw(id).ok_or(io::ErrorKind::InvalidInput)?;
        #[cfg(target_os = "linux")]
        let process = rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty())?;
        #[cfg(not(target_os = "linux"))]
        let process = rustix::process::test_kill_process(id).map(|()| id)?;
        Ok(Self { process })
    }

    /// Waits for its end (pidfd_open(2): then it can be read).
    #[cfg(target_os = "linux")]
    pub fn wait(self) {
        let mut process = [PollFd::new(&self.process, PollFlags::IN)];
        while poll(&mut process, None) == Err(rustix::io::Errno::INTR) {}
    }

    /// Looks for it each second: only a parent is told.
    #[cfg(not(target_os = "linux"))]
    pub fn wait(self) {
        let second = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };
        while rustix::process::test_kill_process(self.process).is_ok() {
            let _ = poll(&mut [], Some(&second));
        }
    }
}
