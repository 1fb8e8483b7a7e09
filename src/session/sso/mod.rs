//! SSO tokens and client registrations: in the AWS CLI's own files, so that one sign-in serves both, or sealed as
//! sessions are. Written whole or not at all, one lock for each portal. Knows no network.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::key::key;
use super::sweep;
use crate::clock::Timestamp;
use crate::files;
use crate::message::{Failure, shown_path};
use crate::places::Places;
use crate::profile::chain::{Portal, Sso};
use crate::seal;
use crate::secret::Secret;
use crate::settings::SsoCache;

mod document;
mod registration;
mod token;

pub use registration::{Client, Flow, Registration};
pub use token::Token;

/// The largest file that is read.
const LIMIT: u64 = 256 * 1024;
/// Longer than any call takes: whoever holds a lock so long is stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// No token outlives a portal's longest session.
const FORGOTTEN: Duration = Duration::from_secs(90 * 24 * 3600);

/// The tokens of this user.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    places: &'a Places,
    cache: SsoCache,
}

/// What the cache says of a portal.
#[derive(Debug)]
pub enum Found {
    /// There it is; whether it is still good is the caller's to ask.
    Token(Box<Token>),
    /// Nobody has signed in, or AWS has refused the token since.
    Absent,
    /// Something that cannot be read: another program may be writing it just now.
    Unreadable,
}

