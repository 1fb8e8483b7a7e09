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
        let terms = runtime
            .filter(|_| abilities.has_guard() && !self.is_racy(abilities))
            .and_then(|runtime| self.terms(abilities, runtime).ok());
        let body = terms.unwrap_or_else(|| vec![b"\\builtin return 1".to_vec()]);
        match abilities.shell {
            Shell::Bash | Shell::Zsh => {
                [b"__awsenv_ok() { ", body.join(&b" && "[..]).as_slice(), b"; }\n"].concat()
            }
            Shell::Fish if body.len() == 1 => b"function __awsenv_ok; return 1; end\n".to_vec(),
            Shell::Fish => {
                [b"function __awsenv_ok; ", body.join(&b"; and "[..]).as_slice(), b"; end\n"].concat()
            }
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

    fn terms(&self, abilities: Abilities, runtime: &Runtime) -> std::io::Result<Vec<Vec<u8>>> {
        let shell = abilities.shell;
        let write = Terms { shell };
        let mut terms =
            vec![write.variable("PWD", &self.pwd), write.variable("AWSENV_DISABLE", OsStr::new(""))];
        terms.extend(self.variables.iter().map(|(name, value)| write.variable(name, value)));
        terms.extend(self.token.iter().chain(&self.entries).map(|path| write.exists(path)));
        for file in &self.watched {
            let reference = runtime.reference(&file.path, file.stamp)?;
            terms.push(write.unchanged(&file.path, &reference));
            terms.extend(file.target.iter().map(|target| write.same_file(&file.path, target)));
        }
        if !self.absent.is_empty() {
            terms.push(write.absent(&self.absent));
        }
        if let Some(deadline) = self.deadline {
            terms.extend(write.before(self.now, deadline, abilities, runtime)?);
        }
        Ok(terms)
    }
}

/// How each shell writes a term.
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

    /// `[` in bash: `nocasematch` makes `[[ == ]]` take proj/ for Proj/. The x keeps fish's `test` from
    /// reading a value as an operator.
    fn variable(&self, name: &str, value: &OsStr) -> Vec<u8> {
        let name = name.as_bytes();
        match self.shell {
            Shell::Bash => self.join(&[b"[ \"${", name, b"-}\" = ", &self.shell.quote(value), b" ]"]),
            Shell::Zsh => self.join(&[b"[[ \"${", name, b"-}\" == ", &self.shell.quote(value), b" ]]"]),
            Shell::Fish if value.is_empty() => {
                let sentence = self.shell.quote(UNIVERSAL);
                self.join(&[b"contains -- \"$", name, b"\" '' ", &sentence])
            }
            Shell::Fish => {
                let mut guarded = OsString::from("x");
                guarded.push(value);
                self.join(&[b"test \"x$", name, b"\" = ", &self.shell.quote(guarded)])
            }
        }
    }

    fn exists(&self, path: &Path) -> Vec<u8> {
        let path = self.path(path);
        match self.shell {
            Shell::Bash | Shell::Zsh => self.join(&[b"[[ -e ", &path, b" ]]"]),
            Shell::Fish => self.join(&[b"test -e ", &path]),
        }
    }

    /// Tested both ways, so that an edit, a deletion and a replacement by an older file are all seen. zsh
    /// answers no to both if either file is missing; bash and fish take a missing file for the oldest.
    fn unchanged(&self, file: &Path, reference: &Path) -> Vec<u8> {
        let (f, r) = (&self.path(file), &self.path(reference));
        match self.shell {
            Shell::Bash => self.join(&[b"[[ ! ", f, b" -nt ", r, b" && ! ", f, b" -ot ", r, b" ]]"]),
            Shell::Zsh => self.join(&[
                b"[[ -e ", f, b" && -e ", r, b" && ! ", f, b" -nt ", r, b" && ! ", f, b" -ot ", r, b" ]]",
            ]),
            Shell::Fish => self.join(&[b"test ! ", f, b" -nt ", r, b" -a ! ", f, b" -ot ", r]),
        }
    }

    fn same_file(&self, file: &Path, target: &Path) -> Vec<u8> {
        let (file, target) = (&self.path(file), &self.path(target));
        match self.shell {
            Shell::Bash | Shell::Zsh => self.join(&[b"[[ ", file, b" -ef ", target, b" ]]"]),
            Shell::Fish => self.join(&[b"test ", file, b" -ef ", target]),
        }
    }

    fn absent(&self, paths: &[PathBuf]) -> Vec<u8> {
        let paths = paths.iter().map(|path| self.path(path));
        match self.shell {
            Shell::Bash | Shell::Zsh => {
                let tests: Vec<_> = paths.map(|path| self.join(&[b"! -f ", &path])).collect();
                self.join(&[b"[[ ", &tests.join(&b" && "[..]), b" ]]"])
            }
            Shell::Fish => {
                let paths: Vec<_> = paths.collect();
                self.join(&[b"not path is -f -- ", &paths.join(&b" "[..])])
            }
        }
    }

    /// Between making and deadline by the shell's own clock; the lower bound sees a clock that was set back.
    fn before(
        &self,
        now: Timestamp,
        deadline: Timestamp,
        abilities: Abilities,
        runtime: &Runtime,
    ) -> std::io::Result<Vec<Vec<u8>>> {
        let (from, until) = (now.as_second() - 1, deadline.as_second());
        Ok(match self.shell {
            Shell::Bash if abilities.version >= (5, 0) => {
                vec![format!("(( EPOCHSECONDS >= {from} && EPOCHSECONDS < {until} ))").into_bytes()]
            }
            Shell::Bash => {
                let clock = self.path(&runtime.clock_of(abilities.pid));
                let until = self.path(&runtime.deadline(until)?);
                let from = self.path(&runtime.deadline(from)?);
                vec![self.join(&[
                    b": >|", &clock, b" && [[ ", &until, b" -nt ", &clock, b" && ! ", &from, b" -nt ",
                    &clock, b" ]]",
                ])]
            }
            Shell::Zsh => {
                let clock = "${EPOCHSECONDS:-${(%):-\"%D{%s}\"}}";
                vec![format!("(( {clock} >= {from} && {clock} < {until} ))").into_bytes()]
            }
            Shell::Fish => {
                let until = self.path(&runtime.deadline(until)?);
                vec![
                    self.join(&[b"builtin path mtime -R -- ", &until, b" | read -l __awsenv_age"]),
                    b"test \"$__awsenv_age\" -lt 0".to_vec(),
                ]
            }
        })
    }
}
