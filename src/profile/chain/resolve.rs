//! From a profile to its chain: which of its settings count, in the order of the AWS SDK for Rust.
//! Where AWS clients would use different credentials for one and the same text, it is an error here.

use std::path::Path;

use anyhow::Context;

use super::sources::{self, KEYS, WEB_IDENTITY, pair, place, role_arn};
use super::{Asked, Origin, Role, RoleChain, SessionToken, Source, account_of, metadata, settle};
use crate::env::Env;
use crate::key_index::KeyIndex;
use crate::limits;
use crate::message::{Failure, nearest};
use crate::places::{login_cache, relative_login_cache};
use crate::profile::config::{File, SharedConfig};
use crate::profile::profile::{Profile, circle, shown};
use crate::secret::Secret;

/// How the credentials of a profile are got. `original` is the user's environment, without our own values.
pub fn resolve(
    config: &SharedConfig,
    keys: &KeyIndex,
    name: &str,
    original: &Env,
    asked: &Asked,
) -> anyhow::Result<RoleChain> {
    settle(as_written(config, keys, name, original)?, asked)
}

/// The chain before AWS's rules on lengths and MFA, for who still has roles to put on top: [`settle`] it then.
pub fn as_written(
    config: &SharedConfig,
    keys: &KeyIndex,
    name: &str,
    original: &Env,
) -> anyhow::Result<RoleChain> {
    let selected = config.profile(name)?;
    let region = selected.region()?;
    let mut walk = Walk { original, keys, path: Vec::new(), roles: Vec::new(), notes: Vec::new() };
    let mut profile = selected.clone();
    let (source, decided_by) = loop {
        walk.path.push(profile.clone());
        match walk.next(&profile)? {
            Next::Source(source, key) => break (source, place(&profile, key)),
            Next::Keychain(source) => break (source, None),
            Next::Profile(next) => profile = walk.follow(config, &profile, next)?,
        }
    };
    let source_region = profile.region()?;
    let origin = Origin { profile: Some(profile.name().to_owned()), decided_by };
    let session_token = walk.session_token(&profile)?;
    let roles = walk.roles()?;
    Ok(RoleChain {
        name: selected.name().to_owned(),
        source,
        origin,
        session_token,
        roles,
        region,
        source_region,
        notes: walk.notes,
    })
}

/// The way from the selected profile down to its source.
struct Walk<'a> {
    original: &'a Env,
    keys: &'a KeyIndex,
    path: Vec<Profile<'a>>,
    /// Each with the place in `path` of its profile; the last to be assumed comes first.
    roles: Vec<(usize, Role)>,
    notes: Vec<String>,
}

