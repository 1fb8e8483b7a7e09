//! TOML → [`EnvFile`]: every rule that a file can break by itself is checked here, with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use super::{Deliver, EnvFile, Pin, PinSource, refused_name};
use crate::limits::{self, Reason};
use crate::profile::chain::{Held, PKCS11, Pkcs11Uri, Portal, Role, RolesAnywhere, Sso};
use crate::toml_walk::{Document, Item, Table};

/// The keys of a file, by the order of the documentation.
pub(super) const TOP: [&str; 12] = [
    "profile",
    "region",
    "account",
    "duration",
    "deliver",
    "inherit",
    "env",
    "stage",
    "sso",
    "keys",
    "roles_anywhere",
    "role",
];
pub(super) const STAGE: [&str; 11] = [
    "profile",
    "region",
    "account",
    "duration",
    "deliver",
    "protected",
    "env",
    "sso",
    "keys",
    "roles_anywhere",
    "role",
];
pub(super) const SOURCES: [&str; 4] = ["profile", "sso", "keys", "roles_anywhere"];
const SSO: [&str; 4] = ["start_url", "region", "account", "role"];
const KEYS: [&str; 3] = ["name", "mfa_serial", "session"];
const ROLES_ANYWHERE: [&str; 7] = [
    "trust_anchor_arn",
    "profile_arn",
    "role_arn",
    "certificate",
    "private_key",
    "intermediates",
    "session_name",
];
const ROLE: [&str; 9] = [
    "arn",
    "external_id",
    "session_name",
    "duration",
    "policy_arns",
    "policy",
    "tags",
    "transitive_tags",
    "source_identity",
];
const DELIVER: [(&str, Deliver); 3] =
    [("env", Deliver::Env), ("profile", Deliver::Profile), ("endpoint", Deliver::Endpoint)];

impl EnvFile {
    /// Reads a file's text. The path is for messages and for the paths in the file; `home` is what `~/` means.
    pub fn parse(text: &str, path: &Path, home: &Path) -> Result<EnvFile> {
        let document = Document::parse(text, path)?;
        let top = document.top(&TOP)?;
        let places = Places { directory: path.parent().unwrap_or(Path::new("")), home };
        let inherit = top.flag("inherit")?.unwrap_or(false);
        let base = pin(&top, places)?;
        let range = duration_range(base.source.as_ref(), &base.roles, inherit);
        top.duration("duration", |asked| limits::duration(asked, range))?;
        let mut stages = BTreeMap::new();
        if let Some(item) = top.item("stage") {
            for item in item.names()?.items() {
                item.ok(stage_name(item.key))?;
                let table = item.table(&STAGE)?;
                let stage = pin(&table, places)?;
                let source = stage.source.as_ref().or(base.source.as_ref());
                let roles = if stage.replaces_roles() { &stage.roles } else { &base.roles };
                check_stage_duration(&table, &top, duration_range(source, roles, inherit))?;
                stages.insert(item.key.to_owned(), stage);
            }
        }
        Ok(EnvFile { path: path.to_owned(), inherit, base, stages })
    }
}

type Range = (Duration, Duration);

/// What the paths in a file are relative to.
#[derive(Clone, Copy)]
struct Places<'p> {
    directory: &'p Path,
    home: &'p Path,
}

fn pin(table: &Table<'_>, places: Places<'_>) -> Result<Pin> {
    Ok(Pin {
        source: source(table, places)?,
        roles: roles(table)?,
        region: table.checked("region", limits::region)?,
        account: table.checked("account", limits::account)?,
        // Its range hangs on the last hop, which a stage may take over from the top.
        duration: table.duration("duration", whole_seconds)?,
        deliver: table.choice("deliver", &DELIVER)?,
        env: table.item("env").map(|item| env(&item)).transpose()?.unwrap_or_default(),
        protected: table.flag("protected")?.unwrap_or(false),
    })
}

