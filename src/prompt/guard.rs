//! The guard: the one test a shell makes at each prompt, with builtins only, made for this very moment.
//! True: nothing has changed. False: ask the program. It is printed last, as the commit record.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
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
    /// The generation of all that other shells may change, and of the references.
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
    pub(super) shell: Shell,
    pub(super) version: (u32, u32),
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
            // The hook once more with the test in it. bash copies a function to call it, and has to hold a status
            // of the user's to give it back; where that is 0, the test's own is the same.
            (Shell::Bash, Some(test)) => {
                let (guard, hook) = (b"__awsenv_ok() { ", b"; } && __awsenv_hook() { case $? in 0) ");
                let rest = b" || __awsenv_check || \\builtin : ;; *) __awsenv_prompted ;; esac; }\n";
                [guard, &test[..], hook, &test, rest].concat()
            }
            // A call of a function costs zsh a new heap, as much as three files.
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

    /// Of the variables one command, and one of the files: inside one `[[` the terms take bash a fifth less than
    /// each in its own.
    fn test(&self, abilities: Abilities, runtime: &Runtime) -> std::io::Result<Vec<u8>> {
        let write = Terms { shell: abilities.shell };
        let (empty, set): (Vec<_>, Vec<_>) = self.variables.iter().partition(|(_, value)| value.is_empty());
        let pwd = ("PWD", self.pwd.as_os_str());
        let set = std::iter::once(pwd).chain(set.into_iter().map(|(name, value)| (*name, value.as_os_str())));
        let empty = std::iter::once("AWSENV_DISABLE").chain(empty.into_iter().map(|(name, _)| *name));
        let mut test = write.variables(&set.collect::<Vec<_>>(), &empty.collect::<Vec<_>>())?;
        let token = self.token.as_ref().ok_or(std::io::ErrorKind::NotFound)?;
        let mut terms: Vec<_> =
            std::iter::once(token).chain(&self.entries).map(|path| write.exists(path)).collect();
        for file in &self.watched {
            let reference = runtime.reference(&file.path, file.stamp)?;
            terms.push(write.unchanged(&file.path, &reference));
            terms.extend(file.target.iter().map(|target| write.same_file(&file.path, target)));
        }
        terms.extend(write.absent(&self.absent));
        test.extend(match abilities.shell {
            Shell::Bash | Shell::Zsh => [b" && [[ ", terms.join(&b" && "[..]).as_slice(), b" ]]"].concat(),
            Shell::Fish => [b"; and ", terms.join(&b"; and "[..]).as_slice()].concat(),
        });
        if let Some(deadline) = self.deadline {
            test.extend(write.before(self.now, deadline, abilities, runtime)?);
        }
        Ok(test)
    }
}

/// What may stand between the values of variables: nothing to any shell inside double quotes. Values that have
/// all of these get no guard.
const BETWEEN: [u8; 6] = *b"|,;+=@";

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

    /// Variables have these values, and the others are all unset or empty: a command of its own. The values are
    /// compared at once, with a character between them that is in none, so that no two lists of them read alike.
    fn variables(&self, values: &[(&str, &OsStr)], empty: &[&str]) -> std::io::Result<Vec<u8>> {
        let between = BETWEEN
            .into_iter()
            .find(|between| values.iter().all(|(_, value)| !value.as_bytes().contains(between)))
            .ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut wanted = Vec::new();
        for (_, value) in values {
            wanted.extend_from_slice(value.as_bytes());
            wanted.push(between);
        }
        let wanted = self.shell.quote(OsStr::from_bytes(&wanted));
        let (open, close) = if self.shell == Shell::Fish { ("$", "") } else { ("${", "-}") };
        let read: String =
            values.iter().map(|(name, _)| format!("{open}{name}{close}{}", char::from(between))).collect();
        let read = read.as_bytes();
        let none: String = empty.iter().map(|name| format!("${{{name}-}}")).collect();
        let none = none.as_bytes();
        Ok(match self.shell {
            // Under `nocasematch` the `==` of `[[` takes proj/ for Proj/.
            Shell::Bash => self.join(&[b"\\builtin [ \"", read, none, b"\" = ", &wanted, b" ]"]),
            Shell::Zsh => self.join(&[b"[[ \"", read, none, b"\" == ", &wanted, b" ]]"]),
            Shell::Fish => {
                let sentence = self.shell.quote(UNIVERSAL);
                let is_empty = |name: &&str| {
                    self.join(&[b"; and contains -- \"$", name.as_bytes(), b"\" '' ", &sentence])
                };
                let empty: Vec<_> = empty.iter().map(is_empty).collect();
                self.join(&[b"test \"", read, b"\" = ", &wanted, &empty.concat()])
            }
        })
    }

    fn exists(&self, path: &Path) -> Vec<u8> {
        let test = if self.shell == Shell::Fish { &b"test -e "[..] } else { b"-e " };
        self.join(&[test, &self.path(path)])
    }

    /// Tested both ways, so that an edit, a deletion and a replacement by an older file are all seen. zsh
    /// answers no to both if either file is missing; bash and fish take a missing file for the oldest, and two
    /// missing ones for equally old: but a reference is there as long as the token is.
    fn unchanged(&self, file: &Path, reference: &Path) -> Vec<u8> {
        let (f, r) = (&self.path(file), &self.path(reference));
        match self.shell {
            Shell::Bash => self.join(&[b"! ", f, b" -nt ", r, b" && ! ", f, b" -ot ", r]),
            Shell::Zsh => {
                self.join(&[b"-e ", f, b" && -e ", r, b" && ! ", f, b" -nt ", r, b" && ! ", f, b" -ot ", r])
            }
            Shell::Fish => self.join(&[b"test ! ", f, b" -nt ", r, b" -a ! ", f, b" -ot ", r]),
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
                    b" | read -g __awsenv_age; and test \"$__awsenv_age\" -lt 0",
                ])
            }
        })
    }
}
