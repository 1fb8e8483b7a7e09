//! A system without a keychain that we know: the encrypted file serves.

use super::{Asks, Keys, Texts};
use crate::env::Env;
use crate::message::Failure;

pub(super) const NAME: &str = "the system's keychain";
pub(super) const REMEDY: &str = "awsenv knows none on this system";

pub(super) fn why_not(_: &Env) -> Option<String> {
    Some("awsenv knows none on this system".to_owned())
}

pub(super) fn read(_: &str, env: &Env, _: Asks) -> anyhow::Result<Option<Keys>> {
    Err(unknown(env))
}

pub(super) fn write(_: &str, _: &Keys, env: &Env, _: Asks) -> anyhow::Result<()> {
    Err(unknown(env))
}

pub(super) fn remove(_: &str, env: &Env, _: Asks) -> anyhow::Result<()> {
    Err(unknown(env))
}

/// aws-vault's items are only known where they are a collection of the Secret Service.
pub(super) fn collection(_: &str, _: &Env) -> anyhow::Result<Option<Texts>> {
    Ok(None)
}

pub(super) fn has_collection(_: &str, _: &Env) -> bool {
    false
}

fn unknown(env: &Env) -> anyhow::Error {
    Failure::new(why_not(env).unwrap_or_default()).into()
}
