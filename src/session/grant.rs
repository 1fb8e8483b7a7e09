//! What opens the agent's endpoint for one session. The agent writes it, sealed; prompts read it. It is good for as
//! long as that very agent lives: an agent clears away the last one's before it holds [`alive`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::key;
use super::session_key::SessionKey;
use crate::files;
use crate::places::Places;
use crate::seal;
use crate::secret::Secret;

/// Where to ask for credentials, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub uri: String,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub token: Secret,
}

/// What a file holds once it is open.
#[derive(Serialize, Deserialize)]
struct Resting {
    uri: String,
    token: String,
}

/// Locked by the agent while it lives, however it ends.
pub fn alive(places: &Places) -> PathBuf {
    places.agent().join("alive")
}

/// Where the grants are.
pub fn dir(places: &Places) -> PathBuf {
    places.agent().join("grants")
}

/// Where each shell that has been given an endpoint says that it is there, by its process id.
pub fn shells(places: &Places) -> PathBuf {
    places.agent().join("shells")
}

/// A shell has been given an endpoint.
pub fn attend(places: &Places, pid: u32) {
    // If it cannot be written, the agent may end early; then a prompt starts the next one.
    let _ = files::touch(&shells(places).join(pid.to_string()));
}

impl Grant {
    /// The one of a session, if the agent that gave it lives.
    pub fn load(places: &Places, session: &SessionKey) -> Option<Self> {
        if !files::is_locked(&alive(places)) {
            return None;
        }
        let (sealed, _) = files::read_limited(&path(places, session), 64 * 1024).ok()??;
        let bytes = seal::open(&key(places)?, &purpose(session), &sealed)?;
        let Resting { uri, token } = serde_json::from_slice(&bytes).ok()?;
        Some(Self { uri, token: Secret::new(token) })
    }

    /// Keeps it. An error: there is no place for it, or for the key that seals it.
    pub fn save(&self, places: &Places, session: &SessionKey) -> std::io::Result<()> {
        let key = key(places)
            .ok_or_else(|| std::io::Error::other("there is no place for the key that seals it"))?;
        let resting = Resting { uri: self.uri.clone(), token: self.token.expose().to_owned() };
        let bytes = Zeroizing::new(serde_json::to_vec(&resting)?);
        drop(Secret::new(resting.token));
        files::write_private(&path(places, session), &seal::seal(&key, &purpose(session), &bytes))
    }

    /// Takes it back.
    pub fn remove(places: &Places, session: &SessionKey) -> std::io::Result<()> {
        files::remove(&path(places, session))
    }
}

fn path(places: &Places, session: &SessionKey) -> PathBuf {
    dir(places).join(session.name())
}

fn purpose(session: &SessionKey) -> String {
    format!("grant:{}", session.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_good_for_as_long_as_its_agent_lives() {
        let home = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(home.path());
        for dir in [&places.runtime, &places.agent(), &dir(&places)] {
            files::private_dir(dir).unwrap();
        }
        let session = SessionKey::named(&"a".repeat(40)).unwrap();
        let grant = Grant { uri: "http://127.0.0.1:1/credentials".into(), token: Secret::new("planted") };
        grant.save(&places, &session).unwrap();
        assert_eq!(Grant::load(&places, &session), None, "nobody lives");
        let life = files::lock(&alive(&places)).unwrap();
        assert_eq!(Grant::load(&places, &session), Some(grant));
        let bytes = std::fs::read(path(&places, &session)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("planted"));
        Grant::remove(&places, &session).unwrap();
        assert_eq!(Grant::load(&places, &session), None);
        drop(life);
    }
}
