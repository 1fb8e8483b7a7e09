//! The endpoint of `exec --endpoint`: a process beside the command, which lives as long. So the command takes the
//! place of `exec` as without it, and its signals, its terminal and its end are its own.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::mpsc;

use super::lender::Lender;
use super::subject::{Asking, Subject, subject};
use crate::agent::endpoint::Endpoint;
use crate::agent::grants::Grants;
use crate::agent::life::Life;
use crate::message::Failure;
use crate::process::{Uninterrupted, end_all, end_by, finish, next_ending, spawn, this_program};
use crate::provider::runtime;
use crate::secret::Secret;
use crate::world::{self, World};

/// What a command is told.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) uri: String,
    pub(super) token: Secret,
}

/// Starts it for this process, and for whatever that becomes.
pub(super) fn start(asking: &Asking<'_>, subject: &Subject, world: &World) -> anyhow::Result<Served> {
    let session = subject.resolved.session_key(&world.original);
    let mut child = awsenv()?
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

pub(super) fn awsenv() -> anyhow::Result<Command> {
    Ok(Command::new(this_program().context("cannot find awsenv itself")?))
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
        return Ok(awsenv()?.args(same).arg("--apart").spawn().map(drop)?);
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
    let lender = Lender::new(subject, world);
    // In all threads, from here on: whoever ends this ends the programs that it runs, too.
    let uninterrupted = Uninterrupted::begin();
    let (over, mut is_over) = mpsc::unbounded_channel();
    let gone = over.clone();
    spawn(move || {
        life.wait();
        let _ = gone.send(None);
    });
    spawn(move || {
        let _ = over.send(next_ending());
    });
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let (endpoint, grants) = (Endpoint::open(None).await?, Arc::new(Grants::default()));
        let token = grants.add(lender);
        world::out(format!("{}\n{}\n", endpoint.uri(), token.expose()).as_bytes())?;
        leave_streams()?;
        Ok(tokio::select! {
            () = endpoint.serve(grants) => None,
            ending = is_over.recv() => ending.flatten(),
        })
    });
    end_all();
    finish();
    runtime.shutdown_background();
    drop(uninterrupted);
    served.map(|ending| ending.into_iter().for_each(end_by))
}

/// Whoever reads what the command prints waits for the command alone. A log that was asked for goes on.
pub(super) fn leave_streams() -> anyhow::Result<()> {
    let null = std::fs::File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    if log::max_level() == log::LevelFilter::Off {
        rustix::stdio::dup2_stderr(&null)?;
    }
    Ok(())
}
