//! The Secret Service of a Linux desktop (GNOME Keyring, KWallet, KeePassXC), over the session's D-Bus. Items carry
//! the attributes that the keyring crates use: `service` awsenv, `username` the key's name.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::time::Duration;

use dbus_secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use zeroize::Zeroizing;

use super::{Asks, Keys, Texts};
use crate::env::Env;
use crate::message::{Exit, Failure};
use crate::process;

pub(super) const NAME: &str = "the Secret Service";
pub(super) const REMEDY: &str = "log in to your desktop session, or start gnome-keyring or KWallet";
const NO_BUS: &str = "there is no D-Bus session here";

const TOO_MANY_FILES: &str = "too many files are open in this process";

/// How long the service's own dialog waits for a person.
const DIALOG: u64 = 120;

/// A service that answers no call in this time is dead, whatever its process does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why keys cannot be added here, where that is no fault but the way this machine is. What hangs is a fault.
pub(super) fn why_not(env: &Env) -> anyhow::Result<Option<String>> {
    if !has_bus(env) {
        return Ok(Some(NO_BUS.into()));
    }
    let looked = within(Asks::Nobody, || match connect(Asks::Nobody)?.get_default_collection() {
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    });
    let hangs = || silent(|why| Failure::new(format!("cannot use {NAME}: {why}"))).into();
    match looked {
        Ok(()) => Ok(None),
        Err(Trouble::TooManyFiles) => {
            Err(Failure::new(format!("cannot use {NAME}: {TOO_MANY_FILES}")).into())
        }
        Err(Trouble::Silent) => Err(hangs()),
        Err(Trouble::Refused(Error::Dbus(error))) if is_silence(&error) => Err(hangs()),
        Err(Trouble::Refused(Error::NoResult)) => Ok(Some(format!("{NAME} has no default keyring"))),
        Err(Trouble::Refused(error)) => Ok(Some(format!("{NAME} cannot be reached: {}", reason(&error)))),
    }
}

/// The keys of this name: those with this id, if they are found, else all. (Each keyring may have some: the default
/// one is not always the same.)
pub(super) fn read(name: &str, id: Option<&str>, env: &Env, asks: Asks) -> anyhow::Result<Vec<Keys>> {
    let (owned, id) = (name.to_owned(), id.map(str::to_owned));
    let found = call(name, env, asks, move || {
        let service = connect(asks)?;
        let mut found = Vec::new();
        for item in items(&service, &owned)? {
            item.ensure_unlocked().map_err(still_locked)?;
            let keys = Keys::read(&Zeroizing::new(item.get_secret()?));
            // No dialog for another keyring once they are here.
            if keys.as_ref().is_some_and(|keys| Some(&keys.access_key_id) == id.as_ref()) {
                return Ok(vec![keys]);
            }
            found.push(keys);
        }
        Ok(found)
    })?;
    let is_empty = found.is_empty();
    let keys: Vec<_> = found.into_iter().flatten().collect();
    if keys.is_empty() && !is_empty {
        return Err(Failure::new(format!("what {NAME} has under {name} was not written by awsenv"))
            .hint(format!("look at its item `awsenv: {name}`, or run `awsenv key add {name} --replace`"))
            .into());
    }
    Ok(keys)
}

/// Puts keys into the default keyring, in the place of those of this name. In a keyring that is locked they stay: its
/// password may be lost. [`read`] goes by the id.
pub(super) fn write(name: &str, keys: &Keys, env: &Env, asks: Asks) -> anyhow::Result<()> {
    let (owned, text) = (name.to_owned(), keys.text());
    call(name, env, asks, move || {
        let service = connect(asks)?;
        let collection = unlocked(&service)?;
        let label = format!("awsenv: {owned}");
        let created = collection.create_item(&label, attributes(&owned), &text, true, "text/plain")?;
        let there = service.search_items(attributes(&owned))?.unlocked;
        // A service that calls the new item by another path would have it taken for an old one.
        if there.iter().any(|item| item.path == created.path) {
            there.iter().filter(|item| item.path != created.path).try_for_each(Item::delete)?;
        }
        Ok(())
    })
}

