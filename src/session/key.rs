//! The key that seals what rests on disk, made at the first call. Where there is no place for one, nothing is
//! kept.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::files;
use crate::places::Places;
use crate::seal::{self, Key};
use crate::volatile::{self, Name};

pub use crate::volatile::Place;

/// A prompt may be the one who waits.
const PATIENCE: Duration = Duration::from_secs(1);

const NAME: Name<'_> = Name { keyring: "awsenv:seal:1", file: "key" };

/// The kernel's keyring is the user's, wherever a thread keeps its files and their lock.
static MAKING: Mutex<()> = Mutex::new(());

/// The key of this user on this machine. `None`: there is no place for one.
pub fn key(places: &Places) -> Option<Key> {
    volatile::find(places, NAME).or_else(|| {
        let _here = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        files::private_dir(&places.runtime).ok()?;
        // Two first calls at once must agree on one key: where the other is stopped, there is none yet.
        let _lock = files::lock_within(&places.runtime.join("key.lock"), PATIENCE).ok()??;
        volatile::find(places, NAME).or_else(|| {
            volatile::keep(places, NAME, &seal::fresh_key())?;
            volatile::find(places, NAME)
        })
    })
}

/// Where it is; it is made if it was not there.
pub fn place(places: &Places) -> Place {
    match key(places) {
        Some(_) => volatile::place(places, NAME),
        None => Place::Nowhere,
    }
}

/// A digest that only the key's owner can compute, fit for a file's name.
pub fn digest(key: &Key, bytes: &[u8]) -> String {
    // Digest of a digest, the key in both: no length extension (RFC 2104 in spirit).
    let inner = Sha256::new().chain_update(key.as_slice()).chain_update(bytes).finalize();
    let outer = Sha256::new().chain_update(key.as_slice()).chain_update(inner).finalize();
    files::hex(&outer[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_same_at_each_call() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places {
            home: "/".into(),
            settings: "/".into(),
            data: "/".into(),
            state: "/".into(),
            runtime: dir.path().join("awsenv"),
        };
        assert_eq!(key(&places).unwrap(), key(&places).unwrap());
    }
}
