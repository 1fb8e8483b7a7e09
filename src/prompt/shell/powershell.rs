//! PowerShell 7.3 and later on Linux and macOS: answers are data. Nobody has run this one.

use std::ffi::OsStr;
use std::io;

use serde_json::json;

use super::super::guard::{Abilities, Terms, Watched};
use super::dialect::Dialect;
use super::{Drawn, data};
use crate::settings::Settings;

pub(super) struct PowerShell;

/// How many 100 nanoseconds there are between the year 1 and 1970.
const TICKS_TO_1970: i64 = 621_355_968_000_000_000;

impl Dialect for PowerShell {
    /// ASCII only: what a program prints is decoded by the console's encoding, where another byte may be a curly
    /// quote, which ends a string. Text that is not UTF-8 is none there.
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return b"$(throw 'awsenv: a value is not UTF-8')".to_vec();
        };
        if text.is_ascii() {
            return format!("'{}'", text.replace('\'', "''")).into_bytes();
        }
        let escaped = text.chars().map(|c| match c {
            '`' | '"' | '$' => format!("`{c}"),
            c if c.is_ascii() => c.to_string(),
            c => format!("`u{{{:x}}}", u32::from(c)),
        });
        format!("\"{}\"", escaped.collect::<String>()).into_bytes()
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let names: Vec<_> = variables.iter().map(|(name, _)| *name).collect();
        let set = variables.iter().map(|(name, value)| (*name, text(value.as_encoded_bytes())));
        let names = data::member("names", json!(names).to_string().as_bytes());
        [names, data::member("set", &data::object(set))].concat()
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        data::unset(names)
    }

    fn pending(&self) -> &'static [u8] {
        data::PENDING
    }

    /// ASCII only: what a program prints is decoded by the console's encoding. Each member is there, since to ask
    /// whether one is takes more of PowerShell. An answer with a value that is not UTF-8 is none.
    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        let mut statements = statements.to_vec();
        for (name, none) in
            [("names", "[]"), ("set", "{}"), ("unset", "[]"), ("pending", "false"), ("segment", "{}")]
        {
            let member = data::member(name, b"");
            if !statements.split(|byte| *byte == b'\n').any(|line| line.starts_with(member.trim_ascii_end()))
            {
                statements.extend(data::member(name, none.as_bytes()));
            }
        }
        let answer = String::from_utf8(data::answer(&statements, guard)).unwrap_or_default();
        let mut ascii = String::with_capacity(answer.len());
        for c in answer.chars() {
            if c.is_ascii() {
                ascii.push(c);
            } else {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
            }
        }
        ascii.into_bytes()
    }

    fn segment(&self, drawn: &Drawn<'_>, _: Abilities) -> Vec<u8> {
        data::segment(drawn)
    }

    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let known = |file: &Watched| -> io::Result<Vec<u8>> {
            // Of a link, .NET may say how old the link is.
            if file.target.is_some() {
                return Err(io::ErrorKind::Unsupported.into());
            }
            let ticks = TICKS_TO_1970 + file.stamp.seconds * 10_000_000 + file.stamp.nanos / 100;
            Ok(data::list([text(file.path.as_os_str().as_encoded_bytes()), data::number(ticks)]))
        };
        let known = terms.watched.iter().map(known).collect::<io::Result<Vec<_>>>()?;
        data::guard(terms, |bytes| Ok(text(bytes)), data::list(known))
    }

    fn no_guard(&self) -> Vec<u8> {
        data::no_guard()
    }

    fn disabled(&self) -> Vec<u8> {
        data::disabled()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"$global:__awsenv_bin = ", word, b"\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("$global:__awsenv_text = '{digest}'\n").into_bytes()
    }

    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        vec![include_str!("../../../shell/awsenv.ps1")]
    }
}

/// A string of JSON. Bytes that are no text stay as they are, and the answer is none.
fn text(bytes: &[u8]) -> Vec<u8> {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.to_vec(), |text| json!(text).to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn no_character_ends_a_string_in_any_encoding_of_the_console() {
        for (value, expected) in [
            ("eu-west-1", "'eu-west-1'"),
            ("it's $x `n \"", "'it''s $x `n \"'"),
            ("a\u{2018}'b\u{201c}", "\"a`u{2018}'b`u{201c}\""),
            ("é $x `n \" \u{1f600}", "\"`u{e9} `$x ``n `\" `u{1f600}\""),
        ] {
            assert_eq!(String::from_utf8(PowerShell.quote(value.as_bytes())).unwrap(), expected);
        }
        assert!(PowerShell.quote(b"\xff").starts_with(b"$(throw "));
    }

    #[test]
    fn an_answer_is_whole_and_ascii_or_none() {
        let set = PowerShell.export(&[("B", OsStr::new("it's \u{2018}\n\u{1f600}")), ("A", OsStr::new("x"))]);
        let answer = PowerShell.answer(&set, &PowerShell.no_guard());
        assert!(answer.is_ascii());
        let read: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let expected = json!({
            "names": ["B", "A"], "set": { "A": "x", "B": "it's \u{2018}\n\u{1f600}" }, "unset": [], "pending": false,
            "segment": {}, "guard": { "never": true },
        });
        assert_eq!(read, expected);
        let set = PowerShell.export(&[("A", OsStr::from_bytes(b"\xff"))]);
        assert_eq!(PowerShell.answer(&set, &PowerShell.no_guard()), b"");
    }
}
