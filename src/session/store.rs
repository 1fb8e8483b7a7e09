//! Sessions on disk: one sealed file each, written whole or not at all, one lock each.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::key::key;
use super::session_key::SessionKey;
use super::sweep;
use crate::clock::{self, Timestamp};
use crate::credentials::{Credentials, Expiry};
use crate::files::{self, Lock};
use crate::message::shown_path;
use crate::places::Places;
use crate::seal::{self, Key};
use crate::secret::Secret;

/// The largest session file: STS tokens may take 4 KB, with tags and policies more.
const LIMIT: u64 = 64 * 1024;

/// A wait longer than this is worth a word.
pub const SILENT: Duration = Duration::from_millis(200);

/// How a lock's name ends.
pub(super) const LOCK: &str = ".lock";

/// The sessions of this user.
#[derive(Debug)]
pub struct SessionStore<'a> {
    places: &'a Places,
}

/// Credentials with what is known of them.
#[derive(Clone, Debug)]
pub struct Session {
    /// What people call it.
    pub name: String,
    /// The keys, their end and their account.
    pub credentials: Credentials,
    /// Their account, as whoever gave them says; AWS has not been asked. It is shown, and decides nothing.
    pub claimed_account: Option<String>,
    /// When they were issued.
    pub issued: Timestamp,
    /// The sign-in that they stand on ([`super::sso::id`]): they go with it.
    pub sign_in: Option<String>,
    /// This machine's clock was wrong then: so many seconds ahead of AWS's.
    pub clock_ahead: Option<i64>,
}

/// Long-lived keys are given out from the store for so long, to prompts at least; then whoever has them is asked again.
const LENT: Duration = Duration::from_secs(12 * 3600);

/// The same for a session of which nobody said when it ends: AWS gives none for less.
const SHORTEST: Duration = Duration::from_secs(900);

impl Session {
    /// What was sealed, opened; `None`: it is no session.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let resting: Resting = serde_json::from_slice(bytes).ok()?;
        let expiry = match resting.expiry {
            Some(text) => Some(Expiry(clock::parse(&text)?)),
            None => None,
        };
        Some(Self {
            name: resting.name,
            sign_in: resting.sign_in,
            clock_ahead: resting.clock_ahead,
            claimed_account: resting.claimed_account,
            issued: clock::parse(&resting.issued)?,
            credentials: Credentials {
                access_key_id: resting.access_key_id,
                secret_access_key: Secret::new(resting.secret_access_key),
                session_token: resting.session_token.map(Secret::new),
                expiry,
                account: resting.account,
            },
        })
    }

    /// From when on it is no longer given out: AWS's end, or that of a loan.
    pub fn end(&self) -> Timestamp {
        let lent = if self.credentials.session_token.is_some() { SHORTEST } else { LENT };
        let until = || self.issued.checked_add(lent).unwrap_or(self.issued);
        self.credentials.expiry.map_or_else(until, |expiry| expiry.0)
    }

    /// That this machine's clock was wrong when it came, and what to do.
    pub fn wrong_clock(&self) -> Option<(String, &'static str)> {
        let compared = clock::compared(self.clock_ahead?);
        Some((format!("{} came while this machine's clock was {compared}", self.name), "set the clock right"))
    }

    fn until(&self) -> String {
        self.credentials
            .expiry
            .map_or("no end".into(), |expiry| format!("until {}", clock::rfc3339(expiry.0)))
    }
}

/// What the store says of a key.
#[derive(Debug)]
pub enum Found {
    /// There it is; whether it is still good is the caller's to ask.
    Session(Box<Session>),
    /// Nothing.
    Absent,
    /// Something that is damaged, was sealed with another key, or by a newer awsenv: as good as nothing.
    Unreadable,
}

