//! Shells that take their answer as data and evaluate no text: a JSON object, a member a line. What they do with it
//! stands in `shell/`. An answer that was cut off is no JSON, and nothing of it is carried out.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::super::guard::Terms;
use super::Drawn;

pub(super) const PENDING: &[u8] = b"\"pending\":true\n";

/// Bytes as the text that a shell has for them; an error where it has none.
pub(super) type Text = fn(&[u8]) -> io::Result<Vec<u8>>;

/// A line of the answer.
pub(super) fn member(name: &str, value: &[u8]) -> Vec<u8> {
    [b"\"", name.as_bytes(), b"\":", value, b"\n"].concat()
}

/// `{"NAME":"value",…}`
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| [b"\"", name.as_bytes(), b"\":", &value[..]].concat())
        .collect();
    [b"{", members.join(&b","[..]).as_slice(), b"}"].concat()
}

pub(super) fn list(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<_> = items.into_iter().collect();
    [b"[", items.join(&b","[..]).as_slice(), b"]"].concat()
}

pub(super) fn number(value: impl Into<i128>) -> Vec<u8> {
    value.into().to_string().into_bytes()
}

pub(super) fn unset(names: &[&str]) -> Vec<u8> {
    member("unset", &json!(names).to_string().into_bytes())
}

pub(super) fn answer(statements: &[u8], guard: &[u8]) -> Vec<u8> {
    let lines = statements.split(|byte| *byte == b'\n').chain([guard.trim_ascii_end()]);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    [b"{", lines.join(&b",\n"[..]).as_slice(), b"}\n"].concat()
}

pub(super) fn segment(drawn: &Drawn<'_>) -> Vec<u8> {
    let until = drawn.until.map_or(Value::Null, Value::from);
    let drawn = json!({ "before": drawn.before, "after": drawn.after, "until": until });
    member("segment", drawn.to_string().as_bytes())
}

pub(super) fn no_guard() -> Vec<u8> {
    member("guard", b"{\"never\":true}")
}

pub(super) fn disabled() -> Vec<u8> {
    member("guard", b"{\"disabled\":true}")
}

/// `files`: what has to be known of the watched ones.
pub(super) fn guard(terms: &Terms<'_>, text: Text, files: Vec<u8>) -> io::Result<Vec<u8>> {
    let value = |value: &OsStr| text(value.as_encoded_bytes());
    let paths = |paths: &[&Path]| -> io::Result<Vec<u8>> {
        Ok(list(paths.iter().map(|path| value(path.as_os_str())).collect::<io::Result<Vec<_>>>()?))
    };
    let values =
        terms.values.iter().map(|(name, wanted)| Ok(list([value(OsStr::new(name))?, value(wanted)?])));
    let links = terms.watched.iter().filter_map(|file| Some([file.path.as_path(), file.target.as_deref()?]));
    let absent: Vec<_> = terms.absent.iter().map(|path| path.as_path()).collect();
    let time = terms.time.map_or(Value::Null, |(from, until)| json!([from, until]));
    let members = [
        ("values", list(values.collect::<io::Result<Vec<_>>>()?)),
        ("empty", json!(terms.empty).to_string().into_bytes()),
        ("present", paths(&terms.present)?),
        ("files", files),
        ("links", list(links.map(|pair| paths(&pair)).collect::<io::Result<Vec<_>>>()?)),
        ("absent", paths(&absent)?),
        ("time", time.to_string().into_bytes()),
    ];
    Ok(member("guard", &object(members)))
}
