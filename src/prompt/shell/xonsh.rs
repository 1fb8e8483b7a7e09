//! xonsh: Python, so files are asked for their state, and no reference is needed.

use std::ffi::OsStr;
use std::io;

use super::super::guard::{Abilities, Terms};
use super::dialect::Dialect;
use super::{Drawn, data};
use crate::settings::Settings;

pub(super) struct Xonsh;

impl Dialect for Xonsh {
    /// A string of Python, and of JSON too: ASCII, and each byte that is no text as the half of a pair that Python
    /// keeps it by (`surrogateescape`).
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = String::with_capacity(bytes.len() + 2);
        text.push('"');
        for chunk in bytes.utf8_chunks() {
            for unit in chunk.valid().encode_utf16() {
                match u8::try_from(unit) {
                    Ok(byte @ (b' '..=b'~')) if !matches!(byte, b'"' | b'\\') => text.push(char::from(byte)),
                    _ => text.push_str(&format!("\\u{unit:04x}")),
                }
            }
            chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\udc{byte:02x}")));
        }
        text.push('"');
        text.into_bytes()
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let quoted = variables.iter().map(|(name, value)| (*name, self.quote(value.as_encoded_bytes())));
        if variables.is_empty() { Vec::new() } else { data::member("set", &data::object(quoted)) }
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        data::unset(names)
    }

    fn pending(&self) -> &'static [u8] {
        data::PENDING
    }

    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        data::answer(statements, guard)
    }

    fn segment(&self, drawn: &Drawn<'_>, _: Abilities) -> Vec<u8> {
        data::segment(drawn)
    }

    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let files = terms.watched.iter().map(|file| {
            let stamp = file.stamp;
            let modified = i128::from(stamp.seconds) * 1_000_000_000 + i128::from(stamp.nanos);
            let numbers = [modified, stamp.size.into(), stamp.inode.into()].map(data::number);
            data::list([self.quote(file.path.as_os_str().as_encoded_bytes())].into_iter().chain(numbers))
        });
        data::guard(terms, |bytes| Ok(Xonsh.quote(bytes)), data::list(files))
    }

    fn no_guard(&self) -> Vec<u8> {
        data::no_guard()
    }

    fn disabled(&self) -> Vec<u8> {
        data::disabled()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"__awsenv_bin = ", word, b"\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("__awsenv_text = '{digest}'\n").into_bytes()
    }

    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        vec![include_str!("../../../shell/awsenv.xsh")]
    }

    fn ink(&self, code: u8) -> String {
        // xonsh measures its own names of colours alone.
        let name = match code {
            31 => "RED",
            32 => "GREEN",
            33 => "YELLOW",
            34 => "BLUE",
            35 => "PURPLE",
            _ => "RESET",
        };
        format!("{{{name}}}")
    }
}
