//! One session, lent as often as it is asked for: from the store, and renewed in time, without a person.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::allow::tell_shells;
use super::renew::{mended_in, remember};
use super::subject::Subject;
use crate::agent::endpoint::Lent;
use crate::agent::grants::Lend;
use crate::clock;
use crate::prompt::plan;
use crate::provider::Mfa;
use crate::provider::renew::is_good;
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::store::{Session, SessionStore};
use crate::world::World;

/// Keys without an end are asked for again after this.
const AGAIN: Duration = Duration::from_secs(3600);

/// Whose credentials are lent: decided once, whatever the files say later.
#[derive(Debug)]
pub(super) struct Lender {
    subject: Subject,
    world: World,
    /// One at a time asks AWS. What came of it and cannot be kept is here.
    turn: Mutex<Option<(SessionKey, Session)>>,
}

/// The subject as it stands today, and its session's name: a certificate's files are looked at for each request.
#[derive(Clone)]
struct Today {
    subject: Arc<Subject>,
    session: SessionKey,
}

impl Lender {
    /// Of the subject's session.
    pub(super) fn new(subject: Subject, world: World) -> Arc<Self> {
        Arc::new(Self { subject, world, turn: Mutex::default() })
    }

    /// What it was given.
    pub(super) fn world(&self) -> &World {
        &self.world
    }

    fn today(&self) -> Today {
        let subject = Arc::new(self.subject.restamped());
        let session = subject.resolved.session_key(&self.world.original);
        Today { subject, session }
    }

    fn renew_early(&self, today: &Today) {
        // If it fails, that is remembered, and the old one serves on.
        let _ = self.renew(today, |session, now| !plan::is_due(session, &self.world.settings, now));
    }

    /// A session that will do: somebody else's, or a new one, unless it is too early to ask again.
    fn renew(
        &self,
        today: &Today,
        will_do: impl Fn(&Session, clock::Timestamp) -> bool,
    ) -> anyhow::Result<Session> {
        let Today { subject, session: key } = today;
        let mut unkept = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if let Some(session) = self.kept(key, unkept.as_ref()).filter(|session| will_do(session, now)) {
            return Ok(session);
        }
        let world = &self.world;
        if let Some(last) = FailureRecord::load(&world.places, key)
            && last.pause_until(now).is_some()
        {
            return Err(last.told().into());
        }
        let mended_in = mended_in(subject, world);
        let obtained = subject.refresh(key, world, &mut Mfa::nobody()).and_then(|obtained| {
            subject.check(&obtained.session)?;
            Ok(obtained)
        });
        let obtained = obtained.inspect_err(|error| remember(error, mended_in, key, world))?;
        tell_shells(world);
        *unkept = obtained.not_kept.is_some().then(|| (key.clone(), obtained.session.clone()));
        Ok(obtained.session)
    }

    fn kept(&self, key: &SessionKey, unkept: Option<&(SessionKey, Session)>) -> Option<Session> {
        let unkept = || unkept.filter(|(own, _)| own == key).map(|(_, session)| session.clone());
        SessionStore::new(&self.world.places).load(key).session().or_else(unkept)
    }
}

impl Lend for Lender {
    /// Never what has less than five minutes left, or a fifth of a short life; and a new one in the background
    /// before that.
    fn lend(self: Arc<Self>) -> anyhow::Result<Lent> {
        let today = self.today();
        let resolved = &today.subject.resolved;
        let now = clock::now();
        if resolved.is_at_hand() && today.subject.asks_for_no_account() {
            let credentials = plan::at_hand(resolved, now)?.clone();
            let end = credentials.expiry.map(|expiry| expiry.0);
            let until = end.or_else(|| now.checked_add(AGAIN).ok()).unwrap_or(now);
            return Ok(Lent { account: credentials.account.clone(), credentials, until });
        }
        let session = match self.kept(&today.session, None).filter(|session| is_good(session, None, now)) {
            Some(session) => {
                let is_free = self.turn.try_lock().is_ok();
                if is_free && plan::is_due(&session, &self.world.settings, now) {
                    let (lender, today) = (self.clone(), today.clone());
                    std::thread::spawn(move || lender.renew_early(&today));
                }
                session
            }
            None => self.renew(&today, |session, now| is_good(session, None, now))?,
        };
        let account = today.subject.check(&session)?.or_else(|| session.claimed_account.clone());
        let until = session.end();
        Ok(Lent { credentials: session.credentials, account, until })
    }
}
