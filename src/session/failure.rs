//! What went wrong the last time, and when to try again: no retry at each prompt, no giving up for ever.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::session_key::SessionKey;
use crate::clock::{self, Timestamp};
use crate::files::{self, Stamp};
use crate::message::{Exit, Failure};
use crate::places::Places;

/// A failed renewal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// The sentence.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
    /// Only a person can mend it.
    pub needs_person: bool,
    /// How often in a row.
    pub attempts: u32,
    /// Not before then (RFC 3339).
    pub again: String,
    /// A file that another program may mend it in, as it was: once that has changed, at once.
    #[serde(default)]
    pub mended_in: Option<(PathBuf, Option<Stamp>)>,
}

impl FailureRecord {
    /// The last one of a session.
    pub fn load(places: &Places, session: &SessionKey) -> Option<Self> {
        read(&path(places, session))
    }

    /// Remembers a failure: about twice as long each time, from 5 s to 5 min; where a person is needed, an hour.
    /// How often in a row, and until when it stays with that, is filled in here.
    pub fn save(self, places: &Places, session: &SessionKey, now: Timestamp) {
        let attempts = Self::load(places, session).map_or(0, |last| last.attempts).saturating_add(1);
        let pause = match self.needs_person {
            true => Duration::from_secs(3600),
            false => spread(Duration::from_secs((5 << attempts.min(7).saturating_sub(1)).min(300))),
        };
        let again = clock::rfc3339(now.checked_add(pause).unwrap_or(now));
        log::warn!(
            "session {}: failure {attempts} in a row, not tried before {again}: {}",
            session.short(),
            self.what
        );
        let record = Self { attempts, again, ..self };
        // Nowhere to write: then the next prompt tries again, which is no worse.
        let _ = files::private_dir(&places.state).and_then(|()| files::private_dir(&dir(places))).and_then(
            |()| {
                files::write_private(&path(places, session), &serde_json::to_vec(&record).unwrap_or_default())
            },
        );
    }

    /// What to say to whoever asks meanwhile.
    pub fn told(self) -> Failure {
        let exit = if self.needs_person { Exit::PersonNeeded } else { Exit::Failed };
        Failure { exit, what: self.what, hint: self.hint }
    }

    /// It went well, or a person has done something about it.
    pub fn forget(places: &Places, session: &SessionKey) {
        let _ = files::remove(&path(places, session));
    }

    /// A person has come, with an MFA code, keys or a passphrase: whatever waited for one is worth another try.
    pub fn forget_waiting(places: &Places) {
        let Ok(entries) = std::fs::read_dir(dir(places)) else { return };
        for entry in entries.flatten() {
            if read(&entry.path()).is_some_and(|record| record.needs_person) {
                let _ = files::remove(&entry.path());
            }
        }
    }

    /// When to try again, if that is still to come.
    pub fn pause_until(&self, now: Timestamp) -> Option<Timestamp> {
        let again = clock::parse(&self.again).filter(|again| *again > now)?;
        if let Some((path, stamp)) = &self.mended_in
            && Stamp::at(path) != *stamp
        {
            log::info!("{} has changed since the last failure", path.display());
            return None;
        }
        log::info!("failures in a row: {}; no renewal before {}", self.attempts, self.again);
        Some(again)
    }
}

/// Up to a quarter more: all who failed in the same moment are not to come back in the same moment.
fn spread(pause: Duration) -> Duration {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    pause + pause * u32::from(byte[0]) / 1024
}

pub(super) fn dir(places: &Places) -> PathBuf {
    places.state.join("failures")
}

pub(super) fn read(path: &Path) -> Option<FailureRecord> {
    let (bytes, _) = files::read_limited(path, 64 * 1024).ok()??;
    serde_json::from_slice(&bytes).ok()
}

fn path(places: &Places, session: &SessionKey) -> PathBuf {
    dir(places).join(session.name())
}
