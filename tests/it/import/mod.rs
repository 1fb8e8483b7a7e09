//! Keys that lie somewhere else, brought into the keychain: out of `~/.aws/credentials`, where nothing else is touched,
//! and from what aws-vault keeps.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use awsenv_sandbox::Sandbox;

use crate::cloud::{self, identity, operations, sandbox};
use crate::files::{at_each_moment, below, killed};
use crate::terminal::Terminal;
use crate::world::{World, installed};

mod aws_vault;

const FILE: &str = ".aws/credentials";
const SEALED: &str = "the encrypted file ~/.local/share/awsenv/keys/sealed";
const WHY: &str = "(there is no D-Bus session here)";

/// As people's files look after years.
const CREDENTIALS: &str = "\
# keys of mine; do not lose = them\r
\r
[base]   # the first
AWS_Access_Key_Id\t=  AKIAME    # rotated in May
region=eu-west-1
; between the two
aws_secret_access_key=me/secret

[ you ] ; spelled oddly
\t
  \t
aws_secret_access_key =\tyou/secret\r
output = json
s3 =
  max_concurrent_requests = 20
  addressing_style = path
aws_access_key_id=AKIAYOU
# the end of you

[session]
aws_access_key_id = ASIAX
aws_secret_access_key = session/secret
aws_session_token = session/token

[half]
aws_access_key_id = AKIAHALF

[twice]
aws_access_key_id = AKIATWICE
aws_secret_access_key = one/secret
[twice]
aws_secret_access_key = two/secret

[profile base]
aws_secret_access_key = nobody/reads/this
[other]
region = us-east-1 # no newline at the end";

fn world(sandbox: &Sandbox) -> World {
    cloud::world(sandbox)
        .settings("passphrase_command = \"cat ~/passphrase\"\n")
        .file("passphrase", "correct horse\n")
        .config("[profile base]\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n")
}

/// [`CREDENTIALS`] without the lines that begin so.
fn without(lines: &[&str]) -> String {
    let mut gone = 0;
    let stays = |line: &&str| {
        let goes = lines.iter().any(|start| line.starts_with(start));
        gone += usize::from(goes);
        !goes
    };
    let rest = CREDENTIALS.split_inclusive('\n').filter(stays).collect();
    assert_eq!(gone, lines.len());
    rest
}

const BASE: [&str; 2] = ["AWS_Access_Key_Id\t=  AKIAME", "aws_secret_access_key=me"];
const YOU: [&str; 2] = ["aws_secret_access_key =\tyou", "aws_access_key_id=AKIAYOU"];

/// Whose keys a profile has.
#[track_caller]
fn whose(sandbox: &Sandbox, world: &World, name: &str) -> Option<String> {
    let got = world.run(["exec", name, "--no-session", "--", "env"]).any_stdout().success().variables();
    identity(sandbox, &got)
}