fn source(table: &Table<'_>, places: Places<'_>) -> Result<Option<PinSource>> {
    let mut sources: Vec<_> = SOURCES.iter().filter_map(|key| table.item(key)).collect();
    sources.sort_by_key(Item::line);
    let item = match sources[..] {
        [] => return Ok(None),
        [item] => item,
        [first, second, ..] => {
            let what = format!("a second source, beside {} on line {}", first.name(), first.line());
            return Err(second.failure(&what).hint("keep one of them").into());
        }
    };
    Ok(Some(match item.key {
        "profile" => PinSource::Profile(item.checked(limits::profile_name)?.to_owned()),
        "sso" => PinSource::Sso(sso(&item.table(&SSO)?)?),
        "keys" => keys(&item.table(&KEYS)?)?,
        _ => PinSource::RolesAnywhere(roles_anywhere(&item.table(&ROLES_ANYWHERE)?, places)?),
    }))
}

fn sso(table: &Table<'_>) -> Result<Sso> {
    Ok(Sso {
        portal: Portal {
            session: None,
            start_url: table.required("start_url", start_url)?,
            region: table.required("region", limits::region)?,
            scopes: Vec::new(),
            refreshes: true,
        },
        account: table.required("account", limits::account)?,
        role: table.required("role", limits::role_name)?,
    })
}

fn keys(table: &Table<'_>) -> Result<PinSource> {
    Ok(PinSource::Keys {
        name: table.required("name", limits::profile_name)?,
        mfa_serial: table.checked("mfa_serial", limits::mfa_serial)?,
        session: table.flag("session")?.unwrap_or(true),
    })
}

fn roles_anywhere(table: &Table<'_>, places: Places<'_>) -> Result<RolesAnywhere> {
    let trust_anchor_arn = table.required("trust_anchor_arn", limits::trust_anchor_arn)?;
    let profile_arn =
        table.required("profile_arn", |text| limits::roles_anywhere_profile_arn(text, &trust_anchor_arn))?;
    let certificate = held(&table.needed("certificate")?, "cert", places)?;
    let own = table.item("private_key").map(|item| held(&item, "private", places)).transpose()?;
    Ok(RolesAnywhere {
        role_arn: table.required("role_arn", |text| limits::arn(text, "iam", "role/"))?,
        private_key: own.unwrap_or_else(|| certificate.clone()),
        intermediates: table.item("intermediates").map(|item| file(&item, places)).transpose()?,
        session_name: table.checked("session_name", limits::session_name)?,
        certificate,
        trust_anchor_arn,
        profile_arn,
        ..RolesAnywhere::default()
    })
}

fn roles(table: &Table<'_>) -> Result<Vec<Role>> {
    let Some(item) = table.item("role") else { return Ok(Vec::new()) };
    let roles: Vec<_> = item.tables(&ROLE)?.map(|table| role(&table?)).collect::<Result<_>>()?;
    // It would look like "no roles here", which only a new source can say.
    if roles.is_empty() { Err(item.failure("an empty list").hint("leave it out").into()) } else { Ok(roles) }
}

fn role(table: &Table<'_>) -> Result<Role> {
    let tags = table.item("tags").map(|item| tags(&item)).transpose()?.unwrap_or_default();
    Ok(Role {
        arn: table.required("arn", |text| limits::arn(text, "iam", "role/"))?,
        external_id: table.checked("external_id", limits::external_id)?,
        session_name: table.checked("session_name", limits::session_name)?,
        duration: table.duration("duration", |asked| {
            whole_seconds(asked)?;
            limits::duration(asked, limits::ROLE_DURATION)
        })?,
        source_identity: table.checked("source_identity", limits::source_identity)?,
        transitive_tags: transitive_tags(table, &tags)?,
        tags,
        policy: table.item("policy").map(|item| policy(&item)).transpose()?,
        policy_arns: policy_arns(table)?,
        decided_by: Some(table.needed("arn")?.place()),
        ..Role::default()
    })
}

fn policy_arns(table: &Table<'_>) -> Result<Vec<String>> {
    let Some(item) = table.item("policy_arns") else { return Ok(Vec::new()) };
    let arns = item.texts(|text| limits::arn(text, "iam", "policy/"))?;
    if arns.len() > 10 { Err(item.failure("AWS takes at most 10 policies").into()) } else { Ok(arns) }
}

/// Line breaks are welcome between JSON's tokens and go: a policy counts by its size, and JSON has none inside
/// a string.
fn policy(item: &Item<'_>) -> Result<String> {
    let text = item.lines()?;
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text);
    if json.is_err() || !text.trim_start().starts_with('{') {
        return Err(item.failure("a policy is a JSON object").into());
    }
    Ok(text.replace(['\n', '\r', '\t'], ""))
}

