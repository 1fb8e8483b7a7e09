//! `credential_process`: another program of the user's prints the credentials (AWS SDKs and Tools Reference Guide,
//! "Process credential provider"). What it prints is never shown, nor what stands in its command line after the
//! program: both may be secrets.

use std::io;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Means;
use super::mfa::{self, Mfa};
use crate::clock::{self, human};
use crate::credentials::{Credentials, Expiry};
use crate::env::Env;
use crate::limits;
use crate::message::{Exit, Failure, shown_path};
use crate::process::{Heard, Limits, hear};
use crate::profile::chain::{RoleChain, Source, WebIdentityToken};
use crate::secret::Secret;

/// Whose processes we are run by, for whoever is run by them in turn: names of profiles.
const RUN_BY: &str = "AWSENV_RUN_BY";

/// A person may have to sign in, or to find a device.
const PATIENT: Duration = Duration::from_secs(300);
const UNATTENDED: Duration = Duration::from_secs(60);

/// A session's token may take 4 KB, with tags and policies more.
const MOST: usize = 32 * 1024;

/// For what it does when it is told to end.
const GRACE: Duration = Duration::from_secs(1);

/// A chain that is walked because of itself would never end.
pub fn check_no_circle(chain: &RoleChain, original: &Env) -> Result<(), Failure> {
    let (Some(key), Some(profile)) = (program(chain), &chain.origin.profile) else { return Ok(()) };
    let Some(before) = original.text(RUN_BY) else { return Ok(()) };
    let path: Vec<_> = before.split(',').collect();
    if !path.contains(&profile.as_str()) {
        return Ok(());
    }
    let path = path.join(" → ");
    let reason = format!("it has led to awsenv again, which would run it again: {path} → {profile}");
    Err(of_setting(key, chain, &reason)
        .hint("give the profile another command, or keys, a sign-in or a role of its own"))
}

/// The setting that names the program which a chain begins with, if it does.
pub(super) fn program(chain: &RoleChain) -> Option<&'static str> {
    match &chain.source {
        Source::Process { .. } => Some(KEY),
        Source::WebIdentity { token: WebIdentityToken::Process(..), .. } => Some(TOKEN_KEY),
        _ => None,
    }
}

