//! `aws login`: the keys of a console session by the AWS CLI's sign-in, renewed by one for all; and the sign-in itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Consent, Console, Fault, KeyForm, Sandbox};
use rustix::process::Signal;

use crate::cloud::{
    DEADLINE, exec, identity, long_ago, operations, places, renewals_end, sessions, within_deadline,
};
use crate::console::{CONFIG, ME, OF_ME, keep, kept, sandbox, sandbox_with, signed_in, world};
use crate::portal::{self, Login, confirm, nothing_is_opened, opened, sent_to, visit};
use crate::run::{code, signal};
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::{World, date};

const TOLD: &str = "awsenv: me needs a sign-in\nawsenv: hint: run `awsenv login me`\n";
const MINUTE: i64 = 60;

/// With `acme/.awsenv`, which pins `me`.
fn pinned(world: World) -> World {
    world.file("acme/.awsenv", "profile = \"me\"\n").allowed("acme")
}

/// The marks of refresh tokens that AWS has refused.
fn refused(world: &World) -> usize {
    fs::read_dir(places(world).state.join("login/refused")).map_or(0, |entries| entries.count())
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
fn a_renewal_that_fails_costs_nothing_while_the_keys_are_good() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 10 * MINUTE).env("AWS_MAX_ATTEMPTS", "1");
    let before = kept(&world);
    for fault in [
        Fault::error(500, "server_error"),
        Fault::error(429, "server_error"),
        Fault::error(403, "INSUFFICIENT_PERMISSIONS"),
        Fault::Reset,
        Fault::Html(200),
    ] {
        sandbox.fault("CreateOAuth2Token", 1, fault);
        clear(&world);
        exec(&world, "me");
        assert_eq!(kept(&world), before);
    }
    clear(&world);
    exec(&world, "me");
    assert_ne!(kept(&world)["refreshToken"], before["refreshToken"], "the next time it succeeds");
}

#[test]
fn what_aws_refuses_is_said_with_what_to_do() {
    for (fault, expected, status) in [
        ("USER_CREDENTIALS_CHANGED", TOLD.to_owned(), 3),
        ("TOKEN_EXPIRED", TOLD.to_owned(), 3),
        (
            "INSUFFICIENT_PERMISSIONS",
            format!(
                "awsenv: cannot renew the sign-in of {ME}: CreateOAuth2Token: INSUFFICIENT_PERMISSIONS: \
                 INSUFFICIENT_PERMISSIONS, says the sandbox\nawsenv: hint: {ME} needs signin:AuthorizeOAuth2Access and \
                 signin:CreateOAuth2Token: the policy SignInLocalDevelopmentAccess of AWS's gives both\n"
            ),
            125,
        ),
    ] {
        let sandbox = sandbox();
        let world = signed_in(&sandbox, -60);
        sandbox.fault("CreateOAuth2Token", 1, Fault::error(403, fault));
        assert_eq!(failing(&world), (expected, status));
        let before = operations(&sandbox);
        assert_eq!(before, ["CreateOAuth2Token"]);
        if status == 3 {
            assert_eq!(failing(&world).1, 3);
            assert_eq!(operations(&sandbox), before, "it is not asked again");
            keep(&world, &sandbox.console_session(-60, KeyForm::Sec1));
        }
        exec(&world, "me");
    }
}

#[test]
fn an_answer_that_is_not_whole_gives_no_keys_and_loses_no_sign_in() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    for (member, what) in [
        ("accessKeyId", "access key id"),
        ("secretAccessKey", "secret access key"),
        ("sessionToken", "session token"),
        ("expiresIn", "expiration"),
        ("accessToken", "access key id"),
    ] {
        sandbox.fault("CreateOAuth2Token", 1, Fault::Missing(member.into()));
        let told = format!(
            "awsenv: cannot renew the sign-in of {ME}: the answer to CreateOAuth2Token lacks its {what}\n"
        );
        assert_eq!(failing(&world), (told, 125));
        assert!(is_renewable(&sandbox, &world), "{member}");
    }
    exec(&world, "me");
}

