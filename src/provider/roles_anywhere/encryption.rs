//! What a password opens in PKCS#8 and PKCS#12: PBES2 by the library; of the older schemes those two that macOS, Windows
//! and OpenSSL before version 3 put into PKCS#12 (RFC 7292, appendices B and C).

use std::ops::RangeInclusive;

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
    /// By any: what stands beside the scheme cannot be read, or is not known.
    Parameters,
    /// Nobody has tried: it would take minutes, or all memory, or can be no such thing.
    Costly(&'static str),
}

/// What a file may ask of us, ten times what anybody writes: a file of a stranger's could stop the machine.
const ROUNDS: RangeInclusive<u32> = 1..=10_000_000;
/// Bytes of scrypt.
const MEMORY: u64 = 256 << 20;
/// How often scrypt may go through that.
const PASSES: u64 = 16;

fn affordable_rounds(rounds: u32) -> Result<(), Closed> {
    if ROUNDS.contains(&rounds) {
        return Ok(());
    }
    Err(Closed::Costly("its password is to be hashed more than 10 million times, or not at all"))
}

fn affordable(kdf: &pbes2::Kdf) -> Result<(), Closed> {
    match kdf {
        pbes2::Kdf::Pbkdf2(parameters) => affordable_rounds(parameters.iteration_count),
        pbes2::Kdf::Scrypt(parameters) => {
            let (n, r) = (parameters.cost_parameter, u64::from(parameters.block_size));
            let p = u64::from(parameters.parallelization);
            // The library takes the logarithm of an N of 0, and ends the process.
            let memory =
                n.checked_mul(128 * r).filter(|memory| n.is_power_of_two() && (1..=MEMORY).contains(memory));
            let work = memory.and_then(|memory| memory.checked_mul(p));
            match work.is_some_and(|work| (1..=MEMORY * PASSES).contains(&work)) {
                true => Ok(()),
                false => {
                    Err(Closed::Costly("the scrypt parameters are of no use, or ask for more than 256 MiB"))
                }
            }
        }
        _ => Err(Closed::Parameters),
    }
}

/// `pkcs-12PbeParams`.
#[derive(Sequence)]
struct Parameters {
    salt: OctetString,
    rounds: u32,
}

/// Opens it. Without a password it says what speaks against any: nobody is asked in vain.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifierOwned,
    sealed: &[u8],
    password: Option<&Secret>,
) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let scheme = || Closed::Scheme(algorithm.oid);
    let der = algorithm.to_der().map_err(|_| scheme())?;
    match algorithm.oid {
        pbes2::PBES2_OID => {
            let scheme = pkcs5::EncryptionScheme::from_der(&der).map_err(|_| Closed::Parameters)?;
            affordable(&scheme.pbes2().ok_or(Closed::Parameters)?.kdf)?;
            let password = password.ok_or(Closed::Password)?;
            match scheme.decrypt(password.expose(), sealed) {
                Ok(open) => Some(Zeroizing::new(open)).filter(makes_sense).ok_or(Closed::Password),
                Err(pkcs5::Error::UnsupportedAlgorithm { oid }) => Err(Closed::Scheme(oid)),
                Err(pkcs5::Error::AlgorithmParametersInvalid { .. }) => Err(Closed::Parameters),
                Err(_) => Err(Closed::Password),
            }
        }
        TRIPLE_DES | RC2_40 => {
            let parameters = algorithm.parameters.as_ref().ok_or_else(scheme)?;
            let parameters: Parameters = parameters.decode_as().map_err(|_| Closed::Parameters)?;
            affordable_rounds(parameters.rounds)?;
            let password = password.ok_or(Closed::Password)?;
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
                bytes.truncate(length.ok()?);
                Some(bytes).filter(makes_sense)
            };
            let text = big_endian(password);
            // Of an empty password some write its end, and some nothing at all.
            let nothing = || password.expose().is_empty().then(|| open(&[])).flatten();
            open(&text).or_else(nothing).ok_or(Closed::Password)
        }
        _ => Err(scheme()),
    }
}

/// Whether it is DER. Of 256 wrong passwords, one leaves what looks like a padding.
fn makes_sense(open: &Zeroizing<Vec<u8>>) -> bool {
    der::AnyRef::from_der(open).is_ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_password_is_never_taken_for_a_right_one_by_a_padding_that_fits() {
        let scheme = pbes2::Parameters::generate_pbkdf2_sha256_aes128cbc(1, &[1; 8], [0; 16]).unwrap();
        let scheme = pkcs5::EncryptionScheme::from(scheme).to_der().unwrap();
        let older = |oid| AlgorithmIdentifierOwned {
            oid,
            parameters: Some(
                der::Any::encode_from(&Parameters { salt: OctetString::new([1; 8]).unwrap(), rounds: 1 })
                    .unwrap(),
            ),
        };
        let ways = [AlgorithmIdentifierOwned::from_der(&scheme).unwrap(), older(TRIPLE_DES), older(RC2_40)];
        for way in ways {
            for wrong in 0..2000 {
                let opened = decrypt(&way, &[7; 32], Some(&Secret::new(format!("{wrong}"))));
                assert!(matches!(opened, Err(Closed::Password)), "{} {wrong}", way.oid);
            }
        }
    }
}