/// What the chain's process prints.
pub(super) fn credentials(
    chain: &RoleChain,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Credentials> {
    let Source::Process { command, account, .. } = &chain.source else { unreachable!("it is no process") };
    let words = shell_words::split(command.expose()).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else { return Err(fault(chain, NO_COMMAND).into()) };
    let printed = output(Command::new(program).args(arguments), KEY, chain, means, mfa)?;
    let credentials = read(&printed).map_err(|reason| fault(chain, &reason))?;
    if credentials.expiry.is_some_and(|expiry| !expiry.is_after(clock::now())) {
        return Err(fault(chain, "what it printed has ended already").into());
    }
    Ok(Credentials { account: credentials.account.or_else(|| account.clone()), ..credentials })
}

const KEY: &str = "credential_process";
pub(super) const TOKEN_KEY: &str = "web_identity_token_process";
const NO_COMMAND: &str = "a command is expected";

/// What a program of this chain's prints, run as every program of a profile is: at home, in the user's own
/// environment, and without a person only where the settings let it. `key` is the setting that names it.
pub(super) fn output(
    command: &mut Command,
    key: &str,
    chain: &RoleChain,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<zeroize::Zeroizing<Vec<u8>>> {
    let fault = |reason: &str| of_setting(key, chain, reason);
    let holder = chain.origin.profile.as_deref().unwrap_or_default();
    if !mfa.has_person() && means.not_in_background.iter().any(|name| *name == holder || *name == chain.name)
    {
        return Err(fault("the settings keep it from running in the background")
            .hint("run `awsenv refresh`")
            .exit(Exit::PersonNeeded)
            .into());
    }
    // It may ask the person something.
    mfa.hush();
    log::info!("{}: {key} of profile {holder} is run", chain.name);
    // Whose credentials come must not depend on where one is.
    let home = &means.places.home;
    command.env_clear().envs(means.original.for_child()).current_dir(home).env("PWD", home);
    let run_by = means.original.text(RUN_BY).map(|before| format!("{before},{holder}"));
    command.env(RUN_BY, run_by.as_deref().unwrap_or(holder));
    if !mfa.has_person() {
        command.env(mfa::UNATTENDED, "1");
    }
    let time = if mfa.has_person() { PATIENT } else { UNATTENDED };
    let heard = hear(command, mfa.has_person(), Limits { time, output: MOST, grace: GRACE });
    match heard {
        Ok(Heard::Ended(status, printed)) if status.success() => Ok(printed),
        Ok(Heard::Ended(status, _)) => {
            let failure = fault(&format!("it ended with {status}"));
            Err(match mfa.has_person() {
                true => failure,
                false => failure.hint("`awsenv refresh` shows what it says"),
            }
            .into())
        }
        Ok(Heard::TooLong) => {
            Err(fault(&format!("it took longer than {}, and was ended", human(time))).into())
        }
        Ok(Heard::TooMuch) => Err(fault("it printed more than credentials can be, and was ended").into()),
        Err(_) if !home.is_dir() => {
            Err(fault(&format!("it is run in your home, and {} is not there", shown_path(home))).into())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(fault("there is no such program").hint(NOT_FOUND).into())
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error.into()),
        Err(error) => Err(fault(&format!("it cannot be run: {error}")).into()),
    }
}

/// What a renewal says where it is run for a person already.
pub(super) fn is_run_elsewhere(key: &str, chain: &RoleChain) -> Failure {
    of_setting(key, chain, "another awsenv is running it for a person")
        .hint("answer there, or run `awsenv refresh`")
        .exit(Exit::PersonNeeded)
}

const NOT_FOUND: &str =
    "write its whole path; no shell reads the line, so that ~ and $ mean nothing, and it is run in your home";

fn fault(chain: &RoleChain, reason: &str) -> Failure {
    of_setting(KEY, chain, reason)
}

pub(super) fn of_setting(key: &str, chain: &RoleChain, reason: &str) -> Failure {
    match &chain.origin.decided_by {
        Some(place) => Failure::new(format!("{place}: {key}: {reason}")),
        None => Failure::new(format!("{key} of {}: {reason}", chain.name)),
    }
}

/// Version 1 of the contract, to the letter: half of it is nothing. What is wrong is said without what is there.
pub fn read(printed: &[u8]) -> Result<Credentials, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(printed).map_err(|_| "what it printed is no JSON object".to_owned())?;
    match object.get("Version") {
        None => return Err("what it printed has no Version".into()),
        Some(version) if version.as_u64() != Some(1) => {
            return Err("what it printed has a Version that is not 1".into());
        }
        Some(_) => {}
    }
    let text = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().any(char::is_control) => {
            Err(format!("the {name} that it printed has a control character in it"))
        }
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("the {name} that it printed is no text")),
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| format!("what it printed has no {name}"));
    let expiry = match text("Expiration")? {
        Some(time) => Some(Expiry(clock::parse(time).ok_or("the Expiration that it printed is no time")?)),
        None => None,
    };
    let account = text("AccountId")?;
    if account.is_some_and(|account| limits::account(account).is_err()) {
        return Err("the AccountId that it printed is not twelve digits".into());
    }
    Ok(Credentials {
        access_key_id: needed("AccessKeyId")?.to_owned(),
        secret_access_key: Secret::new(needed("SecretAccessKey")?),
        session_token: text("SessionToken")?.map(Secret::new),
        expiry,
        account: account.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        let reason = read(json.as_bytes()).unwrap_err();
        assert!(!reason.contains("hunter2"), "{reason}");
        reason
    }

    #[test]
    fn the_contract_is_read_whole() {
        let all = r#"{"Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "hunter2", "SessionToken": "t",
            "Expiration": "2099-01-01T01:00:00.5+01:00", "AccountId": "111122223333", "More": [1]}"#;
        let credentials = read(all.as_bytes()).unwrap();
        assert_eq!(credentials.access_key_id, "ASIA1");
        assert_eq!(credentials.secret_access_key.expose(), "hunter2");
        assert_eq!(credentials.session_token.unwrap().expose(), "t");
        assert_eq!(clock::rfc3339(credentials.expiry.unwrap().0), "2099-01-01T00:00:00Z");
        assert_eq!(credentials.account.as_deref(), Some("111122223333"));
        let least = r#"{"Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":"s","SessionToken":"","Expiration":null}"#;
        let credentials = read(least.as_bytes()).unwrap();
        assert!(credentials.session_token.is_none() && credentials.expiry.is_none());
    }

    #[test]
    fn half_of_it_is_nothing_and_nothing_of_it_is_said() {
        let with = |members: &str| format!("{{\"SecretAccessKey\":\"hunter2\",{members}}}");
        for (printed, expected) in [
            (String::new(), "what it printed is no JSON object"),
            ("hunter2".into(), "what it printed is no JSON object"),
            ("[\"hunter2\"]".into(), "what it printed is no JSON object"),
            (with("\"Version\":1") + "hunter2", "what it printed is no JSON object"),
            (with("\"AccessKeyId\":\"A\""), "what it printed has no Version"),
            (with("\"Version\":\"1\""), "what it printed has a Version that is not 1"),
            (with("\"Version\":\"hunter2\""), "what it printed has a Version that is not 1"),
            (with("\"Version\":2"), "what it printed has a Version that is not 1"),
            (with("\"Version\":1"), "what it printed has no AccessKeyId"),
            (with("\"Version\":1,\"AccessKeyId\":\"\""), "what it printed has no AccessKeyId"),
            (with("\"Version\":1,\"AccessKeyId\":7"), "the AccessKeyId that it printed is no text"),
            (
                with("\"Version\":1,\"AccessKeyId\":\"A\\nB\""),
                "the AccessKeyId that it printed has a control character in it",
            ),
            ("{\"Version\":1,\"AccessKeyId\":\"hunter2\"}".into(), "what it printed has no SecretAccessKey"),
            (
                with("\"Version\":1,\"AccessKeyId\":\"A\",\"Expiration\":\"hunter2\""),
                "the Expiration that it printed is no time",
            ),
            (
                with("\"Version\":1,\"AccessKeyId\":\"A\",\"Expiration\":4102444800"),
                "the Expiration that it printed is no text",
            ),
            (
                with("\"Version\":1,\"AccessKeyId\":\"A\",\"AccountId\":\"hunter2\""),
                "the AccountId that it printed is not twelve digits",
            ),
            (
                with("\"Version\":1,\"AccessKeyId\":\"A\",\"SessionToken\":{}"),
                "the SessionToken that it printed is no text",
            ),
        ] {
            assert_eq!(refused(&printed), expected, "{printed}");
        }
    }
}
