//! `aws login`: the keys of a console session by the AWS CLI's sign-in, renewed by one for all; and the sign-in itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Console, KeyForm, Sandbox};

use crate::cloud::{exec, identity, long_ago, operations, renewals_end, sessions};
use crate::console::{CONFIG, ME, OF_ME, keep, kept, sandbox, sandbox_with, signed_in, world};
use crate::portal;
use crate::run::code;
use crate::shell::Kind;
use crate::world::World;

mod logout;
mod meanwhile;
mod refused;
mod sign_in;

const TOLD: &str = "awsenv: me needs a sign-in\nawsenv: hint: run `awsenv login me`\n";
const MINUTE: i64 = 60;

/// With `acme/.awsenv`, which pins `me`.
fn pinned(world: World) -> World {
    world.file("acme/.awsenv", "profile = \"me\"\n").allowed("acme")
}

/// What is in the AWS CLI's directory.
fn cached(world: &World) -> usize {
    fs::read_dir(world.at(".aws/login/cache")).map_or(0, |entries| entries.count())
}

/// As if the kept keys had ended long ago.
fn end(world: &World) {
    ends_at(world, &long_ago());
    clear(world);
}

fn clear(world: &World) {
    world.run(["session", "clear"]).any_stderr().success();
}

/// Whether AWS gives new keys for what is kept.
fn is_renewable(sandbox: &Sandbox, world: &World) -> bool {
    sandbox.renews(kept(world)["refreshToken"].as_str().unwrap())
}

fn ends_at(world: &World, instant: &str) {
    let mut session = kept(world);
    session["accessToken"]["expiresAt"] = instant.into();
    keep(world, &session);
}

fn in_minutes(minutes: u64) -> String {
    clock::rfc3339(clock::now().checked_add(Duration::from_secs(60 * minutes)).unwrap())
}

fn failing(world: &World) -> (String, i32) {
    let output = world.run(["exec", "me", "--", "true"]).command().stdin(Stdio::null()).output().unwrap();
    (world.shown(&String::from_utf8_lossy(&output.stderr)), code(output.status))
}

#[test]
fn new_keys_are_taken_as_the_aws_cli_left_them() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    let before = kept(&world);
    let got = exec(&world, "me");
    assert_eq!(identity(&sandbox, &got).as_deref(), Some(ME));
    assert_eq!(
        (got.text("AWSENV_ACCOUNT"), got.text("AWS_REGION")),
        (Some("111122223333"), Some("eu-west-1"))
    );
    assert_eq!(got.text("AWS_ACCESS_KEY_ID"), before["accessToken"]["accessKeyId"].as_str());
    exec(&world, "me");
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"], "the second time it is kept");
    let whose = identity(&sandbox, &exec(&world, "deploy")).unwrap();
    assert!(whose.starts_with("arn:aws:sts::222222222222:assumed-role/Deploy/me@"), "{whose}");
    assert_eq!(
        operations(&sandbox),
        ["GetCallerIdentity", "AssumeRole"],
        "the role stands on the same session"
    );
    assert_eq!(kept(&world), before);
}

#[test]
fn keys_are_renewed_with_a_key_of_either_form_and_what_others_wrote_stays() {
    for form in [KeyForm::Sec1, KeyForm::Pkcs8] {
        let sandbox = sandbox();
        let world = world(&sandbox);
        let mut before = sandbox.console_session(-60, form);
        before["receivedAt"] = "2026-11-22T12:00:00Z".into();
        before["accessToken"]["more"] = true.into();
        keep(&world, &before);
        assert_eq!(identity(&sandbox, &exec(&world, "me")).as_deref(), Some(ME));
        assert_eq!(operations(&sandbox), ["CreateOAuth2Token", "GetCallerIdentity"]);
        let mut after = kept(&world);
        let (old, new) = (&before["accessToken"], &after["accessToken"]);
        for name in ["accessKeyId", "secretAccessKey", "sessionToken", "expiresAt"] {
            assert_ne!(old[name], new[name], "{name}");
        }
        assert!(sandbox.renews(after["refreshToken"].as_str().unwrap()));
        for name in ["accessKeyId", "secretAccessKey", "sessionToken", "expiresAt"] {
            after["accessToken"][name] = before["accessToken"][name].clone();
        }
        after["refreshToken"] = before["refreshToken"].clone();
        assert_eq!(before, after, "all else is as it was");
        let mode = fs::metadata(world.at(OF_ME)).unwrap().permissions().mode();
        assert_eq!((mode & 0o777, cached(&world)), (0o600, 1), "it was 644, and nothing is beside it");
        // The key is good for the next one, too.
        end(&world);
        exec(&world, "me");
    }
}

#[test]
fn a_person_who_asks_gets_keys_for_a_quarter_of_an_hour() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 10 * MINUTE);
    world.run(["exec", "me", "--min-ttl", "14m", "--", "true"]).any_stdout().success();
    end(&world);
    exec(&world, "me");
    let before = kept(&world);
    ends_at(&world, &in_minutes(10));
    world.run(["refresh", "me"]).any_stderr().success();
    assert_ne!(kept(&world)["refreshToken"], before["refreshToken"], "the refresh is the renewal");
}

