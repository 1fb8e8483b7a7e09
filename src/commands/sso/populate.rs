//! `awsenv sso populate`: a profile in `~/.aws/config` for each role that a sign-in gives and that has none. Only the
//! block that awsenv owns there changes, and nothing is written before the text has been read back as it was meant.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::name::Template;
use super::{Filter, Listed, at, listed, profiles, role_of};
use crate::commands::subject::Asking;
use crate::files;
use crate::key_index::KeyIndex;
use crate::limits;
use crate::message::{Exit, Failure, printable, shown};
use crate::places::tilde;
use crate::process::this_program;
use crate::profile::chain::{Portal, as_written};
use crate::profile::config::{ConfigFiles, File, SharedConfig};
use crate::profile::delivered::{SETTING, quoted};
use crate::profile::owned::{Block, DiffLine, Edit, NewProfile, Owned, Unclear};
use crate::secret::Secret;
use crate::settings::Colours;
use crate::world::{self, World};

/// What is asked for.
#[derive(Debug)]
pub struct Populate<'a> {
    /// Which roles.
    pub filter: Filter<'a>,
    /// How the profiles are called.
    pub name: &'a str,
    /// Their region.
    pub region: Option<&'a str>,
    /// Those of the block go whose role is no longer given.
    pub prune: bool,
    /// They name awsenv as their credential_process too.
    pub by_process: bool,
    /// Nothing is written.
    pub dry_run: bool,
}

/// A role in an account.
type Role = (String, String);

/// The file as it was read, and what its profiles are.
struct Before<'a> {
    files: ConfigFiles,
    text: Secret,
    credentials: Secret,
    config: SharedConfig,
    keys: KeyIndex,
    /// The portal's roles that have profiles.
    profiles: BTreeMap<Role, Vec<String>>,
    portal: &'a Portal,
    session: &'a str,
    world: &'a World,
}

/// Writes the profiles.
pub fn run(
    asking: &Asking<'_>,
    session: Option<&str>,
    populate: &Populate<'_>,
    world: &World,
) -> anyhow::Result<()> {
    let template = Template::parse(populate.name)?;
    let at = at(asking, session, world)?;
    let before = Before::read(&at.portal, world)?;
    let mut owned = before.owned()?;
    let listed = listed(&at, &populate.filter, world)?;
    let mut new = before.new_profiles(&listed, &template, populate.region)?;
    if populate.by_process {
        let program = own_program(world)?;
        new.iter_mut()
            .for_each(|NewProfile { name, settings }| settings.push((SETTING, process(&program, name))));
    }
    let moved = before.without_a_program(&owned);
    if !moved.is_empty() {
        let program = own_program(world)?;
        moved.iter().for_each(|name| owned.rewrite(name, SETTING, &process(&program, name)));
    }
    let gone = match populate.prune {
        true => before.without_a_role(&owned, &listed, &populate.filter),
        false => Vec::new(),
    };
    let given = listed.roles.len();
    if given == 0 && gone.is_empty() && !populate.filter.is_open() {
        return Err(Failure::new(format!("{} gives no role that is asked for", at.portal.label()))
            .hint("`awsenv sso roles` lists what there is")
            .into());
    }
    let edit = owned.edit(&gone, &new);
    let path = tilde(&before.files.config, &world.places.home);
    if edit.is_empty() {
        let have =
            format!("{} of {} {}", roles(given), at.portal.label(), if given == 1 { "has" } else { "have" });
        world::say(&printable(&format!("awsenv: {path} stays as it is: {have} a profile")));
        return Ok(());
    }
    before.check(&edit, &new, &gone)?;
    if populate.dry_run {
        return world::out(diff(&edit, &path, is_coloured(world)).as_bytes());
    }
    let text = edit.text();
    files::edit(&before.files.config, before.text.expose().as_bytes(), text.expose().as_bytes()).map_err(
        |error| {
            Failure::new(format!("cannot write {path}: {error}")).hint("nothing was written; run it again")
        },
    )?;
    world::say(&printable(&told(new.len(), gone.len(), moved.len(), given - new.len(), &path)));
    Ok(())
}

