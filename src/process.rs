//! This process itself: what others may read of it, how it becomes another, and how it hears one.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::Pid;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zeroize::Zeroizing;

use crate::env::Env;

mod family;
mod heard;
mod under_way;
mod watch;
mod whole;

pub use heard::{Heard, Limits, end_all, hear};
pub(crate) use watch::Watch;
pub use whole::{Whole, finish};

/// How the process was before [`protect`].
#[derive(Debug)]
pub struct Unprotected {
    core: Rlimit,
    prepare: fn(&mut Command),
}

/// No core dumps, and no other process of this user may attach: secrets pass through this memory. `prepare`
/// restores what else was changed for a command that this process becomes.
pub fn protect(prepare: fn(&mut Command)) -> Unprotected {
    let core = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: core.maximum });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    Unprotected { core, prepare }
}

/// As long as it lives, Ctrl-C, a closed terminal and `kill` wait: for what must not be cut off in the middle. Only
/// the thread that began it can be interrupted at all; see [`spawn`].
#[derive(Debug)]
pub struct Uninterrupted(Option<SigSet>);

impl Uninterrupted {
    /// From here on.
    pub fn begin() -> Self {
        Self(endings().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok())
    }
}

/// What a person ends a command by.
fn endings() -> SigSet {
    [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect()
}

/// Waits for one of them, where all threads are [`Uninterrupted`].
pub fn next_ending() -> Option<Signal> {
    endings().wait().ok()
}

/// The same signal for this thread, which ends the process, unless that is told to ignore it.
pub fn end_now_by(signal: Signal) {
    let blocked = SigSet::from(signal).thread_swap_mask(SigmaskHow::SIG_UNBLOCK);
    end_by(signal);
    let _ = blocked.map(|blocked| blocked.thread_set_mask());
}

/// By a signal that was meant for us: it ends us, if nobody has said otherwise. Whoever waits for the next one gets it.
pub fn end_by(signal: Signal) {
    let _ = kill(Pid::this(), signal);
}

impl Drop for Uninterrupted {
    fn drop(&mut self) {
        let _ = self.0.map(|before| before.thread_set_mask());
    }
}

/// A thread that no signal reaches: else it would end the process in the place of one that is [`Uninterrupted`].
pub fn spawn(act: impl FnOnce() + Send + 'static) {
    let _mask = Uninterrupted::begin();
    std::thread::spawn(act);
}

/// Some thread is waited for no more.
static IS_ONE_LEFT_BEHIND: AtomicBool = AtomicBool::new(false);

/// Has it done by a thread that is waited for so long, and then left behind; `None`: it was, or it gave up.
pub fn within<T: Send + 'static>(time: Duration, act: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, is_done) = mpsc::channel();
    spawn(move || drop(done.send(act())));
    let answer = is_done.recv_timeout(time).ok();
    IS_ONE_LEFT_BEHIND.fetch_or(answer.is_none(), Ordering::Relaxed);
    answer
}

/// The process is about to end. A thread that hangs in somebody else's library may have the loader's lock, without
/// which neither a process ends nor a thread begins: then a signal ends it.
pub fn end() {
    if IS_ONE_LEFT_BEHIND.load(Ordering::Relaxed) {
        nix::unistd::alarm::set(1);
    }
}

/// Whether a process of this user's has this id.
pub fn is_running(id: i32) -> bool {
    rustix::process::Pid::from_raw(id).is_some_and(|id| rustix::process::test_kill_process(id).is_ok())
}

/// Who started this process; 0 where that is not to be seen.
pub fn parent() -> u32 {
    rustix::process::getppid().map_or(0, |id| id.as_raw_nonzero().get().unsigned_abs())
}

/// `user@host` in the letters STS allows for a session's name, so that CloudTrail names a person.
pub fn user_at_host(original: &Env) -> String {
    let user = original.text("USER").or_else(|| original.text("LOGNAME")).unwrap_or("awsenv");
    let uname = rustix::system::uname();
    let host = uname.nodename().to_string_lossy();
    let host = host.split('.').next().unwrap_or_default();
    let legal = |c: char| if c.is_ascii_alphanumeric() || "+=,.@-_".contains(c) { c } else { '-' };
    format!("{user}@{host}").chars().map(legal).take(64).collect()
}

/// What a program prints, in memory that is wiped, and how it ended. It may talk to the person by stderr and the
/// terminal ("touch your YubiKey").
pub fn printed(command: &mut Command, env: &Env) -> io::Result<(ExitStatus, Zeroizing<Vec<u8>>)> {
    let output =
        command.env_clear().envs(env.for_child()).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    Ok((output.status, Zeroizing::new(output.stdout)))
}

/// Where this program lies, or the one that has taken its place; there may be none any more.
pub fn this_program() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?;
    // proc_pid_exe(5): so the kernel calls what was replaced.
    let replaced =
        || Some(PathBuf::from(OsStr::from_bytes(path.as_os_str().as_bytes().strip_suffix(b" (deleted)")?)));
    if path.exists() { Some(path) } else { replaced().filter(|path| path.exists()) }
}

/// Becomes `command` with exactly this environment. Returns only if that fails, with the shells' exit code
/// for it: 127 not found, 126 found and not to be run.
pub fn become_command(command: &[OsString], env: &Env, before: &Unprotected) -> (io::Error, u8) {
    let Some((program, arguments)) = command.split_first() else {
        return (io::Error::other("no command"), 127);
    };
    let _ = setrlimit(Resource::Core, before.core);
    // The kernel makes the new program dumpable again by itself (prctl(2), PR_SET_DUMPABLE).
    let mut command = Command::new(program);
    (before.prepare)(command.args(arguments).env_clear().envs(env.iter()));
    let error = command.exec();
    // execvp(3) answers "denied" for what is nowhere, once a directory of PATH was closed to it.
    if error.kind() == io::ErrorKind::PermissionDenied && !is_anywhere(program, env) {
        return (rustix::io::Errno::NOENT.into(), 127);
    }
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    (error, code)
}

fn is_anywhere(program: &OsStr, env: &Env) -> bool {
    let path = env.get("PATH").unwrap_or_default();
    program.as_encoded_bytes().contains(&b'/')
        || std::env::split_paths(path).any(|dir| dir.join(program).exists())
}

/// Whether [`become_command`] finds a program of this name that may be run. Without a `PATH` the C library has one of
/// its own, so then it is said to be.
pub fn is_found(program: &OsStr, env: &Env) -> bool {
    let may_run =
        |path: &Path| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if program.as_bytes().contains(&b'/') {
        return may_run(Path::new(program));
    }
    env.get("PATH").is_none_or(|path| std::env::split_paths(path).any(|dir| may_run(&dir.join(program))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_is_always_legal() {
        for user in ["me", "", "DOMAIN\\jörg müller", &"x".repeat(100)] {
            let env: Env = [("USER", user)].into_iter().collect();
            let name = user_at_host(&env);
            assert_eq!(crate::limits::session_name(&name), Ok(()), "{name}");
        }
    }
}
