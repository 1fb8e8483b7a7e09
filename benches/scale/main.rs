//! A day of a company on one machine: 500 bashes on terminals whose programs ask one agent, and 50 that have keys in
//! their environment, in ten projects. Each comes to a prompt every ten minutes, by a clock that is moved; from twelve
//! to two nobody does, and then all of them in the same moment. `cargo bench --bench scale`; `-- --shells N`, `-- --hours
//! N`. Linux: it reads `/proc`, and moves the clock by `LD_PRELOAD`.
//!
//! Nobody may move the kernel's clock, by which the agent's alarm goes off. So a file changes every five minutes in a
//! directory that it watches, whereupon it looks at its own.
//!
//! `-- --planted-fault` gives every other shell a store of its own, and must fail.
#![allow(clippy::disallowed_methods, reason = "time is what is measured")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for a person")]
#![allow(clippy::unwrap_used, reason = "a proof that cannot go on has failed")]

use std::process::ExitCode;
use std::time::Instant;

use awsenv_bench::Asked;
use awsenv_parts::agent::Agent;
use awsenv_parts::clock::Clock;
use awsenv_parts::company::{self, Project};
use awsenv_parts::home::Home;
use awsenv_parts::shell::bashes;
use awsenv_parts::worker::Worker;
use awsenv_sandbox::{Call, Sandbox};

mod day;

use day::{Day, HOUR, LUNCH, PAUSE};

/// A session of an hour is renewed a fifth before its end, a sign-in's token a quarter of an hour.
const RENEWED: i64 = 48 * 60;
const SIGN_IN_RENEWED: i64 = 45 * 60;
/// Two processors take longer than the usual 1.5 s for so many shells that come back in one moment.
const SETTINGS: &str = "debug_trap = true\nwait = '10s'\n";
/// Promised: the agent's memory of its own at most, in KiB, and so much more of it at the end than after an hour.
const MEMORY: u64 = 4 * 1024;
const GROWTH: u64 = 1024;

fn main() -> ExitCode {
    let Some(asked) = Asked::of_a_bench() else { return ExitCode::SUCCESS };
    let (count, seconds) = (asked.number("--shells", 500), asked.number("--hours", 24) * HOUR);
    let start = Instant::now();
    let home = Home::new();
    home.write("home/.config/awsenv/config.toml", SETTINGS);
    let (projects, sandbox) = company::found(&home);
    let mut clock = Clock::new(&home);
    company::sign_in(&home, &sandbox);
    let agent = Agent::start(&home, &clock.environment());
    let mut workers = hire(count, &projects, &home, &sandbox, &clock, asked.is_planted());
    let day = day::live(seconds, &mut workers, &agent, &home, &sandbox, &mut clock);

    let is_the_first = agent.is_running();
    let cpu = agent.cpu();
    let attached = agent.shells();
    let is_kept = report_calls(&sandbox.calls(), clock.begin, seconds);
    let Day { commands, memory: [before, after] } = day;
    println!(
        "\n| shells | commands | with expired keys, or another's | without keys | exports | renewals |\n\
         |---|---|---|---|---|---|"
    );
    let started = clock.started();
    println!(
        "| {} | {} | {} | {} | {} | {} |",
        workers.len(),
        commands.all,
        commands.expired_or_wrong,
        commands.without,
        started.exports,
        started.renewals
    );
    println!(
        "\n| the agent's shells | memory of its own after an hour | at the end | processor |\n|---|---|---|---|"
    );
    println!("| {attached} | {before} KiB | {after} KiB | {:.1} s |", cpu.as_secs_f64());
    println!(
        "\npromised: no wrong keys, at most {MEMORY} KiB, {GROWTH} KiB more than after an hour; it took {} s",
        start.elapsed().as_secs()
    );
    commands.trouble.iter().for_each(|trouble| println!("\n{trouble}"));
    if is_kept
        && commands.expired_or_wrong == 0
        && commands.without == 0
        && after <= MEMORY.min(before + GROWTH)
        && is_the_first
    {
        return ExitCode::SUCCESS;
    }
    eprintln!("scale: broken");
    ExitCode::FAILURE
}

/// So many shells whose programs ask the agent, and a tenth more that have keys.
fn hire<'a>(
    count: usize,
    projects: &[Project],
    home: &'a Home,
    sandbox: &Sandbox,
    clock: &Clock,
    is_planted: bool,
) -> Vec<Worker<'a>> {
    let bash = bashes().remove(0);
    let apart = home.at("apart");
    let together =
        [&[("AWS_ENDPOINT_URL", sandbox.url()), ("USER", "me")], &clock.environment()[..]].concat();
    let apart = [&together[..], &[("XDG_STATE_HOME", apart.to_str().unwrap())]].concat();
    let worker = |n: usize| {
        let project = &projects[n % projects.len()];
        let directory = if n < count { project.name.clone() } else { format!("{}-keys", project.name) };
        let is_apart = is_planted && n / projects.len() % 2 == 1;
        Worker::start(&bash, home, project, &directory, if is_apart { &apart } else { &together })
    };
    (0..count + count / 10).map(worker).collect()
}

/// Each session asked for once in its time, however many shells there are.
fn report_calls(calls: &[Call], begin: i64, seconds: i64) -> bool {
    println!(
        "| call | sessions | in {} h | promised | in one second | while nobody is there | when all come back |\n\
         |---|---|---|---|---|---|---|",
        seconds / HOUR
    );
    let rows = company::SESSIONS.map(|(operation, sessions)| (operation, sessions, RENEWED));
    let rows = rows.into_iter().chain([("CreateToken", 1, SIGN_IN_RENEWED)]);
    let mut is_kept = true;
    for (operation, sessions, renewed) in rows {
        let at: Vec<_> =
            calls.iter().filter(|call| call.operation == operation).map(|call| call.at - begin).collect();
        let within = |from: i64, to: i64| at.iter().filter(|at| (from..to).contains(at)).count();
        let enough = sessions * usize::try_from(seconds / renewed + 1).unwrap();
        let peak = at.iter().map(|second| within(*second, second + 1)).max().unwrap_or_default();
        let [away, back] = [within(LUNCH.start, LUNCH.end), within(LUNCH.end, LUNCH.end + PAUSE)];
        println!("| {operation} | {sessions} | {} | {enough} | {peak} | {away} | {back} |", at.len());
        is_kept &= at.len() <= enough && [peak, away, back].into_iter().all(|count| count <= sessions);
    }
    let failed: Vec<_> = calls.iter().filter(|call| call.error.is_some()).collect();
    failed.iter().for_each(|call| println!("refused: {call:?}"));
    is_kept && failed.is_empty()
}
