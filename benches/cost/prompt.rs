//! What shells do: at a prompt where nothing has changed, and with a `cd` before it.

use awsenv_bench::{Comparison, Home, KINDS, Row, Shell, Shells, assert_none_ran};

use crate::Rounds;
use crate::stage::Stage;

/// A guard against a process that starts, looks and ends.
const BOUND: f64 = 1.0 / 50.0;
const GOAL: f64 = 1.0 / 120.0;
/// fish interprets more slowly, and its `path` calls are dearer.
const BOUND_FISH: f64 = 1.0 / 15.0;
const GOAL_FISH: f64 = 1.0 / 40.0;
/// A guard looks for a new `.awsenv` on the way up: a hundred directories above the least.
const DEEP_BOUND: f64 = 3.0;
/// What there is of profiles and sessions, no guard looks at.
const CROWD_BOUND: f64 = 1.1;
/// `cd` in and out, each with its prompt, against direnv's.
const MOVES_BOUND: f64 = 0.5;

/// At a prompt where nothing has changed, and the program is not asked.
pub(crate) fn unchanged(stage: &Stage, rounds: Rounds) -> Vec<Row> {
    KINDS.iter().flat_map(|kind| unchanged_in(kind, stage, rounds.hook)).collect()
}

fn unchanged_in(kind: &str, stage: &Stage, rounds: usize) -> Vec<Row> {
    let Stage { session, direnv, mise, planted, .. } = stage;
    let what = format!("unchanged prompt, {kind}");
    let (bound, goal) = if kind == "fish" { (BOUND_FISH, GOAL_FISH) } else { (BOUND, GOAL) };

    let mut ours = Shell::ours(kind, session, &session.pinned(), *planted);
    let mut nothing = Shell::nothing(kind, session);
    let at_pin = |home: &Home| Shell::peer(kind, home, &home.pinned());
    let (mut by_direnv, mut by_mise) = (direnv.as_ref().map(at_pin), mise.as_ref().map(at_pin));
    let mut starship = stage.starship.as_ref().map(|program| Shell::starship(kind, session, program));
    let mut rows = Comparison::of(&what, || ours.time())
        .against("no hook", || nothing.time())
        .against_peer("direnv", by_direnv.as_mut().map(|shell| || shell.time()))
        .within(bound)
        .aiming_at(goal)
        .against_peer("mise", by_mise.as_mut().map(|shell| || shell.time()))
        .against_peer("starship's own", starship.as_mut().map(|shell| || shell.time()))
        .take(rounds);

    let mut ours = Shell::ours(kind, session, &session.plain(), *planted);
    let mut by_direnv = direnv.as_ref().map(|home| Shell::peer(kind, home, &home.plain()));
    rows.extend(
        Comparison::of(format!("{what}, nothing pinned"), || ours.time())
            .against_peer("direnv", by_direnv.as_mut().map(|shell| || shell.time()))
            .take(rounds),
    );

    let mut deep = Shell::ours(kind, session, &session.below_pin(100), *planted);
    let mut near = Shell::ours(kind, session, &session.below_pin(1), false);
    let mut by_direnv = direnv.as_ref().map(|home| Shell::peer(kind, home, &home.below_pin(100)));
    rows.extend(
        Comparison::of(format!("{what}, 100 directories below the pin"), || deep.time())
            .against("1 directory below", || near.time())
            .within(DEEP_BOUND)
            .against_peer("direnv, as deep", by_direnv.as_mut().map(|shell| || shell.time()))
            .take(rounds),
    );
    assert_none_ran(session);

    for (crowd, home) in &stage.crowded {
        let mut ours = Shells::ours(kind, home, &home.pinned(), *planted);
        let mut usual = Shells::ours(kind, session, &session.pinned(), false);
        rows.extend(
            Comparison::of(format!("{what}, {crowd}"), || ours.time())
                .against(Stage::usual(crowd), || usual.time())
                .within(CROWD_BOUND)
                .take(rounds),
        );
        assert_none_ran(home);
    }
    rows
}

/// What a prompt with the segment in it costs more than one without: text that the shell puts together.
pub(crate) fn segments(home: &Home, rounds: Rounds) -> Vec<Row> {
    let row = |kind: &str| {
        let (mut segment, mut nothing) = (Shell::segment(kind, home), Shell::nothing(kind, home));
        Comparison::of(format!("segment, {kind}"), || segment.time())
            .against("a function call", || nothing.time())
            .take(rounds.hook)
    };
    KINDS.into_iter().flat_map(row).collect()
}

/// Into the pinned directory and out again, with a prompt after each.
pub(crate) fn moves(stage: &Stage, rounds: Rounds) -> Vec<Row> {
    let Stage { session, keys, direnv, mise, planted, .. } = stage;
    let mut rows = Vec::new();
    for kind in KINDS {
        let peer = |home: &Home| Shell::moves(kind, home, false);
        let (mut by_direnv, mut by_mise) = (direnv.as_ref().map(peer), mise.as_ref().map(peer));
        let mut ours = Shell::moves(kind, session, *planted);
        rows.extend(
            Comparison::of(format!("cd in and out, {kind}"), || ours.time())
                .against_peer("direnv", by_direnv.as_mut().map(|shell| || shell.time()))
                .within(MOVES_BOUND)
                .against_peer("mise", by_mise.as_mut().map(|shell| || shell.time()))
                .take(rounds.moves),
        );
        let mut ours = Shell::moves(kind, keys, *planted);
        rows.extend(
            Comparison::of(format!("cd in and out, {kind}, keys of a file"), || ours.time())
                .against_peer("direnv", by_direnv.as_mut().map(|shell| || shell.time()))
                .within(MOVES_BOUND)
                .take(rounds.moves),
        );
    }
    rows
}
