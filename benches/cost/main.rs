//! What awsenv costs, measured and held to: `cargo bench --bench cost`, or `benches/run`, which brings the peers first.
//! Everything is compared with something else in the same run, turn by turn, so that a slow or busy machine slows
//! both. README.md beside this folder says what is measured, and how; `AWSENV_REGENERATE=1` writes its tables.
//!
//! `-- --short` takes fewer rounds. `-- --segment` measures the prompt's segment alone, `-- --newer` the hooks of xonsh,
//! nushell and tcsh, which takes no release build: add `--profile dev`. `-- --planted-fault` makes our side slower on purpose and must fail; `-- --check-the-check`
//! sees to that.
#![expect(clippy::disallowed_methods, reason = "the environment says what is asked")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is for a person")]

use std::path::Path;
use std::process::ExitCode;

use awsenv_bench::{Asked, Peers, Programs, Row, target};

mod clients;
mod export;
mod machine;
mod newer;
mod plot;
mod prompt;
mod report;
mod stage;

use report::Section;
use stage::Stage;

/// How often each thing is measured, and how many sessions there are where there are many.
#[derive(Clone, Copy)]
struct Rounds {
    hook: usize,
    export: usize,
    moves: usize,
    clients: usize,
    sessions: usize,
}

const FULL: Rounds = Rounds { hook: 201, export: 301, moves: 51, clients: 21, sessions: 1000 };
const SHORT: Rounds = Rounds { hook: 31, export: 61, moves: 3, clients: 3, sessions: 100 };

fn main() -> ExitCode {
    let Some(asked) = Asked::of_a_bench() else { return ExitCode::SUCCESS };
    let rounds = if asked.says("--short") { SHORT } else { FULL };
    if asked.says("--check-the-check") {
        return check_the_check();
    }
    if asked.says("--segment") {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let home = stage::role(scratch.path(), "session", Path::new(AWSENV), stage::USUAL);
        println!("{}", report::table(&prompt::segments(&home, rounds)));
        return ExitCode::SUCCESS;
    }
    if asked.says("--newer") {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let home = stage::role(scratch.path(), "session", Path::new(AWSENV), stage::USUAL);
        println!("{}", report::table(&newer::rows(&home, rounds.hook)));
        return ExitCode::SUCCESS;
    }
    let start = machine::load();
    let peers = Peers::found(target(AWSENV));
    let sections = measure(&peers, rounds, asked.is_planted());
    let text = report::text(&sections, &machine::told(&peers, &start));
    println!("{text}");
    if std::env::var_os("AWSENV_REGENERATE").is_some() {
        report::write(&text, &plot::svg(&sections));
    }
    let broken: Vec<_> = rows(&sections).filter(|row| row.is_broken()).collect();
    for row in &broken {
        eprintln!("cost: broken: {}", report::promise(row));
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The clean run keeps every bound; the planted one breaks every bound.
fn check_the_check() -> ExitCode {
    let peers = Peers::found(target(AWSENV));
    let clean = measure(&peers, SHORT, false);
    let planted = measure(&peers, SHORT, true);
    for section in clean.iter().chain(&planted) {
        println!("{}", report::table(&section.rows));
    }
    let wrongly_broken = rows(&clean).filter(|row| row.is_broken());
    let wrongly_kept = rows(&planted).filter(|row| row.is_bound() && !row.is_broken());
    let wrong: Vec<_> = wrongly_broken.chain(wrongly_kept).collect();
    for row in &wrong {
        eprintln!("cost: the check is wrong about: {}", report::promise(row));
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(peers: &Peers, rounds: Rounds, planted: bool) -> Vec<Section> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let programs = Programs::build(target(AWSENV), scratch.path());
    let stage = Stage::set(scratch.path(), programs, peers, rounds.sessions, planted);
    vec![
        Section { title: "A prompt where nothing has changed", rows: prompt::unchanged(&stage, rounds) },
        Section { title: "The same in newer shells", rows: newer::rows(&stage.session, rounds.hook) },
        Section { title: "What a prompt shows", rows: prompt::segments(&stage.session, rounds) },
        Section { title: "Into a directory and out again", rows: prompt::moves(&stage, rounds) },
        Section { title: "`awsenv export` alone", rows: export::rows(&stage, rounds) },
        Section { title: "Credentials for a program", rows: clients::rows(&stage, rounds) },
    ]
}

fn rows(sections: &[Section]) -> impl Iterator<Item = &Row> {
    sections.iter().flat_map(|section| &section.rows)
}

/// Where cargo puts the program of this bench's own profile.
const AWSENV: &str = env!("CARGO_BIN_EXE_awsenv");
