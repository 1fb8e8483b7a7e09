//! Long-lived keys in the encrypted file: added, used, listed, removed; what is wrong with it is said, and never
//! taken for "no keys". (The system's keychain is in `keyring.rs`.)

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use awsenv_sandbox::Sandbox;
use sha2::{Digest, Sha256};

use crate::cloud::{self, identity, operations, renewals_end, sandbox};
use crate::files::{at_each_moment, below, killed};
use crate::run::Output;
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::{World, installed};

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
fn a_wrong_passphrase_is_said_and_changes_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let before = fs::read(world.at(FILE)).unwrap();
    world.forget_the_passphrase();
    world.write("passphrase", "wrong horse\n");
    let told = "awsenv: what passphrase_command prints is not the passphrase of ~/.local/share/awsenv/keys/sealed\n\
                awsenv: hint: nothing was changed; a passphrase that is lost cannot be had back, only new keys from AWS\n";
    world.run(["exec", "ci", "--", "true"]).stderr(told).exits(3);
    world.run(["key", "add", "other", "--stdin"]).stdin(JSON).stderr(told).exits(3);
    assert_eq!(fs::read(world.at(FILE)).unwrap(), before);
    world.write("passphrase", "correct horse\n");
    exec(&world, "ci");
    let short = cloud::world(&sandbox).settings("passphrase_command = \"echo short\"\n");
    let told = short.run(["key", "add", "ci", "--stdin"]).stdin(JSON).any_stderr().exits(1).stderr;
    assert!(
        told.starts_with("awsenv: passphrase_command: a passphrase of less than 8 characters\n"),
        "{told}"
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
fn a_damaged_file_is_an_error_and_never_no_keys() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let good = fs::read(world.at(FILE)).unwrap();
    let put = |bytes: &[u8]| awsenv::files::write_private(&world.at(FILE), bytes).unwrap();
    let damaged = "~/.local/share/awsenv/keys/sealed is damaged";
    let newer = "~/.local/share/awsenv/keys/sealed is of a newer awsenv";
    let (mut flipped, mut cut) = (good.clone(), good.clone());
    flipped[100] ^= 1;
    cut.truncate(good.len() - 1);
    let version_2 = [b"awsenv keys 2 ", &good[14..]].concat();
    let costly = "~/.local/share/awsenv/keys/sealed asks for more than 4 times the work of awsenv's own";
    let asking = |cost: &str| {
        let content = String::from_utf8_lossy(&good).replacen("m=65536 t=3 p=4", cost, 1).into_bytes();
        [&content[..], &Sha256::digest(&content)].concat()
    };
    let rows = [
        (flipped, damaged),
        (cut, damaged),
        (Vec::new(), damaged),
        (version_2, newer),
        (asking("m=65536 t=13 p=4"), costly),
        (asking("m=262145 t=3 p=4"), costly),
        (asking("m=65536 t=3 p=17"), costly),
    ];
    for (bytes, expected) in rows {
        put(&bytes);
        let told = world.run(["exec", "ci", "--", "true"]).any_stderr().exits(125).stderr;
        assert!(
            told.starts_with(&format!("awsenv: {expected}")) && told.contains("\nawsenv: hint: "),
            "{told}"
        );
        let told = world.run(["key", "add", "other", "--stdin"]).stdin(JSON).any_stderr().exits(1).stderr;
        assert!(told.starts_with(&format!("awsenv: {expected}")), "{told}");
        assert_eq!(fs::read(world.at(FILE)).unwrap(), bytes, "it is left as it is");
    }
    fs::remove_file(world.at(FILE)).unwrap();
    world
        .run(["exec", "ci", "--", "true"])
        .stderr(
            "awsenv: the encrypted file ~/.local/share/awsenv/keys/sealed has no keys named ci any more\n\
             awsenv: hint: run `awsenv key add ci --replace`, or `awsenv key remove ci`\n",
        )
        .exits(3);
    put(&good);
    exec(&world, "ci");
}

#[test]
fn a_damaged_list_lets_no_other_keys_in() {
    let sandbox = sandbox();
    let world = world(&sandbox).config(cloud::CONFIG);
    add(&world, "base");
    let list = ".local/share/awsenv/keys/index";
    fs::write(world.at(list), "{").unwrap();
    let told = "awsenv: $HOME/.local/share/awsenv/keys/index: the list of your keys is damaged\n\
                awsenv: hint: remove it, and add the keys again with `awsenv key add`; no secret is in it\n";
    world.run(["exec", "base", "--", "true"]).stderr(told).exits(125);
    world.run(["key", "list"]).stderr(told).exits(1);
}

#[test]
fn many_at_once_lose_nothing_and_make_one_file() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let names: Vec<_> = (0..6).map(|n| format!("k{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| add(&world, name));
        }
    });
    for name in &names {
        exec(&world, name);
    }
}

#[test]
fn an_add_or_a_remove_that_is_killed_loses_nothing() {
    if !installed("strace") {
        return;
    }
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let json = world.write("json", JSON);
    let input = || Stdio::from(fs::File::open(&json).unwrap());
    at_each_moment(|call, nth| {
        let again =
            killed(&world, &["key", "add", "b", "--stdin", "--no-verify", "--replace"], input(), call, nth);
        exec(&world, "ci");
        add_again(&world, "b");
        exec(&world, "b");
        again
    });
    at_each_moment(|call, nth| {
        let again = killed(&world, &["key", "remove", "b", "--yes"], Stdio::null(), call, nth);
        exec(&world, "ci");
        add_again(&world, "b");
        again
    });
    let left: Vec<_> = fs::read_dir(world.at(".local/share/awsenv/keys")).unwrap().flatten().collect();
    assert_eq!(left.len(), 4, "what was half written is swept away: {left:?}");
}

