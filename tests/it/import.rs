//! Keys that lie somewhere else, brought into the keychain: out of `~/.aws/credentials`, where nothing else is touched,
//! and from what aws-vault keeps.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use awsenv_sandbox::Sandbox;

#[cfg(target_os = "linux")]
use crate::desktop::Desktop;

use crate::cloud::{self, identity, operations, sandbox};
use crate::files::{at_each_moment, below, killed};
use crate::terminal::Terminal;
use crate::world::{World, installed};

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

/// As aws-vault's file backend leaves them: [`FILES`] in their directory.
fn with_aws_vault(world: World) -> World {
    let items = include_str!("aws_vault_files.txt").lines().filter(|line| !line.starts_with('#'));
    items.fold(world, |world, line| {
        let (name, token) = line.split_once(' ').unwrap();
        world.file(&format!(".awsvault/keys/{name}"), token)
    })
}

#[test]
fn what_aws_vault_keeps_in_files_is_copied_but_for_its_sessions() {
    let sandbox = sandbox();
    let world = with_aws_vault(world(&sandbox));
    let before: Vec<_> = below(&world.at(".awsvault")).into_iter().map(|path| fs::read(path).ok()).collect();
    let import = || world.run(["key", "import", "--from", "aws-vault", "--all"]);
    let told = import().any_stderr().exits(3).stderr;
    assert!(
        told.starts_with("awsenv: cannot ask for the passphrase of ~/.awsvault/keys/")
            && told.ends_with(
                "there is no terminal\nawsenv: hint: run it in a terminal, or set AWS_VAULT_FILE_PASSPHRASE\n"
            ),
        "{told}"
    );
    let told = import().env("AWS_VAULT_FILE_PASSPHRASE", "wrong horse").any_stderr().exits(3).stderr;
    assert!(
        told.starts_with("awsenv: AWS_VAULT_FILE_PASSPHRASE is not the passphrase of ~/.awsvault/keys/"),
        "{told}"
    );
    world.run(["key", "list"]).success();
    import()
        .env("AWS_VAULT_FILE_PASSPHRASE", "correct horse")
        .stderr(format!(
            "awsenv: AKIAME is kept as ci in {SEALED} {WHY}\n\
             awsenv: AKIAYOU is kept as team/ops in {SEALED} {WHY}\n\
             awsenv: ~/.awsvault/keys has them too; `aws-vault remove NAME` takes them out there\n"
        ))
        .success();
    assert_eq!(whose(&sandbox, &world, "ci").as_deref(), Some(cloud::ME));
    assert_eq!(whose(&sandbox, &world, "team/ops").as_deref(), Some("arn:aws:iam::111122223333:user/you"));
    let after: Vec<_> = below(&world.at(".awsvault")).into_iter().map(|path| fs::read(path).ok()).collect();
    assert_eq!(before, after, "aws-vault's own stay as they are");
}

#[test]
fn aws_vaults_passphrase_is_asked_for_once_and_not_shown() {
    let sandbox = sandbox();
    let world = with_aws_vault(world(&sandbox));
    let mut terminal = Terminal::start(&world, &["key", "import", "--from", "aws-vault"]);
    terminal.answer("aws-vault's passphrase of ~/.awsvault/keys/", "wrong horse");
    terminal.answer("aws-vault's passphrase of ~/.awsvault/keys/", "correct horse");
    terminal.answer("Copy these 2 pairs of keys? [y/N] ", "y");
    let (screen, code) = terminal.end();
    assert!(code == 0 && !screen.contains("horse"), "{screen}");
    assert_eq!(whose(&sandbox, &world, "ci").as_deref(), Some(cloud::ME));
}

#[test]
fn what_is_wrong_with_aws_vaults_files_is_said() {
    let sandbox = sandbox();
    let world = world(&sandbox)
        .env("AWS_VAULT_FILE_PASSPHRASE", "correct horse")
        .env("AWS_VAULT_FILE_DIR", "~/vault/");
    let import = |name: &str| world.run(["key", "import", "--from", "aws-vault", name]);
    import("ci")
        .stderr(
            "awsenv: aws-vault keeps nothing in the collection awsvault of the Secret Service or in ~/vault\n\
             awsenv: hint: `aws-vault export --no-session --format=json NAME | awsenv key add NAME --stdin` takes keys out of any backend\n",
        )
        .exits(1);
    let good = include_str!("aws_vault_files.txt").lines().find_map(|line| line.strip_prefix("ci ")).unwrap();
    let (head, tail) = good.rsplit_once('.').unwrap();
    for (text, told) in [
        ("hello", "~/vault/ci was not written by aws-vault"),
        ("a.b.c.d.e", "~/vault/ci was not written by aws-vault"),
        (&format!("{head}.{}", tail.chars().rev().collect::<String>()), "~/vault/ci is damaged"),
    ] {
        world.write("vault/ci", text);
        let refused = import("ci").any_stderr().exits(1).stderr;
        assert!(refused.starts_with(&format!("awsenv: {told}\n")), "{refused}");
    }
    world.write("vault/ci", good);
    import("cj").stderr("awsenv: aws-vault has no keys named cj in ~/vault\nawsenv: hint: without a name, all are shown\n").exits(1);
    import("ci").any_stderr().success();
    let other = world.run(["key", "import", "--from", "aws-vault"]).env("AWS_VAULT_BACKEND", "keychain");
    let refused = other.any_stderr().exits(1).stderr;
    assert!(refused.starts_with("awsenv: AWS_VAULT_BACKEND=keychain: awsenv cannot read this backend\nawsenv: hint: `aws-vault export "), "{refused}");
}