fn tags(item: &Item<'_>) -> Result<BTreeMap<String, String>> {
    let table = item.names()?;
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for item in table.items() {
        let value = item.text()?;
        item.ok(limits::tag(item.key, value))?;
        if let Some(twin) = tags.keys().find(|key| key.to_lowercase() == item.key.to_lowercase()) {
            return Err(item.failure(&format!("AWS takes it for the same tag as {twin}")).into());
        }
        tags.insert(item.key.to_owned(), value.to_owned());
    }
    if tags.len() > 50 { Err(item.failure("AWS takes at most 50 tags").into()) } else { Ok(tags) }
}

fn transitive_tags(table: &Table<'_>, tags: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let Some(item) = table.item("transitive_tags") else { return Ok(Vec::new()) };
    item.texts(|name| match tags.contains_key(name) {
        true => Ok(()),
        false => Err(format!("{} is none of this role's tags", crate::message::shown(name))),
    })
}

fn env(item: &Item<'_>) -> Result<BTreeMap<String, String>> {
    /// The state that remembers them must fit into every program's environment.
    const MOST: usize = 64;
    let table = item.names()?;
    if table.items().count() > MOST {
        return Err(item.failure(&format!("at most {MOST} variables")).into());
    }
    let variable = |item: Item<'_>| {
        if let Some(why) = refused_name(item.key) {
            return Err(item.failure(&format!("refused: {why}")).into());
        }
        Ok((item.key.to_owned(), item.text()?.to_owned()))
    };
    table.items().map(variable).collect()
}

/// A stage's own duration, or the one it takes over from the top, must suit the stage's last hop.
fn check_stage_duration(stage: &Table<'_>, top: &Table<'_>, range: Range) -> Result<()> {
    if stage.duration("duration", |asked| limits::duration(asked, range))?.is_none() {
        let why = |why| format!("{why} in {}", stage.name());
        top.duration("duration", |asked| limits::duration(asked, range).map_err(why))?;
    }
    Ok(())
}

/// Only GetSessionToken takes more than twelve hours, so only where `[keys]` are, or may be inherited, and no
/// role comes after them.
fn duration_range(source: Option<&PinSource>, roles: &[Role], inherit: bool) -> Range {
    let session_token = match source {
        Some(PinSource::Keys { .. }) => true,
        None => inherit,
        Some(_) => false,
    };
    if session_token && roles.is_empty() { limits::SESSION_DURATION } else { limits::ROLE_DURATION }
}

fn whole_seconds(asked: Duration) -> Result<(), Reason> {
    if asked.subsec_nanos() == 0 { Ok(()) } else { Err("AWS counts in whole seconds".into()) }
}

/// `use -` means back.
fn stage_name(name: &str) -> Result<(), Reason> {
    if name == "-" {
        Err("`awsenv use -` means back, so no stage has this name".into())
    } else {
        limits::profile_name(name)
    }
}

/// A browser opens it and a sign-in trusts it: https, a host that is only a host, nothing to be quoted.
fn start_url(text: &str) -> Result<(), Reason> {
    let label = |label: &str| limits::region(label).is_ok();
    let address = text.strip_prefix("https://").unwrap_or_default();
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'`<>\\^{|}".contains(&b));
    if plain && host.len() <= 253 && host.split('.').all(label) {
        Ok(())
    } else {
        Err("expected an address like https://acme.awsapps.com/start".into())
    }
}

/// A file, or an object of this type on a PKCS#11 token.
fn held(item: &Item<'_>, object: &str, places: Places<'_>) -> Result<Held> {
    if !item.text()?.starts_with(PKCS11) {
        return Ok(Held::File(file(item, places)?));
    }
    let uri = item.ok(Pkcs11Uri::parse(item.text()?, object))?;
    match uri.pin {
        None => Ok(Held::Token(uri.into())),
        Some(_) => Err(item
            .failure("a PIN has no place in a file that others read")
            .hint("take pin-value out: `awsenv login` asks for the PIN; or say pin-source=file:/PATH")
            .into()),
    }
}

fn file(item: &Item<'_>, places: Places<'_>) -> Result<PathBuf> {
    Ok(places.directory.join(item.path(places.home)?))
}
