//! Every hop of a chain is a session of its own, and serves all chains that begin the same way.

use std::time::Duration;

use awsenv::session::store::SessionStore;
use awsenv_sandbox::{Call, Fault, Sandbox};

use crate::cloud::{self, CAREFUL, CONFIG, MFA, ONE, THREE, TWO, exec, identity, operations, sandbox};
use crate::shell::Kind;
use crate::world::World;

/// [`CONFIG`], and more that stands behind the same device.
fn config() -> String {
    format!(
        "{CONFIG}\n[profile far]\nrole_arn = {TWO}\nsource_profile = careful\nmfa_serial = {MFA}\nregion = eu-west-1\n\
         [profile abroad]\nrole_arn = {CAREFUL}\nsource_profile = base\nmfa_serial = {MFA}\nregion = ap-northeast-2\n"
    )
}

fn world(sandbox: &Sandbox) -> World {
    cloud::world(sandbox).config(&config())
}

/// `GetSessionToken!=28800 One=3600`: each call, the role it is about, whether a code goes with it, the length.
fn shown(calls: &[Call]) -> String {
    let one = |call: &Call| {
        let role = call.parameter("RoleArn").and_then(|arn| arn.rsplit('/').next());
        let code = if call.parameter("SerialNumber").is_some() { "!" } else { "" };
        let length = call.parameter("DurationSeconds").map(|seconds| format!("={seconds}"));
        format!("{}{code}{}", role.unwrap_or(&call.operation), length.unwrap_or_default())
    };
    calls.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// aws-vault's table of who calls what, with one difference (its first row has a call): keys without a role are
/// used as they are. Unlike there, every session is kept.
#[test]
fn who_calls_what_with_which_code_and_never_twice() {
    for (arguments, expected) in [
        (&["base"][..], ""),
        (&["one"], "One"),
        (&["one", "--duration", "2h"], "One=7200"),
        (&["careful"], "GetSessionToken!=28800 Careful"),
        (&["careful", "--duration", "1h"], "GetSessionToken!=28800 Careful=3600"),
        (&["careful", "--duration", "2h"], "Careful!=7200"),
        (&["far"], "GetSessionToken!=28800 Careful Two"),
        (&["far", "--duration", "2h"], "GetSessionToken!=28800 Careful Two=3600"),
        (&["far", "--no-session"], "Careful! Two"),
        (&["three"], "One Two Three"),
    ] {
        let sandbox = sandbox();
        let world = world(&sandbox).env("AWSENV_MFA_CODE", "111111");
        for expected in [expected, ""] {
            let before = sandbox.calls().len();
            let mut run = world.run(["exec"]);
            for argument in arguments.iter().chain(&["--", "true"]) {
                run = run.arg(*argument);
            }
            run.success();
            assert_eq!(shown(&sandbox.calls()[before..]), expected, "{arguments:?}");
        }
    }
}

#[test]
fn one_code_serves_every_profile_behind_the_device_whatever_its_region() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["exec", "careful", "--mfa-code", "111111", "--", "true"]).success();
    for (profile, role) in [("far", "Two"), ("abroad", "Careful"), ("careful", "Careful")] {
        let arn = identity(&sandbox, &exec(&world, profile)).unwrap();
        assert!(arn.contains(&format!(":assumed-role/{role}/")), "{arn}");
    }
    assert_eq!(shown(&sandbox.calls()), "GetSessionToken!=28800 Careful Two Careful");
    let regions: Vec<_> = sandbox.calls().into_iter().filter_map(|call| call.region).collect();
    assert_eq!(regions, ["eu-west-1", "eu-west-1", "eu-west-1", "ap-northeast-2"]);
}

#[test]
fn a_role_in_the_middle_is_assumed_once_for_all_that_stands_on_it() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    for profile in ["three", "two", "one"] {
        exec(&world, profile);
    }
    assert_eq!(shown(&sandbox.calls()), "One Two Three");
    world.run(["refresh", "three"]).any_stderr().success();
    assert_eq!(shown(&sandbox.calls()[3..]), "Three", "what it stands on is still good");
}

#[test]
fn a_session_in_the_middle_that_ends_soon_signs_nothing_more() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    exec(&world, "two");
    cloud::age(&world, Duration::from_secs(57 * 60));
    exec(&world, "two");
    assert_eq!(shown(&sandbox.calls()), "One Two One Two");
}

/// What the store gives out as this, AWS knows no more.
fn revoke(sandbox: &Sandbox, world: &World, name: &str) {
    let kept = cloud::sessions(world).into_iter().find(|(_, session)| session.name == name);
    sandbox.revoke_session(&kept.unwrap().1.credentials.access_key_id);
}

#[test]
fn a_session_in_the_middle_that_was_revoked_is_fetched_anew() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "111111");
    exec(&world, "two");
    exec(&world, "far");
    let before = sandbox.calls().len();
    for name in ["one", "two"] {
        revoke(&sandbox, &world, name);
    }
    exec(&world, "three");
    let answered = "Three GetCallerIdentity Two GetCallerIdentity One Two Three";
    assert_eq!(shown(&sandbox.calls()[before..]), answered);
    // One that carries the mark of MFA takes another code.
    revoke(&sandbox, &world, "careful");
    revoke(&sandbox, &world, "base");
    world.run(["refresh", "far"]).any_stderr().env("AWSENV_MFA_CODE", "222222").success();
}

