//! The whole process that a hook starts where something has changed.

use std::path::Path;
use std::process::Command;

use awsenv_bench::{Comparison, Env, Home, Row, time};

use crate::Rounds;
use crate::stage::Stage;

/// Against a program that does nothing.
const EMPTY_BOUND: f64 = 1.6;
const EMPTY_GOAL: f64 = 1.3;
/// Against direnv's.
const DIRENV_BOUND: f64 = 0.5;
/// With more profiles or sessions than usual: what is kept of the AWS files is asked.
const CROWD_BOUND: f64 = 1.1;
/// The same with a thousand profiles, where the AWS files have to be read.
const ANEW_BOUND: f64 = 7.0;

pub(crate) fn rows(stage: &Stage, rounds: Rounds) -> Vec<Row> {
    let mut rows = against_others("export", &stage.session, stage, rounds.export);
    rows.extend(against_others("export, keys of a file", &stage.keys, stage, rounds.export));
    rows.extend(crowded(stage, rounds.export));
    rows
}

/// In the pinned directory: a shell that comes in, and one that was there.
fn against_others(what: &str, ours: &Home, stage: &Stage, rounds: usize) -> Vec<Row> {
    let mut rows = one_case(&format!("{what}, entering"), ours, Home::env, stage, rounds);
    let was_there = |home: &Home| home.loaded(&home.pinned());
    rows.extend(one_case(&format!("{what}, unchanged"), ours, was_there, stage, rounds));
    rows
}

fn one_case(what: &str, ours: &Home, env: fn(&Home) -> Env, stage: &Stage, rounds: usize) -> Vec<Row> {
    let mut awsenv = ours.export(&stage.awsenv(), &ours.pinned(), &env(ours));
    let mut empty = ours.export(&stage.programs.empty, &ours.pinned(), &env(ours));
    let asked = |home: &Home| home.export(&home.program, &home.pinned(), &env(home));
    let (mut by_direnv, mut by_mise) = (stage.direnv.as_ref().map(asked), stage.mise.as_ref().map(asked));
    Comparison::of(what, || time(&mut awsenv))
        .against("fn main() {}", || time(&mut empty))
        .within(EMPTY_BOUND)
        .aiming_at(EMPTY_GOAL)
        .against_peer("direnv export", by_direnv.as_mut().map(|command| || time(command)))
        .within(DIRENV_BOUND)
        .against_peer("mise hook-env", by_mise.as_mut().map(|command| || time(command)))
        .of_processes()
        .take(rounds)
}

/// A session that is kept, in a home with more of something: the AWS files known already, and read anew.
fn crowded(stage: &Stage, rounds: usize) -> Vec<Row> {
    let entering =
        |home: &Home, program: &Path| -> Command { home.export(program, &home.pinned(), &home.env()) };
    let anew = |home: &Home, command: &mut Command| {
        home.forget_index();
        time(command)
    };
    let small = &stage.session;
    let mut rows = Vec::new();
    for (crowd, home) in &stage.crowded {
        let mut ours = entering(home, &stage.awsenv());
        let mut usual = entering(small, &small.program);
        rows.extend(
            Comparison::of(format!("export, entering, {crowd}"), || time(&mut ours))
                .against(Stage::usual(crowd), || time(&mut usual))
                .within(CROWD_BOUND)
                .of_processes()
                .take(rounds),
        );
        if crowd.ends_with("sessions") {
            continue;
        }
        let read = Comparison::of(format!("export, entering, {crowd} read anew"), || anew(home, &mut ours))
            .against(Stage::usual(crowd), || anew(small, &mut usual));
        let read = if crowd == "1,000 profiles" { read.within(ANEW_BOUND) } else { read };
        rows.extend(read.of_processes().take(rounds));
    }
    rows
}
