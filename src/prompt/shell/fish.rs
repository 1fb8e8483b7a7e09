//! fish 3.6 and later; older ones have neither a clock nor a comparison of files, and ask at each prompt.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::super::guard::{Abilities, Terms};
use super::super::memory::NO_ANSWER;
use super::dialect::Dialect;
use super::{Drawn, UNIVERSAL};
use crate::settings::Settings;

pub(super) struct Fish;

impl Dialect for Fish {
    /// `'…'` with `\` and `'` escaped; every other byte as it is. Escaping UTF-8 as bytes would make fish compare
    /// it unequal to `$PWD`.
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + 2);
        text.push(b'\'');
        for byte in bytes {
            if matches!(byte, b'\'' | b'\\') {
                text.push(b'\\');
            }
            text.push(*byte);
        }
        text.push(b'\'');
        text
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let set = |(name, value): &(&str, &OsStr)| {
            [b"set -gx ", name.as_bytes(), b" ", &self.quote(value.as_encoded_bytes()), b"\n"].concat()
        };
        variables.iter().flat_map(set).collect()
    }

    /// fish exports a universal variable whatever global hides it, so an empty global, exported, takes its place; a
    /// profile gets the sentence, since an empty name is an error to boto3.
    fn unset(&self, names: &[&str]) -> Vec<u8> {
        let unset = |name: &&str| {
            let instead = self.quote(if is_profile(name) { UNIVERSAL } else { "" }.as_bytes());
            let instead = String::from_utf8_lossy(&instead);
            format!("set -eg {name}; set -qUx {name}; and set -gx {name} {instead}\n")
        };
        names.iter().map(unset).collect::<String>().into_bytes()
    }

    fn pending(&self) -> &'static [u8] {
        b"set -g __awsenv_pending 1\n"
    }

    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        [b"begin\n", statements, guard, b"end\n"].concat()
    }

    fn segment(&self, drawn: &Drawn<'_>, _: Abilities) -> Vec<u8> {
        let (before, after) = (self.quote(drawn.before.as_bytes()), self.quote(drawn.after.as_bytes()));
        let age = drawn.until.map(|until| drawn.now.saturating_sub(until).to_string());
        let end = drawn.until.and_then(|until| drawn.runtime?.deadline(until).ok());
        let end = end.map(|end| self.quote(end.as_os_str().as_encoded_bytes()));
        [
            b"set -g __awsenv_before ",
            &before[..],
            b"; set -g __awsenv_after ",
            &after,
            b"; set -g __awsenv_age ",
            age.unwrap_or_default().as_bytes(),
            b"; set -g __awsenv_end ",
            &end.unwrap_or_default(),
            b"\n",
        ]
        .concat()
    }

    fn put_away(&self, known: &[(&str, &OsStr)], names: &[&str]) -> Vec<u8> {
        if names.is_empty() {
            return b"function __awsenv_away; end\n".to_vec();
        }
        let known = known.iter().map(|(name, value)| {
            let value = self.quote(value.as_encoded_bytes());
            [b"test \"$", name.as_bytes(), b"\" = ", &value, b"; or return 0; "].concat()
        });
        let names: Vec<_> = names.iter().copied().filter(|name| *name != "AWS_PROFILE").collect();
        let unset = String::from_utf8_lossy(&self.unset(&names)).replace('\n', "; ");
        let rest = format!(
            "string match -q '1:on:*' -- \"$AWSENV_STATE\"; or return 0; \
             set -gx AWSENV_STATE 1:away:(string sub -s 6 -- \"$AWSENV_STATE\" | string collect); \
             set -gx AWS_PROFILE '{NO_ANSWER}'; \
             set -q AWS_EC2_METADATA_DISABLED; or set -gx AWS_EC2_METADATA_DISABLED true; {unset}end\n"
        );
        [b"function __awsenv_away; ", &known.collect::<Vec<_>>().concat()[..], rest.as_bytes()].concat()
    }

    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let path = |path: &Path| self.quote(path.as_os_str().as_encoded_bytes());
        let mut files: Vec<_> =
            terms.present.iter().map(|there| [b"-e ", &path(there)[..]].concat()).collect();
        for file in terms.watched {
            // A word that begins with `-` or `!` is none of a file to `test`.
            let f = if file.path.is_relative() { Path::new(".").join(&file.path) } else { file.path.clone() };
            let (f, r) = (&path(&f)[..], &path(&terms.reference(file)?)[..]);
            // A missing file is the oldest, and two missing ones are equally old: but a reference is there as
            // long as the token is.
            files.push([b"! ", f, b" -nt ", r, b" -a ! ", f, b" -ot ", r].concat());
            let target = file.target.as_ref();
            files.extend(target.map(|target| [f, b" -ef ", &path(target)].concat()));
        }
        files.extend(terms.here.map(|here| [b". -ef ", &path(here)[..]].concat()));
        let mut tests = vec![self.variables(terms)?, [b"test ", &files.join(&b" -a "[..])[..]].concat()];
        if !terms.absent.is_empty() {
            let absent: Vec<_> = terms.absent.iter().map(|absent| path(&terms.from_here(absent))).collect();
            tests.push([b"not builtin path is -f -- ", absent.join(&b" "[..]).as_slice()].concat());
        }
        if let Some((from, until)) = terms.time {
            let is_from = path(&terms.runtime.start(from)?);
            let is_until = path(&terms.runtime.deadline(until)?);
            let now = path(&terms.runtime.clock_of(terms.abilities.pid)?);
            // What is written to is touched before the test looks at it.
            let is_early = [b"test ", &is_until[..], b" -nt ", &now].concat();
            tests.push([&is_early[..], b" -a ! ", &is_from, b" -nt ", &now, b" >", &now].concat());
        }
        Ok([b"function __awsenv_ok; ", tests.join(&b"; and "[..]).as_slice(), b"; end\n"].concat())
    }

    fn no_guard(&self) -> Vec<u8> {
        b"function __awsenv_ok; return 1; end\n".to_vec()
    }

    fn disabled(&self) -> Vec<u8> {
        b"function __awsenv_ok; test -n \"$AWSENV_DISABLE\"; end\n".to_vec()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"set -g __awsenv_bin ", word, b"\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("set -g __awsenv_text {digest}\n").into_bytes()
    }

    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        vec![include_str!("../../../shell/awsenv.fish")]
    }

    fn has_guard(&self, version: (u32, u32)) -> bool {
        version >= (3, 6)
    }
}

