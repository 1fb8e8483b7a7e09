//! `awsenv key add`: keys into the keychain, from the terminal or as JSON, after AWS has said whose they are.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::aws::{Aws, fallback_region};
use crate::clock;
use crate::commands::allow::tell_shells;
use crate::commands::subject::person_keychain;
use crate::files;
use crate::key_index::{KeyEntry, KeyIndex};
use crate::keychain::{self, Keys};
use crate::limits;
use crate::message::{Exit, Failure, printable};
use crate::places::tilde;
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::profile::endpoints::Endpoints;
use crate::prompt::resolve::users_region;
use crate::provider::identity::{Identity, identity};
use crate::secret::Secret;
use crate::session::failure::FailureRecord;
use crate::terminal;
use crate::world::{self, World};

/// More than any JSON with one pair of keys.
const LIMIT: u64 = 16 * 1024;

/// What the command line says.
#[derive(Debug)]
pub struct Add<'a> {
    /// The name, usually a profile's.
    pub name: &'a str,
    /// JSON on stdin, and no question asked.
    pub stdin: bool,
    /// Without asking AWS.
    pub no_verify: bool,
    /// In the place of keys that have the name.
    pub replace: bool,
    /// The MFA device that goes with them.
    pub mfa_serial: Option<&'a str>,
}

/// What a person or a program gave.
struct Given {
    keys: Keys,
    mfa_serial: Option<String>,
}

/// Adds them.
pub fn run(add: &Add<'_>, world: &World) -> anyhow::Result<()> {
    let name = add.name;
    let usage = |reason| Failure::new(format!("{}: {reason}", printable(name))).exit(Exit::Usage);
    limits::profile_name(name).map_err(usage)?;
    if let Some(serial) = add.mfa_serial {
        limits::mfa_serial(serial)
            .map_err(|reason| Failure::new(format!("--mfa-serial: {reason}")).exit(Exit::Usage))?;
    }
    if add.stdin && io::stdin().is_terminal() {
        return Err(Failure::new("stdin is a terminal, which would show the secret")
            .hint(format!(
                "pipe the JSON into it; or `awsenv key add {name}`, which asks and does not show it"
            ))
            .exit(Exit::Usage)
            .into());
    }
    let index = KeyIndex::load(&world.places)?;
    let old = index.find(name);
    if let Some(old) = old.filter(|_| !add.replace) {
        return Err(Failure::new(format!("{name} has keys already: {}", old.access_key_id))
            .hint(format!("`awsenv key add {name} --replace` puts others in their place"))
            .into());
    }
    // Before anything is typed.
    let keychain = person_keychain(world);
    let destination = keychain.destination()?;
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let config = files.read()?;
    let given = if add.stdin { from_stdin()? } else { from_the_terminal(name)? };
    let identity = match add.no_verify {
        true => None,
        false => Some(verify(name, &given.keys, &config, world)?),
    };
    let mfa_serial = match add.mfa_serial.map(str::to_owned).or(given.mfa_serial) {
        None if !add.stdin => mfa_device()?,
        serial => serial,
    };
    let entry = KeyEntry {
        access_key_id: given.keys.access_key_id.clone(),
        rests: destination.rests,
        account: identity.as_ref().map(|identity| identity.account.clone()),
        mfa_serial,
        added: clock::rfc3339(clock::now()),
        replaces: None,
    };
    super::keep(name, &given.keys, entry, old, world)?;
    FailureRecord::forget_waiting(&world.places);
    tell_shells(world);
    let whose = identity.map(|identity| format!(" of {}", identity.arn)).unwrap_or_default();
    let why = destination.instead.map(|why| format!(" ({why})")).unwrap_or_default();
    let place = keychain::shown(destination.rests, &world.places);
    world::say(&printable(&format!(
        "awsenv: {}{whose} is kept as {name} in {place}{why}",
        given.keys.access_key_id
    )));
    super::point_out_the_old_place(name, &config);
    if !add.stdin && !config.profiles().contains(&name) {
        offer_a_profile(name, &files, world)?;
    }
    Ok(())
}

