//! What awsenv costs, measured and held to: `cargo bench --bench cost`. Everything is compared with something
//! else in the same run, turn by turn, so that a slow or busy machine slows both.
//!
//! `-- --segment` measures the prompt's segment alone, `-- --newer` xonsh, nushell and tcsh, which takes no release build:
//! add `--profile dev`.
//! `-- --planted-fault` makes our side slower on purpose and must fail; `-- --check-the-check` sees to that.
#![allow(clippy::disallowed_methods, reason = "time and environment are what is measured")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for a person")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

mod homes;
mod newer;
mod shells;
mod table;

use homes::Home;
use shells::{KINDS, Shell};
use table::{Row, in_turns};

/// An unchanged prompt: a guard against a process that starts, looks and ends.
const HOOK_BOUND: f64 = 1.0 / 50.0;
/// fish interprets more slowly, and its `path` calls are dearer.
const HOOK_BOUND_FISH: f64 = 1.0 / 15.0;
/// A whole `awsenv export` against a program that does nothing.
const EXPORT_BOUND_EMPTY: f64 = 1.6;
/// A whole `awsenv export` against direnv's.
const EXPORT_BOUND_DIRENV: f64 = 0.5;
/// A whole `awsenv export` with an AWS config of 7,000 lines against the same with four: what is kept of it is asked.
const LARGE_BOUND: f64 = 1.1;
/// The same where it has to be read.
const ANEW_BOUND: f64 = 7.0;

/// `cd` in and out, each with its prompt, against direnv's.
const MOVES_BOUND: f64 = 0.5;

/// How often each thing is measured.
#[derive(Clone, Copy)]
struct Rounds {
    hook: usize,
    export: usize,
    moves: usize,
}

const FULL: Rounds = Rounds { hook: 301, export: 501, moves: 51 };
const SHORT: Rounds = Rounds { hook: 51, export: 101, moves: 1 };

