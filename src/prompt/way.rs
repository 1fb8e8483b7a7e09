//! How a session comes to programs: by its keys, by a profile, or by the agent's endpoint. What has to be made first,
//! whoever renews makes.

use std::time::Duration;

use super::Question;
use super::directory::Pinned;
use super::env_file::{Deliver, Pin};
use super::resolve::Resolved;
use super::wanted::Delivery;
use crate::clock::Timestamp;
use crate::env::Env;
use crate::places::Places;
use crate::process::this_program;
use crate::profile::ahead_of_endpoint;
use crate::profile::config::ConfigFiles;
use crate::profile::delivered::Delivered;
use crate::session::grant::{self, Grant, Subject};
use crate::session::index::Entry;
use crate::session::lease::Lease;
use crate::session::session_key::SessionKey;
use crate::session::store::Session;

/// A prompt whose programs ask the agent looks after it so often.
const LOOK_AT_AGENT: Duration = Duration::from_secs(60);

/// How a session comes to programs.
pub(super) enum Way<'a> {
    Keys,
    Profile(&'a str),
    Endpoint(Grant),
}

impl<'a> Way<'a> {
    /// `None`: it has to be made first. It may go while the AWS files stay as they are.
    pub(super) fn of(pinned: &Pinned, entry: &'a Entry, places: &Places) -> Option<Self> {
        // This directory has to say how it is renewed, too: it may outlive the others.
        let own = pinned.files.first().and_then(|file| file.parent());
        match pinned.pin.deliver {
            None | Some(Deliver::Env) => Some(Self::Keys),
            Some(Deliver::Profile) => {
                let leases = Lease::all(places, &entry.lasting);
                let is_leased = !leases.is_empty() && own.is_none_or(|own| Lease::covers(&leases, own));
                entry.delivered.as_deref().filter(|_| is_leased).map(Self::Profile)
            }
            Some(Deliver::Endpoint) => {
                let account = pinned.pin.account.clone();
                let grant = Grant::load(places, &Subject { lasting: entry.lasting.clone(), account })?;
                own.is_none_or(|own| grant.covers(own)).then_some(Self::Endpoint(grant))
            }
        }
    }

    /// An agent that is killed tells nobody.
    pub(super) fn look_again(&self, question: &Question<'_>) -> Option<Timestamp> {
        matches!(self, Self::Endpoint(_)).then(|| {
            grant::attend(question.places, question.pid);
            question.now.checked_add(LOOK_AT_AGENT).unwrap_or(question.now)
        })
    }

    /// What that puts into the environment.
    pub(super) fn delivery(&self, session: &'a Session) -> Delivery<'_> {
        let expiry = session.credentials.expiry;
        match self {
            Self::Keys => Delivery::Keys(&session.credentials),
            Self::Profile(name) => Delivery::Profile { name, expiry },
            Self::Endpoint(grant) => Delivery::Endpoint { uri: &grant.uri, token: &grant.token, expiry },
        }
    }
}

/// An error if programs would find somebody else on that way.
pub fn check(pin: &Pin, files: &ConfigFiles, original: &Env, places: &Places) -> anyhow::Result<()> {
    if pin.deliver == Some(Deliver::Endpoint) {
        let instead = "say deliver = \"profile\"";
        ahead_of_endpoint::check(&files.read()?, original, &places.home, instead)?;
    }
    Ok(())
}

/// The profile that programs get the session by, if they shall and it is there.
pub(super) fn delivered(
    pin: &Pin,
    resolved: &Resolved,
    lasting: &SessionKey,
    files: &ConfigFiles,
) -> Option<String> {
    if pin.deliver != Some(Deliver::Profile) {
        return None;
    }
    let delivered = Delivered::of(&resolved.name, lasting.name(), &this_program()?).ok()?;
    delivered.is_in(&files.read().ok()?).then_some(delivered.name)
}
