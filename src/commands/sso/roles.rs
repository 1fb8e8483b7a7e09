//! `awsenv sso roles`: the roles that a sign-in gives in each account, and which profiles they have.

use serde::Serialize;

use super::{Filter, at, columns, listed, profiles};
use crate::commands::subject::Asking;
use crate::key_index::KeyIndex;
use crate::message::printable;
use crate::profile::config::ConfigFiles;
use crate::provider::sso::Account;
use crate::world::{self, World};

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Line {
    account: String,
    name: Option<String>,
    role: String,
    /// The profiles that are this role.
    profiles: Vec<String>,
}

/// Lists them.
pub fn run(
    asking: &Asking<'_>,
    session: Option<&str>,
    filter: &Filter<'_>,
    json: bool,
    world: &World,
) -> anyhow::Result<()> {
    let at = at(asking, session, world)?;
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    let mut profiles = profiles(&at.portal, &config, &KeyIndex::load(&world.places)?, &world.original);
    let line = |(account, role): (Account, String)| Line {
        profiles: profiles.remove(&(account.id.clone(), role.clone())).unwrap_or_default(),
        account: account.id,
        name: Some(account.name).filter(|name| !name.is_empty()),
        role,
    };
    let lines: Vec<_> = listed(&at, filter, world)?.roles.into_iter().map(line).collect();
    if json {
        return world::out(format!("{}\n", serde_json::to_string_pretty(&lines)?).as_bytes());
    }
    world::out(columns(&lines.iter().map(row).collect::<Vec<_>>()).as_bytes())
}

fn row(line: &Line) -> [String; 4] {
    let name = line.name.as_deref().unwrap_or_default();
    [&line.account, name, &line.role, &line.profiles.join(", ")].map(printable)
}
