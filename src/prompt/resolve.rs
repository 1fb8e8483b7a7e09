//! A pin and the AWS files → how its credentials are got.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::env_file::{Pin, PinSource};
use crate::env::Env;
use crate::files::Stamp;
use crate::key_index::KeyIndex;
use crate::message::{Exit, Failure, nearest};
use crate::places::Places;
use crate::process::user_at_host;
use crate::profile::chain::{self, Asked, Origin, Portal, RoleChain, SessionToken, Source, Sso};
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::profile::endpoints::Endpoints;
use crate::session::noted;
use crate::session::session_key::SessionKey;

/// What a pin comes to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What people call it.
    pub name: String,
    /// How its credentials are got.
    pub chain: RoleChain,
    /// The file's region, else the profile's, else the user's.
    pub region: Option<String>,
    /// The profile's settings as variables.
    pub settings: Vec<(String, String)>,
}

impl Resolved {
    /// The name of its session in the store.
    pub fn session_key(&self, original: &Env) -> SessionKey {
        self.key_after(self.chain.hops().len(), original)
    }

    /// The name by which programs are given it: its own, but for a certificate's files. A new certificate in the place of
    /// the old one is for whoever used that.
    pub fn lasting_key(&self, original: &Env) -> SessionKey {
        let mut chain = self.chain.clone();
        if let Source::RolesAnywhere(source) = &mut chain.source {
            source.stamps.clear();
        }
        Self { chain, ..self.clone() }.session_key(original)
    }

    /// The name of the session after so many hops.
    pub fn key_after(&self, hops: usize, original: &Env) -> SessionKey {
        let endpoints = Endpoints::new(original, &self.settings).fingerprint();
        SessionKey::after(hops, &self.chain, self.region.as_deref(), &endpoints, &user_at_host(original))
    }

    /// The same with a certificate's files as they are now.
    pub fn restamped(&self) -> Self {
        Self { chain: stamped(self.chain.clone()), ..self.clone() }
    }

