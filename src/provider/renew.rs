//! One at a time: whoever holds a session's lock asks AWS, everybody else finds the answer in the store. Every hop
//! of a chain is a session of its own, which serves all chains that begin the same way: one MFA code, one call.
//!
//! A renewal takes the lock of a chain before that of the shorter chain that it stands on. A command that a person
//! typed takes one for a call alone; while the person may be asked something, it holds another, in the same order,
//! for which such commands wait and renewals do not. So nobody waits in a circle, and no prompt for a person.

use std::io;
use std::time::Duration;

use anyhow::Context;

use super::error::is_unknown_signer;
use super::mfa::{self, Mfa};
use super::process::{is_run_elsewhere, program};
use super::{Means, call, identity, region_of, source};
use crate::aws::{self, fallback_region};
use crate::clock::{self, SignedDuration, Timestamp};
use crate::credentials::Credentials;
use crate::files::Lock;
use crate::process::user_at_host;
use crate::profile::chain::{Hop, RoleChain, Source, sure_account};
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::sign_in;
use crate::session::store::{SILENT, Session, SessionStore};

/// What to get, and under which key to keep it.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// How.
    pub chain: &'a RoleChain,
    /// After so many of the chain's hops: all of them, or fewer on the way there.
    pub hops: usize,
    /// The region of calls that name none.
    pub region: Option<&'a str>,
    /// Where to keep it.
    pub session: &'a SessionKey,
    /// The account must come from AWS itself: the `.awsenv` asks for one, and keys in a file only claim theirs.
    pub ask_for_account: bool,
}

/// A session and, where it could not be kept, why: the credentials are good all the same.
#[derive(Debug)]
pub struct Obtained {
    /// The session.
    pub session: Session,
    /// Whether it came from AWS now.
    pub is_new: bool,
    /// Why it is not in the store.
    pub not_kept: Option<anyhow::Error>,
}

impl Obtained {
    fn old(session: Session) -> Self {
        Self { session, is_new: false, not_kept: None }
    }
}

impl<'a> Order<'a> {
    /// The last call on the way; none where the source itself is kept.
    fn hop(&self) -> Option<Hop<'a>> {
        self.chain.hops().get(self.hops.checked_sub(1)?).copied()
    }

    fn is_whole(&self) -> bool {
        self.hops == self.chain.hops().len()
    }

    /// What people call it: the chain, or on the way the profile that says this much.
    fn name(&self) -> String {
        let (whole, first) = (&self.chain.name, &self.chain.origin.profile);
        match self.hop() {
            _ if self.is_whole() => whole.clone(),
            None | Some(Hop::Session(_)) => first.as_ref().unwrap_or(whole).clone(),
            Some(Hop::Role(role)) => role.profile.clone().unwrap_or_else(|| role.name().to_owned()),
        }
    }
}

/// A session that is good for `least` from now: from the store, or else from AWS. Keys of a program that does not say
/// when they end are kept for prompts, which run nothing: each command has it asked anew, as SDKs do.
pub fn obtain(
    order: &Order<'_>,
    least: Option<Duration>,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    let kept = good(&SessionStore::new(means.places), order.session, least);
    match kept.filter(|session| !lacks_account(order, session)) {
        Some(session) if mfa.has_person() && is_endless(order, &session) => {
            return refresh(order, means, mfa);
        }
        Some(session) => return Ok(Obtained::old(session)),
        None => {}
    }
    let _turn = turn(order, means, mfa);
    complete(order, least, means, mfa)
}

/// The same for a renewal that holds the lock, and for who has had to wait.
pub fn complete(
    order: &Order<'_>,
    least: Option<Duration>,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    let store = SessionStore::new(means.places);
    match good(&store, order.session, least) {
        // Kept on the way to another chain's end, where nobody needed to know whose it is.
        Some(session) if lacks_account(order, &session) => keep(order, session, means),
        Some(session) => Ok(Obtained::old(session)),
        None => ask(order, &|| good(&store, order.session, least), means, mfa),
    }
}

/// A new session, or the one that somebody else got while this waited.
pub fn refresh(order: &Order<'_>, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
    let store = SessionStore::new(means.places);
    let issue = |session: &Session| (session.issued, session.credentials.access_key_id.clone());
    let before = loaded(&store, order.session).as_ref().map(issue);
    let theirs = || {
        let session = good(&store, order.session, None)?;
        (Some(issue(&session)) != before && !lacks_account(order, &session)).then_some(session)
    };
    let _turn = turn(order, means, mfa);
    theirs().map_or_else(|| ask(order, &theirs, means, mfa), |session| Ok(Obtained::old(session)))
}

/// Asks AWS for the last hop, whatever the store holds; those before it may be kept ones. For a renewal that holds
/// the lock.
pub fn fetch(order: &Order<'_>, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
    ask(order, &|| None, means, mfa)
}

