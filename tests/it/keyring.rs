//! Long-lived keys in a real Secret Service, GNOME Keyring: unlocked, locked, killed, stopped; and what serves where
//! there is none.

use std::fs;

use awsenv_sandbox::Sandbox;

use crate::cloud::{self, identity, operations, renewals_end, sandbox};
use crate::desktop::Desktop;
use crate::files::below;
use crate::keys::{JSON, add};
use crate::shell::Kind;
use crate::world::{World, installed};

const LOCKED: &str = "awsenv: cannot use the Secret Service for ci: it is locked, and its dialog was dismissed, or could not be shown\n\
                      awsenv: hint: unlock it in your desktop session; where there is none, keep keys with AWSENV_KEYCHAIN=file\n";

fn is_installed() -> bool {
    installed("dbus-daemon") && installed("gnome-keyring-daemon")
}

fn world(sandbox: &Sandbox) -> World {
    cloud::world(sandbox).config("").settings("passphrase_command = \"echo correct horse\"\n")
}

/// A world with an unlocked keyring.
fn logged_in(sandbox: &Sandbox) -> (World, Desktop) {
    let world = world(sandbox);
    let desktop = Desktop::start(&world);
    let world = world.env("DBUS_SESSION_BUS_ADDRESS", &desktop.address);
    (world, desktop)
}

#[test]
fn keys_rest_in_the_keyring_and_nowhere_else() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, _desktop) = logged_in(&sandbox);
    world
        .run(["key", "add", "ci", "--stdin"])
        .stdin(JSON)
        .stderr(format!("awsenv: AKIAME of {} is kept as ci in the Secret Service\n", cloud::ME))
        .success();
    let got = world.run(["exec", "ci", "--no-session", "--", "env"]).any_stdout().success().variables();
    assert_eq!(
        (got.text("AWS_ACCESS_KEY_ID"), got.text("AWS_SECRET_ACCESS_KEY")),
        (Some("AKIAME"), Some("me/secret"))
    );
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"]);
    assert!(!world.at(".local/share/awsenv/keys/sealed").exists());
    for path in below(&world.home()).iter().filter(|path| path.is_file()) {
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"me/secret"), "{}", path.display());
    }
    world.run(["key", "remove", "ci", "--yes"]).any_stderr().success();
    world.run(["key", "list"]).success();
    add(&world, "ci");
    world
        .run(["key", "add", "ci", "--stdin", "--replace"])
        .env("AWSENV_KEYCHAIN", "file")
        .stdin(JSON)
        .any_stderr()
        .success();
    let listed = world.run(["key", "list"]).any_stdout().success().stdout;
    assert!(listed.contains("in       the encrypted file"), "{listed}");
}

#[test]
fn keys_in_the_keyring_are_rotated_there() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, _desktop) = logged_in(&sandbox);
    let world = world.env("AWS_ENDPOINT_URL_IAM", sandbox.url());
    add(&world, "ci");
    for _ in 0..2 {
        world.run(["key", "rotate", "ci"]).any_stderr().success();
        let got = world.run(["exec", "ci", "--no-session", "--", "env"]).any_stdout().success().variables();
        assert_eq!(identity(&sandbox, &got).as_deref(), Some(cloud::ME));
        let id = got.text("AWS_ACCESS_KEY_ID").unwrap().to_owned();
        assert_eq!(sandbox.access_keys(cloud::ME), [(id, true)]);
    }
}

#[test]
fn a_locked_keyring_is_an_error_until_it_is_unlocked() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, desktop) = logged_in(&sandbox);
    let world = world.file("acme/.awsenv", "[keys]\nname = \"ci\"\n").allowed("acme");
    add(&world, "ci");
    desktop.lock();
    world.run(["exec", "ci", "--", "true"]).stderr(LOCKED).exits(3);
    world.run(["key", "add", "ci", "--stdin", "--replace"]).stdin(JSON).stderr(LOCKED).exits(3);
    world.run(["key", "remove", "ci", "--yes"]).stderr(LOCKED).exits(3);
    let dialog = desktop.dialog();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    renewals_end(&world);
    shell.wait();
    assert!(!dialog.was_shown());
    drop(dialog);
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("ci: run awsenv refresh"))
    );
    assert_eq!(
        shell.notice,
        "awsenv: cannot use the Secret Service for ci: it is locked; run `awsenv refresh`, which asks for its password\n"
    );
    desktop.unlock();
    world.run(["refresh"]).at("acme").any_stderr().success();
    shell.prompt();
    assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(cloud::ME));
}

#[test]
fn an_unlocked_keyring_serves_renewals_without_a_person() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, _desktop) = logged_in(&sandbox);
    let world = world.file("acme/.awsenv", "[keys]\nname = \"ci\"\n").allowed("acme");
    add(&world, "ci");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    renewals_end(&world);
    shell.wait();
    assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(cloud::ME));
    assert!(shell.get("AWS_SESSION_TOKEN").is_some() && shell.notice.is_empty());
}

#[test]
fn a_keyring_that_is_gone_or_hangs_is_an_error() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, mut desktop) = logged_in(&sandbox);
    add(&world, "ci");
    let stopped = desktop.keyring().to_string();
    assert!(world.command("kill").args(["-STOP", &stopped]).status().unwrap().success());
    world
        .run(["exec", "ci", "--", "true"])
        .stderr(
            "awsenv: cannot use the Secret Service for ci: it does not answer\n\
             awsenv: hint: end it and log in again; keys in it are not lost\n",
        )
        .exits(3);
    desktop.kill();
    let told = world.run(["exec", "ci", "--", "true"]).any_stderr().exits(3).stderr;
    assert!(
        told.starts_with(
            "awsenv: cannot use the Secret Service for ci: The name org.freedesktop.secrets was not provided"
        ),
        "{told}"
    );
    let told = world
        .run(["exec", "ci", "--", "true"])
        .without("DBUS_SESSION_BUS_ADDRESS")
        .any_stderr()
        .exits(3)
        .stderr;
    assert!(
        told.starts_with("awsenv: cannot use the Secret Service for ci: there is no D-Bus session here\n"),
        "{told}"
    );
    desktop.log_in(&world);
    world.run(["exec", "ci", "--", "true"]).success();
}

#[test]
fn where_there_is_no_keyring_the_file_serves_and_it_is_said() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let world = world(&sandbox);
    let desktop = Desktop::bare(&world);
    let world = world.env("DBUS_SESSION_BUS_ADDRESS", &desktop.address);
    let told = world.run(["key", "add", "ci", "--stdin"]).stdin(JSON).any_stderr().success().stderr;
    assert!(
        told.contains("is kept as ci in the encrypted file ~/.local/share/awsenv/keys/sealed (the Secret Service cannot be reached: "),
        "{told}"
    );
    world.run(["exec", "ci", "--", "true"]).success();
}
