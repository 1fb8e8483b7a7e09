//! The key of a console session, and the proof of it that goes with each request (DPoP, RFC 9449).

use aws_smithy_types::base64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use super::super::sign_in::pkce::base64url;
use crate::clock::Timestamp;
use crate::files;
use crate::secret::Secret;

/// A key of P-256.
pub(super) struct DpopKey {
    private: Zeroizing<[u8; SIZE]>,
    /// `04`, x, y.
    public: [u8; 1 + 2 * SIZE],
    /// What ring makes of it. (It does not wipe that.)
    pair: EcdsaKeyPair,
}

const SIZE: usize = 32;

impl DpopKey {
    /// A new one.
    pub(super) fn generate() -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let document = document.expect("the kernel's random source answers");
        Self::from_der(document.as_ref()).expect("ring reads what it wrote")
    }

    /// From PEM, as the AWS CLI writes it (SEC1) and others do (PKCS#8). The public key has to be in it.
    pub(super) fn from_pem(pem: &Secret) -> Option<Self> {
        let lines = pem.expose().lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let text: Zeroizing<String> = Zeroizing::new(lines.collect());
        Self::from_der(&Zeroizing::new(base64::decode(text.as_str()).ok()?))
    }

    /// As the AWS CLI writes it: RFC 5915, with the curve, which it does not read without.
    pub(super) fn pem(&self) -> Secret {
        let mut der = Zeroizing::new(Vec::with_capacity(BEFORE_PRIVATE.len() + BEFORE_PUBLIC.len() + 97));
        der.extend_from_slice(BEFORE_PRIVATE);
        der.extend_from_slice(&*self.private);
        der.extend_from_slice(BEFORE_PUBLIC);
        der.extend_from_slice(&self.public);
        let text = Zeroizing::new(base64::encode(der.as_slice()));
        let mut pem = String::with_capacity(2 * text.len());
        pem.push_str("-----BEGIN EC PRIVATE KEY-----\n");
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END EC PRIVATE KEY-----\n");
        Secret::new(pem)
    }

    /// The proof for a POST to this URL at `now`. No two are the same.
    pub(super) fn proof(&self, url: &str, now: Timestamp) -> String {
        let (x, y) = self.public[1..].split_at(SIZE);
        let header = serde_json::json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)},
        });
        let claims = serde_json::json!({
            "htm": "POST",
            "htu": url,
            "iat": now.as_second(),
            "jti": uuid(),
        });
        let [header, claims] = [header, claims].map(|part| base64url(part.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.expect("the kernel's random source answers");
        format!("{signed}.{}", base64url(signature.as_ref()))
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (private, public) = sec1(der).or_else(|| sec1(pkcs8(der)?))?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &*private,
            &public,
            &SystemRandom::new(),
        );
        // Of another curve, or of two keys, it is none.
        Some(Self { pair: pair.ok()?, private, public })
    }
}

