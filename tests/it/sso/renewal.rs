//! A sign-in is renewed by one for all, and whatever gets in between loses none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;

use awsenv_sandbox::{Fault, Gate, Sandbox};
use rustix::process::Signal;

use super::{HOUR, TOLD};
use crate::cloud::{DEADLINE, exec, operations, places, renewals_end, within_deadline};
use crate::portal::{OF_ADDRESS, OF_CORP, keep, nothing_is_opened, sandbox, signed_in, token, world};
use crate::run::{code, signal};
use crate::world::World;

fn grants(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls();
    calls.iter().filter_map(|call| call.parameter("grantType")).map(str::to_owned).collect()
}

#[test]
fn a_token_about_to_end_is_renewed_and_what_others_wrote_into_its_file_stays() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut before = sandbox.signed_in(10 * 60);
    before["receivedAt"] = "2026-11-22T12:00:00Z".into();
    keep(&world, OF_CORP, &before);
    exec(&world, "dev");
    assert_eq!(operations(&sandbox), ["CreateToken", "GetRoleCredentials"]);
    let after = token(&world, OF_CORP);
    for (name, stays) in [
        ("accessToken", false),
        ("refreshToken", false),
        ("expiresAt", false),
        ("clientId", true),
        ("clientSecret", true),
        ("registrationExpiresAt", true),
        ("startUrl", true),
        ("region", true),
        ("receivedAt", true),
    ] {
        assert_eq!(before[name] == after[name], stays, "{name}: {} {}", before[name], after[name]);
    }
    assert!(sandbox.takes(after["accessToken"].as_str().unwrap()));
    let mode = fs::metadata(world.at(OF_CORP)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it was 644");
}

#[test]
fn a_renewal_that_fails_costs_nothing_while_the_token_is_good() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 10 * 60).env("AWS_MAX_ATTEMPTS", "1");
    let before = token(&world, OF_CORP);
    for fault in [
        Fault::error(500, "InternalServerException"),
        Fault::error(400, "SlowDownException"),
        Fault::Reset,
        Fault::Html(200),
    ] {
        sandbox.fault("CreateToken", 1, fault);
        world.run(["session", "clear"]).any_stderr().success();
        exec(&world, "dev");
        assert_eq!(token(&world, OF_CORP), before);
    }
    world.run(["session", "clear"]).any_stderr().success();
    exec(&world, "dev");
    assert_ne!(token(&world, OF_CORP)["accessToken"], before["accessToken"], "the next time it succeeds");
    let legacy = sandbox.signed_in(10 * 60);
    keep(&world, OF_ADDRESS, &legacy);
    let count = grants(&sandbox).len();
    exec(&world, "legacy");
    assert_eq!(grants(&sandbox).len(), count, "no AWS client renews the token of a legacy profile");
    assert_eq!(token(&world, OF_ADDRESS), legacy);
}

#[test]
fn fifty_processes_on_a_token_that_has_ended_renew_it_once() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let gate = sandbox.gate("CreateToken");
    // Of two roles, so that each waits for its session, and both for the token.
    let process = |profile: &&str| world.run(["exec", profile, "--", "true"]).start();
    let processes: Vec<_> = ["dev", "reader"].repeat(25).iter().map(process).collect();
    gate.wait_for(1, DEADLINE);
    let locks = places(&world).state.join("sessions");
    within_deadline("the second role is not asked for", move || {
        let held = || {
            let locks = fs::read_dir(&locks).into_iter().flatten().flatten();
            locks.filter(|lock| awsenv::files::is_locked(&lock.path())).count()
        };
        while held() < 2 {
            std::thread::yield_now();
        }
    });
    gate.open();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let mut calls = operations(&sandbox);
    calls.sort();
    assert_eq!(calls, ["CreateToken", "GetRoleCredentials", "GetRoleCredentials"]);
    assert_eq!(grants(&sandbox), ["refresh_token"]);
}

