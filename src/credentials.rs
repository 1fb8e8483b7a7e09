//! Credentials, and until when they are good.

use crate::clock::Timestamp;
use crate::secret::Secret;

/// The instant from which AWS refuses a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry(pub Timestamp);

impl Expiry {
    /// Whether the session can still be used at `now`.
    pub fn is_after(self, now: Timestamp) -> bool {
        self.0 > now
    }
}

/// One set of keys, as AWS hands it out.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AKIA…` for long-lived keys, `ASIA…` for a session; an identifier, not a secret.
    pub access_key_id: String,
    /// The signing key.
    pub secret_access_key: Secret,
    /// Present for sessions only.
    pub session_token: Option<Secret>,
    /// `None`: long-lived.
    pub expiry: Option<Expiry>,
    /// The twelve digits, where known without a call.
    pub account: Option<String>,
}
