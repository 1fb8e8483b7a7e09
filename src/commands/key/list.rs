//! `awsenv key list`: what rests in the keychain, how old it is, and who uses it. No keychain is opened for it.

use serde::Serialize;

use crate::clock::{self, Timestamp};
use crate::key_index::{KeyEntry, KeyIndex, Rests};
use crate::keychain;
use crate::message::{printable, render};
use crate::profile::chain::{Source, as_written};
use crate::profile::config::ConfigFiles;
use crate::world::{self, World};

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    access_key_id: &'a str,
    account: Option<&'a str>,
    mfa_serial: Option<&'a str>,
    /// `os` or `file`.
    keychain: Rests,
    added: &'a str,
    /// The old key of a rotation that was cut off.
    replaces: Option<&'a str>,
    last_used: Option<String>,
    /// The profiles that begin with these keys.
    profiles: Vec<String>,
}

/// Lists the keys.
pub fn run(json: bool, world: &World) -> anyhow::Result<()> {
    let index = KeyIndex::load(&world.places)?;
    let users = users(&index, world).unwrap_or_else(|error| {
        world::say(render(&error).0.trim_end());
        Vec::new()
    });
    let lines: Vec<_> = index
        .iter()
        .map(|(name, entry)| Line {
            name,
            access_key_id: &entry.access_key_id,
            account: entry.account.as_deref(),
            mfa_serial: entry.mfa_serial.as_deref(),
            keychain: entry.rests,
            added: &entry.added,
            replaces: entry.replaces.as_deref(),
            last_used: keychain::last_used(&world.places, &entry.access_key_id).map(clock::rfc3339),
            profiles: users
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, profile)| profile.clone())
                .collect(),
        })
        .collect();
    if json {
        return world::out(format!("{}\n", serde_json::to_string_pretty(&lines)?).as_bytes());
    }
    let now = clock::now();
    let text: String =
        index.iter().zip(&lines).map(|((_, entry), line)| draw(entry, line, now, world)).collect();
    world::out(text.as_bytes())
}

fn draw(entry: &KeyEntry, line: &Line<'_>, now: Timestamp, world: &World) -> String {
    let since = |then: Timestamp| clock::human(now.duration_since(then).try_into().unwrap_or_default());
    let ago = |text: &str| clock::parse(text).map_or_else(|| text.to_owned(), since);
    let rows = [
        ("id", entry.access_key_id.clone()),
        ("account", line.account.unwrap_or("not asked").to_owned()),
        ("mfa", line.mfa_serial.unwrap_or("none").to_owned()),
        ("added", format!("{} ago", ago(line.added))),
        ("used", line.last_used.as_deref().map_or("never".to_owned(), |used| format!("{} ago", ago(used)))),
        ("in", keychain::shown(entry.rests, &world.places)),
        ("by", if line.profiles.is_empty() { "no profile".to_owned() } else { line.profiles.join(", ") }),
    ];
    let unfinished = line.replaces.map(|old| {
        ("old", format!("{old} may be at AWS still; `awsenv key rotate {}` finishes that", line.name))
    });
    let rows: String = rows
        .iter()
        .chain(&unfinished)
        .map(|(name, value)| format!("  {name:<8} {}\n", printable(value)))
        .collect();
    format!("{}\n{rows}", printable(line.name))
}

/// Which keys each profile begins with: those of the profiles that can be followed.
fn users(index: &KeyIndex, world: &World) -> anyhow::Result<Vec<(String, String)>> {
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    let user = |profile: &&str| match as_written(&config, index, profile, &world.original).ok()?.source {
        Source::Keychain { name, .. } => Some((name, (*profile).to_owned())),
        _ => None,
    };
    Ok(config.profiles().iter().filter_map(user).collect())
}
