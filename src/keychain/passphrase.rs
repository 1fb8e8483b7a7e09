//! The encrypted file's passphrase: from the setting `passphrase_command`, else from the person at the terminal.

use std::process::Command;

use anyhow::Context;

use super::Asks;
use crate::env::Env;
use crate::message::{Exit, Failure};
use crate::process;
use crate::secret::Secret;
use crate::terminal;

/// Fewer characters are guessed, however slow the guessing is made.
const SHORTEST: usize = 8;
/// A slip may be mended, a file that somebody else's passphrase locks may not.
pub(super) const TRIES: usize = 3;

/// Where a passphrase comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passphrase<'a> {
    pub(super) command: Option<&'a str>,
    pub(super) original: &'a Env,
    pub(super) asks: Asks,
}

impl Passphrase<'_> {
    /// Of a file that there is.
    pub(super) fn given(&self, file: &str) -> anyhow::Result<Secret> {
        self.check_somebody_answers(file)?;
        match self.command {
            Some(command) => self.run(command),
            None => terminal::ask_hidden(&format!("Passphrase of {file}: "))
                .map_err(|error| no_terminal(file, &error)),
        }
    }

    /// Of a file that is made now: typed twice.
    pub(super) fn made(&self, file: &str) -> anyhow::Result<Secret> {
        self.check_somebody_answers(file)?;
        if let Some(command) = self.command {
            return long_enough(self.run(command)?).context("passphrase_command");
        }
        let ask = |prompt: &str| terminal::ask_hidden(prompt).map_err(|error| no_terminal(file, &error));
        let first = long_enough(ask(&format!("New passphrase for {file}: "))?)?;
        if ask("The same again: ")? != first {
            return Err(Failure::new("the two passphrases differ").hint("run it again").into());
        }
        Ok(first)
    }

    /// Whether it makes sense to ask again after a wrong one.
    pub(super) fn tries(&self) -> usize {
        if self.command.is_some() { 1 } else { TRIES }
    }

    /// A passphrase_command may open a window, or wait for a touch: nothing for a renewal.
    fn check_somebody_answers(&self, file: &str) -> anyhow::Result<()> {
        match self.asks {
            Asks::Person => Ok(()),
            Asks::Nobody => Err(Failure::new(format!("{file} is locked"))
                .hint("run `awsenv refresh`, which asks for its passphrase")
                .exit(Exit::PersonNeeded)
                .into()),
        }
    }

    /// A shell command line.
    fn run(&self, command: &str) -> anyhow::Result<Secret> {
        let (status, printed) =
            process::printed(Command::new("/bin/sh").args(["-c", command]), self.original)
                .context("cannot run passphrase_command")?;
        if !status.success() {
            return Err(Failure::new(format!("passphrase_command ended with {status}")).into());
        }
        let text = std::str::from_utf8(&printed).context("passphrase_command printed what is no UTF-8")?;
        // The first line, as `pass` stores it.
        match text.lines().next() {
            Some(line) if !line.is_empty() => Ok(Secret::new(line)),
            _ => Err(Failure::new("passphrase_command printed nothing").into()),
        }
    }
}

fn long_enough(passphrase: Secret) -> anyhow::Result<Secret> {
    if passphrase.expose().chars().count() >= SHORTEST {
        return Ok(passphrase);
    }
    Err(Failure::new(format!("a passphrase of less than {SHORTEST} characters"))
        .hint("a few words that nobody would guess are a good one")
        .into())
}

fn no_terminal(file: &str, error: &std::io::Error) -> anyhow::Error {
    let what = format!("cannot ask for the passphrase of {file}");
    terminal::unanswered(&what, error, "run it in a terminal, or set passphrase_command in the settings")
        .into()
}
