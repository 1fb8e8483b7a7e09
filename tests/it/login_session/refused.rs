//! What AWS refuses, answers by half or gives to somebody else is no sign-in, and costs none that is good.

use awsenv_sandbox::{Fault, KeyForm};

use super::{MINUTE, TOLD, clear, failing, is_renewable, pinned};
use crate::cloud::{exec, identity, operations, sessions};
use crate::console::{ME, OF_ME, keep, kept, sandbox, signed_in, world};
use crate::portal::{self, nothing_is_opened};
use crate::shell::Kind;
use crate::world::World;

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
        shell.arrive("acme").wait();
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
    let world = world.env("AWS_ENDPOINT_URL_SIGNIN", "http://127.0.0.1:1");
    assert_eq!(attempts(&world), 3);
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
