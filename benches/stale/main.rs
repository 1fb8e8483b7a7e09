//! Never stale: shells that work for minutes with sessions of seconds. `cargo bench --bench stale`.
//!
//! Two bashes, two zshs and two fishes, on terminals, share one identity whose sessions end after 20 seconds.
//! Each runs a command every second, and AWS is asked whose keys the command was given. None may be expired, none
//! may be missing, and however many shells there are, AWS is called as if there were one.
//!
//! `-- --planted-fault` keeps the shells from asking again, and must fail; `-- --seconds N` is another time than
//! three minutes.
#![allow(clippy::disallowed_methods, reason = "time is what is measured")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for a person")]
#![allow(clippy::unwrap_used, reason = "a proof that cannot go on has failed")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use awsenv_bench::{Asked, deploy, scenario};
use awsenv_parts::home::{Home, Rc};
use awsenv_parts::pty::Terminal;
use awsenv_parts::shell::{Kind, Shell, bashes, installed};
use awsenv_sandbox::{Sandbox, Scenario};

/// Seconds that a session lives.
const LIFE: u32 = 20;
/// Seconds before its end from which it is renewed: a fifth.
const MARGIN: u32 = LIFE / 5;

/// One shell, and what became of its commands.
struct Worker<'a> {
    terminal: Terminal<'a>,
    ran: usize,
    expired: usize,
    without: usize,
}

fn main() -> ExitCode {
    let Some(asked) = Asked::of_a_bench() else { return ExitCode::SUCCESS };
    let seconds = asked.number("--seconds", 180);

    let sandbox = Sandbox::start(Scenario { life: Some(LIFE), ..scenario() });
    let home = Home::new();
    home.write("home/.aws/config", deploy("role_session_name = me\nduration_seconds = 900\n"));
    home.write("home/.config/awsenv/config.toml", "debug_trap = true\n");
    home.pin("deploy", "profile = \"deploy\"\n");
    let shells = [bashes().remove(0), installed(Kind::Zsh), installed(Kind::Fish)];
    let mut workers: Vec<_> = shells
        .iter()
        .flat_map(|shell| [shell, shell])
        .map(|shell| Worker::start(shell, &home, &sandbox, asked.is_planted()))
        .collect();

    let start = Instant::now();
    for second in 1..=seconds {
        workers.iter_mut().for_each(|worker| worker.work(&sandbox));
        let next = Duration::from_secs(second);
        std::thread::park_timeout(next.saturating_sub(start.elapsed()));
    }
    let calls = sandbox.calls().iter().filter(|call| call.operation == "AssumeRole").count();
    let enough = usize::try_from(seconds.div_ceil((LIFE - MARGIN).into()) + 1).unwrap();
    report(&workers, calls, enough, start.elapsed())
}

impl<'a> Worker<'a> {
    fn start(shell: &Shell, home: &'a Home, sandbox: &Sandbox, planted: bool) -> Self {
        let env = [("AWS_ENDPOINT_URL_STS", sandbox.url())];
        let mut terminal = Terminal::start_with(shell, home, &Rc::default(), &env);
        terminal.run("cd deploy");
        if planted {
            let never = "__awsenv_ok() { :; }; __awsenv_hook() { :; }";
            terminal.run(shell.posix_or_fish(never, "function __awsenv_ok; end"));
        }
        Self { terminal, ran: 0, expired: 0, without: 0 }
    }

    /// A command, and whose keys it has by AWS's word.
    fn work(&mut self, sandbox: &Sandbox) {
        let environment = self.terminal.environment();
        let text =
            |name: &str| environment.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
        let [key, secret, token] =
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(text);
        self.ran += 1;
        match key.zip(secret) {
            None => self.without += 1,
            Some((key, secret)) if sandbox.verify(&key, &secret, token.as_deref()).is_none() => {
                self.expired += 1;
            }
            Some(_) => {}
        }
    }
}

fn report(workers: &[Worker<'_>], calls: usize, enough: usize, took: Duration) -> ExitCode {
    println!("| shell | commands | with expired keys | without keys |\n|---|---|---|---|");
    for worker in workers {
        let name = worker.terminal.shell.kind.name();
        println!("| {name} | {} | {} | {} |", worker.ran, worker.expired, worker.without);
    }
    println!("\n{calls} calls of AssumeRole in {} s, promised at most {enough}", took.as_secs());
    let is_kept = calls <= enough && workers.iter().all(|worker| worker.expired == 0 && worker.without == 0);
    if is_kept {
        return ExitCode::SUCCESS;
    }
    eprintln!("stale: broken");
    ExitCode::FAILURE
}
