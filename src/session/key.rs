//! The key that seals what rests on disk. It lives where a copied disk or a backup does not reach: in the
//! Linux kernel's keyring, else in a private file on tmpfs, else nowhere (and then nothing is kept).

use std::path::Path;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::files;
use crate::places::Places;

/// 256 bits.
pub type Key = Zeroizing<[u8; 32]>;

/// The key of this user on this machine, made at the first call. `None`: there is no place for one.
pub fn key(places: &Places) -> Option<Key> {
    keyring::find().or_else(|| {
        files::private_dir(&places.runtime).ok()?;
        // Two first calls at once must agree on one key.
        let _lock = files::lock(&places.runtime.join("key.lock")).ok()?;
        keyring::find()
            .or_else(|| keyring::make(&fresh()))
            .or_else(|| in_memory_file(&places.runtime.join("key")))
    })
}

/// A digest that only the key's owner can compute, fit for a file's name.
pub fn digest(key: &Key, bytes: &[u8]) -> String {
    // Digest of a digest, the key in both: no length extension (RFC 2104 in spirit).
    let inner = Sha256::new().chain_update(key.as_slice()).chain_update(bytes).finalize();
    let outer = Sha256::new().chain_update(key.as_slice()).chain_update(inner).finalize();
    files::hex(&outer[..12])
}

fn fresh() -> Key {
    let mut key = Key::default();
    getrandom::fill(key.as_mut()).expect("the kernel's random source answers");
    key
}

/// A 0600 file, only on a file system that lives in memory.
fn in_memory_file(path: &Path) -> Option<Key> {
    /// `TMPFS_MAGIC` of linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    let kind = rustix::fs::statfs(path.parent()?).ok()?.f_type;
    if u64::try_from(kind) != Ok(TMPFS) {
        log::warn!("no place for a sealing key: no kernel keyring, and {} is not on tmpfs", path.display());
        return None;
    }
    if let Some((bytes, metadata)) = files::read_limited(path, 32).ok()? {
        use std::os::unix::fs::MetadataExt;
        let private = metadata.uid() == files::uid() && metadata.mode() & 0o077 == 0;
        return bytes.try_into().ok().filter(|_| private).map(Key::new);
    }
    let key = fresh();
    files::write_private(path, key.as_ref()).ok()?;
    Some(key)
}

#[cfg(target_os = "linux")]
mod keyring {
    //! keyctl(2). The persistent keyring of the user outlives the login session; where there is none, the
    //! user keyring. Containers often forbid both.

    use linux_keyutils::{KeyPermissions, KeyRing, KeyRingIdentifier};

    use super::Key;

    const DESCRIPTION: &str = "awsenv:seal:1";

    /// Linked into the process keyring, so that its keys are possessed from any login session.
    fn persistent() -> Option<KeyRing> {
        KeyRing::get_persistent(KeyRingIdentifier::Process).ok()
    }

    fn user() -> Option<KeyRing> {
        KeyRing::from_special_id(KeyRingIdentifier::User, false).ok()
    }

    pub(super) fn find() -> Option<Key> {
        [persistent, user].into_iter().find_map(|ring| {
            let mut key = Key::default();
            let length = ring()?.search(DESCRIPTION).ok()?.read(&mut *key).ok()?;
            (length == 32).then_some(key)
        })
    }

    pub(super) fn make(key: &Key) -> Option<Key> {
        /// Possessor and user: everything. Without it, a key of the user keyring cannot be read from a
        /// session that does not possess it (keyctl_setperm(3)).
        const MINE: u32 = 0x3f3f_0000;
        [persistent, user].into_iter().find_map(|ring| {
            let made = ring()?.add_key(DESCRIPTION, key.as_ref()).ok()?;
            made.set_perms(KeyPermissions::from_u32(MINE)).ok()?;
            find()
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod keyring {
    //! The macOS Keychain and the Windows Credential Manager come with the keychain room.

    use super::Key;

    pub(super) fn find() -> Option<Key> {
        None
    }

    pub(super) fn make(_: &Key) -> Option<Key> {
        None
    }
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

    #[test]
    fn a_key_file_others_can_read_is_no_key() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = dir.path().join("key");
        let first = in_memory_file(&path).unwrap();
        assert_eq!(in_memory_file(&path), Some(first));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(in_memory_file(&path), None);
    }
}
