//! The encrypted file, for machines without a keychain: one header line, everything else sealed with a key that
//! Argon2id makes of a passphrase. That key stays in memory ([`volatile`]), so that a passphrase is asked for once a
//! boot or login session.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};

use super::passphrase::Passphrase;
use super::record::{Record, json};
use super::{Asks, Keys};
use crate::env::Env;
use crate::files;
use crate::message::{Exit, Failure};
use crate::places::{Places, tilde};
use crate::seal::{self, Key};
use crate::secret::Secret;
use crate::volatile::{self, Name};

/// Thousands of keys.
const LIMIT: u64 = 1 << 20;
/// At the end: whether the file is whole can be told without the passphrase.
const DIGEST: usize = 32;
/// RFC 9106, section 4, the second recommended option: what suits a small machine too. Memory is in KiB.
const MEMORY: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// Far longer than it takes to write the file.
const PATIENCE: Duration = Duration::from_secs(10);
/// A header may ask for so many times more.
const MOST: u32 = 4;

/// Where it lies.
pub(super) fn path(places: &Places) -> PathBuf {
    places.data.join("keys").join("sealed")
}

/// The file, and how its passphrase is had.
pub(super) struct KeyFile<'a> {
    places: &'a Places,
    path: PathBuf,
    passphrase: Passphrase<'a>,
}

/// A file as it was read.
struct Sealed {
    header: Header,
    body: Vec<u8>,
}

/// The first line: how the key is made of the passphrase. It is part of what the seal protects.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
}

type Kept = BTreeMap<String, Keys>;

impl<'a> KeyFile<'a> {
    pub(super) fn new(places: &'a Places, original: &'a Env, command: Option<&'a str>, asks: Asks) -> Self {
        Self { places, path: path(places), passphrase: Passphrase { command, original, asks } }
    }

    /// The keys of this name.
    pub(super) fn read(&self, name: &str) -> anyhow::Result<Option<Keys>> {
        let Some(sealed) = self.load()? else { return Ok(None) };
        let (_, mut kept) = self.open(&sealed)?;
        Ok(kept.remove(name))
    }

    /// Puts keys in the place of those of this name.
    pub(super) fn put(&self, name: &str, keys: &Keys) -> anyhow::Result<()> {
        self.change(|kept| drop(kept.insert(name.to_owned(), keys.clone())))
    }

    /// The same, and removes those of another in the same moment.
    pub(super) fn put_instead(&self, name: &str, keys: &Keys, other: &str) -> anyhow::Result<()> {
        self.change(|kept| {
            kept.insert(name.to_owned(), keys.clone());
            kept.remove(other);
        })
    }

    /// Removes the keys of these names; with the last, the file.
    pub(super) fn remove(&self, names: &[&str]) -> anyhow::Result<()> {
        match self.load()? {
            None => Ok(()),
            Some(_) => self.change(|kept| kept.retain(|name, _| !names.contains(&name.as_str()))),
        }
    }

    /// A person may take their time with the passphrase: the lock is held only after that, and what was read before
    /// has to be there still.
    fn change(&self, change: impl Fn(&mut Kept)) -> anyhow::Result<()> {
        let dir = self.places.data.join("keys");
        let context = || format!("cannot write {}", self.shown());
        files::private_dir(&self.places.data)
            .and_then(|()| files::private_dir(&dir))
            .with_context(context)?;
        loop {
            let before = self.load()?;
            let (header, key) = match &before {
                Some(sealed) => (sealed.header.clone(), self.open(sealed)?.0),
                None => self.make()?,
            };
            let _lock = files::lock_or_fail(&dir.join("sealed.lock"), PATIENCE).with_context(context)?;
            let now = self.load()?;
            if now.as_ref().map(|sealed| &sealed.header) != before.as_ref().map(|sealed| &sealed.header) {
                continue;
            }
            let mut kept = match &now {
                Some(sealed) => sealed.open(&key).ok_or_else(|| self.damaged())?,
                None => Kept::new(),
            };
            change(&mut kept);
            files::sweep(&self.path);
            if kept.is_empty() {
                files::remove(&self.path).with_context(context)?;
                header.forget(self.places);
            } else {
                let bytes = header.seal(&key, &kept);
                files::write_private(&self.path, &bytes).with_context(context)?;
                header.keep(self.places, &key);
            }
            // A rename is on the disk once its directory is.
            return File::open(&dir).and_then(|dir| dir.sync_all()).with_context(context);
        }
    }

    fn load(&self) -> anyhow::Result<Option<Sealed>> {
        let found = files::read_limited(&self.path, LIMIT)
            .with_context(|| format!("cannot read {}", self.shown()))?;
        let Some((bytes, metadata)) = found else { return Ok(None) };
        if metadata.uid() != files::uid() || metadata.mode() & 0o077 != 0 {
            return Err(Failure::new(format!("{} is not yours alone", self.shown()))
                .hint("chown and chmod 600 it, if you trust it")
                .into());
        }
        match Sealed::parse(&bytes) {
            Some(sealed) if sealed.header.is_modest() => Ok(Some(sealed)),
            Some(Sealed { header, .. }) => {
                let what =
                    format!("{} asks for more than {MOST} times the work of awsenv's own", self.shown());
                Err(Failure::new(format!("{what}: {header}"))
                    .hint("awsenv did not write it: bring yours back from a backup; or remove it and add the keys again")
                    .into())
            }
            None if is_newer(&bytes) => Err(Failure::new(format!("{} is of a newer awsenv", self.shown()))
                .hint("update awsenv")
                .into()),
            None => Err(self.damaged().into()),
        }
    }

