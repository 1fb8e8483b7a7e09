//! Sealing: ChaCha20-Poly1305 (RFC 8439) under a key, bound to what the bytes are for.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use zeroize::Zeroizing;

/// 256 bits, wiped on drop.
pub type Key = Zeroizing<[u8; 32]>;

const VERSION: u8 = 1;
const NONCE: usize = 12;

/// A key nobody can guess.
pub fn fresh_key() -> Key {
    let mut key = Key::default();
    getrandom::fill(key.as_mut()).expect("the kernel's random source answers");
    key
}

/// `version ‖ nonce ‖ ciphertext and tag`. `purpose` must be given again to open it: a file renamed into
/// another's place does not open there.
pub fn seal(key: &Key, purpose: &str, bytes: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).expect("the kernel's random source answers");
    let sealed = cipher(key)
        .encrypt(&nonce.into(), Payload { msg: bytes, aad: purpose.as_bytes() })
        .expect("a few kilobytes are within the cipher's limit");
    [&[VERSION], nonce.as_slice(), &sealed].concat()
}

/// The bytes, if they were sealed with this key for this purpose and are whole.
pub fn open(key: &Key, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, sealed) = rest.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    (*version == VERSION)
        .then(|| cipher(key).decrypt(&nonce.into(), Payload { msg: sealed, aad: purpose.as_bytes() }).ok())?
        .map(Zeroizing::new)
}

fn cipher(key: &Key) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.as_slice().try_into().expect("a key is 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_purpose_open_it_and_only_whole() {
        let key = Key::new([7; 32]);
        let sealed = seal(&key, "aside:1", b"secret");
        assert_eq!(open(&key, "aside:1", &sealed).unwrap().as_slice(), b"secret");
        assert!(open(&Key::new([8; 32]), "aside:1", &sealed).is_none());
        assert!(open(&key, "aside:2", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(open(&key, "aside:1", &damaged).is_none());
            assert!(open(&key, "aside:1", &sealed[..at]).is_none());
        }
    }
}
