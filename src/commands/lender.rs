//! One session, lent as often as it is asked for: from the store, and renewed in time, without a person.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::allow::tell_shells;
use super::renew::{mended_in, remember};
use super::subject::Subject;
use crate::agent::endpoint::Lent;
use crate::agent::grants::Lend;
use crate::clock;
use crate::message::{Exit, Failure};
use crate::prompt::plan;
use crate::provider::Mfa;
use crate::provider::renew::is_good;
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, Session, SessionStore};
use crate::world::World;

/// Keys without an end are asked for again after this.
const AGAIN: Duration = Duration::from_secs(3600);

/// Whose credentials are lent: decided once, whatever the files say later.
#[derive(Debug)]
pub(super) struct Lender {
    subject: Subject,
    session: SessionKey,
    world: World,
    /// One at a time asks AWS. What came of it and cannot be kept is here.
    turn: Mutex<Option<Session>>,
}

impl Lender {
    /// Of this session, which is the subject's.
    pub(super) fn new(subject: Subject, session: SessionKey, world: World) -> Arc<Self> {
        Arc::new(Self { subject, session, world, turn: Mutex::default() })
    }

    fn renew_early(&self) {
        // If it fails, that is remembered, and the old one serves on.
        let _ = self.renew(|session, now| !plan::is_due(session, &self.world.settings, now));
    }

    /// A session that will do: somebody else's, or a new one, unless it is too early to ask again.
    fn renew(&self, will_do: impl Fn(&Session, clock::Timestamp) -> bool) -> anyhow::Result<Session> {
        let mut unkept = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if let Some(session) = self.kept(unkept.as_ref()).filter(|session| will_do(session, now)) {
            return Ok(session);
        }
        let world = &self.world;
        if let Some(last) = FailureRecord::load(&world.places, &self.session)
            && last.pause_until(now).is_some()
        {
            let exit = if last.needs_person { Exit::PersonNeeded } else { Exit::Failed };
            return Err(Failure { exit, what: last.what, hint: last.hint }.into());
        }
        let mended_in = mended_in(&self.subject, world);
        let obtained = self.subject.refresh(&self.session, world, &mut Mfa::nobody()).and_then(|obtained| {
            self.subject.check(&obtained.session)?;
            Ok(obtained)
        });
        let obtained = obtained.inspect_err(|error| remember(error, mended_in, &self.session, world))?;
        tell_shells(world);
        *unkept = obtained.not_kept.is_some().then(|| obtained.session.clone());
        Ok(obtained.session)
    }

    fn kept(&self, unkept: Option<&Session>) -> Option<Session> {
        match SessionStore::new(&self.world.places).load(&self.session) {
            Found::Session(session) => Some(*session),
            Found::Absent | Found::Unreadable => unkept.cloned(),
        }
    }
}

impl Lend for Lender {
    /// Never what has less than five minutes left, or a fifth of a short life; and a new one in the background
    /// before that.
    fn lend(self: Arc<Self>) -> anyhow::Result<Lent> {
        let resolved = &self.subject.resolved;
        let now = clock::now();
        if resolved.is_at_hand() && self.subject.asks_for_no_account() {
            let credentials = plan::at_hand(resolved, now)?.clone();
            let end = credentials.expiry.map(|expiry| expiry.0);
            let until = end.or_else(|| now.checked_add(AGAIN).ok()).unwrap_or(now);
            return Ok(Lent { account: credentials.account.clone(), credentials, until });
        }
        let session = match self.kept(None).filter(|session| is_good(session, None, now)) {
            Some(session) => {
                let is_free = self.turn.try_lock().is_ok();
                if is_free && plan::is_due(&session, &self.world.settings, now) {
                    let lender = self.clone();
                    std::thread::spawn(move || lender.renew_early());
                }
                session
            }
            None => self.renew(|session, now| is_good(session, None, now))?,
        };
        let account = self.subject.check(&session)?.or_else(|| session.claimed_account.clone());
        let until = session.end();
        Ok(Lent { credentials: session.credentials, account, until })
    }
}
