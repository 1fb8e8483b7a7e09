//! The guard: the one test a shell makes at each prompt, with builtins only, made for this very moment.
//! True: nothing has changed. False: ask the program. It is printed last, as the commit record.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::runtime::Runtime;
use super::shell::{Shell, UNIVERSAL};
use crate::clock::Timestamp;
use crate::files::Stamp;

/// Everything that must still be so. No term is dropped for speed: a test in tests/it holds the list.
#[derive(Debug)]
pub struct Guard {
    /// The directory, as the shell calls it.
    pub pwd: OsString,
    /// When it was made: a clock set back makes it false.
    pub now: Timestamp,
    /// When the program must be asked again at the latest.
    pub deadline: Option<Timestamp>,
    /// Variables and the values they must still have (empty: unset or empty).
    pub variables: Vec<(&'static str, OsString)>,
    /// The generation of all that other shells may change.
    pub token: Option<PathBuf>,
    /// Files that took part.
    pub watched: Vec<Watched>,
    /// Where no regular file was.
    pub absent: Vec<PathBuf>,
    /// What the allow list rests its yes on: `deny` is seen even where no token is shared.
    pub entries: Vec<PathBuf>,
}

/// A file that took part, and its state.
#[derive(Clone, Debug)]
pub struct Watched {
    /// As the shell reaches it, links and all.
    pub path: PathBuf,
    /// What it was when it was read.
    pub stamp: Stamp,
    /// Where the link led: in a nix or bazel store all files are equally old.
    pub target: Option<PathBuf>,
}

/// What the shell that will run the guard can do, from its version.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    shell: Shell,
    version: (u32, u32),
    pid: u32,
}

impl Abilities {
    /// Of the shell with this version text (`5.2.15(1)-release`, `5.9`, `3.6.0`).
    pub fn of(shell: Shell, version: &str, pid: u32) -> Self {
        let mut numbers =
            version.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
        Self { shell, version: (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)), pid }
    }

    /// How close to now an edit may be for a second one to go unseen: bash before 5.0 compares whole seconds.
    fn racy_window(self, stamp: Stamp) -> Duration {
        let coarse = stamp.nanos == 0 || (self.shell == Shell::Bash && self.version < (5, 0));
        if coarse { Duration::from_secs(2) } else { Duration::from_millis(20) }
    }

    /// fish before 3.6 has neither a clock nor a comparison of files.
    fn has_guard(self) -> bool {
        self.shell != Shell::Fish || self.version >= (3, 6)
    }
}

impl Guard {
    /// The function `__awsenv_ok` for this shell. `runtime` is where references are made; without one, or
    /// with an edit so fresh that a second one could be missed, the guard is false and the next prompt asks.
    pub fn function(&self, abilities: Abilities, runtime: Option<&Runtime>) -> Vec<u8> {
        let test = runtime
            .filter(|_| abilities.has_guard() && !self.is_racy(abilities))
            .and_then(|runtime| self.test(abilities, runtime).ok());
        match (abilities.shell, test) {
            (Shell::Bash | Shell::Zsh, None) => b"__awsenv_ok() { \\builtin return 1; }\n".to_vec(),
            (Shell::Fish, None) => b"function __awsenv_ok; return 1; end\n".to_vec(),
            (Shell::Bash, Some(test)) => [b"__awsenv_ok() { ", &test[..], b"; }\n"].concat(),
            // The hook once more with the test in it: a call of a function costs zsh a new heap, as much as
            // three files.
            (Shell::Zsh, Some(test)) => {
                let (guard, hook) = (b"__awsenv_ok() { ", b"; } && __awsenv_hook() { ");
                [guard, &test[..], hook, &test, b" || __awsenv_check; }\n"].concat()
            }
            (Shell::Fish, Some(test)) => [b"function __awsenv_ok; ", &test[..], b"; end\n"].concat(),
        }
    }

    /// The guard while `AWSENV_DISABLE` is set.
    pub fn disabled(shell: Shell) -> Vec<u8> {
        match shell {
            Shell::Bash | Shell::Zsh => b"__awsenv_ok() { [ -n \"${AWSENV_DISABLE-}\" ]; }\n".to_vec(),
            Shell::Fish => b"function __awsenv_ok; test -n \"$AWSENV_DISABLE\"; end\n".to_vec(),
        }
    }

    fn is_racy(&self, abilities: Abilities) -> bool {
        self.watched.iter().any(|file| {
            let Ok(modified) =
                Timestamp::new(file.stamp.seconds, i32::try_from(file.stamp.nanos).unwrap_or(0))
            else {
                return true;
            };
            let apart = self.now.duration_since(modified).unsigned_abs();
            apart < abilities.racy_window(file.stamp)
        })
    }

    /// All terms as one command: inside one `[[` they take bash a fifth less than each in its own.
    fn test(&self, abilities: Abilities, runtime: &Runtime) -> std::io::Result<Vec<u8>> {
        let write = Terms { shell: abilities.shell };
        let (empty, set): (Vec<_>, Vec<_>) = self.variables.iter().partition(|(_, value)| value.is_empty());
        let mut terms = vec![write.variable("PWD", &self.pwd)];
        terms.extend(set.into_iter().map(|(name, value)| write.variable(name, value)));
        terms.extend(
            write.empty(std::iter::once("AWSENV_DISABLE").chain(empty.into_iter().map(|(name, _)| *name))),
        );
        terms.extend(self.token.iter().chain(&self.entries).map(|path| write.exists(path)));
        for file in &self.watched {
            let reference = runtime.reference(&file.path, file.stamp)?;
            terms.push(write.unchanged(&file.path, &reference));
            terms.extend(file.target.iter().map(|target| write.same_file(&file.path, target)));
        }
        terms.extend(write.absent(&self.absent));
        let mut test = match abilities.shell {
            Shell::Bash | Shell::Zsh => [b"[[ ", terms.join(&b" && "[..]).as_slice(), b" ]]"].concat(),
            Shell::Fish => terms.join(&b"; and "[..]),
        };
        if let Some(deadline) = self.deadline {
            test.extend(write.before(self.now, deadline, abilities, runtime)?);
        }
        Ok(test)
    }
}

