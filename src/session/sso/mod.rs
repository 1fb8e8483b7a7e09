//! SSO tokens and client registrations, in the AWS CLI's own files or sealed: see [`super::sign_in`]. Knows no network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::sign_in::{Kind, LIMIT, SignIns};
use crate::clock::Timestamp;
use crate::files::{self, Lock};
use crate::message::{Failure, shown_path};
use crate::places::Places;
use crate::profile::chain::{Portal, Sso};
use crate::secret::Secret;
use crate::settings::SsoCache;

mod registration;
mod token;

pub use super::sign_in::Found;
pub use registration::{Client, Flow, Registration};
pub use token::Token;

/// The tokens of this user.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a>(SignIns<'a>);

impl<'a> Tokens<'a> {
    /// The tokens of these places; touches nothing yet.
    pub fn new(places: &'a Places, cache: SsoCache) -> Self {
        Self(SignIns { places, cache, kind: Kind::Sso })
    }

    /// Looks a token up. One that another portal issued is none of this one's: in another config, or before an edit,
    /// the session's name was another's.
    pub fn load(&self, portal: &Portal) -> Found<Token> {
        let token = match self.0.load(&id(portal), Token::parse) {
            Found::Kept(token) => token,
            none => return none,
        };
        let path = self.path_of(portal);
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
        Found::Kept(token)
    }

    /// Whether nobody has to sign in: the token is good, or the next one can be had for it.
    pub fn is_signed_in(&self, portal: &Portal, now: Timestamp) -> bool {
        self.load(portal)
            .kept()
            .is_some_and(|token| token.is_good(now) || self.is_renewable(portal, &token, now))
    }

    /// Whether the next token can be had without a person, as far as is known.
    pub fn is_renewable(&self, portal: &Portal, token: &Token, now: Timestamp) -> bool {
        portal.refreshes && token.means(now).is_some_and(|(_, refresh)| !self.is_refused(refresh))
    }

    /// Whether a token could be kept now: one that cannot be written is lost, and the refresh token that it was got
    /// with is used up. The caller holds the portal's lock.
    pub fn check_writable(&self, portal: &Portal) -> anyhow::Result<()> {
        self.0.check_writable(&id(portal))
    }

    /// Keeps a token. The caller holds the portal's lock.
    pub fn save(&self, portal: &Portal, token: &Token) -> anyhow::Result<()> {
        self.0.save(&id(portal), &token.document())
    }

    /// Removes a token from wherever it is, by its [`id`]. The caller holds its lock.
    pub fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.0.remove(id)
    }

    /// The [`id`] of every token, readable or not.
    pub fn all(&self) -> BTreeSet<String> {
        self.0.all()
    }

    /// The tokens of this [`id`] that can be read: the AWS CLI's, and the sealed one.
    pub fn each(&self, id: &str) -> Vec<Token> {
        self.0.each(id, Token::parse)
    }

    /// Whether there is one, readable or not.
    pub fn has(&self, id: &str) -> bool {
        self.0.has(id)
    }

    /// The registration to sign in with in this way, where one is kept that lasts a while yet.
    pub fn registration(&self, portal: &Portal, flow: Flow, now: Timestamp) -> Option<Registration> {
        let bytes = self.0.read(&Registration::id(portal)).ok()??;
        Registration::parse(&bytes).filter(|registration| registration.serves(portal, flow, now))
    }

    /// Keeps a registration. The caller holds the portal's lock.
    pub fn save_registration(&self, portal: &Portal, registration: &Registration) -> anyhow::Result<()> {
        self.0.save(&Registration::id(portal), &registration.document())
    }

    /// Waits for the lock of a token, by its [`id`]. Other programs know nothing of it.
    pub fn lock(&self, id: &str) -> anyhow::Result<Lock> {
        self.0.lock(id)
    }

    /// The lock of whoever signs in, if nobody does.
    pub fn try_sign_in(&self, portal: &Portal) -> anyhow::Result<Option<Lock>> {
        self.0.try_sign_in(&id(portal))
    }

    /// Waits until nobody else signs in.
    pub fn await_sign_in(&self, portal: &Portal) -> anyhow::Result<Lock> {
        self.0.await_sign_in(&id(portal))
    }

    /// AWS has refused this token, an access token or a refresh token: nobody asks with it again.
    pub fn refuse(&self, token: &Secret) {
        self.0.refuse(token);
    }

    /// Whether AWS has refused it.
    pub fn is_refused(&self, token: &Secret) -> bool {
        self.0.is_refused(token)
    }

    /// Where a portal's token is, or would be.
    pub fn path_of(&self, portal: &Portal) -> PathBuf {
        self.0.path(&id(portal))
    }
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
