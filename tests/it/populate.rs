//! `sso populate`: profiles for what a sign-in gives, in a block of `~/.aws/config` that awsenv owns. Nothing else
//! there changes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use awsenv_sandbox::{Account, Portal, Sandbox};

use crate::assignments::{acme, large, sandbox_of};
use crate::cloud::{exec, identity, operations};
use crate::portal::{INLINE, OF_ADDRESS, OF_CORP, keep, python};
use crate::run::PROGRAM;
use crate::world::World;

const HOUR: i64 = 3600;
/// With comments, odd spacing, keys, and no end to its last line.
const MINE: &str = "\
# mine
[sso-session corp]
sso_start_url=https://acme.awsapps.com/start
sso_region   =   us-east-1

[profile dev]   ; by hand
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-west-1
[profile keys]
aws_access_key_id = AKIAKEYS
aws_secret_access_key = keys/secret";
const BEGIN: &str = "# BEGIN awsenv sso populate corp (adds profiles here; with --prune it takes out those that the sign-in no longer gives)\n";
const END: &str = "# END awsenv sso populate corp\n";
const PROD: &str = "\
[profile Acme-Prod-EU-Admin]
sso_session = corp
sso_account_id = 333333333333
sso_role_name = Admin

[profile Acme-Prod-EU-ReadOnly]
sso_session = corp
sso_account_id = 333333333333
sso_role_name = ReadOnly
";
const NAMELESS: &str = "\
[profile 222222222222-Admin]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = Admin
";

fn signed_in(sandbox: &Sandbox, config: &str) -> World {
    let world = crate::portal::signed_in(sandbox, 8 * HOUR);
    world.config(config)
}

fn whole() -> String {
    format!("{MINE}\n\n{BEGIN}{NAMELESS}\n{PROD}{END}")
}

#[test]
fn each_role_without_a_profile_gets_one_and_no_other_byte_changes() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE);
    let told = "awsenv: wrote 3 profiles to ~/.aws/config; 1 role had one\n";
    world.run(["sso", "populate"]).stderr(told).success();
    assert_eq!(world.read(".aws/config"), whole());
    assert!(identity(&sandbox, &exec(&world, "Acme-Prod-EU-ReadOnly")).unwrap().contains("_ReadOnly_"));
    let again = "awsenv: ~/.aws/config stays as it is: 4 roles of corp have a profile\n";
    world.run(["sso", "populate"]).stderr(again).success();
    world.run(["sso", "populate", "--prune", "--dry-run"]).stderr(again).success();
    assert_eq!(world.read(".aws/config"), whole());
}

#[test]
fn a_profile_may_serve_clients_that_know_no_sign_in() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE);
    world.run(["sso", "populate", "--credential-process", "--account", "2*"]).any_stderr().success();
    let process = format!("{PROGRAM} credentials --profile=222222222222-Admin --format process");
    let profile = NAMELESS.to_owned() + &format!("credential_process = {process}\n");
    assert_eq!(world.read(".aws/config"), format!("{MINE}\n\n{BEGIN}{profile}{END}"));
    // As such a client runs it.
    let given = world.command("sh").args(["-c", &process]).output().unwrap();
    let given: serde_json::Value = serde_json::from_slice(&given.stdout).unwrap();
    let text = |name: &str| given[name].as_str();
    let whose =
        sandbox.verify(text("AccessKeyId").unwrap(), text("SecretAccessKey").unwrap(), text("SessionToken"));
    assert!(whose.unwrap().contains("_Admin_"));
    let explained = world.run(["explain", "222222222222-Admin"]).any_stdout().success().stdout;
    assert!(explained.contains("1. GetRoleCredentials") && !explained.contains("note"), "{explained}");
}

