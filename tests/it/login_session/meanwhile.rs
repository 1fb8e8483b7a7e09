//! Others at the same moment: the AWS CLI, fifty of our own, a signal.

use std::fs;
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Fault, KeyForm};
use rustix::process::Signal;

use super::{MINUTE, cached, end, is_renewable, pinned};
use crate::cloud::{DEADLINE, exec, identity, operations, places, renewals_end, within_deadline};
use crate::console::{ME, OF_ME, keep, kept, sandbox, signed_in, world};
use crate::portal::{nothing_is_opened, visit};
use crate::run::{code, signal};
use crate::shell::Kind;
use crate::world::{World, date};

/// The marks of refresh tokens that AWS has refused.
fn refused(world: &World) -> usize {
    fs::read_dir(places(world).state.join("login/refused")).map_or(0, |entries| entries.count())
}

#[test]
fn what_others_did_during_a_renewal_stays() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let during = |act: &dyn Fn()| {
        let gate = sandbox.gate("CreateOAuth2Token");
        let process = world.run(["exec", "me", "--", "true"]).start();
        gate.wait_for(1, DEADLINE);
        act();
        gate.open();
        let status = within_deadline("it ends", move || process.wait_with_output().unwrap().status);
        code(status)
    };
    let theirs = sandbox.console_session(15 * MINUTE, KeyForm::Sec1);
    let status = during(&|| keep(&world, &theirs));
    assert_eq!((status, kept(&world)), (0, theirs));
    end(&world);
    let status = during(&|| fs::remove_file(world.at(OF_ME)).unwrap());
    assert_eq!((status, cached(&world)), (3, 0), "signed out");
}

#[test]
fn fifty_processes_on_keys_that_have_ended_renew_them_once() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let gate = sandbox.gate("CreateOAuth2Token");
    let process = |profile: &&str| world.run(["exec", profile, "--", "true"]).start();
    let processes: Vec<_> = ["me", "deploy"].repeat(25).iter().map(process).collect();
    gate.wait_for(1, DEADLINE);
    gate.open();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let mut calls = operations(&sandbox);
    calls.sort();
    assert_eq!(calls, ["AssumeRole", "CreateOAuth2Token", "GetCallerIdentity"]);
    assert!(is_renewable(&sandbox, &world));
}

#[test]
fn a_race_that_the_aws_cli_has_won_loses_nothing() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let gate = sandbox.gate("CreateOAuth2Token");
    sandbox.fault("CreateOAuth2Token", 1, Fault::error(403, "TOKEN_EXPIRED"));
    let process = world.run(["exec", "me", "--", "true"]).start();
    gate.wait_for(1, DEADLINE);
    // It has renewed them meanwhile, and writes the file after AWS has answered.
    let theirs = sandbox.console_session(15 * MINUTE, KeyForm::Sec1);
    gate.open();
    sandbox.wait_for("CreateOAuth2Token", 1, DEADLINE);
    keep(&world, &theirs);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!((kept(&world), refused(&world)), (theirs, 0));
}

#[test]
fn a_signal_in_the_middle_of_a_renewal_loses_no_sign_in() {
    for sent in [Signal::INT, Signal::TERM, Signal::HUP] {
        let sandbox = sandbox();
        let world = signed_in(&sandbox, -60);
        let gate = sandbox.gate("CreateOAuth2Token");
        let refresh = world.run(["refresh", "me"]).start();
        gate.wait_for(1, DEADLINE);
        signal(refresh.id(), sent);
        gate.open();
        let status = within_deadline("it goes on", move || refresh.wait_with_output().unwrap().status);
        assert_eq!(code(status), 128 + sent.as_raw(), "as soon as the keys are kept");
        assert!(is_renewable(&sandbox, &world));
        exec(&world, "me");
        assert_eq!(operations(&sandbox), ["CreateOAuth2Token", "GetCallerIdentity"]);
    }
}

/// At whatever moment: what is in the file is whole, and while AWS has not answered, it is good.
#[test]
fn killed_at_any_moment_no_half_of_a_session_is_left() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let (mut moment, mut asked) = (0, 0);
    // How far one comes is the machine's doing: until some have come as far as AWS.
    while moment < 40 || (asked < 3 && moment < 2_000) {
        let before = kept(&world);
        let calls = operations(&sandbox).len();
        let mut refresh = world.run(["refresh", "me"]).start();
        let until = clock::now().checked_add(Duration::from_millis(moment * 2)).unwrap();
        while clock::now() < until {
            std::thread::yield_now();
        }
        moment += 1;
        let _ = refresh.kill();
        within_deadline("it ends", move || refresh.wait().unwrap());
        // What it had sent has been answered once AWS answers somebody else.
        visit(&format!("{}/", sandbox.url()));
        // The visit is one of them.
        asked += usize::from(operations(&sandbox).len() > calls + 1);
        if is_renewable(&sandbox, &world) {
            end(&world);
        } else {
            // Between AWS's answer and the file, and nobody can keep a process from SIGKILL.
            assert_eq!(before["refreshToken"], kept(&world)["refreshToken"]);
            keep(&world, &sandbox.console_session(-60, KeyForm::Sec1));
        }
    }
    exec(&world, "me");
    assert_eq!(cached(&world), 1, "what killed ones have left beside it is gone");
}

/// `aws login` tells no shell of ours.
#[test]
fn a_sign_in_by_the_aws_cli_is_seen_at_the_next_prompt() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = pinned(world(&sandbox));
        let mut shell = world.shell(kind);
        shell.arrive("acme").wait();
        assert_eq!(shell.get("AWS_PROFILE"), Some("me: run awsenv login"));
        assert!(shell.guard(), "{kind:?}: nothing to ask");
        let path = world.write(OF_ME, &sandbox.console_session(15 * MINUTE, KeyForm::Sec1).to_string());
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        date(&path, modified + Duration::from_secs(30));
        assert!(!shell.guard(), "{kind:?}");
        shell.ask();
        renewals_end(&world);
        shell.wait();
        assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(ME));
        assert!(nothing_is_opened(&world));
    }
}
