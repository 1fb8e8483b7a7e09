//! MFA codes: from `AWSENV_MFA_CODE`, a profile's `mfa_process`, or the person at the terminal. Only for
//! commands that a person typed; a renewal never asks.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::env::Env;
use crate::message::{Exit, Failure, printable};
use crate::secret::Secret;

/// Where codes come from, and which were given: AWS takes each once.
#[derive(Debug)]
pub struct Mfa {
    /// Whether a person typed the command.
    person: bool,
    /// `AWSENV_MFA_CODE`, until it is used.
    given: Option<Secret>,
    used: BTreeMap<String, ()>,
}

impl Mfa {
    /// For a command that a person typed.
    pub fn of_person(original: &Env) -> Self {
        let given = original.text("AWSENV_MFA_CODE").map(Secret::new);
        Self { person: true, given, used: BTreeMap::new() }
    }

    /// For a renewal: whatever needs a person is an error.
    pub fn nobody() -> Self {
        Self { person: false, given: None, used: BTreeMap::new() }
    }

    /// A code of this device.
    pub(super) fn code(
        &mut self,
        serial: &str,
        process: Option<&Secret>,
        original: &Env,
    ) -> anyhow::Result<Secret> {
        if !self.person {
            return Err(needs_person(serial).into());
        }
        if self.used.insert(serial.to_owned(), ()).is_some() {
            return Err(Failure::new(format!("the MFA device {serial} is asked twice in one chain"))
                .hint("AWS takes each code once: let the roles share one session (no --no-session, duration up to 1h)")
                .exit(Exit::PersonNeeded)
                .into());
        }
        log::debug!("MFA device {serial}: a code is needed");
        if let Some(code) = self.given.take() {
            return checked(code.expose()).context("AWSENV_MFA_CODE is no MFA code");
        }
        match process {
            Some(command) => run(command, original),
            None => ask(serial),
        }
    }
}

fn needs_person(serial: &str) -> Failure {
    Failure::new(format!("the MFA device {serial} wants a code"))
        .hint("run `awsenv refresh`")
        .exit(Exit::PersonNeeded)
}

/// aws-vault's `mfa_process`: a shell command line that prints the code; it may talk to the person by stderr.
fn run(command: &Secret, original: &Env) -> anyhow::Result<Secret> {
    let output = Command::new("/bin/sh")
        .args(["-c", command.expose()])
        .env_clear()
        .envs(original.iter().filter(|(name, _)| *name != "AWSENV_MFA_CODE"))
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run mfa_process")?;
    if !output.status.success() {
        return Err(Failure::new(format!("mfa_process ended with {}", output.status)).into());
    }
    let text = Secret::new(String::from_utf8(output.stdout).unwrap_or_default());
    checked(text.expose().trim()).context("mfa_process printed no MFA code")
}

fn ask(serial: &str) -> anyhow::Result<Secret> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|_| {
        Failure::new(format!("the MFA device {serial} wants a code, and there is no terminal"))
            .hint("run it in a terminal, or set AWSENV_MFA_CODE")
            .exit(Exit::PersonNeeded)
    })?;
    write!(terminal, "MFA code of {}: ", printable(serial))?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).context("cannot read the MFA code")?;
    checked(line.trim())
}

/// Six digits (AWS STS, TokenCode).
fn checked(code: &str) -> anyhow::Result<Secret> {
    if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
        Ok(Secret::new(code))
    } else {
        Err(Failure::new("a code is six digits").exit(Exit::PersonNeeded).into())
    }
}