#[test]
fn the_region_that_a_session_was_begun_in_renews_it() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_LOG", "debug");
    let mut begun = sandbox.console_session(-60, KeyForm::Sec1);
    begun["signInRegion"] = "ap-northeast-2".into();
    keep(&world, &begun);
    let run = world.run(["exec", "me", "--", "true"]).any_stderr().success();
    assert!(run.stderr.contains("CreateOAuth2Token in ap-northeast-2 at "), "{}", run.stderr);
    begun["signInRegion"] = "evil.example/".into();
    keep(&world, &begun);
    clear(&world);
    let calls = operations(&sandbox).len();
    assert_eq!(failing(&world).1, 3);
    assert_eq!(operations(&sandbox).len(), calls);
}

#[test]
fn the_profile_may_name_the_endpoint_and_the_environment_the_directory() {
    let sandbox = sandbox();
    let services = format!("[services local]\nsignin =\n  endpoint_url = {}\n", sandbox.url());
    let config = CONFIG.replace("login_session", "services = local\nlogin_session");
    let world = world(&sandbox)
        .config(&format!("{config}\n{services}"))
        .without("AWS_ENDPOINT_URL_SIGNIN")
        .env("AWS_LOGIN_CACHE_DIRECTORY", "~/logins");
    let elsewhere = OF_ME.replace(".aws/login/cache", "logins");
    portal::keep(&world, &elsewhere, &sandbox.console_session(-60, KeyForm::Sec1));
    exec(&world, "me");
    assert_eq!(operations(&sandbox), ["CreateOAuth2Token", "GetCallerIdentity"]);
}

#[test]
fn keys_that_say_they_last_longer_than_aws_gives_any_are_renewed() {
    let sandbox = sandbox_with(Console { seconds: 3600, ..Console::default() });
    let world = signed_in(&sandbox, 60 * MINUTE);
    exec(&world, "me");
    assert_eq!(operations(&sandbox), ["CreateOAuth2Token", "GetCallerIdentity"]);
    let end = clock::parse(kept(&world)["accessToken"]["expiresAt"].as_str().unwrap()).unwrap();
    assert!(end.duration_since(clock::now()).as_secs() <= 900);
}

/// A proof says when it was made, and AWS how long keys last.
#[test]
fn a_wrong_clock_keeps_nobody_out() {
    for seconds in [-1200, 1200] {
        let sandbox = sandbox();
        let world = signed_in(&sandbox, -60);
        sandbox.clock().set_offset(seconds);
        assert_eq!(identity(&sandbox, &exec(&world, "me")).as_deref(), Some(ME));
        let statuses: Vec<_> = sandbox.calls().iter().map(|call| call.status).collect();
        assert_eq!(statuses[..2], [400, 200], "the first proof is of another time");
        let (_, session) = &sessions(&world)[0];
        let left = session.end().duration_since(clock::now()).as_secs();
        assert!((840..=900).contains(&left), "{seconds}: {left}");
        assert_eq!(session.clock_ahead, None);
    }
}

#[test]
fn a_prompt_renews_in_the_background_before_the_keys_end() {
    let sandbox = sandbox_with(Console { seconds: 900, ..Console::default() });
    let world = pinned(signed_in(&sandbox, -60));
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    let first = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    // A fifth of a quarter of an hour is three minutes.
    for (minutes, left, is_renewed) in [(11, 4, false), (2, 2, true)] {
        crate::cloud::age(&world, Duration::from_secs(60 * minutes));
        ends_at(&world, &in_minutes(left));
        shell.ask();
        renewals_end(&world);
        shell.ask();
        let now = shell.get("AWS_ACCESS_KEY_ID").unwrap();
        assert_eq!(now != first, is_renewed, "{minutes}");
    }
}

#[test]
fn status_and_explain_know_it_from_files_alone() {
    let sandbox = sandbox();
    let world = pinned(world(&sandbox));
    let rows = || world.run(["status"]).at("acme").any_stdout().success().stdout;
    let json = || world.run(["status", "--json"]).at("acme").any_stdout().success().json();
    let expected = format!(
        "me
  account  111122223333
  region   eu-west-1 (~/.aws/config:2)
  by       Login me (~/.aws/config:1)
  sign-in  {ME}, not signed in
  loaded   no: no hook has run in this shell
  file     ~/acme/.awsenv:1
  why      me needs a sign-in
  hint     run `awsenv login`
"
    );
    assert_eq!(rows(), expected);
    assert_eq!(json()["session"], "needs_person");
    keep(&world, &sandbox.console_session(-60, KeyForm::Sec1));
    assert_eq!(json()["session"], "absent", "it can be renewed");
    let until = kept(&world)["accessToken"]["expiresAt"].as_str().unwrap().to_owned();
    assert!(rows().contains(&format!("  sign-in  {ME}, until {until}, then renewed\n")), "{}", rows());
    let explained = world.run(["explain", "me"]).any_stdout().success().stdout;
    assert!(explained.contains("  1. Login profile me ("), "{explained}");
    assert_eq!(sandbox.calls(), []);
    sandbox.revoke();
    assert_eq!(failing(&world).1, 3);
    assert_eq!(json()["session"], "needs_person");
    assert_eq!(json()["sign_in"]["renewable"], false);
}
