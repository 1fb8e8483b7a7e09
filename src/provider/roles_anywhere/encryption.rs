//! What a password opens in PKCS#8 and PKCS#12: PBES2 by the library; of the older schemes those two that macOS, Windows
//! and OpenSSL before version 3 put into PKCS#12 (RFC 7292, appendices B and C).

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, InnerIvInit, KeyIvInit};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use pkcs5::pbes2;
use pkcs8::spki::AlgorithmIdentifierOwned;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use crate::secret::Secret;

const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

/// Why something does not open.
#[derive(Debug)]
pub(super) enum Closed {
    /// By this password.
    Password,
    /// By any: the scheme is not known.
    Scheme(ObjectIdentifier),
}

/// `pkcs-12PbeParams`.
#[derive(Sequence)]
struct Parameters {
    salt: OctetString,
    rounds: u32,
}

/// Opens it. That the password is right is only certain once the content makes sense.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifierOwned,
    sealed: &[u8],
    password: &Secret,
) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let scheme = || Closed::Scheme(algorithm.oid);
    let der = algorithm.to_der().map_err(|_| scheme())?;
    match algorithm.oid {
        pbes2::PBES2_OID => {
            let scheme = pkcs5::EncryptionScheme::from_der(&der).map_err(|_| scheme())?;
            match scheme.decrypt(password.expose(), sealed) {
                Ok(open) => Ok(Zeroizing::new(open)),
                Err(pkcs5::Error::UnsupportedAlgorithm { oid }) => Err(Closed::Scheme(oid)),
                Err(_) => Err(Closed::Password),
            }
        }
        TRIPLE_DES | RC2_40 => {
            let parameters = algorithm.parameters.as_ref().ok_or_else(scheme)?;
            let parameters: Parameters = parameters.decode_as().map_err(|_| scheme())?;
            let open = |password: &[u8]| {
                let derived = |what, length| derive(what, password, &parameters, length);
                let mut bytes = Zeroizing::new(sealed.to_vec());
                let iv = derived(IV, 8);
                let length = match algorithm.oid {
                    TRIPLE_DES => {
                        let key = derived(KEY, 24);
                        cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, &iv)
                            .expect("of the right length")
                            .decrypt_padded::<Pkcs7>(&mut bytes)
                            .map(<[u8]>::len)
                    }
                    _ => {
                        let cipher = rc2::Rc2::new_with_eff_key_len(&derived(KEY, 5), 40);
                        cbc::Decryptor::<rc2::Rc2>::inner_iv_slice_init(cipher, &iv)
                            .expect("of the right length")
                            .decrypt_padded::<Pkcs7>(&mut bytes)
                            .map(<[u8]>::len)
                    }
                };
                length.ok().map(|length| {
                    bytes.truncate(length);
                    bytes
                })
            };
            let text = big_endian(password);
            // Of an empty password some write its end, and some nothing at all.
            let nothing = || password.expose().is_empty().then(|| open(&[])).flatten();
            open(&text).or_else(nothing).ok_or(Closed::Password)
        }
        _ => Err(scheme()),
    }
}

/// UTF-16 with a zero at its end.
fn big_endian(password: &Secret) -> Zeroizing<Vec<u8>> {
    let units = password.expose().encode_utf16().chain([0]);
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * password.expose().len() + 2));
    units.for_each(|unit| bytes.extend(unit.to_be_bytes()));
    bytes
}

const KEY: u8 = 1;
const IV: u8 = 2;

/// RFC 7292, appendix B.2, with SHA-1.
fn derive(what: u8, password: &[u8], parameters: &Parameters, length: usize) -> Zeroizing<Vec<u8>> {
    const BLOCK: usize = 64;
    let filled = |text: &[u8]| -> Vec<u8> {
        let length = text.len().div_ceil(BLOCK) * BLOCK;
        text.iter().copied().cycle().take(length).collect()
    };
    let mut input = Zeroizing::new([filled(parameters.salt.as_bytes()), filled(password)].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(length + 20));
    while derived.len() < length {
        let mut digest = Sha1::new().chain_update([what; BLOCK]).chain_update(&*input).finalize();
        for _ in 1..parameters.rounds {
            digest = Sha1::digest(digest);
        }
        derived.extend_from_slice(&digest);
        let added: Vec<u8> = digest.iter().copied().cycle().take(BLOCK).collect();
        for block in input.chunks_mut(BLOCK) {
            // block + added + 1, modulo 2^512.
            let mut carry = 1;
            for (byte, add) in block.iter_mut().zip(&added).rev() {
                let sum = u16::from(*byte) + u16::from(*add) + carry;
                *byte = (sum & 0xff) as u8;
                carry = sum >> 8;
            }
        }
    }
    derived.truncate(length);
    derived
}