/// How each shell writes a term: for bash and zsh what stands inside `[[ ]]`, for fish a command.
struct Terms {
    shell: Shell,
}

impl Terms {
    fn join(&self, parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    fn path(&self, path: &Path) -> Vec<u8> {
        self.shell.quote(path)
    }

    /// A variable has this value, which is not empty. In bash `nocasematch` makes `==` take proj/ for Proj/, but
    /// not `##`, which tries the whole value first. The x keeps fish's `test` from reading a value as an operator.
    fn variable(&self, name: &str, value: &OsStr) -> Vec<u8> {
        let (name, quoted) = (name.as_bytes(), &self.shell.quote(value));
        match self.shell {
            Shell::Bash => self.join(&[b"-n ${", name, b"-} && -z ${", name, b"##", quoted, b"}"]),
            Shell::Zsh => self.join(&[b"\"${", name, b"-}\" == ", quoted]),
            Shell::Fish => {
                let mut guarded = OsString::from("x");
                guarded.push(value);
                self.join(&[b"test \"x$", name, b"\" = ", &self.shell.quote(guarded)])
            }
        }
    }

    /// Variables are all unset or empty.
    fn empty<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<Vec<u8>> {
        match self.shell {
            Shell::Bash | Shell::Zsh => {
                let values: String = names.map(|name| format!("${{{name}-}}")).collect();
                vec![format!("-z \"{values}\"").into_bytes()]
            }
            Shell::Fish => {
                let sentence = self.shell.quote(UNIVERSAL);
                let term =
                    |name: &str| self.join(&[b"contains -- \"$", name.as_bytes(), b"\" '' ", &sentence]);
                names.map(term).collect()
            }
        }
    }

    fn exists(&self, path: &Path) -> Vec<u8> {
        let test = if self.shell == Shell::Fish { &b"test -e "[..] } else { b"-e " };
        self.join(&[test, &self.path(path)])
    }

    /// Tested both ways, so that an edit, a deletion and a replacement by an older file are all seen. zsh
    /// answers no to both if either file is missing; bash and fish take a missing file for the oldest, and two
    /// missing ones for equally old.
    fn unchanged(&self, file: &Path, reference: &Path) -> Vec<u8> {
        let (f, r) = (&self.path(file), &self.path(reference));
        let test = |start: &[u8], and: &[u8]| {
            self.join(&[start, b"-e ", r, and, b"! ", f, b" -nt ", r, and, b"! ", f, b" -ot ", r])
        };
        match self.shell {
            Shell::Bash => test(b"", b" && "),
            Shell::Zsh => test(&self.join(&[b"-e ", f, b" && "]), b" && "),
            Shell::Fish => test(b"test ", b" -a "),
        }
    }

    fn same_file(&self, file: &Path, target: &Path) -> Vec<u8> {
        let test = if self.shell == Shell::Fish { &b"test "[..] } else { b"" };
        self.join(&[test, &self.path(file), b" -ef ", &self.path(target)])
    }

    fn absent(&self, paths: &[PathBuf]) -> Vec<Vec<u8>> {
        let paths: Vec<_> = paths.iter().map(|path| self.path(path)).collect();
        match self.shell {
            Shell::Bash | Shell::Zsh => paths.iter().map(|path| self.join(&[b"! -f ", path])).collect(),
            Shell::Fish if paths.is_empty() => Vec::new(),
            Shell::Fish => vec![self.join(&[b"not path is -f -- ", &paths.join(&b" "[..])])],
        }
    }

    /// Between making and deadline by the shell's own clock; the lower bound sees a clock that was set back.
    /// Commands to be added to the rest.
    fn before(
        &self,
        now: Timestamp,
        deadline: Timestamp,
        abilities: Abilities,
        runtime: &Runtime,
    ) -> std::io::Result<Vec<u8>> {
        let (from, until) = (now.as_second() - 1, deadline.as_second());
        Ok(match self.shell {
            Shell::Bash if abilities.version >= (5, 0) => {
                format!(" && (( EPOCHSECONDS >= {from} && EPOCHSECONDS < {until} ))").into_bytes()
            }
            Shell::Bash => {
                let clock = self.path(&runtime.clock_of(abilities.pid));
                let until = self.path(&runtime.deadline(until)?);
                let from = self.path(&runtime.deadline(from)?);
                self.join(&[
                    b" && : >|",
                    &clock,
                    b" && [[ ",
                    &until,
                    b" -nt ",
                    &clock,
                    b" && ! ",
                    &from,
                    b" -nt ",
                    &clock,
                    b" ]]",
                ])
            }
            Shell::Zsh => {
                let clock = "${EPOCHSECONDS:-${(%):-\"%D{%s}\"}}";
                format!(" && (( {clock} >= {from} && {clock} < {until} ))").into_bytes()
            }
            Shell::Fish => {
                let until = self.path(&runtime.deadline(until)?);
                self.join(&[
                    b"; and builtin path mtime -R -- ",
                    &until,
                    b" | read -l __awsenv_age; and test \"$__awsenv_age\" -lt 0",
                ])
            }
        })
    }
}
