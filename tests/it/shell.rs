//! A shell as `export` sees it: an environment that goes from prompt to prompt, and the guard between them.
//! The answers are evaluated by the real shell. (What a person sees on a terminal is tested on a pty.)

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::Stdio;

use awsenv::env::Env;

use crate::cloud::renewals_end;
use crate::run::{Output, Run};
use crate::world::World;

/// Which shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bash,
    Zsh,
    Fish,
}

impl Kind {
    /// All of them: what one shell does, every shell is asked.
    pub(crate) const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Bash => "5.2.15(1)-release",
            Self::Zsh => "5.9",
            Self::Fish => "3.6.0",
        }
    }

    /// Arguments that keep the user's own files out of it.
    pub(crate) fn plain(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["--noprofile", "--norc"],
            Self::Zsh => &["-f"],
            Self::Fish => &["--no-config"],
        }
    }
}

/// A shell between two prompts.
pub(crate) struct Shell<'w> {
    world: &'w World,
    kind: Kind,
    /// Its process id, as it tells it.
    pub(crate) pid: u32,
    /// Its exported variables.
    pub(crate) env: Env,
    /// Where it is.
    pub(crate) pwd: PathBuf,
    /// The last answer.
    pub(crate) text: Vec<u8>,
    /// What the last answer said on stderr.
    pub(crate) notice: String,
}

impl<'w> Shell<'w> {
    pub(crate) fn new(world: &'w World, kind: Kind) -> Self {
        Self {
            world,
            kind,
            // More than any kernel gives: nobody's.
            pid: 4_194_305,
            env: world.variables().clone(),
            pwd: world.home(),
            text: Vec::new(),
            notice: String::new(),
        }
    }

