//! How many instructions awsenv takes, where a clock would tell of the machine's other work: `cargo bench --bench
//! instructions` (with `--profile dev` the bench itself is quick to build; what it counts is always the release). Needs
//! valgrind. What was counted before, on x86-64, stands in counts.txt; more than a tenth above it fails, and so does a
//! case of `export` that one of the two lacks. `AWSENV_REGENERATE=1` writes it anew.
#![allow(clippy::disallowed_methods, reason = "the environment is what is measured")]
#![allow(clippy::print_stdout, reason = "the table is for a person")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use awsenv_bench::{Asked, Crowd, Env, Home, Programs, faults, target};

const COUNTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/counts.txt");
/// Calls of a guard.
const CALLS: u64 = 200;

fn main() -> ExitCode {
    if Asked::of_a_bench().is_none() {
        return ExitCode::SUCCESS;
    }
    // As long and as deep on every machine: each byte of a path is copied, and each directory above looked into.
    let scratch = tempfile::tempdir_in("/tmp").expect("a temporary directory");
    let Programs { awsenv, empty } = Programs::build(target(env!("CARGO_BIN_EXE_awsenv")), scratch.path());
    let one = Crowd { profiles: 1, sessions: 1 };
    let home = Home::with_session(scratch.path().join("home"), awsenv, one);
    let counted: BTreeMap<_, _> = exports(&home, &empty).into_iter().chain(guards(&home)).collect();
    if std::env::var_os("AWSENV_REGENERATE").is_some() {
        let lines = counted.iter().fold(String::new(), |mut lines, (what, count)| {
            let _ = writeln!(lines, "{count:>9} {what}");
            lines
        });
        std::fs::write(COUNTS, lines).expect("the counts are written");
    }
    if judge(&counted) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the table; whether nothing is amiss.
fn judge(counted: &BTreeMap<String, u64>) -> bool {
    let text = std::fs::read_to_string(COUNTS).expect("counts.txt is there");
    let known: BTreeMap<_, u64> = text
        .lines()
        .filter_map(|line| line.trim_start().split_once(' '))
        .filter_map(|(count, what)| Some((what.to_owned(), count.parse().ok()?)))
        .collect();
    let faults = faults(counted, &known);
    println!("{:>12} {:>12}", "instructions", "before");
    for what in counted.keys().chain(faults.keys().filter(|what| !counted.contains_key(*what))) {
        let shown = |counts: &BTreeMap<_, u64>| counts.get(what).map_or("-".to_owned(), u64::to_string);
        let fault = faults.get(what).copied().unwrap_or_default();
        println!("{:>12} {:>12}  {what}  {fault}", shown(counted), shown(&known));
    }
    faults.is_empty()
}

/// A whole `export`, without what a program takes that does nothing.
fn exports(home: &Home, empty: &Path) -> Vec<(String, u64)> {
    let (here, outside) = (home.pinned(), home.plain());
    let cases = [
        ("nothing here", &outside, home.env()),
        ("entering, with a cached session", &here, home.env()),
        ("unchanged, with a cached session", &here, home.loaded(&here)),
        ("leaving", &outside, home.loaded(&here)),
    ];
    let of = |program: &Path, dir: &PathBuf, env: &Env| {
        let env = &with_usual_path(env);
        // Once before: what the first run writes, the next ones find.
        assert!(home.export(&home.program, dir, env).status().is_ok_and(|status| status.success()));
        let command = home.export(program, dir, env);
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut counted = counting(program);
        counted.args(arguments).current_dir(dir).env_clear().envs(env).env("PWD", dir);
        count(counted)
    };
    cases
        .map(|(case, dir, env)| {
            (format!("export, {case}"), of(&home.program, dir, &env).saturating_sub(of(empty, dir, &env)))
        })
        .into()
}

/// Where programs are is another text on each machine.
fn with_usual_path(env: &Env) -> Env {
    let path = [("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())];
    env.clone().into_iter().chain(path).collect()
}

/// One call of the hook at a prompt where nothing has changed.
fn guards(home: &Home) -> Vec<(String, u64)> {
    ["bash", "zsh", "fish"]
        .into_iter()
        .map(|kind| {
            let calls = |times: u64| {
                let (load, repeat) = match kind {
                    "fish" => {
                        ("$AWSENV hook fish | source", format!("for n in (seq {times}); __awsenv_hook; end"))
                    }
                    _ => (
                        "eval \"$(\"$AWSENV\" hook $KIND)\"",
                        format!("for ((n = 0; n < {times}; n++)); do __awsenv_hook; done"),
                    ),
                };
                let script =
                    format!("{load}\ncd \"$HERE\"\n__awsenv_hook\n__awsenv_ok || exit 1\n{repeat}\n");
                let mut shell = counting(Path::new(kind));
                shell.args(match kind {
                    "bash" => ["--norc", "--noprofile"].as_slice(),
                    "zsh" => &["-f"],
                    _ => &["--no-config"],
                });
                shell.args(["-c", &script]).current_dir(home.plain()).env_clear().envs(home.env());
                shell.env("AWSENV", &home.program).env("KIND", kind).env("HERE", home.pinned());
                count(shell)
            };
            (format!("guard, {}", version(kind)), (calls(CALLS) - calls(0)) / CALLS)
        })
        .collect()
}

fn version(kind: &str) -> String {
    let script = if kind == "fish" { "echo $version" } else { "echo ${BASH_VERSION:-$ZSH_VERSION}" };
    let output = Command::new(kind).args(["-c", script]).output().expect("the shell starts");
    format!("{kind} {}", String::from_utf8_lossy(&output.stdout).trim_end())
}

fn counting(program: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--log-fd=2",
        "--trace-children=no",
    ]);
    valgrind.arg(program).stdin(Stdio::null()).stdout(Stdio::null());
    valgrind
}

/// `==1234== Collected : 1003442`, of this process; what it forks says the same of itself, and first.
fn count(mut command: Command) -> u64 {
    let started = command.stderr(Stdio::piped()).spawn().expect("valgrind is installed");
    let ours = format!("=={}== ", started.id());
    let output = started.wait_with_output().expect("valgrind ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    let line = said.lines().filter_map(|line| line.strip_prefix(&ours)?.split_once("Collected : ")).next();
    line.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_else(|| panic!("{said}"))
}
