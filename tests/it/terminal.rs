//! The program on a terminal of its own, and a person at it.

use std::io::Write;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use awsenv_parts::pty::read_in_background;
use pty_process::blocking::{Command, Pty};

use crate::cloud::DEADLINE;
use crate::run::{PROGRAM, code};
use crate::world::World;

/// What it shows, and what is typed.
pub(crate) struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    output: Receiver<Vec<u8>>,
    /// In parts of which none may end with a whole letter.
    screen: Vec<u8>,
}

impl Terminal {
    /// Runs the program at home.
    pub(crate) fn start(world: &World, arguments: &[&str]) -> Self {
        Self::of_size(world, arguments, 24, 80)
    }

    /// The same, in a directory below home.
    pub(crate) fn start_in(world: &World, directory: &str, arguments: &[&str]) -> Self {
        Self::launch(world, PROGRAM, directory, arguments, 24, 80)
    }

    /// Runs what becomes the program.
    pub(crate) fn start_by(world: &World, program: &str, arguments: &[&str]) -> Self {
        Self::launch(world, program, "", arguments, 24, 80)
    }

    /// The same, on a screen of so many lines and columns.
    pub(crate) fn of_size(world: &World, arguments: &[&str], lines: u16, columns: u16) -> Self {
        Self::launch(world, PROGRAM, "", arguments, lines, columns)
    }

    /// The same, on a screen of so many columns.
    pub(crate) fn of_width(world: &World, directory: &str, arguments: &[&str], columns: u16) -> Self {
        Self::launch(world, PROGRAM, directory, arguments, 60, columns)
    }

    fn launch(
        world: &World,
        program: &str,
        directory: &str,
        arguments: &[&str],
        lines: u16,
        columns: u16,
    ) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(lines, columns)).unwrap();
        let command = Command::new(program).args(arguments).env_clear().envs(world.variables().iter());
        let child = command.current_dir(world.at(directory)).spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let output = read_in_background(Arc::clone(&pty));
        Self { child, pty, output, screen: Vec::new() }
    }

    /// Waits for a question, and answers it.
    #[track_caller]
    pub(crate) fn answer(&mut self, question: &str, answer: &str) {
        self.type_at(question, &format!("{answer}\r"));
    }

    /// Waits for a question, and presses these keys.
    #[track_caller]
    pub(crate) fn type_at(&mut self, question: &str, keys: &str) {
        self.wait_for(question);
        self.type_now(keys);
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, question: &str) {
        let from = self.screen.len();
        while !String::from_utf8_lossy(&self.screen[from..]).contains(question) {
            let bytes = self.output.recv_timeout(DEADLINE);
            let bytes = bytes.unwrap_or_else(|_| panic!("no {question:?} on the screen:\n{}", self.screen()));
            self.screen.extend(bytes);
        }
    }

    /// Presses these keys.
    pub(crate) fn type_now(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// What is shown so far.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen).into_owned()
    }

    /// Whether it repeats what is typed.
    pub(crate) fn shows_what_is_typed(&self) -> bool {
        use rustix::termios::{LocalModes, tcgetattr};
        tcgetattr(&*self.pty).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// How it treats what is typed.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", rustix::termios::tcgetattr(&*self.pty).unwrap())
    }

    /// The program's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end: the exit status.
    pub(crate) fn ends(&mut self) -> i32 {
        code(self.child.wait().unwrap())
    }

    /// Waits for the end: all that was shown, and the exit status.
    pub(crate) fn end(mut self) -> (String, i32) {
        while let Ok(bytes) = self.output.recv_timeout(DEADLINE) {
            self.screen.extend(bytes);
        }
        (self.screen().replace('\r', ""), code(self.child.wait().unwrap()))
    }
}