/// RFC 9562, 5.4, as the AWS CLI has it.
fn uuid() -> String {
    let mut digits = files::random_hex(16);
    digits.replace_range(12..13, "4");
    digits.replace_range(16..17, "a");
    let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

/// `SEQUENCE { INTEGER 1, OCTET STRING …` and `[0] { prime256v1 }, [1] { BIT STRING …`.
const BEFORE_PRIVATE: &[u8] = &[0x30, 0x77, 2, 1, 1, 4, 0x20];
const BEFORE_PUBLIC: &[u8] =
    &[0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 0xa1, 0x44, 3, 0x42, 0];

/// RFC 5915, 3.
fn sec1(mut der: &[u8]) -> Option<(Zeroizing<[u8; SIZE]>, [u8; 1 + 2 * SIZE])> {
    let mut key = element(&mut der, 0x30)?;
    element(&mut key, 2)?;
    let number = element(&mut key, 4)?;
    let mut private = Zeroizing::new([0; SIZE]);
    private[SIZE.checked_sub(number.len())?..].copy_from_slice(number);
    let _curve = element(&mut key, 0xa0);
    let mut public = element(&mut key, 0xa1)?;
    let bits = element(&mut public, 3)?;
    Some((private, bits.strip_prefix(&[0])?.try_into().ok()?))
}

/// What RFC 5208, 5, wraps.
fn pkcs8(mut der: &[u8]) -> Option<&[u8]> {
    let mut info = element(&mut der, 0x30)?;
    element(&mut info, 2)?;
    element(&mut info, 0x30)?;
    element(&mut info, 4)
}

/// The content of the next element of DER, if it is of this kind: then the rest begins behind it.
fn element<'a>(der: &mut &'a [u8], kind: u8) -> Option<&'a [u8]> {
    let rest = der.strip_prefix(&[kind])?;
    let (length, rest) = match rest {
        [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        [length, rest @ ..] if *length < 0x80 => (usize::from(*length), rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *der = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// One key as OpenSSL writes it.
    const SEC1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJrSlLaWqa5/W41JDi3taYi3c/dHe8vyqa83eQclzrfFoAoGCCqGSM49
AwEHoUQDQgAEwVccMzjaUtAVzu0UgzaLXGJo8HiZPKj+Qv0GZuR7sP8TAK6nZq3M
cpbD5pqt6GjzweCT8QwjU2zLFAvQBBoBTQ==
-----END EC PRIVATE KEY-----
";
    const PKCS8: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmtKUtpaprn9bjUkO
Le1piLdz90d7y/Kprzd5ByXOt8WhRANCAATBVxwzONpS0BXO7RSDNotcYmjweJk8
qP5C/QZm5Huw/xMArqdmrcxylsPmmq3oaPPB4JPxDCNTbMsUC9AEGgFN
-----END PRIVATE KEY-----
";

    fn read(pem: &str) -> Option<DpopKey> {
        DpopKey::from_pem(&Secret::new(pem))
    }

    #[test]
    fn both_forms_are_one_key_and_are_written_as_the_aws_cli_does() {
        for pem in [SEC1, PKCS8, &SEC1.replace('\n', "\r\n")] {
            assert_eq!(read(pem).unwrap().pem().expose(), SEC1);
        }
        let new = DpopKey::generate();
        assert_eq!(read(new.pem().expose()).unwrap().public, new.public);
    }

    #[test]
    fn what_is_no_whole_key_of_this_curve_is_none() {
        let without_public = "MDECAQEEIJrSlLaWqa5/W41JDi3taYi3c/dHe8vyqa83eQclzrfFoAoGCCqGSM49AwEH";
        let secp256k1 = "MHQCAQEEINf/JMriyXdMyG446BPWfsYT19KF1hRm8zD61+igRG3woAcGBSuBBAAKoUQDQgAEdmDMzTHlfLlEBtV9ABnhk033U6gcy0iccHMYiY6F3m9dtzj30jEE99TS0ZNTZdtYGhfHbJBYNLM1XoBfa5cRkw==";
        for text in ["", "x", "MA==", "MIAA", without_public, secp256k1] {
            assert!(read(text).is_none(), "{text}");
        }
        for end in 0..SEC1.trim_end().len() - "=\n-----END EC PRIVATE KEY-----".len() {
            assert!(read(&SEC1[..end]).is_none(), "{end}");
        }
        let damaged = SEC1.replace("wVccMzja", "wVccMzjb");
        assert!(read(&damaged).is_none(), "the public key is another's");
    }

    #[test]
    fn a_proof_says_what_it_is_for_and_is_signed() {
        let key = read(SEC1).unwrap();
        let now = crate::clock::parse("2026-11-22T12:00:00Z").unwrap();
        let url = "https://us-east-1.signin.aws.amazon.com/v1/token";
        let proof = key.proof(url, now);
        assert_ne!(proof, key.proof(url, now), "each is taken once");
        let (signed, signature) = proof.rsplit_once('.').unwrap();
        let bytes = |part: &str| {
            let padding = "=".repeat(part.len().wrapping_neg() % 4);
            base64::decode(part.replace('-', "+").replace('_', "/") + &padding).unwrap()
        };
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public);
        public.verify(signed.as_bytes(), &bytes(signature)).unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let [header, mut claims] =
            [header, claims].map(|part| serde_json::from_slice::<serde_json::Value>(&bytes(part)).unwrap());
        let id = claims["jti"].take();
        let parts: Vec<_> = id.as_str().unwrap().split('-').map(str::len).collect();
        assert_eq!((parts, id.as_str().unwrap().get(14..15)), (vec![8, 4, 4, 4, 12], Some("4")));
        let expected = serde_json::json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {
                "kty": "EC",
                "crv": "P-256",
                "x": "wVccMzjaUtAVzu0UgzaLXGJo8HiZPKj-Qv0GZuR7sP8",
                "y": "EwCup2atzHKWw-aareho88Hgk_EMI1NsyxQL0AQaAU0",
            },
        });
        assert_eq!(header, expected);
        let expected = serde_json::json!({"htm": "POST", "htu": url, "iat": 1_795_348_800, "jti": null});
        assert_eq!(claims, expected);
    }
}