impl Found {
    /// The token, if there is one.
    pub fn token(self) -> Option<Token> {
        match self {
            Self::Token(token) => Some(*token),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl<'a> Tokens<'a> {
    /// The tokens of these places; touches nothing yet.
    pub fn new(places: &'a Places, cache: SsoCache) -> Self {
        Self { places, cache }
    }

    /// Looks a token up. One that another portal issued is none of this one's: in another config, or before an edit,
    /// the session's name was another's.
    pub fn load(&self, portal: &Portal) -> Found {
        let id = id(portal);
        let path = self.path(&id);
        let token = match self.read(&id) {
            Ok(None) => return Found::Absent,
            Ok(Some(bytes)) => Token::parse(&bytes),
            Err(error) => {
                log::warn!("{}: {error}", path.display());
                return Found::Unreadable;
            }
        };
        let Some(token) = token else {
            log::warn!("{}: no token in it", path.display());
            return Found::Unreadable;
        };
        if !token.is_of(portal) {
            log::warn!(
                "{}: of another portal than {} in {}",
                path.display(),
                portal.start_url,
                portal.region
            );
            return Found::Absent;
        }
        if self.is_refused(&token.access_token) {
            log::info!("{}: AWS has refused this token", path.display());
            return Found::Absent;
        }
        log::debug!("{}: a token until {}", path.display(), token.expires);
        Found::Token(Box::new(token))
    }

    /// Whether nobody has to sign in: the token is good, or the next one can be had for it.
    pub fn is_signed_in(&self, portal: &Portal, now: Timestamp) -> bool {
        self.load(portal)
            .token()
            .is_some_and(|token| token.is_good(now) || self.is_renewable(portal, &token, now))
    }

    /// Whether the next token can be had without a person, as far as is known.
    pub fn is_renewable(&self, portal: &Portal, token: &Token, now: Timestamp) -> bool {
        portal.refreshes && token.means(now).is_some_and(|(_, refresh)| !self.is_refused(refresh))
    }

    /// Whether a token could be kept now: one that cannot be written is lost, and the refresh token that it was got
    /// with is used up.
    pub fn check_writable(&self) -> anyhow::Result<()> {
        let probe = format!(".awsenv.{}", files::random_hex(4));
        let path = self.path(&probe);
        let written = self.write(&probe, &[0; 4096]);
        let removed = files::remove(&path);
        written.and(Ok(removed?)).with_context(|| format!("cannot write below {}", shown_path(&self.dir())))
    }

    /// Keeps a token. The caller holds the portal's lock.
    pub fn save(&self, portal: &Portal, token: &Token) -> anyhow::Result<()> {
        self.put(&id(portal), &token.document())
    }

    /// Removes a token, by its [`id`]. The caller holds its lock.
    pub fn remove(&self, id: &str) -> anyhow::Result<()> {
        let path = self.path(id);
        files::remove(&path).with_context(|| format!("cannot remove {}", shown_path(&path)))
    }

    /// Every token of the cache, by its [`id`].
    pub fn all(&self) -> Vec<(String, Token)> {
        let entries = std::fs::read_dir(self.dir()).into_iter().flatten().flatten();
        let tokens = entries.filter_map(|entry| {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| match self.cache {
                SsoCache::Cli => name.strip_suffix(".json"),
                SsoCache::Sealed => Some(name).filter(|name| !name.contains('.')),
            })?;
            Some((id.to_owned(), Token::parse(&self.read(id).ok()??)?))
        });
        tokens.collect()
    }

    /// The registration to sign in with in this way, where one is kept that lasts a while yet.
    pub fn registration(&self, portal: &Portal, flow: Flow, now: Timestamp) -> Option<Registration> {
        let bytes = self.read(&Registration::id(portal)).ok()??;
        Registration::parse(&bytes).filter(|registration| registration.serves(portal, flow, now))
    }

    /// Keeps a registration. The caller holds the portal's lock.
    pub fn save_registration(&self, portal: &Portal, registration: &Registration) -> anyhow::Result<()> {
        self.put(&Registration::id(portal), &registration.document())
    }

    fn put(&self, id: &str, document: &[u8]) -> anyhow::Result<()> {
        self.write(id, document).with_context(|| format!("cannot write {}", shown_path(&self.path(id))))
    }

    /// Waits for the lock of a token, by its [`id`]. Other programs know nothing of it.
    pub fn lock(&self, id: &str) -> anyhow::Result<File> {
        self.lock_within(id, PATIENCE)
    }

    fn lock_within(&self, id: &str, time: Duration) -> anyhow::Result<File> {
        let path = self.lock_path(id, "lock")?;
        let lock = files::lock_within(&path, time);
        let lock = lock.with_context(|| format!("cannot lock {}", shown_path(&path)))?;
        Ok(lock.ok_or_else(|| {
            Failure::new(format!("another awsenv does not let go of {}", shown_path(&path)))
                .hint("it may be stopped: `fg` in its shell lets it go on")
        })?)
    }

    /// The lock of whoever signs in, if nobody does.
    pub fn try_sign_in(&self, portal: &Portal) -> anyhow::Result<Option<File>> {
        let path = self.lock_path(&id(portal), "login")?;
        files::try_lock(&path).with_context(|| format!("cannot lock {}", shown_path(&path)))
    }

    /// Waits until nobody else signs in.
    pub fn await_sign_in(&self, portal: &Portal) -> anyhow::Result<File> {
        let path = self.lock_path(&id(portal), "login")?;
        files::lock(&path).with_context(|| format!("cannot lock {}", shown_path(&path)))
    }

    /// AWS has refused this token, an access token or a refresh token: nobody asks with it again. The mark is a
    /// digest, which leads to no token.
    pub fn refuse(&self, token: &Secret) {
        let mark = self.mark(token);
        let made = self.prepare().and_then(|()| files::private_dir(&self.places.state.join("sso/refused")));
        let _ = made.and_then(|()| files::touch(&mark));
        sweep::remove_older(&self.places.state.join("sso/refused"), FORGOTTEN, crate::clock::now(), |_| true);
    }

    /// Whether AWS has refused it.
    pub fn is_refused(&self, token: &Secret) -> bool {
        self.mark(token).exists()
    }

    fn mark(&self, token: &Secret) -> PathBuf {
        let digest = Sha256::new().chain_update("refused:").chain_update(token.expose()).finalize();
        self.places.state.join("sso/refused").join(files::hex(&digest[..16]))
    }

    /// Where a portal's token is, or would be.
    pub fn path_of(&self, portal: &Portal) -> PathBuf {
        self.path(&id(portal))
    }

    fn path(&self, id: &str) -> PathBuf {
        match self.cache {
            SsoCache::Cli => self.dir().join(format!("{id}.json")),
            SsoCache::Sealed => self.dir().join(id),
        }
    }

    fn dir(&self) -> PathBuf {
        match self.cache {
            SsoCache::Cli => self.places.home.join(".aws/sso/cache"),
            SsoCache::Sealed => self.places.state.join("sso/sealed"),
        }
    }

    fn lock_path(&self, id: &str, kind: &str) -> anyhow::Result<PathBuf> {
        self.prepare().context("cannot keep a lock")?;
        Ok(self.places.state.join("sso").join(format!("{id}.{kind}")))
    }

    fn prepare(&self) -> io::Result<()> {
        files::private_dir(&self.places.state)?;
        files::private_dir(&self.places.state.join("sso"))
    }

    fn read(&self, id: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.path(id);
        let Some((bytes, metadata)) = files::read_limited(&path, LIMIT)? else { return Ok(None) };
        let bytes = Zeroizing::new(bytes);
        if metadata.uid() != files::uid() {
            return Err(io::Error::other("it belongs to another user"));
        }
        match self.cache {
            SsoCache::Cli => {
                tighten(&path, &metadata);
                Ok(Some(bytes))
            }
            SsoCache::Sealed => Ok(key(self.places).and_then(|key| seal::open(&key, &purpose(id), &bytes))),
        }
    }

    fn write(&self, id: &str, document: &[u8]) -> anyhow::Result<()> {
        let path = self.path(id);
        match self.cache {
            SsoCache::Cli => {
                // The directory is the AWS CLI's: as it is, if it is there.
                DirBuilder::new().recursive(true).mode(0o700).create(self.dir())?;
                files::sweep(&path);
                Ok(files::write_private(&path, document)?)
            }
            SsoCache::Sealed => {
                let key = key(self.places).context("there is no place for the key that seals tokens")?;
                self.prepare()?;
                files::private_dir(&self.dir())?;
                files::sweep(&path);
                Ok(files::write_private(&path, &seal::seal(&key, &purpose(id), document))?)
            }
        }
    }
}

/// Other tools leave tokens readable for all.
fn tighten(path: &Path, metadata: &std::fs::Metadata) {
    if metadata.mode() & 0o077 != 0 {
        log::warn!("{}: others could read it, and can no longer", path.display());
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    }
}

fn purpose(id: &str) -> String {
    format!("sso:{id}")
}

/// How the AWS CLI calls a portal's token: by the session's name, else by the address as it is written.
pub fn id(portal: &Portal) -> String {
    files::hex(&Sha1::digest(portal.label()))
}

/// Where the AWS CLI keeps the credentials of a role that it got by a sign-in.
pub fn role_file(sso: &Sso, home: &Path) -> PathBuf {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let by = match &sso.portal.session {
        Some(session) => format!("\"sessionName\":{}", quoted(session)),
        None => format!("\"startUrl\":{}", quoted(&sso.portal.start_url)),
    };
    let text = format!("{{\"accountId\":{},\"roleName\":{},{by}}}", quoted(&sso.account), quoted(&sso.role));
    home.join(".aws/cli/cache").join(format!("{}.json", files::hex(&Sha1::digest(text))))
}

/// The AWS CLI's role credentials that came by any sign-in.
pub fn all_role_files(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.join(".aws/cli/cache")).into_iter().flatten().flatten();
    let of_sso = |path: &PathBuf| {
        let Ok(Some((bytes, _))) = files::read_limited(path, LIMIT) else { return false };
        let document: Option<serde_json::Value> = serde_json::from_slice(&Zeroizing::new(bytes)).ok();
        document.is_some_and(|document| document["ProviderType"] == "sso")
    };
    let json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    entries.map(|entry| entry.path()).filter(json).filter(of_sso).collect()
}

/// Removes files, as far as they are there.
pub fn remove_all(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths {
        files::remove(path).map_err(|error| Failure::new(format!("{}: {error}", shown_path(path))))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