#[test]
fn keys_of_another_account_or_of_somebody_else_in_it_are_given_to_nobody() {
    for other in ["arn:aws:iam::999988887777:user/me", "arn:aws:iam::111122223333:user/you"] {
        let sandbox = sandbox();
        let world = pinned(signed_in(&sandbox, -60));
        sandbox.mix_up_with(other);
        let expected = format!(
            "awsenv: cannot use me: its sign-in gives keys of {other}, and not of {ME}\n\
             awsenv: hint: `awsenv login --fresh` signs in anew\n"
        );
        assert_eq!(failing(&world), (expected, 3));
        let mut shell = world.shell(Kind::Bash);
        shell.arrive("acme");
        renewals_end(&world);
        shell.wait();
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
        assert_eq!(sessions(&world).len(), 0);
    }
}

#[test]
fn keys_that_aws_takes_no_more_are_renewed_once() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    sandbox.fault("GetCallerIdentity", 1, Fault::error(403, "InvalidClientTokenId"));
    assert_eq!(identity(&sandbox, &exec(&world, "me")).as_deref(), Some(ME));
    let renewed = ["GetCallerIdentity", "CreateOAuth2Token", "GetCallerIdentity"];
    assert_eq!(operations(&sandbox), renewed);
    clear(&world);
    sandbox.fault("GetCallerIdentity", 2, Fault::error(403, "ExpiredToken"));
    assert_eq!(failing(&world).1, 3);
    assert_eq!(operations(&sandbox)[3..], renewed, "once");
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

/// Its token may be used up: asked with again, AWS would end the session.
#[test]
fn an_answer_that_is_lost_is_not_asked_for_again() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60).env("AWSENV_LOG", "debug");
    let attempts = |world: &World| {
        let (said, status) = failing(world);
        assert_eq!(status, 125, "{said}");
        said.lines().filter(|line| line.contains("CreateOAuth2Token in ") && line.ends_with(": sent")).count()
    };
    for fault in [Fault::Reset, Fault::error(500, "server_error"), Fault::error(429, "slow_down")] {
        sandbox.fault("CreateOAuth2Token", 1, fault);
        assert_eq!(attempts(&world), 1);
    }
    // What has not left is.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = world.env("AWS_ENDPOINT_URL_SIGNIN", format!("http://{nobody}"));
    assert_eq!(attempts(&world), 3);
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
fn whatever_aws_refuses_to_renew_a_person_signs_in_anew() {
    for (seconds, fault) in [(-60, "ACCESS_DENIED"), (600, "ACCESS_DENIED"), (-60, "invalid_grant")] {
        let sandbox = sandbox();
        let world = signed_in(&sandbox, seconds);
        let before = kept(&world);
        sandbox.fault("CreateOAuth2Token", 1, Fault::error(400, fault));
        portal::sign_in(&world, ["me"]);
        assert_ne!(kept(&world)["dpopKey"], before["dpopKey"], "{fault}");
    }
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    sandbox.fault("CreateOAuth2Token", 1, Fault::Reset);
    world.run(["login", "me"]).any_stderr().exits(1);
    assert!(nothing_is_opened(&world), "no answer is no refusal");
}

