//! A private key, and what it signs: RSA (PKCS#1 v1.5) and ECDSA, always over SHA-256, as AWS wants it whatever the
//! curve.

use der::Decode;
use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use pkcs8::PrivateKeyInfoRef;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sec1::EcPrivateKey;
use sha2::{Digest, Sha256};

#[cfg(feature = "pkcs11")]
use super::token::TokenKey;

pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A private key.
pub(super) enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    #[cfg(feature = "pkcs11")]
    Token(TokenKey),
}

/// Why a key cannot be used, in a few words.
type Reason = String;

impl SigningKey {
    /// `PRIVATE KEY` (RFC 5208).
    pub(super) fn of_pkcs8(der: &[u8]) -> Result<Self, Reason> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| damaged())?;
        match info.algorithm.oid {
            RSA => Self::of_pkcs1(info.private_key.as_bytes()),
            EC => {
                let curve = info.algorithm.parameters_oid().map_err(|_| damaged())?;
                Self::of_curve(curve, info.private_key.as_bytes())
            }
            kind => Err(format!("a key of the kind {kind}: IAM Roles Anywhere takes RSA and EC keys")),
        }
    }

    /// `RSA PRIVATE KEY` (RFC 8017, A.1.2).
    pub(super) fn of_pkcs1(der: &[u8]) -> Result<Self, Reason> {
        RsaKeyPair::from_der(der).map(|key| Self::Rsa(Box::new(key))).map_err(|why| {
            match why.to_string().as_str() {
                "TooSmall" => "an RSA key of less than 2048 bits".to_owned(),
                "TooLarge" => "an RSA key of more than 4096 bits, with which awsenv cannot sign".to_owned(),
                _ if is_whole_rsa(der) => {
                    "an RSA key that awsenv cannot sign with: two primes of half its size, and an exponent of \
                     at least 65537 are taken"
                        .to_owned()
                }
                _ => damaged(),
            }
        })
    }

    /// `EC PRIVATE KEY` (RFC 5915).
    pub(super) fn of_sec1(der: &[u8]) -> Result<Self, Reason> {
        let key = EcPrivateKey::from_der(der).map_err(|_| damaged())?;
        let curve = key.parameters.and_then(sec1::EcParameters::named_curve);
        Self::of_curve(curve.ok_or("an EC key without the name of its curve")?, der)
    }

    fn of_curve(curve: ObjectIdentifier, der: &[u8]) -> Result<Self, Reason> {
        let scalar = EcPrivateKey::from_der(der).map_err(|_| damaged())?.private_key;
        let key = match curve {
            P256 => p256::ecdsa::SigningKey::from_slice(scalar).map(Self::P256),
            P384 => p384::ecdsa::SigningKey::from_slice(scalar).map(Self::P384),
            P521 => p521::ecdsa::SigningKey::from_slice(scalar).map(Self::P521),
            other => return Err(format!("an EC key of the curve {other}: P-256, P-384 and P-521 are known")),
        };
        key.map_err(|_| damaged())
    }

    /// What AWS calls the signature.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "AWS4-X509-RSA-SHA256",
            #[cfg(feature = "pkcs11")]
            Self::Token(key) if key.is_rsa() => "AWS4-X509-RSA-SHA256",
            _ => "AWS4-X509-ECDSA-SHA256",
        }
    }

    /// Signs; an EC signature comes as DER. A token may refuse.
    pub(super) fn sign(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let digest = Sha256::digest(text);
        macro_rules! ec {
            ($curve:ident, $key:expr) => {{
                let signature: $curve::ecdsa::Signature =
                    $key.sign_prehash(&digest).expect("a digest can be signed");
                signature.to_der().as_bytes().to_vec()
            }};
        }
        Ok(match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
                    .expect("a key of 2048 bits or more signs");
                signature
            }
            Self::P256(key) => ec!(p256, key),
            Self::P384(key) => ec!(p384, key),
            Self::P521(key) => ec!(p521, key),
            #[cfg(feature = "pkcs11")]
            Self::Token(key) => return key.sign(text),
        })
    }

    /// Whether its public half is this, as a certificate has it. Of a token, the signature tells.
    pub(super) fn has_public_half(&self, subject_public_key: &[u8]) -> bool {
        macro_rules! ec {
            ($curve:ident, $key:expr) => {{
                let public = $curve::ecdsa::VerifyingKey::from_sec1_bytes(subject_public_key);
                public.is_ok_and(|public| public == *$key.verifying_key())
            }};
        }
        match self {
            Self::Rsa(key) => key.public_key().as_ref() == subject_public_key,
            Self::P256(key) => ec!(p256, key),
            Self::P384(key) => ec!(p384, key),
            Self::P521(key) => ec!(p521, key),
            #[cfg(feature = "pkcs11")]
            Self::Token(_) => true,
        }
    }
}

/// Nine numbers, as they belong there.
fn is_whole_rsa(der: &[u8]) -> bool {
    Vec::<der::asn1::Uint>::from_der(der).is_ok_and(|numbers| numbers.len() == 9)
}

fn damaged() -> Reason {
    "the private key is damaged".into()
}
