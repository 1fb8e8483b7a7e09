//! Root in a home of somebody else (`sudo -E`, a container with the host's `~/.aws`): nothing there becomes root's.
//! Only root can give a directory away; where the tests are not root's, there is nothing to see.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, lchown};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cloud::{self, exec, sandbox, sessions};
use crate::files::below;
use crate::portal::{self, Login, OF_CORP, cached, keep, sign_in};
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::{World, installed};

/// The user and the group whose home it is.
const THEIRS: (u32, u32) = (54_321, 54_322);

/// Gives it all away.
fn is_given(dir: &Path) -> bool {
    below(dir).iter().all(|path| lchown(path, Some(THEIRS.0), Some(THEIRS.1)).is_ok())
}

fn owner(path: &Path) -> (u32, u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

fn refused(world: &World) -> String {
    format!("{} belongs to another user (uid {})", world.shown(world.home().to_str().unwrap()), THEIRS.0)
}

const HINT: &str = "awsenv: hint: run it as that user, or with a home of root's own (`sudo -H`)\n";

#[test]
fn nothing_is_made_in_a_home_of_somebody_else_and_keys_come_all_the_same() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox)
        .settings("trusted = [\"~/acme\"]\n")
        .file("acme/.awsenv", "profile = \"base\"\n")
        .env("SUDO_UID", "54321");
    if !is_given(&world.home()) {
        return;
    }
    chown(world.at("acme/.awsenv"), Some(0), Some(0)).unwrap();
    let before = below(&world.home());
    let why = refused(&world);
    let run = world.run(["exec", "one", "--", "env"]).any_stdout().any_stderr().success();
    assert!(run.stdout.contains("AWS_SESSION_TOKEN="), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        format!(
            "awsenv: the session is not kept, each command asks AWS: \
             cannot write below $HOME/.local/state/awsenv/sessions: {why}\n"
        )
    );
    world.run(["credentials", "one"]).any_stdout().any_stderr().success();
    world.run(["hook", "bash"]).any_stdout().success();
    world.run(["session", "clear"]).stderr("awsenv: forgot 0 sessions\n").success();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme").prompt();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAME"));
    let doctor = world.run(["doctor", "disk"]).any_stdout().any_stderr().exits(1);
    assert!(doctor.stdout.contains(&why), "{}", doctor.stdout);
    assert_eq!(below(&world.home()), before);
}

