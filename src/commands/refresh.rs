//! `awsenv refresh`: renew now, asking whatever has to be asked, since a person typed it.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};

use super::allow::tell_shells;
use super::export::SILENT;
use super::subject::{Asking, person, subject};
use crate::clock;
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
    let mut mfa = person(asking, world).until_asked(patience(format!("awsenv: fetching {name} …")));
    let obtained = subject.refresh(&key, world, &mut mfa)?;
    drop(mfa);
    super::subject::warn_if_not_kept(&obtained);
    subject.check(&obtained.session)?;
    tell_shells(world);
    let until = obtained.session.credentials.expiry.map(|expiry| {
        let left = expiry.0.duration_since(clock::now()).unsigned_abs();
        format!(" for {}, until {}", clock::human(left), clock::rfc3339(expiry.0))
    });
    world::say(&format!("awsenv: {name} is good{}", until.unwrap_or_default()));
    Ok(())
}

/// Says this once it takes longer than a moment, unless the sender is dropped before.
fn patience(text: String) -> Sender<()> {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        if is_done.recv_timeout(SILENT) == Err(RecvTimeoutError::Timeout) {
            world::say(&text);
        }
    });
    done
}
