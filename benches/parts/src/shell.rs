//! Real shells with a hook in them, told over a pipe to call it many times.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::home::Home;

/// The shells that are measured.
pub const KINDS: [&str; 3] = ["bash", "zsh", "fish"];

/// About as long as one call of direnv's, and no longer than a busy system lets a process run at a stretch.
const CALLS: u32 = 30;

/// A shell that waits to be told.
#[derive(Debug)]
pub struct Shell {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    times: u32,
}

impl Shell {
    /// By a script among `arguments` that prints `ready`, and for each line that it reads takes a step `times` times and
    /// prints the microseconds of that, or `done` where it has no clock.
    ///
    /// # Panics
    /// This and all below, where the shell cannot be had, or is not as they say.
    pub fn start<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
        home: &Home,
        times: u32,
    ) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(home.plain()).env_clear().envs(home.env());
        command.env("PWD", home.plain());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut shell = Self { child, stdin, stdout, times };
        assert_eq!(shell.read(), "ready");
        shell
    }

    /// Evaluates `setup`, then calls `step` `times` times whenever asked.
    fn calling(kind: &str, home: &Home, setup: &str, step: &str, times: u32) -> Self {
        let options: &[&str] = match kind {
            "bash" => &["--norc", "--noprofile", "-c"],
            "zsh" => &["-f", "-c"],
            _ => &["--no-config", "-c"],
        };
        let script = match kind {
            // fish has no clock without a process: the parent's is taken.
            "fish" => format!(
                "{setup}\nset -g turns (seq {times})\necho ready\n\
                 while read -l go; begin; for turn in $turns; {step}; end; end </dev/null; echo done; end"
            ),
            _ => format!(
                "{setup}\n{}\nprintf 'ready\\n'\nwhile read -r go; do from=$EPOCHREALTIME\n\
                 for ((turn = 0; turn < {times}; turn++)); do {step}; done </dev/null\n\
                 to=$EPOCHREALTIME; printf '%s\\n' $((10#${{to/./}} - 10#${{from/./}})); done",
                if kind == "zsh" { "zmodload zsh/datetime; typeset -F 6 from to" } else { "" }
            ),
        };
        Self::start(kind, options.iter().copied().chain([script.as_str()]), home, times)
    }

    /// Our hook in `dir`, its guard true. From then on the program is one that leaves a mark when it is run.
    pub fn ours(kind: &str, home: &Home, dir: &Path, planted: bool) -> Self {
        let counter = counter(home);
        let (dir, counter) = (dir.display(), counter.display());
        let asks = asks(kind, home);
        let bin = if kind == "fish" { "set -g __awsenv_bin " } else { "__awsenv_bin=" };
        let hook = match (planted, kind) {
            (false, _) => "",
            (true, "fish") => "function __awsenv_hook; /bin/true; __awsenv_ok; or __awsenv_check; end",
            (true, _) => "__awsenv_hook() { /bin/true; __awsenv_ok || __awsenv_check; }",
        };
        let setup = format!(
            "{}\ncd '{dir}'\n__awsenv_hook\n__awsenv_ok || exit 1\n{asks} || exit 1\n{bin}'{counter}'\n{hook}",
            load(kind, home)
        );
        Self::calling(kind, home, &setup, "__awsenv_hook", if planted { 5 } else { CALLS })
    }

    /// The prompt's segment in a directory with a session, as a prompt asks for it.
    pub fn segment(kind: &str, home: &Home) -> Self {
        let (step, shown) = match kind {
            "fish" => ("awsenv_prompt >/dev/null", "string match -q '*acme *' (awsenv_prompt)"),
            _ => ("awsenv_prompt t_segment", "awsenv_prompt t_segment; [[ $t_segment == *acme\\ * ]]"),
        };
        let setup = format!(
            "{}\ncd '{}'\n__awsenv_hook\n{shown} || exit 1",
            load(kind, home),
            home.pinned().display()
        );
        Self::calling(kind, home, &setup, step, CALLS)
    }

    /// As little as a shell can do at a prompt: a function that does nothing.
    pub fn nothing(kind: &str, home: &Home) -> Self {
        let define = if kind == "fish" { "function t_nothing; true; end" } else { "t_nothing() { :; }" };
        Self::calling(kind, home, define, "t_nothing", CALLS)
    }

    /// Another tool's hook in `dir`.
    pub fn peer(kind: &str, home: &Home, dir: &Path) -> Self {
        let call = home.tool.at_prompt(kind);
        // mise calls its own hook at `cd`, and skips the prompt that follows.
        let setup = format!(
            "{}\ncd '{}'\n{call}\n{call}\n{} || exit 1",
            load(kind, home),
            dir.display(),
            asks(kind, home)
        );
        Self::calling(kind, home, &setup, call, 1)
    }

    /// starship's whole prompt, as its own script asks for it.
    pub fn starship(kind: &str, home: &Home, program: &Path) -> Self {
        let program = program.display();
        let prompt = format!("'{program}' prompt --terminal-width=80 --status=0 --jobs=0");
        match kind {
            "fish" => {
                let setup = "set -gx STARSHIP_SHELL fish";
                Self::calling(kind, home, setup, &format!("set -g t_prompt ({prompt})"), 1)
            }
            _ => {
                let setup = format!("export STARSHIP_SHELL={kind}");
                Self::calling(kind, home, &setup, &format!("t_prompt=$({prompt})"), 1)
            }
        }
    }

    /// In and out again, each with a prompt after it.
    pub fn moves(kind: &str, home: &Home, planted: bool) -> Self {
        let call = home.tool.at_prompt(kind);
        let fault = if planted { "; sleep 0.2" } else { "" };
        let (pinned, plain) = (home.pinned(), home.plain());
        let step = format!("cd '{}'; {call}; cd '{}'; {call}{fault}", pinned.display(), plain.display());
        let loads = match kind {
            "fish" => "test -n \"$AWS_ACCESS_KEY_ID\"; or exit 1",
            _ => "[ -n \"$AWS_ACCESS_KEY_ID\" ] || exit 1",
        };
        let setup = format!("{}\ncd '{}'; {call}; {loads}", load(kind, home), home.pinned().display());
        Self::calling(kind, home, &setup, &step, 1)
    }

    /// Microseconds of one call.
    pub fn time(&mut self) -> f64 {
        let start = Instant::now();
        self.stdin.as_mut().expect("open").write_all(b"go\n").expect("the shell reads");
        let told = self.read();
        let by_parent = start.elapsed().as_secs_f64() * 1e6;
        let took = if told == "done" { by_parent } else { told.parse().expect("microseconds") };
        took / f64::from(self.times)
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the shell writes");
        assert!(!line.is_empty(), "the shell ended: its guard is false, or nothing was loaded");
        line.trim_end().to_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.wait();
    }
}