#[test]
fn a_line_names_awsenv_as_it_is_found_and_is_mended_once_that_is_gone() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE);
    let link = world.at("bin/awsenv");
    world.program("bin/other", "");
    std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    let path = format!("{}:{}", world.at("bin").display(), world.variables().text("PATH").unwrap());
    let world = world.env("PATH", path);
    let populate = ["sso", "populate", "--credential-process", "--account", "2*", "--name=-{role}"];
    world.run(populate).any_stderr().success();
    let text = |program: &str| {
        let name = NAMELESS.replace("222222222222-Admin", "-Admin");
        let process = format!("{program} credentials --profile=-Admin --format process");
        format!("{MINE}\n\n{BEGIN}{name}credential_process = {process}\n{END}")
    };
    assert_eq!(world.read(".aws/config"), text(&link.display().to_string()));
    let process = format!("{PROGRAM} credentials --profile=-Admin --format process");
    assert!(world.command("sh").args(["-c", &process]).output().unwrap().status.success());
    std::fs::remove_file(&link).unwrap();
    let told = "awsenv: told 1 profile of ~/.aws/config where awsenv is now; 1 role had one\n";
    world.run(["sso", "populate", "--account", "2*"]).stderr(told).success();
    assert_eq!(world.read(".aws/config"), text(PROGRAM));
    world.run(["sso", "populate", "--account", "2*"]).any_stderr().success();
    assert_eq!(world.read(".aws/config"), text(PROGRAM));
}

#[test]
fn a_dry_run_shows_what_would_change_and_nothing_that_stays() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE);
    let new = |text: &str| text.lines().map(|line| format!("+{line}\n")).collect::<String>();
    let added = new(&format!("\n{BEGIN}{NAMELESS}{END}"));
    let expected = format!("--- ~/.aws/config\n+++ ~/.aws/config\n@@ -13,0 +14,7 @@\n{added}");
    let dry = ["sso", "populate", "--dry-run", "--prune", "--account", "2*"];
    world.run(dry).stdout(&expected).success();
    assert_eq!(world.read(".aws/config"), MINE);
    let world = world.env("NO_COLOR", "1").settings("colours = true\n");
    let coloured = world.run(dry).any_stdout().success().stdout;
    assert!(coloured.contains("\x1b[36m@@ -13,0 +14,7 @@\x1b[0m\n"), "{coloured}");
    assert!(coloured.contains("\x1b[32m+[profile 222222222222-Admin]\x1b[0m\n"), "{coloured}");
    let gone = "[profile gone] # mine\nsso_session = corp\nsso_account_id = 444444444444\nsso_role_name = R\n\
                s3 =\n  not = shown\n# nor/this\noutput = nor-this\n";
    let world = world.settings("").config(&format!("{MINE}\n{BEGIN}{gone}{END}"));
    let shown = "-[profile gone] # mine\n-sso_session = corp\n-sso_account_id = 444444444444\n-sso_role_name = R\n\
                 -s3 = …\n-  …\n-# …\n-output = …\n";
    let expected = format!("--- ~/.aws/config\n+++ ~/.aws/config\n@@ -14,10 +13,0 @@\n-{BEGIN}{shown}-{END}");
    world.run(["sso", "populate", "--dry-run", "--prune", "--account", "4*"]).stdout(expected).success();
}

#[test]
fn prune_takes_out_of_the_block_what_is_no_longer_given_and_only_as_far_as_was_asked() {
    let all = sandbox_of(acme());
    let world = signed_in(&all, MINE);
    world.run(["sso", "populate"]).any_stderr().success();
    // `dev` is not in the block, whatever becomes of its role; a comment and a profile of mine there stay.
    let mine = "# note\n[profile mine]\nregion = us-west-2\n";
    let config = whole().replace(END, &format!("\n{mine}{END}# below\n"));
    let mut less = acme();
    less.accounts.retain(|account| account.id != "111122223333" && account.id != "222222222222");
    less.accounts[0].roles = vec!["ReadOnly".into()];
    let sandbox = sandbox_of(less);
    let world = world.config(&config);
    keep(&world, OF_CORP, &sandbox.signed_in(8 * HOUR));
    let world = ["SSO", "SSO_OIDC", "STS"]
        .iter()
        .fold(world, |world, service| world.env(&format!("AWS_ENDPOINT_URL_{service}"), sandbox.url()));
    world.run(["sso", "populate"]).any_stderr().success();
    assert_eq!(world.read(".aws/config"), config, "nothing goes without --prune");
    // The name of an account that is gone is not known any more; its id is.
    let none = "awsenv: corp gives no role that is asked for\nawsenv: hint: `awsenv sso roles` lists what there is\n";
    world.run(["sso", "populate", "--prune", "--account", "nameless"]).stderr(none).exits(1);
    let one = "awsenv: took 1 profile out of ~/.aws/config; 1 role had one\n";
    world.run(["sso", "populate", "--prune", "--account", "acme*"]).stderr(one).success();
    let rest = PROD.split_once("\n\n").unwrap().1;
    assert_eq!(
        world.read(".aws/config"),
        format!("{MINE}\n\n{BEGIN}{NAMELESS}\n{rest}\n{mine}{END}# below\n")
    );
    world
        .run(["sso", "populate", "--prune", "--role", "Admin"])
        .stderr(one.split_once(';').unwrap().0.to_owned() + "\n")
        .success();
    assert_eq!(world.read(".aws/config"), format!("{MINE}\n\n{BEGIN}{rest}\n{mine}{END}# below\n"));
}

