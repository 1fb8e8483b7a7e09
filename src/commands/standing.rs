//! How a session stands, as far as files say it: no call is made, nobody is asked.

use super::subject::{logins, tokens};
use crate::clock::Timestamp;
use crate::profile::chain::Source;
use crate::prompt::plan;
use crate::prompt::resolve::Resolved;
use crate::provider::renew::is_good;
use crate::session::failure::FailureRecord;
use crate::session::store::{Found, Session, SessionStore};
use crate::world::World;

/// What the store says of a chain's session.
#[derive(Debug)]
pub(super) enum Standing {
    /// It is there, and good enough for a shell.
    Kept(Box<Session>),
    /// Somebody asks AWS for it now.
    Pending,
    /// The last renewal failed, and the pause after that is not over.
    Failed(FailureRecord),
    /// It takes a code of this MFA device.
    NeedsCode(String),
    /// It takes a sign-in.
    NeedsSignIn,
    /// Nobody has asked for it yet.
    Absent,
}

impl Standing {
    /// Looks.
    pub(super) fn of(resolved: &Resolved, world: &World, now: Timestamp) -> Self {
        let store = SessionStore::new(&world.places);
        let key = resolved.session_key(&world.original);
        if let Found::Session(session) = store.load(&key)
            && plan::serves(&session, &world.settings, now)
        {
            return Self::Kept(session);
        }
        if store.is_locked(&key) {
            return Self::Pending;
        }
        let failure = FailureRecord::load(&world.places, &key);
        if let Some(failure) = failure.filter(|failure| failure.pause_until(now).is_some()) {
            return Self::Failed(failure);
        }
        let kept = kept_hops(resolved, &store, world, now);
        if kept.is_none() && !is_signed_in(&resolved.chain.source, world, now) {
            return Self::NeedsSignIn;
        }
        let hops = resolved.chain.hops();
        match hops[kept.unwrap_or_default()..].iter().find_map(|hop| hop.mfa_serial()) {
            Some(serial) => Self::NeedsCode(serial.to_owned()),
            None => Self::Absent,
        }
    }

    /// In a word, for scripts.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Kept(_) => "kept",
            Self::Pending => "pending",
            Self::Failed(failure) if failure.needs_person => "needs_person",
            Self::Failed(_) => "failed",
            Self::NeedsCode(_) | Self::NeedsSignIn => "needs_person",
            Self::Absent => "absent",
        }
    }
}

/// Whether the source takes no sign-in, or has one.
fn is_signed_in(source: &Source, world: &World, now: Timestamp) -> bool {
    match source {
        Source::Sso(sso) => tokens(world).is_signed_in(&sso.portal, now),
        Source::Login { session_arn } => logins(world).is_signed_in(session_arn, now),
        _ => true,
    }
}

/// After how many hops a good session is kept that the rest can stand on; `None`: it begins with its source.
fn kept_hops(resolved: &Resolved, store: &SessionStore<'_>, world: &World, now: Timestamp) -> Option<usize> {
    let is_kept = |hops: &usize| {
        let found = store.load(&resolved.key_after(*hops, &world.original));
        matches!(found, Found::Session(session) if is_good(&session, None, now))
    };
    (0..resolved.chain.hops().len()).rev().find(is_kept)
}
