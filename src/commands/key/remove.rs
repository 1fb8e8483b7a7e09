//! `awsenv key remove`: keys out of the keychain, or only off the list of them. AWS still knows them.

use crate::commands::allow::tell_shells;
use crate::commands::subject::person_keychain;
use crate::key_index::{KeyIndex, Rests};
use crate::keychain;
use crate::message::{self, Failure, printable, render};
use crate::session::store::SessionStore;
use crate::terminal;
use crate::world::{self, World};

/// What the command line says.
#[derive(Debug)]
pub struct Remove<'a> {
    /// Which keys.
    pub name: &'a str,
    /// Nobody is asked.
    pub yes: bool,
    /// No keychain is opened.
    pub forget: bool,
}

/// Keys of one name.
struct Found {
    /// More than one where the list does not say which count.
    ids: Vec<String>,
    rests: Rests,
}

/// Removes the keys of this name.
pub fn run(remove: &Remove<'_>, world: &World) -> anyhow::Result<()> {
    let name = remove.name;
    let index = KeyIndex::load(&world.places)?;
    let found = match super::find(&index, name) {
        Ok(entry) => Found { ids: vec![entry.access_key_id.clone()], rests: entry.rests },
        Err(failure) if remove.forget => return Err(failure.into()),
        Err(failure) => search(name, world)?.ok_or(failure)?,
    };
    let (ids, place) = (found.ids.join(" and "), keychain::shown(found.rests, &world.places));
    let question = match remove.forget {
        false => format!("Remove {ids}, the keys of {name}, from {place}?"),
        true => format!("Take {name} off the list, and leave {ids} in {place}?"),
    };
    if !remove.yes && !agreed(&question)? {
        return Err(Failure::new(format!("{name} stays")).into());
    }
    if !remove.forget {
        let removed = person_keychain(world).remove(name, found.rests);
        removed.map_err(|error| or_forget(&error, name))?;
    }
    KeyIndex::remove(&world.places, name)?;
    for id in &found.ids {
        keychain::forget_use(&world.places, id);
        // What was lent to prompts (`session = false`).
        SessionStore::new(&world.places).forget(id)?;
    }
    tell_shells(world);
    world::say(&printable(&match remove.forget {
        false => format!("awsenv: removed {ids}, the keys of {name}; AWS still honours them"),
        true => format!("awsenv: {name} is off the list; {ids} stays in {place}, and AWS honours it"),
    }));
    Ok(())
}

/// In every keychain: somebody lost the list.
fn search(name: &str, world: &World) -> anyhow::Result<Option<Found>> {
    let keychain = person_keychain(world);
    for rests in keychain.all()? {
        let place = keychain::shown(rests, &world.places);
        world::say(&printable(&format!("awsenv: {name} is not on the list; looking for it in {place}")));
        let keys = keychain.find(name, None, rests)?;
        if !keys.is_empty() {
            return Ok(Some(Found { ids: keys.into_iter().map(|keys| keys.access_key_id).collect(), rests }));
        }
    }
    Ok(None)
}

/// The keychain did not let go of them, and may never do so.
fn or_forget(error: &anyhow::Error, name: &str) -> anyhow::Error {
    let forget =
        format!("if it is gone for good, `awsenv key remove {name} --forget` takes {name} off the list");
    let own = message::hint(error).map(str::to_owned);
    let hint = own.into_iter().chain([forget]).collect::<Vec<_>>().join("; ");
    Failure::new(format!("{error:#}")).hint(hint).exit(render(error).1).into()
}

fn agreed(question: &str) -> anyhow::Result<bool> {
    let unanswered = |error| terminal::unanswered("cannot ask", &error, "--yes removes them unasked");
    Ok(terminal::agrees(question).map_err(unanswered)?)
}
