//! What a session was asked for, where programs get it by a profile: the directory that says how it is renewed, and
//! the account that it has to be of.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::session_key::SessionKey;
use crate::clock::Timestamp;
use crate::files;
use crate::places::Places;

/// Kept by the session's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Where the `.awsenv` counts.
    pub directory: PathBuf,
    /// What that asks for.
    pub account: Option<String>,
}

impl Lease {
    /// The one of a session.
    pub fn load(places: &Places, session: &SessionKey) -> Option<Self> {
        let (bytes, _) = files::read_limited(&path(places, session), 64 * 1024).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps it.
    pub fn save(&self, places: &Places, session: &SessionKey) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        files::private_dir(&places.state)?;
        files::private_dir(&dir(places))?;
        files::write_private(&path(places, session), &bytes)
    }

    /// It is in use: not to be taken for a forgotten one.
    pub fn touch(places: &Places, session: &SessionKey, now: Timestamp) {
        if let Ok(file) = std::fs::File::options().write(true).open(path(places, session)) {
            let _ = file.set_modified(now.into());
        }
    }
}

pub(super) fn dir(places: &Places) -> PathBuf {
    places.state.join("leases")
}

fn path(places: &Places, session: &SessionKey) -> PathBuf {
    dir(places).join(session.name())
}
