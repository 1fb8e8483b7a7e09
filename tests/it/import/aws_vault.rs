//! What aws-vault keeps, copied: in its own files, the Secret Service, pass.

use std::fs;

use super::{SEALED, WHY, whose, world};
use crate::cloud::{self, sandbox};
#[cfg(target_os = "linux")]
use crate::desktop::Desktop;
use crate::files::below;
use crate::terminal::Terminal;
use crate::world::World;
#[cfg(target_os = "linux")]
use crate::world::installed;

/// As aws-vault's file backend leaves them: those of `aws_vault_files.txt` in their directory.
fn with_aws_vault(world: World) -> World {
    let items = include_str!("../aws_vault_files.txt").lines().filter(|line| !line.starts_with('#'));
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
    let good =
        include_str!("../aws_vault_files.txt").lines().find_map(|line| line.strip_prefix("ci ")).unwrap();
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