impl<'a> Before<'a> {
    fn read(portal: &'a Portal, world: &'a World) -> anyhow::Result<Self> {
        let session = portal.session.as_deref().ok_or_else(|| {
            Failure::new(format!("{} has no [sso-session] that its profiles could share", portal.label()))
                .hint(format!(
                    "write one: [sso-session NAME], sso_start_url = {}, sso_region = {}",
                    portal.start_url, portal.region
                ))
        })?;
        let files = ConfigFiles::locate(&world.original, &world.places.home);
        let (text, credentials) = (files.text(File::Config)?, files.text(File::Credentials)?);
        let config = SharedConfig::parse(text.clone(), credentials.clone(), &files)?;
        let keys = KeyIndex::load(&world.places)?;
        let profiles = profiles(portal, &config, &keys, &world.original);
        Ok(Self { files, text, credentials, config, keys, profiles, portal, session, world })
    }

    fn owned(&self) -> Result<Owned<'_>, Failure> {
        Owned::find(self.text.expose(), Block::Roles(self.session)).map_err(|Unclear { line, reason }| {
            Failure::new(format!("{}:{line}: {reason}", self.files.config.display()))
        })
    }

    /// For each role that has no profile, by name.
    fn new_profiles(
        &self,
        listed: &Listed,
        template: &Template,
        region: Option<&str>,
    ) -> Result<Vec<NewProfile>, Failure> {
        let mut new: BTreeMap<String, Role> = BTreeMap::new();
        for (account, role) in &listed.roles {
            let is = (account.id.clone(), role.clone());
            if self.profiles.contains_key(&is) {
                continue;
            }
            let name = template.name(account, role, self.session);
            self.check_name(&name)?;
            if let Some(other) = new.insert(name.clone(), is) {
                return Err(Failure::new(format!(
                    "two roles would be profile {name}: {} in account {}, and {role} in account {}",
                    other.1, other.0, account.id
                ))
                .hint("put more into --name: {account_name}, {account_id}, {role} tell them apart"));
            }
        }
        let profile = |(name, (account, role)): (String, Role)| {
            let mut settings = vec![
                ("sso_session", self.session.to_owned()),
                ("sso_account_id", account),
                ("sso_role_name", role),
            ];
            settings.extend(region.map(|region| ("region", region.to_owned())));
            NewProfile { name, settings }
        };
        Ok(new.into_iter().map(profile).collect())
    }

    /// Nobody else's name, and none that would be read as something else.
    fn check_name(&self, name: &str) -> Result<(), Failure> {
        limits::profile_name(name).map_err(|reason| {
            Failure::new(format!("no profile can be called {}: {reason}", shown(name))).exit(Exit::Usage)
        })?;
        let taken = |by: String| {
            Failure::new(format!("profile {name} cannot be written: {by}")).hint(
                "--name calls the profiles otherwise, as in '{session}-{account_name}-{role}'; --account and --role leave some out",
            )
        };
        if name == "default" {
            return Err(taken("it would be everybody's".to_owned()));
        }
        if self.keys.find(name).is_some() {
            return Err(taken("keys in the keychain have that name, and come first".to_owned()));
        }
        if !self.config.profiles().contains(&name) {
            return Ok(());
        }
        let place = self.config.header("profile", name).map(|place| format!(" at {place}"));
        Err(taken(format!("there is another one{}", place.unwrap_or_default())))
    }

    /// The profiles of the block whose role is no longer given, as far as the filter reaches.
    fn without_a_role<'o>(&self, owned: &Owned<'o>, listed: &Listed, filter: &Filter<'_>) -> Vec<&'o str> {
        let given: BTreeSet<(&str, &str)> =
            listed.roles.iter().map(|(account, role)| (account.id.as_str(), role.as_str())).collect();
        let is_meant = |account: &str| match listed.accounts.iter().find(|known| known.id == account) {
            Some(known) => filter.takes_account(known),
            None => filter.takes_id(account),
        };
        let is_gone = |name: &str| {
            let role = self.profiles.iter().find(|(_, names)| names.iter().any(|known| known == name));
            role.is_some_and(|((account, role), _)| {
                is_meant(account) && filter.takes_role(role) && !given.contains(&(account, role))
            })
        };
        owned.profiles().into_iter().filter(|name| is_gone(name)).collect()
    }

    /// The profiles of the block that run an awsenv which is not there any more.
    fn without_a_program<'o>(&self, owned: &Owned<'o>) -> Vec<&'o str> {
        let is_gone = |name: &str| {
            let profile = self.config.profile(name).ok();
            let command = profile.and_then(|profile| shell_words::split(profile.get(SETTING)?).ok());
            let Some([program, call, ..]) = command.as_deref() else { return false };
            let program = Path::new(program);
            call == "credentials"
                && program.file_name().is_some_and(|name| name == "awsenv")
                && program.is_absolute()
                && !program.exists()
        };
        owned.profiles().into_iter().filter(|name| is_gone(name)).collect()
    }

    /// Reads the new text as it will be read: every new profile is the role that it is meant to be, and what goes is
    /// gone.
    fn check(&self, edit: &Edit<'_>, new: &[NewProfile], gone: &[&str]) -> anyhow::Result<()> {
        let after = SharedConfig::parse(edit.text(), self.credentials.clone(), &self.files)?;
        let names: BTreeSet<_> = after.profiles().into_iter().collect();
        if let Some(name) = gone.iter().find(|name| names.contains(*name)) {
            return Err(Failure::new(format!("profile {name} stands outside of its block too"))
                .hint("nothing was written; remove it in one of the places by hand")
                .into());
        }
        for profile in new {
            let chain = as_written(&after, &self.keys, &profile.name, &self.world.original)?;
            let is_meant = role_of(&chain).is_some_and(|sso| {
                let says =
                    |key: &str, value: &str| profile.settings.iter().any(|(k, v)| *k == key && v == value);
                sso.portal == *self.portal
                    && says("sso_account_id", &sso.account)
                    && says("sso_role_name", &sso.role)
            });
            if !is_meant {
                return Err(Failure::new(format!("profile {} would be another role", profile.name))
                    .hint("nothing was written")
                    .into());
            }
        }
        Ok(())
    }
}

