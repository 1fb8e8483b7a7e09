//! `awsenv key remove`: keys out of the keychain. AWS still knows them.

use crate::commands::allow::tell_shells;
use crate::commands::subject::person_keychain;
use crate::key_index::KeyIndex;
use crate::keychain;
use crate::message::{Failure, printable};
use crate::session::store::SessionStore;
use crate::terminal;
use crate::world::{self, World};

/// Removes the keys of this name.
pub fn run(name: &str, yes: bool, world: &World) -> anyhow::Result<()> {
    let index = KeyIndex::load(&world.places)?;
    let entry = super::find(&index, name)?;
    let (id, place) = (&entry.access_key_id, keychain::shown(entry.rests, &world.places));
    if !yes && !agreed(&format!("Remove {id}, the keys of {name}, from {place}? [y/N] "))? {
        return Err(Failure::new(format!("{name} stays")).into());
    }
    person_keychain(world).remove(name, entry.rests)?;
    KeyIndex::remove(&world.places, name)?;
    keychain::forget_use(&world.places, id);
    // What was lent to prompts (`session = false`).
    SessionStore::new(&world.places).forget(id)?;
    tell_shells(world);
    world::say(&printable(&format!("awsenv: removed {id}, the keys of {name}; AWS still honours them")));
    Ok(())
}

fn agreed(question: &str) -> anyhow::Result<bool> {
    let unanswered = |error| terminal::unanswered("cannot ask", &error, "--yes removes them unasked");
    let answer = terminal::ask(question).map_err(unanswered)?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}
