//! Where sign-ins are kept: in the AWS CLI's own files, so that one sign-in serves both, or sealed as sessions are.
//! Written whole or not at all, one lock for each. Knows no network, and not what they consist of.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::key::key;
use super::sweep;
use crate::env::Env;
use crate::files::{self, Lock};
use crate::message::shown_path;
use crate::places::{Places, login_cache};
use crate::profile::chain::{RolesAnywhere, Source};
use crate::seal;
use crate::secret::Secret;
use crate::settings::SsoCache;

pub(super) mod document;

/// What a file's name begins with that is written to see whether one can be.
const PROBE: &str = ".awsenv.";

/// The largest file that is read.
pub(super) const LIMIT: u64 = 256 * 1024;
/// Longer than any call takes: whoever holds a lock so long is stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// No token outlives a portal's longest session.
const FORGOTTEN: Duration = Duration::from_secs(90 * 24 * 3600);

/// The sign-in that a source stands on, as sessions name it; `None`: it takes none.
pub fn of(source: &Source) -> Option<String> {
    match source {
        Source::Sso(sso) => Some(super::sso::id(&sso.portal)),
        Source::Login { session_arn } => Some(super::login::id(session_arn)),
        Source::RolesAnywhere(source) => Some(of_certificate(source)),
        _ => None,
    }
}

/// The word before what a certificate's sessions name.
const CERTIFICATE: &str = "certificate ";

/// By where it is: what is there may have changed.
pub fn of_certificate(source: &RolesAnywhere) -> String {
    let mut digest = Sha256::new();
    for held in [&source.certificate, &source.private_key] {
        digest.update(held.identity().as_bytes());
        digest.update([0]);
    }
    format!("{CERTIFICATE}{}", files::hex(&digest.finalize()))
}

/// Whether it is a sign-in that `logout --all` ends: a certificate is none.
pub fn is_a_persons(id: &str) -> bool {
    !id.starts_with(CERTIFICATE)
}

/// The sign-ins of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignIns<'a> {
    pub(super) places: &'a Places,
    pub(super) cache: SsoCache,
    pub(super) kind: Kind<'a>,
}

/// Of whom.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    /// IAM Identity Center.
    Sso,
    /// `aws login`, whose directory the user's environment may name.
    Login(&'a Env),
}

/// What is kept of a sign-in.
#[derive(Debug)]
pub enum Found<T> {
    /// There it is; whether it is still good is the caller's to ask.
    Kept(Box<T>),
    /// Nobody has signed in, or AWS has refused it since.
    Absent,
    /// Something that cannot be read: another program may be writing it just now.
    Unreadable,
}