#[test]
fn who_asked_to_write_in_a_home_of_somebody_else_is_told_whose_it_is() {
    let sandbox = portal::sandbox();
    let world = portal::world(&sandbox).file("acme/.awsenv", "profile = \"dev\"\n");
    if !is_given(&world.home()) {
        return;
    }
    chown(world.at("acme/.awsenv"), Some(0), Some(0)).unwrap();
    let before = below(&world.home());
    let why = refused(&world);
    for arguments in [
        &["allow", "acme"][..],
        &["deny", "acme"],
        &["login", "dev"],
        &["init", "dev"],
        &["key", "add", "ci", "--stdin", "--no-verify"],
    ] {
        let run = arguments.iter().fold(world.run([]), |run, argument| run.arg(*argument));
        let run = run
            .stdin("{\"AccessKeyId\": \"AKIAME\", \"SecretAccessKey\": \"me/secret\"}")
            .any_stderr()
            .exits(1);
        assert!(run.stderr.ends_with(&format!(": {why}\n{HINT}")), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(below(&world.home()), before);
}

/// What is in everybody's directory locks nobody out, whoever's it is.
#[test]
fn in_a_directory_for_everybody_root_goes_on() {
    let world = World::with_profiles();
    let everybodys = world.at("tmp");
    fs::create_dir(&everybodys).unwrap();
    assert!(Command::new("chmod").arg("1777").arg(&everybodys).status().unwrap().success());
    if !is_given(&everybodys) {
        return;
    }
    let world = world.env("XDG_STATE_HOME", everybodys.join("state"));
    exec(&world, "dev");
    assert_eq!(owner(&everybodys.join("state/awsenv")).0, 0);
}

#[test]
fn what_the_aws_cli_keeps_stays_its_users_when_root_signs_in_and_serves_root_too() {
    let sandbox = portal::sandbox();
    let world = portal::world(&sandbox);
    fs::create_dir_all(world.at(".aws/sso/cache")).unwrap();
    if !is_given(&world.at(".aws")) {
        return;
    }
    sign_in(&world, ["dev"]);
    let files = || cached(&world).into_iter().map(|name| world.at(".aws/sso/cache").join(name));
    assert!(files().count() > 1 && files().all(|file| owner(&file) == THEIRS), "{:?}", cached(&world));
    exec(&world, "dev");
    // One that is replaced has an owner of its own.
    let other = (THEIRS.0, THEIRS.1 + 1);
    keep(&world, OF_CORP, &sandbox.signed_in(1));
    chown(world.at(OF_CORP), Some(other.0), Some(other.1)).unwrap();
    let before = world.read(OF_CORP);
    exec(&world, "reader");
    assert_ne!(world.read(OF_CORP), before);
    assert_eq!(owner(&world.at(OF_CORP)), other);
}

#[test]
fn where_a_file_cannot_be_given_to_its_owner_nothing_is_replaced() {
    let sandbox = portal::sandbox();
    let world = portal::signed_in(&sandbox, 1);
    if !is_given(&world.at(".aws")) || !installed("setpriv") {
        return;
    }
    let before = world.read(OF_CORP);
    let mut login = world.command("setpriv");
    login.args(["--bounding-set=-chown", PROGRAM, "login", "dev"]).env("PWD", world.home());
    login.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (said, status) = Login::of(&mut login).end(&world);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("it would not stay the file of uid 54321: Operation not permitted"), "{said}");
    assert_eq!((world.read(OF_CORP), owner(&world.at(OF_CORP))), (before, THEIRS));
    assert_eq!(cached(&world).len(), 1, "{:?}", cached(&world));
}

#[test]
fn a_copy_of_the_credentials_and_a_new_config_are_the_users() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox)
        .config("")
        .settings("passphrase_command = \"cat ~/passphrase\"\n")
        .file("passphrase", "correct horse\n")
        .file(".aws/credentials", "[you]\naws_access_key_id = AKIAYOU\naws_secret_access_key = you/secret\n");
    fs::remove_file(world.at(".aws/config")).unwrap();
    if !is_given(&world.at(".aws")) {
        return;
    }
    world.run(["key", "import", "you", "--backup"]).any_stdout().any_stderr().success();
    let mut terminal = Terminal::start(&world, &["key", "add", "mine", "--no-verify"]);
    terminal.answer("Access key id of mine: ", "AKIAME");
    terminal.answer("Secret access key (not shown): ", "me/secret");
    terminal.answer("empty for none): ", "");
    terminal.answer("Write profile mine to ~/.aws/config? [Y/n] ", "");
    terminal.answer("Its region (empty for none): ", "eu-west-1");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    for file in ["credentials", "credentials.bak", "config"] {
        assert_eq!(owner(&world.at(".aws").join(file)), THEIRS, "{file}");
    }
}

#[test]
fn what_somebody_else_keeps_is_neither_forgotten_nor_added_to() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    exec(&world, "one");
    assert_eq!(sessions(&world).len(), 1);
    let state = world.at(".local/state/awsenv");
    let listing = || below(&state).into_iter().map(|path| (fs::read(&path).ok(), path)).collect::<Vec<_>>();
    let before = listing();
    if !is_given(&state) {
        return;
    }
    let why = "$HOME/.local/state/awsenv is not a directory of this user";
    world
        .run(["session", "clear"])
        .stderr(format!("awsenv: cannot forget the sessions: {why}\n{HINT}"))
        .exits(1);
    let run = world.run(["history", "clear"]).any_stderr().exits(1);
    assert!(run.stderr.contains(why), "{}", run.stderr);
    world.run(["exec", "one", "--", "true"]).any_stderr().success();
    assert!(before == listing(), "{:?}", below(&state));
    // Nor is one begun where there is none.
    fs::remove_file(state.join("history")).unwrap();
    world.run(["exec", "one", "--", "true"]).any_stderr().success();
    assert!(!state.join("history").exists());
}
