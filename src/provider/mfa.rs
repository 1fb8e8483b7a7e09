//! MFA codes: given with the command, from a profile's `mfa_process`, from a YubiKey, or from the person at the
//! terminal. Only for commands that a person typed; a renewal never asks.

use std::io;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use anyhow::Context;

use super::Means;
use super::error::{is_unsent, is_wrong_code};
use crate::clock;
use crate::env::Env;
use crate::message::{Exit, Failure, printable};
use crate::process;
use crate::secret::Secret;
use crate::session::mfa_mark::Mark;
use crate::session::store::SILENT;
use crate::settings::MfaFrom;
use crate::terminal;

/// So often a person may type a code before it is an error.
const TRIES: u32 = 3;

/// Nobody waits for a lock for longer: who holds it may have been suspended.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells what a renewal without a person starts that nobody is there.
pub(super) const UNATTENDED: &str = "AWSENV_UNATTENDED";

/// Where codes come from.
#[derive(Debug)]
pub struct Mfa {
    /// Where a person's are; `None`: there is nobody.
    from: Option<MfaFrom>,
    /// The one that came with the command, until it is used.
    given: Option<Secret>,
    /// How a person hears of what takes long.
    tell: Option<fn(&str)>,
    /// What to say once a call takes longer than a moment, until that is under way.
    slow: Option<String>,
    /// As long as it lives, that is going to be said.
    unasked: Option<Sender<()>>,
    /// Whether it was said that somebody else has to be waited for.
    has_told_of_wait: bool,
    /// How long one waits for somebody else.
    patience: Duration,
}

/// A code of a device, and whether whoever gave it can give another.
pub(super) struct Code {
    serial: String,
    digits: Secret,
    was_typed: bool,
}

impl Mfa {
    /// For a command that a person typed, with the code that stands in it, or `AWSENV_MFA_CODE`. `tell` shows the
    /// person a line.
    pub fn of_person(given: Option<&str>, from: MfaFrom, original: &Env, tell: fn(&str)) -> Self {
        let given = given.or_else(|| original.text("AWSENV_MFA_CODE")).map(Secret::new);
        Self { from: Some(from), given, tell: Some(tell), ..Self::nobody() }
    }

    /// Whether a renewal without a person has led to this command, by way of a program that it runs.
    pub fn is_unattended(original: &Env) -> bool {
        original.text(UNATTENDED).is_some()
    }

    /// For a renewal: whatever needs a person is an error.
    pub fn nobody() -> Self {
        Self {
            from: None,
            given: None,
            tell: None,
            slow: None,
            unasked: None,
            has_told_of_wait: false,
            patience: PATIENCE,
        }
    }

    /// Says this once AWS takes longer than a moment, unless the person has been asked something, or has heard of
    /// somebody else, before.
    pub fn says_if_slow(self, text: String) -> Self {
        Self { slow: Some(text), ..self }
    }

    /// Whether a person typed the command.
    pub fn has_person(&self) -> bool {
        self.from.is_some()
    }

    /// Whether a code came with the command, and is not used yet.
    pub(super) fn has_code(&self) -> bool {
        self.given.is_some()
    }

    /// AWS is asked now.
    pub(super) fn is_calling(&mut self) {
        let (Some(text), Some(tell)) = (self.slow.take(), self.tell) else { return };
        let (unasked, is_over) = mpsc::channel();
        process::spawn(move || {
            if is_over.recv_timeout(SILENT) == Err(RecvTimeoutError::Timeout) {
                tell(&text);
            }
        });
        self.unasked = Some(unasked);
    }

    /// Says a line to the person, if there is one.
    pub(super) fn say(&self, line: &str) {
        if let Some(tell) = self.tell {
            tell(line);
        }
    }

    /// Somebody is asked something.
    pub(super) fn hush(&mut self) {
        (self.slow, self.unasked) = (None, None);
    }

    /// How long to wait for somebody else.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// A wait was in vain: who holds this lock may hold the next one of the chain, too.
    pub(super) fn lose_patience(&mut self) {
        self.patience = Duration::ZERO;
    }

    /// Somebody else has a session's lock: a person hears it once.
    pub(super) fn tell_of_wait(&mut self, name: &str) {
        self.hush();
        if let Some(tell) = self.tell.filter(|_| !self.has_told_of_wait) {
            self.has_told_of_wait = true;
            let name = printable(name);
            tell(&format!(
                "awsenv: {name}: another awsenv is fetching it, or asking for a code; waiting for that (Ctrl-C ends \
                 the waiting)"
            ));
        }
    }

