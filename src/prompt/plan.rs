//! From what counts in a directory to what its shell gets: pure, but for reading the AWS files.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Question;
use super::directory::{Pinned, Verdict};
use super::env_file::{Deliver, Pin, PinSource};
use super::guard::Watched;
use super::one_line;
use super::wanted::{Provided, Wanted};
use crate::clock::Timestamp;
use crate::credentials::Credentials;
use crate::env::Env;
use crate::files::Stamp;
use crate::message::{Exit, Failure};
use crate::profile::chain::{self, Asked, Origin, RoleChain, RolesAnywhere, SessionToken, Source};
use crate::profile::config::ConfigFiles;

/// What a shell gets, and what that rests on.
#[derive(Debug, Default)]
pub struct Plan {
    /// The variables.
    pub wanted: Wanted,
    /// When to ask again at the latest.
    pub deadline: Option<Timestamp>,
    /// AWS files that were read.
    pub watched: Vec<Watched>,
    /// AWS files that were not there.
    pub absent: Vec<PathBuf>,
    /// Why there are no credentials, in one line.
    pub complaint: Option<String>,
}

impl Plan {
    /// The user has set credentials by hand.
    pub fn hands_off() -> Self {
        Self::default()
    }

    fn refuse(error: &anyhow::Error, sentence: &str, original: &Env) -> Self {
        let hint = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()?.hint.as_deref());
        Self {
            wanted: Wanted::fail_closed(sentence, original),
            complaint: Some(one_line(&format!("{error:#}"), hint)),
            ..Self::default()
        }
    }
}

/// What a pin comes to.
#[derive(Debug)]
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

/// Plans for a verdict.
pub fn plan(verdict: &Verdict, original: &Env, question: &Question<'_>) -> Plan {
    match verdict {
        Verdict::Nothing => Plan::default(),
        Verdict::Refused(_, error, sentence) => Plan::refuse(error, sentence, original),
        Verdict::Pinned(pinned) => plan_pin(pinned, original, question),
    }
}

fn plan_pin(pinned: &Pinned, original: &Env, question: &Question<'_>) -> Plan {
    let pin = &pinned.pin;
    if pin.source.is_none() {
        let mut wanted = Wanted::default();
        wanted.region(pin.region.as_deref());
        wanted.plain(&pin.env);
        return Plan { wanted, ..Plan::default() };
    }
    let name = pin.name().unwrap_or_default();
    // Their stamps before their content: an edit in between makes the guard false.
    let files = ConfigFiles::locate(original, &question.places.home);
    let (watched, absent) = look_at(&files);
    let provided = resolve(pin, &files, original, true).and_then(|resolved| {
        let credentials = at_hand(&resolved.chain, question.now)?;
        let account = check_account(pin, &resolved.chain, credentials)?;
        check_delivery(pin)?;
        Ok((resolved.region.clone(), account, credentials.clone(), resolved))
    });
    let plan = match provided {
        Err(error) => Plan::refuse(&error, &format!("{name}: run awsenv status"), original),
        Ok((region, account, credentials, resolved)) => {
            let mut wanted = Wanted::provided(
                &Provided {
                    name: &resolved.name,
                    credentials: &credentials,
                    account: account.as_deref(),
                    region: region.as_deref(),
                    settings: &resolved.settings,
                    aws_vault_label: question.settings.label.is_some(),
                },
                original,
            );
            wanted.plain(&pin.env);
            Plan { wanted, deadline: credentials.expiry.map(|expiry| expiry.0), ..Plan::default() }
        }
    };
    Plan { watched, absent, ..plan }
}

/// A pin and the AWS files → how its credentials are got.
/// `session`: GetSessionToken may stand between long-lived keys and a role.
pub fn resolve(pin: &Pin, files: &ConfigFiles, original: &Env, session: bool) -> anyhow::Result<Resolved> {
    let name = pin.name().unwrap_or_default();
    let asked = Asked { duration: pin.duration, session };
    let Some(PinSource::Profile(profile)) = &pin.source else {
        let chain = chain::settle(with_roles(inline(pin, &name)?, pin), &asked)?;
        let region = pin.region.clone().or_else(|| users_region(original));
        return Ok(Resolved { name, chain, region, settings: Vec::new() });
    };
    let config = files.read()?;
    let chain = chain::as_written(&config, profile, original)
        .and_then(|chain| chain::settle(with_roles(chain, pin), &asked))
        .with_context(|| format!("cannot use profile {profile}"))?;
    let region = pin.region.clone().or_else(|| chain.region.clone()).or_else(|| users_region(original));
    let settings = config.profile(profile)?.exports()?;
    Ok(Resolved { name, chain, region, settings })
}