#[test]
fn a_block_that_nothing_is_left_of_goes_without_a_trace() {
    let sandbox = sandbox_of(acme());
    let before = format!("{MINE}\n");
    let world = signed_in(&sandbox, &before);
    world.run(["sso", "populate"]).any_stderr().success();
    let nobody = sandbox_of(Portal::default());
    keep(&world, OF_CORP, &nobody.signed_in(8 * HOUR));
    let world = world.env("AWS_ENDPOINT_URL_SSO", nobody.url());
    let told = "awsenv: took 3 profiles out of ~/.aws/config\n";
    world.run(["sso", "populate", "--prune"]).stderr(told).success();
    assert_eq!(world.read(".aws/config"), before);
}

#[test]
fn what_a_person_writes_into_the_block_stays() {
    let sandbox = sandbox_of(acme());
    let edited = whole()
        .replace(
            "[profile Acme-Prod-EU-Admin]",
            "# careful\n[profile prod]\nregion = eu-central-1\noutput=json",
        )
        .replace(&format!("{NAMELESS}\n"), "");
    let world = signed_in(&sandbox, &edited);
    let told = "awsenv: wrote 1 profile to ~/.aws/config; 3 roles had one\n";
    world.run(["sso", "populate", "--prune"]).stderr(told).success();
    assert_eq!(world.read(".aws/config"), edited.replace(END, &format!("\n{NAMELESS}{END}")));
}

#[test]
fn the_names_and_the_region_are_as_asked_for() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE);
    let run =
        world.run(["sso", "populate", "--name", "{session}/{account_id}.{role}", "--region", "eu-west-3"]);
    run.arg("--role").arg("admin").arg("--account").arg("Acme*").any_stderr().success();
    let expected = "[profile corp/333333333333.Admin]\nsso_session = corp\nsso_account_id = 333333333333\n\
                    sso_role_name = Admin\nregion = eu-west-3\n";
    assert_eq!(world.read(".aws/config"), format!("{MINE}\n\n{BEGIN}{expected}{END}"));
    assert_eq!(exec(&world, "corp/333333333333.Admin").text("AWS_REGION"), Some("eu-west-3"));
    for (arguments, told) in [
        (
            ["--name", "{rôle}"],
            "awsenv: --name {rôle}: unknown word rôle\nawsenv: hint: did you mean `role`?\n",
        ),
        (
            ["--name", "a b"],
            "awsenv: no profile can be called a b: a name is letters, digits or any of _-/.%@:+\n",
        ),
        (
            ["--region", "a.evil.com"],
            "awsenv: --region a.evil.com: a region is letters, digits and hyphens, like eu-west-1\n",
        ),
    ] {
        let run = world.run(["sso", "populate"]).arg(arguments[0]).arg(arguments[1]);
        run.stderr(told).exits(2);
    }
}

