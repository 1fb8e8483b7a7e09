//! elvish 0.19 and later. It has neither a clock nor the times of files (`os:stat` leaves them out, to this day),
//! and so no guard. An answer tells the hook what to know about it by what it puts.

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use super::super::guard::{Abilities, Terms};
use super::Drawn;
use super::dialect::Dialect;
use crate::clock;
use crate::settings::Settings;

pub(super) struct Elvish;

impl Dialect for Elvish {
    /// `'…'` where that is enough, else `"…"` with every other byte by its number: a text that is not UTF-8 is none
    /// to elvish.
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        if bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            return format!("'{}'", String::from_utf8_lossy(bytes).replace('\'', "''")).into_bytes();
        }
        let escaped = |byte: &u8| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            b' '..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        };
        format!("\"{}\"", bytes.iter().map(escaped).collect::<String>()).into_bytes()
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let set = |(name, value): &(&str, &OsStr)| {
            [b"set-env ", name.as_bytes(), b" ", &self.quote(value.as_encoded_bytes()), b"\n"].concat()
        };
        variables.iter().flat_map(set).collect()
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        names.iter().map(|name| format!("unset-env {name}\n")).collect::<String>().into_bytes()
    }

    fn pending(&self) -> &'static [u8] {
        b"put pending\n"
    }

    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        [b"{\n", statements, guard, b"}\n"].concat()
    }

    /// As of now: the program is asked before each prompt.
    fn segment(&self, drawn: &Drawn<'_>, _: Abilities) -> Vec<u8> {
        let left = drawn.until.map(|until| u64::try_from(until.saturating_sub(drawn.now)).unwrap_or(0));
        let left = left.map(|left| format!(" {}", clock::human(Duration::from_secs(left))));
        let text = [&*drawn.before, &left.unwrap_or_default(), &drawn.after].concat();
        [b"put [&segment=", &self.quote(text.as_bytes())[..], b"]\n"].concat()
    }

    fn guard(&self, _: &Terms<'_>) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn no_guard(&self) -> Vec<u8> {
        b"put answered\n".to_vec()
    }

    fn disabled(&self) -> Vec<u8> {
        self.no_guard()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"var __awsenv-bin = ", word, b"\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("var __awsenv-text = {digest}\n").into_bytes()
    }

    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        vec![include_str!("../../../shell/awsenv.elv")]
    }

    fn has_guard(&self, _: (u32, u32)) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_told_by_number() {
        for (value, expected) in [
            (&b"eu-west-1"[..], &b"'eu-west-1'"[..]),
            (b"it's $x", b"'it''s $x'"),
            (b"a\n\"\\\xff\xc3\xa9", b"\"a\\x0a\\\"\\\\\\xff\\xc3\\xa9\""),
        ] {
            assert_eq!(Elvish.quote(value), expected);
        }
    }

    #[test]
    fn an_answer_says_itself_that_it_is_whole() {
        let statements = [Elvish.export(&[("A", OsStr::new("x"))]), Elvish.unset(&["B"])].concat();
        let answer = Elvish.answer(&statements, &Elvish.no_guard());
        assert_eq!(answer, b"{\nset-env A 'x'\nunset-env B\nput answered\n}\n");
    }
}