fn with_roles(mut chain: RoleChain, pin: &Pin) -> RoleChain {
    chain.roles.extend(pin.roles.iter().cloned());
    chain
}

/// The chain of a source that needs no `~/.aws/config`.
fn inline(pin: &Pin, name: &str) -> anyhow::Result<RoleChain> {
    let mut session_token = None;
    let source = match pin.source.clone() {
        Some(PinSource::Sso(sso)) => Source::Sso(sso),
        Some(PinSource::Keys { name, mfa_serial, session }) => {
            session_token = session.then(|| SessionToken { mfa_serial, ..SessionToken::default() });
            Source::Keychain { name }
        }
        Some(PinSource::RolesAnywhere(certificate)) => {
            Source::RolesAnywhere(RolesAnywhere { duration: pin.duration, ..certificate })
        }
        Some(PinSource::Profile(_)) | None => return Err(Failure::new("the .awsenv names no source").into()),
    };
    Ok(RoleChain {
        name: name.to_owned(),
        source,
        origin: Origin::default(),
        session_token,
        roles: Vec::new(),
        region: None,
        notes: Vec::new(),
    })
}

/// The region the user's environment names.
pub fn users_region(original: &Env) -> Option<String> {
    original.text("AWS_REGION").or_else(|| original.text("AWS_DEFAULT_REGION")).map(str::to_owned)
}

/// Credentials that take nothing but files: keys in the AWS files or the user's own environment.
pub fn at_hand(chain: &RoleChain, now: Timestamp) -> anyhow::Result<&Credentials> {
    let credentials = match &chain.source {
        Source::Keys { credentials, .. } | Source::Environment(credentials) => credentials,
        other => return Err(later(what(other)).context(chain.name.clone())),
    };
    if !chain.roles.is_empty() || chain.session_token.is_some() {
        return Err(later("assuming a role").context(chain.name.clone()));
    }
    if credentials.expiry.is_some_and(|expiry| !expiry.is_after(now)) {
        return Err(Failure::new(format!("{}: the keys have expired", chain.name))
            .hint("put fresh ones where these came from")
            .exit(Exit::PersonNeeded)
            .into());
    }
    Ok(credentials)
}

fn what(source: &Source) -> &'static str {
    match source {
        Source::Keys { .. } | Source::Environment(_) => "keys",
        Source::Keychain { .. } => "keys in the keychain",
        Source::Sso(_) => "IAM Identity Center",
        Source::Process { .. } => "credential_process",
        Source::WebIdentity { .. } => "a web identity",
        Source::Ec2Metadata => "the instance metadata service",
        Source::Container => "the container credentials endpoint",
        Source::Login { .. } => "login_session",
        Source::RolesAnywhere(_) => "IAM Roles Anywhere",
    }
}

fn later(what: &str) -> anyhow::Error {
    Failure::new(format!("this version of awsenv does not know {what} yet")).into()
}

/// `account` refuses credentials of any other, and those it cannot know.
pub fn check_account(
    pin: &Pin,
    chain: &RoleChain,
    credentials: &Credentials,
) -> anyhow::Result<Option<String>> {
    let known = chain::known_account(chain).or_else(|| credentials.account.clone());
    match (&pin.account, known) {
        (Some(asked), Some(known)) if *asked != known => Err(Failure::new(format!(
            "{} is of account {known}, and the .awsenv asks for {asked}",
            chain.name
        ))
        .hint("mend `account` or the profile; no credentials until then")
        .into()),
        (Some(asked), None) => {
            Err(Failure::new(format!("cannot tell whether {} is of account {asked}", chain.name))
                .hint("write aws_account_id beside the keys: this version of awsenv does not ask AWS yet")
                .into())
        }
        (_, known) => Ok(known),
    }
}

/// Whether this version delivers as the pin asks.
pub fn check_delivery(pin: &Pin) -> anyhow::Result<()> {
    match pin.deliver {
        None | Some(Deliver::Env) => Ok(()),
        Some(Deliver::Profile) => Err(later("deliver = \"profile\"")),
        Some(Deliver::Endpoint) => Err(later("deliver = \"endpoint\"")),
    }
}

/// The AWS files as the guard watches them.
fn look_at(files: &ConfigFiles) -> (Vec<Watched>, Vec<PathBuf>) {
    let (mut watched, mut absent) = (Vec::new(), Vec::new());
    for path in [&files.config, &files.credentials] {
        match std::fs::metadata(path) {
            Ok(metadata) => watched.push(watch(path, &metadata)),
            Err(_) => absent.push(path.clone()),
        }
    }
    (watched, absent)
}

fn watch(path: &Path, metadata: &std::fs::Metadata) -> Watched {
    let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
    Watched { path: path.to_owned(), stamp: Stamp::of(metadata), target }
}