    /// Makes a call with a code of this device, if there is one. A code that was typed and is wrong is asked for
    /// again.
    pub(super) fn present<T>(
        &mut self,
        serial: Option<&str>,
        process: Option<&Secret>,
        means: &Means<'_>,
        mut call: impl FnMut(&mut Self, Option<&Code>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Some(serial) = serial else { return call(self, None) };
        let (mut complaint, mut left) = (None, TRIES);
        loop {
            left -= 1;
            let code = self.code(serial, process, complaint, means.original)?;
            complaint = match call(self, Some(&code)) {
                Err(error) if code.was_typed && left > 0 => Some(why_again(&error).ok_or(error)?),
                answer => return answer,
            };
        }
    }

    fn code(
        &mut self,
        serial: &str,
        process: Option<&Secret>,
        complaint: Option<&str>,
        original: &Env,
    ) -> anyhow::Result<Code> {
        let Some(from) = self.from else { return Err(needs_person(serial).into()) };
        log::debug!("MFA device {serial}: a code is needed");
        if self.given.is_none() {
            self.hush();
        }
        let digits = match (self.given.take(), process, from) {
            (Some(given), ..) => given,
            (None, Some(command), _) => {
                printed("mfa_process", "/bin/sh", &["-c", command.expose()], original)?
            }
            (None, None, MfaFrom::Ykman) => {
                printed("ykman", "ykman", &["oath", "accounts", "code", "--single", serial], original)?
            }
            (None, None, MfaFrom::Terminal) => {
                let digits = ask(serial, complaint)?;
                return Ok(Code { serial: serial.to_owned(), digits, was_typed: true });
            }
        };
        Ok(Code { serial: serial.to_owned(), digits, was_typed: false })
    }
}

/// Makes a call that a code goes with, if there is one: no code is sent twice.
pub(super) fn send<T>(
    code: Option<&Code>,
    means: &Means<'_>,
    call: impl FnOnce(Option<&Secret>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let Some(Code { serial, digits, .. }) = code else { return call(None) };
    let mark = check(serial, digits, means)?;
    let answer = call(Some(digits));
    if answer.as_ref().is_err_and(is_unsent) {
        mark.take_back();
    }
    answer
}

fn needs_person(serial: &str) -> Failure {
    Failure::new(format!("the MFA device {serial} wants a code"))
        .hint("run `awsenv refresh`")
        .exit(Exit::PersonNeeded)
}

/// What a renewal says where a person is at it already.
pub(super) fn is_asked_elsewhere(serial: &str) -> Failure {
    Failure::new(format!("the MFA device {serial} wants a code, and another awsenv is asking for it"))
        .hint("answer there, or run `awsenv refresh`")
        .exit(Exit::PersonNeeded)
}

/// The code that a program prints.
fn printed(name: &str, program: &str, arguments: &[&str], original: &Env) -> anyhow::Result<Secret> {
    let (status, text) = process::printed(Command::new(program).args(arguments), original)
        .with_context(|| format!("cannot run {name}"))?;
    if !status.success() {
        return Err(Failure::new(format!("{name} ended with {status}")).into());
    }
    Ok(Secret::new(std::str::from_utf8(&text).unwrap_or_default().trim()))
}

fn ask(serial: &str, complaint: Option<&str>) -> anyhow::Result<Secret> {
    let unanswered = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::new("no MFA code was typed").exit(Exit::PersonNeeded).into(),
        io::ErrorKind::Other => Failure::new(format!("the MFA device {serial} wants a code, and {error}"))
            .hint("run it in a terminal, or set AWSENV_MFA_CODE")
            .exit(Exit::PersonNeeded)
            .into(),
        _ => anyhow::Error::new(error).context("cannot read the MFA code"),
    };
    let told = complaint.map_or(Ok(()), |complaint| terminal::tell(&format!("awsenv: {complaint}")));
    let answer = told.and_then(|()| terminal::ask(&format!("MFA code of {serial}: ")));
    answer.map(Secret::new).map_err(unanswered)
}

const NOT_SIX: &str = "an MFA code is six digits";
const SENT_BEFORE: &str = "that MFA code was sent before, and AWS takes each one once: wait for the next";

/// Six digits (AWS STS, TokenCode), which were not sent before, and are marked as sent from here on.
fn check(serial: &str, code: &Secret, means: &Means<'_>) -> Result<Mark, Failure> {
    let digits = code.expose();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::new(NOT_SIX).exit(Exit::PersonNeeded));
    }
    Mark::take(means.places, serial, code, clock::now())
        .ok_or_else(|| Failure::new(SENT_BEFORE).exit(Exit::PersonNeeded))
}

/// What to say before the next try; `None`: another code would not help.
fn why_again(error: &anyhow::Error) -> Option<&'static str> {
    let known = |words: &&str| error.downcast_ref::<Failure>().is_some_and(|failure| failure.what == *words);
    let wrong = is_wrong_code(error).then_some("AWS did not take that code");
    [NOT_SIX, SENT_BEFORE].into_iter().find(known).or(wrong)
}