#[test]
fn a_name_that_would_mean_somebody_else_is_refused_and_nothing_is_written() {
    let mut portal = acme();
    portal.accounts.push(Account { id: "444444444444".into(), ..portal.accounts[0].clone() });
    let sandbox = sandbox_of(portal);
    let world = signed_in(&sandbox, MINE);
    let apart = "awsenv: hint: put more into --name: {account_name}, {account_id}, {role} tell them apart\n";
    let otherwise = "awsenv: hint: --name calls the profiles otherwise, as in '{session}-{account_name}-{role}'; \
                     --account and --role leave some out\n";
    let two = "two roles would be profile Acme-Prod-EU-Admin: Admin in account 333333333333, and Admin in account 444444444444";
    let cannot = |why: &str| format!("awsenv: profile {why}\n{otherwise}");
    let credentials = "[in-credentials]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let world = world.file(".aws/credentials", credentials);
    let one = ["--account", "3*", "--role", "Admin", "--name"];
    let run = |name: Option<&str>| {
        let run = world.run(["sso", "populate"]);
        one.into_iter()
            .chain(name)
            .take(if name.is_some() { 6 } else { 0 })
            .fold(run, |run, argument| run.arg(argument))
    };
    run(None).stderr(format!("awsenv: {two}\n{apart}")).exits(1);
    let keys = "keys cannot be written: there is another one at $HOME/.aws/config:11";
    run(Some("keys")).stderr(cannot(keys)).exits(1);
    let other = "in-credentials cannot be written: there is another one at $HOME/.aws/credentials:1";
    run(Some("in-credentials")).stderr(cannot(other)).exits(1);
    run(Some("default")).stderr(cannot("default cannot be written: it would be everybody's")).exits(1);
    assert_eq!(world.read(".aws/config"), MINE);
}

/// Keys in the keychain come before whatever a profile of their name says.
#[test]
fn a_name_that_keys_have_is_refused() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE).settings("passphrase_command = \"echo correct horse\"\n");
    let json = r#"{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "me/secret"}"#;
    let add = world.run(["key", "add", "222222222222-Admin", "--stdin", "--no-verify"]);
    add.env("AWSENV_KEYCHAIN", "file").stdin(json).any_stderr().success();
    let said = world.run(["sso", "populate"]).any_stderr().exits(1).stderr;
    assert!(said.contains("profile 222222222222-Admin cannot be written: keys in the keychain"), "{said}");
    assert_eq!(world.read(".aws/config"), MINE);
}

#[test]
fn a_block_of_which_nobody_knows_what_belongs_to_it_is_left_alone() {
    let sandbox = sandbox_of(acme());
    let above = "this line belongs to a section above the block: move it there";
    let below = "this line belongs to the last profile of the block above: move it there";
    for (config, told) in [
        (format!("{MINE}\n{BEGIN}"), "14: this block has no end: # END awsenv sso populate corp"),
        (format!("{MINE}\n{END}"), "14: a block ends here that has not begun"),
        (format!("{MINE}\n{END}{BEGIN}"), "14: a block ends here that has not begun"),
        (format!("{MINE}\n{BEGIN}{END}{BEGIN}{END}"), "16: this block begins a second time"),
        (format!("{MINE}\n{BEGIN}{END}{END}"), "16: a block ends here that has not begun"),
        (format!("{MINE}\n{BEGIN}\n# x\nregion = a\n{END}"), &format!("17: {above}")[..]),
        (format!("{MINE}\n{BEGIN}{NAMELESS}{END}\noutput = json\n"), &format!("21: {below}")[..]),
    ] {
        let world = signed_in(&sandbox, &config);
        let told = format!("awsenv: $HOME/.aws/config:{told}\n");
        world.run(["sso", "populate"]).stderr(told).exits(1);
        assert_eq!(world.read(".aws/config"), config);
    }
    assert_eq!(operations(&sandbox), [""; 0], "it is seen before anything is asked");
    let twice = format!(
        "{MINE}\n{BEGIN}[profile x]\nsso_session = corp\nsso_account_id = 444444444444\nsso_role_name = R\n{END}[profile x]\noutput = json\n"
    );
    let world = signed_in(&sandbox, &twice);
    let told = "awsenv: profile x stands outside of its block too\n\
                awsenv: hint: nothing was written; remove it in one of the places by hand\n";
    world.run(["sso", "populate", "--prune", "--account", "4*"]).stderr(told).exits(1);
    assert_eq!(world.read(".aws/config"), twice);
}

#[test]
fn the_block_of_another_session_is_none_of_ours() {
    let sandbox = sandbox_of(acme());
    let other = "[sso-session corp2]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n\n\
                 # BEGIN awsenv sso populate corp2\n[profile theirs]\nsso_session = corp2\nsso_account_id = 222222222222\n\
                 sso_role_name = Admin\n# END awsenv sso populate corp2\n";
    let config = format!("{other}\n{MINE}\n");
    let world = signed_in(&sandbox, &config);
    let told = "awsenv: wrote 3 profiles to ~/.aws/config; 1 role had one\n";
    world.run(["sso", "populate", "dev", "--prune"]).stderr(told).success();
    assert_eq!(world.read(".aws/config"), whole().replace(MINE, config.trim_end()));
}

