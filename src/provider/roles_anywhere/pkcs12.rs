//! PKCS#12 (RFC 7292): certificates and a key in one file. Its MAC is not looked at: a key that belongs to the
//! certificate cannot be the wrong one.

use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use pkcs8::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::encryption::{Closed, decrypt};
use crate::secret::Secret;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");

#[derive(Sequence)]
struct Pfx {
    _version: u8,
    safe: ContentInfo,
    #[asn1(optional = "true")]
    _mac: Option<Any>,
}

#[derive(Sequence)]
struct ContentInfo {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    content: Option<Any>,
}

#[derive(Sequence)]
struct EncryptedData {
    _version: u8,
    content: EncryptedContentInfo,
}

#[derive(Sequence)]
struct EncryptedContentInfo {
    _kind: ObjectIdentifier,
    algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    sealed: Option<OctetString>,
}

#[derive(Sequence)]
struct Bag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: Any,
    #[asn1(optional = "true")]
    _attributes: Option<Any>,
}

#[derive(Sequence)]
struct CertificateBag {
    _kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    der: OctetString,
}

/// `EncryptedPrivateKeyInfo`, in PKCS#8 and here.
#[derive(Sequence)]
pub(super) struct ShroudedKey {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) sealed: OctetString,
}

/// What lies in a file.
#[derive(Default)]
pub(super) struct Contents {
    /// DER, in any order.
    pub(super) certificates: Vec<Vec<u8>>,
    /// PKCS#8.
    pub(super) key: Option<Zeroizing<Vec<u8>>>,
}

/// Why there is nothing to be had.
#[derive(Debug)]
pub(super) enum Trouble {
    Closed(Closed),
    Damaged,
    /// Each takes as long as its author liked.
    TooMany,
}

/// Encrypted parts of one file: the certificates, and a key.
pub(super) const MOST: usize = 16;

impl From<der::Error> for Trouble {
    fn from(_: der::Error) -> Self {
        Self::Damaged
    }
}

impl From<Closed> for Trouble {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// Whether it is one, damaged behind its beginning or not: a sequence that begins with the version, 3.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = bytes else { return false };
    let more = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
    rest.get(more..).is_some_and(|rest| rest.starts_with(&[0x02, 0x01, 0x03]))
}

/// Reads all that is in it.
pub(super) fn open(bytes: &[u8], password: &Secret) -> Result<Contents, Trouble> {
    let pfx = Pfx::from_der(bytes)?;
    let mut contents = Contents::default();
    let mut parts = 0;
    let mut decrypt = |algorithm: &AlgorithmIdentifierOwned, sealed: &[u8]| {
        parts += 1;
        if parts > MOST {
            return Err(Trouble::TooMany);
        }
        Ok(decrypt(algorithm, sealed, Some(password))?)
    };
    for part in Vec::<ContentInfo>::from_der(&data(&pfx.safe)?)? {
        let bags = match part.kind {
            ENCRYPTED_DATA => {
                let sealed: EncryptedData = part.content.ok_or(Trouble::Damaged)?.decode_as()?;
                let EncryptedContentInfo { algorithm, sealed, .. } = sealed.content;
                let open = decrypt(&algorithm, sealed.ok_or(Trouble::Damaged)?.as_bytes())?;
                Vec::<Bag>::from_der(&open).map_err(|_| Closed::Password)?
            }
            _ => Vec::<Bag>::from_der(&data(&part)?)?,
        };
        for bag in bags {
            match bag.kind {
                CERTIFICATE_BAG => {
                    let certificate: CertificateBag = bag.value.decode_as()?;
                    contents.certificates.push(certificate.der.into_bytes().into());
                }
                KEY_BAG if contents.key.is_none() => {
                    contents.key = Some(Zeroizing::new(bag.value.to_der()?));
                }
                SHROUDED_KEY_BAG if contents.key.is_none() => {
                    let ShroudedKey { algorithm, sealed } = bag.value.decode_as()?;
                    contents.key = Some(decrypt(&algorithm, sealed.as_bytes())?);
                }
                _ => {}
            }
        }
    }
    Ok(contents)
}

fn data(part: &ContentInfo) -> Result<Vec<u8>, Trouble> {
    match (&part.content, part.kind) {
        (Some(content), DATA) => Ok(content.decode_as::<OctetString>()?.into_bytes().into()),
        _ => Err(Trouble::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_sixteen_encrypted_parts_are_opened() {
        let scheme = pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes128cbc(1, &[1; 8], [0; 16]).unwrap();
        let sealed = scheme.encrypt("x", &[0x30, 0]).unwrap();
        let scheme = pkcs5::EncryptionScheme::from(scheme).to_der().unwrap();
        let part = || {
            let content = EncryptedContentInfo {
                _kind: DATA,
                algorithm: AlgorithmIdentifierOwned::from_der(&scheme).unwrap(),
                sealed: Some(OctetString::new(sealed.clone()).unwrap()),
            };
            let content = Any::encode_from(&EncryptedData { _version: 0, content }).unwrap();
            ContentInfo { kind: ENCRYPTED_DATA, content: Some(content) }
        };
        let file = |count: usize| {
            let parts: Vec<_> = (0..count).map(|_| part()).collect();
            let parts = OctetString::new(parts.to_der().unwrap()).unwrap();
            let safe = ContentInfo { kind: DATA, content: Some(Any::encode_from(&parts).unwrap()) };
            Pfx { _version: 3, safe, _mac: None }.to_der().unwrap()
        };
        assert!(open(&file(MOST), &Secret::new("x")).is_ok());
        assert!(matches!(open(&file(MOST + 1), &Secret::new("x")), Err(Trouble::TooMany)));
    }
}
