//! Asking the person at the terminal, wherever stdin and stdout lead.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp,
    tcsetattr,
};
use zeroize::Zeroizing;

use crate::message::{Exit, Failure, printable};
use crate::process::{Uninterrupted, Watch, end_now_by};
use crate::secret::Secret;

/// Asks for a line.
pub fn ask(prompt: &str) -> io::Result<String> {
    let terminal = open_to_ask()?;
    write!(&terminal, "{}", printable(prompt))?;
    let mut line = String::new();
    if BufReader::new(&terminal).read_line(&mut line)? == 0 {
        // Ctrl-D leaves the cursor behind the question.
        writeln!(&terminal)?;
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim().to_owned())
}

/// Asks for a yes; everything else is a no.
pub fn agrees(question: &str) -> io::Result<bool> {
    ask(&format!("{question} [y/N] ")).map(|answer| is_yes(&answer))
}

/// Asks for a no; an empty answer is a yes.
pub fn agrees_unless_told(question: &str) -> io::Result<bool> {
    ask(&format!("{question} [Y/n] ")).map(|answer| answer.is_empty() || is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Tells the person something before the next question.
pub fn tell(text: &str) -> io::Result<()> {
    writeln!(open()?, "{}", printable(text))
}

/// Asks for a line that is not shown. (The crates for it ask first and hide then: a fast typist is seen. After Ctrl-C
/// they leave the terminal as it is.)
pub fn ask_hidden(prompt: &str) -> io::Result<Secret> {
    let terminal = open_to_ask()?;
    let hidden = Hidden::begin(&terminal)?;
    write!(&terminal, "{}", printable(prompt))?;
    let answer = line(&terminal);
    drop(hidden);
    answer
}

/// The same of a line that is pasted, for so long at most; what comes behind the line is dropped, since it was not meant
/// for the shell either. On macOS, which does not poll terminals, it is waited for without end.
pub fn ask_hidden_within(prompt: &str, time: Duration) -> io::Result<Secret> {
    let terminal = open_to_ask()?;
    let hidden = Hidden::begin(&terminal)?;
    write!(&terminal, "{}", printable(prompt))?;
    let answer = await_line(&terminal, time).and_then(|()| line(&terminal));
    if answer.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        let _ = writeln!(&terminal);
    }
    let _ = tcflush(&terminal, QueueSelector::IFlush);
    drop(hidden);
    answer
}

fn await_line(terminal: &File, time: Duration) -> io::Result<()> {
    let time = Timespec::try_from(time).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(terminal, PollFlags::IN)], Some(&time)) {
        Ok(0) => Err(io::Error::new(io::ErrorKind::TimedOut, "nobody answered in time")),
        answer => Ok(answer.map(drop)?),
    }
}

fn line(mut terminal: &File) -> io::Result<Secret> {
    let mut line = Zeroizing::new([0; 4096]);
    let length = terminal.read(line.as_mut())?;
    match line[..length].split_last() {
        Some((b'\n', text)) => std::str::from_utf8(text).map(Secret::new).map_err(io::Error::other),
        Some(_) => Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A question that got no answer. `hint`: what to do where nobody can be asked.
pub fn unanswered(what: &str, error: &io::Error, hint: &str) -> Failure {
    let failure = Failure::new(format!("{what}: {error}")).exit(Exit::PersonNeeded);
    if error.kind() == io::ErrorKind::Interrupted { failure } else { failure.hint(hint) }
}

/// As long as it lives, nothing that is typed is shown. Who is told to end meanwhile (`kill`, a closed terminal) puts the
/// terminal right first: zsh and fish would leave Ctrl-C without effect.
struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
    watch: Option<Watch>,
    _uninterrupted: Option<Uninterrupted>,
}

impl<'a> Hidden<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hidden.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        // Ctrl-C ends the line instead of the process, which has a terminal to put right.
        hidden.special_codes[SpecialCodeIndex::VEOL] = before.special_codes[SpecialCodeIndex::VINTR];
        let as_before = Modes { terminal: terminal.try_clone()?, modes: before.clone() };
        let while_hidden = Modes { terminal: terminal.try_clone()?, modes: hidden };
        let uninterrupted = Uninterrupted::begin();
        tcsetattr(terminal, OptionalActions::Flush, &while_hidden.modes)?;
        let watch = Watch::begin(move |signal| {
            as_before.restore();
            end_now_by(signal);
            // `nohup`: it is ignored, and we go on.
            while_hidden.restore();
            true
        });
        // Who cannot watch can still be ended.
        let uninterrupted = watch.is_some().then_some(uninterrupted);
        Ok(Self { terminal, before, watch, _uninterrupted: uninterrupted })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        drop(self.watch.take());
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// How the terminal is, for who may have to put it right after a program that could not.
#[derive(Debug)]
pub struct Modes {
    terminal: File,
    modes: Termios,
}

impl Modes {
    /// As it is now; `None`: there is none.
    pub fn now() -> Option<Self> {
        let terminal = open().ok()?;
        let modes = tcgetattr(&terminal).ok()?;
        Some(Self { terminal, modes })
    }

    /// As it was, if it is ours: who changes it from the background is stopped for it.
    pub fn restore(&self) {
        if tcgetpgrp(&self.terminal).is_ok_and(|group| group == getpgrp()) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
        }
    }
}

/// As `open`, once we may read: xonsh gives the terminal to a program a moment after it has started it, and has it
/// ignore SIGTTIN, so that a read before would fail.
fn open_to_ask() -> io::Result<File> {
    let terminal = open()?;
    let moment = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    for _ in 0..100 {
        if tcgetpgrp(&terminal).map_or(true, |group| group == getpgrp())
            || poll(&mut [], Some(&moment)).is_err()
        {
            break;
        }
    }
    Ok(terminal)
}

fn open() -> io::Result<File> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| io::Error::other("there is no terminal"))
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn nobody_is_waited_for_without_end() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let terminal = File::from(OwnedFd::from(ours));
        let error = await_line(&terminal, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        theirs.write_all(b"x\n").unwrap();
        await_line(&terminal, Duration::from_secs(60)).unwrap();
        assert_eq!(line(&terminal).unwrap(), Secret::new("x"));
    }
}
