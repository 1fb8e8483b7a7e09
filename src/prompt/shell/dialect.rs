//! What one shell is told, and in which words: the questions that every dialect answers.

use std::ffi::OsStr;
use std::io;

use super::super::guard::{Abilities, Terms};
use super::super::runtime::Runtime;
use crate::settings::Settings;

/// The words of one shell. Each has a file of its own beside this one.
pub trait Dialect: Sync {
    /// One word that this shell reads back as exactly these bytes, whatever options are set.
    fn quote(&self, bytes: &[u8]) -> Vec<u8>;

    /// Sets and exports variables, all by one statement where the shell has one: it is done or not done.
    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8>;

    /// Unsets variables, of which there is at least one.
    fn unset(&self, names: &[&str]) -> Vec<u8>;

    /// Tells the hook that an answer is on its way, and phase 2 worth a call.
    fn pending(&self) -> &'static [u8];

    /// A whole answer: these statements, and the guard. An answer that was cut off is a mistake of syntax, and
    /// nothing of it is carried out; a statement that fails ends it before the guard.
    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8>;

    /// What the shell's own `awsenv_prompt` puts together.
    fn segment(&self, drawn: &Drawn<'_>, abilities: Abilities) -> Vec<u8>;

    /// How the hook takes `names` away before it asks, if there are any and these have their values (empty: or none); the
    /// answer sets them again. For shells where Ctrl-C ends the asking alone, and what was typed goes on.
    fn put_away(&self, _known: &[(&str, &OsStr)], _names: &[&str]) -> Vec<u8> {
        Vec::new()
    }

    /// The guard with these terms, none of which may be left out. An error: this one cannot be written.
    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>>;

    /// The guard that is false: the next prompt asks again.
    fn no_guard(&self) -> Vec<u8>;

    /// The guard while `AWSENV_DISABLE` is set.
    fn disabled(&self) -> Vec<u8>;

    /// The statement in front of the hook: `__awsenv_bin` is this word, quoted already.
    fn program(&self, word: &[u8]) -> Vec<u8>;

    /// The next one: the digest of the hook's text, of which the function `awsenv` tells `doctor`.
    fn version(&self, digest: &str) -> Vec<u8>;

    /// The hook: files of `shell/`, as they stand.
    fn hook(&self, settings: &Settings) -> Vec<&'static str>;

    /// What no text that it evaluates can say, for a file that the hook reads.
    fn unsayable(&self) -> Option<&'static str> {
        None
    }

    /// The statement in front of the hook that reads this file.
    fn source(&self, _word: &[u8]) -> Vec<u8> {
        Vec::new()
    }

    /// The shell has a clock and can compare files without a process.
    fn has_guard(&self, _version: (u32, u32)) -> bool {
        true
    }

    /// It compares the times of files by whole seconds.
    fn sees_whole_seconds(&self, _version: (u32, u32)) -> bool {
        false
    }

    /// The foreground in this colour (ECMA-48), where the shell counts how wide its prompt is.
    fn ink(&self, code: u8) -> String {
        format!("\x1b[{code}m")
    }

    /// A text without characters that mean something in a prompt, of which `%` alone is left here.
    fn literal(&self, text: String) -> String {
        text
    }
}

/// The prompt's segment: what stands before and after the time that is left, and the end this is counted from.
#[derive(Debug)]
pub struct Drawn<'a> {
    /// Before the time.
    pub before: String,
    /// Behind it.
    pub after: String,
    /// When the session ends, in seconds since the epoch.
    pub until: Option<i64>,
    /// Now.
    pub now: i64,
    /// For shells that need a file to tell the time by.
    pub runtime: Option<&'a Runtime>,
}
