//! A shell on a terminal of its own. Nothing here sleeps: each wait is for what is expected, and fails with
//! the whole screen when nothing has come for a long while.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use pty_process::blocking::{Command, Pty};

use crate::home::{Home, Rc};
use crate::shell::{Kind, Shell};

/// Longer than any busy machine takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// A shell that prints without end has failed too.
const ENOUGH: usize = 4 << 20;
/// A terminal answers this with the place of the cursor.
const WHERE: &[u8] = b"\x1b[6n";

/// A shell, its keyboard and its screen.
pub struct Terminal<'a> {
    home: &'a Home,
    /// Which.
    pub shell: Shell,
    child: Child,
    pty: Arc<Pty>,
    output: Receiver<Vec<u8>>,
    screen: Vec<u8>,
    /// Where the answer to the last line typed begins.
    typed: usize,
    /// The prompt that was waited for last: `pid.number`.
    prompt: String,
    asked: usize,
}

impl<'a> Terminal<'a> {
    /// Starts the shell in its home, with nothing but the hook in its startup file.
    pub fn start(shell: &Shell, home: &'a Home) -> Self {
        Self::start_with(shell, home, &Rc::default(), &[])
    }

    /// Starts it with more in its startup file, and in its environment.
    pub fn start_with(shell: &Shell, home: &'a Home, rc: &Rc<'_>, env: &[(&str, &str)]) -> Self {
        let env: Vec<_> = env.iter().map(|(name, value)| (*name, OsStr::new(*value))).collect();
        Self::launch(shell, home, Command::new(home.launcher("first", shell, rc)), &env)
    }

    /// Starts it with values that need not be text.
    pub fn start_knowing(shell: &Shell, home: &'a Home, env: &[(&str, &OsStr)]) -> Self {
        Self::launch(shell, home, Command::new(home.launcher("first", shell, &Rc::default())), env)
    }

