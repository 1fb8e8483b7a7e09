//! A client registration as the AWS CLI writes it: once made, it serves every sign-in of some months.

use std::time::Duration;

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::super::sign_in::document::Document;
use super::super::sign_in::secret;
use crate::clock::{self, Timestamp};
use crate::files;
use crate::profile::chain::Portal;
use crate::secret::Secret;

/// One that ends sooner is not begun with, as with the AWS CLI.
const LEAST: Duration = Duration::from_secs(15 * 60);
/// What a token needs to be renewed.
const USUAL_SCOPE: &str = "sso:account:access";

/// How one signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// In a browser of this machine, which comes back with a code (RFC 6749 4.1, with PKCE, RFC 7636).
    Browser,
    /// In any browser, with a code that is typed there (RFC 8628).
    Device,
}

impl Flow {
    /// What a client registers for; none: for the device flow.
    pub fn grants(self) -> &'static [&'static str] {
        match self {
            Self::Browser => &["authorization_code", "refresh_token"],
            Self::Device => &[],
        }
    }
}

/// Who signs in: this program, as AWS knows it.
#[derive(Clone, Debug)]
pub struct Client {
    /// Not a secret.
    pub id: String,
    /// Less secret than its name: everybody may register. It is kept as one all the same.
    pub secret: Secret,
    /// Its end.
    pub expires: Timestamp,
}

/// A client, and what it registered for.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Who.
    pub client: Client,
    /// What it may ask for.
    pub scopes: Vec<String>,
    grants: Vec<String>,
}

impl Registration {
    /// A registration as it was made.
    pub fn new(client: Client, portal: &Portal, flow: Flow) -> Self {
        let grants = flow.grants().iter().map(|grant| (*grant).to_owned()).collect();
        Self { client, scopes: Self::scopes(portal), grants }
    }

    /// What to register for.
    pub fn scopes(portal: &Portal) -> Vec<String> {
        if portal.scopes.is_empty() { vec![USUAL_SCOPE.to_owned()] } else { portal.scopes.clone() }
    }

    /// Its file's name: a digest of Python's `json.dumps(…, sort_keys=True)`.
    pub(super) fn id(portal: &Portal) -> String {
        let scopes = Some(&portal.scopes).filter(|scopes| !scopes.is_empty());
        let document = Document::new()
            .field("region", &portal.region)
            .field("scopes", scopes)
            .field("session_name", &portal.session)
            .field("startUrl", &portal.start_url)
            .field("tool", "botocore");
        files::hex(&Sha1::digest(&*document.end()))
    }

    /// Whether one can sign in with it in this way.
    pub(super) fn serves(&self, portal: &Portal, flow: Flow, now: Timestamp) -> bool {
        let lasts = now.checked_add(LEAST).is_ok_and(|soon| soon < self.client.expires);
        lasts && self.grants == flow.grants() && self.scopes == Self::scopes(portal)
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut object: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let secret = secret(&mut object, "clientSecret")?;
        let id = object.get("clientId")?.as_str()?.to_owned();
        let expires = clock::parse(object.get("expiresAt")?.as_str()?)?;
        let list = |name: &str| -> Vec<String> {
            let items = object.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Some(Self {
            client: Client { id, secret, expires },
            scopes: list("scopes"),
            grants: list("grantTypes"),
        })
    }

    pub(super) fn document(&self) -> Zeroizing<Vec<u8>> {
        let list = |items: &Vec<String>| Some(items.clone()).filter(|items| !items.is_empty());
        Document::new()
            .field("clientId", &self.client.id)
            .field("clientSecret", self.client.secret.expose())
            .field("expiresAt", clock::rfc3339(self.client.expires))
            .option("scopes", list(&self.scopes))
            .option("grantTypes", list(&self.grants))
            .end()
    }
}
