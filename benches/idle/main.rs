//! What an idle agent costs: 200 bashes on terminals, in a directory with `deliver = "endpoint"`, and nothing to do for
//! a minute. `cargo bench --bench idle`; `-- --shells N`, `-- --seconds N`. Linux: it reads `/proc`.
//!
//! `-- --planted-fault` writes to a watched directory each second, and must fail.
#![allow(clippy::disallowed_methods, reason = "time is what is measured")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for a person")]
#![allow(clippy::unwrap_used, reason = "a proof that cannot go on has failed")]

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use awsenv_sandbox::{Role, Sandbox, Scenario, User};

#[allow(dead_code, reason = "the stories of tests/shells need more of it")]
#[path = "../../tests/shells/home.rs"]
mod home;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/shells/program.rs"]
mod program;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/shells/pty.rs"]
mod pty;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/shells/shell.rs"]
mod shell;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/shells/words/mod.rs"]
mod words;

use home::{AWSENV, Home, Rc};
use pty::Terminal;

const USER: &str = "arn:aws:iam::111122223333:user/me";
const ROLE: &str = "arn:aws:iam::444455556666:role/Deploy";
/// Promised: so much memory of its own at most, in KiB (the program's pages are shared and may go), and so many
/// wake-ups in a minute.
const MEMORY: u64 = 4 * 1024;
const WAKE_UPS: u64 = 6;

fn main() -> ExitCode {
    let asked: Vec<_> = std::env::args().collect();
    // `cargo test --all-targets` starts this too, without the word.
    if !asked.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    let number = |word: &str, usual: usize| {
        asked.iter().position(|own| own == word).map_or(usual, |at| asked[at + 1].parse().unwrap())
    };
    let (count, seconds) = (number("--shells", 200), number("--seconds", 60));
    let planted = asked.iter().any(|word| word == "--planted-fault");

    let user = User::new(USER, "AKIAALPHA", "secret/of+alpha");
    let sandbox = Sandbox::start(Scenario::default().user(user).role(Role::new(ROLE, &[USER])));
    let home = Home::new();
    home.write(
        "home/.aws/config",
        format!("[profile deploy]\nrole_arn = {ROLE}\nsource_profile = alpha\nregion = eu-west-1\n"),
    );
    home.pin("deploy", "profile = \"deploy\"\ndeliver = \"endpoint\"\n");
    let bash = shell::bashes().remove(0);
    let env = [("AWS_ENDPOINT_URL_STS", sandbox.url())];
    let mut shells = Vec::new();
    for _ in 0..count {
        let mut terminal = Terminal::start_with(&bash, &home, &Rc::default(), &env);
        terminal.run("cd deploy");
        shells.push(terminal);
    }
    let uri = shells[0].text_of("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert!(uri.is_some_and(|uri| uri.starts_with("http://127.0.0.1:")), "no endpoint was given");

    let told = Command::new(AWSENV)
        .args(["agent", "status", "--json"])
        .env_clear()
        .envs(home.environment())
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let field = |name: &str| {
        let (_, rest) = told.split_once(&format!("\"{name}\": ")).unwrap();
        rest.chars().take_while(char::is_ascii_digit).collect::<String>()
    };
    let (pid, attached) = (field("pid"), field("shells"));
    // Those that have answered go after a while, and their counts with them: its own and the watcher's stay.
    while fs::read_dir(format!("/proc/{pid}/task")).unwrap().count() > 2 {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let before = wake_ups(&pid);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds as u64) {
        std::thread::park_timeout(Duration::from_secs(1));
        if planted {
            fs::write(home.home(".aws/planted"), "x").unwrap();
        }
    }
    let woken = (wake_ups(&pid) - before) * 60 / start.elapsed().as_secs();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let memory = |name: &str| kib(&status, name);
    println!(
        "| shells | attached | memory (RSS) | of its own | threads | wake-ups a minute |\n|---|---|---|---|---|---|"
    );
    println!(
        "| {count} | {attached} | {} KiB | {} KiB | {} | {woken} |",
        memory("VmRSS"),
        memory("RssAnon"),
        memory("Threads")
    );
    println!("\npromised: at most {MEMORY} KiB of its own, {WAKE_UPS} wake-ups a minute");
    let _ = Command::new(AWSENV).args(["agent", "stop"]).env_clear().envs(home.environment()).output();
    if memory("RssAnon") <= MEMORY && woken <= WAKE_UPS && attached == count.to_string() {
        return ExitCode::SUCCESS;
    }
    eprintln!("idle: broken");
    ExitCode::FAILURE
}

/// How often its threads have gone to sleep: each time something had woken one.
fn wake_ups(pid: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let status = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    status.map(|status| kib(&status, "voluntary_ctxt_switches")).sum()
}

fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