#[test]
fn a_file_that_is_not_this_identitys_or_not_whole_signs_nobody_in() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let whole = sandbox.console_session(15 * MINUTE, KeyForm::Sec1);
    let text = whole.to_string();
    let with = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut session = whole.clone();
        edit(&mut session);
        session.to_string()
    };
    for odd in [
        String::new(),
        text[..text.len() - 1].to_owned(),
        "[]".to_owned(),
        "{\"accessToken\": 1}".to_owned(),
        with(&|session| session["accessToken"]["accountId"] = "999988887777".into()),
        with(&|session| {
            session["idToken"] = "e30.eyJzdWIiOiJhcm46YXdzOmlhbTo6MTExMTIyMjIzMzMzOnVzZXIveW91In0.x".into();
        }),
        with(&|session| session["dpopKey"] = serde_json::Value::Null),
        with(&|session| session["accessToken"]["expiresAt"] = "soon".into()),
    ] {
        world.write(OF_ME, &odd);
        assert_eq!(failing(&world), (TOLD.to_owned(), 3), "{odd}");
    }
    assert_eq!(sandbox.calls(), []);
    // What is wrong with the key is seen when it is used.
    let other = sandbox.console_session(-60, KeyForm::Pkcs8);
    for (key, why) in [
        ("x".into(), format!("$HOME/{OF_ME}: dpopKey is no private key of P-256 with its public key")),
        (other["dpopKey"].clone(), "CreateOAuth2Token: INVALID_REQUEST: the DPoP key is another".to_owned()),
    ] {
        let mut session = sandbox.console_session(-60, KeyForm::Sec1);
        session["dpopKey"] = key;
        keep(&world, &session);
        let expected =
            format!("awsenv: cannot renew the sign-in of {ME}: {why}\nawsenv: hint: run `awsenv login me`\n");
        assert_eq!(failing(&world), (expected, 3));
    }
    // A person mends it.
    portal::sign_in(&world, ["me"]);
    exec(&world, "me");
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
    for moment in 0..40 {
        let before = kept(&world);
        let mut refresh = world.run(["refresh", "me"]).start();
        // How far it comes is the machine's doing.
        let until = clock::now().checked_add(Duration::from_millis(moment * 2)).unwrap();
        while clock::now() < until {
            std::thread::yield_now();
        }
        let _ = refresh.kill();
        within_deadline("it ends", move || refresh.wait().unwrap());
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
        shell.arrive("acme");
        renewals_end(&world);
        shell.wait();
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

#[test]
fn a_prompt_renews_in_the_background_before_the_keys_end() {
    let sandbox = sandbox_with(Console { seconds: 900, ..Console::default() });
    let world = pinned(signed_in(&sandbox, -60));
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    renewals_end(&world);
    shell.wait();
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
fn a_browser_signs_in_and_comes_back() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["me"]);
    let address = opened(&world);
    assert!(!address.contains("code_verifier"), "{address}");
    let (head, page) = visit(&sent_to(&address));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<h1>Signed in</h1>"), "{head}");
    let (said, status) = login.end(&world);
    assert_eq!(
        (said, status),
        (
            format!(
                "awsenv: sign in to AWS as {ME} in the browser; if none opens, go to\n  {address}\nawsenv: {ME} is signed in\n"
            ),
            0
        )
    );
    let session = kept(&world);
    assert!(session["dpopKey"].as_str().unwrap().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
    for (name, value) in [
        ("clientId", "arn:aws:signin:::devtools/same-device"),
        ("tokenType", "aws_sigv4"),
        ("signInRegion", "eu-west-1"),
    ] {
        assert_eq!(session[name], value);
    }
    assert_eq!(session["accessToken"]["accountId"], "111122223333");
    let mode = fs::metadata(world.at(OF_ME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    exec(&world, "me");
    assert_eq!(operations(&sandbox), ["Authorize", "CreateOAuth2Token", "GetCallerIdentity"]);
    let told = format!("awsenv: {ME} is signed in already\n");
    world.run(["login", "me"]).stderr(told.clone()).success();
    end(&world);
    world.run(["login", "deploy"]).stderr(told).success();
    assert_ne!(kept(&world)["refreshToken"], session["refreshToken"], "no person was needed");
    portal::sign_in(&world, ["me", "--fresh"]);
    assert_ne!(kept(&world)["dpopKey"], session["dpopKey"]);
    assert_eq!(sessions(&world).len(), 0, "what stood on the old one");
}

#[test]
fn whoever_else_signs_in_is_not_this_profile() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let sign_in = || {
        let login = Login::start(&world, ["me"]);
        let (head, page) = confirm(&world);
        assert!(head.starts_with("HTTP/1.1 400 ") && page.contains("<h1>Not signed in</h1>"), "{head}");
        let (said, status) = login.end(&world);
        assert_eq!((status, cached(&world)), (3, 0), "{said}");
        said
    };
    sandbox.signs_in_as("arn:aws:iam::999988887777:user/you");
    let said = sign_in();
    assert!(
        said.ends_with(&format!(
            "awsenv: the browser signed in as arn:aws:iam::999988887777:user/you, and the profile is of {ME}\n\
             awsenv: hint: choose that session in the browser; `aws login --profile NAME` puts another into the profile\n"
        )),
        "{said}"
    );
    for (consent, reason) in [
        (Consent::Tampered, "its state is another one"),
        (Consent::Denied, "the sign-in was refused in the browser"),
    ] {
        sandbox.consent(consent);
        let said = sign_in();
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "CreateOAuth2Token").count(), 1);
}

#[test]
fn ctrl_c_at_a_fresh_sign_in_leaves_nothing_of_the_old_one() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    exec(&world, "deploy");
    let login = Login::start(&world, ["me", "--fresh"]);
    opened(&world);
    signal(login.id(), Signal::INT);
    assert_eq!(login.end(&world).1, 130);
    assert_eq!((cached(&world), sessions(&world).len()), (0, 0));
}

