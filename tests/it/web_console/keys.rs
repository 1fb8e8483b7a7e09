//! Whose keys sign in to the console, and what AWS is asked for each kind.

use awsenv_sandbox::Console;

use super::{asked, federated, landed, printed, world};
use crate::cloud::{self, ME, operations};
use crate::console;
use crate::portal;
use crate::run::Run;

const ALL: &str =
    r#"Policy={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

#[test]
fn aws_is_asked_for_what_it_gives_to_each_kind_of_keys() {
    let chained = "AWS ends the console's session of a chained role with its keys";
    let mark = "a user's session for the console carries no mark of MFA; what needs one is refused there";
    let user = |more: &str| {
        vec![
            "GetCallerIdentity".to_owned(),
            format!("GetFederationToken Name=me {more}"),
            "getSigninToken".into(),
        ]
    };
    let calls = |calls: &[&str]| calls.iter().map(|call| (*call).to_owned()).collect::<Vec<_>>();
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (arguments, expected, said, whose) in [
        ("one", calls(&["AssumeRole", "getSigninToken"]), String::new(), "assumed-role/One/"),
        (
            "one --duration 8h",
            calls(&["AssumeRole", "getSigninToken SessionDuration=28800"]),
            String::new(),
            "assumed-role/One/",
        ),
        ("two", calls(&["AssumeRole", "AssumeRole", "getSigninToken"]), String::new(), "assumed-role/Two/"),
        (
            "two --duration 8h",
            calls(&["AssumeRole", "AssumeRole", "getSigninToken"]),
            format!("awsenv: two: --duration is left out: {chained}\n"),
            "assumed-role/Two/",
        ),
        (
            "careful --duration 8h --mfa-code 111111",
            calls(&["GetSessionToken DurationSeconds=28800", "AssumeRole", "getSigninToken"]),
            format!("awsenv: careful: --duration is left out: {chained}; not so with --no-session\n"),
            "assumed-role/Careful/",
        ),
        (
            "careful --duration 8h --mfa-code 222222 --no-session",
            calls(&["AssumeRole", "getSigninToken SessionDuration=28800"]),
            String::new(),
            "assumed-role/Careful/",
        ),
        ("base", user(&format!("DurationSeconds=3600 {ALL}")), String::new(), "federated-user/me"),
        (
            "base --duration 12h",
            user(&format!("DurationSeconds=43200 {ALL}")),
            String::new(),
            "federated-user/me",
        ),
        (
            "base --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess",
            user(&format!("PolicyArns.member.1.arn={read_only} DurationSeconds=3600")),
            String::new(),
            "federated-user/me",
        ),
        (
            "device",
            user(&format!("DurationSeconds=3600 {ALL}")),
            format!("awsenv: device: {mark}\n"),
            "federated-user/me",
        ),
        ("printed", user(&format!("DurationSeconds=3600 {ALL}")), String::new(), "federated-user/me"),
    ] {
        let sandbox = cloud::sandbox();
        let world = world(&sandbox);
        let vend = world.program(
            "vend",
            "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKIAME\",\"SecretAccessKey\":\"me/secret\"}'\n",
        );
        let config = format!(
            "{}\n[profile device]\nregion = eu-west-1\nmfa_serial = {}\n[profile printed]\n\
             region = eu-west-1\ncredential_process = {}\n",
            cloud::CONFIG,
            cloud::MFA,
            vend.display()
        );
        let world = world
            .config(&config)
            .settings("passphrase_command = \"echo correct horse\"\n")
            .env("AWSENV_KEYCHAIN", "file");
        let keys = r#"{"AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"}"#;
        world.run(["key", "add", "device", "--stdin"]).stdin(keys).any_stderr().success();
        let before = sandbox.calls().len();
        let run = arguments.split(' ').fold(world.run(["console", "--print"]), Run::arg).stderr(said);
        let address = printed(run);
        assert_eq!(asked(&sandbox)[before..], expected, "{arguments}");
        assert!(landed(&address, &sandbox).contains(whose), "{arguments}");
    }
}

