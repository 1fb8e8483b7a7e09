//! Long-lived keys in a real Secret Service, GNOME Keyring: unlocked, locked, killed, stopped; and what serves where
//! there is none.

use std::fs;

use awsenv_sandbox::Sandbox;

use crate::cloud::{self, identity, operations, sandbox};
use crate::desktop::{Desktop, collection, login};
use crate::files::below;
use crate::keys::{JSON, add};
use crate::pki;
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::{World, installed};

const LOCKED: &str = "awsenv: cannot use the Secret Service for ci: it is locked, and its dialog was dismissed, or could not be shown\n\
                      awsenv: hint: unlock it in your desktop session; where there is none, keep keys with AWSENV_KEYCHAIN=file\n";

pub(crate) fn is_installed() -> bool {
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
    desktop.lock(&login());
    world.run(["exec", "ci", "--", "true"]).stderr(LOCKED).exits(3);
    world.run(["key", "add", "ci", "--stdin", "--replace"]).stdin(JSON).stderr(LOCKED).exits(3);
    let forget = "; if it is gone for good, `awsenv key remove ci --forget` takes ci off the list\n";
    let told = LOCKED.trim_end().to_owned() + forget;
    world.run(["key", "remove", "ci", "--yes"]).stderr(told).exits(3);
    let dialog = desktop.dialog();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert!(!dialog.was_shown());
    drop(dialog);
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("ci: run awsenv refresh"))
    );
    assert_eq!(
        shell.notice,
        "awsenv: cannot use the Secret Service for ci: it is locked: run `awsenv refresh`, which asks for its password\n"
    );
    desktop.unlock();
    world.run(["refresh"]).at("acme").any_stderr().success();
    shell.prompt();
    assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(cloud::ME));
}

/// libdbus would go on beyond its own memory.
#[test]
fn where_too_many_files_are_open_it_is_an_error() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, _desktop) = logged_in(&sandbox);
    add(&world, "ci");
    let exec = |from: u32| {
        let open = format!("for ((fd = {from}; fd < 1100; fd++)); do eval \"exec $fd</dev/null\"; done");
        let script = format!("ulimit -n 1200 && {open} && exec \"$0\" exec ci -- true");
        let output = world.command("bash").args(["-c", &script, crate::run::PROGRAM]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let told = "awsenv: cannot use the Secret Service for ci: too many files are open in this process\n";
    assert_eq!(exec(3), told);
    // Many, but not all in a row.
    assert_eq!(exec(100), "");
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
    shell.arrive("acme").wait();
    assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(cloud::ME));
    assert!(shell.get("AWS_SESSION_TOKEN").is_some() && shell.notice.is_empty());
}

#[test]
fn the_password_of_a_private_key_rests_in_the_keyring() {
    if !is_installed() || !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let desktop = Desktop::start(&world);
    let world = world.env("DBUS_SESSION_BUS_ADDRESS", &desktop.address);
    let password = "pass:\u{f6}ffne \"dich\"";
    pki::openssl(&world, ["pkcs8", "-topk8", "-in", "edge.key", "-passout", password, "-out", "locked.key"]);
    world.write("acme/.awsenv", &pki::pin("edge.pem", "locked.key"));
    world.allow("acme");
    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer("Password of ~/pki/locked.key: ", "\u{f6}ffne \"dich\"");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("the password of ~/pki/locked.key is kept in the Secret Service"), "{screen}");
    let renewed = |world: &World| {
        world.run(["session", "clear"]).any_stdout().any_stderr().success();
        let mut shell = world.shell(Kind::Bash);
        shell.arrive("acme").wait();
        (identity(&sandbox, &shell.env), shell.notice)
    };
    assert!(renewed(&world).0.is_some());
    desktop.lock(&login());
    assert_eq!(
        renewed(&world),
        (
            None,
            "awsenv: cannot use the Secret Service for the password of $HOME/pki/locked.key: it is locked: \
             run `awsenv refresh`, which asks for its password\n"
                .to_owned()
        )
    );
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
    // Before anything is read, and before AWS is asked.
    let before = operations(&sandbox);
    world
        .run(["key", "add", "you", "--stdin"])
        .stdin("no JSON")
        .stderr(
            "awsenv: cannot use the Secret Service: it does not answer\n\
             awsenv: hint: end it and log in again; keys in it are not lost\n",
        )
        .exits(3);
    assert_eq!(operations(&sandbox), before);
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

const YOU: &str = r#"{"AccessKeyId":"AKIAYOU","SecretAccessKey":"you/secret"}"#;

/// As awsenv writes them.
fn named(name: &str) -> [(&str, &str); 2] {
    [("service", "awsenv"), ("username", name)]
}

