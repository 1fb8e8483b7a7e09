//! deliver = "profile": no secret in the environment, and a profile that gives this one session.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use awsenv_sandbox::Sandbox;
use serde_json::Value;

use crate::cloud::{self, operations, sandbox};
use crate::pki;
use crate::portal;
use crate::run::PROGRAM;
use crate::shell::{Kind, Shell};
use crate::world::{World, installed};

pub(crate) const FILE: &str = "profile = \"one\"\ndeliver = \"profile\"\n";

fn world(sandbox: &Sandbox) -> World {
    cloud::pinned(sandbox, FILE)
}

/// What AWS clients run for the profile that a shell has.
pub(crate) fn process(world: &World, shell: &Shell<'_>) -> String {
    process_of(world, shell.get("AWS_PROFILE").unwrap())
}

fn process_of(world: &World, profile: &str) -> String {
    let config = world.read(".aws/config");
    let (_, section) = config.split_once(&format!("[profile {profile}]\n")).unwrap();
    section.lines().next().unwrap().strip_prefix("credential_process = ").unwrap().to_owned()
}

/// What that says, in a shell's environment.
pub(crate) fn lent(world: &World, shell: &Shell<'_>, process: &str) -> Result<Value, String> {
    let mut sh = world.command("sh");
    let output = sh.args(["-c", process]).env_clear().envs(shell.env.iter()).output().unwrap();
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(world.shown(&String::from_utf8(output.stderr).unwrap())),
    }
}

fn key(answer: &Value) -> String {
    answer["AccessKeyId"].as_str().unwrap().to_owned()
}

/// A renewal makes the way that its own directory asks for, and no other one's.
#[test]
fn who_waits_for_another_directorys_renewal_has_a_way_to_the_session_too() {
    let sandbox = sandbox();
    for (deliver, way) in
        [("profile", "AWS_PROFILE='awsenv/one/"), ("endpoint", "AWS_CONTAINER_CREDENTIALS_FULL_URI='http://")]
    {
        let world = cloud::pinned(&sandbox, &format!("profile = \"one\"\ndeliver = \"{deliver}\"\n"))
            .settings("wait = \"20s\"\n")
            .file("keys/.awsenv", "profile = \"one\"\n")
            .allowed("keys");
        let gate = sandbox.gate("AssumeRole");
        let (mut first, mut second) = (world.shell(Kind::Bash), world.shell(Kind::Bash));
        first.arrive("keys");
        second.arrive("acme");
        let waits = second.question().arg("wait").command().spawn().unwrap();
        #[cfg(target_os = "linux")]
        cloud::until("it does not wait", || cloud::is_waited_for(&world));
        gate.open();
        let answer = waits.wait_with_output().unwrap();
        let text = |bytes| world.shown(&String::from_utf8(bytes).unwrap());
        let (said, answer) = (text(answer.stderr), text(answer.stdout));
        assert!(answer.contains(way), "{answer}");
        assert!(["", "awsenv: fetching one …\n"].contains(&said.as_str()), "{said}");
        let _ = world.command(PROGRAM).args(["agent", "stop"]).output();
    }
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
}

#[test]
fn the_environment_names_a_profile_that_gives_the_session() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let before = world.read(".aws/config");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let profile = shell.get("AWS_PROFILE").unwrap().to_owned();
    let short = profile.strip_prefix("awsenv/one/").unwrap();
    let mut set = shell.aws();
    set.retain(|(name, _)| *name != "AWSENV_EXPIRATION");
    let expected = [
        ("AWSENV_ACCOUNT", "111122223333"),
        ("AWSENV_PROFILE", "one"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_PROFILE", profile.as_str()),
        ("AWS_REGION", "eu-west-1"),
    ];
    assert_eq!(set, expected);
    let process = process(&world, &shell);
    let session = process.strip_prefix(&format!("{PROGRAM} lend ")).unwrap();
    assert!(session.len() == 40 && session.starts_with(short), "{session}");
    let block = format!(
        "\n# BEGIN awsenv deliver profile (adds profiles here for directories, and takes out those that nobody \
         has used for a month)\n[profile {profile}]\ncredential_process = {process}\n# END awsenv deliver profile\n"
    );
    assert_eq!(world.read(".aws/config"), before + &block);
    let answer = lent(&world, &shell, &process).unwrap();
    assert_eq!((&answer["Version"], &answer["AccountId"]), (&1.into(), &"111122223333".into()));
    let text = |name: &str| answer[name].as_str();
    let whose =
        sandbox.verify(text("AccessKeyId").unwrap(), text("SecretAccessKey").unwrap(), text("SessionToken"));
    assert!(whose.unwrap().contains(":assumed-role/One/"));
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
    shell.cd("");
    assert_eq!(shell.get("AWS_PROFILE"), None);
}

#[test]
fn no_keys_come_in_the_place_of_a_profile_that_is_not_there_yet() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    cloud::exec(&world, "one");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("one: being renewed"))
    );
    shell.wait();
    assert!(shell.get("AWS_PROFILE").unwrap().starts_with("awsenv/one/"));
    assert_eq!(operations(&sandbox), ["AssumeRole"], "the session that is kept serves");
}