#[test]
fn fifty_shells_on_a_dead_token_say_one_line_each_and_open_no_browser() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60).file("acme/.awsenv", "profile = \"dev\"\n").allowed("acme");
    sandbox.revoke();
    let told = "awsenv: dev needs a sign-in: run `awsenv login`\n";
    let ask = |phase: Option<&str>| {
        let shells = (0..50).map(|pid| {
            let run = world.run(["export", "bash"]).arg((4242 + pid).to_string()).arg("5.2");
            let run = run.arg(world.at("acme"));
            let run = phase.into_iter().fold(run, |run, phase| run.arg(phase));
            run.at("acme").start()
        });
        let shells: Vec<_> = shells.collect();
        shells.into_iter().map(|shell| shell.wait_with_output().unwrap()).collect::<Vec<_>>()
    };
    ask(None);
    renewals_end(&world);
    for output in ask(Some("wait")) {
        assert_eq!(String::from_utf8_lossy(&output.stderr), told);
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(answer.contains("AWS_PROFILE='dev: run awsenv login'"), "{answer}");
    }
    assert_eq!(operations(&sandbox), ["CreateToken"], "the refresh token was tried once");
    world.run(["exec", "dev", "--", "true"]).stderr(TOLD).exits(3);
    assert_eq!(operations(&sandbox).len(), 1);
    assert!(nothing_is_opened(&world));
}

#[test]
fn a_race_that_another_program_has_won_loses_nothing() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let gate = sandbox.gate("CreateToken");
    sandbox.fault("CreateToken", 1, Fault::error(400, "InvalidGrantException"));
    let process = world.run(["exec", "dev", "--", "true"]).start();
    gate.wait_for(1, DEADLINE);
    // The AWS CLI has renewed it meanwhile; it writes the file after AWS has answered.
    let theirs = sandbox.signed_in(8 * HOUR);
    gate.open();
    sandbox.wait_for("CreateToken", 1, DEADLINE);
    keep(&world, OF_CORP, &theirs);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(token(&world, OF_CORP), theirs);
    assert_eq!(crate::portal::refused(&world), 0);
}

/// Ctrl-C while the sign-in is renewed: by the time this comes back, it has been pressed.
fn interrupted(world: &World, gate: &Gate) -> Child {
    let refresh = world.run(["refresh", "dev"]).start();
    gate.wait_for(1, DEADLINE);
    signal(refresh.id(), Signal::INT);
    refresh
}

fn status(child: Child) -> i32 {
    code(within_deadline("it goes on", move || child.wait_with_output().unwrap().status))
}

#[test]
fn what_others_did_during_a_renewal_stays() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let during = |act: &dyn Fn()| {
        let gate = sandbox.gate("CreateToken");
        let exec = world.run(["exec", "dev", "--", "true"]).start();
        gate.wait_for(1, DEADLINE);
        act();
        gate.open();
        status(exec)
    };
    let theirs = sandbox.signed_in(8 * HOUR);
    assert_eq!((during(&|| keep(&world, OF_CORP, &theirs)), token(&world, OF_CORP)), (0, theirs));
    keep(&world, OF_CORP, &sandbox.signed_in(-60));
    world.run(["session", "clear"]).any_stderr().success();
    assert_eq!(during(&|| fs::remove_file(world.at(OF_CORP)).unwrap()), 3);
    assert!(!world.at(OF_CORP).exists(), "signed out");
}

#[test]
fn ctrl_c_in_the_middle_of_a_renewal_loses_no_sign_in() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let gate = sandbox.gate("CreateToken");
    let refresh = interrupted(&world, &gate);
    gate.open();
    assert_eq!(status(refresh), 130, "as soon as the token is kept");
    exec(&world, "dev");
    assert_eq!(operations(&sandbox), ["CreateToken", "GetRoleCredentials"]);
}

#[test]
fn ctrl_c_ends_a_renewal_that_is_not_answered() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let gate = sandbox.gate("CreateToken");
    assert_eq!(status(interrupted(&world, &gate)), 130);
}
