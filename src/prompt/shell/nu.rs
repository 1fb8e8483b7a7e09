//! nushell: it knows the time of a file only by `ls`, which is dear, but reads and digests one cheaply. So a watched
//! file is known by its content.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;

use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::guard::{Abilities, Terms, Watched};
use super::dialect::Dialect;
use super::{Drawn, data};
use crate::files::{self, Stamp};
use crate::settings::Settings;

/// A file that is larger has no guard: reading it would hold up each prompt.
const LIMIT: u64 = 1 << 20;

pub(super) struct Nu;

impl Dialect for Nu {
    /// A string of JSON, and of nushell too. It has no strings but UTF-8.
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = String::with_capacity(bytes.len() + 2);
        text.push('"');
        for c in String::from_utf8_lossy(bytes).chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c => text.push(c),
            }
        }
        text.push('"');
        text.into_bytes()
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let quoted = variables.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_encoded_bytes());
            (*name, serde_json::Value::from(value).to_string().into_bytes())
        });
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

    fn put_away(&self, known: &[(&str, &OsStr)], names: &[&str]) -> Vec<u8> {
        let known: BTreeMap<_, _> = known
            .iter()
            .map(|(name, value)| (name, String::from_utf8_lossy(value.as_encoded_bytes())))
            .collect();
        data::member("away", json!({ "known": known, "names": names }).to_string().as_bytes())
    }

    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let known = |file: &Watched| -> io::Result<Vec<u8>> {
            Ok(data::list([text(file.path.as_os_str().as_encoded_bytes())?, text(digest(file)?.as_bytes())?]))
        };
        let known = terms.watched.iter().map(known).collect::<io::Result<Vec<_>>>()?;
        data::guard(terms, text, data::list(known))
    }

    fn no_guard(&self) -> Vec<u8> {
        data::no_guard()
    }

    fn disabled(&self) -> Vec<u8> {
        data::disabled()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"$env.__awsenv = {bin: ", word, b"}\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("$env.__awsenv.text = \"{digest}\"\n").into_bytes()
    }

    fn hook(&self, settings: &Settings) -> Vec<&'static str> {
        let files = [
            (true, include_str!("../../../shell/awsenv.nu")),
            (settings.wrap_cd, include_str!("../../../shell/cd.nu")),
        ];
        files.into_iter().filter_map(|(wanted, file)| wanted.then_some(file)).collect()
    }
}

/// A path that is not UTF-8 cannot be asked for.
fn text(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let text = std::str::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(serde_json::Value::from(text).to_string().into_bytes())
}

/// Of the content that it had when it took part: an error if it is another one by now.
fn digest(file: &Watched) -> io::Result<String> {
    let (bytes, metadata) = files::read_limited(&file.path, LIMIT)?.ok_or(io::ErrorKind::NotFound)?;
    let digest = Sha256::digest(&*Zeroizing::new(bytes));
    if Stamp::of(&metadata) != file.stamp || Stamp::at(&file.path) != Some(file.stamp) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(files::hex(&digest))
}
