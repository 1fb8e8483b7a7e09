//! A program of the user's that prints a secret: heard to its end, but not for ever and not without measure. Whoever
//! ends us meanwhile ends it too, with all that it has started.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use process_wrap::std::{CommandWrap, CommandWrapper, ResetSigmask};
use zeroize::Zeroizing;

use super::family::Family;
use super::under_way::UnderWay;
use super::watch::Watch;
use super::{Uninterrupted, end_by, spawn};
use crate::clock;
use crate::message::printable;
use crate::terminal::Modes;

/// How much a program may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So long.
    pub time: Duration,
    /// So many bytes of output.
    pub output: usize,
    /// So long to end, for who is told to. As long one waits for output, once the program itself has gone: something
    /// that it has left behind may hold its stdout for ever.
    pub grace: Duration,
}

/// How it ended.
#[derive(Debug)]
pub enum Heard {
    /// By itself, and this is what it printed.
    Ended(ExitStatus, Zeroizing<Vec<u8>>),
    /// It was ended: it took too long.
    TooLong,
    /// It was ended: it printed too much.
    TooMuch,
}

/// What happens while one waits.
enum Event {
    Closed,
    TooMuch,
    Signal(Signal),
}

/// Why it has to end.
#[derive(Clone, Copy)]
enum Why {
    Time,
    Output,
    Signal(Signal),
    AllEnd,
}

/// Programs that are heard.
static HEARD: UnderWay = UnderWay::new();

/// Ends all programs that are heard, and waits for that. None is heard any more: this process ends.
pub fn end_all() {
    HEARD.end();
}

/// Runs it and waits for it. With `person`, what it says on stderr is shown, and it may ask at the terminal.
pub fn hear(command: &mut Command, person: bool, limits: Limits) -> io::Result<Heard> {
    // A group of its own could not read from the terminal, nor be stopped and go on with us.
    let is_at_terminal = person && File::open("/dev/tty").is_ok();
    let modes = if is_at_terminal { Modes::now() } else { None };
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(if person { Stdio::piped() } else { Stdio::null() });
    if !is_at_terminal {
        command.process_group(0);
    }
    let counted = HEARD.begin().ok_or(io::ErrorKind::Interrupted)?;
    let uninterrupted = Uninterrupted::begin();
    let mut child = start(command)?;
    let family = Arc::new(Mutex::new(Family::of(&child, !is_at_terminal)));
    let all = || family.lock().unwrap_or_else(PoisonError::into_inner);
    let (events, happens) = mpsc::channel();
    let watch = watch(events.clone());
    let printed = Arc::new(Mutex::new(Zeroizing::new(Vec::with_capacity(limits.output + 1))));
    let mut open = 0;
    if let Some(stdout) = child.stdout.take() {
        open += 1;
        let (printed, events) = (printed.clone(), events.clone());
        spawn(move || collect(stdout, &printed, limits.output, &events));
    }
    if let Some(stderr) = child.stderr.take() {
        open += 1;
        let family = family.clone();
        spawn(move || show(stderr, &family, &events));
    }

    let later = |time| clock::uptime().saturating_add(time);
    let (mut deadline, mut why, mut status) = (later(limits.time), None, None);
    let ended = loop {
        // Its end follows that of its output within a moment.
        let tick = Duration::from_millis(if open == 0 { 2 } else { 25 });
        let end = match happens.recv_timeout(tick) {
            Ok(Event::Closed) => {
                open -= 1;
                None
            }
            Ok(Event::TooMuch) => Some(Why::Output),
            Ok(Event::Signal(signal)) => Some(Why::Signal(signal)),
            Err(_) => HEARD.is_end().then_some(Why::AllEnd),
        };
        all().look();
        if status.is_none() {
            status = child.try_wait()?;
            if status.is_some() {
                deadline = deadline.min(later(limits.grace));
            }
        }
        let is_late = clock::uptime() >= deadline;
        match status {
            Some(status) if why.is_none() && open == 0 => break Some(status),
            // Who was told to end may have something to put away, though the first has gone.
            Some(status) if why.is_some() && !all().lives() => break Some(status),
            Some(status) if is_late => break Some(status),
            None if is_late && why.is_some() => break None,
            _ => {}
        }
        if why.is_none()
            && let Some(reason) = end.or(is_late.then_some(Why::Time))
        {
            all().tell();
            (why, deadline) = (Some(reason), later(limits.grace));
        }
    };
    if why.is_some() {
        all().end();
        // It may have hidden what is typed.
        modes.iter().for_each(Modes::restore);
    }
    let status = ended.map_or_else(|| child.wait(), Ok)?;
    drop(watch);
    // A Ctrl-C may have ended it before we have heard of that.
    let unheard = happens.try_iter().find_map(|event| match event {
        Event::Signal(signal) => Some(Why::Signal(signal)),
        Event::Closed | Event::TooMuch => None,
    });
    drop(counted);
    drop(uninterrupted);
    match why.or(unheard) {
        None => {
            let printed = std::mem::take(&mut *printed.lock().unwrap_or_else(PoisonError::into_inner));
            Ok(Heard::Ended(status, printed))
        }
        Some(Why::Time) => Ok(Heard::TooLong),
        Some(Why::Output) => Ok(Heard::TooMuch),
        Some(Why::AllEnd) => Err(io::ErrorKind::Interrupted.into()),
        Some(Why::Signal(signal)) => {
            end_by(signal);
            Err(io::ErrorKind::Interrupted.into())
        }
    }
}

