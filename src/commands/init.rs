//! `awsenv init`: a first `.awsenv` in this directory, allowed at once, since its author is here.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::allow::approve;
use crate::message::{Failure, nearest, printable};
use crate::places::tilde;
use crate::profile::config::ConfigFiles;
use crate::prompt::directory::NAME;
use crate::prompt::env_file::EnvFile;
use crate::world::{self, World};

/// What to write.
#[derive(Debug, Default)]
pub struct Init<'a> {
    /// The profile to pin.
    pub profile: Option<&'a str>,
    /// Its account, to refuse any other.
    pub account: Option<&'a str>,
    /// A region that wins over the profile's.
    pub region: Option<&'a str>,
}

/// Writes and allows the file.
pub fn run(init: &Init<'_>, world: &World) -> anyhow::Result<()> {
    let path = Path::new(&world.pwd()).join(NAME);
    let text = text(init);
    EnvFile::parse(&text, &path, &world.places.home)?;
    if let Some(profile) = init.profile {
        warn_of_a_slip(profile, world);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
        let failure = Failure::new(format!("cannot write {}: {error}", tilde(&path, &world.places.home)));
        if path.exists() { failure.hint("`awsenv edit` opens it") } else { failure }
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    approve(&path, world)?;
    world::say(&format!("awsenv: wrote and allowed {}", printable(&tilde(&path, &world.places.home))));
    Ok(())
}

/// A profile that the config does not hold may come later, with `sso populate` or a colleague's hand.
fn warn_of_a_slip(profile: &str, world: &World) {
    let Ok(config) = ConfigFiles::locate(&world.original, &world.places.home).read() else { return };
    let profiles = config.profiles();
    if profiles.contains(&profile) {
        return;
    }
    let near = nearest(profile, profiles).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    world::say(&printable(&format!("awsenv: your AWS config has no profile {profile}{near}")));
}

fn text(init: &Init<'_>) -> String {
    let mut text =
        String::from("# Which AWS credentials belong to this directory (awsenv). No secrets: commit it.\n");
    let mut line = |key: &str, value: Option<&str>, sample: &str, why: &str| {
        let (mark, value) = value.map_or(("# ", sample), |value| ("", value));
        let value = toml_string(value);
        text.push_str(&format!("{:<32}# {why}\n", format!("{mark}{key} = {value}")));
    };
    line("profile", init.profile, "my-profile", "a profile of ~/.aws/config");
    line("account", init.account, "111122223333", "refuse credentials of any other account");
    line("region", init.region, "eu-west-1", "wins over the profile's");
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