#[test]
fn a_directory_that_depends_on_where_one_stands_is_refused() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE).env("AWS_LOGIN_CACHE_DIRECTORY", "logins");
    let why = "AWS_LOGIN_CACHE_DIRECTORY is no absolute path, and none that begins with ~/\n";
    let told = format!("awsenv: cannot use profile me: {why}");
    world.run(["exec", "me", "--", "true"]).stderr(told.clone()).exits(125);
    for command in ["login", "refresh", "explain", "logout"] {
        world.run([command, "me"]).stderr(told.clone()).exits(1);
    }
    world.run(["logout", "--all"]).stderr(format!("awsenv: {why}")).exits(1);
    assert_eq!((sandbox.calls(), world.at("logins").exists()), (Vec::new(), false));
}

#[test]
fn ctrl_c_at_the_browser_leaves_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["me"]);
    opened(&world);
    signal(login.id(), Signal::INT);
    assert_eq!(login.end(&world).1, 130);
    assert_eq!((cached(&world), sandbox.calls().len()), (0, 0));
}

/// The address on the screen, and what the page shows in the end.
fn shown_at_the_end(sandbox: &Sandbox, terminal: &mut Terminal) -> String {
    terminal.wait_for("What the page shows in the end: ");
    let address = terminal.screen().split_whitespace().find(|word| word.contains("/v1/authorize?")).unwrap();
    let (head, page) = visit(&address.replace("\r\n", ""));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(address.contains("devtools%2Fcross-device"), "{address}");
    assert!(!sandbox.sign_in_secrets().is_empty());
    page
}

#[test]
fn over_ssh_the_person_brings_back_what_the_page_shows() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("SSH_CONNECTION", "1");
    let mut terminal = Terminal::of_size(&world, &["login", "me"], 24, 2000);
    let shown = shown_at_the_end(&sandbox, &mut terminal);
    terminal.type_now(&format!("{shown}\r"));
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.starts_with(&format!("awsenv: this is an SSH session: sign in on any device\nawsenv: sign in to AWS as {ME} at\n  http://")), "{screen}");
    assert!(
        screen.ends_with(&format!("in the end: \n\u{1b}[Kawsenv: {ME} is signed in\n")),
        "not shown: {screen}"
    );
    assert_eq!(kept(&world)["clientId"], "arn:aws:signin:::devtools/cross-device");
    exec(&world, "me");
    end(&world);
    exec(&world, "me");
    assert!(nothing_is_opened(&world));
}