/// A program inherits what is blocked, and would be deaf to Ctrl-C and SIGTERM, with all that it starts. So signals are
/// let through to it alone: here, one that came before its end is waited for would end us, and leave it behind.
fn start(command: &mut Command) -> io::Result<Child> {
    ResetSigmask.pre_spawn(command, &CommandWrap::with_new("", |_| ()))?;
    command.spawn()
}

fn watch(events: Sender<Event>) -> Option<Watch> {
    Watch::begin(move |signal| events.send(Event::Signal(signal)).is_ok())
}

fn collect(mut from: impl Read, printed: &Mutex<Zeroizing<Vec<u8>>>, most: usize, events: &Sender<Event>) {
    let mut chunk = Zeroizing::new([0; 4096]);
    while let Ok(length @ 1..) = from.read(chunk.as_mut()) {
        let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.len() + length > most {
            let _ = events.send(Event::TooMuch);
            return;
        }
        printed.extend_from_slice(&chunk[..length]);
    }
    let _ = events.send(Event::Closed);
}

/// As it comes, so that a question without a line's end is seen; but nothing in it steers the terminal.
fn show(mut from: impl Read, family: &Mutex<Family>, events: &Sender<Event>) {
    let (mut chunk, mut text) = ([0; 4096], Vec::new());
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        text.extend_from_slice(&chunk[..length]);
        // Ctrl-C may be the answer.
        family.lock().unwrap_or_else(PoisonError::into_inner).look();
        let whole = match std::str::from_utf8(&text) {
            // A letter that has not come whole yet.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => text.len(),
        };
        say(&String::from_utf8_lossy(&text[..whole]));
        text.drain(..whole);
    }
    say(&String::from_utf8_lossy(&text));
    let _ = events.send(Event::Closed);
}

