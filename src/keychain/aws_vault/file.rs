//! aws-vault's file backend: a JWE for each item, in a file of its name.

use std::fs;
use std::path::Path;

use anyhow::Context;
use zeroize::Zeroizing;

use super::jwe::{self, Trouble};
use crate::env::Env;
use crate::files;
use crate::keychain::Texts;
use crate::keychain::passphrase::TRIES;
use crate::message::{Exit, Failure};
use crate::secret::Secret;
use crate::terminal;

/// More than any item.
const LIMIT: u64 = 64 * 1024;
const PASSPHRASE: &str = "AWS_VAULT_FILE_PASSPHRASE";

/// Opens the items that are wanted, by their file's name. `shown` is the directory, for people.
pub(super) fn items(
    dir: &Path,
    shown: &str,
    original: &Env,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<Texts> {
    let mut items = Vec::new();
    let mut passphrase = None;
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {shown}"))? {
        let entry = entry.with_context(|| format!("cannot read {shown}"))?;
        let Some(name) = entry.file_name().to_str().and_then(decoded).filter(|name| wanted(name)) else {
            continue;
        };
        let shown = || format!("{shown}/{}", entry.file_name().display());
        let read =
            files::read_limited(&entry.path(), LIMIT).with_context(|| format!("cannot read {}", shown()))?;
        let Some((token, _)) = read else { continue };
        let opened = match std::str::from_utf8(&token) {
            Ok(token) => open(token, &mut passphrase, original, &shown()),
            Err(_) => Err(strange(&shown())),
        };
        items.push((name, opened?));
    }
    Ok(items)
}

/// With the passphrase that is known, else with one that is asked for, and known from then on.
fn open(
    token: &str,
    known: &mut Option<Secret>,
    original: &Env,
    shown: &str,
) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let given = original.text(PASSPHRASE);
    let tries = if known.is_some() || given.is_some() { 1 } else { TRIES };
    for _ in 0..tries {
        let passphrase = match (known.take(), given) {
            (Some(known), _) => known,
            (None, Some(given)) => Secret::new(given),
            (None, None) => ask(shown)?,
        };
        match jwe::open(token, &passphrase) {
            Ok(text) => {
                *known = Some(passphrase);
                return Ok(text);
            }
            Err(Trouble::Passphrase) => {}
            Err(Trouble::Strange) => return Err(strange(shown)),
            Err(Trouble::Damaged) => return Err(Failure::new(format!("{shown} is damaged")).into()),
        }
    }
    let what = match given {
        Some(_) => format!("{PASSPHRASE} is not the passphrase of {shown}"),
        None => format!("that is not the passphrase of {shown}"),
    };
    Err(Failure::new(what).hint("nothing was changed").exit(Exit::PersonNeeded).into())
}

fn ask(shown: &str) -> anyhow::Result<Secret> {
    let hint = format!("run it in a terminal, or set {PASSPHRASE}");
    let what = format!("cannot ask for the passphrase of {shown}");
    let asked = terminal::ask_hidden(&format!("aws-vault's passphrase of {shown}: "));
    asked.map_err(|error| terminal::unanswered(&what, &error, &hint).into())
}

fn strange(shown: &str) -> anyhow::Error {
    Failure::new(format!("{shown} was not written by aws-vault"))
        .hint("name the keys you mean, or move that file away")
        .into()
}

/// `%2F` is a slash. `None` for what is no text.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, more @ ..] = rest {
        let digits =
            more.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        for (file, name) in [
            ("ci", Some("ci")),
            ("team%2Fops", Some("team/ops")),
            ("oidc:https:%2F%2Facme.awsapps.com%2fstart", Some("oidc:https://acme.awsapps.com/start")),
            ("100%", Some("100%")),
            ("%2", Some("%2")),
            ("%zz%41", Some("%zzA")),
            ("%ff", None),
        ] {
            assert_eq!(decoded(file).as_deref(), name, "{file}");
        }
    }
}
