//! Which keys rest in a keychain, without their secrets: what a prompt may know of them. Knows no keychain.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::limits;
use crate::message::{Failure, shown_path};
use crate::places::Places;

/// Thousands of names.
const LIMIT: u64 = 1 << 20;
const VERSION: u32 = 1;
/// Far longer than it takes to write the list.
const PATIENCE: Duration = Duration::from_secs(10);

/// All that awsenv keeps, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyIndex(BTreeMap<String, KeyEntry>);

/// What is known of keys without opening a keychain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// `AKIA…`
    pub access_key_id: String,
    /// Where the secret is.
    pub rests: Rests,
    /// The account, as AWS said when they were added.
    pub account: Option<String>,
    /// The MFA device that goes with them.
    pub mfa_serial: Option<String>,
    /// When they were added (RFC 3339).
    pub added: String,
    /// The access key that these took the place of, until AWS has deleted it (`key rotate`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rests {
    /// In the system's keychain.
    Os,
    /// In the encrypted file.
    File,
}

#[derive(Serialize, Deserialize)]
struct Resting {
    version: u32,
    keys: BTreeMap<String, KeyEntry>,
}

impl KeyIndex {
    /// Where it lies; its stamp tells one state from the next.
    pub fn path(places: &Places) -> PathBuf {
        places.data.join("keys").join("index")
    }

    /// Reads it. None is an empty one; what cannot be believed is an error, or keys in a file would be taken
    /// instead of those in the keychain.
    pub fn load(places: &Places) -> anyhow::Result<Self> {
        let path = Self::path(places);
        let shown = || shown_path(&path);
        let found = files::read_limited(&path, LIMIT).with_context(|| format!("cannot read {}", shown()))?;
        let Some((bytes, metadata)) = found else { return Ok(Self::default()) };
        if metadata.uid() != files::uid() || metadata.mode() & 0o022 != 0 {
            return Err(Failure::new(format!("{}: others could have written it", shown()))
                .hint("make it yours alone: chown and chmod 600")
                .into());
        }
        let damaged = || {
            Failure::new(format!("{}: the list of your keys is damaged", shown()))
                .hint("remove it, and add the keys again with `awsenv key add`; no secret is in it")
        };
        let resting: Resting = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if resting.version != VERSION {
            let what = format!("{}: the list of your keys is of a newer awsenv", shown());
            return Err(Failure::new(what).hint("update awsenv").into());
        }
        // They become names of files.
        let is_id = |id: &String| limits::access_key_id(id).is_ok();
        if !resting.keys.values().all(|entry| is_id(&entry.access_key_id) && entry.replaces.iter().all(is_id))
        {
            return Err(damaged().into());
        }
        Ok(Self(resting.keys))
    }

    /// What is known of the keys of this name.
    pub fn find(&self, name: &str) -> Option<&KeyEntry> {
        self.0.get(name)
    }

    /// Everything, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &KeyEntry)> {
        self.0.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The keys of this name are now these.
    pub fn put(places: &Places, name: &str, entry: KeyEntry) -> anyhow::Result<()> {
        Self::change(places, |keys| drop(keys.insert(name.to_owned(), entry)))
    }

    /// There are none of this name any more.
    pub fn remove(places: &Places, name: &str) -> anyhow::Result<()> {
        Self::change(places, |keys| drop(keys.remove(name)))
    }

    fn change(places: &Places, change: impl FnOnce(&mut BTreeMap<String, KeyEntry>)) -> anyhow::Result<()> {
        let path = Self::path(places);
        let context = || format!("cannot write {}", shown_path(&path));
        let dir = places.data.join("keys");
        files::private_dir(&places.data).and_then(|()| files::private_dir(&dir)).with_context(context)?;
        let _lock = files::lock_or_fail(&dir.join("index.lock"), PATIENCE).with_context(context)?;
        let Self(mut keys) = Self::load(places)?;
        change(&mut keys);
        files::sweep(&path);
        let bytes = serde_json::to_vec(&Resting { version: VERSION, keys })?;
        files::write_private(&path, &bytes).with_context(context)?;
        // A rename is on the disk once its directory is; `key rotate` deletes a key at AWS after it.
        File::open(&dir).and_then(|dir| dir.sync_all()).with_context(context)
    }
}

impl FromIterator<(String, KeyEntry)> for KeyIndex {
    fn from_iter<I: IntoIterator<Item = (String, KeyEntry)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> KeyEntry {
        KeyEntry {
            access_key_id: id.into(),
            rests: Rests::File,
            account: None,
            mfa_serial: None,
            added: "2026-11-22T12:00:00Z".into(),
            replaces: None,
        }
    }

    #[test]
    fn what_is_put_is_found_until_it_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        assert_eq!(KeyIndex::load(&places).unwrap(), KeyIndex::default());
        KeyIndex::put(&places, "a", entry("AKIA1")).unwrap();
        KeyIndex::put(&places, "b", entry("AKIA2")).unwrap();
        KeyIndex::put(&places, "a", entry("AKIA3")).unwrap();
        let index = KeyIndex::load(&places).unwrap();
        assert_eq!((index.find("a"), index.find("b")), (Some(&entry("AKIA3")), Some(&entry("AKIA2"))));
        KeyIndex::remove(&places, "a").unwrap();
        let index = KeyIndex::load(&places).unwrap();
        assert_eq!(index.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn two_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        std::thread::scope(|scope| {
            for n in 0..8 {
                let places = &places;
                scope.spawn(move || KeyIndex::put(places, &format!("k{n}"), entry("AKIA1")).unwrap());
            }
        });
        assert_eq!(KeyIndex::load(&places).unwrap().iter().count(), 8);
    }

    #[test]
    fn what_cannot_be_believed_is_an_error_and_no_empty_list() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        KeyIndex::put(&places, "a", entry("AKIA1")).unwrap();
        let path = KeyIndex::path(&places);
        let good = std::fs::read(&path).unwrap();
        let reason = || KeyIndex::load(&places).unwrap_err().to_string();
        for (bytes, expected) in [
            (&good[..good.len() / 2], "damaged"),
            (b"".as_slice(), "damaged"),
            (&String::from_utf8_lossy(&good).replace("AKIA1", "../x").into_bytes(), "damaged"),
            (br#"{"version": 2, "keys": {}}"#, "newer awsenv"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(reason().contains(expected), "{}", reason());
        }
        std::fs::write(&path, good).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(reason().contains("others could have written it"), "{}", reason());
    }
}
