//! `awsenv init`: a first `.awsenv` in this directory, allowed at once, since its author is here. Without a profile, what
//! other tools have left says which one; it is shown, and written only if the person agrees.

mod aws_sso;
mod aws_vault;
mod awsume;
mod direnv;
mod granted;
mod lines;
mod plain;
mod traces;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::allow::approve;
use crate::files;
use crate::message::{Exit, Failure, nearest, printable};
use crate::places::tilde;
use crate::profile::Profile;
use crate::profile::chain::{account_of, source_keys};
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::prompt::directory::NAME;
use crate::prompt::env_file::EnvFile;
use crate::terminal::{self, unanswered};
use crate::world::{self, World};
use traces::{PEERS, Traces};

/// What to write.
#[derive(Debug, Default)]
pub struct Init<'a> {
    /// The profile to pin.
    pub profile: Option<&'a str>,
    /// Its account, to refuse any other.
    pub account: Option<&'a str>,
    /// A region that wins over the profile's.
    pub region: Option<&'a str>,
    /// Take what other tools say, without a question.
    pub yes: bool,
}

/// Whose credentials.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// Nobody's yet.
    Open,
    Profile(String),
    /// What a peer's own settings say of IAM Identity Center: no other client has to know them.
    Portal {
        start_url: String,
        region: String,
        account: String,
        role: String,
    },
}

/// Writes and allows the file.
pub fn run(init: &Init<'_>, world: &World) -> anyhow::Result<()> {
    let path = Path::new(&world.pwd()).join(NAME);
    let Some(profile) = init.profile else { return from_traces(init, &path, world) };
    let text = text(&Source::Profile(profile.to_owned()), init.account, init.region);
    // Before any word of it is said.
    EnvFile::parse(&text, &path, &world.places.home)?;
    warn_of_a_slip(profile, world);
    write(&path, &text, world)
}

/// Shows what was found, and asks.
fn from_traces(init: &Init<'_>, path: &Path, world: &World) -> anyhow::Result<()> {
    let traces = Traces::find(world);
    let profiles = traces.profiles();
    if profiles.is_empty() || path.exists() {
        write(path, &text(&Source::Open, init.account, init.region), world)?;
        return say_guides(&traces);
    }
    world::say("awsenv: what other tools say of this directory:");
    for trace in &traces.named {
        world::say(&printable(&format!("  {}: {}", trace.place, trace.profile)));
    }
    let profile = match &profiles[..] {
        [profile] => *profile,
        several => one_of(several)?,
    };
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    // Where nobody looks at it, a word that is no profile must not become one.
    if let Some(slip) = slip(profile, &config).filter(|_| init.yes) {
        let hint = format!("`awsenv init {profile}` writes it all the same");
        return Err(Failure::new(format!("nothing is written: {slip}")).hint(hint).into());
    }
    let source = source(profile, &config, world);
    same_account(init, profile, &source)?;
    let known = known_account(profile, &config).filter(|_| matches!(source, Source::Profile(_)));
    let text = text(&source, init.account.or(known.as_deref()), init.region);
    EnvFile::parse(&text, path, &world.places.home)?;
    warn_of_a_slip(profile, world);
    let shown = printable(&tilde(path, &world.places.home));
    world::say(&format!("awsenv: {shown} would be:"));
    for line in text.lines() {
        world::say(&printable(&format!("  {line}")));
    }
    let agreed = init.yes
        || terminal::agrees(&format!("awsenv: write and allow {shown}?")).map_err(|error| {
            let hint = format!("`awsenv init --yes` writes this, `awsenv init {profile}` the profile alone");
            unanswered("nothing is written", &error, &hint)
        })?;
    if !agreed {
        return Err(Failure::new("nothing is written").into());
    }
    write(path, &text, world)?;
    say_guides(&traces)
}

fn one_of<'a>(profiles: &[&'a str]) -> anyhow::Result<&'a str> {
    let hint = format!("`awsenv init {}`, or another of them", profiles[0]);
    let answer = terminal::ask(&format!("awsenv: which of these? ({}) ", profiles.join(", ")))
        .map_err(|error| unanswered("nothing is written", &error, &hint))?;
    let chosen = profiles.iter().find(|profile| **profile == answer).copied();
    chosen.ok_or_else(|| Failure::new("nothing is written: none of them").hint(hint).exit(Exit::Usage).into())
}

