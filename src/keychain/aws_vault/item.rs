//! An item as aws-vault's keyring library writes it, whatever the backend: JSON with the data in base64, which is
//! JSON again.

use std::borrow::Cow;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::keychain::Keys;
use crate::secret::Secret;

/// Borrowed, so that no copy of a secret is left in memory.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(rename = "Key", borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(rename = "Data", borrow)]
    data: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Credentials<'a> {
    #[serde(rename = "AccessKeyID", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "SecretAccessKey", borrow)]
    secret: Cow<'a, str>,
    #[serde(rename = "SessionToken", borrow, default)]
    token: Cow<'a, str>,
}

impl<'a> Item<'a> {
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// The keys in it, or why there are none.
    pub(super) fn keys(&self) -> Result<Keys, String> {
        let data = base64(&self.data);
        let read = data.as_ref().and_then(|data| serde_json::from_slice::<Credentials<'_>>(data).ok());
        let Some(Credentials { id, secret, token }) = read else {
            return Err("what aws-vault has there are no keys".to_owned());
        };
        let secret = Secret::new(secret);
        if !token.is_empty() {
            return Err("of a session, which ends".to_owned());
        }
        Keys::new(&id, secret)
    }
}

/// Its sessions and sign-ins, by name: `TYPE,PROFILE,MFA,EXPIRY` in base64, as it writes them today, and as older
/// versions did.
pub(super) fn is_session(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = name.split(',').collect();
    let of_today = parts.len() == 4 && digits(parts[3]);
    let in_brackets = name.rsplit_once(" session (").and_then(|(_, rest)| rest.strip_suffix(')'));
    let of_old =
        in_brackets.is_some_and(digits) || name.starts_with("session,") || name.starts_with("session:");
    of_today || of_old || name.starts_with("oidc:")
}

/// Of either alphabet, padded or not.
pub(super) fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    for group in text.chunks(4) {
        let mut bits = 0;
        for character in group {
            let value = match character {
                b'A'..=b'Z' => character - b'A',
                b'a'..=b'z' => character - b'a' + 26,
                b'0'..=b'9' => character - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        match group.len() {
            4 => bytes.extend_from_slice(&bits.to_be_bytes()[1..]),
            3 => bytes.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
            2 => bytes.push((bits >> 4) as u8),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_rfc_4648_gives_it() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg", "foob"),
            ("Zm9vYmE", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(base64(text).unwrap().as_slice(), bytes.as_bytes(), "{text}");
        }
        assert_eq!(base64("-_-_").unwrap().as_slice(), [0xfb, 0xff, 0xbf]);
        assert_eq!(base64("+/+/"), base64("-_-_"));
        for wrong in ["Z", "Zm9vY", "Zm 9", "Zm\n8", "é"] {
            assert!(base64(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn sessions_are_known_by_their_names() {
        for session in [
            "sts.GetSessionToken,Y2k,YXJuOmF3czppYW06OjExMTEyMjIyMzMzMzptZmEvbWU,1900000000",
            "sso.GetRoleCredentials,Y2k,,1900000000",
            "oidc:https://acme.awsapps.com/start",
            "session,Y2k,,1500000000",
            "session:ci:1500000000",
            "ci session (1500000000)",
        ] {
            assert!(is_session(session), "{session}");
        }
        for name in ["ci", "team/ops", "session", "my session", "a,b,c,d", "a,b,c,", "ci session (old)"] {
            assert!(!is_session(name), "{name}");
        }
    }

    #[test]
    fn what_are_no_long_lived_keys_is_said_without_its_secrets() {
        let keys = |data: &str| {
            let text = format!(r#"{{"Key":"ci","Data":"{data}"}}"#);
            Item::read(text.as_bytes()).unwrap().keys()
        };
        // {"AccessKeyID":"AKIAME","SecretAccessKey":"me/secret"}, with a token, and half of it.
        let good = "eyJBY2Nlc3NLZXlJRCI6IkFLSUFNRSIsIlNlY3JldEFjY2Vzc0tleSI6Im1lL3NlY3JldCJ9";
        let token =
            "eyJBY2Nlc3NLZXlJRCI6IkFTSUFNRSIsIlNlY3JldEFjY2Vzc0tleSI6InMiLCJTZXNzaW9uVG9rZW4iOiJ0In0=";
        assert_eq!(keys(good), Keys::new("AKIAME", Secret::new("me/secret")));
        assert_eq!(keys(token).unwrap_err(), "of a session, which ends");
        for wrong in ["", "!", &good[..40]] {
            assert_eq!(keys(wrong).unwrap_err(), "what aws-vault has there are no keys", "{wrong}");
        }
        for wrong in ["", "{}", "null", r#"{"Key":"ci"}"#] {
            assert!(Item::read(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
