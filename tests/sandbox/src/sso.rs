//! What the sandbox knows of sign-ins: clients, codes and tokens. `oidc.rs` gives them out, `portal.rs` takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::identity;
use crate::scenario::Portal;

/// What a person at the browser does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Confirms at once.
    #[default]
    Given,
    /// Has not looked yet.
    Pending,
    /// Says no.
    Denied,
    /// Confirms, and somebody in between puts another state into the answer.
    Tampered,
}

/// All sign-ins.
#[derive(Debug, Default)]
pub(crate) struct SignIns {
    known: Mutex<Known>,
    pub(crate) consent: Mutex<Consent>,
}

#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) clients: BTreeMap<String, Client>,
    /// By device code.
    pub(crate) devices: BTreeMap<String, Device>,
    /// By code.
    pub(crate) codes: BTreeMap<String, Code>,
    /// Access tokens, and their ends.
    pub(crate) tokens: BTreeMap<String, Timestamp>,
    /// Refresh tokens, and whose they are. Each is taken once.
    pub(crate) refresh_tokens: BTreeMap<String, String>,
    /// Everything that nobody else may learn.
    pub(crate) secrets: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) secret: String,
    pub(crate) expires: Timestamp,
    pub(crate) scopes: Vec<String>,
    pub(crate) grants: Vec<String>,
    pub(crate) redirect_uris: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) client: String,
    pub(crate) expires: Timestamp,
    /// The last time it was asked for, in seconds; one that asks too often is told to slow down.
    pub(crate) asked: Option<Timestamp>,
    pub(crate) interval: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
}

impl SignIns {
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn consent(&self) -> Consent {
        *self.consent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A secret that is remembered as one.
    pub(crate) fn secret(&mut self, prefix: &str, length: usize) -> String {
        let secret = identity::letters(prefix, length);
        self.secrets.insert(secret[prefix.len()..].to_owned());
        secret
    }

    pub(crate) fn register(
        &mut self,
        scopes: Vec<String>,
        grants: Vec<String>,
        redirect_uris: Vec<String>,
        clock: &Clock,
    ) -> (String, Client) {
        let id = identity::letters("client-", 22);
        let expires = later(clock, 90 * 86_400);
        let client = Client { secret: self.secret("eyJr", 80), expires, scopes, grants, redirect_uris };
        self.clients.insert(id.clone(), client.clone());
        (id, client)
    }

    /// A token for a client, and what the next one is got with if its scopes allow that.
    pub(crate) fn issue(&mut self, client: &str, seconds: i64, clock: &Clock) -> Value {
        let access = self.secret("aoaAAAAA", 90);
        self.tokens.insert(access.clone(), later(clock, seconds));
        let refreshes = self
            .clients
            .get(client)
            .is_some_and(|client| client.scopes.iter().any(|scope| scope == "sso:account:access"));
        let mut answer = json!({"accessToken": access, "tokenType": "Bearer", "expiresIn": seconds});
        if refreshes {
            let refresh = self.secret("aorAAAAA", 90);
            self.refresh_tokens.insert(refresh.clone(), client.to_owned());
            answer["refreshToken"] = refresh.into();
        }
        answer
    }

    /// As the AWS CLI would have kept a sign-in that ends in so many seconds.
    pub(crate) fn document(&mut self, portal: &Portal, seconds: i64, clock: &Clock) -> Value {
        let (id, client) = self.register(vec!["sso:account:access".into()], Vec::new(), Vec::new(), clock);
        let issued = self.issue(&id, seconds, clock);
        json!({
            "startUrl": portal.start_url,
            "region": portal.region,
            "accessToken": issued["accessToken"],
            "expiresAt": rfc3339(later(clock, seconds)),
            "clientId": id,
            "clientSecret": client.secret,
            "registrationExpiresAt": rfc3339(client.expires),
            "refreshToken": issued["refreshToken"],
        })
    }
}

pub(crate) fn later(clock: &Clock, seconds: i64) -> Timestamp {
    clock.now().checked_add(SignedDuration::from_secs(seconds)).expect("within some months")
}

fn rfc3339(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