#[test]
fn the_profile_is_written_once() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let config = world.at(".aws/config");
    let stamp = || fs::metadata(&config).unwrap().modified().unwrap();
    let (before, text) = (stamp(), world.read(".aws/config"));
    cloud::age(&world, Duration::from_secs(50 * 60));
    shell.prompt();
    cloud::renewals_end(&world);
    world.shell(Kind::Bash).cd("acme");
    assert_eq!((stamp(), world.read(".aws/config")), (before, text));
}

#[test]
fn a_session_that_has_ended_is_renewed_for_whoever_asks() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let process = process(&world, &shell);
    let first = key(&lent(&world, &shell, &process).unwrap());
    // It serves on while the next one is fetched.
    cloud::age(&world, Duration::from_secs(50 * 60));
    assert_eq!(key(&lent(&world, &shell, &process).unwrap()), first);
    sandbox.wait_for("AssumeRole", 2, cloud::DEADLINE);
    cloud::renewals_end(&world);
    let second = key(&lent(&world, &shell, &process).unwrap());
    assert_ne!(second, first);
    cloud::age(&world, Duration::from_secs(70 * 60));
    let third = key(&lent(&world, &shell, &process).unwrap());
    assert!(third != second);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 3]);
}

#[test]
fn a_profile_gives_its_own_session_or_none() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let old = process(&world, &shell);
    let first = key(&lent(&world, &shell, &old).unwrap());
    world.write("acme/.awsenv", "profile = \"two\"\ndeliver = \"profile\"\n");
    world.allow("acme");
    shell.prompt();
    let new = process(&world, &shell);
    assert_ne!(new, old);
    assert_ne!(key(&lent(&world, &shell, &new).unwrap()), first);
    assert_eq!(key(&lent(&world, &shell, &old).unwrap()), first, "a program that began with it keeps it");
    cloud::age(&world, Duration::from_secs(70 * 60));
    let changed = "awsenv: what this profile stands for has changed\n\
                   awsenv: hint: open a new prompt in $HOME/acme\n";
    assert_eq!(lent(&world, &shell, &old).unwrap_err(), changed);
    // What counts for a new session is what counts now.
    world.write("acme/.awsenv", "profile = \"two\"\ndeliver = \"profile\"\n# changed\n");
    let refused = lent(&world, &shell, &new).unwrap_err();
    assert!(refused.starts_with("awsenv: ~/acme/.awsenv has changed since it was allowed\n"), "{refused}");
    world.run(["deny"]).at("acme").any_stderr().success();
    assert_eq!(lent(&world, &shell, &new).unwrap_err(), changed);
    assert_eq!(operations(&sandbox).len(), 2);
}

#[test]
fn a_program_goes_on_across_a_new_certificate_and_no_new_identity() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let file = format!("deliver = \"profile\"\n{}", pki::pin("edge.pem", "edge.key"));
    world.write("acme/.awsenv", &file);
    world.allow("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let (profile, process) = (shell.get("AWS_PROFILE").unwrap().to_owned(), process(&world, &shell));
    let first = key(&lent(&world, &shell, &process).unwrap());
    pki::leaf(&world, "edge", pki::P384, "between", pki::NOW);
    // The old session is good for long, and not this certificate's.
    let second = key(&lent(&world, &shell, &process).unwrap());
    assert!(second != first);
    let signers: Vec<_> = sandbox.calls().into_iter().map(|call| call.signer.unwrap()).collect();
    assert!(signers.len() == 2 && signers[0] != signers[1], "{signers:?}");
    shell.prompt();
    assert_eq!(shell.get("AWS_PROFILE"), Some(profile.as_str()));
    assert_eq!(key(&lent(&world, &shell, &process).unwrap()), second);
    // The same files for something else.
    world.write("acme/.awsenv", &file.replace(":profile/0", ":profile/1"));
    world.allow("acme");
    pki::leaf(&world, "edge", pki::P256, "between", pki::NOW);
    assert_eq!(
        lent(&world, &shell, &process).unwrap_err(),
        "awsenv: what this profile stands for has changed\n\
         awsenv: hint: open a new prompt in $HOME/acme\n"
    );
    assert_eq!(operations(&sandbox).len(), 2);
}

#[test]
fn a_profile_that_nobody_has_used_goes_with_the_next_that_is_written() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.shell(Kind::Bash).cd("acme");
    fs::remove_dir_all(world.at(".local/state/awsenv/leases")).unwrap();
    world.write("acme/.awsenv", "profile = \"two\"\ndeliver = \"profile\"\n");
    world.allow("acme");
    world.shell(Kind::Bash).cd("acme");
    let config = world.read(".aws/config");
    assert_eq!(config.matches("[profile awsenv/").count(), 1, "{config}");
    assert!(config.contains("[profile awsenv/two/"), "{config}");
}

