//! zsh 5 and later.

use std::ffi::OsStr;
use std::io;

use super::super::guard::{Abilities, Terms, Watched};
use super::dialect::Dialect;
use super::{Drawn, posix};
use crate::settings::Settings;

pub(super) struct Zsh;

impl Dialect for Zsh {
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        posix::quote(bytes)
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        posix::export(variables)
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        format!("\\builtin unset {}\n", names.join(" ")).into_bytes()
    }

    fn pending(&self) -> &'static [u8] {
        posix::PENDING
    }

    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        posix::answer(statements, guard)
    }

    fn segment(&self, drawn: &Drawn<'_>, _: Abilities) -> Vec<u8> {
        posix::segment(drawn, &drawn.until.map(|until| until.to_string()).unwrap_or_default())
    }

    /// The hook once more with the test in it: a call of a function costs zsh a new heap, as much as three files.
    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let test = test(terms)?;
        let (guard, hook) = (b"__awsenv_ok() { ", b"; } && __awsenv_hook() { ");
        Ok([guard, &test[..], hook, &test, b" || __awsenv_check; }\n"].concat())
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

    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        vec![include_str!("../../../shell/awsenv.zsh")]
    }

    fn ink(&self, code: u8) -> String {
        format!("%{{\x1b[{code}m%}}")
    }

    fn literal(&self, text: String) -> String {
        text.replace('%', "%%")
    }
}

fn test(terms: &Terms<'_>) -> io::Result<Vec<u8>> {
    let (read, wanted) = posix::variables(terms)?;
    // If either file is missing, the answer is no: so between two references four looks tell what takes six with one.
    let unchanged = |file: &Watched| {
        let f = &posix::path(&file.path)[..];
        if let Some([before, after]) = terms.references_around(file)? {
            return Ok(
                [f, b" -nt ", &posix::path(&before), b" && ", f, b" -ot ", &posix::path(&after)].concat()
            );
        }
        let r = &posix::path(&terms.reference(file)?)[..];
        Ok([b"-e ", f, b" && -e ", r, b" && ! ", f, b" -nt ", r, b" && ! ", f, b" -ot ", r].concat())
    };
    let variables = [b"[[ \"", read.as_bytes(), b"\" == ", &wanted, b" ]]"].concat();
    let clock = terms.time.map_or_else(String::new, |(from, until)| {
        let clock = "${EPOCHSECONDS:-${(%):-\"%D{%s}\"}}";
        format!(" && (( {clock} >= {from} && {clock} < {until} ))")
    });
    Ok([&variables[..], b" && ", &posix::files(terms, unchanged)?, clock.as_bytes()].concat())
}