impl Found {
    /// The session, if there is one that can be read.
    pub fn session(self) -> Option<Session> {
        match self {
            Self::Session(session) => Some(*session),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// What a file holds once it is open.
#[derive(Serialize, Deserialize)]
struct Resting {
    name: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiry: Option<String>,
    account: Option<String>,
    #[serde(default)]
    claimed_account: Option<String>,
    issued: String,
    #[serde(default)]
    sign_in: Option<String>,
    #[serde(default)]
    clock_ahead: Option<i64>,
}

impl<'a> SessionStore<'a> {
    /// The store of these places; touches nothing yet.
    pub fn new(places: &'a Places) -> Self {
        Self { places }
    }

    /// Looks a session up.
    pub fn load(&self, session: &SessionKey) -> Found {
        let short = session.short();
        match files::read_limited(&self.path(session), LIMIT) {
            Ok(None) => {
                log::debug!("session {short}: not in the store");
                Found::Absent
            }
            Err(error) => {
                log::warn!("session {short}: cannot be read: {error}");
                Found::Unreadable
            }
            Ok(Some((sealed, _))) => match key(self.places).and_then(|key| open(&key, session, &sealed)) {
                Some(found) => {
                    log::debug!("session {short}: in the store, {}", found.until());
                    Found::Session(Box::new(found))
                }
                None => {
                    log::warn!("session {short}: damaged, or sealed with another key");
                    Found::Unreadable
                }
            },
        }
    }

    /// Keeps a session.
    pub fn save(&self, session: &SessionKey, what: &Session) -> anyhow::Result<()> {
        let key = key(self.places).context("there is no place for the key that seals sessions")?;
        let credentials = &what.credentials;
        let resting = Resting {
            name: what.name.clone(),
            access_key_id: credentials.access_key_id.clone(),
            secret_access_key: credentials.secret_access_key.expose().to_owned(),
            session_token: credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
            expiry: credentials.expiry.map(|expiry| clock::rfc3339(expiry.0)),
            account: credentials.account.clone(),
            claimed_account: what.claimed_account.clone(),
            issued: clock::rfc3339(what.issued),
            sign_in: what.sign_in.clone(),
            clock_ahead: what.clock_ahead,
        };
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&resting)?);
        self.prepare()
            .and_then(|()| {
                files::write_private(&self.path(session), &seal::seal(&key, &purpose(session), &bytes))
            })
            .with_context(|| format!("cannot write below {}", shown_path(&self.dir())))?;
        log::debug!("session {}: kept, {}", session.short(), what.until());
        sweep::now_and_then(self.places, clock::now());
        Ok(())
    }

    /// Waits for this session's lock, but no longer than this; whoever holds it alone asks AWS.
    pub fn lock(&self, session: &SessionKey, time: Duration) -> io::Result<Option<Lock>> {
        if let Some(lock) = self.try_lock(session)? {
            return Ok(Some(lock));
        }
        let lock = files::lock_within(&self.lock_path(session), time)?;
        let how = if lock.is_some() { "lock taken after a wait" } else { "the lock did not come in time" };
        log::debug!("session {}: {how}", session.short());
        Ok(lock)
    }

    /// Waits for the lock of the commands that people typed: whoever holds it alone asks its person.
    pub fn lock_for_person(&self, session: &SessionKey, time: Duration) -> io::Result<Option<Lock>> {
        self.prepare()?;
        files::lock_within(&self.person_lock_path(session), time)
    }

    /// Whether a person is asked now for what it takes, or AWS is, for a person.
    pub fn is_person_asked(&self, session: &SessionKey) -> bool {
        files::is_locked(&self.person_lock_path(session))
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self, session: &SessionKey) -> io::Result<Option<Lock>> {
        self.prepare()?;
        let lock = files::try_lock(&self.lock_path(session))?;
        let how = if lock.is_some() { "lock taken" } else { "another process holds the lock" };
        log::debug!("session {}: {how}", session.short());
        Ok(lock)
    }

    /// The same for who keeps a session without a person: where none could be kept, AWS is not asked for one.
    pub fn try_lock_to_keep(&self, session: &SessionKey) -> anyhow::Result<Option<Lock>> {
        let taken = || {
            let Some(lock) = self.try_lock(session)? else { return Ok(None) };
            // Of the same name each time: where this is killed, the next one takes it away.
            let probe = self.dir().join(format!("{}.probe", session.name()));
            let written = files::touch(&probe).and_then(|mut file| file.write_all(&[0; 4096]));
            let removed = files::remove(&probe);
            written.and(removed).map(|()| Some(lock))
        };
        taken().with_context(|| format!("cannot write below {}", shown_path(&self.dir())))
    }

    /// Whether somebody asks AWS for it now.
    pub fn is_locked(&self, session: &SessionKey) -> bool {
        files::is_locked(&self.lock_path(session))
    }

    /// Waits until nobody asks AWS for it, so long at most; whether that is so.
    pub fn wait_until_free(&self, session: &SessionKey, time: Duration) -> bool {
        files::wait_until_free(&self.lock_path(session), time)
    }

    /// Every session that can be read.
    pub fn list(&self) -> Vec<(SessionKey, Session)> {
        let Some(key) = key(self.places) else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(self.dir()) else { return Vec::new() };
        let sessions = entries.flatten().filter_map(|entry| {
            let session = SessionKey::named(entry.file_name().to_str()?)?;
            let (sealed, _) = files::read_limited(&entry.path(), LIMIT).ok()??;
            let found = open(&key, &session, &sealed)?;
            Some((session, found))
        });
        let mut sessions: Vec<_> = sessions.collect();
        sessions.sort_by(|a, b| a.1.name.cmp(&b.1.name).then(a.1.issued.cmp(&b.1.issued)));
        sessions
    }

    /// Forgets every session that consists of these keys themselves.
    pub fn forget(&self, access_key_id: &str) -> anyhow::Result<()> {
        self.forget_those(|session| session.credentials.access_key_id == access_key_id)
    }

    /// Forgets every session of this kind.
    pub fn forget_those(&self, which: impl Fn(&Session) -> bool) -> anyhow::Result<()> {
        for (key, session) in self.list() {
            if which(&session) {
                files::remove(&self.path(&key)).context("cannot remove a session")?;
            }
        }
        Ok(())
    }

    fn prepare(&self) -> io::Result<()> {
        files::private_dir(&self.places.state)?;
        files::private_dir(&self.dir())
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.places.state.join("sessions")
    }

    pub(super) fn path(&self, session: &SessionKey) -> PathBuf {
        self.dir().join(session.name())
    }

    pub(super) fn lock_path(&self, session: &SessionKey) -> PathBuf {
        self.dir().join(format!("{}{LOCK}", session.name()))
    }

    fn person_lock_path(&self, session: &SessionKey) -> PathBuf {
        self.dir().join(format!("{}.person{LOCK}", session.name()))
    }
}

fn purpose(session: &SessionKey) -> String {
    format!("session:{}", session.name())
}

fn open(key: &Key, session: &SessionKey, sealed: &[u8]) -> Option<Session> {
    Session::parse(&seal::open(key, &purpose(session), sealed)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: &str) -> Session {
        Session {
            name: name.into(),
            sign_in: None,
            clock_ahead: None,
            claimed_account: None,
            issued: clock::parse("2026-11-22T11:00:00Z").unwrap(),
            credentials: Credentials {
                access_key_id: "ASIA1".into(),
                secret_access_key: Secret::new("planted-secret"),
                session_token: Some(Secret::new("planted-token")),
                expiry: clock::parse("2026-11-22T12:00:00Z").map(Expiry),
                account: Some("111122223333".into()),
            },
        }
    }

    fn a_key(letter: &str) -> SessionKey {
        SessionKey::named(&letter.repeat(40)).unwrap()
    }

    #[test]
    fn a_session_comes_back_and_is_not_readable_on_disk() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let store = SessionStore::new(&places);
        store.save(&a_key("a"), &session("one")).unwrap();
        let Found::Session(found) = store.load(&a_key("a")) else { panic!("it was saved") };
        assert_eq!(found.credentials.secret_access_key.expose(), "planted-secret");
        assert_eq!(found.credentials.expiry, session("one").credentials.expiry);
        let bytes = std::fs::read(store.path(&a_key("a"))).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("planted"));
        assert_eq!(store.list().len(), 1);
    }

    #[test]
    fn a_damaged_or_swapped_file_is_as_good_as_nothing() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let store = SessionStore::new(&places);
        store.save(&a_key("a"), &session("one")).unwrap();
        std::fs::copy(store.path(&a_key("a")), store.path(&a_key("b"))).unwrap();
        assert!(matches!(store.load(&a_key("b")), Found::Unreadable), "another session's name");
        let mut bytes = std::fs::read(store.path(&a_key("a"))).unwrap();
        bytes[20] ^= 1;
        std::fs::write(store.path(&a_key("a")), &bytes).unwrap();
        assert!(matches!(store.load(&a_key("a")), Found::Unreadable));
        std::fs::write(store.path(&a_key("a")), "").unwrap();
        assert!(matches!(store.load(&a_key("a")), Found::Unreadable));
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let store = SessionStore::new(&places);
        let held = store.try_lock(&a_key("a")).unwrap();
        assert!(held.is_some());
        assert!(store.try_lock(&a_key("a")).unwrap().is_none());
        drop(held);
        assert!(store.try_lock(&a_key("a")).unwrap().is_some());
    }
}