fn from_the_terminal(name: &str) -> anyhow::Result<Given> {
    let hint =
        format!("`awsenv key add {name} --stdin` reads JSON, as `aws iam create-access-key` prints it");
    let no_terminal = |error: io::Error| terminal::unanswered("cannot ask for the keys", &error, &hint);
    let id = terminal::ask(&format!("Access key id of {name}: ")).map_err(no_terminal)?;
    let secret = terminal::ask_hidden("Secret access key (not shown): ").map_err(no_terminal)?;
    let secret = Secret::new(secret.expose().trim());
    let keys = Keys::new(&id, secret).map_err(Failure::new)?;
    Ok(Given { keys, mfa_serial: None })
}

fn mfa_device() -> anyhow::Result<Option<String>> {
    let unanswered = |error| {
        terminal::unanswered(
            "cannot ask for the MFA device",
            &error,
            "nothing was kept; an empty answer is no device",
        )
    };
    let question = "MFA device of these keys (its ARN or serial; empty for none): ";
    ask_until_right(question, limits::mfa_serial).map_err(|error| unanswered(error).into())
}

/// An empty answer is none.
fn ask_until_right(question: &str, check: impl Fn(&str) -> Result<(), String>) -> io::Result<Option<String>> {
    loop {
        let answer = terminal::ask(question)?;
        if answer.is_empty() {
            return Ok(None);
        }
        match check(&answer) {
            Ok(()) => return Ok(Some(answer)),
            Err(reason) => world::say(&printable(&format!("awsenv: {answer}: {reason}"))),
        }
    }
}

/// As `aws iam create-access-key` prints it, or `credentials --format process`; other fields are not ours.
#[derive(Deserialize)]
struct Json<'a> {
    #[serde(rename = "AccessKey", borrow)]
    created: Option<Pair<'a>>,
    #[serde(rename = "AccessKeyId", alias = "access_key_id", borrow)]
    id: Option<Text<'a>>,
    #[serde(rename = "SecretAccessKey", alias = "secret_access_key", borrow)]
    secret: Option<Text<'a>>,
    #[serde(rename = "SessionToken", alias = "session_token", borrow)]
    token: Option<Text<'a>>,
    mfa_serial: Option<String>,
}

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(rename = "AccessKeyId", borrow)]
    id: Text<'a>,
    #[serde(rename = "SecretAccessKey", borrow)]
    secret: Text<'a>,
}

/// Borrowed from the input, so that no copy of a secret is left in memory.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn from_stdin() -> anyhow::Result<Given> {
    // Past the library's buffer, into one that does not grow: neither leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 64));
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    stdin.and_then(|stdin| stdin.take(LIMIT).read_to_end(&mut bytes)).context("cannot read stdin")?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> anyhow::Result<Given> {
    let expected = r#"{"AccessKeyId": "AKIA…", "SecretAccessKey": "…"}"#;
    let wrong = |what: &str| {
        Failure::new(format!("stdin: {what}"))
            .hint(format!("expected {expected}, or what `aws iam create-access-key` prints"))
    };
    // serde's own words may quote what it read.
    let json: Json<'_> = serde_json::from_slice(bytes)
        .map_err(|error| wrong(&format!("line {}, column {}: no such JSON", error.line(), error.column())))?;
    if json.token.is_some_and(|Text(token)| !token.is_empty()) {
        return Err(wrong("these are of a session, which ends; the keychain is for long-lived keys").into());
    }
    let (Text(id), Text(secret)) = match (json.created, json.id, json.secret) {
        (Some(pair), ..) => (pair.id, pair.secret),
        (None, Some(id), Some(secret)) => (id, secret),
        (None, None, _) => return Err(wrong("no AccessKeyId").into()),
        (None, _, None) => return Err(wrong("no SecretAccessKey").into()),
    };
    if let Some(serial) = &json.mfa_serial {
        limits::mfa_serial(serial).map_err(|reason| wrong(&format!("mfa_serial: {reason}")))?;
    }
    let keys = Keys::new(&id, Secret::new(secret)).map_err(|reason| wrong(&reason))?;
    Ok(Given { keys, mfa_serial: json.mfa_serial })
}