/// Where an empty name is an error.
fn is_profile(name: &str) -> bool {
    name.ends_with("PROFILE")
}

impl Fish {
    /// All in one, since each builtin costs fish as much as several files: which values there may be, in one word each.
    /// A profile may be empty or the sentence, in which nothing stands that stands between values.
    fn variables(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let (between, values) = terms.values_as_one()?;
        let (profiles, empty): (Vec<&str>, Vec<&str>) = terms.empty.iter().partition(|name| is_profile(name));
        let names = terms.values.iter().map(|(name, _)| *name).chain(profiles.iter().copied());
        let read = names.map(|name| format!("${name}{}", char::from(between)));
        let none = empty.iter().map(|name| format!("${name}"));
        let read = read.chain(none).collect::<String>();
        let mut wanted = vec![values];
        for _ in profiles {
            let either = ["", UNIVERSAL].map(str::as_bytes);
            let with = |before: &Vec<u8>| either.map(|value| [before, value, &[between]].concat());
            wanted = wanted.iter().flat_map(with).collect();
        }
        let wanted = wanted.iter().flat_map(|wanted| [b" ", &self.quote(wanted)[..]].concat());
        Ok([b"builtin contains -- \"", read.as_bytes(), b"\""].concat().into_iter().chain(wanted).collect())
    }
}