/// Asks AWS, unless somebody else has by the time it is one's turn: then `theirs` is it.
fn ask(
    order: &Order<'_>,
    theirs: &dyn Fn() -> Option<Session>,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    let (name, short) = (&order.chain.name, order.session.short());
    let on_the_way = if order.is_whole() { "" } else { ", on the way" };
    log::info!("{name}: AWS is asked for session {short}{on_the_way}");
    let (signer, is_kept) = signer(order, means, mfa)?;
    let answer = ask_signed(order, &signer, theirs, means, mfa);
    match answer {
        Err(error) if is_kept && is_unknown_signer(&error) && is_revoked(order, &signer, means) => {
            log::warn!("{name}: AWS honours a kept session no more, it is fetched anew");
            SessionStore::new(means.places).forget(&signer.access_key_id)?;
            let (signer, _) = self::signer(order, means, mfa)?;
            ask_signed(order, &signer, theirs, means, mfa)
        }
        answer => answer,
    }
}

/// What signs the last call, and whether it came out of the store.
fn signer(order: &Order<'_>, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<(Credentials, bool)> {
    let chain = order.chain;
    // Keys are taken from where they rest; what any other source gives is a session like any other.
    let rests =
        matches!(chain.source, Source::Keys { .. } | Source::Environment(_) | Source::Keychain { .. });
    let is_kept = |hops: &usize| *hops > 0 || !rests;
    let Some(hops) = order.hops.checked_sub(1).filter(is_kept) else {
        if !mfa.has_person()
            && let Some(key) = program(chain)
            && SessionStore::new(means.places).is_person_asked(order.session)
        {
            return Err(is_run_elsewhere(key, chain).into());
        }
        let credentials = source(chain, means, mfa)?;
        if mfa.has_person() && program(chain).is_some() {
            FailureRecord::forget_waiting(means.places);
        }
        return Ok((credentials, false));
    };
    let user = user_at_host(means.original);
    let session = SessionKey::after(hops, chain, order.region, &means.aws.fingerprint(), &user);
    // If it cannot be kept, neither can the last one, and that is said.
    let before = Order { hops, session: &session, ask_for_account: false, ..*order };
    let obtained = obtain(&before, None, means, mfa)?;
    Ok((obtained.session.credentials, !obtained.is_new))
}

fn new(name: String, hop: Option<Hop<'_>>, mut credentials: Credentials, chain: &RoleChain) -> Session {
    let claims =
        matches!(chain.source, Source::Process { .. } | Source::Ec2Metadata(_) | Source::Container(_));
    let claimed_account = if hop.is_none() && claims { credentials.account.take() } else { None };
    let sign_in = sign_in::of(&chain.source);
    // Of a console session's keys AWS says how long, not until when: their end is by this machine's clock.
    let is_by_own_clock = hop.is_none() && matches!(chain.source, Source::Login { .. });
    let clock_ahead = aws::wrong_clock().filter(|_| !is_by_own_clock);
    // By a clock that is behind it would be given out beyond its end. By one that is ahead it ends too soon, and
    // that is better left: the clock may be set right meanwhile.
    if let (Some(behind @ ..0), Some(expiry)) = (clock_ahead, &mut credentials.expiry) {
        expiry.0 = expiry.0.checked_add(SignedDuration::from_secs(behind)).unwrap_or(expiry.0);
    }
    Session { name, credentials, claimed_account, issued: clock::now(), sign_in, clock_ahead }
}

/// Whether AWS knows this kept session no more, where it was issued. Elsewhere, in another partition, it never did:
/// then it is good for all others.
fn is_revoked(order: &Order<'_>, signer: &Credentials, means: &Means<'_>) -> bool {
    let before = Order { hops: order.hops - 1, ..*order };
    let region = before.hop().map_or(order.region.unwrap_or(fallback_region(None)), |hop| {
        region_of(hop, order.chain, order.region)
    });
    identity::identity(signer, region, &means.aws).is_err_and(|error| is_unknown_signer(&error))
}

/// The last call, with a code if it takes one, and what came of it into the store.
fn ask_signed(
    order: &Order<'_>,
    signer: &Credentials,
    theirs: &dyn Fn() -> Option<Session>,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    let store = SessionStore::new(means.places);
    let hop = order.hop();
    let serial = hop.as_ref().and_then(Hop::mfa_serial);
    if let Some(serial) = serial.filter(|_| !mfa.has_person() && store.is_person_asked(order.session)) {
        return Err(mfa::is_asked_elsewhere(serial).into());
    }
    let process = hop.as_ref().and_then(Hop::mfa_process);
    let answer = mfa.present(serial, process, means, |mfa, code| {
        let lock = |time| store.lock(order.session, time);
        let _lock = mfa.has_person().then(|| wait(lock, &order.chain.name, mfa));
        if let Some(session) = theirs() {
            return Ok(Obtained::old(session));
        }
        mfa.is_calling();
        let credentials = match hop {
            Some(hop) => call(hop, signer, order.chain, order.region, means, code)?,
            None => signer.clone(),
        };
        let session = new(order.name(), hop, credentials, order.chain);
        let obtained = keep(order, session, means)?;
        if serial.is_some() {
            FailureRecord::forget_waiting(means.places);
        }
        Ok(obtained)
    });
    match hop {
        None => answer,
        Some(Hop::Session(_)) => {
            answer.with_context(|| format!("cannot get a session for {}", order.chain.name))
        }
        Some(Hop::Role(role)) => answer.with_context(|| format!("cannot assume {}", role.arn)),
    }
}

