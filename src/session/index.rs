//! From what was approved to the session's key without reading `~/.aws/config`: as long as the stamps of
//! the AWS files are the same, so is the answer.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::session_key::SessionKey;
use crate::clock::Timestamp;
use crate::env::Env;
use crate::files::{self, Stamp};
use crate::places::Places;

/// What was found out the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The AWS files it was found out from; `None`: there was none.
    pub stamps: Vec<(PathBuf, Option<Stamp>)>,
    /// Likewise, what else the session's key hangs on: a certificate's files.
    pub files: Vec<(PathBuf, Option<Stamp>)>,
    /// The session.
    pub session: SessionKey,
    /// By this name, programs are given it.
    pub lasting: SessionKey,
    /// What people call it.
    pub name: String,
    /// The region to export.
    pub region: Option<String>,
    /// The account, where the chain says it.
    pub account: Option<String>,
    /// The role that it is a session of, by name.
    pub role: Option<String>,
    /// The profile's settings as variables.
    pub settings: Vec<(String, String)>,
    /// The profile by which programs get it, where there is one.
    pub delivered: Option<String>,
}

/// Names an entry: the approved content, the stage, the setting that is part of a session's key, and the original
/// variables that steer AWS clients.
#[derive(Debug)]
pub struct IndexKey(String);

impl IndexKey {
    /// Of these approved files (their digests name path and content).
    pub fn of(digests: &[String], stage: Option<&str>, session: Duration, original: &Env) -> Self {
        let mut sha = Sha256::new();
        let mut field = |bytes: &[u8]| {
            sha.update((bytes.len() as u64).to_le_bytes());
            sha.update(bytes);
        };
        field(env!("CARGO_PKG_VERSION").as_bytes());
        digests.iter().for_each(|digest| field(digest.as_bytes()));
        field(stage.unwrap_or_default().as_bytes());
        field(&session.as_secs().to_le_bytes());
        for (name, value) in original.iter() {
            let name = name.as_encoded_bytes();
            if name.starts_with(b"AWS_") || matches!(name, b"HOME" | b"USER" | b"LOGNAME") {
                field(name);
                field(value.as_encoded_bytes());
            }
        }
        Self(files::hex(&sha.finalize()[..20]))
    }
}

/// The entry, if the AWS files are what they were.
pub fn load(places: &Places, key: &IndexKey, stamps: &[(PathBuf, Option<Stamp>)]) -> Option<Entry> {
    let (bytes, _) = files::read_limited(&path(places, key), 64 * 1024).ok()??;
    let entry: Entry = serde_json::from_slice(&bytes).ok()?;
    let is_current =
        entry.stamps == stamps && entry.files.iter().all(|(path, stamp)| Stamp::at(path) == *stamp);
    let files = if is_current { "as they were" } else { "changed" };
    log::debug!("{}: session {}, the AWS files are {files}", entry.name, entry.session.short());
    is_current.then_some(entry)
}

/// Keeps an entry, unless a second edit of a file might leave its stamp as it is. Without one, the next prompt reads the
/// AWS files again. `begun`: before any of them was looked at.
pub fn save(places: &Places, key: &IndexKey, entry: &Entry, begun: Timestamp) {
    let mut stamps = entry.stamps.iter().chain(&entry.files).filter_map(|(_, stamp)| *stamp);
    if stamps.any(|stamp| stamp.is_fresh(begun, false)) {
        return;
    }
    let Ok(bytes) = serde_json::to_vec(entry) else { return };
    let _ = files::private_dir(&places.state)
        .and_then(|()| files::private_dir(&dir(places)))
        .and_then(|()| files::write_private(&path(places, key), &bytes));
}

pub(super) fn dir(places: &Places) -> PathBuf {
    places.state.join("index")
}

fn path(places: &Places, key: &IndexKey) -> PathBuf {
    dir(places).join(&key.0)
}
