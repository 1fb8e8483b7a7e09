//! `awsenv login`: what takes a person is done now. For IAM Identity Center and for a console session, a sign-in; for
//! keys with an MFA device or in a keychain, the session; for a certificate, its key's password.

use super::allow::tell_shells;
use super::refresh::{self, span, tell};
use super::subject::{self, Asking, Subject, person_means, subject};
use crate::message::{Failure, did_you_mean, printable};
use crate::profile::chain::{self, Portal, Source};
use crate::profile::config::ConfigFiles;
use crate::provider::sign_in::{How, Outcome};
use crate::provider::{self, sso};
use crate::session as kept;
use crate::session::failure::FailureRecord;
use crate::session::store::SessionStore;
use crate::world::{self, World};

mod person;
pub(super) mod private_key;
mod qr;
mod way;

use person::Person;
use way::Way;

/// What is asked for.
#[derive(Debug)]
pub struct Login<'a> {
    /// The profile, or the directory's.
    pub asking: Asking<'a>,
    /// An `[sso-session]` instead.
    pub session: Option<&'a str>,
    /// The old sign-in is ended first.
    pub fresh: bool,
    /// By a code, wherever this runs.
    pub device_code: bool,
    /// No browser is opened.
    pub no_browser: bool,
}

/// Signs in.
pub fn run(login: &Login<'_>, world: &World) -> anyhow::Result<()> {
    if let Some(name) = login.session {
        return at_portal(&named(name, world)?, &[], login, world);
    }
    let subject = subject(&login.asking, world)?;
    let chain = &subject.resolved.chain;
    let takes_code = chain.hops().iter().any(|hop| hop.mfa_serial().is_some());
    match &chain.source {
        Source::Sso(sso) => at_portal(&sso.portal, &subject.resolved.settings, login, world),
        Source::Login { session_arn } => at_console(session_arn, &subject, login, world),
        Source::Keychain { .. } => session(login, world),
        Source::RolesAnywhere(_) => private_key::unlock(login, subject, world),
        _ if takes_code => session(login, world),
        _ => {
            let step = chain::steps(chain).first().map(|step| step.summary()).unwrap_or_default();
            world::say(&printable(&format!("awsenv: {}: {step} takes no sign-in", chain.name)));
            Ok(())
        }
    }
}

/// The portal of an `[sso-session]`.
pub(super) fn named(name: &str, world: &World) -> anyhow::Result<Portal> {
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let config = files.read()?;
    let missing = || {
        let failure = Failure::new(format!("there is no [sso-session {name}] in {}", files.config.display()));
        match config.sso_sessions() {
            known if known.is_empty() => failure.hint("`aws configure sso-session` makes one"),
            known => failure.hint(did_you_mean(name, "known sessions", known.into_iter())),
        }
    };
    Ok(chain::portal(config.sso_session(name).ok_or_else(missing)?)?)
}

fn at_portal(
    portal: &Portal,
    settings: &[(String, String)],
    login: &Login<'_>,
    world: &World,
) -> anyhow::Result<()> {
    let (way, means) = (Way::of(login, world)?, person_means(settings, world));
    let person = Person::new(portal.label(), kept::sso::id(portal), &way, world);
    let outcome = sso::sign_in(portal, &how(&way, login, world), &means, &person);
    let (token, what) = told(outcome, &kept::sso::id(portal), login, world)?;
    world::say(&printable(&format!("awsenv: {} {what} for {}", portal.label(), span(token.expires))));
    Ok(())
}

/// A console session. Its keys are renewed for as long as AWS allows, which nobody is told.
fn at_console(session_arn: &str, subject: &Subject, login: &Login<'_>, world: &World) -> anyhow::Result<()> {
    let resolved = &subject.resolved;
    let (way, means) = (Way::of(login, world)?, person_means(&resolved.settings, world));
    let label = format!("AWS as {session_arn}");
    let person = Person::new(&label, kept::login::id(session_arn), &way, world);
    let console = provider::login::Login::of(&resolved.chain).expect("its source is one");
    let outcome = provider::login::sign_in(&console, &how(&way, login, world), &means, &person);
    let (_, what) = told(outcome, &kept::login::id(session_arn), login, world)?;
    world::say(&printable(&format!("awsenv: {session_arn} {what}")));
    Ok(())
}

fn how(way: &Way, login: &Login<'_>, world: &World) -> How {
    How { flow: way.flow, callback_port: world.settings.callback_port, fresh: login.fresh }
}

/// What came of it, once every shell has been told. `id`: of the sign-in, as sessions know it.
fn told<T>(
    outcome: anyhow::Result<Outcome<T>>,
    id: &str,
    login: &Login<'_>,
    world: &World,
) -> anyhow::Result<(T, &'static str)> {
    if login.fresh {
        // What the old sign-in gave ends with it, and may be more than the new one gives, if there is one.
        SessionStore::new(&world.places).forget_those(|session| session.sign_in.as_deref() == Some(id))?;
        tell_shells(world);
    }
    let told = match outcome? {
        Outcome::Already(token) => (token, "is signed in already"),
        Outcome::New(token) => (token, "is signed in"),
    };
    // Whatever waited for it is tried again at the next prompt of every shell.
    FailureRecord::forget_waiting(&world.places);
    tell_shells(world);
    Ok(told)
}

/// The session that a code or a passphrase is asked for.
fn session(login: &Login<'_>, world: &World) -> anyhow::Result<()> {
    if login.fresh {
        return refresh::run(&login.asking, world);
    }
    let subject = subject(&login.asking, world)?;
    let (credentials, _) = subject.credentials(None, world, &mut subject::person(&login.asking, world))?;
    tell(&printable(&subject.resolved.name), credentials.expiry);
    Ok(())
}
