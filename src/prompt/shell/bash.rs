//! bash 3.2 and later.

use std::ffi::OsStr;
use std::io;

use super::super::guard::{Abilities, Terms, Watched};
use super::dialect::Dialect;
use super::{Drawn, posix};
use crate::settings::Settings;

pub(super) struct Bash;

impl Dialect for Bash {
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        posix::quote(bytes)
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        posix::export(variables)
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        format!("\\builtin unset -v {}\n", names.join(" ")).into_bytes()
    }

    fn pending(&self) -> &'static [u8] {
        posix::PENDING
    }

    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        posix::answer(statements, guard)
    }

    fn segment(&self, drawn: &Drawn<'_>, abilities: Abilities) -> Vec<u8> {
        let until = match drawn.until {
            None => String::new(),
            // Without a clock of its own it counts the seconds of its own life.
            Some(until) if abilities.version < (4, 2) => {
                format!("$((${{SECONDS:-0}}+{}))", until.saturating_sub(drawn.now))
            }
            Some(until) => until.to_string(),
        };
        posix::segment(drawn, &until)
    }

    /// The hook once more with the test in it. bash copies a function to call it, and has to hold a status of the
    /// user's to give it back; where that is 0, the test's own is the same.
    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let test = test(terms)?;
        let (guard, hook) = (b"__awsenv_ok() { ", b"; } && __awsenv_hook() { case $? in 0) ");
        let rest = b" || __awsenv_check || \\builtin : ;; *) __awsenv_prompted ;; esac; }\n";
        Ok([guard, &test[..], hook, &test, rest].concat())
    }

    fn no_guard(&self) -> Vec<u8> {
        posix::NO_GUARD.to_vec()
    }

    fn disabled(&self) -> Vec<u8> {
        posix::DISABLED.to_vec()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        posix::program(word)
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        posix::version(digest)
    }

    fn hook(&self, settings: &Settings) -> Vec<&'static str> {
        let files = [
            (true, include_str!("../../../shell/awsenv.bash")),
            (settings.wrap_cd, include_str!("../../../shell/cd.bash")),
            (settings.debug_trap, include_str!("../../../shell/debug.bash")),
        ];
        files.into_iter().filter_map(|(wanted, file)| wanted.then_some(file)).collect()
    }

    fn sees_whole_seconds(&self, version: (u32, u32)) -> bool {
        version < (5, 0)
    }

    /// What `\[` and `\]` become: the value of a variable is not read for those.
    fn ink(&self, code: u8) -> String {
        format!("\x01\x1b[{code}m\x02")
    }
}

fn test(terms: &Terms<'_>) -> io::Result<Vec<u8>> {
    let (read, wanted) = posix::variables(terms)?;
    // A missing file is the oldest, and two missing ones are equally old: but a reference is there as long as the
    // token is.
    let unchanged = |file: &Watched| {
        let (f, r) = (&posix::path(&file.path)[..], &posix::path(&terms.reference(file)?)[..]);
        Ok([b"! ", f, b" -nt ", r, b" && ! ", f, b" -ot ", r].concat())
    };
    // Under `nocasematch` the `==` of `[[` takes proj/ for Proj/.
    let variables = [b"\\builtin [ \"", read.as_bytes(), b"\" = ", &wanted, b" ]"].concat();
    Ok([&variables[..], b" && ", &posix::files(terms, unchanged)?, &clock(terms)?].concat())
}

/// Before 5.0 it learns what time it is by a file that it touches.
fn clock(terms: &Terms<'_>) -> io::Result<Vec<u8>> {
    let Some((from, until)) = terms.time else { return Ok(Vec::new()) };
    if terms.abilities.version >= (5, 0) {
        return Ok(format!(" && (( EPOCHSECONDS >= {from} && EPOCHSECONDS < {until} ))").into_bytes());
    }
    let clock = posix::path(&terms.runtime.clock_of(terms.abilities.pid)?);
    let until = posix::path(&terms.runtime.deadline(until)?);
    let from = posix::path(&terms.runtime.start(from)?);
    let newer = |a: &[u8], b: &[u8]| [a, b" -nt ", b].concat();
    let (is_early, is_late) = (newer(&until, &clock), newer(&from, &clock));
    Ok([b" && : >|", &clock[..], b" && [[ ", &is_early, b" && ! ", &is_late, b" ]]"].concat())
}