    /// How this shell asks, here and now.
    pub(crate) fn question(&self) -> Run<'w> {
        self.world
            .run(["export", self.kind.name()])
            .arg(self.pid.to_string())
            .arg(self.kind.version())
            .arg(&self.pwd)
            .environment(&self.env)
    }

    /// A prompt: asks, evaluates the answer, and waits for what it has started, however long that takes.
    #[track_caller]
    pub(crate) fn prompt(&mut self) -> &mut Self {
        self.phases(true)
    }

    #[track_caller]
    fn phases(&mut self, patient: bool) -> &mut Self {
        self.notice.clear();
        self.hear(self.question());
        if self.answer().contains("__awsenv_pending") {
            if patient {
                renewals_end(self.world);
            }
            self.hear(self.question().arg("wait"));
        }
        self
    }

    /// A prompt's first phase alone.
    #[track_caller]
    pub(crate) fn ask(&mut self) -> &mut Self {
        self.notice.clear();
        self.hear(self.question());
        self
    }

    /// The second phase, as the hook calls it where the first one's answer is pending; when what that has begun is done,
    /// however long it takes.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> &mut Self {
        renewals_end(self.world);
        self.wait_impatiently()
    }

    /// The second phase, which waits no longer than it may.
    #[track_caller]
    pub(crate) fn wait_impatiently(&mut self) -> &mut Self {
        assert!(self.answer().contains("__awsenv_pending"), "{}", self.answer());
        self.notice.clear();
        self.hear(self.question().arg("wait"));
        self
    }

    /// Goes to a directory below home; then a prompt's first phase alone.
    #[track_caller]
    pub(crate) fn arrive(&mut self, directory: &str) -> &mut Self {
        self.pwd = self.world.at(directory);
        self.ask()
    }

    #[track_caller]
    fn hear(&mut self, question: Run<'_>) {
        let answer: Output = question.any_stdout().any_stderr().success();
        self.text = answer.raw;
        self.notice.push_str(&answer.stderr);
        self.env = self.evaluate(&self.text);
    }

    /// Goes to a directory below home; then a prompt.
    #[track_caller]
    pub(crate) fn cd(&mut self, directory: &str) -> &mut Self {
        self.pwd = self.world.at(directory);
        self.prompt()
    }

    /// The same by a prompt that waits no longer than it may.
    #[track_caller]
    pub(crate) fn cd_impatiently(&mut self, directory: &str) -> &mut Self {
        self.pwd = self.world.at(directory);
        self.phases(false)
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(|value| value.to_str().unwrap())
    }

    /// The last answer as text, with the world's paths as `$HOME` and `$RUN`.
    pub(crate) fn answer(&self) -> String {
        self.world.shown(std::str::from_utf8(&self.text).unwrap())
    }

    /// Variables of AWS and ours, without the state and the tests' own.
    pub(crate) fn aws(&self) -> Vec<(&str, &str)> {
        self.env
            .iter()
            .map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap_or("\u{fffd}")))
            .filter(|(name, _)| {
                name.starts_with("AWS")
                    && !["AWSENV_STATE", "AWS_ENDPOINT_URL_STS", "AWS_MAX_ATTEMPTS"].contains(name)
            })
            .collect()
    }

    /// Prompts until the guard is true: it is not while a file is so young that a second edit could go unseen.
    #[track_caller]
    pub(crate) fn settle(&mut self) -> &mut Self {
        let settled = (0..200).any(|_| self.guard() || self.prompt().guard());
        assert!(settled, "no prompt made the guard true: {}", self.answer());
        self
    }

    /// When the guard of the last answer is false at the latest, in seconds since 1970; bash's.
    #[track_caller]
    pub(crate) fn looks_again(&self) -> Option<i64> {
        let answer = self.answer();
        let (_, after) = answer.split_once("EPOCHSECONDS < ")?;
        Some(after.split_once(' ')?.0.parse().unwrap())
    }

    /// Whether the guard of the last answer is true in this environment.
    pub(crate) fn guard(&self) -> bool {
        let script = match self.kind {
            Kind::Fish => "echo \"$GUARD\" | source; __awsenv_ok; and printf yes; or printf no",
            _ => "eval \"$GUARD\"; __awsenv_ok && printf yes || printf no",
        };
        let guard = self.text.split_inclusive(|byte| *byte == b'\n').nth_back(1).unwrap_or_default();
        let mut command = self.world.command(self.kind.name());
        command.args(self.kind.plain()).arg("-c").arg(script);
        command.env_clear().envs(self.env.iter()).env("GUARD", OsStr::from_bytes(guard));
        // A shell of its own would correct a PWD that is not where it is.
        let directory = if self.pwd.is_dir() { self.pwd.clone() } else { self.world.home() };
        let output = command.env("PWD", &self.pwd).current_dir(directory).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "the guard is silent");
        output.stdout == b"yes"
    }

    /// The environment after this shell has evaluated a text.
    pub(crate) fn evaluate(&self, text: &[u8]) -> Env {
        let script = match self.kind {
            Kind::Fish => "source; exec env -0",
            _ => "eval \"$(cat)\"; exec env -0",
        };
        let mut command = self.world.command(self.kind.name());
        command.args(self.kind.plain()).arg("-c").arg(script);
        command.env_clear().envs(self.env.iter());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", String::from_utf8_lossy(text));
        // Shells set some of their own; fish puts the USER right that a test has made up.
        let own = ["_", "SHLVL", "PWD", "OLDPWD", "USER"];
        let user = self.env.get("USER").map(|user| ("USER".into(), user.to_owned()));
        let evaluated = output
            .stdout
            .split(|byte| *byte == 0)
            .filter_map(|pair| {
                pair.iter().position(|byte| *byte == b'=').map(|at| (&pair[..at], &pair[at + 1..]))
            })
            .filter(|(name, _)| !own.iter().any(|own| own.as_bytes() == *name))
            .map(|(name, value)| (OsString::from_vec(name.to_vec()), OsString::from_vec(value.to_vec())));
        evaluated.chain(user).collect()
    }
}
