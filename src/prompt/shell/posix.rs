//! What bash and zsh have in common.

use std::ffi::OsStr;
use std::path::Path;

use super::super::guard::{Terms, Watched};
use super::Drawn;

pub(super) const PENDING: &[u8] = b"__awsenv_pending=1\n";
pub(super) const NO_GUARD: &[u8] = b"__awsenv_ok() { \\builtin return 1; }\n";
pub(super) const DISABLED: &[u8] = b"__awsenv_ok() { [ -n \"${AWSENV_DISABLE-}\" ]; }\n";

/// `'…'` where that is enough, else `$'…'`: one line of ASCII whatever comes in, immune to history expansion,
/// `rc_quotes`, `csh_junkie_quotes` and the locale.
pub(super) fn quote(bytes: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| (b' '..=b'~').contains(byte) && !matches!(byte, b'\'' | b'\\' | b'!');
    let mut text = Vec::with_capacity(bytes.len() + 3);
    if bytes.iter().all(plain) {
        text.push(b'\'');
        text.extend_from_slice(bytes);
        text.push(b'\'');
        return text;
    }
    text.extend_from_slice(b"$'");
    for byte in bytes {
        if plain(byte) {
            text.push(*byte);
        } else {
            // Octal with three digits cannot swallow a digit that follows it, as \x can in bash 3.2.
            text.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
    }
    text.push(b'\'');
    text
}

/// One statement.
pub(super) fn export(variables: &[(&str, &OsStr)]) -> Vec<u8> {
    if variables.is_empty() {
        return Vec::new();
    }
    let mut text = b"\\builtin export".to_vec();
    for (name, value) in variables {
        text.push(b' ');
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(&quote(value.as_encoded_bytes()));
    }
    text.push(b'\n');
    text
}

/// One block: cut off, `export` alone would list all variables on the terminal. A quoted value holds no line break.
/// A statement that fails, on a variable that is readonly, ends it before the guard.
pub(super) fn answer(statements: &[u8], guard: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = statements.split_inclusive(|byte| *byte == b'\n').collect();
    let steps = lines.iter().flat_map(|line| [line.trim_ascii_end(), b" &&\n"]);
    [&b"{\n"[..]].into_iter().chain(steps).chain([guard, b"}\n"]).collect::<Vec<_>>().concat()
}

pub(super) fn segment(drawn: &Drawn<'_>, until: &str) -> Vec<u8> {
    let (before, after) = (quote(drawn.before.as_bytes()), quote(drawn.after.as_bytes()));
    [
        b"__awsenv_before=",
        &before[..],
        b" __awsenv_until=",
        until.as_bytes(),
        b" __awsenv_after=",
        &after,
        b"\n",
    ]
    .concat()
}

pub(super) fn program(word: &[u8]) -> Vec<u8> {
    [b"__awsenv_bin=", word, b"\n"].concat()
}

pub(super) fn version(digest: &str) -> Vec<u8> {
    format!("__awsenv_text={digest}\n").into_bytes()
}

pub(super) fn path(path: &Path) -> Vec<u8> {
    quote(path.as_os_str().as_encoded_bytes())
}

/// The variables' values between double quotes, and the word they must be together.
pub(super) fn variables(terms: &Terms<'_>) -> std::io::Result<(String, Vec<u8>)> {
    let (between, wanted) = terms.values_as_one()?;
    let read = terms.values.iter().map(|(name, _)| format!("${{{name}-}}{}", char::from(between)));
    let none = terms.empty.iter().map(|name| format!("${{{name}-}}"));
    Ok((read.chain(none).collect(), quote(&wanted)))
}

/// The terms about files, for inside of one `[[ ]]`: there they take bash a fifth less than each in its own.
/// `unchanged` compares a file with its references.
pub(super) fn files(
    terms: &Terms<'_>,
    unchanged: impl Fn(&Watched) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<Vec<u8>> {
    let mut tests: Vec<_> = terms.present.iter().map(|there| [b"-e ", &path(there)[..]].concat()).collect();
    for file in terms.watched {
        tests.push(unchanged(file)?);
        let target = file.target.as_ref();
        tests.extend(target.map(|target| [&path(&file.path)[..], b" -ef ", &path(target)].concat()));
    }
    tests.extend(terms.here.map(|here| [b". -ef ", &path(here)[..]].concat()));
    tests.extend(terms.absent.iter().map(|absent| [b"! -f ", &path(&terms.from_here(absent))[..]].concat()));
    Ok([b"[[ ", tests.join(&b" && "[..]).as_slice(), b" ]]"].concat())
}
