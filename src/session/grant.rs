//! What opens the agent's endpoint for one session. The agent writes it, sealed; prompts read it. It is good for as
//! long as that very agent lives: an agent clears away the last one's before it holds [`alive`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::key;
use super::session_key::SessionKey;
use crate::files;
use crate::places::Places;
use crate::seal;
use crate::secret::Secret;

/// More directories than these need not be asked how a session is renewed.
pub const MOST: usize = 8;

/// Where to ask for credentials, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub uri: String,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub token: Secret,
    /// Where the agent can learn how the session is renewed.
    pub directories: Vec<PathBuf>,
}

/// What it is for: the session, and the account that it has to be of. The agent checks that each time, so whoever asks
/// for another account has another token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The name by which programs are given it.
    pub lasting: SessionKey,
    /// Twelve digits.
    pub account: Option<String>,
}

/// What a file holds once it is open.
#[derive(Serialize, Deserialize)]
struct Resting {
    uri: String,
    token: String,
    directories: Vec<OsString>,
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

/// It has none any more.
pub fn leave(places: &Places, pid: u32) {
    let _ = files::remove(&shells(places).join(pid.to_string()));
}

/// Takes all of them back.
pub fn clear(places: &Places) -> io::Result<()> {
    match fs::read_dir(dir(places)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        entries => entries?.try_for_each(|entry| files::remove(&entry?.path())),
    }
}

impl Grant {
    /// The one that there is, if the agent that gave it lives.
    pub fn load(places: &Places, subject: &Subject) -> Option<Self> {
        if !files::is_locked(&alive(places)) {
            return None;
        }
        let (sealed, _) = files::read_limited(&subject.path(places), 256 * 1024).ok()??;
        let bytes = seal::open(&key(places)?, &subject.purpose(), &sealed)?;
        let Resting { uri, token, directories } = serde_json::from_slice(&bytes).ok()?;
        let directories = directories.into_iter().map(PathBuf::from).collect();
        Some(Self { uri, token: Secret::new(token), directories })
    }

    /// Whether the agent knows how to renew it where the file of this directory counts, or enough others.
    pub fn covers(&self, directory: &Path) -> bool {
        self.directories.len() >= MOST || self.directories.iter().any(|own| own.starts_with(directory))
    }

    /// Keeps it. An error: there is no place for it, or for the key that seals it.
    pub fn save(&self, places: &Places, subject: &Subject) -> io::Result<()> {
        let key =
            key(places).ok_or_else(|| io::Error::other("there is no place for the key that seals it"))?;
        let resting = Resting {
            uri: self.uri.clone(),
            token: self.token.expose().to_owned(),
            directories: self.directories.iter().map(|own| own.clone().into()).collect(),
        };
        let bytes = Zeroizing::new(serde_json::to_vec(&resting)?);
        drop(Secret::new(resting.token));
        files::write_private(&subject.path(places), &seal::seal(&key, &subject.purpose(), &bytes))
    }
}

impl Subject {
    /// Takes its grant back.
    pub fn remove(&self, places: &Places) -> io::Result<()> {
        files::remove(&self.path(places))
    }

    fn name(&self) -> String {
        let account = self.account.as_ref().map(|account| format!("-{account}")).unwrap_or_default();
        format!("{}{account}", self.lasting.name())
    }

    fn path(&self, places: &Places) -> PathBuf {
        dir(places).join(self.name())
    }

    fn purpose(&self) -> String {
        format!("grant:{}", self.name())
    }
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
        let subject = Subject { lasting: session.clone(), account: None };
        let grant = Grant {
            uri: "http://127.0.0.1:1/credentials".into(),
            token: Secret::new("planted"),
            directories: vec!["/acme/src".into()],
        };
        grant.save(&places, &subject).unwrap();
        assert_eq!(Grant::load(&places, &subject), None, "nobody lives");
        let life = files::lock(&alive(&places)).unwrap();
        assert_eq!(Grant::load(&places, &subject), Some(grant.clone()));
        let of_account = Subject { lasting: session, account: Some("111122223333".into()) };
        assert_eq!(Grant::load(&places, &of_account), None);
        fs::copy(subject.path(&places), of_account.path(&places)).unwrap();
        assert_eq!(Grant::load(&places, &of_account), None, "it is another's");
        let bytes = fs::read(subject.path(&places)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("planted"));
        assert!(grant.covers(Path::new("/acme")) && !grant.covers(Path::new("/acme/doc")));
        subject.remove(&places).unwrap();
        assert_eq!(Grant::load(&places, &subject), None);
        grant.save(&places, &subject).unwrap();
        clear(&places).unwrap();
        assert_eq!(Grant::load(&places, &subject), None);
        drop(life);
    }
}