    /// With the key in memory, else with a passphrase.
    fn open(&self, sealed: &Sealed) -> anyhow::Result<(Key, Kept)> {
        let remembered = sealed.header.find(self.places);
        if let Some((key, kept)) = remembered.and_then(|key| sealed.open(&key).map(|kept| (key, kept))) {
            return Ok((key, kept));
        }
        for tried in 1.. {
            let key = sealed.header.stretch(&self.passphrase.given(&self.shown())?)?;
            if let Some(kept) = sealed.open(&key) {
                sealed.header.keep(self.places, &key);
                return Ok((key, kept));
            }
            if tried >= self.passphrase.tries() {
                break;
            }
        }
        // The digest says that the file is whole: so it is the passphrase.
        let what = match self.passphrase.command {
            Some(_) => format!("what passphrase_command prints is not the passphrase of {}", self.shown()),
            None => format!("that is not the passphrase of {}", self.shown()),
        };
        Err(Failure::new(what)
            .hint("nothing was changed; a passphrase that is lost cannot be had back, only new keys from AWS")
            .exit(Exit::PersonNeeded)
            .into())
    }

    fn make(&self) -> anyhow::Result<(Header, Key)> {
        let header = Header::new();
        let key = header.stretch(&self.passphrase.made(&self.shown())?)?;
        Ok((header, key))
    }

    fn damaged(&self) -> Failure {
        Failure::new(format!("{} is damaged", self.shown()))
            .hint("bring it back from a backup; or remove it and add the keys again")
    }

    fn shown(&self) -> String {
        tilde(&self.path, &self.places.home)
    }
}

impl Sealed {
    /// `header \n sealed ‖ digest of all that`.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
        if Sha256::digest(content).as_slice() != digest {
            return None;
        }
        let end = content.iter().position(|byte| *byte == b'\n')?;
        let header = Header::parse(std::str::from_utf8(&content[..end]).ok()?)?;
        Some(Self { header, body: content[end + 1..].to_vec() })
    }

    fn open(&self, key: &Key) -> Option<Kept> {
        let bytes = seal::open(key, &self.header.to_string(), &self.body)?;
        let records: BTreeMap<String, Record<'_>> = serde_json::from_slice(&bytes).ok()?;
        records.into_iter().map(|(name, record)| Some((name, record.keys()?))).collect()
    }
}

fn is_newer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"awsenv keys ") && !bytes.starts_with(b"awsenv keys 1 ")
}

impl Header {
    fn new() -> Self {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).expect("the kernel's random source answers");
        Self { memory: MEMORY, passes: PASSES, lanes: LANES, salt }
    }

    fn parse(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split(' ').collect();
        let ["awsenv", "keys", "1", "argon2id", memory, passes, lanes, salt] = words[..] else { return None };
        let number = |word: &str, name: &str| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok();
        let header = Self {
            memory: number(memory, "m")?,
            passes: number(passes, "t")?,
            lanes: number(lanes, "p")?,
            salt: unhex(salt.strip_prefix("salt=")?)?,
        };
        (header.to_string() == line).then_some(header)
    }

    /// What somebody made up must take neither the machine's memory nor a minute of it.
    fn is_modest(&self) -> bool {
        let work = |memory: u32, passes: u32| u64::from(memory) * u64::from(passes);
        self.memory <= MOST * MEMORY
            && self.lanes <= MOST * LANES
            && work(self.memory, self.passes) <= u64::from(MOST) * work(MEMORY, PASSES)
    }

    fn stretch(&self, passphrase: &Secret) -> anyhow::Result<Key> {
        let params = Params::new(self.memory, self.passes, self.lanes, Some(32))
            .map_err(|error| Failure::new(format!("the encrypted file's parameters: {error}")))?;
        let mut key = Key::default();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &self.salt, key.as_mut())
            .map_err(|error| Failure::new(format!("cannot use the passphrase: {error}")))?;
        Ok(key)
    }

    fn seal(&self, key: &Key, kept: &Kept) -> Vec<u8> {
        let records: BTreeMap<_, _> = kept.iter().map(|(name, keys)| (name, keys.record())).collect();
        let size: usize = kept.iter().map(|(name, keys)| name.len() + 8 + keys.record().size()).sum();
        let sealed = seal::seal(key, &self.to_string(), &json(&records, 8 + size));
        let content = [format!("{self}\n").as_bytes(), &sealed].concat();
        let digest = Sha256::digest(&content);
        [content.as_slice(), &digest].concat()
    }

    fn find(&self, places: &Places) -> Option<Key> {
        self.named(|name| volatile::find(places, name))
    }

    fn keep(&self, places: &Places, key: &Key) {
        // Nowhere to keep it: then the passphrase is asked for each time.
        self.named(|name| volatile::keep(places, name, key));
    }

    fn forget(&self, places: &Places) {
        self.named(|name| volatile::forget(places, name));
    }

    /// By its salt: another file's key, or this one's under an older passphrase, is not found.
    fn named<T>(&self, act: impl FnOnce(Name<'_>) -> T) -> T {
        let salt = files::hex(&self.salt);
        act(Name { keyring: &format!("awsenv:keys:{salt}"), file: &format!("keys.{salt}") })
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, passes, lanes, salt } = self;
        write!(f, "awsenv keys 1 argon2id m={memory} t={passes} p={lanes} salt={}", files::hex(salt))
    }
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
    Some(number.to_be_bytes())
}