enum Next<'a> {
    /// The end of the way, and the key that says so.
    Source(Source, &'static str),
    /// The end of the way: the keychain has keys under the profile's name.
    Keychain(Source),
    /// On to the `source_profile`.
    Profile(&'a str),
}

impl<'a> Walk<'a> {
    fn next(&mut self, profile: &Profile<'a>) -> anyhow::Result<Next<'a>> {
        // In a profile that a role is assumed from, keys win over a role of its own and end the way. Clients agree.
        if !self.roles.is_empty()
            && let Some(keys) = self.signing_keys(profile)?
        {
            return Ok(keys);
        }
        let is_web_identity = WEB_IDENTITY.iter().any(|key| profile.get(key).is_some());
        match profile.checked("role_arn", role_arn)? {
            Some(arn) if !is_web_identity => {
                self.roles.push((self.path.len() - 1, role(profile, arn)?));
                self.below_role(profile)
            }
            _ => self.root(profile),
        }
    }

    /// Whose credentials the role is assumed with.
    fn below_role(&mut self, profile: &Profile<'a>) -> anyhow::Result<Next<'a>> {
        if let Some(keys) = self.keychain(profile) {
            return Ok(keys);
        }
        match (profile.text("source_profile")?, profile.text("credential_source")?) {
            (Some(own), None) if own == profile.name() => match self.signing_keys(profile)? {
                Some(keys) => Ok(keys),
                None => {
                    Err(self.circle(profile, own).hint("only a profile with keys may name itself").into())
                }
            },
            (Some(next), None) => Ok(Next::Profile(next)),
            (None, Some(_)) => self.credential_source(profile),
            (Some(_), Some(_)) => Err(pair(
                profile,
                "source_profile",
                "credential_source",
                "only one of them may go with role_arn",
            )
            .into()),
            (None, None) => Err(Failure::new(format!(
                "{}: profile {} has role_arn, but neither source_profile nor credential_source",
                shown(profile.place("role_arn")),
                profile.name()
            ))
            .hint("what signs the call stands in a profile of its own: source_profile = NAME")
            .into()),
        }
    }

    /// A profile without a role of its own to assume: one of its settings is the source.
    fn root(&mut self, profile: &Profile<'a>) -> anyhow::Result<Next<'a>> {
        if let Some(keys) = self.keychain(profile) {
            return Ok(keys);
        }
        let mut styles: Vec<_> = STYLES
            .iter()
            .filter_map(|(style, keys)| Some((*style, *keys.iter().find(|key| profile.get(key).is_some())?)))
            .collect();
        settle_mix(profile, &mut styles)?;
        let Some((style, key)) = styles.first().copied() else {
            return Err(self.no_credentials(profile).into());
        };
        for (style, other) in &styles[1..] {
            if *style == Style::Process && sources::has_own_process(profile) {
                continue;
            }
            self.notes.push(format!(
                "profile {}: {key} counts, {other} ({}) does not",
                profile.name(),
                shown(profile.place(other))
            ));
        }
        match style {
            Style::CredentialSource => self.credential_source(profile),
            Style::WebIdentity => Ok(Next::Source(sources::web_identity(profile, key, self.original)?, key)),
            Style::Sso => Ok(Next::Source(Source::Sso(sources::sso(profile, key)?), key)),
            Style::Login => {
                // Whichever home it is: the two ways to write an absolute path do not depend on it.
                if login_cache(self.original, Path::new("/")).is_none() {
                    return Err(relative_login_cache().into());
                }
                let session_arn = profile.text(key)?.unwrap_or_default().to_owned();
                // Said before anybody signs in: a sign-in could not turn out to be this one.
                if account_of(&session_arn).is_none() {
                    let fault = profile.fault(key, "expected an ARN like arn:aws:iam::111122223333:user/me");
                    return Err(fault.hint("`aws login --profile NAME` writes it").into());
                }
                Ok(Next::Source(Source::Login { session_arn }, key))
            }
            Style::Process => Ok(Next::Source(sources::process(profile, key, self.original)?, key)),
            Style::Keys => self.keys(profile)?.ok_or_else(|| self.no_credentials(profile).into()),
            Style::Alias => Ok(Next::Profile(profile.text(key)?.unwrap_or_default())),
        }
    }

    /// Who put keys into the keychain under a profile's name meant them: they come before all the profile says.
    fn keychain(&mut self, profile: &Profile<'_>) -> Option<Next<'a>> {
        let entry = self.keys.find(profile.name())?;
        let is_for_others = sources::has_own_process(profile);
        let shadowed = STYLES
            .iter()
            .filter(|(style, _)| *style != Style::Process || !is_for_others)
            .flat_map(|(_, keys)| *keys)
            .find(|key| profile.get(key).is_some());
        self.notes.extend(shadowed.map(|key| {
            format!(
                "profile {}: its keys in the keychain count, {key} ({}) does not",
                profile.name(),
                shown(profile.place(key))
            )
        }));
        Some(Next::Keychain(Source::Keychain {
            name: profile.name().to_owned(),
            access_key_id: entry.access_key_id.clone(),
            account: entry.account.clone(),
        }))
    }

    /// Keys of the keychain are given out as a session: with the profile's MFA device, else with the keys' own.
    fn session_token(&self, profile: &Profile<'_>) -> anyhow::Result<Option<SessionToken>> {
        let Some(entry) = self.keys.find(profile.name()) else { return Ok(None) };
        let of_profile = profile.checked("mfa_serial", limits::mfa_serial)?;
        Ok(Some(SessionToken {
            mfa_process: profile.command("mfa_process")?.map(Secret::new),
            origin: Origin {
                profile: Some(profile.name().to_owned()),
                decided_by: place(profile, "mfa_serial"),
            },
            mfa_serial: of_profile.or_else(|| entry.mfa_serial.clone()),
            duration: None,
        }))
    }

    fn keys(&mut self, profile: &Profile<'_>) -> Result<Option<Next<'a>>, Failure> {
        if let Some(keys) = self.keychain(profile) {
            return Ok(Some(keys));
        }
        let Some(keys) = sources::keys(profile)? else { return Ok(None) };
        self.notes.extend(sources::note_on_two_files(profile));
        Ok(Some(Next::Source(keys, KEYS[0])))
    }

    /// The same, where a role is assumed with them: there, clients disagree on keys beside another source.
    fn signing_keys(&mut self, profile: &Profile<'_>) -> Result<Option<Next<'a>>, Failure> {
        let keys = self.keys(profile)?;
        if let Some(Next::Source(..)) = keys {
            settle_signing_mix(profile)?;
        }
        Ok(keys)
    }

    fn credential_source(&self, profile: &Profile<'_>) -> anyhow::Result<Next<'a>> {
        const KEY: &str = "credential_source";
        let source = match profile.text(KEY)?.unwrap_or_default() {
            "Environment" => Source::Environment(sources::environment(profile, self.original)?),
            "Ec2InstanceMetadata" => Source::Ec2Metadata(metadata::instance(profile, self.original)?),
            "EcsContainer" => Source::Container(metadata::container(profile, self.original)?),
            other => {
                let known = ["Environment", "Ec2InstanceMetadata", "EcsContainer"];
                let fault = profile.fault(KEY, "expected Environment, Ec2InstanceMetadata or EcsContainer");
                let near = known
                    .into_iter()
                    .find(|name| name.eq_ignore_ascii_case(other))
                    .or_else(|| nearest(other, known));
                return Err(match near {
                    Some(near) => fault.hint(format!("did you mean {near}?")),
                    None => fault,
                }
                .into());
            }
        };
        Ok(Next::Source(source, KEY))
    }

    fn follow(
        &self,
        config: &'a SharedConfig,
        from: &Profile<'a>,
        next: &str,
    ) -> anyhow::Result<Profile<'a>> {
        if self.path.iter().any(|known| known.name() == next) {
            return Err(self.circle(from, next).into());
        }
        let at = || format!("{}: source_profile of {}", shown(from.place("source_profile")), from.name());
        config.profile(next).with_context(at)
    }

    fn circle(&self, profile: &Profile<'_>, next: &str) -> Failure {
        let path: Vec<_> = self.path.iter().map(Profile::name).collect();
        circle(profile.place("source_profile"), "source_profile", &path, next)
    }

    fn no_credentials(&self, profile: &Profile<'_>) -> Failure {
        let name = profile.name();
        match self.path.iter().rev().nth(1) {
            Some(user) => Failure::new(format!(
                "{}: profile {name}, the source_profile of {}, has no credentials",
                shown(user.place("source_profile")),
                user.name()
            )),
            None => Failure::new(format!("profile {name} has no credentials")).hint(
                "it needs keys, a sign-in (sso_session, login_session), credential_process or source_profile",
            ),
        }
    }

    /// In the order in which they are assumed, each with the nearest `mfa_process` on its way down.
    fn roles(&mut self) -> Result<Vec<Role>, Failure> {
        let mut roles = Vec::new();
        for (index, role) in self.roles.drain(..).rev() {
            let nearest = self.path[index..].iter().find(|profile| profile.get("mfa_process").is_some());
            let mfa_process = match nearest {
                Some(profile) if role.mfa_serial.is_some() => {
                    profile.command("mfa_process")?.map(Secret::new)
                }
                _ => None,
            };
            roles.push(Role { mfa_process, ..role });
        }
        Ok(roles)
    }
}

/// What a profile without a role can get its credentials from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    CredentialSource,
    WebIdentity,
    Sso,
    Login,
    Process,
    Keys,
    Alias,
}

/// In order of precedence, with the keys that give each of them away.
const STYLES: &[(Style, &[&str])] = &[
    (Style::CredentialSource, &["credential_source"]),
    (Style::WebIdentity, WEB_IDENTITY),
    (Style::Sso, &["sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region"]),
    (Style::Login, &["login_session"]),
    (Style::Process, &["credential_process"]),
    (Style::Keys, KEYS),
    (Style::Alias, &["source_profile"]),
];

/// The settings of a profile that say whose credentials are its own.
pub fn source_keys(profile: &Profile<'_>) -> impl Iterator<Item = &'static str> {
    let keys = STYLES.iter().flat_map(|(_, keys)| *keys).copied();
    ["role_arn"].into_iter().chain(keys).filter(|key| profile.get(key).is_some())
}

/// Sources side by side of which AWS clients take one or the other: neither may be chosen silently. Two mixes are
/// common enough to be noted only: keys in the credentials file beside a process, of which the AWS CLI takes the keys;
/// and a sign-in beside a process, which is mostly there for older clients and gives the same.
fn settle_mix(profile: &Profile<'_>, styles: &mut [(Style, &'static str)]) -> Result<(), Failure> {
    let (one, other) = match styles {
        [(Style::CredentialSource, one), (_, other), ..] => (*one, *other),
        [(Style::Process, _), (Style::Keys, key), ..]
            if profile.place(key).is_some_and(|place| place.file == File::Credentials) =>
        {
            styles.swap(0, 1);
            return Ok(());
        }
        [(_, other), rest @ ..] => match rest.iter().find(|(style, _)| *style == Style::Keys) {
            Some((_, key)) => (*key, *other),
            None => return Ok(()),
        },
        [] => return Ok(()),
    };
    Err(disagreement(profile, one, other))
}

/// The same for keys that a role is assumed with: the SDKs take them, botocore a web identity and a sign-in first,
/// and keys in the config file last.
fn settle_signing_mix(profile: &Profile<'_>) -> Result<(), Failure> {
    let Some(key) = KEYS.iter().find(|key| profile.get(key).is_some()) else { return Ok(()) };
    let is_in_config = profile.place(key).is_some_and(|place| place.file == File::Config);
    let rivals = STYLES.iter().filter(|(style, _)| match style {
        Style::WebIdentity | Style::Sso => true,
        Style::Login | Style::Process => is_in_config,
        Style::CredentialSource | Style::Keys | Style::Alias => false,
    });
    let other = rivals.flat_map(|(_, keys)| *keys).find(|other| profile.get(other).is_some());
    other.map_or(Ok(()), |other| Err(disagreement(profile, key, other)))
}

fn disagreement(profile: &Profile<'_>, one: &str, other: &str) -> Failure {
    pair(profile, one, other, "AWS clients disagree on which one counts")
        .hint("keep one of the two, or give each a profile of its own")
}

fn role(profile: &Profile<'_>, arn: String) -> Result<Role, Failure> {
    let tags = profile.session_tags()?;
    Ok(Role {
        profile: Some(profile.name().to_owned()),
        arn,
        external_id: profile.checked("external_id", limits::external_id)?,
        session_name: profile.checked("role_session_name", limits::session_name)?,
        duration: profile.duration_seconds()?,
        mfa_serial: profile.checked("mfa_serial", limits::mfa_serial)?,
        mfa_decided_by: place(profile, "mfa_serial"),
        source_identity: profile.checked("source_identity", limits::source_identity)?,
        transitive_tags: profile.transitive_session_tags(&tags)?,
        tags,
        decided_by: place(profile, "role_arn"),
        ..Role::default()
    })
}

#[cfg(test)]
pub(super) mod tests;
