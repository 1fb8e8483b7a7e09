//! One at a time: whoever holds a session's lock asks AWS, everybody else finds the answer in the store. Every hop
//! of a chain is a session of its own, which serves all chains that begin the same way: one MFA code, one call.
//!
//! The lock of a chain is taken before that of the shorter chain that it stands on, so nobody waits in a circle.

use std::time::Duration;

use super::{Means, Mfa, call, identity, source};
use crate::aws::fallback_region;
use crate::clock::{self, Timestamp};
use crate::credentials::Credentials;
use crate::process::user_at_host;
use crate::profile::chain::{Hop, RoleChain, Source, known_account};
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::sso;
use crate::session::store::{Found, Session, SessionStore};

/// What to get, and under which key to keep it.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// How.
    pub chain: &'a RoleChain,
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

/// A session that is good for `least` from now: from the store, or else from AWS.
pub fn obtain(
    order: &Order<'_>,
    least: Option<Duration>,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    let store = SessionStore::new(means.places);
    let kept = good(&store, order.session, least);
    if let Some(session) = kept.filter(|session| !lacks_account(order, session)) {
        return Ok(Obtained::old(session));
    }
    // No lock to be had: then one call more is better than none.
    let _lock = store.lock(order.session);
    complete(order, least, means, mfa)
}

/// The same for who holds the lock, or has none.
pub fn complete(
    order: &Order<'_>,
    least: Option<Duration>,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    match good(&SessionStore::new(means.places), order.session, least) {
        // Kept on the way to another chain's end, where nobody needed to know whose it is.
        Some(session) if lacks_account(order, &session) => keep(order, session, means),
        Some(session) => Ok(Obtained::old(session)),
        None => fetch(order, means, mfa),
    }
}

/// A new session, or the one that somebody else got while this waited for the lock.
pub fn refresh(order: &Order<'_>, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
    let store = SessionStore::new(means.places);
    let key_id = |session: &Session| session.credentials.access_key_id.clone();
    let before = loaded(&store, order.session).as_ref().map(key_id);
    let _lock = match store.try_lock(order.session) {
        Ok(None) => {
            let lock = store.lock(order.session);
            let theirs = good(&store, order.session, None).filter(|session| Some(key_id(session)) != before);
            if let Some(session) = theirs.filter(|session| !lacks_account(order, session)) {
                return Ok(Obtained::old(session));
            }
            lock.ok()
        }
        lock => lock.ok().flatten(),
    };
    fetch(order, means, mfa)
}

/// Asks AWS for the last hop, whatever the store holds; those before it may be kept ones. The caller holds the
/// lock, or has none.
pub fn fetch(order: &Order<'_>, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
    log::info!("{}: AWS is asked for session {}", order.chain.name, order.session.short());
    let credentials = walk(order, order.chain.hops().len(), means, mfa)?;
    let session = new(order.chain.name.clone(), credentials, order.chain);
    keep(order, session, means)
}

/// What the hop before the last of `hops` signs, called anew.
fn walk(order: &Order<'_>, hops: usize, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Credentials> {
    let Some(before) = hops.checked_sub(1) else { return source(order.chain, means, mfa) };
    let signer = signer(order, before, means, mfa)?;
    let hop = order.chain.hops()[before];
    let credentials = call(hop, &signer, order.chain, order.region, means, mfa)?;
    if hop.mfa_serial().is_some() {
        FailureRecord::forget_waiting(means.places);
    }
    Ok(credentials)
}

/// The session after so many hops, kept or new.
fn signer(order: &Order<'_>, hops: usize, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Credentials> {
    let (chain, aws) = (order.chain, &means.aws);
    // Keys are taken from where they rest; a role of a sign-in is a session like any other.
    if hops == 0 && !matches!(chain.source, Source::Sso(_)) {
        return source(chain, means, mfa);
    }
    let key = SessionKey::after(hops, chain, order.region, &aws.fingerprint(), &user_at_host(means.original));
    let store = SessionStore::new(means.places);
    if let Some(session) = good(&store, &key, None) {
        return Ok(session.credentials);
    }
    let _lock = store.lock(&key);
    if let Some(session) = good(&store, &key, None) {
        return Ok(session.credentials);
    }
    log::info!("{}: AWS is asked for session {}, on the way", chain.name, key.short());
    let credentials = walk(order, hops, means, mfa)?;
    let name = match hops.checked_sub(1).map(|last| chain.hops()[last]) {
        None | Some(Hop::Session(_)) => chain.origin.profile.clone().unwrap_or_else(|| chain.name.clone()),
        Some(Hop::Role(role)) => role.profile.clone().unwrap_or_else(|| role.name().to_owned()),
    };
    let session = new(name, credentials, chain);
    // If it cannot be kept, neither can the last one, and that is said.
    let _ = store.save(&key, &session);
    FailureRecord::forget(means.places, &key);
    Ok(session.credentials)
}

fn new(name: String, credentials: Credentials, chain: &RoleChain) -> Session {
    let sign_in = match &chain.source {
        Source::Sso(sso) => Some(sso::id(&sso.portal)),
        _ => None,
    };
    Session { name, credentials, issued: clock::now(), sign_in }
}

/// The end of a chain: whose it is, where that has to be asked, and into the store.
fn keep(order: &Order<'_>, mut session: Session, means: &Means<'_>) -> anyhow::Result<Obtained> {
    let credentials = &mut session.credentials;
    if order.ask_for_account && order.chain.roles.is_empty() {
        let region = order.region.unwrap_or(fallback_region(None));
        credentials.account = Some(identity::identity(credentials, region, &means.aws)?.account);
    } else if credentials.account.is_none() {
        credentials.account = known_account(order.chain);
    }
    session.name.clone_from(&order.chain.name);
    let not_kept = SessionStore::new(means.places).save(order.session, &session).err();
    FailureRecord::forget(means.places, order.session);
    Ok(Obtained { session, is_new: true, not_kept })
}

/// Whether nobody has asked yet whose a session is, and somebody has to.
fn lacks_account(order: &Order<'_>, session: &Session) -> bool {
    order.ask_for_account && order.chain.roles.is_empty() && session.credentials.account.is_none()
}

fn loaded(store: &SessionStore<'_>, key: &SessionKey) -> Option<Session> {
    match store.load(key) {
        Found::Session(session) => Some(*session),
        Found::Absent | Found::Unreadable => None,
    }
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
