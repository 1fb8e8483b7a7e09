//! A system without a keychain that we know: the encrypted file serves.

use super::{Asks, Keys, Texts};
use crate::env::Env;
use crate::message::Failure;

pub(super) const NAME: &str = "the system's keychain";
pub(super) const REMEDY: &str = "awsenv knows none on this system";

pub(super) fn why_not(_: &Env) -> anyhow::Result<Option<String>> {
    Ok(Some(REMEDY.to_owned()))
}

pub(super) fn read(_: &str, _: Option<&str>, _: &Env, _: Asks) -> anyhow::Result<Vec<Keys>> {
    Err(unknown())
}

pub(super) fn write(_: &str, _: &Keys, _: &Env, _: Asks) -> anyhow::Result<()> {
    Err(unknown())
}

pub(super) fn remove(_: &str, _: &Env, _: Asks) -> anyhow::Result<()> {
    Err(unknown())
}

/// Nobody says.
pub(super) fn is_locked(_: &Env) -> Option<bool> {
    None
}

/// aws-vault's items are only known where they are a collection of the Secret Service.
pub(super) fn collection(_: &str, _: &Env) -> anyhow::Result<Option<Texts>> {
    Ok(None)
}

pub(super) fn has_collection(_: &str, _: &Env) -> bool {
    false
}

fn unknown() -> anyhow::Error {
    Failure::new(REMEDY).into()
}
