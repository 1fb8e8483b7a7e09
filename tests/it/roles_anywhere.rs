//! IAM Roles Anywhere: an X.509 certificate and its key for a role's session.

use std::fs;
use std::time::Duration;

use crate::cloud::{age, identity, operations, renewals_end};
use crate::pki::{
    self, DEPLOY, EDGE, KEYCHAIN, NOW, P256, P384, PROFILE, ROLE, RSA_2048, RSA_4096, fetched, helper, leaf,
    openssl, pin, pinned, refused,
};
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::{World, installed};

#[test]
fn every_kind_of_key_gets_a_session() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    for (name, kind) in [("r2", RSA_2048), ("r4", RSA_4096), ("p2", P256), ("p3", P384)] {
        leaf(&world, name, kind, "between", NOW);
        pinned(&world, &format!("{name}.pem"), &format!("{name}.key"));
        assert!(fetched(&world, &sandbox).starts_with(ROLE), "{name}");
    }
    assert_eq!(operations(&sandbox), ["CreateSession"; 4]);
    let call = &sandbox.calls()[0];
    assert_eq!(
        (call.region.as_deref(), call.parameter("durationSeconds")),
        (Some("us-east-1"), Some("3600"))
    );
}

/// In a helper's words, a profile that another one takes its role from.
fn chained(world: &World) -> String {
    format!(
        "[profile edge]\nregion = eu-west-1\n{}[profile deploy]\nregion = eu-west-1\nrole_arn = {DEPLOY}\nsource_profile = edge\n",
        helper(world, "edge.pem", "edge.key", "--session-duration 7200")
    )
}

#[test]
fn roles_are_assumed_on_top_and_share_one_session() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = world.env("AWS_REGION", "eu-west-1");
    let world = {
        let text = chained(&world);
        world.config(&text)
    };
    let by_profile = world.run(["exec", "deploy", "--", "env"]).any_stdout().success().variables();
    let deploy = "arn:aws:sts::222222222222:assumed-role/Deploy/";
    assert!(identity(&sandbox, &by_profile).unwrap().starts_with(deploy));
    let edge = world.run(["exec", "edge", "--", "env"]).any_stdout().success().variables();
    assert!(identity(&sandbox, &edge).unwrap().starts_with(ROLE));
    assert_eq!(operations(&sandbox), ["CreateSession", "AssumeRole"]);
    let calls = sandbox.calls();
    assert_eq!(calls[0].parameter("durationSeconds"), Some("7200"));
    assert_eq!(
        (calls[0].region.as_deref(), calls[1].region.as_deref()),
        (Some("us-east-1"), Some("eu-west-1"))
    );
    let text = pin("edge.pem", "edge.key") + &format!("[[role]]\narn = \"{DEPLOY}\"\n");
    world.write("acme/.awsenv", &text);
    world.allow("acme");
    for _ in 0..2 {
        let by_file = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
        assert!(identity(&sandbox, &by_file).unwrap().starts_with(deploy));
    }
    assert_eq!(operations(&sandbox)[2..], ["CreateSession", "AssumeRole"]);
    assert_eq!(sandbox.calls()[2].parameter("durationSeconds"), Some("3600"));
}

#[test]
fn a_prompt_gets_it_renewed_in_the_background() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    pinned(&world, "edge.pem", "edge.key");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));
    assert_eq!(shell.get("AWSENV_ACCOUNT"), Some("111122223333"));
    let first = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    shell.prompt();
    assert!(shell.guard());
    age(&world, Duration::from_secs(50 * 60));
    shell.prompt();
    renewals_end(&world);
    shell.prompt();
    assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), Some(first.as_str()));
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));
    assert_eq!(operations(&sandbox), ["CreateSession"; 2]);
}