impl<T> Found<T> {
    /// What is kept, if there is something.
    pub fn kept(self) -> Option<T> {
        match self {
            Self::Kept(kept) => Some(*kept),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl SignIns<'_> {
    /// Looks one up, by its id.
    pub(super) fn load<T>(&self, id: &str, parse: impl Fn(&[u8]) -> Option<T>) -> Found<T> {
        let path = self.path(id);
        let parsed = match self.read(id) {
            Ok(None) => return Found::Absent,
            Ok(Some(bytes)) => parse(&bytes),
            Err(error) => {
                log::warn!("{}: {error}", path.display());
                return Found::Unreadable;
            }
        };
        match parsed {
            Some(parsed) => Found::Kept(Box::new(parsed)),
            None => {
                log::warn!("{}: no sign-in in it", path.display());
                Found::Unreadable
            }
        }
    }

    /// The id of each that has a file, in either place, whether it can be read or not: also one that a killed writer
    /// has left half, and one that was sealed with a key that is gone.
    pub(super) fn all(&self) -> BTreeSet<String> {
        self.places().into_iter().flat_map(|place| place.all_here()).collect()
    }

    fn all_here(self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir()).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let ids = names.filter_map(|name| {
            let rest = name.strip_prefix(PROBE).unwrap_or(&name);
            let (id, rest) = rest.split_at_checked(self.digits())?;
            let rest = match self.cache {
                SsoCache::Cli => rest.strip_prefix(".json")?,
                SsoCache::Sealed => rest,
            };
            let is_id = id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            (is_id && (!rest.is_empty() || self.holds_token(id))).then(|| id.to_owned())
        });
        ids.collect()
    }

    /// Registrations lie in the same place, under names of the same kind, and stay.
    fn holds_token(&self, id: &str) -> bool {
        let members: [&[u8]; 2] = [b"accessToken", b"refreshToken"];
        match self.read(id) {
            Ok(Some(bytes)) => {
                members.iter().any(|member| bytes.windows(member.len()).any(|part| part == *member))
            }
            Ok(None) => self.cache == SsoCache::Sealed,
            Err(_) => self.path(id).is_file(),
        }
    }

    /// What either place has of one.
    pub(super) fn each<T>(&self, id: &str, parse: impl Fn(&[u8]) -> Option<T>) -> Vec<T> {
        let read = |place: Self| parse(&place.read(id).ok()??);
        self.places().into_iter().filter_map(read).collect()
    }

    /// Whether either place has one, readable or not.
    pub(super) fn has(&self, id: &str) -> bool {
        self.places().iter().any(|place| place.path(id).exists())
    }

    /// Both, whatever the settings say now: they may have said something else when somebody signed in.
    fn places(self) -> [Self; 2] {
        [SsoCache::Cli, SsoCache::Sealed].map(|cache| Self { cache, ..self })
    }

    /// Whether one could be kept now: what cannot be written is lost, and what it was got with is used up. The caller
    /// holds its lock.
    pub(super) fn check_writable(&self, id: &str) -> anyhow::Result<()> {
        // Of the same name each time: where this is killed, the next one takes it away.
        let probe = format!("{PROBE}{id}");
        let path = self.path(&probe);
        let written = self.write(&probe, &[0; 4096]);
        let removed = files::remove(&path);
        written.and(Ok(removed?)).with_context(|| format!("cannot write below {}", shown_path(&self.dir())))
    }

    /// Keeps one. The caller holds its lock.
    pub(super) fn save(&self, id: &str, document: &[u8]) -> anyhow::Result<()> {
        self.write(id, document).with_context(|| format!("cannot write {}", shown_path(&self.path(id))))
    }

    /// Removes one from both places, with what killed writers of it have left. The caller holds its lock.
    pub(super) fn remove(&self, id: &str) -> anyhow::Result<()> {
        // One that cannot be removed keeps nothing else.
        let removed: Vec<_> = self.places().into_iter().map(|place| place.remove_here(id)).collect();
        removed.into_iter().collect()
    }

    fn remove_here(self, id: &str) -> anyhow::Result<()> {
        let (path, probe) = (self.path(id), self.path(&format!("{PROBE}{id}")));
        files::sweep(&path);
        files::sweep(&probe);
        [probe, path].iter().try_for_each(|path| {
            files::remove(path).with_context(|| format!("cannot remove {}", shown_path(path)))
        })
    }

    /// Waits for the lock of one. Other programs know nothing of it.
    pub(super) fn lock(&self, id: &str) -> anyhow::Result<Lock> {
        self.lock_within(id, PATIENCE)
    }

    fn lock_within(&self, id: &str, time: Duration) -> anyhow::Result<Lock> {
        files::lock_or_fail(&self.lock_path(id, "lock")?, time)
    }

    /// The lock of whoever signs in, if nobody does.
    pub(super) fn try_sign_in(&self, id: &str) -> anyhow::Result<Option<Lock>> {
        let path = self.lock_path(id, "login")?;
        files::try_lock(&path).with_context(|| format!("cannot lock {}", shown_path(&path)))
    }

    /// Waits until nobody else signs in.
    pub(super) fn await_sign_in(&self, id: &str) -> anyhow::Result<Lock> {
        let path = self.lock_path(id, "login")?;
        files::lock(&path).with_context(|| format!("cannot lock {}", shown_path(&path)))
    }

    /// AWS has refused this token, an access token or a refresh token: nobody asks with it again. The mark is a
    /// digest, which leads to no token.
    pub(super) fn refuse(&self, token: &Secret) {
        let (mark, dir) = (self.mark(token), self.own().join("refused"));
        let made = self.prepare().and_then(|()| files::private_dir(&dir));
        let _ = made.and_then(|()| files::touch(&mark));
        sweep::remove_older(&dir, FORGOTTEN, crate::clock::now(), |_| true);
    }

    /// Whether AWS has refused it.
    pub(super) fn is_refused(&self, token: &Secret) -> bool {
        self.mark(token).exists()
    }

    fn mark(&self, token: &Secret) -> PathBuf {
        let digest = Sha256::new().chain_update("refused:").chain_update(token.expose()).finalize();
        self.own().join("refused").join(files::hex(&digest[..16]))
    }

    /// Where one is, or would be.
    pub(super) fn path(&self, id: &str) -> PathBuf {
        match self.cache {
            SsoCache::Cli => self.dir().join(format!("{id}.json")),
            SsoCache::Sealed => self.dir().join(id),
        }
    }

    fn dir(&self) -> PathBuf {
        let home = &self.places.home;
        match (self.cache, self.kind) {
            (SsoCache::Sealed, _) => self.own().join("sealed"),
            (SsoCache::Cli, Kind::Sso) => home.join(".aws/sso/cache"),
            // A relative path is an error of every chain that would come here.
            (SsoCache::Cli, Kind::Login(original)) => {
                login_cache(original, home).unwrap_or_else(|| home.join(".aws/login/cache"))
            }
        }
    }

    /// What is awsenv's alone.
    fn own(&self) -> PathBuf {
        self.places.state.join(self.name())
    }

    /// Of an id: SHA-1's, or SHA-256's.
    fn digits(&self) -> usize {
        match self.kind {
            Kind::Sso => 40,
            Kind::Login(_) => 64,
        }
    }

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Sso => "sso",
            Kind::Login(_) => "login",
        }
    }

    fn lock_path(&self, id: &str, kind: &str) -> anyhow::Result<PathBuf> {
        self.prepare().with_context(|| format!("cannot write below {}", shown_path(&self.own())))?;
        Ok(self.own().join(format!("{id}.{kind}")))
    }

    fn prepare(&self) -> io::Result<()> {
        files::private_dir(&self.places.state)?;
        files::private_dir(&self.own())
    }

    /// What the file of this id holds.
    pub(super) fn read(&self, id: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.path(id);
        let Some((bytes, metadata)) = files::read_limited(&path, LIMIT)? else { return Ok(None) };
        let bytes = Zeroizing::new(bytes);
        if !files::is_own(&path, &metadata) {
            return Err(io::Error::other("it belongs to another user"));
        }
        match self.cache {
            SsoCache::Cli => {
                tighten(&path, &metadata);
                Ok(Some(bytes))
            }
            SsoCache::Sealed => {
                Ok(key(self.places).and_then(|key| seal::open(&key, &self.purpose(id), &bytes)))
            }
        }
    }

    fn write(&self, id: &str, document: &[u8]) -> anyhow::Result<()> {
        let path = self.path(id);
        match self.cache {
            SsoCache::Cli => {
                // The directory is the AWS CLI's: as it is, if it is there.
                files::make_dir(&self.dir(), 0o700)?;
                files::sweep(&path);
                Ok(files::write_private(&path, document)?)
            }
            SsoCache::Sealed => {
                let key = key(self.places).context("there is no place for the key that seals tokens")?;
                self.prepare()?;
                files::private_dir(&self.dir())?;
                files::sweep(&path);
                Ok(files::write_private(&path, &seal::seal(&key, &self.purpose(id), document))?)
            }
        }
    }

    fn purpose(&self, id: &str) -> String {
        format!("{}:{id}", self.name())
    }
}

/// Other tools leave tokens readable for all.
fn tighten(path: &Path, metadata: &Metadata) {
    if metadata.mode() & 0o077 != 0 {
        log::warn!("{}: others could read it, and can no longer", path.display());
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    }
}

/// A member that is one. Moved, not copied.
pub(super) fn secret(object: &mut Map<String, Value>, name: &str) -> Option<Secret> {
    match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_held_for_ever_is_not_waited_for_so_long() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let sign_ins = SignIns { places: &places, cache: SsoCache::Cli, kind: Kind::Sso };
        let _stopped = sign_ins.lock("x").unwrap();
        let error = sign_ins.lock_within("x", Duration::from_millis(1)).unwrap_err();
        assert!(error.to_string().starts_with("another awsenv does not let go of "), "{error}");
    }
}
