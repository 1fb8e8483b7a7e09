//! The endpoint of `exec --endpoint`: a process beside the command, which lives as long. So the command takes the
//! place of `exec` as without it, and its signals, its terminal and its end are its own.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;

use super::allow::tell_shells;
use super::renew::{mended_in, remember};
use super::subject::{Asking, Subject, subject};
use crate::agent::endpoint::{Endpoint, Lent};
use crate::agent::life::Life;
use crate::clock;
use crate::message::{Exit, Failure};
use crate::prompt::plan;
use crate::provider::renew::is_good;
use crate::provider::{Mfa, runtime};
use crate::secret::Secret;
use crate::session::failure::FailureRecord;
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, Session, SessionStore};
use crate::world::{self, World};

/// Keys without an end are asked for again after this.
const AGAIN: Duration = Duration::from_secs(3600);

/// What a command is told.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) uri: String,
    pub(super) token: Secret,
}

/// Starts it for this process, and for whatever that becomes.
pub(super) fn start(asking: &Asking<'_>, subject: &Subject, world: &World) -> anyhow::Result<Served> {
    let session = subject.resolved.session_key(&world.original);
    let mut child = this_program()?
        .arg("serve")
        .args([std::process::id().to_string().as_str(), session.name()])
        .args(arguments(asking))
        .env_clear()
        .envs(world.env.for_child())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the endpoint")?;
    let mut told = BufReader::new(child.stdout.take().context("the endpoint says nothing")?).lines();
    // It has left another to serve: a command that waits for all its children waits for none of ours.
    child.wait()?;
    match (told.next().transpose()?, told.next().transpose()?) {
        (Some(uri), Some(token)) => Ok(Served { uri, token: Secret::new(token) }),
        // It has said why.
        _ => Err(Failure::new("the endpoint did not start").into()),
    }
}

fn this_program() -> anyhow::Result<Command> {
    Ok(Command::new(std::env::current_exe().context("cannot find awsenv itself")?))
}

/// The same question as options.
fn arguments(asking: &Asking<'_>) -> Vec<String> {
    let duration = asking.duration.map(|duration| format!("{}s", duration.as_secs()));
    let valued = [
        ("profile", asking.profile),
        ("stage", asking.stage),
        ("duration", duration.as_deref()),
        ("region", asking.region),
    ];
    let valued = valued.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value?)));
    valued.chain(asking.no_session.then(|| "--no-session".to_owned())).collect()
}

/// `awsenv serve PROCESS SESSION …`: what [`start`] starts. `apart`: nobody waits for this process as its child.
pub fn run(
    process: i32,
    session: &str,
    asking: &Asking<'_>,
    apart: bool,
    world: World,
) -> anyhow::Result<()> {
    if !apart {
        // A pipe or a lock that the command's caller has open is none of this one's.
        close_fds::set_fds_cloexec(3, &[]);
        let same = std::env::args_os().skip(1);
        return Ok(this_program()?.args(same).arg("--apart").spawn().map(drop)?);
    }
    let life = Life::of(process).context("the command has gone")?;
    // Of its own session: a Ctrl-C or a closing terminal is meant for the command.
    let _ = rustix::process::setsid();
    let subject = subject(asking, &world)?;
    let own = subject.resolved.session_key(&world.original);
    if own.name() != session {
        return Err(Failure::new(format!("{}: its settings changed just now", subject.resolved.name))
            .hint("run it again")
            .into());
    }
    let lender = Arc::new(Lender { subject, session: own, world, turn: Mutex::default() });
    runtime()?.block_on(async {
        let endpoint = Endpoint::open().await?;
        world::out(format!("{}\n{}\n", endpoint.uri(), endpoint.token().expose()).as_bytes())?;
        leave_streams()?;
        let lend = Arc::new(move || lender.lend());
        endpoint.serve(lend, life).await;
        Ok(())
    })
}

/// Whoever reads what the command prints waits for the command alone. A log that was asked for goes on.
fn leave_streams() -> anyhow::Result<()> {
    let null = std::fs::File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    if log::max_level() == log::LevelFilter::Off {
        rustix::stdio::dup2_stderr(&null)?;
    }
    Ok(())
}

/// Whose credentials are lent: decided once, whatever the files say later.
#[derive(Debug)]
struct Lender {
    subject: Subject,
    session: SessionKey,
    world: World,
    /// One at a time asks AWS. What came of it and cannot be kept is here.
    turn: Mutex<Option<Session>>,
}

impl Lender {
    /// Never what has less than five minutes left, or a fifth of a short life; and a new one in the background
    /// before that.
    fn lend(self: &Arc<Self>) -> anyhow::Result<Lent> {
        let resolved = &self.subject.resolved;
        let now = clock::now();
        if resolved.is_at_hand() && self.subject.asks_for_no_account() {
            let credentials = plan::at_hand(resolved, now)?.clone();
            let end = credentials.expiry.map(|expiry| expiry.0);
            let until = end.or_else(|| now.checked_add(AGAIN).ok()).unwrap_or(now);
            return Ok(Lent { account: credentials.account.clone(), credentials, until });
        }
        let session = match self.kept(None).filter(|session| is_good(session, None, now)) {
            Some(session) => {
                let is_free = self.turn.try_lock().is_ok();
                if is_free && plan::is_due(&session, &self.world.settings, now) {
                    let lender = self.clone();
                    std::thread::spawn(move || lender.renew_early());
                }
                session
            }
            None => self.renew(|session, now| is_good(session, None, now))?,
        };
        let account = self.subject.check(&session)?;
        let until = session.end();
        Ok(Lent { credentials: session.credentials, account, until })
    }

    fn renew_early(&self) {
        // If it fails, that is remembered, and the old one serves on.
        let _ = self.renew(|session, now| !plan::is_due(session, &self.world.settings, now));
    }

    /// A session that will do: somebody else's, or a new one, unless it is too early to ask again.
    fn renew(&self, will_do: impl Fn(&Session, clock::Timestamp) -> bool) -> anyhow::Result<Session> {
        let mut unkept = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if let Some(session) = self.kept(unkept.as_ref()).filter(|session| will_do(session, now)) {
            return Ok(session);
        }
        let world = &self.world;
        if let Some(last) = FailureRecord::load(&world.places, &self.session)
            && last.pause_until(now).is_some()
        {
            let exit = if last.needs_person { Exit::PersonNeeded } else { Exit::Failed };
            return Err(Failure { exit, what: last.what, hint: last.hint }.into());
        }
        let mended_in = mended_in(&self.subject, world);
        let obtained = self.subject.refresh(&self.session, world, &mut Mfa::nobody()).and_then(|obtained| {
            self.subject.check(&obtained.session)?;
            Ok(obtained)
        });
        let obtained = obtained.inspect_err(|error| remember(error, mended_in, &self.session, world))?;
        tell_shells(world);
        *unkept = obtained.not_kept.is_some().then(|| obtained.session.clone());
        Ok(obtained.session)
    }

    fn kept(&self, unkept: Option<&Session>) -> Option<Session> {
        match SessionStore::new(&self.world.places).load(&self.session) {
            Found::Session(session) => Some(*session),
            Found::Absent | Found::Unreadable => unkept.cloned(),
        }
    }
}
