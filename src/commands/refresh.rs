//! `awsenv refresh`: renew now, asking whatever has to be asked, since a person typed it.

use super::allow::tell_shells;
use super::subject::{Asking, person, subject};
use crate::clock::{self, Timestamp};
use crate::credentials::Expiry;
use crate::message::printable;
use crate::world::{self, World};

/// Renews the session of a profile, or of the directory's pin.
pub fn run(asking: &Asking<'_>, world: &World) -> anyhow::Result<()> {
    let subject = subject(asking, world)?;
    let name = printable(&subject.resolved.name);
    if subject.resolved.is_at_hand() && subject.asks_for_no_account() {
        world::say(&format!("awsenv: {name}: keys as they are, nothing to renew"));
        return Ok(());
    }
    let key = subject.resolved.session_key(&world.original);
    let mut mfa = person(asking, world).says_if_slow(format!("awsenv: fetching {name} …"));
    let obtained = subject.refresh(&key, world, &mut mfa)?;
    drop(mfa);
    super::subject::warn(&obtained);
    subject.check(&obtained.session)?;
    tell_shells(world);
    tell(&name, obtained.session.credentials.expiry);
    Ok(())
}

/// For how long it is good now.
pub(super) fn tell(name: &str, expiry: Option<Expiry>) {
    let until = expiry.map(|expiry| format!(" for {}", span(expiry.0))).unwrap_or_default();
    world::say(&format!("awsenv: {name} is good{until}"));
}

/// `59m, until 2026-11-22T12:00:00Z`
pub(super) fn span(end: Timestamp) -> String {
    let left = end.duration_since(clock::now());
    format!("{}, until {}", clock::human(left.try_into().unwrap_or_default()), clock::rfc3339(end))
}