/// An item as aws-vault's keyring library writes it.
fn item(name: &str, data: &str) -> String {
    format!(
        r#"{{"Key":"{name}","Data":"{data}","Label":"aws-vault ({name})","Description":"","KeychainNotTrustApplication":true,"KeychainNotSynchronizable":false}}"#
    )
}

/// `{"AccessKeyID":"AKIAME","SecretAccessKey":"me/secret","SessionToken":"","Source":"","CanExpire":false,"Expires":"0001-01-01T00:00:00Z"}`
const DATA: &str = "eyJBY2Nlc3NLZXlJRCI6IkFLSUFNRSIsIlNlY3JldEFjY2Vzc0tleSI6Im1lL3NlY3JldCIsIlNlc3Npb25Ub2tlbiI6IiIsIlNvdXJjZSI6IiIsIkNhbkV4cGlyZSI6ZmFsc2UsIkV4cGlyZXMiOiIwMDAxLTAxLTAxVDAwOjAwOjAwWiJ9";
const SESSION: &str = "sts.GetSessionToken,Y2k,YXJuOmF3czppYW06OjExMTEyMjIyMzMzMzptZmEvbWU,1900000000";

#[test]
#[cfg(target_os = "linux")]
fn what_aws_vault_keeps_in_the_secret_service_is_copied() {
    if !(installed("dbus-daemon") && installed("gnome-keyring-daemon")) {
        return;
    }
    let sandbox = sandbox();
    let world = world(&sandbox);
    let desktop = Desktop::start(&world);
    let world = world.env("DBUS_SESSION_BUS_ADDRESS", &desktop.address);
    let import = || world.run(["key", "import", "--from", "aws-vault", "ci"]);
    assert!(import().any_stderr().exits(1).stderr.starts_with("awsenv: aws-vault keeps nothing in "));
    desktop.collect(
        "awsvault",
        &[("ci", item("ci", DATA)), (SESSION, item(SESSION, DATA)), ("odd", "hello".into())],
    );
    world
        .run(["key", "import", "--from", "aws-vault", "--all"])
        .stderr(
            "awsenv: AKIAME is kept as ci in the Secret Service\n\
             awsenv: odd stays at the collection awsvault of the Secret Service: aws-vault did not write it\n\
             awsenv: the collection awsvault of the Secret Service has them too; `aws-vault remove NAME` takes them out there\n",
        )
        .success();
    assert_eq!(whose(&sandbox, &world, "ci").as_deref(), Some(cloud::ME));
    desktop.collect("twice", &[("ci", item("ci", DATA)), ("ci of old", item("ci", DATA))]);
    world
        .run(["key", "import", "--from", "aws-vault", "ci"])
        .env("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "twice")
        .stderr(
            "awsenv: ci at the collection twice of the Secret Service: more than one item has this name\n",
        )
        .exits(1);
    let both = with_aws_vault(world);
    let told = both.run(["key", "import", "--from", "aws-vault"]).any_stderr().exits(2).stderr;
    assert_eq!(
        told,
        "awsenv: aws-vault keeps keys in the collection awsvault of the Secret Service and in ~/.awsvault/keys\n\
         awsenv: hint: say which with --backend, or AWS_VAULT_BACKEND\n"
    );
}

#[test]
fn what_aws_vault_keeps_in_pass_is_copied() {
    let sandbox = sandbox();
    // In the place of pass and gpg: what is asked for, from the store that it is told of.
    let pass =
        "#!/bin/sh\n[ \"$1\" = show ] && [ -z \"$AWSENV_MFA_CODE\" ] && cat \"$PASSWORD_STORE_DIR/$2.gpg\"\n";
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "123456");
    let world = world.file(".password-store/vault/ci.gpg", &item("ci", DATA));
    let world = world
        .file(".password-store/vault/team/ops.gpg", &item("team/ops", DATA))
        .file(".password-store/bank.gpg", "mine");
    let world = world.file(&format!(".password-store/vault/{SESSION}.gpg"), "never shown");
    let pass = world.program("fake-pass", pass);
    let world = world.env("AWS_VAULT_PASS_CMD", pass);
    let told = world
        .run(["key", "import", "--from", "aws-vault", "--backend", "pass", "--all"])
        .any_stderr()
        .exits(2)
        .stderr;
    assert!(
        told.starts_with(
            "awsenv: without AWS_VAULT_PASS_PREFIX any password of the store could be aws-vault's\n"
        ),
        "{told}"
    );
    let world = world.env("AWS_VAULT_PASS_PREFIX", "vault");
    world
        .run(["key", "import", "--from", "aws-vault", "--all"])
        .stderr(format!(
            "awsenv: AKIAME is kept as ci in {SEALED} {WHY}\n\
             awsenv: AKIAME is kept as team/ops in {SEALED} {WHY}\n\
             awsenv: the password store ~/.password-store/vault has them too; `aws-vault remove NAME` takes them out there\n"
        ))
        .success();
    assert_eq!(whose(&sandbox, &world, "ci").as_deref(), Some(cloud::ME));
    let failing =
        world.run(["key", "import", "--from", "aws-vault", "ci"]).env("AWS_VAULT_PASS_CMD", "false");
    let told = failing.any_stderr().exits(1).stderr;
    assert_eq!(
        told,
        "awsenv: false show vault/ci: exit status: 1\nawsenv: hint: its own words stand above\n"
    );
}
