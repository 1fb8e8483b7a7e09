//! What an idle agent costs: 200 bashes on terminals, in a directory with `deliver = "endpoint"`, and nothing to do for
//! a minute. `cargo bench --bench idle`; `-- --shells N`, `-- --seconds N`. Linux: it reads `/proc`.
//!
//! `-- --planted-fault` writes to a watched directory each second, and must fail.
#![allow(clippy::disallowed_methods, reason = "time is what is measured")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for a person")]
#![allow(clippy::unwrap_used, reason = "a proof that cannot go on has failed")]

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use awsenv_bench::{Asked, deploy, scenario};
use awsenv_parts::agent::Agent;
use awsenv_parts::home::{Home, Rc};
use awsenv_parts::pty::Terminal;
use awsenv_parts::shell::bashes;
use awsenv_sandbox::Sandbox;

/// Promised: so much memory of its own at most, in KiB (the program's pages are shared and may go), and so many
/// wake-ups in a minute.
const MEMORY: u64 = 4 * 1024;
const WAKE_UPS: u64 = 6;

fn main() -> ExitCode {
    let Some(asked) = Asked::of_a_bench() else { return ExitCode::SUCCESS };
    let (count, seconds) = (asked.number("--shells", 200), asked.number("--seconds", 60));

    let sandbox = Sandbox::start(scenario());
    let home = Home::new();
    home.write("home/.aws/config", deploy(""));
    home.pin("deploy", "profile = \"deploy\"\ndeliver = \"endpoint\"\n");
    let bash = bashes().remove(0);
    let env = [("AWS_ENDPOINT_URL_STS", sandbox.url())];
    let mut shells = Vec::new();
    for _ in 0..count {
        let mut terminal = Terminal::start_with(&bash, &home, &Rc::default(), &env);
        terminal.run("cd deploy");
        shells.push(terminal);
    }
    let uri = shells[0].text_of("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert!(uri.is_some_and(|uri| uri.starts_with("http://127.0.0.1:")), "no endpoint was given");

    let agent = Agent::of(&home);
    let attached = agent.shells();
    agent.settle();
    let before = agent.wake_ups();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        std::thread::park_timeout(Duration::from_secs(1));
        if asked.is_planted() {
            fs::write(home.home(".aws/planted"), "x").unwrap();
        }
    }
    let woken = (agent.wake_ups() - before) * 60 / start.elapsed().as_secs();
    let [all, own, threads] = ["VmRSS", "RssAnon", "Threads"].map(|name| agent.says(name));
    println!(
        "| shells | attached | memory (RSS) | of its own | threads | wake-ups a minute |\n|---|---|---|---|---|---|"
    );
    println!("| {count} | {attached} | {all} KiB | {own} KiB | {threads} | {woken} |");
    println!("\npromised: at most {MEMORY} KiB of its own, {WAKE_UPS} wake-ups a minute");
    if own <= MEMORY && woken <= WAKE_UPS && attached == count.to_string() {
        return ExitCode::SUCCESS;
    }
    eprintln!("idle: broken");
    ExitCode::FAILURE
}
