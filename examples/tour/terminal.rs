//! A bash on a terminal of its own that a script types into. It echoes nothing and has no prompt to see, so
//! that all there is to read is what came of the line typed.

use std::io::Write;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context, bail};
use awsenv_parts::pty::read_in_background;
use pty_process::blocking::{Command, Pty};

use crate::stage::Stage;

/// Longer than any busy machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What no program prints by itself.
const END: char = '\u{1e}';

pub(crate) struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    output: Receiver<Vec<u8>>,
}

impl Terminal {
    pub(crate) fn start(stage: &Stage) -> anyhow::Result<Self> {
        let (pty, pts) = pty_process::blocking::open().context("no terminal to be had")?;
        let rc = stage.home().join(".bashrc");
        let command = Command::new("bash").args(["--noprofile", "--noediting", "--rcfile"]).arg(rc).arg("-i");
        let environment = stage.environment()?;
        let command = command.env_clear().envs(environment.iter()).current_dir(stage.home());
        let child = command.spawn(pts).context("cannot run bash")?;
        let pty = Arc::new(pty);
        let output = read_in_background(Arc::clone(&pty));
        let mut terminal = Self { child, pty, output };
        terminal.run("stty -echo -onlcr; PS1= PS2=")?;
        Ok(terminal)
    }

    /// Types a line; answers what it and the prompt after it printed.
    pub(crate) fn run(&mut self, line: &str) -> anyhow::Result<String> {
        // The mark is a line of its own: the prompt in between is part of what is shown.
        write!(&*self.pty, "{line}\nprintf '\\036'\n")?;
        let mut shown = String::new();
        while !shown.contains(END) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => bail!("{line}: no end after {PATIENCE:?}; so far:\n{shown}"),
            }
        }
        Ok(shown.replace(END, ""))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