/// For clients that know no sign-in. All others, and awsenv itself, go by the sign-in that stands beside it.
fn process(program: &str, profile: &str) -> String {
    format!("{program} credentials --profile={profile} --format process")
}

/// Where awsenv is found, links unresolved: an upgrade may move what they point at.
fn own_program(world: &World) -> anyhow::Result<String> {
    let program = this_program().context("cannot find awsenv itself")?;
    let path = world.original.get("PATH").unwrap_or_default();
    let found = std::env::split_paths(path).map(|dir| dir.join("awsenv")).find(|path| path.exists());
    let is_it =
        |found: &PathBuf| found.is_absolute() && found.canonicalize().ok() == program.canonicalize().ok();
    Ok(quoted(&found.filter(is_it).unwrap_or(program)).map_err(Failure::new)?)
}

fn diff(edit: &Edit<'_>, path: &str, is_coloured: bool) -> String {
    let paint = |colour: &str, text: &str| match is_coloured {
        true => format!("\x1b[{colour}m{}\x1b[0m\n", printable(text)),
        false => format!("{}\n", printable(text)),
    };
    let head = [paint("1", &format!("--- {path}")), paint("1", &format!("+++ {path}"))];
    let lines = edit.diff().into_iter().map(|line| match line {
        DiffLine::Place(text) => paint("36", &text),
        DiffLine::Gone(text) => paint("31", &format!("-{text}")),
        DiffLine::New(text) => paint("32", &format!("+{text}")),
    });
    head.into_iter().chain(lines).collect()
}

fn is_coloured(world: &World) -> bool {
    let text = |name| world.original.text(name);
    match world.settings.colours {
        Colours::Always => true,
        Colours::Never => false,
        Colours::Auto => {
            text("NO_COLOR").is_none()
                && text("TERM").is_none_or(|term| term != "dumb")
                && stdout().is_terminal()
        }
    }
}

fn told(new: usize, gone: usize, moved: usize, kept: usize, path: &str) -> String {
    let profiles = |count: usize| format!("{count} profile{}", if count == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if new > 0 {
        parts.push(format!("wrote {} to {path}", profiles(new)));
    }
    if gone > 0 {
        parts.push(format!("took {} out of {path}", profiles(gone)));
    }
    if moved > 0 {
        parts.push(format!("told {} of {path} where awsenv is now", profiles(moved)));
    }
    if kept > 0 {
        parts.push(format!("{} had one", roles(kept)));
    }
    format!("awsenv: {}", parts.join("; "))
}

fn roles(count: usize) -> String {
    format!("{count} role{}", if count == 1 { "" } else { "s" })
}
