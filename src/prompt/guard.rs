//! The guard: the one test a shell makes at each prompt, with builtins only, made for this very moment.
//! True: nothing has changed. False: ask the program. It is printed last, as the commit record.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::runtime::Runtime;
use super::shell::Shell;
use crate::clock::Timestamp;
use crate::files::Stamp;

/// Everything that must still be so. No term is dropped for speed: a test in tests/it holds the list.
#[derive(Debug)]
pub struct Guard {
    /// The directory, as the shell calls it.
    pub pwd: OsString,
    /// In a deep tree, whether no link is on the way there: then `..` leads to where its name says.
    pub is_real: bool,
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
    pub(super) pid: u32,
}

impl Abilities {
    /// Of the shell with this version text (`5.2.15(1)-release`, `5.9`, `3.6.0`).
    pub fn of(shell: Shell, version: &str, pid: u32) -> Self {
        let mut numbers =
            version.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
        Self { shell, version: (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)), pid }
    }
}

impl Guard {
    /// The guard in this shell's words. `runtime` is where references are made; without one, or with an edit so
    /// fresh that a second one could be missed, the guard is false and the next prompt asks.
    pub fn function(&self, abilities: Abilities, runtime: Option<&Runtime>) -> Vec<u8> {
        let dialect = abilities.shell.dialect();
        runtime
            .filter(|_| dialect.has_guard(abilities.version) && !self.is_racy(abilities))
            .and_then(|runtime| dialect.guard(&self.terms(abilities, runtime)?).ok())
            .unwrap_or_else(|| dialect.no_guard())
    }

    /// The guard while `AWSENV_DISABLE` is set.
    pub fn disabled(shell: Shell) -> Vec<u8> {
        shell.dialect().disabled()
    }

    fn is_racy(&self, abilities: Abilities) -> bool {
        // bash before 5.0 compares whole seconds.
        let coarse = abilities.shell.dialect().sees_whole_seconds(abilities.version);
        self.watched.iter().any(|file| file.stamp.is_fresh(self.now, coarse))
    }

    /// `None` where there is no token.
    fn terms<'a>(&'a self, abilities: Abilities, runtime: &'a Runtime) -> Option<Terms<'a>> {
        let (empty, set): (Vec<_>, Vec<_>) = self.variables.iter().partition(|(_, value)| value.is_empty());
        let pwd = ("PWD", self.pwd.as_os_str());
        let set = set.into_iter().map(|(name, value)| (*name, value.as_os_str()));
        Some(Terms {
            values: std::iter::once(pwd).chain(set).collect(),
            empty: std::iter::once("AWSENV_DISABLE")
                .chain(empty.into_iter().map(|(name, _)| *name))
                .collect(),
            present: std::iter::once(self.token.as_ref()?)
                .chain(&self.entries)
                .map(PathBuf::as_path)
                .collect(),
            watched: &self.watched,
            absent: &self.absent,
            here: self.is_real.then_some(Path::new(&self.pwd)),
            time: self.deadline.map(|deadline| (self.now.as_second() - 1, deadline.as_second())),
            abilities,
            runtime,
        })
    }
}

/// What may stand between the values of variables: nothing to any shell inside double quotes. Values that have
/// all of these get no guard.
const BETWEEN: [u8; 6] = *b"|,;+=@";

/// What a guard asks, in the order in which it is asked: how, is each dialect's own.
#[derive(Debug)]
pub struct Terms<'a> {
    /// Variables and their values, the directory first.
    pub values: Vec<(&'a str, &'a OsStr)>,
    /// Variables that are unset or empty.
    pub empty: Vec<&'a str>,
    /// What is there: the token first.
    pub present: Vec<&'a Path>,
    /// Neither edited nor deleted nor replaced, by an older file either; and behind a link, the same file.
    pub watched: &'a [Watched],
    /// Where no regular file is.
    pub absent: &'a [PathBuf],
    /// The directory, where those above it may be called by `..`: in a deep tree a word of hundreds of characters takes
    /// a shell longer than the test. If it is not there any more, `..` leads elsewhere.
    pub here: Option<&'a Path>,
    /// From when to before when, in seconds since the epoch; the lower bound sees a clock that was set back.
    pub time: Option<(i64, i64)>,
    /// Who asks.
    pub abilities: Abilities,
    /// For shells that need files to compare with.
    pub runtime: &'a Runtime,
}

impl Terms<'_> {
    /// The values in one, to be compared at once, with a character between them that is in none: so no two lists
    /// of them read alike.
    pub fn values_as_one(&self) -> std::io::Result<(u8, Vec<u8>)> {
        let between = BETWEEN
            .into_iter()
            .find(|between| self.values.iter().all(|(_, value)| !value.as_bytes().contains(between)))
            .ok_or(std::io::ErrorKind::InvalidInput)?;
        let values = self.values.iter().flat_map(|(_, value)| [value.as_bytes(), &[between]].concat());
        Ok((between, values.collect()))
    }

    /// The shortest word for a file in or above the directory.
    pub fn from_here<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        let way_up = || {
            let below = self.here?.strip_prefix(path.parent()?).ok()?;
            Some(below.components().map(|_| "..").collect::<PathBuf>().join(path.file_name()?))
        };
        way_up().map_or(Cow::Borrowed(path), Cow::Owned)
    }

    /// An empty file that is as old as a watched one was.
    pub fn reference(&self, file: &Watched) -> std::io::Result<PathBuf> {
        self.runtime.reference(&file.path, file.stamp)
    }

    /// Two of them, a nanosecond older and a nanosecond newer. Not where a watched file's time may have been rounded
    /// by a file system that would round theirs too.
    pub fn references_around(&self, file: &Watched) -> std::io::Result<Option<[PathBuf; 2]>> {
        let Stamp { nanos, .. } = file.stamp;
        if nanos % 1000 == 0 || nanos % 1000 == 999 {
            return Ok(None);
        }
        let at = |nanos| self.runtime.reference(&file.path, Stamp { nanos, ..file.stamp });
        Ok(Some([at(nanos - 1)?, at(nanos + 1)?]))
    }
}