fn add_again(world: &World, name: &str) {
    world.run(["key", "add", name, "--stdin", "--no-verify", "--replace"]).stdin(JSON).any_stderr().success();
}

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
    let world = world(&sandbox).file("bare/.awsenv", "[keys]\nname = \"ci\"\nsession = false\n");
    add(&world, "ci");
    world.allow("bare");
    world.run(["refresh"]).at("bare").any_stderr().success();
    world.forget_the_passphrase();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("bare");
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAME"), "from the store, not from the keychain");
    cloud::age(&world, Duration::from_secs(12 * 3600));
    shell.arrive("bare");
    renewals_end(&world);
    shell.wait();
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
}

#[test]
fn removed_keys_are_gone_from_every_prompt() {
    let sandbox = sandbox();
    let world = world(&sandbox).file("bare/.awsenv", "[keys]\nname = \"ci\"\nsession = false\n");
    add(&world, "ci");
    world.allow("bare");
    world.run(["refresh"]).at("bare").any_stderr().success();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("bare");
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

#[test]
fn at_a_terminal_a_person_is_asked_and_secrets_are_not_shown() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).config("[profile other]\n");
    let mut terminal = Terminal::start(&world, &["key", "add", "ci"]);
    terminal.answer("Access key id of ci: ", "AKIAME");
    terminal.answer("Secret access key (not shown): ", "me/secret");
    terminal.answer("empty for none): ", cloud::MFA);
    terminal.answer("New passphrase for ~/.local/share/awsenv/keys/sealed: ", "correct horse");
    terminal.answer("The same again: ", "correct horse");
    terminal.answer("Write profile ci to ~/.aws/config? [Y/n] ", "");
    terminal.answer("Its region (empty for none): ", "eu-west-1");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("me/secret") && !screen.contains("horse"), "{screen}");
    assert_eq!(world.read(".aws/config"), "[profile other]\n\n[profile ci]\nregion = eu-west-1\n");
    world.forget_the_passphrase();
    let mut terminal = Terminal::start(&world, &["exec", "ci", "--", "true"]);
    terminal.type_at("Passphrase of ~/.local/share/awsenv/keys/sealed: ", "half of it\x03");
    let (screen, code) = terminal.end();
    assert!(
        code == 3
            && screen.ends_with(
                "cannot ask for the passphrase of ~/.local/share/awsenv/keys/sealed: interrupted\n"
            ),
        "{code} {screen}"
    );
    assert!(!screen.contains("half"));
    let mut terminal = Terminal::start(&world, &["exec", "ci", "--no-session", "--", "true"]);
    terminal.answer("Passphrase of ~/.local/share/awsenv/keys/sealed: ", "wrong horse");
    terminal.answer("Passphrase of ~/.local/share/awsenv/keys/sealed: ", "correct horse");
    assert_eq!(terminal.end().1, 0);
    let mut terminal = Terminal::start(&world, &["key", "remove", "ci"]);
    terminal.answer("Remove AKIAME, the keys of ci, from the encrypted file ", "n");
    assert_eq!(terminal.end().1, 1);
    assert_eq!(world.run(["key", "list", "--json"]).any_stdout().success().json()[0]["name"], "ci");
}

#[test]
fn a_slip_is_asked_for_again_and_no_answer_is_no_profile() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let typed = |name: &str| {
        let mut terminal = Terminal::start(&world, &["key", "add", name]);
        terminal.answer(&format!("Access key id of {name}: "), "AKIAME");
        terminal.answer("Secret access key (not shown): ", "me/secret");
        terminal
    };
    let mut terminal = typed("ci");
    terminal.answer("empty for none): ", "my phone");
    terminal.answer("my phone: 9 to 256 letters, digits or any of _+=/:,.@-\r\nMFA device of these keys", "");
    terminal.answer("Write profile ci to ~/.aws/config? [Y/n] ", "y");
    terminal.answer("Its region (empty for none): ", "Seoul, I think");
    terminal.answer(
        "awsenv: Seoul, I think: a region is letters, digits and hyphens, like eu-west-1\r\nIts region",
        "eu-west-1",
    );
    let (screen, code) = terminal.end();
    let config = "[profile ci]\nregion = eu-west-1\n";
    assert_eq!((code, world.read(".aws/config").as_str()), (0, config), "{screen}");
    for (name, questions) in [("a", 1), ("b", 2)] {
        let mut terminal = typed(name);
        terminal.answer("empty for none): ", "");
        if questions == 2 {
            terminal.answer("[Y/n] ", "");
        }
        terminal.type_at(if questions == 1 { "[Y/n] " } else { "Its region (empty for none): " }, "\x04");
        let (screen, code) = terminal.end();
        assert!(code == 0 && !screen.contains("end of file") && screen.ends_with('\n'), "{code} {screen}");
        assert_eq!(world.read(".aws/config"), config);
        exec(&world, name);
    }
}

#[test]
fn a_terminal_is_no_place_for_json() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut terminal = Terminal::start(&world, &["key", "add", "ci", "--stdin"]);
    // For a program that reads it all the same.
    terminal.type_at("", "\x04");
    let (screen, code) = terminal.end();
    assert!(
        code == 2
            && screen.ends_with(
                "awsenv: stdin is a terminal, which would show the secret\n\
                 awsenv: hint: pipe the JSON into it; or `awsenv key add ci`, which asks and does not show it\n"
            ),
        "{code} {screen}"
    );
}
