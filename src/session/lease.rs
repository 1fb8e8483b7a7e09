//! What a session was asked for, where programs get it by a profile: the directories that say how it is renewed, and
//! the account that it has to be of for each.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::session_key::SessionKey;
use crate::clock::Timestamp;
use crate::files::{self, Stamp};
use crate::places::Places;

/// More directories than these need not be asked how a session is renewed.
const MOST: usize = 8;

/// One of those that are kept by the name that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Where the `.awsenv` counts.
    pub directory: PathBuf,
    /// What that asks for.
    pub account: Option<String>,
    /// The session's name in the store.
    #[serde(default)]
    pub session: Option<SessionKey>,
    /// What that was made of beside the AWS files: a certificate's.
    #[serde(default)]
    pub files: Vec<(PathBuf, Option<Stamp>)>,
}

impl Lease {
    /// The session's name in the store, where no file has changed that is part of it.
    pub fn session(&self, lasting: &SessionKey) -> Option<SessionKey> {
        let is_current = self.files.iter().all(|(path, stamp)| Stamp::at(path) == *stamp);
        is_current.then(|| self.session.clone().unwrap_or_else(|| lasting.clone()))
    }

    /// Those of a session, the latest first.
    pub fn all(places: &Places, lasting: &SessionKey) -> Vec<Self> {
        let read = || files::read_limited(&path(places, lasting), 64 * 1024).ok()?;
        read().and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// The latest of a session.
    pub fn load(places: &Places, lasting: &SessionKey) -> Option<Self> {
        Self::all(places, lasting).into_iter().next()
    }

    /// Whether a session can be renewed where the file of this directory counts, or enough other directories say how.
    pub fn covers(leases: &[Self], directory: &Path) -> bool {
        leases.len() >= MOST || leases.iter().any(|lease| lease.directory.starts_with(directory))
    }

    /// Keeps it beside those of other directories. The caller holds the session's lock.
    pub fn save(&self, places: &Places, lasting: &SessionKey) -> std::io::Result<()> {
        let mut all = Self::all(places, lasting);
        all.retain(|lease| lease.directory != self.directory);
        all.insert(0, self.clone());
        all.truncate(MOST);
        let bytes = serde_json::to_vec(&all)?;
        files::private_dir(&places.state)?;
        files::private_dir(&dir(places))?;
        files::write_private(&path(places, lasting), &bytes)
    }

    /// It is in use: not to be taken for a forgotten one.
    pub fn touch(places: &Places, lasting: &SessionKey, now: Timestamp) {
        if let Ok(file) = std::fs::File::options().write(true).open(path(places, lasting)) {
            let _ = file.set_modified(now.into());
        }
    }
}

pub(super) fn dir(places: &Places) -> PathBuf {
    places.state.join("leases")
}

fn path(places: &Places, lasting: &SessionKey) -> PathBuf {
    dir(places).join(lasting.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_directories_are_kept_each_once() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        let session = SessionKey::named(&"a".repeat(40)).unwrap();
        let save = |name: &str| {
            Lease { directory: name.into(), account: None, session: None, files: Vec::new() }
                .save(&places, &session)
                .unwrap();
            Lease::all(&places, &session)
        };
        assert!(!Lease::covers(&save("/acme/src"), Path::new("/acme/doc")));
        assert!(Lease::covers(&save("/b"), Path::new("/acme")), "a directory below its file");
        let all = save("/acme/src");
        let names: Vec<_> = all.iter().map(|lease| lease.directory.to_str().unwrap()).collect();
        assert_eq!(names, ["/acme/src", "/b"]);
        for name in ["/c", "/d", "/e", "/f", "/g", "/h"] {
            assert!(!Lease::covers(&Lease::all(&places, &session), Path::new(name)));
            save(name);
        }
        let all = save("/i");
        assert_eq!(all.len(), MOST);
        assert!(Lease::covers(&all, Path::new("/b")), "nobody drives another out again and again");
    }
}
