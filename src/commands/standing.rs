//! How a session stands, as far as files say it: no call is made, nobody is asked.

use crate::clock::Timestamp;
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
        match missing_code(resolved, &store, world, now) {
            Some(serial) => Self::NeedsCode(serial),
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
            Self::NeedsCode(_) => "needs_person",
            Self::Absent => "absent",
        }
    }
}

/// The device that a hop presents which no kept session saves.
fn missing_code(
    resolved: &Resolved,
    store: &SessionStore<'_>,
    world: &World,
    now: Timestamp,
) -> Option<String> {
    let hops = resolved.chain.hops();
    let last = hops.len().checked_sub(1)?;
    let is_kept = |hops: &usize| {
        let found = store.load(&resolved.key_after(*hops, &world.original));
        matches!(found, Found::Session(session) if is_good(&session, None, now))
    };
    let kept = (1..=last).rev().find(is_kept).unwrap_or_default();
    hops[kept..].iter().find_map(|hop| hop.mfa_serial()).map(str::to_owned)
}