/// Two keyrings have keys `ci`: those of the list in one, somebody else's in the other. (Which of the two the service
/// names first differs from run to run.)
fn with_two(sandbox: &Sandbox) -> (World, Desktop) {
    let (world, desktop) = logged_in(sandbox);
    add(&world, "ci");
    desktop.collect("other", &[]);
    desktop.put(&collection("other"), "awsenv: ci", &named("ci"), YOU);
    assert_eq!(desktop.count(&named("ci")), 2);
    (world, desktop)
}

#[test]
fn of_two_items_of_one_name_the_one_counts_that_the_list_names() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, desktop) = with_two(&sandbox);
    let held = || {
        // Out of the keyring, each time.
        world.run(["session", "clear"]).any_stderr().success();
        let got = world.run(["exec", "ci", "--no-session", "--", "env"]).any_stdout().success().variables();
        got.text("AWS_ACCESS_KEY_ID").map(str::to_owned)
    };
    let list = world.at(".local/share/awsenv/keys/index");
    let text = fs::read_to_string(&list).unwrap();
    assert_eq!(held().as_deref(), Some("AKIAME"));
    fs::write(&list, text.replace("AKIAME", "AKIAYOU")).unwrap();
    assert_eq!(held().as_deref(), Some("AKIAYOU"));
    fs::write(&list, text.replace("AKIAME", "AKIANOBODY")).unwrap();
    let told = world.run(["exec", "ci", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(told.contains("has other keys under ci: AKIA") && told.contains(", not AKIANOBODY"), "{told}");
    // The other keyring need not be open.
    fs::write(&list, text).unwrap();
    desktop.lock(&collection("other"));
    assert_eq!(held().as_deref(), Some("AKIAME"));
}

#[test]
fn keys_that_are_removed_or_replaced_are_gone_from_all_keyrings() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, desktop) = with_two(&sandbox);
    world.run(["key", "remove", "ci", "--yes"]).any_stderr().success();
    assert_eq!(desktop.count(&named("ci")), 0);
    add(&world, "ci");
    for (default, json, id) in [(collection("other"), YOU, "AKIAYOU"), (login(), JSON, "AKIAME")] {
        desktop.set_default(&default);
        world.run(["key", "add", "ci", "--stdin", "--replace"]).stdin(json).any_stderr().success();
        assert_eq!(desktop.count(&named("ci")), 1);
        let got = world.run(["exec", "ci", "--no-session", "--", "env"]).any_stdout().success().variables();
        assert_eq!(got.text("AWS_ACCESS_KEY_ID"), Some(id));
    }
    // What is in a locked one stays, and is in nobody's way.
    desktop.put(&collection("other"), "awsenv: ci", &named("ci"), YOU);
    desktop.lock(&collection("other"));
    world.run(["key", "add", "ci", "--stdin", "--replace"]).stdin(JSON).any_stderr().success();
    assert_eq!(desktop.count(&named("ci")), 2);
    let told = world.run(["key", "remove", "ci", "--yes"]).any_stderr().exits(3).stderr;
    assert!(told.starts_with(LOCKED.trim_end()), "{told}");
    assert_eq!(desktop.count(&named("ci")), 2, "all or nothing");
}

#[test]
fn keys_that_the_list_has_lost_are_removed_from_the_keyring() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, desktop) = logged_in(&sandbox);
    add(&world, "ci");
    fs::remove_file(world.at(".local/share/awsenv/keys/index")).unwrap();
    world
        .run(["key", "remove", "ci", "--yes"])
        .stderr(
            "awsenv: ci is not on the list; looking for it in the Secret Service\n\
             awsenv: removed AKIAME, the keys of ci; AWS still honours them\n",
        )
        .success();
    assert_eq!(desktop.count(&named("ci")), 0);
    world
        .run(["key", "remove", "ci", "--yes"])
        .stderr(
            "awsenv: ci is not on the list; looking for it in the Secret Service\n\
             awsenv: no keys named ci are in the keychain\nawsenv: hint: `awsenv key list` shows them all\n",
        )
        .exits(1);
}

#[test]
fn a_name_whose_keyring_is_gone_can_be_forgotten() {
    if !is_installed() {
        return;
    }
    let sandbox = sandbox();
    let (world, desktop) = logged_in(&sandbox);
    add(&world, "ci");
    drop(desktop);
    let told = world.run(["key", "remove", "ci", "--yes"]).any_stderr().exits(3).stderr;
    let hint = "; if it is gone for good, `awsenv key remove ci --forget` takes ci off the list\n";
    assert!(told.contains("cannot use the Secret Service for ci: ") && told.ends_with(hint), "{told}");
    world
        .run(["key", "remove", "ci", "--forget", "--yes"])
        .stderr("awsenv: ci is off the list; AKIAME stays in the Secret Service, and AWS honours it\n")
        .success();
    world.run(["key", "list"]).success();
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
