//! Long-lived keys in the encrypted file: added, used, listed, removed; what is wrong with it is said, and never
//! taken for "no keys". (The system's keychain is in `keyring.rs`.)

use std::fs;

use awsenv_sandbox::Sandbox;

use crate::cloud::{self, identity, operations, sandbox};
use crate::files::below;
use crate::run::Output;
use crate::world::World;

mod at_a_terminal;
mod removed;
mod sealed;
mod used;

pub(crate) const JSON: &str = r#"{"AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"}"#;
const FILE: &str = ".local/share/awsenv/keys/sealed";
const IN_FILE: &str = "the encrypted file ~/.local/share/awsenv/keys/sealed (there is no D-Bus session here)";

/// A passphrase command that counts how often it is asked.
const SETTINGS: &str = "passphrase_command = \"cat ~/passphrase; echo >>~/asked\"\n";

fn world(sandbox: &Sandbox) -> World {
    cloud::world(sandbox).settings(SETTINGS).file("passphrase", "correct horse\n").config("")
}

/// How often the passphrase was asked for.
fn asked(world: &World) -> usize {
    fs::read_to_string(world.at("asked")).unwrap_or_default().lines().count()
}

pub(crate) fn add(world: &World, name: &str) {
    world.run(["key", "add", name, "--stdin"]).stdin(JSON).any_stderr().success();
}

/// [`world`] with the keys `ci`, lent to the prompts of `bare`.
fn with_bare(sandbox: &Sandbox) -> World {
    let world = world(sandbox).file("bare/.awsenv", "[keys]\nname = \"ci\"\nsession = false\n");
    add(&world, "ci");
    world.allow("bare");
    world.run(["refresh"]).at("bare").any_stderr().success();
    world
}

/// What a command gets of these keys or this profile.
#[track_caller]
fn exec(world: &World, name: &str) -> Output {
    world.run(["exec", name, "--", "env"]).any_stdout().success()
}

#[test]
fn keys_are_added_once_aws_has_said_whose_they_are() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world
        .run(["key", "add", "ci", "--stdin"])
        .stdin(JSON)
        .stderr(format!("awsenv: AKIAME of {} is kept as ci in {IN_FILE}\n", cloud::ME))
        .success();
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"]);
    let listed = world.run(["key", "list", "--json"]).any_stdout().success().json();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["account"], &listed[0]["keychain"], &listed[0]["last_used"]),
        (&"ci".into(), &"111122223333".into(), &"file".into(), &serde_json::Value::Null)
    );
    let got = exec(&world, "ci").variables();
    assert_eq!(identity(&sandbox, &got).as_deref(), Some(cloud::ME));
    assert!(got.text("AWS_SESSION_TOKEN").is_some() && got.text("AWSENV_ACCOUNT") == Some("111122223333"));
    assert_eq!(operations(&sandbox), ["GetCallerIdentity", "GetSessionToken"]);
    assert_eq!(asked(&world), 1, "the second run needs no passphrase");
    let listed = world.run(["key", "list", "--json"]).any_stdout().success().json();
    assert!(listed[0]["last_used"].is_string(), "{listed}");
    let found = below(&world.home()).into_iter().filter(|path| path.is_file()).filter(|path| {
        let bytes = fs::read(path).unwrap();
        [&b"me/secret"[..], b"correct horse"]
            .iter()
            .any(|secret| bytes.windows(secret.len()).any(|part| part == *secret))
    });
    assert_eq!(found.collect::<Vec<_>>(), [world.at("passphrase")]);
}

#[test]
fn keys_that_aws_does_not_know_are_not_added() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let wrong = r#"{"AccessKeyId": "AKIAME", "SecretAccessKey": "planted"}"#;
    let refused = world.run(["key", "add", "ci", "--stdin"]).stdin(wrong).any_stderr().exits(1).stderr;
    assert!(
        refused.starts_with("awsenv: ci was not added: GetCallerIdentity: SignatureDoesNotMatch"),
        "{refused}"
    );
    assert!(!refused.contains("planted"));
    world.run(["key", "list"]).success();
    assert_eq!(asked(&world), 0);
    world.run(["key", "add", "ci", "--stdin", "--no-verify"]).stdin(wrong).any_stderr().success();
    // Whose they are is asked when it is needed.
    let refused = world.run(["exec", "ci", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(refused.contains("SignatureDoesNotMatch"), "{refused}");
}

#[test]
fn others_take_the_place_of_keys_only_if_told_to() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let other = r#"{"AccessKey": {"UserName": "you", "AccessKeyId": "AKIAYOU", "Status": "Active", "SecretAccessKey": "you/secret"}}"#;
    world
        .run(["key", "add", "ci", "--stdin"])
        .stdin(other)
        .stderr(
            "awsenv: ci has keys already: AKIAME\n\
             awsenv: hint: `awsenv key add ci --replace` puts others in their place\n",
        )
        .exits(1);
    assert_eq!(identity(&sandbox, &exec(&world, "ci").variables()).as_deref(), Some(cloud::ME));
    world.run(["key", "add", "ci", "--stdin", "--replace"]).stdin(other).any_stderr().success();
    let you = "arn:aws:iam::111122223333:user/you";
    assert_eq!(
        identity(&sandbox, &exec(&world, "ci").variables()).as_deref(),
        Some(you),
        "and no old session"
    );
}

#[test]
fn without_anybody_to_ask_it_says_what_to_do() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    world
        .run(["key", "add", "ci", "--stdin"])
        .stdin(JSON)
        .stderr(
            "awsenv: cannot ask for the passphrase of ~/.local/share/awsenv/keys/sealed: there is no terminal\n\
             awsenv: hint: run it in a terminal, or set passphrase_command in the settings\n",
        )
        .exits(3);
}

#[test]
fn whoever_asks_for_a_keychain_gets_no_other() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let told = world
        .run(["key", "add", "ci", "--stdin"])
        .env("AWSENV_KEYCHAIN", "os")
        .any_stderr()
        .stdin(JSON)
        .exits(1)
        .stderr;
    assert!(
        told.starts_with("awsenv: cannot use the Secret Service: there is no D-Bus session here\n"),
        "{told}"
    );
    add(&world, "ci");
    let told =
        world.run(["exec", "ci", "--", "true"]).env("AWSENV_KEYCHAIN", "os").any_stderr().exits(125).stderr;
    assert!(told.contains("ci rests in the encrypted file ~/.local/share/awsenv/keys/sealed, and only keychain = \"os\" is allowed"), "{told}");
    world
        .run(["exec", "ci", "--", "true"])
        .env("AWSENV_KEYCHAIN", "flie")
        .stderr("awsenv: AWSENV_KEYCHAIN=flie: expected auto, os or file\n")
        .exits(2);
    let status = world.file("acme/.awsenv", "[keys]\nname = \"ci\"\n").allowed("acme");
    let shown = status.run(["status"]).at("acme").any_stdout().success().stdout;
    assert!(
        shown.contains("  keys     in the encrypted file ~/.local/share/awsenv/keys/sealed\n"),
        "{shown}"
    );
}
