//! An agent, as the system sees it. Linux: it reads `/proc`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::home::{AWSENV, Home};

/// The one of a home; it ends with this.
pub(crate) struct Agent<'a> {
    home: &'a Home,
    pid: String,
}

impl<'a> Agent<'a> {
    /// The one that runs.
    pub(crate) fn of(home: &'a Home) -> Self {
        Self { home, pid: told(home, "pid") }
    }

    /// How many shells it knows.
    pub(crate) fn shells(&self) -> String {
        told(self.home, "shells")
    }

    /// Threads that have answered go after a while, and what they hold with them: its own and the watcher's stay.
    pub(crate) fn settle(&self) {
        while self.tasks().len() > 2 {
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// A line of its `/proc/PID/status`.
    pub(crate) fn says(&self, name: &str) -> u64 {
        number(&fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap(), name)
    }

    /// How often its threads have gone to sleep: each time something had woken one.
    pub(crate) fn wake_ups(&self) -> u64 {
        let status = self.tasks().into_iter().filter_map(|task| fs::read_to_string(task.join("status")).ok());
        status.map(|status| number(&status, "voluntary_ctxt_switches")).sum()
    }

    fn tasks(&self) -> Vec<PathBuf> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).unwrap();
        tasks.flatten().map(|task| task.path()).collect()
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        let _ = awsenv(self.home, &["agent", "stop"]).output();
    }
}

fn told(home: &Home, name: &str) -> String {
    let told = awsenv(home, &["agent", "status", "--json"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (_, rest) = told.split_once(&format!("\"{name}\": ")).unwrap_or_else(|| panic!("{told}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}

fn awsenv(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(AWSENV);
    command.args(arguments).env_clear().envs(home.environment());
    command
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