fn main() -> ExitCode {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    // `cargo test --all-targets` starts this too, without the word.
    if !asked("--bench") {
        return ExitCode::SUCCESS;
    }
    if asked("--check-the-check") {
        return check_the_check();
    }
    if asked("--segment") {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let program = PathBuf::from(env!("CARGO_BIN_EXE_awsenv"));
        let home = Home::with_session(scratch.path().join("session"), program, 0);
        table::print(&segments(&home, FULL));
        println!("load: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim_end());
        return ExitCode::SUCCESS;
    }
    if asked("--newer") {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let home = Home::ours(scratch.path().join("ours"), PathBuf::from(env!("CARGO_BIN_EXE_awsenv")));
        table::print(&newer::rows(&home, FULL.hook));
        println!("load: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim_end());
        return ExitCode::SUCCESS;
    }
    let planted = asked("--planted-fault");
    let rows = measure(FULL, planted);
    table::print(&rows);
    let broken: Vec<_> = rows.iter().filter(|row| row.is_broken()).collect();
    for row in &broken {
        eprintln!("cost: broken: {}", row.promise());
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The clean run keeps every bound; the planted one breaks every bound.
fn check_the_check() -> ExitCode {
    let clean = measure(SHORT, false);
    let planted = measure(SHORT, true);
    table::print(&clean);
    table::print(&planted);
    let wrongly_broken = clean.iter().filter(|row| row.is_broken());
    let wrongly_kept = planted.iter().filter(|row| row.bound.is_some() && !row.is_broken());
    let wrong: Vec<_> = wrongly_broken.chain(wrongly_kept).collect();
    for row in &wrong {
        eprintln!("cost: the check is wrong about: {}", row.promise());
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(rounds: Rounds, planted: bool) -> Vec<Row> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let (awsenv, empty) = build(scratch.path());
    let ours = Home::ours(scratch.path().join("ours"), awsenv);
    let direnv = Home::direnv(scratch.path().join("direnv"));
    let mut rows = Vec::new();
    for kind in KINDS {
        rows.extend(hook(kind, &ours, &direnv, rounds, planted));
    }
    rows.extend(newer::rows(&ours, rounds.hook));
    rows.extend(export(&ours, &direnv, &empty, rounds, planted));
    let session = Home::with_session(scratch.path().join("session"), ours.program.clone(), 0);
    let large = Home::with_session(scratch.path().join("large"), ours.program.clone(), 1000);
    rows.extend(large_config(&large, &session, rounds, planted));
    rows.extend(segments(&session, rounds));
    for kind in KINDS {
        for (what, home) in [("keys", &ours), ("cached session", &session)] {
            let (mut a, mut b) = (Shell::moves(kind, home, planted), Shell::moves(kind, &direnv, false));
            let samples = in_turns(rounds.moves, || a.time(), || b.time());
            rows.push(Row::of(
                format!("cd in and out, {kind}, {what}"),
                "direnv",
                samples,
                Some(MOVES_BOUND),
            ));
        }
    }
    rows
}

/// At a prompt where nothing has changed.
fn hook(kind: &str, ours: &Home, direnv: &Home, rounds: Rounds, planted: bool) -> Vec<Row> {
    let bound = if kind == "fish" { HOOK_BOUND_FISH } else { HOOK_BOUND };
    let places = [
        ("pinned", ours.pinned(), direnv.pinned(), Some(bound)),
        ("no pin", ours.plain(), direnv.plain(), None),
    ];
    let rows = places.map(|(place, here, there, bound)| {
        let mut a = Shell::ours(kind, ours, &here, planted);
        let mut b = Shell::direnv(kind, direnv, &there);
        let samples = in_turns(rounds.hook, || a.time(), || b.time());
        shells::assert_none_ran(ours);
        Row::of(format!("unchanged prompt, {kind}, {place}"), "direnv", samples, bound)
    });
    rows.into()
}

/// What a prompt with the segment in it costs more than one without: text that the shell puts together.
fn segments(home: &Home, rounds: Rounds) -> Vec<Row> {
    let row = |kind: &str| {
        let (mut a, mut b) = (Shell::segment(kind, home, false), Shell::segment(kind, home, true));
        let samples = in_turns(rounds.hook, || a.time(), || b.time());
        Row::of(format!("segment, {kind}"), "a function call", samples, None)
    };
    KINDS.map(row).into()
}

/// The whole process, as the hook calls it.
fn export(ours: &Home, direnv: &Home, empty: &Path, rounds: Rounds, planted: bool) -> Vec<Row> {
    let program = exported(ours, planted);
    let (here, there) = (ours.pinned(), direnv.pinned());
    let cases =
        [("unchanged", ours.loaded(&here), direnv.loaded(&there)), ("entering", ours.env(), direnv.env())];
    let rows = cases.map(|(case, our_env, their_env)| {
        let mut a = ours.export(&program, &here, &our_env);
        let mut b = ours.export(empty, &here, &our_env);
        let mut c = direnv.export(&direnv.program, &there, &their_env);
        let what = format!("export, {case}");
        let empty = in_turns(rounds.export, || time(&mut a), || time(&mut b));
        let direnv = in_turns(rounds.export, || time(&mut a), || time(&mut c));
        let [a, b, c] = [&mut a, &mut b, &mut c].map(|command| cpu(rounds.export, || time(command)));
        [
            Row { cpu: a.zip(b), ..Row::of(what.clone(), "fn main() {}", empty, Some(EXPORT_BOUND_EMPTY)) },
            Row { cpu: a.zip(c), ..Row::of(what, "direnv", direnv, Some(EXPORT_BOUND_DIRENV)) },
        ]
    });
    rows.into_iter().flatten().collect()
}

/// With a session that is kept: once the AWS files have been read, and for the first time.
fn large_config(large: &Home, small: &Home, rounds: Rounds, planted: bool) -> [Row; 2] {
    let of = |home: &Home, program: &Path| home.export(program, &home.pinned(), &home.env());
    let (mut a, mut b) = (of(large, &exported(large, planted)), of(small, &small.program));
    let row = |what: &str,
               bound: f64,
               mut ours: &mut dyn FnMut() -> f64,
               mut theirs: &mut dyn FnMut() -> f64| {
        let samples = in_turns(rounds.export, &mut ours, &mut theirs);
        let cpu = cpu(rounds.export, &mut ours).zip(cpu(rounds.export, &mut theirs));
        Row {
            cpu,
            ..Row::of(format!("export, 7,000 lines of config, {what}"), "four lines", samples, Some(bound))
        }
    };
    let known = row("read before", LARGE_BOUND, &mut || time(&mut a), &mut || time(&mut b));
    let anew = |home: &Home, command: &mut Command| {
        home.forget_index();
        time(command)
    };
    [known, row("read anew", ANEW_BOUND, &mut || anew(large, &mut a), &mut || anew(small, &mut b))]
}

/// The program, or with a planted fault a slow one.
fn exported(home: &Home, planted: bool) -> PathBuf {
    let slow = || home.script("slow", &format!("sleep 0.05\nexec '{}' \"$@\"", home.program.display()));
    if planted { slow() } else { home.program.clone() }
}

fn time(command: &mut Command) -> f64 {
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let took = start.elapsed();
    assert!(status.success(), "{command:?}");
    took.as_secs_f64() * 1e6
}

/// User and system time of one run in a row of many, where the system tells (Linux).
fn cpu(runs: usize, mut run: impl FnMut() -> f64) -> Option<f64> {
    /// Microseconds of a tick of proc(5)'s clock.
    const TICK: f64 = 10_000.0;
    // Of children that have ended: cutime and cstime, the 14th and 15th after the name.
    let ticks = || -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let fields = stat.rsplit(')').next()?.split_whitespace().skip(13).take(2);
        fields.map(|ticks| ticks.parse::<f64>().ok()).sum()
    };
    let before = ticks()?;
    for _ in 0..runs {
        run();
    }
    Some((ticks()? - before) * TICK / runs as f64)
}

/// awsenv as it is shipped, and the empty program in the same way: `cargo bench` itself would leave out
/// `panic = "abort"`. Both are copied, as by whatever installs a program: of a file that a linker has written
/// here and there Linux keeps small pieces in memory, and a start from them takes a fifth longer.
fn build(into: &Path) -> (PathBuf, PathBuf) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--bin", "awsenv", "--example", "empty"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.is_ok_and(|status| status.success()), "cargo build --release failed");
    let awsenv = PathBuf::from(env!("CARGO_BIN_EXE_awsenv"));
    let empty = awsenv.with_file_name("examples").join("empty");
    let installed = |program: &Path| {
        let copy = into.join(program.file_name().expect("a program has a name"));
        std::fs::copy(program, &copy).expect("the program is copied");
        copy
    };
    (installed(&awsenv), installed(&empty))
}
