//! The day: who comes to a prompt when.

use std::fs;
use std::ops::Range;
use std::time::Duration;

use awsenv_parts::agent::Agent;
use awsenv_parts::clock::Clock;
use awsenv_parts::company;
use awsenv_parts::home::Home;
use awsenv_parts::worker::{Commands, Worker, work};
use awsenv_sandbox::Sandbox;

pub(crate) const HOUR: i64 = 3600;
/// A shell comes to a prompt every so often, in seconds.
pub(crate) const PAUSE: i64 = 600;
/// Nobody is at work from here to there.
pub(crate) const LUNCH: Range<i64> = 12 * HOUR..14 * HOUR;
/// The clock goes on by so much at a time; and so often the agent is woken.
const TICK: i64 = 15;
const WAKE: i64 = 300;
/// The portal lets a sign-in last so long.
const SIGN_IN: i64 = 8 * HOUR;

/// What became of the commands and of the agent.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) commands: Commands,
    /// The agent's memory of its own after an hour, and at the end, in KiB: what it has touched once it keeps for a while.
    pub(crate) memory: [u64; 2],
}

/// So many seconds of work.
pub(crate) fn live(
    seconds: i64,
    workers: &mut [Worker<'_>],
    agent: &Agent<'_>,
    home: &Home,
    sandbox: &Sandbox,
    clock: &mut Clock,
) -> Day {
    let mut commands = Commands::default();
    workers.iter_mut().for_each(Worker::begin);
    workers.iter_mut().for_each(Worker::wait);
    work(workers.iter_mut(), sandbox, &mut commands);
    let mut memory = 0;
    for now in (1..seconds / TICK).map(|tick| tick * TICK) {
        clock.set(now, sandbox);
        if now % SIGN_IN == 0 {
            company::sign_in(home, sandbox);
        }
        if now == TICK || now == HOUR {
            memory = agent.says("RssAnon");
        }
        if now % WAKE == 0 {
            fs::write(home.home(".aws/wake"), now.to_string()).unwrap();
            // Else nothing takes time then.
            let is_quiet = LUNCH.contains(&now);
            std::thread::park_timeout(if is_quiet { Duration::from_millis(300) } else { Duration::ZERO });
        }
        let is_at_prompt = |n: usize| match now {
            _ if LUNCH.contains(&now) => false,
            _ => now == LUNCH.end || i64::try_from(n).is_ok_and(|n| (n * TICK - now) % PAUSE == 0),
        };
        let at_prompt = workers.iter_mut().enumerate().filter(|(n, _)| is_at_prompt(*n));
        work(at_prompt.map(|(_, worker)| worker), sandbox, &mut commands);
    }
    Day { commands, memory: [memory, agent.says("RssAnon")] }
}
