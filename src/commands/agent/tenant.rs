//! One session that the agent lends. It is read from the store for each program that asks, and renewed as a prompt
//! renews it: by a process of its own, which looks at the `.awsenv` anew. Between two requests nothing of it that is
//! secret is in memory but sealed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use zeroize::Zeroizing;

use crate::agent::control::{Lending, Wish};
use crate::agent::endpoint::Lent;
use crate::agent::grants::Lend;
use crate::clock::{self, Timestamp};
use crate::commands::renew::{self, Started};
use crate::env::Env;
use crate::message::{Exit, Failure};
use crate::places::Places;
use crate::process;
use crate::profile::config::ConfigFiles;
use crate::prompt::plan::{Need, due, is_due};
use crate::prompt::resolve::check_account;
use crate::provider::renew::is_good;
use crate::seal::{self, Key};
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, Session, SessionStore};
use crate::settings::Settings;

/// A renewal that has come to nothing is not started again before this, unless a program asks.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A program that asks has gone after this; most wait for a second or two, and come again.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session, and how it is renewed.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) session: SessionKey,
    way: Mutex<Way>,
    use_: Mutex<Use>,
}

/// The last one that a prompt has shown.
#[derive(Debug)]
struct Way {
    wish: Wish,
    places: Places,
    /// What the renewal is started with. It may hold keys of the user's own.
    env: Sealed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Use {
    /// When a program last asked.
    asked: Option<Timestamp>,
    /// The end of what was given out last: whoever has it comes back before that, or has gone.
    until: Option<Timestamp>,
    /// When a renewal was last started.
    tried: Option<Timestamp>,
}

impl Tenant {
    /// Of a wish, with the environment of the prompt that has it.
    pub(super) fn new(session: SessionKey, wish: Wish, env: &[u8]) -> anyhow::Result<Self> {
        Ok(Self { session, way: Mutex::new(Way::new(wish, env)?), use_: Mutex::default() })
    }

    /// Another directory, or another shell, has the same session.
    pub(super) fn take_way(&self, wish: Wish, env: &[u8]) -> anyhow::Result<()> {
        *lock(&self.way) = Way::new(wish, env)?;
        Ok(())
    }

    pub(super) fn places(&self) -> Places {
        lock(&self.way).places.clone()
    }

    /// Where AWS's files and sign-ins are, and the sessions.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        let way = lock(&self.way);
        let files = ConfigFiles::locate(&way.env.open(), &way.places.home);
        let parent = |path: &Path| path.parent().map(Path::to_owned);
        let aws = [&files.config, &files.credentials].into_iter().filter_map(|path| parent(path));
        let own = [way.places.home.join(".aws/sso/cache"), way.places.state.join("sessions")];
        aws.chain(own).collect()
    }

    pub(super) fn stands_on(&self, sign_in: Option<&str>) -> bool {
        let way = lock(&self.way);
        match sign_in {
            Some(_) => way.wish.sign_in.as_deref() == sign_in,
            None => way.wish.sign_in.is_some(),
        }
    }

    pub(super) fn lending(&self) -> Lending {
        let (way, asked) = (lock(&self.way), lock(&self.use_).asked);
        let expiry = self.kept(&way.places).and_then(|session| session.credentials.expiry);
        Lending {
            name: way.wish.name.clone(),
            directory: way.wish.directory.clone().into(),
            expiration: expiry.map(|expiry| clock::rfc3339(expiry.0)),
            asked: asked.map(clock::rfc3339),
        }
    }

    /// Until when somebody may have what was given out.
    pub(super) fn in_use_until(&self) -> Option<Timestamp> {
        lock(&self.use_).until
    }

    /// Renews what is in use and ends soon. Says when to look again.
    pub(super) fn tend(&self, now: Timestamp) -> Option<Timestamp> {
        let Use { until, tried, .. } = *lock(&self.use_);
        until.filter(|until| now < *until)?;
        let places = self.places();
        let settings = crate::prompt::settings(&places).ok()?;
        if let Some(kept) = self.kept(&places)
            && !is_due(&kept, &settings, now)
        {
            return Some(due(&kept, &settings));
        }
        let pause = FailureRecord::load(&places, &self.session).and_then(|last| last.pause_until(now));
        let again = tried.and_then(|tried| tried.checked_add(LOOK_AGAIN).ok()).filter(|again| now < *again);
        if pause.is_none() && again.is_none() {
            self.renew();
        }
        pause.or(again).or_else(|| now.checked_add(LOOK_AGAIN).ok())
    }

    fn kept(&self, places: &Places) -> Option<Session> {
        match SessionStore::new(places).load(&self.session) {
            Found::Session(session) => Some(*session),
            Found::Absent | Found::Unreadable => None,
        }
    }

