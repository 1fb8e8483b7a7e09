//! `awsenv key`: long-lived keys in the keychain.

pub mod add;
pub mod import;
pub mod list;
pub mod remove;
pub mod rotate;

use crate::commands::subject::person_keychain;
use crate::key_index::{KeyEntry, KeyIndex};
use crate::keychain::{self, Keys};
use crate::message::{Failure, nearest, printable};
use crate::profile::config::SharedConfig;
use crate::session::store::SessionStore;
use crate::world::{self, World};

/// The entry of this name, or an error with the nearest one.
fn find<'a>(index: &'a KeyIndex, name: &str) -> Result<&'a KeyEntry, Failure> {
    index.find(name).ok_or_else(|| {
        let failure = Failure::new(format!("no keys named {name} are in the keychain"));
        match nearest(name, index.iter().map(|(name, _)| name)) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`awsenv key list` shows them all"),
        }
    })
}

/// Puts keys into the keychain and on the list, in the place of those that have the name.
fn keep(
    name: &str,
    keys: &Keys,
    entry: KeyEntry,
    old: Option<&KeyEntry>,
    world: &World,
) -> anyhow::Result<()> {
    let (keychain, rests) = (person_keychain(world), entry.rests);
    keychain.write(name, keys, rests)?;
    KeyIndex::put(&world.places, name, entry)?;
    let Some(old) = old else { return Ok(()) };
    keychain::forget_use(&world.places, &old.access_key_id);
    // What was lent to prompts (`session = false`).
    SessionStore::new(&world.places).forget(&old.access_key_id)?;
    if old.rests != rests
        && let Err(error) = keychain.remove(name, old.rests)
    {
        let place = keychain::shown(old.rests, &world.places);
        world::say(&printable(&format!("awsenv: the old keys are still in {place}: {error:#}")));
    }
    Ok(())
}

/// Keys in a file stay as readable as they were.
fn point_out_the_old_place(name: &str, config: &SharedConfig) {
    let Ok(profile) = config.profile(name) else { return };
    if let Some(place) = profile.place("aws_secret_access_key") {
        world::say(&printable(&format!(
            "awsenv: profile {name} has keys at {place} too; awsenv takes those of the keychain, \
             other programs do not: remove them there"
        )));
    }
}
