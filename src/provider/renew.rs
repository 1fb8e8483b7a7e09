//! One at a time: whoever holds the session's lock asks AWS, everybody else finds the answer in the store.

use std::time::Duration;

use super::{Mfa, identity, walk};
use crate::aws::{Aws, fallback_region};
use crate::clock::{self, Timestamp};
use crate::env::Env;
use crate::places::Places;
use crate::profile::chain::{RoleChain, known_account};
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, Session, SessionStore};

/// What to get, and under which key to keep it.
#[derive(Debug)]
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

/// A session that is good for `least` from now: from the store, or else from AWS.
pub fn obtain(
    order: &Order<'_>,
    least: Option<Duration>,
    places: &Places,
    aws: Aws<'_>,
    original: &Env,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    let store = SessionStore::new(places);
    let kept = || match store.load(order.session) {
        Found::Session(session) if is_good(&session, least, clock::now()) => Some(*session),
        _ => None,
    };
    let old = |session| Obtained { session, is_new: false, not_kept: None };
    if let Some(session) = kept() {
        return Ok(old(session));
    }
    // No lock to be had: then one call more is better than none.
    let lock = store.lock(order.session);
    if let Some(session) = lock.as_ref().ok().and_then(|_| kept()) {
        return Ok(old(session));
    }
    fetch(order, &store, places, aws, original, mfa)
}

/// Asks AWS, whatever the store holds. The caller holds the lock, or has none.
pub fn fetch(
    order: &Order<'_>,
    store: &SessionStore<'_>,
    places: &Places,
    aws: Aws<'_>,
    original: &Env,
    mfa: &mut Mfa,
) -> anyhow::Result<Obtained> {
    log::info!("{}: AWS is asked for session {}", order.chain.name, order.session.short());
    let mut credentials = walk(order.chain, order.region, &aws, original, mfa)?;
    if order.ask_for_account && order.chain.roles.is_empty() {
        let region = order.region.unwrap_or(fallback_region(None));
        credentials.account = Some(identity::account(&credentials, region, &aws)?);
    } else if credentials.account.is_none() {
        credentials.account = known_account(order.chain);
    }
    let session = Session { name: order.chain.name.clone(), credentials, issued: clock::now() };
    let not_kept = store.save(order.session, &session).err();
    FailureRecord::forget(places, order.session);
    Ok(Obtained { session, is_new: true, not_kept })
}

/// Whether a session is good for `least` more; by default for five minutes, or a fifth of a short one's life.
pub fn is_good(session: &Session, least: Option<Duration>, now: Timestamp) -> bool {
    let Some(expiry) = session.credentials.expiry else { return true };
    let life = expiry.0.duration_since(session.issued).unsigned_abs();
    let least = least.unwrap_or_else(|| Duration::from_secs(300).min(life / 5));
    let left = expiry.0.duration_since(now);
    left.is_positive() && left.unsigned_abs() > least
}