#[test]
fn what_is_not_what_the_page_shows_signs_nobody_in() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("SSH_CONNECTION", "1");
    for (typed, reason, status) in [
        ("no base64!", "awsenv: that is not what the page shows at the end of a sign-in\n", 3),
        ("c3RhdGU9bWUmY29kZT1h", "awsenv: the browser's answer is not to our question", 3),
        ("", "awsenv: that is not what the page shows at the end of a sign-in\n", 3),
    ] {
        let mut terminal = Terminal::of_size(&world, &["login", "me", "--device-code"], 24, 2000);
        terminal.answer("What the page shows in the end: ", typed);
        let (screen, got) = terminal.end();
        assert!(screen.contains(reason) && got == status, "{screen}");
    }
    let mut terminal = Terminal::of_size(&world, &["login", "me"], 24, 2000);
    terminal.type_at("What the page shows in the end: ", "\x03");
    let (screen, status) = terminal.end();
    assert_eq!(status, 3, "{screen}");
    let mut command = world.command("setsid");
    command.args(["--wait", crate::run::PROGRAM, "login", "me"]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.ends_with(
            "awsenv: nobody can bring back what the page shows: there is no terminal\n\
             awsenv: hint: run it on a terminal: what the page shows has to be brought back there\n"
        ),
        "{said}"
    );
    assert_eq!((cached(&world), sandbox.calls().len()), (0, 0));
}

#[test]
fn logout_forgets_the_session_and_what_stands_on_it() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    exec(&world, "deploy");
    assert_eq!(sessions(&world).len(), 2);
    world.run(["logout", "deploy"]).stderr(format!("awsenv: signed out of {ME}\n")).success();
    assert_eq!((cached(&world), sessions(&world).len()), (0, 0));
    world.run(["logout", "me"]).stderr(format!("awsenv: {ME} was not signed in\n")).success();
    assert_eq!(failing(&world), (TOLD.to_owned(), 3));
    keep(&world, &sandbox.console_session(15 * MINUTE, KeyForm::Sec1));
    exec(&world, "me");
    world
        .run(["logout", "--all"])
        .stderr("awsenv: signed out of 0 portals and 1 console session\n")
        .success();
    assert_eq!((cached(&world), sessions(&world).len()), (0, 0));
}

#[test]
fn no_trace_of_a_refresh_token_is_left() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    let whole = world.read(OF_ME);
    world.write(&format!("{OF_ME}.4711.0a0b0c0d"), &whole);
    world.run(["logout", "me"]).stderr(format!("awsenv: signed out of {ME}\n")).success();
    assert_eq!(cached(&world), 0);
    world.write(OF_ME, &whole[..whole.len() - 1]);
    let orphan = format!(".aws/login/cache/{}.json.4711.0a0b0c0d", "a".repeat(64));
    world.write(&orphan, &whole);
    world
        .run(["logout", "--all"])
        .stderr("awsenv: signed out of 0 portals and 2 console sessions\n")
        .success();
    assert_eq!(cached(&world), 0);
}

#[test]
fn what_was_on_its_way_at_the_logout_is_not_kept() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    let gate = sandbox.gate("GetCallerIdentity");
    let exec = world.run(["exec", "me", "--", "true"]).start();
    gate.wait_for(1, DEADLINE);
    world.run(["logout", "me"]).any_stderr().success();
    gate.open();
    within_deadline("exec goes on", move || exec.wait_with_output().unwrap());
    assert_eq!(sessions(&world).len(), 0);
}

#[test]
fn a_sealed_session_is_not_in_the_aws_clis_directory() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let settings = world.read(".config/awsenv/config.toml");
    let world = world.settings(&format!("{settings}sso_cache = \"sealed\"\n"));
    portal::sign_in(&world, ["me"]);
    exec(&world, "me");
    assert_eq!(cached(&world), 0);
    let secrets = sandbox.sign_in_secrets();
    for path in crate::files::below(&world.home()).iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let told = secrets.iter().any(|secret| text.contains(secret)) || text.contains("PRIVATE KEY");
        assert!(!told, "{}", path.display());
    }
    world.run(["logout", "me"]).stderr(format!("awsenv: signed out of {ME}\n")).success();
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
