//! A private key, and what it signs: RSA (PKCS#1 v1.5) and ECDSA, always over SHA-256, as AWS wants it whatever the
//! curve.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Tag, Tagged};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use pkcs8::PrivateKeyInfoRef;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sec1::EcPrivateKey;
use sha2::{Digest, Sha256};

#[cfg(feature = "pkcs11")]
use super::token::TokenKey;
use crate::message::Failure;

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

/// Why a key cannot be used, in a few words without the file's name.
type Reason = Failure;

/// Where awsenv is the one that cannot. AWS's helper takes this flag for what it does anyway, and awsenv does not know it.
pub(super) const BY_HELPER: &str = "AWS's own helper may: awsenv runs it where `--debug=false` stands behind its flags, \
                                    in a profile's credential_process";

impl SigningKey {
    /// `PRIVATE KEY` (RFC 5208).
    pub(super) fn of_pkcs8(der: &[u8]) -> Result<Self, Reason> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| damaged())?;
        let parameters = info.algorithm.parameters;
        match info.algorithm.oid {
            RSA => Self::of_pkcs1(info.private_key.as_bytes()),
            EC if parameters.is_some_and(|curve| curve.tag() == Tag::Sequence) => Err(nameless()),
            EC => {
                let curve = info.algorithm.parameters_oid().map_err(|_| damaged())?;
                Self::of_curve(curve, info.private_key.as_bytes())
            }
            kind => Err(unknown(kind)),
        }
    }

    /// `RSA PRIVATE KEY` (RFC 8017, A.1.2).
    pub(super) fn of_pkcs1(der: &[u8]) -> Result<Self, Reason> {
        RsaKeyPair::from_der(der).map(|key| Self::Rsa(Box::new(key))).map_err(|_| unfit_rsa(der))
    }

    /// `EC PRIVATE KEY` (RFC 5915).
    pub(super) fn of_sec1(der: &[u8]) -> Result<Self, Reason> {
        let key = EcPrivateKey::from_der(der);
        let key = key.map_err(|_| if writes_curve_out(der) { nameless() } else { damaged() })?;
        let curve = key.parameters.and_then(sec1::EcParameters::named_curve).ok_or_else(nameless)?;
        Self::of_curve(curve, der)
    }

    fn of_curve(curve: ObjectIdentifier, der: &[u8]) -> Result<Self, Reason> {
        let scalar = EcPrivateKey::from_der(der).map_err(|_| damaged())?.private_key;
        let key = match curve {
            P256 => p256::ecdsa::SigningKey::from_slice(scalar).map(Self::P256),
            P384 => p384::ecdsa::SigningKey::from_slice(scalar).map(Self::P384),
            P521 => p521::ecdsa::SigningKey::from_slice(scalar).map(Self::P521),
            other => {
                let name = name(&other);
                return Err(Failure::new(format!(
                    "an EC key of the curve {name}: P-256, P-384 and P-521 are known"
                )));
            }
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

/// What the library has against an RSA key. It gives one reason for a small modulus and a small exponent.
fn unfit_rsa(der: &[u8]) -> Reason {
    let parts = Vec::<AnyRef<'_>>::from_der(der).unwrap_or_default();
    let [_version, modulus, exponent, ..] = &parts[..] else { return damaged() };
    let what = match (bits(modulus), bits(exponent)) {
        (0..2048, _) => return Failure::new("an RSA key of less than 2048 bits"),
        (bits, _) if bits > 4096 || bits % 1024 != 0 => {
            format!("an RSA key of {bits} bits: awsenv signs with 2048, 3072 and 4096")
        }
        (_, 0..17) => "an RSA key with an exponent below 65537, with which awsenv cannot sign".to_owned(),
        _ if parts.len() > 9 => {
            "an RSA key of more than two primes, with which awsenv cannot sign".to_owned()
        }
        _ => return damaged(),
    };
    Failure::new(what).hint(BY_HELPER)
}

/// How long a number is.
fn bits(number: &AnyRef<'_>) -> usize {
    let mut digits = number.value().iter().skip_while(|byte| **byte == 0);
    digits.next().map_or(0, |first| 8 * (digits.count() + 1) - first.leading_zeros() as usize)
}

/// Whether an `EC PRIVATE KEY` has the curve's own numbers where its name belongs.
fn writes_curve_out(der: &[u8]) -> bool {
    let parts = Vec::<AnyRef<'_>>::from_der(der).unwrap_or_default();
    parts.iter().any(|part| part.tag().is_context_specific() && part.value().first() == Some(&0x30))
}

fn nameless() -> Reason {
    Failure::new("an EC key without the name of its curve")
        .hint("`openssl ec -in OLD -out NEW -param_enc named_curve` writes it where it has one")
}

fn unknown(kind: ObjectIdentifier) -> Reason {
    let name = name(&kind);
    match name.starts_with("ML-DSA") {
        true => {
            Failure::new(format!("a key of the kind {name}, with which awsenv cannot sign")).hint(BY_HELPER)
        }
        false => Failure::new(format!("a key of the kind {name}: IAM Roles Anywhere takes RSA and EC keys")),
    }
}

/// What people call a kind of key, or a curve.
fn name(oid: &ObjectIdentifier) -> String {
    let number = oid.to_string();
    let name = match number.as_str() {
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        "1.3.132.0.10" => "secp256k1",
        "1.3.132.0.33" => "P-224",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        other => other,
    };
    name.to_owned()
}

fn damaged() -> Reason {
    Failure::new("the private key is damaged")
}
