//! Keys that live where a copied disk or a backup does not reach: in the Linux kernel's keyring, else in a
//! private file on tmpfs, else nowhere. They do not outlive a reboot.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::files;
use crate::places::Places;
use crate::seal::Key;

/// What a key is for, and how it is called in either place.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    /// In the kernel's keyring, among everybody's.
    pub keyring: &'a str,
    /// In our runtime directory.
    pub file: &'a str,
}

/// The key of this name, if there is one.
pub fn find(places: &Places, name: Name<'_>) -> Option<Key> {
    keyring::find(name.keyring).or_else(|| read(&path(places, name)?))
}

/// Where the key of this name is, or would be.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// In the kernel's keyring.
    Keyring,
    /// In this file, on tmpfs.
    File(PathBuf),
    /// There is no place for one.
    Nowhere,
}

/// Where it is, once it was kept.
pub fn place(places: &Places, name: Name<'_>) -> Place {
    match path(places, name).filter(|path| read(path).is_some()) {
        _ if keyring::find(name.keyring).is_some() => Place::Keyring,
        Some(path) => Place::File(path),
        None => Place::Nowhere,
    }
}

/// Keeps a key under this name, if there is a place for one.
pub fn keep(places: &Places, name: Name<'_>, key: &Key) -> Option<()> {
    keyring::keep(name.keyring, key).or_else(|| {
        files::private_dir(&places.runtime).ok()?;
        let path = path(places, name);
        if path.is_none() {
            log::warn!(
                "no place for a key: no kernel keyring, and {} is not on tmpfs",
                places.runtime.display()
            );
        }
        files::write_private(&path?, key.as_ref()).ok()
    })
}

/// Forgets it, wherever it is.
pub fn forget(places: &Places, name: Name<'_>) {
    keyring::forget(name.keyring);
    let _ = files::remove(&places.runtime.join(name.file));
}

/// Only on a file system that lives in memory.
fn path(places: &Places, name: Name<'_>) -> Option<PathBuf> {
    /// `TMPFS_MAGIC` of linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    let kind = rustix::fs::statfs(&places.runtime).ok()?.f_type;
    (u64::try_from(kind) == Ok(TMPFS)).then(|| places.runtime.join(name.file))
}

fn read(path: &Path) -> Option<Key> {
    let (bytes, metadata) = files::read_limited(path, 32).ok()??;
    let private = metadata.uid() == files::uid() && metadata.mode() & 0o077 == 0;
    zeroize::Zeroizing::new(bytes).as_slice().try_into().ok().filter(|_| private).map(Key::new)
}

#[cfg(target_os = "linux")]
mod keyring {
    //! keyctl(2). The persistent keyring of the user outlives the login session; where there is none, the
    //! user keyring. Containers often forbid both.

    use linux_keyutils::{KeyPermissions, KeyRing, KeyRingIdentifier};

    use crate::seal::Key;

    /// Linked into the process keyring, so that its keys are possessed from any login session.
    fn persistent() -> Option<KeyRing> {
        KeyRing::get_persistent(KeyRingIdentifier::Process).ok()
    }

    fn user() -> Option<KeyRing> {
        KeyRing::from_special_id(KeyRingIdentifier::User, false).ok()
    }

    pub(super) fn find(description: &str) -> Option<Key> {
        [persistent, user].into_iter().find_map(|ring| {
            let mut key = Key::default();
            let length = ring()?.search(description).ok()?.read(&mut *key).ok()?;
            (length == 32).then_some(key)
        })
    }

    pub(super) fn keep(description: &str, key: &Key) -> Option<()> {
        /// Possessor and user: everything. Without it, a key of the user keyring cannot be read from a
        /// session that does not possess it (keyctl_setperm(3)).
        const MINE: u32 = 0x3f3f_0000;
        [persistent, user].into_iter().find_map(|ring| {
            let made = ring()?.add_key(description, key.as_ref()).ok()?;
            made.set_perms(KeyPermissions::from_u32(MINE)).ok()?;
            find(description).map(drop)
        })
    }

    pub(super) fn forget(description: &str) {
        for ring in [persistent, user] {
            let Some(ring) = ring() else { continue };
            let _ = ring.search(description).and_then(|key| ring.unlink_key(key));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod keyring {
    //! There is none.

    use crate::seal::Key;

    pub(super) fn find(_: &str) -> Option<Key> {
        None
    }

    pub(super) fn keep(_: &str, _: &Key) -> Option<()> {
        None
    }

    pub(super) fn forget(_: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_and_forgotten() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let description = format!("awsenv:test:{}", files::random_hex(8));
        let name = Name { keyring: &description, file: "key" };
        assert_eq!(find(&places, name), None);
        keep(&places, name, &Key::new([7; 32])).unwrap();
        assert_eq!(find(&places, name), Some(Key::new([7; 32])));
        assert_ne!(place(&places, name), Place::Nowhere);
        forget(&places, name);
        assert_eq!(find(&places, name), None);
        assert_eq!(place(&places, name), Place::Nowhere);
    }

    #[test]
    fn a_key_file_others_can_read_is_no_key() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = dir.path().join("key");
        files::write_private(&path, &[7; 32]).unwrap();
        assert_eq!(read(&path), Some(Key::new([7; 32])));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path), None);
    }
}
