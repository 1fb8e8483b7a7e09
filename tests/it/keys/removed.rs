//! Removed keys are gone, also where the list or the passphrase was lost.

use std::fs;

use super::{FILE, add, with_bare, world};
use crate::cloud::{self, sandbox};
use crate::shell::Kind;

#[test]
fn removed_keys_are_gone_from_every_prompt() {
    let sandbox = sandbox();
    let world = with_bare(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("bare").settle();
    assert!(shell.get("AWS_ACCESS_KEY_ID") == Some("AKIAME") && cloud::sessions(&world).len() == 1);
    world
        .run(["key", "remove", "ci"])
        .stderr("awsenv: cannot ask: there is no terminal\nawsenv: hint: --yes removes them unasked\n")
        .exits(3);
    world
        .run(["key", "remove", "ci", "--yes"])
        .stderr("awsenv: removed AKIAME, the keys of ci; AWS still honours them\n")
        .success();
    assert!(!shell.guard());
    shell.prompt();
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("ci: run awsenv status"))
    );
    assert!(cloud::sessions(&world).is_empty() && !world.at(FILE).exists());
    world
        .run(["key", "remove", "ci", "--yes"])
        .stderr(
            "awsenv: no keys named ci are in the keychain\nawsenv: hint: `awsenv key list` shows them all\n",
        )
        .exits(1);
}

#[test]
fn keys_that_the_list_has_lost_are_removed_from_the_file() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    add(&world, "other");
    fs::remove_file(world.at(".local/share/awsenv/keys/index")).unwrap();
    let looking = "awsenv: ci is not on the list; looking for it in the encrypted file ~/.local/share/awsenv/keys/sealed\n";
    world
        .run(["key", "remove", "ci", "--yes"])
        .stderr(format!("{looking}awsenv: removed AKIAME, the keys of ci; AWS still honours them\n"))
        .success();
    world
        .run(["key", "remove", "ci", "--yes"])
        .stderr(format!(
            "{looking}awsenv: no keys named ci are in the keychain\nawsenv: hint: `awsenv key list` shows them all\n"
        ))
        .exits(1);
    world.run(["key", "remove", "other", "--yes"]).any_stderr().success();
    assert!(!world.at(FILE).exists());
}

#[test]
fn a_name_whose_passphrase_is_lost_can_be_forgotten() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    world.forget_the_passphrase();
    world.write("passphrase", "wrong horse\n");
    let told = world.run(["key", "remove", "ci", "--yes"]).any_stderr().exits(3).stderr;
    assert!(
        told.ends_with("; if it is gone for good, `awsenv key remove ci --forget` takes ci off the list\n"),
        "{told}"
    );
    world
        .run(["key", "remove", "ci", "--forget"])
        .stderr("awsenv: cannot ask: there is no terminal\nawsenv: hint: --yes removes them unasked\n")
        .exits(3);
    world.run(["key", "remove", "ci", "--forget", "--yes"]).any_stderr().success();
    world.run(["key", "list"]).success();
    assert!(world.at(FILE).exists());
    world.run(["key", "remove", "ci", "--forget", "--yes"]).any_stderr().exits(1);
}