    /// Starts a renewal, unless one runs; says whether one runs now.
    fn renew(&self) -> bool {
        lock(&self.use_).tried = Some(clock::now());
        let way = lock(&self.way);
        let need = Need { session: self.session.clone(), name: way.wish.name.clone(), old_serves: true };
        match renew::launch(&need, &way.wish.directory, &way.env.open(), &way.places) {
            Started::Here(mut child) => {
                process::spawn(move || drop(child.wait()));
                true
            }
            Started::Elsewhere => true,
            Started::Not => false,
        }
    }

    /// What can be given out: never what has less than five minutes left, or a fifth of a short life.
    fn good(&self, places: &Places, account: Option<&str>, now: Timestamp) -> Option<Session> {
        self.kept(places).filter(|session| {
            is_good(session, None, now) && (account.is_none() || session.credentials.account.is_some())
        })
    }

    fn session(
        &self,
        places: &Places,
        settings: &Settings,
        account: Option<&str>,
    ) -> anyhow::Result<Session> {
        let now = clock::now();
        if let Some(session) = self.good(places, account, now) {
            if is_due(&session, settings, now) {
                self.renew();
            }
            return Ok(session);
        }
        let failure =
            || FailureRecord::load(places, &self.session).filter(|last| last.pause_until(now).is_some());
        if failure().is_none() && self.renew() {
            // It has the lock until it ends.
            drop(SessionStore::new(places).lock(&self.session, PATIENCE));
            if let Some(session) = self.good(places, account, clock::now()) {
                return Ok(session);
            }
        }
        Err(match failure() {
            Some(last) => {
                let exit = if last.needs_person { Exit::PersonNeeded } else { Exit::Failed };
                Failure { exit, what: last.what, hint: last.hint }
            }
            None if SessionStore::new(places).is_locked(&self.session) => {
                Failure::new("the session is still on its way")
            }
            None => {
                let directory = lock(&self.way).wish.directory.clone();
                Failure::new("what this endpoint stands for has changed")
                    .hint(format!("open a new prompt in {}", directory.display()))
                    .exit(Exit::NotAllowed)
            }
        }
        .into())
    }
}

impl Lend for Tenant {
    fn lend(self: Arc<Self>) -> anyhow::Result<Lent> {
        let (places, name, account) = {
            let way = lock(&self.way);
            (way.places.clone(), way.wish.name.clone(), way.wish.account.clone())
        };
        lock(&self.use_).asked = Some(clock::now());
        // With a mistake in the settings, nobody knows what may run in the background: as at a prompt.
        let settings = crate::prompt::settings(&places)?;
        let session = self.session(&places, &settings, account.as_deref())?;
        check_account(&name, account.as_deref(), session.credentials.account.as_deref())?;
        let until = session.end();
        lock(&self.use_).until = Some(until);
        Ok(Lent { account: session.credentials.account.clone(), credentials: session.credentials, until })
    }
}

impl Way {
    fn new(wish: Wish, env: &[u8]) -> anyhow::Result<Self> {
        let env = Sealed::new(env);
        let places = Places::of(&env.open()).context("no home directory")?;
        Ok(Self { wish, places, env })
    }
}

/// An environment, unreadable in a swapped-out page; the key to it is fresh and stays in this process.
#[derive(Debug)]
struct Sealed {
    key: Key,
    bytes: Vec<u8>,
}

impl Sealed {
    fn new(env: &[u8]) -> Self {
        let key = seal::fresh_key();
        Self { bytes: seal::seal(&key, "env", env), key }
    }

    fn open(&self) -> Env {
        let bytes = seal::open(&self.key, "env", &self.bytes).unwrap_or_default();
        unpack(&bytes)
    }
}

/// `NAME=VALUE`, each with a NUL behind it, as the kernel keeps an environment.
pub(super) fn pack(env: &Env) -> Zeroizing<Vec<u8>> {
    let pairs = || env.for_child().map(|(name, value)| (name.as_encoded_bytes(), value.as_encoded_bytes()));
    let length = pairs().map(|(name, value)| name.len() + value.len() + 2).sum();
    // Of its size at once: growing leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for (name, value) in pairs() {
        for part in [name, b"=", value, b"\0"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes
}

fn unpack(bytes: &[u8]) -> Env {
    let pair = |pair: &[u8]| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        Some((OsString::from_vec(pair[..equals].to_vec()), OsString::from_vec(pair[equals + 1..].to_vec())))
    };
    bytes.split(|byte| *byte == 0).filter_map(pair).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn an_environment_comes_back_as_it_was() {
        let odd = OsStr::from_bytes(b"a\xff=\nb");
        let env: Env =
            [(OsStr::new("A"), odd), (OsStr::new("B"), OsStr::new("")), (OsStr::new("C"), OsStr::new("=c"))]
                .into_iter()
                .collect();
        assert_eq!(unpack(&pack(&env)), env);
        assert_eq!(Sealed::new(&pack(&env)).open(), env);
        assert!(!Sealed::new(b"A=planted\0").bytes.windows(7).any(|part| part == b"planted"));
    }
}
