//! The macOS Keychain and the Windows Credential Manager, through the keyring crates. Not tried on either system
//! yet.

use std::sync::Arc;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
#[cfg(target_os = "macos")]
use security_framework::os::macos::keychain::{KeychainUserInteractionLock, SecKeychain};
use zeroize::Zeroizing;

use super::{Asks, Keys, Texts};
use crate::env::Env;
use crate::message::{Exit, Failure};

#[cfg(target_os = "macos")]
pub(super) const NAME: &str = "the macOS Keychain";
#[cfg(windows)]
pub(super) const NAME: &str = "the Windows Credential Manager";
pub(super) const REMEDY: &str = "log in at this machine and unlock it";

const SERVICE: &str = "awsenv";

/// It is part of the system.
pub(super) fn why_not(_: &Env) -> anyhow::Result<Option<String>> {
    Ok(None)
}

/// Nobody says.
pub(super) fn is_locked(_: &Env) -> Option<bool> {
    None
}

/// The keys of this name, whatever their id.
pub(super) fn read(name: &str, _: Option<&str>, _: &Env, asks: Asks) -> anyhow::Result<Vec<Keys>> {
    let _quiet = quiet(name, asks)?;
    let text = match entry(name)?.get_secret() {
        Ok(text) => Zeroizing::new(text),
        Err(Error::NoEntry) => return Ok(Vec::new()),
        Err(error) => return Err(trouble(name, &error)),
    };
    Keys::read(&text).map(|keys| vec![keys]).ok_or_else(|| {
        Failure::new(format!("what {NAME} has under {name} was not written by awsenv"))
            .hint(format!("look at its item, or run `awsenv key add {name} --replace`"))
            .into()
    })
}

/// Puts keys in the place of those of this name.
pub(super) fn write(name: &str, keys: &Keys, _: &Env, asks: Asks) -> anyhow::Result<()> {
    let _quiet = quiet(name, asks)?;
    entry(name)?.set_secret(&keys.text()).map_err(|error| trouble(name, &error))
}

/// Removes the keys of this name.
pub(super) fn remove(name: &str, _: &Env, asks: Asks) -> anyhow::Result<()> {
    let _quiet = quiet(name, asks)?;
    match entry(name)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(trouble(name, &error)),
    }
}

/// aws-vault's items are only known where they are a collection of the Secret Service.
pub(super) fn collection(_: &str, _: &Env) -> anyhow::Result<Option<Texts>> {
    Ok(None)
}

pub(super) fn has_collection(_: &str, _: &Env) -> bool {
    false
}

fn entry(name: &str) -> anyhow::Result<Entry> {
    #[cfg(target_os = "macos")]
    let store: Result<Arc<_>, _> = apple_native_keyring_store::keychain::Store::new();
    #[cfg(windows)]
    let store: Result<Arc<_>, _> = windows_native_keyring_store::Store::new();
    store.and_then(|store| store.build(SERVICE, name, None)).map_err(|error| trouble(name, &error))
}

/// No dialog for a renewal: the system then answers that a person would be needed. Where dialogs cannot be switched
/// off, nothing is asked of it.
#[cfg(target_os = "macos")]
fn quiet(name: &str, asks: Asks) -> anyhow::Result<Option<KeychainUserInteractionLock>> {
    if asks == Asks::Person {
        return Ok(None);
    }
    let why = |error| format!("cannot use {NAME} for {name}: its dialogs cannot be switched off: {error}");
    SecKeychain::disable_user_interaction().map(Some).map_err(|error| {
        let failure = Failure::new(why(error)).exit(Exit::PersonNeeded);
        failure.hint("run `awsenv refresh`, which may show them").into()
    })
}

/// The Credential Manager asks nobody anything.
#[cfg(windows)]
fn quiet(_: &str, _: Asks) -> anyhow::Result<()> {
    Ok(())
}

fn trouble(name: &str, error: &Error) -> anyhow::Error {
    let failure = Failure::new(format!("cannot use {NAME} for {name}: {error}")).hint(REMEDY);
    failure.exit(Exit::PersonNeeded).into()
}
