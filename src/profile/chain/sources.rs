//! Each source as a profile describes it, checked: whole or an error, never half.

use std::path::{Path, PathBuf};

use super::{Portal, Role, Source, Sso, Surroundings, WebIdentityToken, signing_helper};
use crate::clock;
use crate::credentials::{Credentials, Expiry};
use crate::env::Env;
use crate::limits;
use crate::message::Failure;
use crate::profile::config::File;
use crate::profile::profile::{Profile, SsoSession, shown};
use crate::secret::Secret;

pub(super) const WEB_IDENTITY: &[&str] = &["web_identity_token_file", "web_identity_token_process"];
pub(super) const KEYS: &[&str] =
    &["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// The keys of a profile, whole or not at all.
pub(super) fn keys(profile: &Profile<'_>) -> Result<Option<Source>, Failure> {
    let Some(first) = KEYS.iter().find(|key| profile.get(key).is_some()) else { return Ok(None) };
    let (access_key_id, secret_access_key) = match (profile.text(KEYS[0])?, profile.secret(KEYS[1])?) {
        (Some(id), Some(secret)) => (id.to_owned(), secret),
        (id, _) => {
            return Err(Failure::new(format!(
                "{}: profile {} has {first}, but no {}",
                shown(profile.place(first)),
                profile.name(),
                KEYS[usize::from(id.is_some())]
            )));
        }
    };
    let credentials = Credentials {
        access_key_id,
        secret_access_key,
        session_token: session_token(profile)?,
        expiry: None,
        account: account(profile)?,
    };
    Ok(Some(Source::Keys { profile: profile.name().to_owned(), credentials }))
}

/// What to say if the keys stand partly in one file and partly in the other.
pub(super) fn note_on_two_files(profile: &Profile<'_>) -> Option<String> {
    let in_file = |file| KEYS.iter().find(|key| profile.place(key).is_some_and(|place| place.file == file));
    let (in_config, in_credentials) = (in_file(File::Config)?, in_file(File::Credentials)?);
    Some(format!(
        "profile {}: {in_config} ({}) and {in_credentials} ({}) are taken together; the AWS CLI would not",
        profile.name(),
        shown(profile.place(in_config)),
        shown(profile.place(in_credentials))
    ))
}

/// `aws_security_token` is the token's old name, which some tools still write beside the new one. An empty token
/// is none, as for the AWS CLI.
fn session_token(profile: &Profile<'_>) -> Result<Option<Secret>, Failure> {
    let present = |key: &&&str| profile.get(key).is_some_and(|value| !value.is_empty());
    let mut tokens = KEYS[2..].iter().filter(present);
    match (tokens.next(), tokens.next()) {
        (Some(new), Some(old)) if profile.get(new) != profile.get(old) => {
            Err(pair(profile, new, old, "AWS clients disagree on which one counts"))
        }
        (Some(key), _) => profile.secret(key),
        (None, _) => Ok(None),
    }
}

/// The user's own keys, whole or an error.
pub(super) fn environment(profile: &Profile<'_>, original: &Env) -> Result<Credentials, Failure> {
    let fault = |reason: String| profile.fault("credential_source", reason);
    let required =
        |name| original.text(name).ok_or_else(|| fault(format!("{name} is not set in the environment")));
    let token = original.text("AWS_SESSION_TOKEN").or_else(|| original.text("AWS_SECURITY_TOKEN"));
    let expiry = |text| {
        clock::parse(text).map(Expiry).ok_or_else(|| fault("AWS_CREDENTIAL_EXPIRATION is not a time".into()))
    };
    let account = original.text("AWS_ACCOUNT_ID");
    if account.is_some_and(|account| limits::account(account).is_err()) {
        return Err(fault(format!("AWS_ACCOUNT_ID: {TWELVE_DIGITS}")));
    }
    Ok(Credentials {
        access_key_id: required("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret_access_key: Secret::new(required("AWS_SECRET_ACCESS_KEY")?),
        session_token: token.map(Secret::new),
        expiry: original.text("AWS_CREDENTIAL_EXPIRATION").map(expiry).transpose()?,
        account: account.map(str::to_owned),
    })
}

/// The portal comes from the `[sso-session]`, or for legacy profiles from the profile itself.
pub(super) fn sso(profile: &Profile<'_>, key: &'static str) -> Result<Sso, Failure> {
    let portal = match profile.sso_session()? {
        Some(session) => {
            for key in ["sso_start_url", "sso_region"] {
                if profile.get(key).is_some()
                    && session.get(key).is_some()
                    && profile.get(key) != session.get(key)
                {
                    let elsewhere = shown(session.place(key));
                    let reason = format!("[sso-session {}] has another one at {elsewhere}", session.name());
                    return Err(profile.fault(key, reason));
                }
            }
            portal(session)?
        }
        None => {
            let region = required(profile, key, "sso_region")?;
            limits::region(&region).map_err(|reason| profile.fault("sso_region", reason))?;
            let start_url = required(profile, key, "sso_start_url")?;
            Portal { session: None, start_url, region, scopes: Vec::new(), refreshes: false }
        }
    };
    let account = required(profile, key, "sso_account_id")?;
    limits::account(&account).map_err(|_| profile.fault("sso_account_id", TWELVE_DIGITS))?;
    Ok(Sso { portal, account, role: required(profile, key, "sso_role_name")? })
}

/// The portal of an `[sso-session]`.
pub fn portal(session: SsoSession<'_>) -> Result<Portal, Failure> {
    Ok(Portal {
        session: Some(session.name().to_owned()),
        start_url: session.start_url()?,
        region: session.region()?,
        scopes: session.scopes()?,
        refreshes: true,
    })
}

fn required(profile: &Profile<'_>, key: &'static str, other: &str) -> Result<String, Failure> {
    let missing = || {
        let failure = profile.fault(key, format!("profile {} has no {other} to go with it", profile.name()));
        match other {
            "sso_account_id" | "sso_role_name" => failure.hint("`awsenv sso roles` lists what one may use"),
            _ => failure,
        }
    };
    profile.text(other)?.map(str::to_owned).ok_or_else(missing)
}

pub(super) fn web_identity(
    profile: &Profile<'_>,
    key: &'static str,
    original: &Env,
) -> Result<Source, Failure> {
    let [file, process] = [profile.text(WEB_IDENTITY[0])?, profile.command(WEB_IDENTITY[1])?];
    let token = match (file, process) {
        (Some(_), Some(_)) => {
            return Err(pair(
                profile,
                WEB_IDENTITY[0],
                WEB_IDENTITY[1],
                "the token comes from one of them only",
            ));
        }
        (Some(file), None) => WebIdentityToken::File(PathBuf::from(file)),
        (None, command) => {
            WebIdentityToken::Process(Secret::new(command.unwrap_or_default()), Surroundings::of(original))
        }
    };
    let missing = || profile.fault(key, format!("profile {} has no role_arn to go with it", profile.name()));
    let role = Role {
        profile: Some(profile.name().to_owned()),
        arn: profile.checked("role_arn", role_arn)?.ok_or_else(missing)?,
        session_name: profile.checked("role_session_name", limits::session_name)?,
        duration: profile.duration_seconds()?,
        ..Role::default()
    };
    Ok(Source::WebIdentity { token, role: Box::new(role) })
}

/// What AWS itself would refuse, and no more: partitions and services of tomorrow are AWS's business.
pub(super) fn role_arn(text: &str) -> Result<(), limits::Reason> {
    if (20..=2048).contains(&text.len()) {
        Ok(())
    } else {
        Err("a role's ARN has 20 to 2048 characters".into())
    }
}

pub(super) fn process(profile: &Profile<'_>, key: &'static str, original: &Env) -> Result<Source, Failure> {
    if let Some(source) = signing_helper::recognized(profile, key)? {
        return Ok(Source::RolesAnywhere(source));
    }
    let command = Secret::new(profile.command(key)?.unwrap_or_default());
    check_command(profile, key, &command)?;
    Ok(Source::Process {
        profile: profile.name().to_owned(),
        command,
        account: account(profile)?,
        surroundings: Surroundings::of(original),
    })
}

/// A command that can be run, and is not ourselves for this very profile: that would have no end.
fn check_command(profile: &Profile<'_>, key: &str, command: &Secret) -> Result<(), Failure> {
    let words = shell_words::split(command.expose())
        .map_err(|_| profile.fault(key, "a quote is open at its end, or a backslash stands there"))?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let (program, arguments) = match &words[..] {
        [] | ["", ..] => return Err(profile.fault(key, "a command is expected")),
        [program, arguments @ ..] => (program, arguments),
    };
    if !is_own(program, arguments, profile.name()) {
        return Ok(());
    }
    let what = format!("it is awsenv, for profile {}, which has nothing else", profile.name());
    Err(profile.fault(key, what).hint(
        "give the profile keys (`awsenv key add`), a sign-in or a role; as a credential_process, awsenv is for other \
         programs",
    ))
}

/// Whether a profile names us as its process, for other clients.
pub(super) fn has_own_process(profile: &Profile<'_>) -> bool {
    let words = profile.get("credential_process").and_then(|command| shell_words::split(command).ok());
    let words = words.unwrap_or_default();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    matches!(&words[..], [program, arguments @ ..] if is_own(program, arguments, profile.name()))
}

/// Whether a command is awsenv, for this profile.
fn is_own(program: &str, arguments: &[&str], profile: &str) -> bool {
    let is_awsenv = Path::new(program).file_name().is_some_and(|name| name == "awsenv");
    is_awsenv && names_profile(arguments, profile)
}

/// Whether `awsenv credentials …` is about this profile.
fn names_profile(arguments: &[&str], name: &str) -> bool {
    let ["credentials", rest @ ..] = arguments else { return false };
    let by_option = rest.iter().any(|word| word.strip_prefix("--profile=") == Some(name));
    let by_place = rest.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).map(|before| rest[before]);
        *word == name && !matches!(before, Some("--format" | "--stage" | "--duration" | "--region"))
    });
    by_option || by_place
}

fn account(profile: &Profile<'_>) -> Result<Option<String>, Failure> {
    profile.checked("aws_account_id", |text| limits::account(text).map_err(|_| TWELVE_DIGITS.into()))
}

const TWELVE_DIGITS: &str = "an account is twelve digits";

/// `PATH:LINE` of a key.
pub(super) fn place(profile: &Profile<'_>, key: &str) -> Option<String> {
    profile.place(key).map(|place| place.to_string())
}

/// Two settings that do not go together, each with its line.
pub(super) fn pair(profile: &Profile<'_>, one: &str, other: &str, why: &str) -> Failure {
    Failure::new(format!(
        "{}: profile {} has {one} and, at {}, {other}: {why}",
        shown(profile.place(one)),
        profile.name(),
        shown(profile.place(other))
    ))
}