/// Removes the keys of this name from all keyrings.
pub(super) fn remove(name: &str, env: &Env, asks: Asks) -> anyhow::Result<()> {
    let owned = name.to_owned();
    call(name, env, asks, move || {
        let service = connect(asks)?;
        let items = items(&service, &owned)?;
        if items.is_empty() {
            return Ok(());
        }
        // All in one dialog, and before anything is deleted: who dismisses it removes nothing.
        service.unlock_all(&items.iter().collect::<Vec<_>>()).map_err(still_locked)?;
        items.iter().try_for_each(Item::delete)
    })
}

/// What another program keeps in a collection of its own, by its label; `None` without that collection.
pub(super) fn collection(name: &str, env: &Env) -> anyhow::Result<Option<Texts>> {
    let owned = name.to_owned();
    call(name, env, Asks::Person, move || {
        let service = connect(Asks::Person)?;
        let Some(collection) = named(&service, &owned)? else { return Ok(None) };
        collection.ensure_unlocked().map_err(still_locked)?;
        let items = collection.get_all_items()?.into_iter();
        items
            .map(|item| Ok((item.get_label()?, Zeroizing::new(item.get_secret()?))))
            .collect::<Result<_, _>>()
            .map(Some)
    })
}

/// Whether there is one. Nobody is asked anything for it.
pub(super) fn has_collection(name: &str, env: &Env) -> bool {
    let owned = name.to_owned();
    let looked = || within(Asks::Nobody, move || Ok(named(&connect(Asks::Nobody)?, &owned)?.is_some()));
    has_bus(env) && looked().unwrap_or(false)
}

/// Whether the default keyring is. Nobody is asked anything for it.
pub(super) fn is_locked(env: &Env) -> Option<bool> {
    let looked = || within(Asks::Nobody, || connect(Asks::Nobody)?.get_default_collection()?.is_locked());
    if has_bus(env) { looked().ok() } else { None }
}

/// By the path that the service makes of the name it was created with.
fn named<'s>(service: &'s SecretService, name: &str) -> Result<Option<Collection<'s>>, Error> {
    let path = format!("/org/freedesktop/secrets/collection/{name}");
    Ok(service.get_all_collections()?.into_iter().find(|collection| *collection.path == *path))
}

/// libdbus looks for a bus in the same two places, and would start one if it found none.
fn has_bus(env: &Env) -> bool {
    let socket = env.get("XDG_RUNTIME_DIR").map(|dir| std::path::Path::new(dir).join("bus"));
    env.text("DBUS_SESSION_BUS_ADDRESS").is_some() || socket.is_some_and(|path| path.exists())
}

/// A dialog is shown only if a person typed the command.
fn connect(asks: Asks) -> Result<SecretService, Error> {
    let dialog = if asks == Asks::Person { DIALOG } else { 0 };
    let connect = || {
        be_unpredictable();
        SecretService::connect_with_max_prompt_timeout(EncryptionType::Dh, dialog)
    };
    match connect() {
        // The bus starts the service at the first call, which may take longer than a call.
        Err(Error::Dbus(error)) if is_silence(&error) => connect(),
        other => other,
    }
}

/// dbus-secret-service draws the key that a secret crosses the bus under from fastrand, which begins with the time since
/// the machine was started: somebody who has recorded the bus could try them all. This is for the thread that calls it.
fn be_unpredictable() {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).expect("the kernel's random source answers");
    fastrand::seed(u64::from_ne_bytes(seed));
}

/// The items of this name in all keyrings, those of unlocked ones first; in no order else.
fn items<'s>(service: &'s SecretService, name: &str) -> Result<Vec<Item<'s>>, Error> {
    let mut found = service.search_items(attributes(name))?;
    if found.unlocked.is_empty() && found.locked.is_empty() {
        // KWallet finds nothing in a wallet that is locked: that is no answer.
        unlocked(service)?;
        found = service.search_items(attributes(name))?;
    }
    Ok(found.unlocked.into_iter().chain(found.locked).collect())
}

/// The default keyring, unlocked.
fn unlocked(service: &SecretService) -> Result<Collection<'_>, Error> {
    let collection = service.get_default_collection()?;
    collection.ensure_unlocked().map_err(still_locked)?;
    Ok(collection)
}