#[test]
fn where_it_cannot_be_written_there_are_no_credentials_and_it_is_said() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let directory = world.at(".aws");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(directory.join("probe"), "").is_ok() {
        // Root writes everywhere.
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        world.write(".aws/config", &(world.read(".aws/config") + "# BEGIN awsenv deliver profile\n"));
    }
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(shell.get("AWS_PROFILE"), Some("one: could not be renewed, awsenv tries again"));
    assert!(
        shell.notice.starts_with("awsenv: cannot write a profile to ~/.aws/config: "),
        "{}",
        shell.notice
    );
    assert_eq!(operations(&sandbox), ["AssumeRole"], "the session is kept for those that need no profile");
}

#[test]
fn boto3_reads_the_profile() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let script = "\
import boto3
session = boto3.Session()
print(session.get_credentials().method, boto3.client('sts').get_caller_identity()['Arn'])
";
    let mut python = portal::python(&world, script);
    let output = python.env_clear().envs(shell.env.iter()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("custom-process arn:aws:sts::111122223333:assumed-role/One/me@"),
        "{text} {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn keys_in_a_file_are_delivered_too() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"base\"\ndeliver = \"profile\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWSENV_ACCOUNT")), (None, Some("111122223333")));
    let process = process(&world, &shell);
    assert_eq!(key(&lent(&world, &shell, &process).unwrap()), "AKIAME");
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"], "nobody takes the file's word for the account");
}

/// It was removed after a month, say; the block and the way to it are there still.
#[test]
fn what_a_profile_stands_for_comes_back_with_the_next_prompt() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let process = process(&world, &shell);
    for changed in [false, true] {
        fs::remove_dir_all(world.at(".local/state/awsenv/leases")).unwrap();
        assert!(lent(&world, &shell, &process).is_err());
        if changed {
            world.write(".aws/config", &(world.read(".aws/config") + "# changed\n"));
        }
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        assert!(
            shell.get("AWS_PROFILE").unwrap().starts_with("awsenv/one/"),
            "{:?}",
            shell.get("AWS_PROFILE")
        );
        lent(&world, &shell, &process).unwrap();
    }
}

#[test]
fn a_directory_that_is_allowed_no_more_stands_in_no_others_way() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", FILE);
    world.allow("beta");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let process = process(&world, &shell);
    world.write("acme/.awsenv", "profile = \"one\"\n");
    cloud::age(&world, Duration::from_secs(50 * 60));
    lent(&world, &shell, &process).unwrap();
    cloud::renewals_end(&world);
    cloud::age(&world, Duration::from_secs(70 * 60));
    let mut other = world.shell(Kind::Bash);
    other.cd("beta");
    assert_eq!(other.get("AWS_PROFILE"), shell.get("AWS_PROFILE"), "{}", other.notice);
    lent(&world, &other, &process).unwrap();
}

/// `aws configure` writes to the profile that the shell names: AWS clients take such keys before a process.
#[test]
fn a_profile_that_says_more_than_its_process_is_not_given_out() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let profile = shell.get("AWS_PROFILE").unwrap().to_owned();
    let keys = format!("[{profile}]\naws_access_key_id = AKIAYOU\naws_secret_access_key = you/secret\n");
    world.write(".aws/credentials", &keys);
    shell.prompt();
    assert_eq!(shell.get("AWS_PROFILE"), Some("one: could not be renewed, awsenv tries again"));
    let expected =
        format!("awsenv: cannot write a profile to ~/.aws/config: profile {profile} stands elsewhere, too");
    assert!(shell.notice.starts_with(&expected), "{}", shell.notice);
}

#[test]
fn each_directory_that_has_the_session_says_how_it_is_renewed() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    for directory in ["beta", "gamma"] {
        world.write(&format!("{directory}/.awsenv"), FILE);
        world.allow(directory);
    }
    let mut shell = world.shell(Kind::Bash);
    for directory in ["acme", "beta", "gamma"] {
        shell.cd(directory);
        assert!(
            shell.get("AWS_PROFILE").unwrap().starts_with("awsenv/one/"),
            "{directory}: {}",
            shell.notice
        );
    }
    assert_eq!(operations(&sandbox), ["AssumeRole"], "one session for all");
    let process = process(&world, &shell);
    // The latest goes, and the one before is no longer about this.
    fs::remove_dir_all(world.at("gamma")).unwrap();
    world.write("beta/.awsenv", "profile = \"two\"\n");
    world.allow("beta");
    cloud::age(&world, Duration::from_secs(3600));
    lent(&world, &shell, &process).unwrap();
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
    cloud::age(&world, Duration::from_secs(50 * 60));
    lent(&world, &shell, &process).unwrap();
    cloud::renewals_end(&world);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 3], "in the background too");
}

#[test]
fn nothing_is_lent_while_the_settings_have_a_mistake() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let process = process(&world, &shell);
    world.write(".config/awsenv/config.toml", "wait = 1\n");
    for age in [0, 50, 20] {
        cloud::age(&world, Duration::from_secs(age * 60));
        let said = lent(&world, &shell, &process).unwrap_err();
        assert!(said.contains("config.toml"), "{said}");
        cloud::renewals_end(&world);
    }
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
}