fn mode(world: &World, path: &str) -> u32 {
    fs::metadata(world.at(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_move_out_of_the_file_and_no_other_byte_changes() {
    let sandbox = sandbox();
    let world = world(&sandbox).file(FILE, CREDENTIALS);
    world
        .run(["key", "import", "--all"])
        .stderr(format!(
            "awsenv: AKIAME is kept as base in {SEALED} {WHY}\n\
             awsenv: half stays at ~/.aws/credentials:26: there is no aws_secret_access_key beside it\n\
             awsenv: session stays at ~/.aws/credentials:21: of a session, which ends\n\
             awsenv: twice stays at ~/.aws/credentials:29: line 32 has another aws_secret_access_key\n\
             awsenv: AKIAYOU is kept as you in {SEALED} {WHY}\n\
             awsenv: took the keys of base, you out of ~/.aws/credentials\n"
        ))
        .success();
    assert_eq!(world.read(FILE), without(&[BASE, YOU].concat()));
    assert_eq!(mode(&world, FILE), 0o600);
    assert_eq!(operations(&sandbox), [""; 0]);
    assert_eq!(whose(&sandbox, &world, "base").as_deref(), Some(cloud::ME));
    // As the help says how other AWS clients get them.
    let process = "[profile you]\ncredential_process = awsenv credentials you --format process\n";
    fs::write(world.at(".aws/config"), format!("{}{process}", world.read(".aws/config"))).unwrap();
    assert_eq!(whose(&sandbox, &world, "you").as_deref(), Some("arn:aws:iam::111122223333:user/you"));
    let listed = world.run(["key", "list", "--json"]).any_stdout().success().json();
    assert_eq!(
        (&listed[0]["mfa_serial"], &listed[1]["mfa_serial"], &listed[0]["last_used"].is_string()),
        (&cloud::MFA.into(), &serde_json::Value::Null, &true)
    );
    let secrets = [&b"me/secret"[..], b"you/secret"];
    for path in below(&world.home()).iter().filter(|path| path.is_file()) {
        let bytes = fs::read(path).unwrap();
        let has = |secret: &&&[u8]| bytes.windows(secret.len()).any(|part| part == **secret);
        assert!(!secrets.iter().any(|secret| has(&secret)), "{}", path.display());
    }
    let again = world.run(["key", "import", "--all"]).any_stderr().success().stderr;
    assert_eq!(again.matches(" stays at ").count(), again.lines().count(), "{again}");
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_does_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox).file(FILE, CREDENTIALS);
    world
        .run(["key", "import", "--dry-run"])
        .stdout(format!(
            "base: AKIAME, ~/.aws/credentials:4: moves to {SEALED}\n\
             half: ~/.aws/credentials:26: stays: there is no aws_secret_access_key beside it\n\
             session: ~/.aws/credentials:21: stays: of a session, which ends\n\
             twice: ~/.aws/credentials:29: stays: line 32 has another aws_secret_access_key\n\
             you: AKIAYOU, ~/.aws/credentials:17: moves to {SEALED}\n"
        ))
        .success();
    world
        .run(["key", "import", "--dry-run", "--keep", "you"])
        .stdout(format!("you: AKIAYOU, ~/.aws/credentials:17: is copied to {SEALED}\n"))
        .success();
    assert_eq!((world.read(FILE).as_str(), mode(&world, FILE)), (CREDENTIALS, 0o644));
    world.run(["key", "list"]).success();
}

#[test]
fn whoever_names_no_keys_is_asked() {
    let sandbox = sandbox();
    let world = world(&sandbox).file(FILE, CREDENTIALS);
    let refused = world.run(["key", "import"]).any_stderr().exits(3).stderr;
    assert!(
        refused.ends_with(
            "awsenv: cannot ask: there is no terminal\nawsenv: hint: name the keys you mean, or --all\n"
        ),
        "{refused}"
    );
    let mut terminal = Terminal::start(&world, &["key", "import"]);
    terminal.answer("Move these 2 pairs of keys? [y/N] ", "");
    let (screen, code) = terminal.end();
    assert!(code == 1 && screen.contains("base: AKIAME, ~/.aws/credentials:4: moves to "), "{screen}");
    assert!(!screen.contains("/secret") && world.read(FILE) == CREDENTIALS);
    let mut terminal = Terminal::start(&world, &["key", "import"]);
    terminal.answer("Move these 2 pairs of keys? [y/N] ", "y");
    assert_eq!(terminal.end().1, 0);
    assert_eq!(world.read(FILE), without(&[BASE, YOU].concat()));
}

#[test]
fn a_file_that_changes_meanwhile_is_left_alone() {
    let sandbox = sandbox();
    let world = world(&sandbox).file(FILE, CREDENTIALS);
    let changed = format!("{CREDENTIALS}\n[new]\nregion = x\n");
    let mut terminal = Terminal::start(&world, &["key", "import"]);
    // The question comes when the file has been read.
    terminal.wait_for("Move these 2 pairs of keys? [y/N] ");
    fs::write(world.at(FILE), &changed).unwrap();
    terminal.answer("", "y");
    let (screen, code) = terminal.end();
    assert_eq!((code, world.read(FILE)), (1, changed));
    assert!(
        screen.ends_with(
            "awsenv: cannot write ~/.aws/credentials: it has changed since it was read\n\
             awsenv: hint: the keys are in the keychain now, and in the file too; run it again to take them out\n"
        ),
        "{screen}"
    );
    world.run(["key", "import", "--all"]).any_stderr().success();
    assert_eq!(world.read(FILE), without(&[BASE, YOU].concat()) + "\n[new]\nregion = x\n");
}

#[test]
fn keys_that_are_named_move_alone_or_it_is_said_why_not() {
    let sandbox = sandbox();
    let world = world(&sandbox)
        .file(FILE, CREDENTIALS)
        .config("[profile inline]\naws_access_key_id = AKIAINLINE\naws_secret_access_key = s\n");
    for (name, told) in [
        ("session", "session at ~/.aws/credentials:21: of a session, which ends\n"),
        ("bas", "there are no keys of bas in ~/.aws/credentials\nawsenv: hint: did you mean base?\n"),
        (
            "inline",
            "there are no keys of inline in ~/.aws/credentials\n\
             awsenv: hint: they are at $HOME/.aws/config:3: `awsenv key add inline`, then remove them there\n",
        ),
        (
            "other",
            "there are no keys of other in ~/.aws/credentials\n\
             awsenv: hint: `awsenv key import --dry-run` shows what is there\n",
        ),
    ] {
        world.run(["key", "import", "you", name]).stderr(format!("awsenv: {told}")).exits(1);
        assert_eq!(world.read(FILE), CREDENTIALS, "{name}");
    }
    world.run(["key", "import", "you"]).any_stderr().success();
    assert_eq!(world.read(FILE), without(&YOU));
}

#[test]
fn keys_of_that_name_stay_unless_they_are_the_same_or_it_is_forced() {
    let sandbox = sandbox();
    let world = world(&sandbox).file(FILE, CREDENTIALS);
    crate::keys::add(&world, "you");
    let refused = "awsenv: you was not imported: the keychain has other keys of this name: AKIAME\n\
                   awsenv: hint: --force puts these in their place\n";
    world.run(["key", "import", "base", "you"]).stderr(refused).exits(1);
    assert_eq!(world.read(FILE), CREDENTIALS);
    let told = world.run(["key", "import", "--all"]).any_stderr().exits(1).stderr;
    assert!(told.ends_with(refused) && told.contains("awsenv: took the keys of base out of "), "{told}");
    assert_eq!(world.read(FILE), without(&BASE));
    assert_eq!(whose(&sandbox, &world, "you").as_deref(), Some(cloud::ME));
    // The same once more: they only go from the file.
    fs::write(world.at(FILE), CREDENTIALS).unwrap();
    world
        .run(["key", "import", "base"])
        .stderr(format!(
            "awsenv: AKIAME was kept as base in {SEALED} already\nawsenv: took the keys of base out of ~/.aws/credentials\n"
        ))
        .success();
    let other_secret = CREDENTIALS.replace("me/secret", "other/secret");
    fs::write(world.at(FILE), &other_secret).unwrap();
    let told = world.run(["key", "import", "base"]).any_stderr().exits(1).stderr;
    assert!(
        told.contains("has another secret of AKIAME as base\n") && !told.contains("other/secret"),
        "{told}"
    );
    assert_eq!(world.read(FILE), other_secret);
    world.run(["key", "import", "you", "--force"]).any_stderr().success();
    assert_eq!(whose(&sandbox, &world, "you").as_deref(), Some("arn:aws:iam::111122223333:user/you"));
}

#[test]
fn keys_stay_in_the_file_or_in_a_copy_of_it_only_if_asked_for() {
    let sandbox = sandbox();
    let world = world(&sandbox).file(FILE, CREDENTIALS);
    world
        .run(["key", "import", "you", "--keep"])
        .stderr(format!(
            "awsenv: AKIAYOU is kept as you in {SEALED} {WHY}\n\
             awsenv: profile you has keys at $HOME/.aws/credentials:12 too; awsenv takes those of the keychain, \
             other programs do not: remove them there\n"
        ))
        .success();
    assert_eq!((world.read(FILE).as_str(), mode(&world, FILE)), (CREDENTIALS, 0o644));
    let told = world.run(["key", "import", "you", "--backup"]).any_stderr().success().stderr;
    assert!(told.ends_with("out of ~/.aws/credentials; ~/.aws/credentials.bak still has them\n"), "{told}");
    let copy = ".aws/credentials.bak";
    assert_eq!((world.read(copy).as_str(), mode(&world, copy)), (CREDENTIALS, 0o600));
    let told = world.run(["key", "import", "base", "--backup"]).any_stderr().exits(1).stderr;
    assert!(told.starts_with("awsenv: cannot write ~/.aws/credentials.bak: "), "{told}");
    assert_eq!((world.read(FILE), world.read(copy)), (without(&YOU), CREDENTIALS.to_owned()));
    world.run(["key", "list"]).any_stdout().success();
}

#[test]
fn a_linked_file_stays_linked() {
    let sandbox = sandbox();
    let world = world(&sandbox).file("dotfiles/aws", CREDENTIALS);
    fs::set_permissions(world.at("dotfiles/aws"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../dotfiles/aws", world.at(FILE)).unwrap();
    world.run(["key", "import", "--all"]).any_stderr().success();
    assert_eq!(fs::read_link(world.at(FILE)).unwrap().to_str(), Some("../dotfiles/aws"));
    assert_eq!(
        (world.read("dotfiles/aws"), mode(&world, "dotfiles/aws")),
        (without(&[BASE, YOU].concat()), 0o600)
    );
    assert_eq!(below(&world.at("dotfiles")).len(), 2, "nothing is left beside it");
}

#[test]
fn an_import_that_is_killed_loses_no_key() {
    if !installed("strace") {
        return;
    }
    let sandbox = sandbox();
    let world = world(&sandbox);
    // With another key in the file, its passphrase is known: no program is started that could be killed instead.
    crate::keys::add(&world, "other");
    at_each_moment(|call, nth| {
        fs::write(world.at(FILE), CREDENTIALS).unwrap();
        let again = killed(&world, &["key", "import", "base"], Stdio::null(), call, nth);
        let text = world.read(FILE);
        assert!(text == CREDENTIALS || text == without(&BASE), "killed at {call} {nth}: {text}");
        // From the file or from the keychain: they are there.
        assert_eq!(whose(&sandbox, &world, "base").as_deref(), Some(cloud::ME), "killed at {call} {nth}");
        if text == CREDENTIALS {
            world.run(["key", "import", "base"]).any_stderr().success();
        }
        let kept = world.run(["key", "list", "--json"]).any_stdout().success().json();
        assert_eq!(kept[0]["access_key_id"], "AKIAME", "killed at {call} {nth}");
        world.run(["key", "remove", "base", "--yes"]).any_stderr().success();
        again
    });
    fs::write(world.at(FILE), CREDENTIALS).unwrap();
    world.run(["key", "import", "base"]).any_stderr().success();
    let left: Vec<_> =
        fs::read_dir(world.at(".aws")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "what was half written is swept away: {left:?}");
}