/// Keys that AWS does not know are not kept.
fn verify(name: &str, keys: &Keys, config: &SharedConfig, world: &World) -> anyhow::Result<Identity> {
    let profile = config.profiles().contains(&name).then(|| config.profile(name)).transpose()?;
    let settings = profile.as_ref().map(|profile| profile.exports()).transpose()?.unwrap_or_default();
    let of_profile = profile.map(|profile| profile.region()).transpose()?.flatten();
    let region = users_region(&world.original).or(of_profile);
    let region = region.as_deref().unwrap_or(fallback_region(None));
    let aws = Aws::new(Endpoints::new(&world.original, &settings), &world.places.home);
    identity(&keys.clone().into(), region, &aws).with_context(|| format!("{name} was not added"))
}

/// The keys are kept: no answer is no profile, and no error.
fn offer_a_profile(name: &str, files: &ConfigFiles, world: &World) -> anyhow::Result<()> {
    let shown = tilde(&files.config, &world.places.home);
    let agrees = terminal::agrees_unless_told(&format!("Write profile {name} to {shown}?"));
    if !agrees.unwrap_or(false) {
        return Ok(());
    }
    let Ok(region) = ask_until_right("Its region (empty for none): ", limits::region) else { return Ok(()) };
    let mut section = match name {
        "default" => "[default]\n".to_owned(),
        name => format!("[profile {name}]\n"),
    };
    if let Some(region) = region {
        section.push_str(&format!("region = {region}\n"));
    }
    append(&section, &files.config).with_context(|| format!("cannot write {shown}"))?;
    world::say(&printable(&format!("awsenv: wrote profile {name} to {shown}")));
    Ok(())
}

/// At the end, in one write: what stands there stays as it is, whoever wrote it.
fn append(section: &str, config: &Path) -> io::Result<()> {
    if let Some(dir) = config.parent() {
        files::make_dir(dir, 0o777)?;
    }
    if config.symlink_metadata().is_err() {
        files::write_new(config, b"")?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(config)?;
    let blank = if file.metadata()?.len() == 0 { "" } else { "\n" };
    file.write_all(format!("{blank}{section}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_aws_and_people_write_it() {
        for text in [
            r#"{"AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"}"#,
            r#"{"access_key_id": "AKIAME", "secret_access_key": "me\/secret"}"#,
            r#"{"AccessKey": {"UserName": "me", "AccessKeyId": "AKIAME", "Status": "Active", "SecretAccessKey": "me/secret", "CreateDate": "2026-11-22T12:00:00Z"}}"#,
            r#"{"Version": 1, "AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"}"#,
        ] {
            let keys = parse(text.as_bytes()).unwrap().keys;
            assert_eq!(
                (keys.access_key_id.as_str(), keys.secret_access_key.expose()),
                ("AKIAME", "me/secret")
            );
        }
        let with_mfa =
            r#"{"AccessKeyId": "A", "SecretAccessKey": "s", "mfa_serial": "arn:aws:iam::1:mfa/me"}"#;
        assert_eq!(parse(with_mfa.as_bytes()).unwrap().mfa_serial.as_deref(), Some("arn:aws:iam::1:mfa/me"));
    }

    #[test]
    fn what_is_wrong_with_json_is_said_without_its_secrets() {
        for (text, expected) in [
            ("", "stdin: line 1, column 0: no such JSON"),
            (
                r#"{"AccessKeyId": "AKIA1", "SecretAccessKey": hunter2}"#,
                "stdin: line 1, column 45: no such JSON",
            ),
            (r#"{"SecretAccessKey": "hunter2"}"#, "stdin: no AccessKeyId"),
            (r#"{"AccessKeyId": "AKIA1"}"#, "stdin: no SecretAccessKey"),
            (r#"{"AccessKeyId": ["hunter2"]}"#, "stdin: line 1, column 16: no such JSON"),
        ] {
            let Err(error) = parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(error.to_string(), expected);
        }
        let session = r#"{"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "hunter2"}"#;
        let Err(error) = parse(session.as_bytes()) else { panic!() };
        assert!(error.to_string().contains("of a session") && !error.to_string().contains("hunter2"));
    }
}
