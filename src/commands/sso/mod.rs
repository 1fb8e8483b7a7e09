//! `awsenv sso`: what a sign-in gives, and profiles for it.

use std::collections::BTreeMap;

use super::allow::tell_shells;
use super::login::named;
use super::progress::{Progress, bar};
use super::subject::{self, Asking, person_means, subject};
use crate::env::Env;
use crate::key_index::KeyIndex;
use crate::message::{Exit, Failure};
use crate::profile::chain::{self, Portal, Source, as_written};
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::provider::sso::{Account, Assignments};
use crate::session::{account_names, sso};
use crate::world::World;

pub mod accounts;
mod name;
pub mod populate;
pub mod roles;

use name::matches;

/// A portal, and the settings of the profile that led there.
struct At {
    portal: Portal,
    settings: Vec<(String, String)>,
}

/// What it lists.
struct Listed {
    /// All accounts.
    accounts: Vec<Account>,
    /// The roles that a filter takes.
    roles: Vec<(Account, String)>,
}

/// Which of the portal's roles.
#[derive(Debug)]
pub struct Filter<'a> {
    /// Ids or names of accounts, `*` and `?` for any; all if there are none.
    pub accounts: &'a [String],
    /// Names of roles, likewise.
    pub roles: &'a [String],
}

impl Filter<'_> {
    fn is_open(&self) -> bool {
        self.accounts.is_empty() && self.roles.is_empty()
    }

    fn takes_account(&self, account: &Account) -> bool {
        let is_meant = |pattern: &String| matches(pattern, &account.id) || matches(pattern, &account.name);
        self.accounts.is_empty() || self.accounts.iter().any(is_meant)
    }

    /// Of an account that has no name any more, or never had one that is known.
    fn takes_id(&self, id: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|pattern| matches(pattern, id))
    }

    fn takes_role(&self, role: &str) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|pattern| matches(pattern, role))
    }
}

/// That of the `[sso-session]` or the profile that is named, else of the directory or of AWS_PROFILE. Where nothing
/// leads to one, the config's only `[sso-session]` is meant.
fn at(asking: &Asking<'_>, session: Option<&str>, world: &World) -> anyhow::Result<At> {
    if let Some(name) = session {
        return Ok(At { portal: named(name, world)?, settings: Vec::new() });
    }
    let is_free = asking.profile.is_none() && subject::names_nobody(world);
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    let sessions = config.sso_sessions();
    if let ([only], true) = (&sessions[..], is_free) {
        return Ok(At { portal: named(only, world)?, settings: Vec::new() });
    }
    let failure = match subject(asking, world) {
        Ok(subject) => match subject.resolved.chain.source {
            Source::Sso(sso) => return Ok(At { portal: sso.portal, settings: subject.resolved.settings }),
            _ => Failure::new(format!("{} begins with no sign-in", subject.resolved.name)),
        },
        Err(error) if !is_free => return Err(error),
        Err(_) => Failure::new("nothing here leads to a portal"),
    };
    Err(match &sessions[..] {
        [] => failure.hint("`aws configure sso-session` makes an [sso-session]"),
        sessions => failure.hint(format!("name one: --sso-session {}", sessions.join(", or "))),
    }
    .exit(Exit::Usage)
    .into())
}

/// Asks the portal, and keeps the accounts' names for the prompt.
fn accounts(portal: &Portal, assignments: &Assignments<'_>, world: &World) -> anyhow::Result<Vec<Account>> {
    let accounts = assignments.accounts()?;
    let names = accounts.iter().map(|account| (&*account.id, &*account.name));
    // A prompt can do without.
    if account_names::keep(&world.places, &sso::id(portal), names).unwrap_or_default() {
        tell_shells(world);
    }
    Ok(accounts)
}

/// Asks the portal, and shows how far it is.
fn listed(at: &At, filter: &Filter<'_>, world: &World) -> anyhow::Result<Listed> {
    let assignments = Assignments::at(&at.portal, &person_means(&at.settings, world))?;
    let accounts = accounts(&at.portal, &assignments, world)?;
    let meant: Vec<_> = accounts.iter().filter(|account| filter.takes_account(account)).cloned().collect();
    let progress = Progress::of(&world.original);
    let watch = |done: usize| {
        let (bar, count) = (bar(done, meant.len()), meant.len());
        progress.show(&format!("awsenv: roles {bar} {done} of {count} accounts"));
    };
    let roles = assignments.roles(&meant, &watch);
    progress.clear();
    let roles = meant.into_iter().zip(roles?).flat_map(|(account, roles)| {
        let roles = roles.into_iter().filter(|role| filter.takes_role(role));
        roles.map(move |role| (account.clone(), role)).collect::<Vec<_>>()
    });
    Ok(Listed { roles: roles.collect(), accounts })
}

/// The profiles that are a role of this portal's, without another on top: by account and role.
fn profiles(
    portal: &Portal,
    config: &SharedConfig,
    keys: &KeyIndex,
    original: &Env,
) -> BTreeMap<(String, String), Vec<String>> {
    let mut profiles: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for name in config.profiles() {
        let Ok(chain) = as_written(config, keys, name, original) else { continue };
        if let Some(sso) = role_of(&chain).filter(|sso| sso::id(&sso.portal) == sso::id(portal)) {
            profiles.entry((sso.account.clone(), sso.role.clone())).or_default().push(name.to_owned());
        }
    }
    profiles
}

fn role_of(chain: &chain::RoleChain) -> Option<&chain::Sso> {
    match &chain.source {
        Source::Sso(sso) if chain.roles.is_empty() => Some(sso),
        _ => None,
    }
}

/// Columns as wide as what stands in them; the last one is not filled up.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