fn say(text: &str) {
    let lines = text.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
        Some(line) => printable(line.trim_end_matches('\r')) + "\n",
        None => printable(line),
    });
    let _ = io::stderr().lock().write_all(lines.collect::<String>().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const LIMITS: Limits = Limits { time: MINUTE, output: 64, grace: MINUTE };

    fn sh(script: &str, limits: Limits) -> Heard {
        hear(Command::new("/bin/sh").args(["-c", script]), false, limits).unwrap()
    }

    #[track_caller]
    fn printed(heard: Heard) -> (bool, String) {
        let Heard::Ended(status, text) = heard else { panic!("{heard:?}") };
        (status.success(), String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn what_it_prints_comes_with_how_it_ended() {
        assert_eq!(printed(sh("echo one; echo two >&2", LIMITS)), (true, "one\n".into()));
        assert_eq!(printed(sh("printf one; exit 3", LIMITS)), (false, "one".into()));
        assert_eq!(printed(sh(&format!("printf {}", "x".repeat(64)), LIMITS)), (true, "x".repeat(64)));
        assert!(hear(&mut Command::new("/nonexistent"), false, LIMITS).is_err());
    }

    #[test]
    fn what_takes_too_long_or_prints_too_much_goes_with_all_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let (fifo, file) = (dir.path().join("fifo"), dir.path().join("pids"));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        const SOON: Duration = Duration::from_secs(1);
        // The second one is deaf to SIGTERM. As long as one of them lives, somebody may write to the pipe.
        let deaf = format!("trap '' TERM; echo $$ > '{}'; read x < '{}'", file.display(), fifo.display());
        for (end, limits) in [
            ("wait", Limits { time: Duration::from_millis(300), grace: SOON, ..LIMITS }),
            ("while :; do echo x; done", Limits { grace: SOON, ..LIMITS }),
        ] {
            let script =
                format!("exec 3<> '{}'; sh -c \"{}\" & {end}", fifo.display(), deaf.replace('$', "\\$"));
            let heard = sh(&script, limits);
            match end {
                "wait" => assert!(matches!(heard, Heard::TooLong), "{heard:?}"),
                _ => assert!(matches!(heard, Heard::TooMuch), "{heard:?}"),
            }
            // Nobody has it open for reading any more: opening it for writing alone would block, or fail like this.
            use rustix::fs::{Mode, OFlags, open};
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let give_up = clock::uptime() + Duration::from_secs(30);
            while open(&fifo, flags, Mode::empty()).is_ok() {
                assert!(clock::uptime() < give_up, "something has outlived its end");
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_hears_the_signals_that_end_a_program() {
        // Not by a shell: some put right by themselves what is blocked.
        let heard = hear(Command::new("grep").args(["SigBlk", "/proc/self/status"]), false, LIMITS).unwrap();
        let (ended, printed) = printed(heard);
        assert!(ended);
        assert_eq!(printed.split_whitespace().last(), Some("0000000000000000"), "{printed}");
    }

    #[test]
    fn who_is_told_to_end_can_put_something_away_and_so_can_what_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        assert!(
            Command::new("mkfifo")
                .args([at("second-is"), at("first-is"), at("never")])
                .status()
                .unwrap()
                .success()
        );
        // A shell that waits hears a signal at once; one that reads may not. What it waits for says that it is there: just
        // forked, it has the shell's trap yet, and a signal would be lost.
        let begins = |name: &str| format!("{{ echo > '{}-is'; read x < '{}'; }} &", at(name), at("never"));
        let bye = |name: &str| format!("trap 'read x < /dev/null; echo bye > {}; exit' TERM", at(name));
        let second = format!("{}; {} wait", bye("second"), begins("second"));
        std::fs::write(at("second.sh"), second).unwrap();
        let first = format!(
            "{}; sh '{}' & read x < '{}'; {} read x < '{}'; printf {}; wait",
            bye("first"),
            at("second.sh"),
            at("second-is"),
            begins("first"),
            at("first-is"),
            "x".repeat(65),
        );
        let heard = sh(&first, LIMITS);
        assert!(matches!(heard, Heard::TooMuch), "{heard:?}");
        for name in ["first", "second"] {
            assert_eq!(std::fs::read_to_string(at(name)).unwrap(), "bye\n", "{name}");
        }
    }

    #[test]
    fn who_leaves_something_behind_that_holds_its_output_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let left = format!("printf one; sh -c 'read x < {}' &", fifo.display());
        let limits = Limits { grace: Duration::from_secs(5), ..LIMITS };
        assert_eq!(printed(sh(&left, limits)), (true, "one".into()));
        // It lives on, until it has read something.
        std::fs::write(&fifo, "x\n").unwrap();
    }
}
