//! One session that the agent lends. It is read from the store for each program that asks, and renewed as a prompt
//! renews it: by a process of its own, which looks at the `.awsenv` anew. Between two requests nothing of it that is
//! secret is in memory but sealed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::agent::control::{Lending, Wish};
use crate::agent::endpoint::Lent;
use crate::agent::grants::Lend;
use crate::clock::{self, Timestamp};
use crate::commands::renew::{self, Started};
use crate::commands::subject::{Subject, pinned_at};
use crate::env::Env;
use crate::files::Stamp;
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
use crate::session::store::{Session, SessionStore};
use crate::session::{grant, sign_in};
use crate::settings::Settings;
use crate::world::World;

/// A renewal that has come to nothing is not started again before this, unless a program asks.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A program that asks has gone after this; most wait for a second or two, and come again.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session, of the account that is asked for, and how it is renewed.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) subject: grant::Subject,
    /// The latest first; there is one at least.
    ways: Mutex<Vec<Way>>,
    use_: Mutex<Use>,
    /// Whoever tends it has to know when it is given out.
    wake: Arc<Notify>,
}

/// Where the file counts that says how it is renewed.
#[derive(Clone, Debug)]
struct Way {
    wish: Wish,
    /// The session's name in the store, as long as these files are what they were.
    session: SessionKey,
    files: Vec<(PathBuf, Option<Stamp>)>,
    places: Places,
    /// What a renewal is started with. It may hold keys of the user's own.
    env: Arc<Sealed>,
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
    pub(super) fn new(
        subject: grant::Subject,
        wish: Wish,
        env: &[u8],
        wake: Arc<Notify>,
    ) -> anyhow::Result<Self> {
        Ok(Self { subject, ways: Mutex::new(vec![Way::new(wish, env)?]), use_: Mutex::default(), wake })
    }

    /// Another directory has the same session, or another shell there.
    pub(super) fn add_way(&self, wish: Wish, env: &[u8]) -> anyhow::Result<()> {
        let way = Way::new(wish, env)?;
        let mut ways = lock(&self.ways);
        ways.retain(|known| known.wish.directory != way.wish.directory);
        ways.insert(0, way);
        ways.truncate(grant::MOST);
        Ok(())
    }

