//! `awsenv credentials`: prints them, quoted for whoever reads.

use std::ffi::OsStr;

use clap::ValueEnum as _;
use serde_json::{Map, Value, json};

use super::history::{self, Given};
use super::subject::{Asking, person, subject};
use crate::clock;
use crate::credentials::Credentials;
use crate::process;
use crate::prompt::shell::{Shell, quote_posix};
use crate::session::history::Event;
use crate::world::{self, World};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The credential_process contract of the AWS SDKs.
    Process,
    /// `export NAME='…'`, for sh, bash and zsh.
    Env,
    /// `set -gx NAME '…'`.
    Fish,
    /// `$Env:NAME = '…'`.
    Powershell,
    /// A record for `from json | load-env`.
    Nu,
    /// `NAME=value`, quoted only if it must be.
    Dotenv,
    /// A section of ~/.aws/credentials.
    Ini,
    /// Everything known, as one object.
    Json,
}

/// What is printed.
#[derive(Debug)]
pub(super) struct Printed<'a> {
    /// What people call it.
    pub(super) name: &'a str,
    /// The keys.
    pub(super) credentials: &'a Credentials,
    /// Whose they are, where that is known.
    pub(super) account: Option<&'a str>,
    /// The region that goes with them.
    pub(super) region: Option<&'a str>,
}

/// Prints the credentials.
pub fn run(asking: &Asking<'_>, format: Format, world: &World) -> anyhow::Result<()> {
    let subject = subject(asking, world)?;
    let (credentials, account) = subject.credentials(None, world, &mut person(asking, world))?;
    let printed = Printed {
        name: &subject.resolved.name,
        credentials: &credentials,
        account: account.as_deref(),
        region: subject.resolved.region.as_deref(),
    };
    print(&printed, format)?;
    let by = format.to_possible_value();
    let given = Given {
        event: Event::Credentials,
        by: by.as_ref().map_or("env", clap::builder::PossibleValue::get_name),
        pid: process::parent(),
        account: account.as_deref(),
        expiry: credentials.expiry,
    };
    history::note(&given, &subject, asking, world);
    Ok(())
}

/// Prints them for whoever reads.
pub(super) fn print(printed: &Printed<'_>, format: Format) -> anyhow::Result<()> {
    let &Printed { name, credentials, account, region } = printed;
    let variables = variables(credentials, region);
    let text = match format {
        Format::Process => json_line(&process(credentials, account)),
        Format::Json => json_line(&everything(name, credentials, account, region)),
        Format::Nu => json_line(&Value::Object(
            variables.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect(),
        )),
        Format::Env => lines(&variables, |name, value| format!("export {name}={}", quote_posix(value))),
        Format::Fish => Shell::Fish.export(variables.iter().map(|(name, value)| (*name, OsStr::new(value)))),
        Format::Powershell => {
            lines(&variables, |name, value| format!("$Env:{name} = '{}'", value.replace('\'', "''")))
        }
        Format::Dotenv => lines(&variables, |name, value| format!("{name}={}", quote_dotenv(value))),
        Format::Ini => ini(name, credentials, region),
    };
    world::out(&text)
}

fn variables(credentials: &Credentials, region: Option<&str>) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose().to_owned()),
    ];
    variables.extend(
        credentials.session_token.iter().map(|token| ("AWS_SESSION_TOKEN", token.expose().to_owned())),
    );
    variables
        .extend(credentials.expiry.map(|expiry| ("AWS_CREDENTIAL_EXPIRATION", clock::rfc3339(expiry.0))));
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        variables.extend(region.map(|region| (name, region.to_owned())));
    }
    variables
}

fn lines(variables: &[(&str, String)], line: impl Fn(&str, &str) -> String) -> Vec<u8> {
    variables.iter().map(|(name, value)| line(name, value) + "\n").collect::<String>().into_bytes()
}

/// Readers of dotenv agree on bare words (docker takes quotes for part of the value), nearly on `'…'`, and
/// hardly on `"…"`.
fn quote_dotenv(value: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./+=:@,%".contains(&byte);
    if value.bytes().all(bare) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut escaped = value.to_owned();
    for special in ['\\', '"', '$', '`'] {
        escaped = escaped.replace(special, &format!("\\{special}"));
    }
    format!("\"{escaped}\"")
}

/// Prints them in the form of a credential_process.
pub(super) fn print_for_process(credentials: &Credentials, account: Option<&str>) -> anyhow::Result<()> {
    world::out(&json_line(&process(credentials, account)))
}

fn json_line(value: &Value) -> Vec<u8> {
    format!("{value}\n").into_bytes()
}

/// Version 1 of the contract (AWS SDKs and Tools Reference Guide, "Process credential provider").
fn process(credentials: &Credentials, account: Option<&str>) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("Version", json!(1));
    put("AccessKeyId", json!(credentials.access_key_id));
    put("SecretAccessKey", json!(credentials.secret_access_key.expose()));
    if let Some(token) = &credentials.session_token {
        put("SessionToken", json!(token.expose()));
    }
    if let Some(expiry) = credentials.expiry {
        put("Expiration", json!(clock::rfc3339(expiry.0)));
    }
    if let Some(account) = account {
        put("AccountId", json!(account));
    }
    Value::Object(object)
}

fn everything(name: &str, credentials: &Credentials, account: Option<&str>, region: Option<&str>) -> Value {
    json!({
        "profile": name,
        "account": account,
        "region": region,
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key.expose(),
        "session_token": credentials.session_token.as_ref().map(|token| token.expose()),
        "expiration": credentials.expiry.map(|expiry| clock::rfc3339(expiry.0)),
    })
}

fn ini(name: &str, credentials: &Credentials, region: Option<&str>) -> Vec<u8> {
    let mut text = format!(
        "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        credentials.access_key_id,
        credentials.secret_access_key.expose()
    );
    if let Some(token) = &credentials.session_token {
        text.push_str(&format!("aws_session_token = {}\n", token.expose()));
    }
    if let Some(region) = region {
        text.push_str(&format!("region = {region}\n"));
    }
    text.into_bytes()
}
