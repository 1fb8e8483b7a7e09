//! Renewal without a person: a process of its own, started by a prompt that goes on without it. It never
//! asks: no MFA, no browser, no dialog.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use super::allow::tell_shells;
use super::deliver::deliver;
use super::subject::{Subject, logins, pinned_at, tokens};
use crate::clock;
use crate::env::Env;
use crate::files::{Lock, Stamp};
use crate::message::{self, Exit, Failure, render};
use crate::places::Places;
use crate::process::this_program;
use crate::profile::chain::Source;
use crate::prompt::plan::{Need, is_due};
use crate::prompt::{self, memory};
use crate::provider::Mfa;
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, SessionStore};
use crate::world::World;

/// Starts a renewal unless one runs already. An error: none runs, and why.
pub(super) fn start(need: &Need, pwd: &OsStr, env: &Env, places: &Places) -> anyhow::Result<()> {
    launch(need, pwd, env, places).map(drop)
}

/// A renewal that runs.
pub(super) enum Started {
    /// This one.
    Here(Child),
    /// Somebody else's.
    Elsewhere,
}

/// The same for who waits for its end. The session's lock goes along as the new process's standard input: it is held
/// from here on, without a gap, until that process ends.
pub(super) fn launch(need: &Need, pwd: &OsStr, env: &Env, places: &Places) -> anyhow::Result<Started> {
    let Some(lock) = lock(need, places)? else {
        log::info!("{}: a renewal is under way", need.name);
        return Ok(Started::Elsewhere);
    };
    let program = this_program().context("awsenv itself has gone")?;
    log::info!("{}: a renewal starts in the background", need.name);
    // A PKCS#11 module and libdbus ask the process itself: what a directory's [env] sets is not for them. The state
    // goes along for what `use` has chosen; undoing it twice changes nothing.
    let mut original = prompt::original(env, places);
    if let Some(state) = env.get(memory::STATE) {
        original.set(memory::STATE, state);
    }
    // A pipe or a lock that the shell has open and hands to its children would be held as long as this runs.
    close_fds::set_fds_cloexec(3, &[]);
    Command::new(program)
        .arg("renew")
        .arg(need.session.name())
        .arg(pwd)
        .env_clear()
        .envs(original.for_child())
        .current_dir("/")
        .stdin(lock.hand_over())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(Started::Here)
        .with_context(|| format!("{}: no renewal can be started", need.name))
}

/// The session's lock; `None`: somebody else has it. A store that cannot be written keeps no session: a renewal in the
/// background would help nobody, and be followed by the next one.
fn lock(need: &Need, places: &Places) -> anyhow::Result<Option<Lock>> {
    SessionStore::new(places).try_lock_to_keep(&need.session).map_err(|error| {
        log::warn!("{}: no renewal: {error:#}", need.name);
        Failure::new(format!("{}: no session is fetched that cannot be kept: {error:#}", need.name))
            .hint("`awsenv doctor disk` says more, and `awsenv exec` works meanwhile")
            .into()
    })
}

/// `awsenv renew SESSION PWD`: what [`start`] starts.
pub fn run(session: &str, pwd: &Path, world: &World) -> anyhow::Result<()> {
    let session =
        SessionKey::named(session).ok_or_else(|| Failure::new("no session's name").exit(Exit::Usage))?;
    // Of its own session: a Ctrl-C or a closing terminal is not meant for it.
    let _ = rustix::process::setsid();
    log::info!("renewal of session {} begins", session.short());
    let mut mended_in = None;
    let changed = renew(&session, pwd, world, &mut mended_in).unwrap_or_else(|error| {
        remember(&error, mended_in, &session, world);
        true
    });
    if changed {
        tell_shells(world);
    }
    log::info!("renewal of session {} ends", session.short());
    Ok(())
}

/// A file, as it is at some time.
pub(super) type Seen = (PathBuf, Option<Stamp>);

/// Keeps a failure, with what mends it. To be ended is none.
pub(super) fn remember(error: &anyhow::Error, mended_in: Option<Seen>, session: &SessionKey, world: &World) {
    let is_cut_off = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::Interrupted;
    if error.downcast_ref().is_some_and(is_cut_off) {
        return;
    }
    let needs_person = render(error).1 == Exit::PersonNeeded;
    let failure = FailureRecord {
        what: format!("{error:#}"),
        hint: message::hint(error).map(str::to_owned),
        needs_person,
        mended_in: mended_in.filter(|_| needs_person),
        ..FailureRecord::default()
    };
    failure.save(&world.places, session, clock::now());
}

/// The file that another program keeps a sign-in in, as it is before all else.
pub(super) fn mended_in(subject: &Subject, world: &World) -> Option<Seen> {
    let path = match &subject.resolved.chain.source {
        Source::Sso(sso) => tokens(world).path_of(&sso.portal),
        Source::Login { session_arn } => logins(world).path_of(session_arn),
        _ => return None,
    };
    let stamp = Stamp::at(&path);
    Some((path, stamp))
}

/// Says whether there is anything new for a shell.
fn renew(
    session: &SessionKey,
    pwd: &Path,
    world: &World,
    mended_in: &mut Option<Seen>,
) -> anyhow::Result<bool> {
    // The files may have changed since the prompt asked; then the next prompt asks for the new session.
    let subject = match pinned_at(pwd.as_os_str(), world) {
        Ok(Some(subject)) => subject,
        Ok(None) => return Ok(false),
        // Its own prompts say so. The session may be another directory's, too, where nothing is wrong.
        Err(error) if render(&error).1 == Exit::NotAllowed => return Ok(false),
        Err(error) => return Err(error),
    };
    *mended_in = self::mended_in(&subject, world);
    let own = subject.resolved.session_key(&world.original);
    if own != *session {
        return Ok(false);
    }
    // Another renewal may have ended between the prompt's look into the store and its hand on the lock.
    if let Found::Session(kept) = SessionStore::new(&world.places).load(&own)
        && !is_due(&kept, &world.settings, clock::now())
    {
        let obtained = subject.complete(&own, world, &mut Mfa::nobody())?;
        subject.check(&obtained.session)?;
        pass_on(&subject, &own, pwd, world);
        return Ok(true);
    }
    if FailureRecord::load(&world.places, &own).is_some_and(|last| last.pause_until(clock::now()).is_some()) {
        return Ok(false);
    }
    let obtained = subject.fetch(&own, world, &mut Mfa::nobody())?;
    // Whose it is has to be known, or the prompt would ask for it again and again.
    subject.check(&obtained.session)?;
    pass_on(&subject, &own, pwd, world);
    obtained.not_kept.map_or(Ok(true), Err)
}

/// To programs. If that fails, the session is good all the same, for directories that hand it out otherwise.
fn pass_on(subject: &Subject, session: &SessionKey, pwd: &Path, world: &World) {
    match deliver(subject, session, pwd, world) {
        Ok(()) => FailureRecord::forget(&world.places, &session.delivery()),
        Err(error) => remember(&error, None, &session.delivery(), world),
    }
}
