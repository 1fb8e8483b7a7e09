//! `awsenv sso accounts`: the accounts that a sign-in gives.

use serde::Serialize;

use super::{at, columns};
use crate::commands::subject::{Asking, person_means};
use crate::message::printable;
use crate::provider::sso::{Account, Assignments};
use crate::world::{self, World};

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Line<'a> {
    account: &'a str,
    name: Option<&'a str>,
    email: Option<&'a str>,
}

/// Lists them.
pub fn run(asking: &Asking<'_>, session: Option<&str>, json: bool, world: &World) -> anyhow::Result<()> {
    let at = at(asking, session, world)?;
    let assignments = Assignments::at(&at.portal, &person_means(&at.settings, world))?;
    let accounts = super::accounts(&at.portal, &assignments, world)?;
    if json {
        let lines: Vec<_> = accounts.iter().map(line).collect();
        return world::out(format!("{}\n", serde_json::to_string_pretty(&lines)?).as_bytes());
    }
    let row = |account: &Account| [&account.id, &account.name, &account.email].map(|text| printable(text));
    world::out(columns(&accounts.iter().map(row).collect::<Vec<_>>()).as_bytes())
}

fn line(account: &Account) -> Line<'_> {
    let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
    Line { account: &account.id, name: known(&account.name), email: known(&account.email) }
}