/// Whoever has a code in hand waits for nobody who is asked for one.
fn turn(order: &Order<'_>, means: &Means<'_>, mfa: &mut Mfa) -> Option<Lock> {
    let store = SessionStore::new(means.places);
    match mfa.has_person() {
        true if mfa.has_code() => None,
        true => wait(|time| store.lock_for_person(order.session, time), &order.chain.name, mfa),
        false => wait(|time| store.lock(order.session, time), &order.chain.name, mfa),
    }
}

/// No lock to be had: then one call more is better than none.
fn wait(lock: impl Fn(Duration) -> io::Result<Option<Lock>>, name: &str, mfa: &mut Mfa) -> Option<Lock> {
    match lock(SILENT) {
        Ok(None) => {
            mfa.tell_of_wait(name);
            let lock = lock(mfa.patience()).ok().flatten();
            if lock.is_none() {
                mfa.lose_patience();
            }
            lock
        }
        taken => taken.ok().flatten(),
    }
}

/// Whose it is, where that has to be asked, and into the store.
fn keep(order: &Order<'_>, mut session: Session, means: &Means<'_>) -> anyhow::Result<Obtained> {
    let credentials = &mut session.credentials;
    if order.ask_for_account && order.chain.roles.is_empty() {
        let region = order.region.unwrap_or(fallback_region(None));
        credentials.account = Some(identity::identity(credentials, region, &means.aws)?.account);
    } else if credentials.account.is_none() && order.is_whole() {
        credentials.account = sure_account(order.chain);
    }
    session.name = order.name();
    let store = SessionStore::new(means.places);
    let not_kept = store.save(order.session, &session).err();
    if is_signed_out(order.chain, means) {
        // Meanwhile. Of the two, logout and this, one comes second and sees what the other has done.
        store.forget(&session.credentials.access_key_id)?;
    }
    FailureRecord::forget(means.places, order.session);
    Ok(Obtained { session, is_new: true, not_kept })
}

/// Whether the sign-in that a chain stands on is gone.
fn is_signed_out(chain: &RoleChain, means: &Means<'_>) -> bool {
    match &chain.source {
        Source::Sso(sso) => matches!(means.tokens.load(&sso.portal), sign_in::Found::Absent),
        Source::Login { session_arn } => matches!(means.logins.load(session_arn), sign_in::Found::Absent),
        _ => false,
    }
}

/// Whether nobody has asked yet whose a session is, and somebody has to.
fn lacks_account(order: &Order<'_>, session: &Session) -> bool {
    order.ask_for_account && order.chain.roles.is_empty() && session.credentials.account.is_none()
}

/// Whether a program gave it and did not say when it ends.
fn is_endless(order: &Order<'_>, session: &Session) -> bool {
    order.hops == 0
        && session.credentials.expiry.is_none()
        && matches!(order.chain.source, Source::Process { .. })
}

fn loaded(store: &SessionStore<'_>, key: &SessionKey) -> Option<Session> {
    store.load(key).session()
}

fn good(store: &SessionStore<'_>, key: &SessionKey, least: Option<Duration>) -> Option<Session> {
    loaded(store, key).filter(|session| is_good(session, least, clock::now()))
}

/// Whether a session is good for `least` more; by default for five minutes, or a fifth of a short one's life.
pub fn is_good(session: &Session, least: Option<Duration>, now: Timestamp) -> bool {
    let Some(expiry) = session.credentials.expiry else { return now < session.end() };
    let life = expiry.0.duration_since(session.issued).unsigned_abs();
    let least = least.unwrap_or_else(|| Duration::from_secs(300).min(life / 5));
    let left = expiry.0.duration_since(now);
    left.is_positive() && left.unsigned_abs() > least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_waited_in_vain_once_waits_no_more() {
        let times = std::cell::RefCell::new(Vec::new());
        let held = |time| {
            times.borrow_mut().push(time);
            Ok(None)
        };
        let mut mfa = Mfa::nobody();
        for _ in 0..2 {
            assert!(wait(held, "one", &mut mfa).is_none());
        }
        assert_eq!(times.into_inner(), [SILENT, Duration::from_secs(60), SILENT, Duration::ZERO]);
    }
}