/// Some shells that do the same. One process can take half as long again as the next for all its life, by where its
/// memory lies; so where small differences count, the quickest of each turn is taken.
#[derive(Debug)]
pub struct Shells(Vec<Shell>);

impl Shells {
    /// So many that hardly ever all are slow ones.
    const MANY: usize = 5;

    /// As [`Shell::ours`].
    ///
    /// # Panics
    /// As that.
    pub fn ours(kind: &str, home: &Home, dir: &Path, planted: bool) -> Self {
        Self((0..Self::MANY).map(|_| Shell::ours(kind, home, dir, planted)).collect())
    }

    /// Microseconds of one call.
    ///
    /// # Panics
    /// As [`Shell::time`].
    pub fn time(&mut self) -> f64 {
        self.0.iter_mut().map(Shell::time).fold(f64::INFINITY, f64::min)
    }
}

/// That our program did not run while only the guard was to.
///
/// # Panics
/// If it did.
pub fn assert_none_ran(home: &Home) {
    assert!(
        !mark(home).exists(),
        "the guard was false: the program ran at a prompt where nothing had changed"
    );
}

/// A program that leaves a mark.
pub fn counter(home: &Home) -> std::path::PathBuf {
    home.script("counter", &format!("echo run >> '{}'", mark(home).display()))
}

fn mark(home: &Home) -> std::path::PathBuf {
    home.plain().join("the-program-ran")
}

fn load(kind: &str, home: &Home) -> String {
    home.tool.load(&home.program, kind)
}

/// Whether this shell holds what its directory wants: the keys below the pin, none elsewhere.
fn asks(kind: &str, home: &Home) -> String {
    let key_id = &home.key_id;
    match kind {
        "fish" => format!(
            "begin; string match -q '*/plain/*' $PWD; and test -z \"$AWS_ACCESS_KEY_ID\"; or test \"$AWS_ACCESS_KEY_ID\" = {key_id}; end; or false"
        ),
        _ => format!(
            "case $PWD in */plain/*) [ -z \"$AWS_ACCESS_KEY_ID\" ];; *) [ \"$AWS_ACCESS_KEY_ID\" = {key_id} ];; esac"
        ),
    }
}
