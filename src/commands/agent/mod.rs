//! `deliver = "endpoint"`: the agent that lends sessions to programs, and the commands that speak to it. It is started
//! by the first directory that wants it, and ends when nobody is left who could ask.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use super::allow::tell_shells;
use super::serve::awsenv;
use super::subject::Subject;
use crate::agent::control::{self, Question, Reply, Status, Wish};
use crate::env::Env;
use crate::files;
use crate::message::{Failure, printable};
use crate::places::tilde;
use crate::provider::runtime;
use crate::session::grant::{self, alive};
use crate::session::session_key::SessionKey;
use crate::session::sign_in;
use crate::world::{self, World};

pub mod run;
mod tenant;

/// What the agent itself needs of an environment. Whoever starts it may have secrets in theirs.
const INHERITED: [&str; 7] = [
    "HOME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "AWSENV_CONFIG",
];

/// So often one that begins or ends is asked, at most so far apart.
const ATTEMPTS: u32 = 20;
const MOMENT: Duration = Duration::from_millis(250);
/// It begins and ends within this.
const PATIENCE: Duration = Duration::from_secs(5);

/// The documented schema of `agent status --json` (docs/json.md).
#[derive(Serialize)]
struct Told {
    running: bool,
    #[serde(flatten)]
    status: Option<Status>,
}

/// Has a session lent to the programs of a directory.
pub(super) fn grant(
    subject: &Subject,
    session: &SessionKey,
    directory: &Path,
    world: &World,
) -> anyhow::Result<()> {
    let wish = Wish {
        lasting: subject.resolved.lasting_key(&world.original).name().to_owned(),
        session: session.name().to_owned(),
        files: subject.resolved.files(),
        name: subject.resolved.name.clone(),
        directory: directory.into(),
        account: subject.pin.as_ref().and_then(|pin| pin.account.clone()),
        sign_in: sign_in::of(&subject.resolved.chain.source),
    };
    let (question, env) = (Question::Grant(wish), tenant::pack(&world.env));
    let begins = world.places.agent().join(run::START);
    let lives = alive(&world.places);
    // One that begins or ends just now does not answer.
    for _ in 0..ATTEMPTS {
        start(world).context("cannot start the agent")?;
        match ask(&question, &env, world)? {
            Some(Reply::Done) => return Ok(()),
            Some(Reply::Refused(why)) => return Err(Failure::new(format!("the agent refuses: {why}")).into()),
            _ => {
                files::wait_until_free(&begins, PATIENCE);
                files::wait_until_free(&lives, MOMENT);
            }
        }
    }
    Err(Failure::new("the agent does not answer").hint("`awsenv agent stop` ends it").into())
}

/// Takes back what stands on a sign-in, or on any. The agent may be out of reach: what it could lend is gone from the
/// store all the same.
pub(super) fn revoke(sign_in: Option<&str>, world: &World) {
    let question = Question::Revoke { sign_in: sign_in.map(str::to_owned) };
    if let Err(error) = ask(&question, &[], world) {
        // Prompts at least give nothing of it out any more.
        let _ = grant::clear(&world.places);
        world::say(&printable(&format!(
            "awsenv: the agent could not be told: {error:#}; `awsenv agent stop` ends it"
        )));
    }
}

/// `awsenv agent status`.
pub fn status(json: bool, world: &World) -> anyhow::Result<()> {
    let status = running(world)?;
    if json {
        let told = Told { running: status.is_some(), status };
        return world::out(format!("{}\n", serde_json::to_string_pretty(&told)?).as_bytes());
    }
    let Some(status) = status else {
        return world::out(b"no agent runs; the first directory with deliver = \"endpoint\" starts one\n");
    };
    let mut text = format!(
        "process {}, since {}, on {}, for {} shell{}\n",
        status.pid,
        status.since,
        status.address,
        status.shells,
        if status.shells == 1 { "" } else { "s" }
    );
    for lending in &status.sessions {
        let until = lending.expiration.as_ref().map_or("no session".into(), |end| format!("until {end}"));
        let asked =
            lending.asked.as_ref().map_or("not asked for".into(), |asked| format!("asked for {asked}"));
        let directory = tilde(&lending.directory, &world.places.home);
        text += &format!("{}  {}  {until}  {asked}\n", printable(&lending.name), printable(&directory));
    }
    world::out(text.as_bytes())
}

/// `awsenv agent stop`.
pub fn stop(world: &World) -> anyhow::Result<()> {
    let path = alive(&world.places);
    if !files::is_locked(&path) {
        world::say("awsenv: no agent runs");
        return Ok(());
    }
    // One that begins has not written down yet who it is.
    files::wait_until_free(&world.places.agent().join(run::START), PATIENCE);
    let own = pid(&path);
    // The lock is free, or the next one's.
    let has_ended = || {
        (0..ATTEMPTS).any(|_| {
            files::wait_until_free(&path, MOMENT) || pid(&path).is_some_and(|next| Some(next) != own)
        })
    };
    // One that hangs hears nobody.
    let is_asked = ask(&Question::Stop, &[], world).is_ok_and(|reply| reply.is_some());
    if !(is_asked && has_ended()) {
        for signal in [Signal::TERM, Signal::KILL] {
            if let Some(pid) = own.filter(|own| pid(&path) == Some(*own)) {
                let _ = kill_process(pid, signal);
            }
            if has_ended() {
                break;
            }
        }
        if !has_ended() {
            return Err(Failure::new("the agent does not end").into());
        }
        tell_shells(world);
    }
    world::say("awsenv: the agent has ended; a prompt that needs it starts the next one");
    Ok(())
}

/// As it has written it down itself; no other process has this id as long as it holds the lock.
fn pid(alive: &Path) -> Option<Pid> {
    let (bytes, _) = files::read_limited(alive, 16).ok()??;
    Pid::from_raw(std::str::from_utf8(&bytes).ok()?.parse().ok()?)
}

/// What the agent does; `None`: none runs.
pub(super) fn running(world: &World) -> anyhow::Result<Option<Status>> {
    Ok(match ask(&Question::Status, &[], world)? {
        Some(Reply::Status(status)) => Some(status),
        _ => None,
    })
}

/// `None`: no agent runs.
fn ask(question: &Question, attached: &[u8], world: &World) -> anyhow::Result<Option<Reply>> {
    let socket = run::socket(&world.places);
    runtime()?.block_on(control::ask(&socket, question, attached)).context("the agent does not answer")
}

/// Unless one runs. It is there when this returns. One that somebody ends as it starts is followed by another.
fn start(world: &World) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        if files::is_locked(&alive(&world.places)) {
            return Ok(());
        }
        match start_one(world)?.as_str() {
            run::READY => return Ok(()),
            "" => log::info!("the agent has ended at once"),
            why => return Err(Failure::new(printable(why.trim())).into()),
        }
    }
    Err(Failure::new("it ended at once").into())
}

/// What it says once it serves, or why it does not.
fn start_one(world: &World) -> anyhow::Result<String> {
    log::info!("the agent is started");
    let env: Env = INHERITED.iter().filter_map(|name| Some((*name, world.env.get(name)?))).collect();
    let mut child = awsenv()?
        .args(["agent", "run"])
        .env_clear()
        .envs(env.iter())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut told = String::new();
    let mut stdout = child.stdout.take().context("it says nothing")?;
    std::io::Read::read_to_string(&mut stdout, &mut told)?;
    Ok(told)
}
