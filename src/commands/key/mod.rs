//! `awsenv key`: long-lived keys in the keychain.

pub mod add;
pub mod list;
pub mod remove;

use crate::key_index::{KeyEntry, KeyIndex};
use crate::message::{Failure, nearest};

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
