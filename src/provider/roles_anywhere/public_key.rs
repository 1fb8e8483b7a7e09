//! A certificate's public key: what it makes of a token's signature.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::signing_key::{EC, P256, P384, P521, RSA};

/// By its kind.
#[derive(Clone)]
pub(super) enum PublicKey {
    Rsa(Vec<u8>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::ecdsa::VerifyingKey>),
}

impl PublicKey {
    /// `None`: of a kind that IAM Roles Anywhere does not take, or awsenv does not know.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        let (algorithm, bytes) = (certificate.key_algorithm(), certificate.public_key());
        macro_rules! ec {
            ($curve:ident, $kind:ident) => {
                $curve::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok().map(Box::new).map(Self::$kind)
            };
        }
        let curve = algorithm.parameters.as_ref().and_then(|curve| curve.decode_as().ok());
        match (algorithm.oid, curve) {
            (RSA, _) => Some(Self::Rsa(bytes.to_vec())),
            (EC, Some(P256)) => ec!(p256, P256),
            (EC, Some(P384)) => ec!(p384, P384),
            (EC, Some(P521)) => ec!(p521, P521),
            _ => None,
        }
    }

    pub(super) fn is_rsa(&self) -> bool {
        matches!(self, Self::Rsa(_))
    }

    /// The signature in the form that AWS takes; `None`: another key has made it.
    pub(super) fn proven(&self, text: &[u8], signature: Vec<u8>) -> Option<Vec<u8>> {
        let digest = Sha256::digest(text);
        // PKCS#11 has both numbers one behind the other, AWS wants them in DER.
        macro_rules! ec {
            ($curve:ident, $key:expr) => {{
                let signature = $curve::ecdsa::Signature::from_slice(&signature).ok()?;
                $key.verify_prehash(&digest, &signature).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }};
        }
        match self {
            Self::Rsa(key) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
                .verify(text, &signature)
                .is_ok()
                .then_some(signature),
            Self::P256(key) => ec!(p256, key),
            Self::P384(key) => ec!(p384, key),
            Self::P521(key) => ec!(p521, key),
        }
    }
}