    /// What the session's name was made of beside the AWS files.
    pub fn files(&self) -> Vec<(PathBuf, Option<Stamp>)> {
        match &self.chain.source {
            Source::RolesAnywhere(source) => {
                source.files().map(Path::to_path_buf).zip(source.stamps.iter().copied()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the credentials are the keys themselves, which take no call at all.
    pub fn is_at_hand(&self) -> bool {
        let keys = matches!(self.chain.source, Source::Keys { .. } | Source::Environment(_));
        keys && self.chain.roles.is_empty() && self.chain.session_token.is_none()
    }
}

/// Reads the AWS files where the pin needs them. `keys`: what rests in a keychain. `session`: how long a session
/// GetSessionToken may make of long-lived keys.
pub fn resolve(
    pin: &Pin,
    files: &ConfigFiles,
    keys: &KeyIndex,
    original: &Env,
    session: Option<Duration>,
) -> anyhow::Result<Resolved> {
    let name = pin.name().unwrap_or_default();
    let asked = Asked { duration: pin.duration, session };
    let seen = |chain| stamped(noted(chain, original));
    let without_profile = |source: &PinSource, asked: &Asked| {
        let chain = chain::settle(with_roles(inline(source, keys, &name)?, pin), asked).map(seen)?;
        let region = pin.region.clone().or_else(|| users_region(original));
        log_steps(&chain);
        Ok(Resolved { name: name.clone(), chain, region, settings: Vec::new() })
    };
    let profile = match &pin.source {
        Some(PinSource::Profile(profile)) => profile,
        Some(source @ PinSource::Keys { session, .. }) => {
            return without_profile(source, &Asked { session: asked.session.filter(|_| *session), ..asked });
        }
        Some(PinSource::Sso(sso)) => {
            let portal = with_session(&sso.portal, &files.read()?);
            return without_profile(&PinSource::Sso(Sso { portal, ..sso.clone() }), &asked);
        }
        Some(source) => return without_profile(source, &asked),
        None => return Err(Failure::new("the .awsenv names no source").into()),
    };
    let config = files.read()?;
    if keys.find(profile).is_some() && !config.profiles().contains(&profile.as_str()) {
        // Keys need no profile beside them.
        let source = PinSource::Keys { name: profile.clone(), mfa_serial: None, session: true };
        return without_profile(&source, &asked);
    }
    let mut chain = chain::as_written(&config, keys, profile, original)
        .and_then(|chain| chain::settle(with_roles(chain, pin), &asked))
        .map(seen)
        .with_context(|| format!("cannot use profile {profile}"))?;
    let region = pin.region.clone().or_else(|| chain.region.clone()).or_else(|| users_region(original));
    chain.region.clone_from(&region);
    let settings = config.profile(profile)?.exports()?;
    log_steps(&chain);
    Ok(Resolved { name, chain, region, settings })
}

/// The `[sso-session]` of the same portal, if the config has one: then one sign-in serves both.
fn with_session(inline: &Portal, config: &SharedConfig) -> Portal {
    let sessions = config.sso_sessions().into_iter().filter_map(|name| config.sso_session(name));
    let mut portals = sessions.filter_map(|session| chain::portal(session).ok());
    let same = |portal: &Portal| portal.start_url == inline.start_url && portal.region == inline.region;
    portals.find(same).unwrap_or_else(|| inline.clone())
}

/// The way to the credentials. Not the external id, which some take for a secret.
fn log_steps(chain: &RoleChain) {
    if !log::log_enabled!(log::Level::Debug) {
        return;
    }
    for (index, step) in chain::steps(chain).iter().enumerate() {
        let about = step.role_arn.as_deref().or(step.profile.as_deref()).unwrap_or_default();
        let place = step.decided_by.as_deref().unwrap_or(".awsenv");
        log::debug!("{}, step {}: {} {about} ({place})", chain.name, index + 1, step.call);
    }
    chain.notes.iter().for_each(|note| log::debug!("{}: {note}", chain.name));
}

/// Of a certificate on a token, the file that says which it is stands for it.
fn noted(mut chain: RoleChain, original: &Env) -> RoleChain {
    if let Source::RolesAnywhere(source) = &mut chain.source {
        source.noted = Places::of(original).and_then(|places| noted::path(&places, source));
    }
    chain
}

/// A certificate's files as they are now decide whose session it is.
fn stamped(mut chain: RoleChain) -> RoleChain {
    if let Source::RolesAnywhere(source) = &mut chain.source {
        source.stamps = source.files().map(Stamp::at).collect();
    }
    chain
}

fn with_roles(mut chain: RoleChain, pin: &Pin) -> RoleChain {
    chain.roles.extend(pin.roles.iter().cloned());
    chain
}

/// The chain of a source that needs no `~/.aws/config`.
fn inline(source: &PinSource, keys: &KeyIndex, name: &str) -> anyhow::Result<RoleChain> {
    let mut session_token = None;
    let source = match source.clone() {
        PinSource::Sso(sso) => Source::Sso(sso),
        PinSource::Keys { name, mfa_serial, .. } => {
            let entry = keys.find(&name).ok_or_else(|| no_keys(&name, keys))?;
            let mfa_serial = mfa_serial.or_else(|| entry.mfa_serial.clone());
            session_token = Some(SessionToken { mfa_serial, ..SessionToken::default() });
            Source::Keychain {
                name,
                access_key_id: entry.access_key_id.clone(),
                account: entry.account.clone(),
            }
        }
        PinSource::RolesAnywhere(source) => Source::RolesAnywhere(source),
        PinSource::Profile(_) => unreachable!("a profile needs the config"),
    };
    Ok(RoleChain {
        name: name.to_owned(),
        source,
        origin: Origin::default(),
        session_token,
        roles: Vec::new(),
        region: None,
        source_region: None,
        notes: Vec::new(),
    })
}

fn no_keys(name: &str, keys: &KeyIndex) -> Failure {
    let failure = Failure::new(format!("no keys named {name} are in the keychain")).exit(Exit::PersonNeeded);
    match nearest(name, keys.iter().map(|(name, _)| name)) {
        Some(near) => failure.hint(format!("did you mean `{near}`? else run `awsenv key add {name}`")),
        None => failure.hint(format!("run `awsenv key add {name}`")),
    }
}

/// The region the user's environment names.
pub fn users_region(original: &Env) -> Option<String> {
    original.text("AWS_REGION").or_else(|| original.text("AWS_DEFAULT_REGION")).map(str::to_owned)
}

/// `account` refuses credentials of any other, and those it cannot know.
pub fn check_account(name: &str, asked: Option<&str>, known: Option<&str>) -> anyhow::Result<()> {
    match (asked, known) {
        (Some(asked), Some(known)) if asked != known => {
            Err(Failure::new(format!("{name} is of account {known}, and the .awsenv asks for {asked}"))
                .hint("mend `account` or the profile; no credentials until then")
                .into())
        }
        (Some(asked), None) => Err(Failure::new(format!("cannot tell whether {name} is of account {asked}"))
            .hint("run `awsenv refresh`")
            .into()),
        _ => Ok(()),
    }
}
