//! What AWS clients look into before they ask an endpoint: `[default]` and, for botocore, boto's own files. Whatever
//! stands there would be somebody else.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::chain::source_keys;
use super::config::SharedConfig;
use crate::env::Env;
use crate::files;
use crate::message::Failure;
use crate::places::{expand_home, tilde};

/// Boto's own files (botocore, `BotoProvider`).
pub fn files(original: &Env, home: &Path) -> Vec<PathBuf> {
    match original.get("BOTO_CONFIG") {
        Some(path) => vec![expand_home(&path.to_string_lossy(), home)],
        None => vec!["/etc/boto.cfg".into(), home.join(".boto")],
    }
}

/// An error if an endpoint would not be asked. `instead`: what else the person can do.
pub fn check(config: &SharedConfig, original: &Env, home: &Path, instead: &str) -> Result<(), Failure> {
    if let Some(path) = files(original, home).iter().find(|path| has_keys_of_boto(path)) {
        return Err(Failure::new(format!(
            "boto3 would take the keys in {} before an endpoint",
            tilde(path, home)
        ))
        .hint(format!("take its [Credentials] out, or {instead}")));
    }
    let Ok(default) = config.profile("default") else { return Ok(()) };
    let Some(key) = source_keys(&default).next() else { return Ok(()) };
    let place = default.place(key).map(|place| format!(" ({place})")).unwrap_or_default();
    Err(Failure::new(format!(
        "AWS clients would take the profile default before an endpoint: it has {key}{place}"
    ))
    .hint(format!("give that profile another name, or {instead}")))
}

/// As Python's configparser reads it. What cannot be read, botocore passes over too.
fn has_keys_of_boto(path: &Path) -> bool {
    let Ok(Some((bytes, _))) = files::read_limited(path, 1024 * 1024) else { return false };
    let bytes = Zeroizing::new(bytes);
    let mut is_inside = false;
    bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).any(|line| {
        if line.starts_with(b"[") {
            is_inside = line.starts_with(b"[Credentials]");
        }
        let name = line.split(|byte| b"=:".contains(byte)).next().unwrap_or_default();
        is_inside && name.trim_ascii_end().eq_ignore_ascii_case(b"aws_access_key_id")
    })
}
