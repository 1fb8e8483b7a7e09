//! A certificate whose private key is encrypted, or on a token: its password or PIN is asked for, and kept in the keychain
//! for renewals.

use super::Login;
use crate::commands::allow::tell_shells;
use crate::commands::refresh::tell;
use crate::commands::subject::{self, Subject, person_means};
use crate::message::printable;
use crate::profile::chain::{Held, RolesAnywhere, Source, steps};
use crate::provider::roles_anywhere;
use crate::session::failure::FailureRecord;
use crate::world::{self, World};

/// Unlocks the key, and gets the session that it signs for.
pub(super) fn unlock(login: &Login<'_>, mut subject: Subject, world: &World) -> anyhow::Result<()> {
    let mut mfa = subject::person(&login.asking, world);
    let mut chain = subject.resolved.chain.clone();
    let means = person_means(&subject.resolved.settings, world);
    let Source::RolesAnywhere(source) = &mut chain.source else {
        unreachable!("only a certificate has a private key")
    };
    if login.fresh {
        forget(source, world)?;
    }
    let was_locked = roles_anywhere::unlock(source, &means, &mut mfa)?;
    let is_on_token = source.noted.is_some();
    if !was_locked && !is_on_token {
        let step = steps(&chain).first().map(|step| step.summary()).unwrap_or_default();
        let text =
            format!("awsenv: {}: {step} takes no sign-in: its key is not encrypted", subject.resolved.name);
        world::say(&printable(&text));
        return Ok(());
    }
    subject.resolved.chain = chain;
    // Which certificate is on a token is known only now.
    let subject = subject.restamped();
    // Whatever waited for it is tried again at the next prompt of every shell.
    FailureRecord::forget_waiting(&world.places);
    let (credentials, _) = subject.credentials(None, world, &mut mfa)?;
    tell_shells(world);
    tell(&printable(&subject.resolved.name), credentials.expiry);
    Ok(())
}

/// Forgets the passwords of its files, and the PINs of its tokens; says whether there was one.
pub(in crate::commands) fn forget(source: &RolesAnywhere, world: &World) -> anyhow::Result<bool> {
    let keychain = subject::person_keychain(world);
    let mut was_there = false;
    for held in [&source.certificate, &source.private_key] {
        was_there |= match held {
            Held::File(path) => keychain.remove_password(path)?,
            Held::Token(uri) => keychain.remove_pins(&uri.token())?,
        };
    }
    Ok(was_there)
}