/// A sign-in names its account itself: another one that is asked for is a slip of one of the two.
fn same_account(init: &Init<'_>, profile: &str, source: &Source) -> anyhow::Result<()> {
    let Source::Portal { account, .. } = source else { return Ok(()) };
    let Some(asked) = init.account.filter(|asked| asked != account) else { return Ok(()) };
    let failure =
        format!("nothing is written: {profile} signs in to account {account}, and --account is {asked}");
    let hint = "leave out --account, or look at the profile in your AWS config";
    Err(Failure::new(failure).hint(hint).exit(Exit::Usage).into())
}

/// The profile, or what stands in a peer's settings behind it. A source of its own comes first, as for AWS clients.
fn source(name: &str, config: &SharedConfig, world: &World) -> Source {
    let is_the_peers = |profile: &Profile<'_>| source_keys(profile).all(|key| key == "credential_process");
    let profile = config.profile(name).ok().filter(is_the_peers);
    let portal =
        profile.and_then(|profile| PEERS.iter().find_map(|peer| (peer.portal)(&profile, &world.places.home)));
    portal.unwrap_or_else(|| Source::Profile(name.to_owned()))
}

/// The account that the profile's own lines name.
fn known_account(name: &str, config: &SharedConfig) -> Option<String> {
    let profile = config.profile(name).ok()?;
    match profile.get("role_arn") {
        Some(arn) => account_of(arn),
        None => profile.get("sso_account_id").map(str::to_owned),
    }
}

fn say_guides(traces: &Traces) -> anyhow::Result<()> {
    for peer in &traces.peers {
        world::say(&format!("awsenv: coming from {}? docs/migrate/{}.md", peer.name, peer.guide));
    }
    Ok(())
}

fn write(path: &Path, text: &str, world: &World) -> anyhow::Result<()> {
    EnvFile::parse(text, path, &world.places.home)?;
    // What could not be allowed then is not written either.
    files::may_make(&world.places.data.join("allow"))
        .with_context(|| format!("cannot allow {}", path.display()))?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        let failure = Failure::new(format!("cannot write {}: {error}", tilde(path, &world.places.home)));
        if path.exists() { failure.hint("`awsenv edit` opens it") } else { failure }
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    approve(path, world)?;
    world::say(&format!("awsenv: wrote and allowed {}", printable(&tilde(path, &world.places.home))));
    Ok(())
}

/// A profile that the config does not hold may come later, with `sso populate` or a colleague's hand.
fn warn_of_a_slip(profile: &str, world: &World) {
    let Ok(config) = ConfigFiles::locate(&world.original, &world.places.home).read() else { return };
    if let Some(slip) = slip(profile, &config) {
        world::say(&printable(&format!("awsenv: {slip}")));
    }
}

/// That the config has no such profile.
fn slip(profile: &str, config: &SharedConfig) -> Option<String> {
    let profiles = config.profiles();
    if profiles.contains(&profile) {
        return None;
    }
    let near = nearest(profile, profiles).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Some(format!("your AWS config has no profile {profile}{near}"))
}

fn text(source: &Source, account: Option<&str>, region: Option<&str>) -> String {
    let mut text =
        String::from("# Which AWS credentials belong to this directory (awsenv). No secrets: commit it.\n");
    let mut line = |key: &str, value: Option<&str>, sample: &str, why: &str| {
        let (mark, value) = value.map_or(("# ", sample), |value| ("", value));
        let value = toml_string(value);
        text.push_str(&format!("{:<32}# {why}\n", format!("{mark}{key} = {value}")));
    };
    let profile = match source {
        Source::Profile(name) => Some(name.as_str()),
        Source::Open | Source::Portal { .. } => None,
    };
    if let Source::Portal { start_url, region: portal_region, account, role } = source {
        line("region", region, "eu-west-1", "where the work is done");
        text.push_str("\n[sso]\n");
        for (key, value) in
            [("start_url", start_url), ("region", portal_region), ("account", account), ("role", role)]
        {
            text.push_str(&format!("{key} = {}\n", toml_string(value)));
        }
        return text;
    }
    line("profile", profile, "my-profile", "a profile of ~/.aws/config");
    line("account", account, "111122223333", "refuse credentials of any other account");
    line("region", region, "eu-west-1", "wins over the profile's");
    text
}

/// A basic string of TOML 1.0.
fn toml_string(value: &str) -> String {
    let escaped: String = value
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04X}", c as u32),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}