#[test]
fn a_new_certificate_means_a_new_session_and_no_mixture() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    leaf(&world, "next", P384, "between", NOW);
    pinned(&world, "edge.pem", "edge.key");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let first = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    shell.prompt();
    assert!(shell.guard());
    // Whoever renews certificates writes two files, one after the other.
    fs::copy(world.at("pki/next.pem"), world.at("pki/edge.pem")).unwrap();
    assert!(!shell.guard());
    shell.ask();
    renewals_end(&world);
    shell.wait();
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), operations(&sandbox).len()), (None, 1));
    assert!(shell.notice.contains("edge.key is not the key of the certificate"), "{}", shell.notice);
    fs::copy(world.at("pki/next.key"), world.at("pki/edge.key")).unwrap();
    assert!(!shell.guard());
    shell.ask();
    renewals_end(&world);
    shell.wait();
    let second = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    assert_ne!(first, second);
    // No second Edge: its name is the certificate's serial number.
    let names = [&first, &second].map(|key| {
        let issued = sandbox.calls().into_iter().filter(|call| call.issued.as_ref() == Some(key));
        issued.map(|call| call.signer.unwrap()).collect::<Vec<_>>()
    });
    assert_eq!((names[0].len(), names[1].len()), (1, 1));
    assert_ne!(names[0], names[1]);
}

/// `acme` pins a key that is encrypted with the password `open sesame`.
fn locked(world: &World) {
    openssl(
        world,
        ["pkcs8", "-topk8", "-in", "edge.key", "-passout", "pass:open sesame", "-out", "locked.key"],
    );
    pinned(world, "edge.pem", "locked.key");
}

const QUESTION: &str = "Password of ~/pki/locked.key: ";

#[test]
fn login_asks_for_a_keys_password_and_the_keychain_keeps_it() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = world.settings(KEYCHAIN);
    locked(&world);
    let told = refused(&world, &sandbox, 3);
    assert_eq!(
        told,
        "awsenv: cannot ask for the password of $HOME/pki/locked.key: there is no terminal\n\
         awsenv: hint: run it in a terminal\n"
    );
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert_eq!(shell.notice, "awsenv: $HOME/pki/locked.key: it is encrypted: run `awsenv login`\n");
    assert_eq!(shell.get("AWS_PROFILE"), Some("Edge: run awsenv login"));

    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer(QUESTION, "close sesame");
    terminal.answer(QUESTION, "open sesame");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("That is not its password.") && !screen.contains("sesame"), "{screen}");
    let kept = "awsenv: the password of ~/pki/locked.key is kept in the encrypted file ~/.local/share/awsenv/keys/sealed\n";
    assert!(screen.contains(kept) && screen.contains("awsenv: Edge is good for 59m"), "{screen}");
    shell.prompt();
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));

    // From now on, nobody is asked.
    age(&world, Duration::from_secs(2 * 3600));
    shell.ask();
    renewals_end(&world);
    shell.wait();
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));
    assert_eq!(operations(&sandbox), ["CreateSession"; 2]);
    assert!(fetched(&world, &sandbox).starts_with(ROLE));

    world
        .run(["logout"])
        .at("acme")
        .stderr("awsenv: the password of Edge's private key is forgotten\n")
        .success();
    assert!(!shell.guard());
    // Its session has gone with it.
    refused(&world, &sandbox, 3);
    world
        .run(["logout"])
        .at("acme")
        .stderr("awsenv: Edge has no sign-in to end\nawsenv: hint: `awsenv session clear` forgets sessions of other kinds\n")
        .exits(1);
}

#[test]
fn login_opens_pkcs12_too() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = world.settings(KEYCHAIN);
    let export = [
        "pkcs12",
        "-export",
        "-inkey",
        "edge.key",
        "-in",
        "edge.pem",
        "-passout",
        "pass:open sesame",
        "-out",
    ];
    let mut command = world.command("openssl");
    assert!(command.args(export).arg("edge.p12").current_dir(world.at("pki")).status().unwrap().success());
    pinned(&world, "edge.p12", "edge.p12");
    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer("Password of ~/pki/edge.p12: ", "open sesame");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
    // Another password than the one that is kept.
    let again =
        ["pkcs12", "-export", "-inkey", "edge.key", "-in", "edge.pem", "-passout", "pass:another", "-out"];
    let mut command = world.command("openssl");
    assert!(command.args(again).arg("edge.p12").current_dir(world.at("pki")).status().unwrap().success());
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    let told =
        "awsenv: $HOME/pki/edge.p12: its password is not the one in the keychain: run `awsenv login`\n";
    assert_eq!(shell.notice, told);
    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer("Password of ~/pki/edge.p12: ", "another");
    assert_eq!(terminal.end().1, 0);
    shell.prompt();
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));
}

