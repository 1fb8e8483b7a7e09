//! One run of the program, compared whole: what is not stated has to be empty, and the exit status always
//! has to be stated. A failure shows everything that differs, not the first thing.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use awsenv::env::Env;
use rustix::process::{Pid, Signal, kill_process};

use crate::world::World;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_awsenv");

/// What to run, and what has to come of it.
pub(crate) struct Run<'w> {
    world: &'w World,
    arguments: Vec<OsString>,
    env: Env,
    directory: PathBuf,
    stdin: String,
    stdout: Option<String>,
    stderr: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Output {
    /// With the world's paths as `$HOME` and `$RUN`.
    pub(crate) stdout: String,
    /// Likewise.
    pub(crate) stderr: String,
    /// The text itself.
    pub(crate) raw: Vec<u8>,
}

impl<'w> Run<'w> {
    /// At home.
    pub(crate) fn new(world: &'w World, arguments: &[&str]) -> Self {
        Self {
            world,
            arguments: arguments.iter().map(OsString::from).collect(),
            env: world.variables().clone(),
            directory: world.home(),
            stdin: String::new(),
            stdout: Some(String::new()),
            stderr: Some(String::new()),
        }
    }

    /// Another argument.
    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// In this directory below home.
    pub(crate) fn at(mut self, directory: &str) -> Self {
        self.directory = self.world.at(directory);
        self
    }

    /// In this directory.
    pub(crate) fn in_directory(mut self, directory: &std::path::Path) -> Self {
        self.directory = directory.to_owned();
        self
    }

    /// With this variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.set(name, value.as_ref());
        self
    }

    /// Without this variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.unset(name);
        self
    }

    /// With exactly these variables.
    pub(crate) fn environment(mut self, env: &Env) -> Self {
        self.env = env.clone();
        self
    }

    /// With this on its stdin.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.to_owned();
        self
    }

    /// What it has to print.
    pub(crate) fn stdout(mut self, text: impl Into<String>) -> Self {
        self.stdout = Some(text.into());
        self
    }

    /// What it has to complain.
    pub(crate) fn stderr(mut self, text: impl Into<String>) -> Self {
        self.stderr = Some(text.into());
        self
    }

    /// It may print anything: the test looks at it.
    pub(crate) fn any_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    /// It may complain of anything: the test looks at it.
    pub(crate) fn any_stderr(mut self) -> Self {
        self.stderr = None;
        self
    }

    /// Exit status 0.
    #[track_caller]
    pub(crate) fn success(self) -> Output {
        self.exits(0)
    }

    /// This exit status (128 + the signal, where one ended it).
    #[track_caller]
    pub(crate) fn exits(self, expected: i32) -> Output {
        let output = self.spawn();
        let text = |bytes: &[u8]| self.world.shown(&String::from_utf8_lossy(bytes));
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let code = code(output.status);
        let mut differences = String::new();
        let mut compare = |what: &str, expected: &str, got: &str| {
            if expected != got {
                differences
                    .push_str(&format!("--- {what}, expected:\n{expected}\n--- {what}, got:\n{got}\n"));
            }
        };
        compare("exit status", &expected.to_string(), &code.to_string());
        compare("stdout", self.stdout.as_ref().unwrap_or(&stdout), &stdout);
        compare("stderr", self.stderr.as_ref().unwrap_or(&stderr), &stderr);
        if code != expected && (self.stdout.is_none() || self.stderr.is_none()) {
            differences.push_str(&format!("--- all it printed:\n{stdout}\n{stderr}"));
        }
        assert!(differences.is_empty(), "awsenv {:?}\n{differences}", self.arguments);
        Output { stdout, stderr, raw: output.stdout }
    }

    /// The command, for tests that do more than wait for it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(&self.arguments).env_clear().envs(self.env.iter()).current_dir(&self.directory);
        if self.env.get("PWD").is_none() {
            command.env("PWD", &self.directory);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Begins it, with nothing on its stdin.
    pub(crate) fn start(&self) -> Child {
        self.command().stdin(Stdio::null()).spawn().unwrap()
    }

    fn spawn(&self) -> std::process::Output {
        let mut child = self.command().spawn().unwrap();
        // Whoever does not read its input may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(self.stdin.as_bytes());
        child.wait_with_output().unwrap()
    }
}

/// An exit status as shells count.
pub(crate) fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

/// Sends a signal to a process that a test has begun.
pub(crate) fn signal(process: u32, signal: Signal) {
    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), signal).unwrap();
}

impl Output {
    /// `NAME=value` lines, as `env` prints them.
    pub(crate) fn variables(&self) -> Env {
        self.stdout.lines().filter_map(|line| line.split_once('=')).collect()
    }

    /// The JSON that was printed.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}