    /// Where its ways count.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        lock(&self.ways).iter().map(|way| way.wish.directory.clone().into()).collect()
    }

    /// Where AWS's files, sign-ins, sessions and settings are.
    pub(super) fn watched(&self) -> Vec<PathBuf> {
        let way = self.latest();
        let files = ConfigFiles::locate(&way.env.open(), &way.places.home);
        let parents = [&files.config, &files.credentials, &way.places.settings];
        let parents = parents.into_iter().filter_map(|path| path.parent().map(Path::to_owned));
        let own = [way.places.home.join(".aws/sso/cache"), way.places.state.join("sessions")];
        parents.chain(own).collect()
    }

    pub(super) fn stands_on(&self, one: Option<&str>) -> bool {
        let own = self.latest().wish.sign_in;
        match one {
            Some(_) => own.as_deref() == one,
            None => own.as_deref().is_some_and(sign_in::is_a_persons),
        }
    }

    pub(super) fn lending(&self) -> Lending {
        let (way, asked) = (self.latest(), lock(&self.use_).asked);
        let expiry = kept(&way.places, &way.session).and_then(|session| session.credentials.expiry);
        Lending {
            name: way.wish.name,
            directory: way.wish.directory.into(),
            expiration: expiry.map(|expiry| clock::rfc3339(expiry.0)),
            asked: asked.map(clock::rfc3339),
        }
    }

    /// Until when somebody may have what was given out.
    pub(super) fn in_use_until(&self) -> Option<Timestamp> {
        lock(&self.use_).until
    }

    /// Renews what is in use and ends soon. Says when to look again. What is no longer kept waits for a program that
    /// asks: somebody has taken it away.
    pub(super) fn tend(&self, now: Timestamp) -> Option<Timestamp> {
        self.in_use_until().filter(|until| now < *until)?;
        let places = self.latest().places;
        let settings = crate::prompt::settings(&places).ok()?;
        let session = self.current().ok()?;
        let kept = kept(&places, &session)?;
        if !is_due(&kept, &settings, now) {
            return Some(due(&kept, &settings));
        }
        let pause = self.pause(&places, &session, now);
        if pause.is_none() {
            // What is wrong with it, a program is told that asks.
            let _ = self.renew();
        }
        pause.or_else(|| now.checked_add(LOOK_AGAIN).ok())
    }

    fn latest(&self) -> Way {
        lock(&self.ways).first().expect("there is one at least").clone()
    }

    /// The session's name in the store now: a certificate that was renewed has another.
    fn current(&self) -> anyhow::Result<SessionKey> {
        let latest = self.latest();
        let is_current = latest.files.iter().all(|(path, stamp)| Stamp::at(path) == *stamp);
        if is_current { Ok(latest.session) } else { Ok(self.way_that_leads_here()?.session) }
    }

    /// Until when no renewal is started that nobody waits for.
    fn pause(&self, places: &Places, session: &SessionKey, now: Timestamp) -> Option<Timestamp> {
        let tried = lock(&self.use_).tried.and_then(|tried| tried.checked_add(LOOK_AGAIN).ok());
        let failed = FailureRecord::load(places, session).and_then(|last| last.pause_until(now));
        failed.or(tried).filter(|again| now < *again)
    }

    /// Starts a renewal, unless one runs. An error: no directory says any more how.
    fn renew(&self) -> anyhow::Result<()> {
        lock(&self.use_).tried = Some(clock::now());
        let way = self.way_that_leads_here()?;
        let need = Need { session: way.session.clone(), name: way.wish.name.clone(), old_serves: true };
        match renew::launch(&need, &way.wish.directory, &way.env.open(), &way.places)? {
            Started::Here(mut child) => process::spawn(move || drop(child.wait())),
            Started::Elsewhere => {}
        }
        Ok(())
    }

    /// The latest whose file still counts and comes to this session, as that is called now; else what is wrong with the
    /// latest.
    fn way_that_leads_here(&self) -> anyhow::Result<Way> {
        let ways = lock(&self.ways).clone();
        let mut wrong = None;
        for way in ways {
            let found = World::of(way.env.open()).and_then(|world| {
                let subject = pinned_at(&way.wish.directory, &world)?;
                let leads_here =
                    |subject: &Subject| subject.resolved.lasting_key(&world.original) == self.subject.lasting;
                Ok(subject.filter(leads_here).map(|Subject { resolved, .. }| {
                    (resolved.session_key(&world.original), resolved.files())
                }))
            });
            match found {
                Ok(Some((session, files))) => {
                    let way = Way { session, files, ..way };
                    let mut ways = lock(&self.ways);
                    let same = ways.iter_mut().find(|known| known.wish.directory == way.wish.directory);
                    same.into_iter().for_each(|known| known.clone_from(&way));
                    return Ok(way);
                }
                Ok(None) => {
                    let hint = format!("open a new prompt in {}", way.wish.directory.display());
                    let what = "what this endpoint stands for has changed";
                    wrong.get_or_insert(Failure::new(what).hint(hint).exit(Exit::NotAllowed).into())
                }
                Err(error) => wrong.get_or_insert(error),
            };
        }
        Err(wrong.expect("there is one at least"))
    }

    /// What can be given out: never what has less than five minutes left, or a fifth of a short life.
    fn good(&self, places: &Places, session: &SessionKey, now: Timestamp) -> Option<Session> {
        let is_known =
            |session: &Session| self.subject.account.is_none() || session.credentials.account.is_some();
        kept(places, session).filter(|session| is_good(session, None, now) && is_known(session))
    }

    fn session(&self, places: &Places, settings: &Settings) -> anyhow::Result<Session> {
        let (current, now) = (self.current()?, clock::now());
        if let Some(session) = self.good(places, &current, now) {
            if is_due(&session, settings, now) && self.pause(places, &current, now).is_none() {
                let _ = self.renew();
            }
            return Ok(session);
        }
        if let Some(last) = failure(places, &current, now) {
            return Err(last.told().into());
        }
        // One that was about to end when this one came has done nothing for it.
        for _ in 0..2 {
            self.renew()?;
            // It has the lock until it ends.
            SessionStore::new(places).wait_until_free(&current, PATIENCE);
            let now = clock::now();
            match (self.good(places, &current, now), failure(places, &current, now)) {
                (Some(session), _) => return Ok(session),
                (None, Some(last)) => return Err(last.told().into()),
                (None, None) => {}
            }
        }
        Err(Failure::new("the session is still on its way").into())
    }
}

impl Lend for Tenant {
    fn lend(self: Arc<Self>) -> anyhow::Result<Lent> {
        let Way { wish, places, .. } = self.latest();
        lock(&self.use_).asked = Some(clock::now());
        // With a mistake in the settings, nobody knows what may run in the background: as at a prompt.
        let settings = crate::prompt::settings(&places)?;
        let session = self.session(&places, &settings)?;
        let account = session.credentials.account.clone();
        check_account(&wish.name, self.subject.account.as_deref(), account.as_deref())?;
        let until = session.end();
        if lock(&self.use_).until.replace(until) != Some(until) {
            self.wake.notify_one();
        }
        let account = account.or(session.claimed_account);
        Ok(Lent { credentials: session.credentials, account, until })
    }
}

impl Way {
    fn new(wish: Wish, env: &[u8]) -> anyhow::Result<Self> {
        let env = Sealed::new(env);
        let places = Places::of(&env.open()).context("no home directory")?;
        let session = SessionKey::named(&wish.session).ok_or_else(|| Failure::new("no session's name"))?;
        let files = wish.files.clone();
        Ok(Self { wish, session, files, places, env: Arc::new(env) })
    }
}

fn kept(places: &Places, session: &SessionKey) -> Option<Session> {
    SessionStore::new(places).load(session).session()
}

fn failure(places: &Places, session: &SessionKey, now: Timestamp) -> Option<FailureRecord> {
    FailureRecord::load(places, session).filter(|last| last.pause_until(now).is_some())
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