#[test]
fn two_files_may_have_two_passwords() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = world.settings(KEYCHAIN);
    locked(&world);
    let export =
        ["pkcs12", "-export", "-inkey", "edge.key", "-in", "edge.pem", "-passout", "pass:another", "-out"];
    let mut command = world.command("openssl");
    assert!(command.args(export).arg("edge.p12").current_dir(world.at("pki")).status().unwrap().success());
    pinned(&world, "edge.p12", "locked.key");
    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer("Password of ~/pki/edge.p12: ", "another");
    terminal.answer(QUESTION, "open sesame");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
}

#[test]
fn without_a_keychain_the_password_serves_one_command() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    locked(&world);
    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer(QUESTION, "open sesame");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("awsenv: the password of ~/pki/locked.key is not kept, and asked for again: there is no D-Bus session here\n"),
        "{screen}"
    );
    assert!(!world.at(".local/share/awsenv/keys/sealed").exists());
    world.run(["exec", "--", "true"]).at("acme").success();
    assert_eq!(operations(&sandbox), ["CreateSession"]);
    for file in crate::files::below(&world.home()).iter().filter(|path| path.is_file()) {
        let bytes = fs::read(file).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"open sesame"), "{}", file.display());
    }
}

#[test]
fn a_key_that_is_not_encrypted_takes_no_sign_in() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    pinned(&world, "edge.pem", "edge.key");
    world
        .run(["login"])
        .at("acme")
        .stderr("awsenv: Edge: CreateSession Edge takes no sign-in: its key is not encrypted\n")
        .success();
    assert_eq!(sandbox.calls(), []);
}

#[test]
fn it_is_explained_and_shown_without_a_call() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = {
        let text = chained(&world);
        world.config(&text)
    };
    pinned(&world, "edge.pem", "edge.key");
    world
        .run(["explain"])
        .at("acme")
        .stdout(format!("Edge\n  account 111122223333\n  region  none\n  1. CreateSession {EDGE}\n"))
        .success();
    let explained = world.run(["explain", "deploy", "--json"]).any_stdout().success().json();
    let steps = explained["steps"].as_array().unwrap();
    assert_eq!(steps[0]["call"], "CreateSession");
    assert_eq!(steps[0]["duration_seconds"], 7200);
    assert_eq!(steps[0]["region"], "us-east-1");
    assert_eq!(steps[1]["call"], "AssumeRole");
    let named = helper(&world, "edge.pem", "edge.key", "--role-session-name ci --session-duration 7200");
    world.write(".aws/config", &format!("[profile named]\n{named}"));
    let asked = ["explain", "named", "--duration", "15m", "--json"];
    let step = &world.run(asked).any_stdout().success().json()["steps"][0];
    assert_eq!((&step["session_name"], &step["duration_seconds"]), (&"ci".into(), &900.into()));
    let status = world.run(["status"]).at("acme").any_stdout().any_stderr().success();
    assert!(status.stdout.contains("Edge"), "{}", status.stdout);
    assert_eq!(sandbox.calls(), []);
}

#[test]
fn a_wrong_region_is_an_error_where_it_stands() {
    let world = World::new();
    let config = |more: &str| format!("[profile edge]\n{}", helper(&world, "edge.pem", "edge.key", more));
    for (text, expected) in [
        (
            config("").replace("us-east-1:111122223333:profile", "eu-west-1:111122223333:profile"),
            "--profile-arn: it is in eu-west-1, but the trust anchor is in us-east-1",
        ),
        (config("--region eu-west-1"), "--region: the trust anchor is in us-east-1"),
    ] {
        world.write(".aws/config", &text);
        world
            .run(["explain", "edge"])
            .stderr(format!(
                "awsenv: cannot use profile edge: $HOME/.aws/config:2: credential_process: {expected}\n"
            ))
            .exits(1);
    }
    let wrong = pin("edge.pem", "edge.key").replace(PROFILE, &PROFILE.replace("us-east-1", "eu-west-1"));
    world.write("acme/.awsenv", &wrong);
    world
        .run(["allow"])
        .at("acme")
        .stderr("awsenv: $HOME/acme/.awsenv:3: roles_anywhere.profile_arn: it is in eu-west-1, but the trust anchor is in us-east-1\n")
        .exits(1);
}
