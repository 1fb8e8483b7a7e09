//! Keys at work: in a directory, at a prompt, below a role, with their device.

use std::time::Duration;

use super::{JSON, add, exec, with_bare, world};
use crate::cloud::{self, identity, operations, sandbox};
use crate::shell::Kind;

#[test]
fn a_pinned_directory_gets_a_session_or_the_keys_themselves() {
    let sandbox = sandbox();
    let world = world(&sandbox)
        .file("acme/.awsenv", "account = \"111122223333\"\n[keys]\nname = \"ci\"\n")
        .file("bare/.awsenv", "[keys]\nname = \"ci\"\nsession = false\n");
    add(&world, "ci");
    world.allow("acme");
    world.allow("bare");
    for directory in ["acme", "bare"] {
        world.run(["refresh"]).at(directory).any_stderr().success();
    }
    for kind in Kind::ALL {
        let mut shell = world.shell(kind);
        shell.cd("acme");
        assert!(shell.get("AWS_SESSION_TOKEN").is_some(), "{:?}", shell.aws());
        assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(cloud::ME));
        shell.cd("bare");
        assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_SESSION_TOKEN")), (Some("AKIAME"), None));
    }
    assert_eq!(operations(&sandbox), ["GetCallerIdentity", "GetSessionToken"]);
    let bare = world.run(["exec", "--no-session", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!((bare.text("AWS_ACCESS_KEY_ID"), bare.text("AWS_SESSION_TOKEN")), (Some("AKIAME"), None));
    let wrong =
        world.file("other/.awsenv", "account = \"999988887777\"\n[keys]\nname = \"ci\"\n").allowed("other");
    let told = wrong.run(["exec", "--", "true"]).at("other").any_stderr().exits(125).stderr;
    assert!(told.contains("ci is of account 111122223333"), "{told}");
}

#[test]
fn keys_are_lent_to_prompts_for_half_a_day() {
    let sandbox = sandbox();
    let world = with_bare(&sandbox);
    world.forget_the_passphrase();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("bare");
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAME"), "from the store, not from the keychain");
    cloud::age(&world, Duration::from_secs(12 * 3600));
    shell.arrive("bare").wait();
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("ci: run awsenv refresh"))
    );
    assert!(
        shell.notice.contains("sealed is locked: run `awsenv refresh`, which asks for its passphrase"),
        "{}",
        shell.notice
    );
    world.run(["refresh"]).at("bare").any_stderr().success();
    shell.prompt();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAME"));
}

#[test]
fn keys_in_the_keychain_come_before_those_of_a_file() {
    let sandbox = sandbox();
    let you = "[profile ci]\nregion = eu-west-1\naws_access_key_id = AKIAYOU\naws_secret_access_key = you/secret\n\
               [profile one]\nrole_arn = arn:aws:iam::111122223333:role/One\nsource_profile = ci\nregion = eu-west-1\n";
    let world = world(&sandbox).config(you);
    let told = world.run(["key", "add", "ci", "--stdin"]).stdin(JSON).any_stderr().success().stderr;
    assert!(told.ends_with(
        "awsenv: profile ci has keys at $HOME/.aws/config:4 too; awsenv takes those of the keychain, other programs do not: remove them there\n"
    ), "{told}");
    assert_eq!(identity(&sandbox, &exec(&world, "ci").variables()).as_deref(), Some(cloud::ME));
    let arn = identity(&sandbox, &exec(&world, "one").variables()).unwrap();
    assert!(arn.contains(":assumed-role/One/"), "{arn}: You may not assume it");
    let explained = world.run(["explain", "ci"]).any_stdout().success().stdout;
    assert!(explained.contains("note: profile ci: its keys in the keychain count, aws_access_key_id ($HOME/.aws/config:3) does not"), "{explained}");
    let listed = world.run(["key", "list", "--json"]).any_stdout().success().json();
    assert_eq!(listed[0]["profiles"], serde_json::json!(["ci", "one"]));
    world.run(["key", "remove", "ci", "--yes"]).any_stderr().success();
    assert_eq!(exec(&world, "ci").variables().text("AWS_ACCESS_KEY_ID"), Some("AKIAYOU"));
}

#[test]
fn the_device_of_the_keys_is_presented() {
    let sandbox = sandbox();
    let world = world(&sandbox).config(
        "[profile careful]\nrole_arn = arn:aws:iam::111122223333:role/Careful\nsource_profile = ci\n[profile ci]\n",
    );
    world.run(["key", "add", "ci", "--stdin", "--mfa-serial", cloud::MFA]).stdin(JSON).any_stderr().success();
    let run = |name: &str, code: &str| {
        let run = world.run(["exec", name, "--", "env"]).env("AWSENV_MFA_CODE", code).any_stdout();
        identity(&sandbox, &run.success().variables()).unwrap()
    };
    assert_eq!(run("ci", "111111"), cloud::ME);
    assert!(run("careful", "222222").contains(":assumed-role/Careful/"));
    let told = world.run(["exec", "ci", "--duration", "30m", "--", "true"]).any_stderr().exits(3).stderr;
    assert!(told.contains(cloud::MFA), "{told}");
    // A directory may name another one.
    let device = |more: &str| {
        world.write("acme/.awsenv", &format!("[keys]\nname = \"ci\"\n{more}"));
        world.allow("acme");
        let told = world.run(["explain", "--json"]).at("acme").any_stdout().success().json();
        told["steps"][1]["mfa_serial"].clone()
    };
    let other = "arn:aws:iam::111122223333:mfa/other";
    assert_eq!(device(""), cloud::MFA);
    assert_eq!(device(&format!("mfa_serial = \"{other}\"\n")), other);
}
