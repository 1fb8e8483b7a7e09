//! `awsenv agent run`: the agent's process.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::tenant::Tenant;
use crate::agent::alarm::sleep_until;
use crate::agent::control::{self, Question, Reply, Status, Wish};
use crate::agent::endpoint::Endpoint;
use crate::agent::grants::Grants;
use crate::agent::watch::Watch;
use crate::clock::{self, Timestamp};
use crate::commands::allow::tell_shells;
use crate::commands::serve::leave_streams;
use crate::files::{self, Lock};
use crate::message::{Failure, printable};
use crate::places::Places;
use crate::process::is_running;
use crate::provider::runtime;
use crate::session::grant::{self, Grant};
use crate::session::session_key::SessionKey;
use crate::world::{self, World};

/// What the agent says once it can be asked.
pub(super) const READY: &str = "ready\n";

/// Locked while one begins.
pub(super) const START: &str = "start.lock";

/// Whoever asks to be ended at once is served for a moment all the same.
const LEAST_IDLE: Duration = Duration::from_secs(1);

/// Changes come in swarms.
const SWARM: Duration = Duration::from_millis(250);

/// Where commands speak to it.
pub(super) fn socket(places: &Places) -> PathBuf {
    places.agent().join("control")
}

struct Agent {
    uri: String,
    grants: Arc<Grants<Tenant>>,
    watch: Watch,
    world: World,
    /// Locked as long as this lives.
    life: Lock,
    since: Timestamp,
    /// When somebody last wanted something of it.
    wanted: Mutex<Timestamp>,
    /// One question after the other: what is granted is not taken back in the middle.
    turn: Mutex<()>,
    /// Something may have to be renewed.
    wake: Arc<Notify>,
}

/// Runs it until nobody is left who could ask.
pub fn run(world: World) -> anyhow::Result<()> {
    match serve(world) {
        // Whoever has started it reads this.
        Err(error) => world::out(format!("{error:#}").as_bytes()),
        done => done,
    }
}

fn serve(world: World) -> anyhow::Result<()> {
    // Of its own session: a Ctrl-C or a closing terminal is not meant for it.
    let _ = rustix::process::setsid();
    let places = world.places.clone();
    for dir in [&places.runtime, &places.agent(), &grant::dir(&places), &grant::shells(&places)] {
        files::private_dir(dir).with_context(|| format!("cannot use {}", dir.display()))?;
    }
    // Before anybody can take this one for alive, what the last one gave is gone.
    let wait = |name: &str| {
        files::lock_within(&places.agent().join(name), Duration::from_secs(5))?
            .ok_or_else(|| anyhow!(Failure::new("another one is in the way")))
    };
    let starting = wait(START)?;
    if files::is_locked(&grant::alive(&places)) {
        return world::out(READY.as_bytes());
    }
    grant::clear(&places)?;
    let life = wait("alive")?;
    life.set_len(0)?;
    write!(&*life, "{}", std::process::id())?;
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        let endpoint = Endpoint::open(last_port(&places)).await?;
        files::write_private(&port(&places), endpoint.port().to_string().as_bytes())?;
        let path = socket(&places);
        let listener =
            control::listen(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
        let wake = Arc::new(Notify::new());
        let now = clock::now();
        let agent = Arc::new(Agent {
            uri: endpoint.uri(),
            grants: Arc::default(),
            watch: Watch::new(wake.clone()),
            world,
            life,
            since: now,
            wanted: Mutex::new(now),
            turn: Mutex::default(),
            wake,
        });
        let mut terminate = signal(SignalKind::terminate())?;
        drop(starting);
        world::out(READY.as_bytes())?;
        leave_streams()?;
        let answer = {
            let agent = agent.clone();
            Arc::new(move |question, attached| agent.answer(question, &attached))
        };
        tokio::select! {
            () = endpoint.serve(agent.grants.clone()) => (),
            () = control::serve(listener, answer) => (),
            () = agent.tend() => (),
            _ = terminate.recv() => (),
        }
        // Prompts begin another one if they need it: first what they look at goes, then they are told. Unless there
        // is another one already: somebody has taken the directory away from under this one.
        if agent.is_the_one() {
            let _ = fs::remove_file(socket(&places));
            grant::clear(&places)?;
            tell_shells(&agent.world);
            // Its process id may soon be somebody else's.
            let _ = agent.life.set_len(0);
        }
        Ok(())
    });
    // Whoever still waits for a session waits in vain.
    runtime.shutdown_background();
    done
}

