//! What is wrong in `~/.aws/config` and `~/.aws/credentials`, with file and line.

use std::collections::BTreeMap;

use super::{Check, Finding, Verdict};
use crate::key_index::KeyIndex;
use crate::places::tilde;
use crate::profile::chain::{self, Asked};
use crate::profile::config::{ConfigFiles, File, SharedConfig};
use crate::profile::lint::{self, Lint, Weight};
use crate::world::World;

const CHECK: Check = Check::Config;
/// More of one kind is a list that nobody reads.
const MOST: usize = 12;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let mut found = Vec::new();
    for file in [File::Config, File::Credentials] {
        let path = tilde(files.path(file), &world.places.home);
        let Ok(text) = files.text(file) else { continue };
        found.extend(lint::lint(file, text.expose()).into_iter().map(|lint| of_lint(&path, lint)));
    }
    let config = match files.read() {
        Ok(config) => config,
        Err(error) => {
            found.push(of_error(&error, world));
            return found;
        }
    };
    found.extend(profiles(&config, world));
    if found.is_empty() {
        let count = config.profiles().len();
        let noun = if count == 1 { "profile" } else { "profiles" };
        let path = tilde(&files.config, &world.places.home);
        found.push(Finding::ok(CHECK, format!("{count} {noun} in {path} and beside it, no mistake found")));
    }
    shortened(found)
}

fn of_lint(path: &str, Lint { line, what, fix, weight }: Lint) -> Finding {
    let seen = format!("{path}:{line}: {what}");
    match weight {
        Weight::Broken => Finding::broken(CHECK, seen, fix),
        Weight::Warning => Finding::warning(CHECK, seen, fix),
    }
}

/// Profiles that cannot be used, each reason once.
fn profiles(config: &SharedConfig, world: &World) -> Vec<Finding> {
    let keys = KeyIndex::load(&world.places).unwrap_or_default();
    let asked = Asked { duration: None, session: Some(world.settings.session_duration) };
    let mut reasons: BTreeMap<String, Finding> = BTreeMap::new();
    for name in config.profiles() {
        let Err(error) = chain::resolve(config, &keys, name, &world.original, &asked) else { continue };
        let profile = config.profile(name).ok();
        // A region alone is no mistake.
        if profile.as_ref().is_some_and(|profile| chain::source_keys(profile).next().is_none()) {
            continue;
        }
        // What it takes may be on the machine that it is meant for.
        let is_elsewhere = profile.as_ref().is_some_and(|profile| profile.get("credential_source").is_some());
        let mut finding = of_error(&error, world);
        if is_elsewhere {
            (finding.result, finding.fix) = (Verdict::Note, None);
        }
        reasons.entry(finding.seen.clone()).or_insert(finding);
    }
    reasons.into_values().collect()
}

/// With paths as all other checks show them.
fn of_error(error: &anyhow::Error, world: &World) -> Finding {
    let mut finding = Finding::of_error(CHECK, error, "mend that line");
    if let Some(home) = world.places.home.to_str().filter(|home| *home != "/") {
        finding.seen = finding.seen.replace(&format!("{home}/"), "~/");
    }
    finding
}

/// The worst first, and no more than somebody reads.
fn shortened(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|finding| std::cmp::Reverse(finding.result));
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    found.extend((more > 0).then(|| Finding::note(CHECK, format!("and {more} more"))));
    found
}