/// Keys with a token that others have put somewhere: AWS says whose.
#[test]
fn keys_of_unknown_origin_sign_in_as_whose_they_are() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    world.run(["refresh", "careful", "--mfa-code", "111111"]).any_stderr().success();
    let sessions = cloud::sessions(&world);
    assert_eq!(sessions.len(), 2, "GetSessionToken's and the role's");
    for (_, session) in sessions {
        let keys = session.credentials;
        let token = keys.session_token.unwrap();
        let config = format!(
            "[profile pasted]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\n\
             aws_session_token = {}\n",
            keys.access_key_id,
            keys.secret_access_key.expose(),
            token.expose()
        );
        let whose =
            sandbox.verify(&keys.access_key_id, keys.secret_access_key.expose(), Some(token.expose()));
        let other = self::world(&sandbox).config(&config);
        let run = other.run(["console", "pasted", "--print"]);
        match whose.unwrap().as_str() {
            ME => drop(run.stderr(users_own("pasted")).exits(1)),
            role => assert_eq!(landed(&printed(run), &sandbox), role),
        }
    }
}

fn users_own(profile: &str) -> String {
    format!(
        "awsenv: {profile}: AWS signs nobody in to the console with a session of a user's own\n\
         awsenv: hint: a role on top of it can, or the user's long-lived keys; a browser can sign in as the user itself\n"
    )
}

#[test]
fn a_console_session_signs_in_again_only_as_a_role() {
    let sandbox = console::sandbox();
    let world = federated(console::signed_in(&sandbox, 15 * 60), &sandbox);
    world.run(["console", "me", "--print"]).stderr(users_own("me")).exits(1);
    assert_eq!(operations(&sandbox), [""; 0], "nobody was asked");
    let address = printed(world.run(["console", "deploy", "--print"]));
    assert!(landed(&address, &sandbox).contains("assumed-role/Deploy/"));

    let person = "arn:aws:sts::111122223333:assumed-role/Admin/me".to_owned();
    let sandbox = console::sandbox_with(Console { person: person.clone(), ..Console::default() });
    let world = federated(console::world(&sandbox), &sandbox);
    let config = format!("[profile me]\nregion = eu-west-1\nlogin_session = {person}\n");
    let world = world.config(&config);
    portal::sign_in(&world, ["me"]);
    assert_eq!(landed(&printed(world.run(["console", "me", "--print"])), &sandbox), person);
}

#[test]
fn a_sign_in_that_is_over_says_what_to_run() {
    let sandbox = portal::sandbox();
    let world = federated(portal::world(&sandbox), &sandbox);
    world
        .run(["console", "dev", "--print"])
        .stderr("awsenv: dev needs a sign-in\nawsenv: hint: run `awsenv login dev`\n")
        .exits(3);
    portal::keep(&world, portal::OF_CORP, &sandbox.signed_in(3600));
    let address = printed(world.run(["console", "dev", "--print", "--duration", "8h"]));
    assert!(landed(&address, &sandbox).contains("AWSReservedSSO_Developer_"));
    assert_eq!(asked(&sandbox)[..2], ["GetRoleCredentials", "getSigninToken SessionDuration=28800"]);
}

#[test]
fn the_settings_say_what_is_usual() {
    let sandbox = cloud::sandbox();
    let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let world =
        world(&sandbox).settings(&format!("[console]\nduration = \"2h\"\npolicy_arns = [\"{policy}\"]\n"));
    for profile in ["base", "one", "two"] {
        printed(world.run(["console", profile, "--print"]));
    }
    assert_eq!(
        asked(&sandbox),
        [
            "GetCallerIdentity",
            &format!("GetFederationToken Name=me PolicyArns.member.1.arn={policy} DurationSeconds=7200"),
            "getSigninToken",
            "AssumeRole",
            "getSigninToken SessionDuration=7200",
            "AssumeRole",
            "getSigninToken",
        ]
    );
}
