//! Keys as they rest in a keychain: one line of JSON, in the words of AWS.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::limits;
use crate::secret::Secret;

/// Long-lived keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// `AKIA…`
    pub access_key_id: String,
    /// The signing key.
    pub secret_access_key: Secret,
}

/// They sign as they are.
impl From<Keys> for Credentials {
    fn from(keys: Keys) -> Self {
        Self {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: None,
            expiry: None,
            account: None,
        }
    }
}

/// Borrowed, so that no copy of the secret is left in memory.
#[derive(Serialize, Deserialize)]
pub(super) struct Record<'a> {
    #[serde(rename = "AccessKeyId", borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(rename = "SecretAccessKey", borrow)]
    secret_access_key: Cow<'a, str>,
}

impl Keys {
    /// Checked: letters and digits (the id becomes a file's name), and no session's keys.
    pub fn new(access_key_id: &str, secret_access_key: Secret) -> Result<Self, String> {
        let id = access_key_id;
        limits::access_key_id(id)?;
        if id.starts_with("ASIA") {
            return Err(format!("{id} is of a session, which ends; the keychain is for long-lived keys"));
        }
        let secret = secret_access_key.expose();
        // Quotes and backslashes would have to be escaped, and a copy made for it; AWS makes none.
        if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b)) {
            return Err("a secret access key is letters, digits, + and /".into());
        }
        Ok(Self { access_key_id: id.to_owned(), secret_access_key })
    }

    /// One line of JSON.
    pub(super) fn text(&self) -> Zeroizing<Vec<u8>> {
        json(&self.record(), self.record().size())
    }

    /// Reads it back.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Record<'_>>(text).ok()?.keys()
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record {
            access_key_id: Cow::Borrowed(&self.access_key_id),
            secret_access_key: Cow::Borrowed(self.secret_access_key.expose()),
        }
    }
}

impl Record<'_> {
    pub(super) fn keys(self) -> Option<Keys> {
        Keys::new(&self.access_key_id, Secret::new(self.secret_access_key)).ok()
    }

    /// At least what it takes as JSON.
    pub(super) fn size(&self) -> usize {
        64 + self.access_key_id.len() + self.secret_access_key.len()
    }
}

/// JSON in memory that never moves while it grows: a buffer left behind would not be wiped.
pub(super) fn json(value: &impl Serialize, size: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    serde_json::to_writer(&mut *bytes, value).expect("text is always JSON");
    debug_assert!(bytes.len() <= size, "it moved");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        let keys = Keys::new("AKIAME", Secret::new("me/secret+1")).unwrap();
        let text = keys.text();
        assert_eq!(text.as_slice(), br#"{"AccessKeyId":"AKIAME","SecretAccessKey":"me/secret+1"}"#);
        assert_eq!(Keys::read(&text), Some(keys));
        for damaged in ["", "{}", r#"{"AccessKeyId":"../x","SecretAccessKey":"s"}"#] {
            assert_eq!(Keys::read(damaged.as_bytes()), None, "{damaged}");
        }
    }

    #[test]
    fn what_are_no_long_lived_keys_is_refused() {
        for (id, secret, reason) in [
            ("", "s", "letters and digits"),
            ("../../x", "s", "letters and digits"),
            ("ASIAX", "s", "of a session"),
            ("AKIAX", "", "a secret access key is"),
            ("AKIAX", "a b", "a secret access key is"),
            ("AKIAX", "a\"b", "a secret access key is"),
        ] {
            let refused = Keys::new(id, Secret::new(secret)).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
