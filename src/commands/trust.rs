//! `awsenv trust list`: every decision made so far.

use crate::message::printable;
use crate::places::tilde;
use crate::prompt::allowlist::Allowlist;
use crate::world::{self, World};

/// Lists what is allowed and denied.
pub fn list(json: bool, world: &World) -> anyhow::Result<()> {
    let entries = Allowlist::new(&world.places, &world.settings).list()?;
    if json {
        return world::out(format!("{}\n", serde_json::to_string_pretty(&entries)?).as_bytes());
    }
    let lines = entries.iter().map(|entry| {
        format!("{:<8} {}\n", entry.standing, printable(&tilde(&entry.path, &world.places.home)))
    });
    world::out(lines.collect::<String>().as_bytes())
}
