//! A JWE as aws-vault's file backend writes it (RFC 7516, RFC 7518 sections 4.8 and 5.3): a passphrase stretched by
//! PBKDF2 unwraps the key (`PBES2-HS256+A128KW`) that opens the text (`A256GCM`).

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use aes_kw::KwAes128;
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::item::base64;
use crate::secret::Secret;

const ALGORITHM: &str = "PBES2-HS256+A128KW";
/// aws-vault asks for 8192; a file that somebody made up must not keep us busy for hours.
const MOST_PASSES: u32 = 1_000_000;

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    p2c: u32,
    p2s: String,
    /// Compression, and what one must understand: aws-vault writes neither.
    zip: Option<serde_json::Value>,
    crit: Option<serde_json::Value>,
}

/// Why it does not open.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is not what aws-vault writes.
    Strange,
    /// The passphrase is another.
    Passphrase,
    /// The key fits, the text has changed.
    Damaged,
}

/// The text in it.
pub(super) fn open(token: &str, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let parts: Vec<_> = token.trim_ascii().split('.').collect();
    let &[header, key, nonce, text, tag] = &parts[..] else { return Err(Trouble::Strange) };
    let [opened, wrapped, nonce, mut text, tag] = {
        let decoded: Option<Vec<_>> = [header, key, nonce, text, tag].into_iter().map(base64).collect();
        decoded.and_then(|decoded| decoded.try_into().ok()).ok_or(Trouble::Strange)?
    };
    let known: Header = serde_json::from_slice(&opened).map_err(|_| Trouble::Strange)?;
    let wrapping = known.wrapping_key(passphrase).ok_or(Trouble::Strange)?;
    let nonce = Nonce::try_from(nonce.as_slice()).map_err(|_| Trouble::Strange)?;
    let tag = Tag::try_from(tag.as_slice()).map_err(|_| Trouble::Strange)?;
    let mut key = Zeroizing::new([0; 32]);
    if wrapped.len() != key.len() + aes_kw::IV_LEN {
        return Err(Trouble::Strange);
    }
    let wrapping = KwAes128::new(&(*wrapping).into());
    wrapping.unwrap_key(&wrapped, key.as_mut_slice()).map_err(|_| Trouble::Passphrase)?;
    let cipher = Aes256Gcm::new(&(*key).into());
    cipher
        .decrypt_inout_detached(&nonce, header.as_bytes(), text.as_mut_slice().into(), &tag)
        .map_err(|_| Trouble::Damaged)?;
    Ok(text)
}

impl Header {
    /// `None` if it asks for what we do not do.
    fn wrapping_key(&self, passphrase: &Secret) -> Option<Zeroizing<[u8; 16]>> {
        let is_ours =
            self.alg == ALGORITHM && self.enc == "A256GCM" && self.zip.is_none() && self.crit.is_none();
        if !is_ours || !(1..=MOST_PASSES).contains(&self.p2c) {
            return None;
        }
        let salt = [ALGORITHM.as_bytes(), &[0], &base64(&self.p2s)?].concat();
        let mut key = Zeroizing::new([0; 16]);
        pbkdf2::pbkdf2_hmac::<Sha256>(passphrase.expose().as_bytes(), &salt, self.p2c, key.as_mut());
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by jwcrypto 1.6.1: `JWE(b'{"Key":"ci"}', {"alg": "PBES2-HS256+A128KW", "enc": "A256GCM"})`, and the key of
    /// "correct horse"; jose2go's, which aws-vault calls, are among the files of the tests.
    const TOKEN: &str = "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMiOiJtYXJ3RHRsbDY2SlRaMGlHcXhHekNBIn0.IwI6Lhnf4-lJoG80kcKMKWT2ZQCKjv2F8NII3d-Z15iEc28NO8wu1Q.j-H8mV4y3B-r-2kM.QJRg9FP3x_UwvoQW.d2HsDOZeqfGuA8EDqTwT2A";

    fn passphrase() -> Secret {
        Secret::new("correct horse")
    }

    #[test]
    fn what_another_program_sealed_opens_with_its_passphrase_alone() {
        assert_eq!(open(TOKEN, &passphrase()).unwrap().as_slice(), br#"{"Key":"ci"}"#);
        assert_eq!(open(&format!("{TOKEN}\n"), &passphrase()).unwrap().as_slice(), br#"{"Key":"ci"}"#);
        for wrong in ["", "wrong horse", "correct horse "] {
            assert_eq!(open(TOKEN, &Secret::new(wrong)).unwrap_err(), Trouble::Passphrase);
        }
    }

    #[test]
    fn a_changed_byte_opens_nothing() {
        for (at, byte) in TOKEN.bytes().enumerate().step_by(29) {
            let mut changed = TOKEN.as_bytes().to_vec();
            // Of a value's last character some bits may not count; this one always does.
            changed[at] = if byte == b'A' { b'Q' } else { b'A' };
            assert!(open(std::str::from_utf8(&changed).unwrap(), &passphrase()).is_err(), "byte {at}");
        }
        for end in (0..TOKEN.len()).step_by(29) {
            assert!(open(&TOKEN[..end], &passphrase()).is_err(), "cut at {end}");
        }
        let last = TOKEN.rfind('.').unwrap();
        let other_text = TOKEN[..last].rfind('.').unwrap() + 1;
        let mut changed = TOKEN.to_owned();
        changed.replace_range(
            other_text..=other_text,
            if changed[other_text..].starts_with('A') { "B" } else { "A" },
        );
        assert_eq!(open(&changed, &passphrase()).unwrap_err(), Trouble::Damaged);
    }

    #[test]
    fn a_header_that_asks_for_too_much_or_for_something_else_is_refused() {
        let header = |alg: &str, enc: &str, p2c, zip: Option<&str>, crit: Option<&str>| Header {
            alg: alg.into(),
            enc: enc.into(),
            p2c,
            p2s: "c2FsdHNhbHQ".into(),
            zip: zip.map(Into::into),
            crit: crit.map(Into::into),
        };
        let is_refused = |header: Header| header.wrapping_key(&passphrase()).is_none();
        assert!(!is_refused(header(ALGORITHM, "A256GCM", 1, None, None)));
        for other in [
            header("PBES2-HS512+A256KW", "A256GCM", 1, None, None),
            header("dir", "A256GCM", 1, None, None),
            header(ALGORITHM, "A128CBC-HS256", 1, None, None),
            header(ALGORITHM, "A256GCM", 0, None, None),
            header(ALGORITHM, "A256GCM", MOST_PASSES + 1, None, None),
            header(ALGORITHM, "A256GCM", 1, Some("DEF"), None),
            header(ALGORITHM, "A256GCM", 1, None, Some("exp")),
        ] {
            assert!(is_refused(other));
        }
    }
}