/// A program that still asks the last agent's port then hears that its token is good no more, and no stranger.
fn last_port(places: &Places) -> Option<u16> {
    let (bytes, _) = files::read_limited(&port(places), 16).ok()??;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}

fn port(places: &Places) -> PathBuf {
    places.agent().join("port")
}

impl Agent {
    fn answer(&self, question: Question, attached: &Zeroizing<Vec<u8>>) -> Reply {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match question {
            Question::Grant(wish) => match self.grant(wish, attached) {
                Ok(()) => Reply::Done,
                Err(error) => Reply::Refused(printable(&format!("{error:#}"))),
            },
            Question::Revoke { sign_in } => {
                let is_meant = |tenant: &Tenant| tenant.stands_on(sign_in.as_deref());
                for tenant in self.grants.lenders().iter().filter(|tenant| is_meant(tenant)) {
                    let _ = tenant.subject.remove(&self.world.places);
                }
                self.grants.revoke(is_meant);
                Reply::Done
            }
            Question::Status => Reply::Status(Status {
                pid: std::process::id(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                address: self.uri.split('/').nth(2).unwrap_or_default().to_owned(),
                since: clock::rfc3339(self.since),
                shells: self.shells(),
                sessions: self.grants.lenders().iter().map(|tenant| tenant.lending()).collect(),
            }),
            Question::Stop => Reply::Done,
        }
    }

    fn grant(&self, wish: Wish, env: &[u8]) -> anyhow::Result<()> {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = clock::now();
        let lasting = SessionKey::named(&wish.lasting).ok_or_else(|| Failure::new("no session's name"))?;
        log::info!("agent: lends {}, session {}", wish.name, lasting.short());
        let subject = grant::Subject { lasting, account: wish.account.clone() };
        let known = self.grants.lenders().into_iter().find(|tenant| tenant.subject == subject);
        let tenant = match known {
            Some(tenant) => {
                tenant.add_way(wish, env)?;
                tenant
            }
            None => Arc::new(Tenant::new(subject.clone(), wish, env, self.wake.clone())?),
        };
        let directories = tenant.directories();
        let places = &self.world.places;
        let token =
            match Grant::load(places, &subject).filter(|grant| self.grants.find(&grant.token).is_some()) {
                Some(grant) => grant.token,
                None => self.grants.add(tenant),
            };
        Grant { uri: self.uri.clone(), token, directories }
            .save(places, &subject)
            .context("cannot keep what opens the endpoint")?;
        self.wake.notify_one();
        Ok(())
    }

    /// Renews what is in use, in time. Returns when nobody is left who could ask.
    async fn tend(&self) {
        loop {
            let now = clock::now();
            if !self.is_the_one() {
                return;
            }
            let lenders = self.grants.lenders();
            lenders.iter().flat_map(|tenant| tenant.watched()).for_each(|path| self.watch.add(&path));
            let renewals = lenders.iter().filter_map(|tenant| tenant.tend(now)).min();
            let Some(end) = self.idle_from(&lenders, now) else { return };
            let next = renewals.map_or(end, |renewal| renewal.min(end));
            tokio::select! {
                () = sleep_until(next) => (),
                () = self.wake.notified() => tokio::time::sleep(SWARM).await,
            }
        }
    }

    /// When to look whether anybody is left; `None`: nobody is.
    fn idle_from(&self, lenders: &[Arc<Tenant>], now: Timestamp) -> Option<Timestamp> {
        let idle = self.world.settings.agent_idle.max(LEAST_IDLE);
        let after = |moment: Timestamp| moment.checked_add(idle).unwrap_or(moment);
        let in_use = lenders.iter().filter_map(|tenant| tenant.in_use_until()).max();
        let wanted = *self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let end = in_use.map_or(after(wanted), |until| until.max(after(wanted)));
        match end > now {
            true => Some(end),
            false => (self.shells() > 0).then(|| after(now)),
        }
    }

    /// Whether prompts look at this agent.
    fn is_the_one(&self) -> bool {
        let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let there = fs::metadata(grant::alive(&self.world.places)).map(id);
        there.is_ok_and(|there| self.life.metadata().map(id).is_ok_and(|own| own == there))
    }

    /// Shells that live. Those that have gone are forgotten.
    fn shells(&self) -> usize {
        let Ok(entries) = fs::read_dir(grant::shells(&self.world.places)) else { return 0 };
        let lives = |entry: &fs::DirEntry| {
            let lives = entry.file_name().to_str().and_then(|pid| pid.parse().ok()).is_some_and(is_running);
            lives || files::remove(&entry.path()).is_err()
        };
        entries.flatten().filter(lives).count()
    }
}
