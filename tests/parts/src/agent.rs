//! An agent, as the system sees it. Linux: it reads `/proc`.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::home::{self, Home};

/// The one of a home; it ends with this.
pub struct Agent<'a> {
    home: &'a Home,
    pid: String,
    /// Where a prompt has not started it.
    child: Option<Child>,
}

impl<'a> Agent<'a> {
    /// The one that runs.
    pub fn of(home: &'a Home) -> Self {
        Self { home, pid: told(home, "pid"), child: None }
    }

    /// As a prompt starts it, with more in its environment.
    pub fn start(home: &'a Home, env: &[(&str, &str)]) -> Self {
        let mut command = awsenv(home, &["agent", "run"]);
        command.envs(env.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "ready\n");
        Self { home, pid: child.id().to_string(), child: Some(child) }
    }

    /// Whether it is the one still.
    pub fn is_running(&self) -> bool {
        told(self.home, "pid") == self.pid
    }

    /// How many shells it knows.
    pub fn shells(&self) -> String {
        told(self.home, "shells")
    }

    /// Threads that have answered go after a while, and what they hold with them: its own and the watcher's stay.
    pub fn settle(&self) {
        while self.tasks().len() > 2 {
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// A line of its `/proc/PID/status`.
    pub fn says(&self, name: &str) -> u64 {
        number(&fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap(), name)
    }

    /// How often its threads have gone to sleep: each time something had woken one.
    pub fn wake_ups(&self) -> u64 {
        let status = self.tasks().into_iter().filter_map(|task| fs::read_to_string(task.join("status")).ok());
        status.map(|status| number(&status, "voluntary_ctxt_switches")).sum()
    }

    /// The time that it has had of a processor.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        // proc_pid_stat(5): the name may hold anything; utime and stime are the 12th and 13th behind it, in hundredths.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let ticks: u64 =
            rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn tasks(&self) -> Vec<PathBuf> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).unwrap();
        tasks.flatten().map(|task| task.path()).collect()
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        let _ = awsenv(self.home, &["agent", "stop"]).output();
        self.child.iter_mut().for_each(|child| drop(child.wait()));
    }
}

fn told(home: &Home, name: &str) -> String {
    let told = awsenv(home, &["agent", "status", "--json"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (_, rest) = told.split_once(&format!("\"{name}\": ")).unwrap_or_else(|| panic!("{told}"));
    rest.chars().take_while(char::is_ascii_digit).collect()
}

fn awsenv(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(home::awsenv());
    command.args(arguments).env_clear().envs(home.environment());
    command
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
