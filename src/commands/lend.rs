//! `awsenv lend SESSION`: what AWS clients run for a profile of `deliver = "profile"`. It gives that session or none,
//! and asks nobody.

use super::credentials::print_for_process;
use super::lender::Lender;
use super::renew;
use super::subject::{Subject, pinned_at};
use crate::agent::grants::Lend;
use crate::clock;
use crate::message::{Exit, Failure};
use crate::prompt::plan::{Need, is_due};
use crate::prompt::resolve::check_account;
use crate::provider::renew::is_good;
use crate::session::lease::Lease;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, SessionStore};
use crate::world::World;

/// Prints it in the form of a credential_process.
pub fn run(session: &str, world: World) -> anyhow::Result<()> {
    let session =
        SessionKey::named(session).ok_or_else(|| Failure::new("no session's name").exit(Exit::Usage))?;
    let lease = Lease::load(&world.places, &session).ok_or_else(|| {
        Failure::new("nobody has used this profile for a month, or what it stands for has been removed")
            .hint("open a new prompt in its directory")
    })?;
    let now = clock::now();
    Lease::touch(&world.places, &session, now);
    let pwd = lease.directory.as_os_str();
    if let Found::Session(kept) = SessionStore::new(&world.places).load(&session)
        && is_good(&kept, None, now)
    {
        let account = kept.credentials.account.as_deref();
        check_account(&kept.name, lease.account.as_deref(), account)?;
        if is_due(&kept, &world.settings, now) {
            let need = Need { session, name: kept.name.clone(), old_serves: true };
            renew::start(&need, pwd, &world.env, &world.places);
        }
        return print_for_process(&kept.credentials, account);
    }
    let is_same = |subject: &Subject| subject.resolved.session_key(&world.original) == session;
    let Some(subject) = pinned_at(pwd, &world)?.filter(is_same) else {
        return Err(Failure::new("what this profile stands for has changed")
            .hint(format!("open a new prompt in {}", lease.directory.display()))
            .into());
    };
    let lent = Lender::new(subject, session, world).lend()?;
    print_for_process(&lent.credentials, lent.account.as_deref())
}