/// Whatever became of the dialog, the keyring is as locked as before.
fn still_locked(error: Error) -> Error {
    if matches!(error, Error::Prompt) { Error::Locked } else { error }
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", "awsenv"), ("username", name)])
}

/// What went wrong, before it has words.
enum Trouble {
    /// No file could be opened, or none that libdbus can wait for.
    TooManyFiles,
    Silent,
    Refused(Error),
}

/// A thread of its own, since libdbus cannot be told to give up while it connects. One that is left behind ends with
/// the process.
fn within<T: Send + 'static>(
    asks: Asks,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Trouble> {
    let dialog = if asks == Asks::Person { Duration::from_secs(DIALOG) } else { Duration::ZERO };
    if !is_within_reach() {
        return Err(Trouble::TooManyFiles);
    }
    let (done, is_done) = mpsc::channel();
    process::spawn(move || {
        let _ = done.send(work());
    });
    match is_done.recv_timeout(PATIENCE + dialog) {
        Ok(result) => result.map_err(Trouble::Refused),
        Err(_) => Err(Trouble::Silent),
    }
}

/// libdbus as its crate builds it waits by select(2), which knows no descriptor from 1024 on: it would wait for ever, and
/// write beside what is its own. The next descriptors are the lowest that are free.
fn is_within_reach() -> bool {
    const LAST: i32 = 1000;
    File::open("/dev/null").is_ok_and(|next| next.as_raw_fd() < LAST)
}

fn call<T: Send + 'static>(
    name: &str,
    env: &Env,
    asks: Asks,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> anyhow::Result<T> {
    let cannot = |why: &str| Failure::new(format!("cannot use {NAME} for {name}: {why}"));
    if !has_bus(env) {
        return Err(cannot(NO_BUS).hint(REMEDY).exit(Exit::PersonNeeded).into());
    }
    within(asks, work)
        .map_err(|trouble| match trouble {
            Trouble::Refused(Error::Locked | Error::Prompt) if asks == Asks::Nobody => cannot("it is locked")
                .hint("run `awsenv refresh`, which asks for its password")
                .exit(Exit::PersonNeeded),
            Trouble::Refused(Error::Locked | Error::Prompt) => cannot(
                "it is locked, and its dialog was dismissed, or could not be shown",
            )
            .hint(
                "unlock it in your desktop session; where there is none, keep keys with AWSENV_KEYCHAIN=file",
            )
            .exit(Exit::PersonNeeded),
            Trouble::TooManyFiles => cannot(TOO_MANY_FILES),
            Trouble::Silent => silent(cannot),
            Trouble::Refused(Error::Dbus(error)) if is_silence(&error) => silent(cannot),
            Trouble::Refused(Error::NoResult) => cannot("it has no default keyring")
                .hint("make one in your desktop session")
                .exit(Exit::PersonNeeded),
            Trouble::Refused(error) => cannot(&reason(&error)).hint(REMEDY).exit(Exit::PersonNeeded),
        })
        .map_err(anyhow::Error::from)
}

fn silent(cannot: impl Fn(&str) -> Failure) -> Failure {
    cannot("it does not answer")
        .hint("end it and log in again; keys in it are not lost")
        .exit(Exit::PersonNeeded)
}

/// What libdbus says where a call was not answered.
fn is_silence(error: &(impl std::error::Error + ?Sized)) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    text.contains("did not receive a reply") || text.contains("timed out") || text.contains("no reply")
}

fn reason(error: &Error) -> String {
    match error {
        Error::Dbus(error) => {
            error.message().unwrap_or("D-Bus refused the call").trim_end_matches('.').to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bus_is_encrypted_with_does_not_follow_from_the_time() {
        let next = || {
            fastrand::seed(7);
            be_unpredictable();
            fastrand::get_seed()
        };
        assert_ne!(next(), next());
    }

    #[test]
    fn no_signal_reaches_the_thread_that_asks_the_bus() {
        use nix::sys::signal::{SigSet, Signal};
        let blocked = within(Asks::Nobody, || Ok(SigSet::thread_get_mask().unwrap()));
        let blocked = blocked.unwrap_or_else(|_| panic!("it asks nobody"));
        for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGHUP] {
            assert!(blocked.contains(signal), "{signal}");
        }
    }
}
