//! Where long-lived keys rest: which keychain, whether it answers, and whether it is locked. No dialog is shown.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::{Check, Finding};
use crate::key_index::{KeyIndex, Rests};
use crate::keychain::{self, Keychain};
use crate::process;
use crate::world::World;

const CHECK: Check = Check::Keychain;
/// A bus may have to start the service first.
const PATIENCE: Duration = Duration::from_secs(4);

/// An answer that is under way.
pub(super) struct Waiting(Receiver<Vec<Finding>>);

pub(super) fn begin(world: &World) -> Waiting {
    let (done, is_done) = mpsc::channel();
    let (places, original, settings) = (world.places.clone(), world.original.clone(), world.settings.clone());
    process::spawn(move || {
        let keychain = Keychain::of_nobody(&places, &original, &settings);
        let found = match keychain.destination() {
            Err(error) => vec![Finding::of_error(CHECK, &error, "set AWSENV_KEYCHAIN=file")],
            Ok(kept) => {
                let place = keychain::shown(kept.rests, &places);
                let why = kept.instead.map(|why| format!(": {why}")).unwrap_or_default();
                let mut found = vec![Finding::ok(CHECK, format!("keys rest in {place}{why}"))];
                if kept.rests == Rests::Os && keychain.is_locked() == Some(true) {
                    let seen = format!("{place} is locked, so that no session of its keys is renewed");
                    found.push(Finding::warning(
                        CHECK,
                        seen,
                        "unlock it, or run `awsenv refresh`, which asks",
                    ));
                }
                found.extend(elsewhere(&keychain, &places));
                found
            }
        };
        let _ = done.send(found);
    });
    Waiting(is_done)
}

impl Waiting {
    pub(super) fn end(self) -> Vec<Finding> {
        self.0.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let seen = format!("the keychain does not answer in {} s", PATIENCE.as_secs());
            vec![Finding::broken(CHECK, seen, "restart its service, or set AWSENV_KEYCHAIN=file")]
        })
    }
}

/// Keys on awsenv's list that rest in a keychain which is not there now.
fn elsewhere(keychain: &Keychain<'_>, places: &crate::places::Places) -> Option<Finding> {
    let keys = match KeyIndex::load(places) {
        Ok(keys) => keys,
        Err(error) => {
            return Some(Finding::of_error(CHECK, &error, "restore it from a backup, or remove it"));
        }
    };
    let there = keychain.all().ok()?;
    let names: Vec<_> =
        keys.iter().filter(|(_, entry)| !there.contains(&entry.rests)).map(|(name, _)| name).collect();
    let first = names.first()?;
    let seen = format!("{} of the keys on awsenv's list cannot be reached, {first} among them", names.len());
    Some(Finding::broken(
        CHECK,
        seen,
        "look at AWSENV_KEYCHAIN and at `keychain` in the settings; `awsenv key list`",
    ))
}