#[test]
fn line_endings_links_and_modes_stay() {
    let sandbox = sandbox_of(acme());
    let windows = |text: &str| text.replace('\n', "\r\n");
    let world = signed_in(&sandbox, &windows(&format!("{MINE}\n")));
    fs::create_dir(world.at("dotfiles")).unwrap();
    fs::rename(world.at(".aws/config"), world.at("dotfiles/aws")).unwrap();
    symlink("../dotfiles/aws", world.at(".aws/config")).unwrap();
    fs::set_permissions(world.at("dotfiles/aws"), fs::Permissions::from_mode(0o640)).unwrap();
    world.run(["sso", "populate"]).any_stderr().success();
    assert_eq!(world.read("dotfiles/aws"), windows(&whole()));
    assert_eq!(fs::read_link(world.at(".aws/config")).unwrap().to_str(), Some("../dotfiles/aws"));
    assert_eq!(fs::metadata(world.at("dotfiles/aws")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(world.at("dotfiles")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_another_program_changes_meanwhile_is_not_overwritten() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, MINE);
    let gate = sandbox.gate("ListAccountRoles");
    let child = world.run(["sso", "populate"]).command().spawn().unwrap();
    gate.wait_for(3, crate::cloud::DEADLINE);
    let theirs = format!("{MINE}\n[profile theirs]\n");
    world.write(".aws/config", &theirs);
    gate.open();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "awsenv: cannot write ~/.aws/config: it has changed since it was read\n\
         awsenv: hint: nothing was written; run it again\n"
    );
    assert_eq!((output.status.code(), world.read(".aws/config")), (Some(1), theirs));
}

#[test]
fn a_portal_without_a_session_in_the_config_is_explained() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, "").file("acme/.awsenv", INLINE).allowed("acme");
    keep(&world, OF_ADDRESS, &sandbox.signed_in(8 * HOUR));
    let told = "awsenv: https://acme.awsapps.com/start has no [sso-session] that its profiles could share\n\
                awsenv: hint: write one: [sso-session NAME], sso_start_url = https://acme.awsapps.com/start, sso_region = us-east-1\n";
    world.run(["sso", "populate"]).at("acme").stderr(told).exits(1);
}

#[test]
fn open_shells_ask_again() {
    let sandbox = sandbox_of(acme());
    let world =
        signed_in(&sandbox, MINE).file("acme/.awsenv", "profile = \"Acme-Prod-EU-Admin\"\n").allowed("acme");
    for kind in crate::shell::Kind::ALL {
        world.write(".aws/config", MINE);
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        assert!(shell.get("AWS_PROFILE").is_some_and(|name| name.contains("run awsenv")), "{kind:?}");
        assert!(shell.guard(), "{kind:?}");
        world.run(["sso", "populate"]).any_stderr().success();
        assert!(!shell.guard(), "{kind:?}");
    }
}

#[test]
fn twelve_hundred_profiles_are_written_and_read_by_boto3_as_they_are_by_us() {
    let sandbox = sandbox_of(large(300));
    let world = signed_in(&sandbox, MINE);
    let told = "awsenv: wrote 1200 profiles to ~/.aws/config\n";
    world.run(["sso", "populate"]).stderr(told).success();
    let again = "awsenv: ~/.aws/config stays as it is: 1200 roles of corp have a profile\n";
    world.run(["sso", "populate", "--prune"]).stderr(again).success();
    assert_eq!(operations(&sandbox).len(), 2 * 303);
    let script = "\
import boto3, botocore.session
profiles = botocore.session.Session().full_config['profiles']
print(len(profiles), profiles['team-299-Billing'])
session = boto3.Session(profile_name='team-007-Developer')
print(session.get_credentials().access_key[:4])
";
    let output = python(&world, script).output().unwrap();
    let expected =
        "1202 {'sso_session': 'corp', 'sso_account_id': '100000000299', 'sso_role_name': 'Billing'}\nASIA\n";
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
