//! `awsenv lend SESSION`: what AWS clients run for a profile of `deliver = "profile"`. It gives that session or none,
//! and asks nobody.

use std::path::Path;

use super::credentials::print_for_process;
use super::history::{self, Given};
use super::lender::Lender;
use super::renew;
use super::subject::{Subject, pinned_at};
use crate::agent::grants::Lend;
use crate::clock;
use crate::credentials::Expiry;
use crate::message::{Exit, Failure};
use crate::process;
use crate::prompt::plan::{Need, is_due};
use crate::prompt::resolve::check_account;
use crate::provider::renew::is_good;
use crate::session::history::{Event, Record};
use crate::session::lease::Lease;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, SessionStore};
use crate::world::World;

/// Prints it in the form of a credential_process. `lasting`: the name by which programs are given it.
pub fn run(lasting: &str, world: World) -> anyhow::Result<()> {
    let lasting =
        SessionKey::named(lasting).ok_or_else(|| Failure::new("no session's name").exit(Exit::Usage))?;
    let leases = Lease::all(&world.places, &lasting);
    let Some(latest) = leases.first() else {
        return Err(Failure::new(
            "nobody has used this profile for a month, or what it stands for has been removed",
        )
        .hint("open a new prompt in its directory")
        .into());
    };
    let now = clock::now();
    Lease::touch(&world.places, &lasting, now);
    if let Some(session) = latest.session(&lasting)
        && let Found::Session(kept) = SessionStore::new(&world.places).load(&session)
        && is_good(&kept, None, now)
    {
        let account = kept.credentials.account.as_deref();
        let is_meant = |lease: &Lease| check_account(&kept.name, lease.account.as_deref(), account);
        if !leases.iter().any(|lease| is_meant(lease).is_ok()) {
            is_meant(latest)?;
        }
        if is_due(&kept, &world.settings, now)
            && let Ok((directory, _)) = one_that_says_how(&leases, &lasting, &world)
        {
            let need = Need { session, name: kept.name.clone(), old_serves: true };
            // The old one serves; once it does no more, what keeps the next from coming is said.
            let _ = renew::start(&need, directory.as_os_str(), &world.env, &world.places);
        }
        let account = account.or(kept.claimed_account.as_deref());
        note(&kept.name, &latest.directory, (account, kept.credentials.expiry), &world);
        return print_for_process(&kept.credentials, account);
    }
    let (directory, subject) = one_that_says_how(&leases, &lasting, &world)?;
    let name = subject.resolved.name.clone();
    let lender = Lender::new(subject, world);
    let lent = lender.clone().lend()?;
    note(&name, directory, (lent.account.as_deref(), lent.credentials.expiry), lender.world());
    print_for_process(&lent.credentials, lent.account.as_deref())
}

/// Which client it was that asked, only its own process knows: it may be a shell in between.
fn note(name: &str, directory: &Path, (account, expiry): (Option<&str>, Option<Expiry>), world: &World) {
    let given = Given { event: Event::Lend, by: "AWS client", pid: process::parent(), account, expiry };
    let directory = directory.to_string_lossy().into_owned();
    history::keep(&Record { profile: Some(name.to_owned()), directory, ..given.record() }, world);
}

/// The latest of the directories that still come to this session; if none does, what is wrong with the latest.
fn one_that_says_how<'a>(
    leases: &'a [Lease],
    lasting: &SessionKey,
    world: &World,
) -> anyhow::Result<(&'a Path, Subject)> {
    let mut wrong = None;
    for Lease { directory, .. } in leases {
        match pinned_at(directory.as_os_str(), world) {
            Ok(Some(subject)) if subject.resolved.lasting_key(&world.original) == *lasting => {
                return Ok((directory, subject));
            }
            Ok(_) => {
                let hint = format!("open a new prompt in {}", directory.display());
                wrong
                    .get_or_insert(Failure::new("what this profile stands for has changed").hint(hint).into())
            }
            Err(error) => wrong.get_or_insert(error),
        };
    }
    Err(wrong.expect("there is one at least"))
}