#[test]
fn a_session_that_is_not_known_elsewhere_stays_where_it_is() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "111111");
    exec(&world, "careful");
    sandbox.fault("AssumeRole", 1, Fault::error(403, "InvalidClientTokenId"));
    let stderr = world.run(["exec", "abroad", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(stderr.contains("AssumeRole: InvalidClientTokenId: "), "{stderr}");
    world.run(["exec", "abroad", "--", "true"]).without("AWSENV_MFA_CODE").success();
}

#[test]
fn whoever_else_has_the_keys_or_another_device_shares_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "111111");
    exec(&world, "careful");
    let calls = sandbox.calls().len();
    let other = "arn:aws:iam::111122223333:mfa/other";
    for (from, to, code) in [(MFA, other, 3), ("AKIAME", "AKIAYOU", 125)] {
        world.write(".aws/config", &config().replace(from, to));
        world
            .run(["exec", "careful", "--", "true"])
            .any_stderr()
            .env("AWSENV_MFA_CODE", "222222")
            .exits(code);
    }
    let asked = operations(&sandbox).split_off(calls);
    assert_eq!(asked, ["GetSessionToken"; 2]);
}

#[test]
fn three_projects_that_lack_one_mfa_session_ask_for_it_once() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "111111");
    let gate = sandbox.gate("GetSessionToken");
    let start = |profile| world.run(["exec", profile, "--", "env"]).start();
    let processes = ["careful", "far", "abroad", "far"].map(start);
    gate.wait_for(1, cloud::DEADLINE);
    gate.open();
    for process in processes {
        let output = cloud::within_deadline("a process waits", || process.wait_with_output().unwrap());
        assert!(output.status.success(), "{output:?}");
    }
    let mut calls: Vec<_> = sandbox.calls().iter().map(|call| shown(std::slice::from_ref(call))).collect();
    calls.sort();
    assert_eq!(calls, ["Careful", "Careful", "GetSessionToken!=28800", "Two"]);
}

#[test]
fn a_prompt_renews_without_a_person_as_long_as_the_mfa_session_lasts() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"far\"\n").config(&config());
    world.run(["exec", "abroad", "--mfa-code", "111111", "--", "true"]).success();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert!(identity(&sandbox, &shell.env).unwrap().contains(":assumed-role/Two/"));
    assert_eq!(shell.notice, "");
    // The roles' sessions are over, that of the device is not.
    cloud::age(&world, Duration::from_secs(2 * 3600));
    shell.ask().wait();
    assert!(shell.get("AWS_ACCESS_KEY_ID").is_some(), "{}", shell.notice);
    cloud::age(&world, Duration::from_secs(10 * 3600));
    shell.ask().wait();
    assert_eq!(shell.get("AWS_PROFILE"), Some("far: run awsenv refresh"));
    let told = format!("the MFA device {MFA} wants a code: run `awsenv refresh`\n");
    assert!(shell.notice.ends_with(&told), "{}", shell.notice);
    assert_eq!(shown(&sandbox.calls()), "GetSessionToken!=28800 Careful Careful Two Careful Two");
}

#[test]
fn a_code_given_in_one_project_wakes_the_others() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"far\"\n").config(&config());
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert_eq!(shell.get("AWS_PROFILE"), Some("far: run awsenv refresh"));
    shell.settle();
    world.run(["exec", "careful", "--mfa-code", "111111", "--", "true"]).success();
    assert!(!shell.guard());
    shell.ask().wait();
    assert!(identity(&sandbox, &shell.env).unwrap().contains(":assumed-role/Two/"));
}

#[test]
fn what_is_kept_on_the_way_is_listed_by_the_name_of_who_says_so() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "111111");
    exec(&world, "far");
    let listed = world.run(["session", "list", "--json"]).any_stdout().success().json();
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|session| (session["name"].as_str().unwrap(), session["account"].as_str()))
        .collect();
    let account = |arn: &'static str| arn.split(':').nth(4);
    assert_eq!(names, [("base", None), ("careful", account(CAREFUL)), ("far", account(TWO))]);
    assert_ne!(account(ONE), account(THREE));
}

#[test]
fn a_session_of_which_nobody_asked_whose_it_is_serves_once_that_is_known() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"base\"\naccount = \"111122223333\"\n");
    world.run(["refresh"]).at("acme").any_stderr().success();
    let places = cloud::places(&world);
    let unknown = || {
        for (key, mut session) in cloud::sessions(&world) {
            session.credentials.account = None;
            SessionStore::new(&places).save(&key, &session).unwrap();
        }
    };
    unknown();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert_eq!(shell.get("AWSENV_ACCOUNT"), Some("111122223333"));
    unknown();
    world.run(["exec", "--", "true"]).at("acme").success();
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"; 3]);
}