    /// Starts whatever ends in a prompt, in the scratch home and with nothing else in its environment.
    pub fn launch(shell: &Shell, home: &'a Home, command: Command, env: &[(&str, &OsStr)]) -> Self {
        let command =
            command.env_clear().envs(home.environment()).envs(env.iter().copied()).current_dir(home.home(""));
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(50, 400)).unwrap();
        let child = command.spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let output = read_in_background(Arc::clone(&pty));
        let (screen, prompt) = (Vec::new(), String::new());
        let mut terminal =
            Self { home, shell: shell.clone(), child, pty, output, screen, typed: 0, prompt, asked: 0 };
        terminal.wait_for_prompt();
        terminal
    }

    /// Types a line and Enter.
    pub fn type_line(&mut self, text: &str) {
        self.typed = self.screen.len();
        (&*self.pty).write_all(format!("{text}\r").as_bytes()).unwrap();
    }

    /// Waits for a prompt that was not there before, and answers what came since the line was typed.
    pub fn wait_for_prompt(&mut self) -> String {
        let before = self.prompt.clone();
        self.prompt = self.wait("a prompt", |since| last_prompt(since).filter(|prompt| *prompt != before));
        self.since_typed()
    }

    /// Waits for a text after the line that was typed last.
    pub fn wait_for(&mut self, text: &str) {
        self.wait(text, |since| since.contains(text).then_some(()));
    }

    /// Types a line, and answers what came until the next prompt (the line's own echo included).
    pub fn run(&mut self, command: &str) -> String {
        self.type_line(command);
        self.wait_for_prompt()
    }

    /// The same where an error of the shell's own may spoil the prompt that follows: waits for the next
    /// command instead.
    pub fn run_to_the_end(&mut self, command: &str) {
        self.type_line(command);
        // xonsh reads away what is typed ahead: it asks the terminal for the column, and waits for the answer.
        if self.shell.kind == Kind::Xonsh {
            self.wait_for_prompt();
        }
        self.asked += 1;
        let done = format!("done-{}", self.asked);
        (&*self.pty).write_all(format!("printf 'do%s\\n' ne-{}\r", self.asked).as_bytes()).unwrap();
        self.wait_for(&done);
        self.typed += self.since_typed().rfind(&done).unwrap();
        self.wait_for_prompt();
    }

    /// Presses Enter.
    pub fn enter(&mut self) -> String {
        self.run("")
    }

    /// Presses Ctrl-C.
    pub fn ctrl_c(&mut self) {
        (&*self.pty).write_all(b"\x03").unwrap();
    }

    /// The process id of a program that the shell has started.
    pub fn child_named(&self, name: &str) -> u32 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        // Threads and processes come and go.
        let children = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).ok();
        let children: Vec<_> = tasks.flatten().filter_map(children).collect();
        let mut children = children.iter().flat_map(|children| children.split_whitespace());
        let is_it = |pid: &&str| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name)
        };
        children.find(is_it).expect("a program of this name").parse().unwrap()
    }

    /// Waits until the shell and all that it started have left the terminal.
    pub fn wait_for_the_end(&mut self) {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.screen.extend(bytes);
        }
        let _ = self.child.wait();
    }

    /// The environment of the next command.
    pub fn environment(&mut self) -> BTreeMap<String, Vec<u8>> {
        self.asked += 1;
        let file = self.home.at(format!("envs/{}", self.asked));
        let screen = self.run(&self.shell.words().environment(&file));
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{error}: {screen}"));
        fs::remove_file(file).unwrap();
        let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((String::from_utf8_lossy(&pair[..at]).into_owned(), pair[at + 1..].to_vec()))
        });
        pairs.collect()
    }

    /// A variable as the next command sees it, byte for byte.
    pub fn value_of(&mut self, name: &str) -> Option<Vec<u8>> {
        self.environment().remove(name)
    }

    /// The same, for what is text.
    pub fn text_of(&mut self, name: &str) -> Option<String> {
        self.value_of(name).map(|value| String::from_utf8(value).unwrap())
    }

    /// The next command has these values, and `None` is unset.
    #[track_caller]
    pub fn has(&mut self, expected: &[(&str, Option<&str>)]) {
        let environment = self.environment();
        let found: Vec<_> = expected
            .iter()
            .map(|(name, _)| (*name, environment.get(*name).map(|value| String::from_utf8_lossy(value))))
            .collect();
        let same = found.iter().zip(expected).all(|(found, expected)| found.1.as_deref() == expected.1);
        assert!(same, "expected {expected:?}\nfound {found:?}\n{}", self.scene());
    }

    /// The next command's key id.
    #[track_caller]
    pub fn has_key(&mut self, expected: Option<&str>) {
        self.has(&[("AWS_ACCESS_KEY_ID", expected)]);
    }

    /// The next command finds nobody's keys; the profile's name, if any, is a sentence.
    #[track_caller]
    pub fn has_no_keys(&mut self) {
        self.has(&[
            ("AWS_ACCESS_KEY_ID", None),
            ("AWS_SECRET_ACCESS_KEY", None),
            ("AWS_SESSION_TOKEN", None),
        ]);
    }

    /// Nothing of awsenv's is left.
    #[track_caller]
    pub fn has_nothing_of_ours(&mut self) {
        let environment = self.environment();
        let ours: Vec<_> = environment.keys().filter(|name| name.starts_with("AWS")).collect();
        assert!(ours.is_empty(), "left: {ours:?}\n{}", self.scene());
    }

    /// Prompts without a change ask the program nothing, where there is a guard.
    #[track_caller]
    pub fn is_idle(&mut self) {
        if !self.shell.has_guard() {
            return;
        }
        self.enter();
        let before = self.home.number_of_exports();
        for _ in 0..3 {
            self.enter();
        }
        let runs = self.home.number_of_exports() - before;
        assert_eq!(runs, 0, "unchanged prompts asked the program\n{}", self.scene());
    }

    /// All that was shown since the start.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen).into_owned()
    }

    /// For the message of a failure.
    pub fn scene(&self) -> String {
        format!(
            "--- {} ---\n{}\n---",
            self.shell.program.display(),
            self.screen().replace('\r', "").replace("  ", "")
        )
    }

    fn since_typed(&self) -> String {
        String::from_utf8_lossy(&self.screen[self.typed..]).into_owned()
    }

    #[track_caller]
    fn wait<T>(&mut self, what: &str, found: impl Fn(&str) -> Option<T>) -> T {
        loop {
            if let Some(found) = found(&self.since_typed()) {
                return found;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) if self.screen.len() < ENOUGH => {
                    // nushell asks where the cursor is, and waits for the answer.
                    let from = self.screen.len().saturating_sub(WHERE.len() - 1);
                    self.screen.extend(bytes);
                    if self.screen[from..].windows(WHERE.len()).any(|part| part == WHERE) {
                        (&*self.pty).write_all(b"\x1b[1;1R").unwrap();
                    }
                }
                Ok(_) => panic!("waited for {what:?}, and the screen overflowed\n{}", self.scene()),
                Err(error) => panic!("waited for {what:?}: {error}\n{}", self.scene()),
            }
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // What the shell started goes with its terminal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that is shown on a terminal, as it comes; nobody has to wait for it.
pub fn read_in_background(pty: Arc<Pty>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // An error is how a terminal says that nobody is left on it.
        while let Ok(count @ 1..) = (&*pty).read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The last `@pid.number@`: no line that is typed holds one, and none is shown twice but by a redrawing.
fn last_prompt(text: &str) -> Option<String> {
    let mut parts: Vec<_> = text.split('@').collect();
    parts.pop();
    parts.into_iter().rev().find(|part| is_prompt(part)).map(str::to_owned)
}

fn is_prompt(part: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    part.split_once('.').is_some_and(|(pid, count)| number(pid) && number(count))
}
