//! A token as the AWS CLI writes it. What other tools add to it stays.

use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::super::sign_in::document::Document;
use super::super::sign_in::secret;
use super::registration::Client;
use crate::clock::{self, Timestamp};
use crate::profile::chain::Portal;
use crate::secret::Secret;

/// A token is renewed from so long before its end, as the AWS CLI does.
const EARLY: Duration = Duration::from_secs(15 * 60);

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub struct Token {
    /// The portal's address, as far as the file says it.
    pub start_url: Option<String>,
    /// The region that issued it, as far as the file says it: nobody else is sent this token.
    pub region: Option<String>,
    /// What the portal is asked with.
    pub access_token: Secret,
    /// Its end.
    pub expires: Timestamp,
    /// Who it was issued to.
    pub client: Option<Client>,
    /// What the next token is got with.
    pub refresh_token: Option<Secret>,
    /// Fields of other programs, as JSON, to be written back: nobody knows which of them are secrets.
    rest: Vec<(String, Secret)>,
}

impl Token {
    /// A token as it was issued.
    pub fn new(
        portal: &Portal,
        client: Client,
        access_token: Secret,
        refresh_token: Option<Secret>,
        expires: Timestamp,
    ) -> Self {
        Self {
            start_url: Some(portal.start_url.clone()),
            region: Some(portal.region.clone()),
            access_token,
            expires,
            client: Some(client),
            refresh_token,
            rest: Vec::new(),
        }
    }

    /// The one that follows. AWS may keep the refresh token or give another.
    pub fn renewed(&self, access_token: Secret, refresh_token: Option<Secret>, expires: Timestamp) -> Self {
        let refresh_token = refresh_token.or_else(|| self.refresh_token.clone());
        Self { access_token, refresh_token, expires, ..self.clone() }
    }

    /// Whether this portal issued it, as far as the file says who did.
    pub fn is_of(&self, portal: &Portal) -> bool {
        // `/start`, `/start/` and `/start#/` are one page.
        let page = |address: &str| address.trim_end_matches(['/', '#']).to_ascii_lowercase();
        self.region.as_ref().is_none_or(|region| *region == portal.region)
            && self.start_url.as_ref().is_none_or(|address| page(address) == page(&portal.start_url))
    }

    /// Whether the portal takes it at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// Whether it is time for the next one.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.checked_add(EARLY).is_ok_and(|soon| soon >= self.expires)
    }

    /// What the next one can be got with, at `now`.
    pub fn means(&self, now: Timestamp) -> Option<(&Client, &Secret)> {
        let client = self.client.as_ref().filter(|client| now < client.expires)?;
        Some((client, self.refresh_token.as_ref()?))
    }

    /// Reads a file of the cache; `None`: it is no token.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let access_token = secret(&mut rest, "accessToken")?;
        let refresh_token = secret(&mut rest, "refreshToken");
        let client_secret = secret(&mut rest, "clientSecret");
        let mut text = |name: &str| match rest.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let client = match (text("clientId"), client_secret, text("registrationExpiresAt")) {
            (Some(id), Some(secret), Some(expires)) => {
                clock::parse(&expires).map(|expires| Client { id, secret, expires })
            }
            _ => None,
        };
        Some(Self {
            start_url: text("startUrl"),
            region: text("region"),
            expires: clock::parse(&text("expiresAt")?)?,
            access_token,
            client,
            refresh_token,
            rest: rest.into_iter().map(|(name, value)| (name, Secret::new(value.to_string()))).collect(),
        })
    }

    pub(super) fn document(&self) -> Zeroizing<Vec<u8>> {
        let client = self.client.as_ref();
        let known = Document::new()
            .option("startUrl", self.start_url.as_ref())
            .option("region", self.region.as_ref())
            .field("accessToken", self.access_token.expose())
            .field("expiresAt", clock::rfc3339(self.expires))
            .option("clientId", client.map(|client| &client.id))
            .option("clientSecret", client.map(|client| client.secret.expose()))
            .option("registrationExpiresAt", client.map(|client| clock::rfc3339(client.expires)))
            .option("refreshToken", self.refresh_token.as_ref().map(Secret::expose));
        let value = |json: &Secret| serde_json::from_str::<Value>(json.expose()).unwrap_or_default();
        self.rest.iter().fold(known, |document, (name, json)| document.field(name, value(json))).end()
    }
}
