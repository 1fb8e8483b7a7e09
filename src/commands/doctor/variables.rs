//! What is set outside, by hand or by a file of the shell's, and counts wherever awsenv does not.

use std::path::PathBuf;

use super::{Check, Finding, rc_files};
use crate::files;
use crate::key_index::KeyIndex;
use crate::message::shown;
use crate::places::{expand_home, tilde};
use crate::profile::chain::{self, Source};
use crate::profile::config::ConfigFiles;
use crate::prompt::memory::Memory;
use crate::prompt::variables::is_identity;
use crate::world::World;

const CHECK: Check = Check::Variables;
/// aws-vault's own; `exec` sets it where `label` says so.
pub(super) const LABEL: &str = "AWS_VAULT";

/// The profile whose credentials `awsenv exec` gave to this shell. The hook sets no `AWSENV_DISABLE`.
pub(super) fn given_by_exec(world: &World) -> Option<&str> {
    world.original.text("AWSENV_DISABLE")?;
    world.original.text("AWSENV_PROFILE")
}

pub(super) fn check(world: &World) -> Vec<Finding> {
    let mut found = Vec::new();
    let exec = given_by_exec(world);
    if let Some(name) = exec {
        let name = shown(name);
        let seen =
            format!("this is what `awsenv exec` started ({name}): its credentials are in it until it ends");
        found.push(Finding::note(CHECK, seen));
    } else if world.env.text("AWSENV_DISABLE").is_some() {
        let seen = "AWSENV_DISABLE is set: awsenv does nothing in this shell";
        found.push(Finding::warning(CHECK, seen, "unset AWSENV_DISABLE"));
    }
    if Memory::read(&world.env, files::uid()).is_some_and(|memory| memory.stands_back) {
        let seen = "credentials were set by hand in this directory, and awsenv stands back";
        found.push(Finding::warning(CHECK, seen, "leave the directory, or unset them"));
    }
    let names = world.original.iter().filter_map(|(name, _)| name.to_str()).filter(|name| is_identity(name));
    // What `exec` gives is meant to be there, and it takes all others away. An empty one is none to AWS clients.
    let names: Vec<_> = names.filter(|name| exec.is_none() && world.original.text(name).is_some()).collect();
    let takers = if names.is_empty() { Takers::default() } else { Takers::of(world) };
    for name in names {
        let Some(value) = world.original.text(name) else { continue };
        if let Some(profile) = takers.of_variable(name) {
            let profile = shown(profile);
            let seen = format!("{name} is set outside: profile {profile} takes it from there");
            found.push(Finding::note(CHECK, seen));
            continue;
        }
        // The one value that is a name and no secret.
        let value = if name.ends_with("PROFILE") { format!("={value}") } else { String::new() };
        let place = place(name, world).map(|place| format!(" ({place})")).unwrap_or_default();
        found.push(Finding::warning(
            CHECK,
            format!("{name}{value} is set outside{place}: it counts wherever no .awsenv does"),
            format!("unset {name}, and let a .awsenv say it"),
        ));
    }
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let Some(value) = world.original.text(name) else { continue };
        let path = expand_home(value, &world.places.home);
        found.push(match path.exists() {
            true => Finding::note(CHECK, format!("{name} leads to {}", path.display())),
            false => Finding::broken(
                CHECK,
                format!("{name} leads to {}, which is not there", path.display()),
                format!("unset {name}, or make that file"),
            ),
        });
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "nothing is set outside that says who you are"));
    }
    found
}

/// The first profile that takes keys from the environment, and the first that asks its container.
#[derive(Default)]
struct Takers {
    environment: Option<String>,
    container: Option<String>,
}

impl Takers {
    fn of(world: &World) -> Self {
        let files = ConfigFiles::locate(&world.original, &world.places.home);
        let Ok(config) = files.read() else { return Self::default() };
        let keys = KeyIndex::load(&world.places).unwrap_or_default();
        let mut takers = Self::default();
        for name in config.profiles() {
            let Ok(chain) = chain::as_written(&config, &keys, name, &world.original) else { continue };
            let taker = match chain.source {
                Source::Environment(_) => &mut takers.environment,
                Source::Container(_) => &mut takers.container,
                _ => continue,
            };
            taker.get_or_insert_with(|| name.to_owned());
        }
        takers
    }

    fn of_variable(&self, name: &str) -> Option<&str> {
        match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => {
                self.environment.as_deref()
            }
            _ => self.container.as_deref().filter(|_| name.starts_with("AWS_CONTAINER_")),
        }
    }
}

/// `PATH:LINE` of what sets it, in the files that shells read at their start.
fn place(name: &str, world: &World) -> Option<String> {
    let home = &world.places.home;
    let others =
        [".zshenv", ".pam_environment", ".config/environment.d/aws.conf"].map(|name| home.join(name));
    rc_files::all(&world.env, home).into_iter().chain(others).find_map(|path: PathBuf| {
        let line = rc_files::read(&path)?.lines().position(|line| sets(line, name))?;
        Some(format!("{}:{}", tilde(&path, home), line + 1))
    })
}

/// Whether a line of a shell's file sets this variable.
fn sets(line: &str, name: &str) -> bool {
    set_by(line) == Some(name)
}

/// The variable that a line of a shell's file, or of direnv's, sets.
pub(super) fn set_by(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| {
        matches!(
            *word,
            "export" | "set" | "typeset" | "declare" | "setenv" | "-gx" | "-x" | "-Ux" | "-g" | "-xg"
        )
    });
    let word = words.next()?;
    match word.split_once('=') {
        Some((name, _)) => Some(name),
        None => line.trim_start().starts_with("set").then_some(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_sets_a_variable_is_known_in_each_shell() {
        for line in [
            "export AWS_PROFILE=dev",
            "AWS_PROFILE=dev",
            "  set -gx AWS_PROFILE dev",
            "setenv AWS_PROFILE dev",
        ] {
            assert!(sets(line, "AWS_PROFILE"), "{line}");
        }
        for line in
            ["# export AWS_PROFILE=dev", "echo $AWS_PROFILE", "export AWS_PROFILE_X=1", "unset AWS_PROFILE"]
        {
            assert!(!sets(line, "AWS_PROFILE"), "{line}");
        }
    }
}
