//! IAM Identity Center: a role's credentials by the AWS CLI's sign-in, which is renewed by one for all, and never
//! asks for a person by itself.

use std::fs;

use awsenv_sandbox::Fault;

use crate::cloud::{DEADLINE, exec, identity, operations, renewals_end};
use crate::portal::{ACCOUNT, CONFIG, INLINE, OF_ADDRESS, OF_CORP, keep, sandbox, signed_in, token, world};
use crate::run::Run;
use crate::shell::Kind;
use crate::world::{World, date, installed};

mod renewal;

const HOUR: i64 = 3600;
const DEVELOPER: &str =
    "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/me@acme.example";
const TOLD: &str = "awsenv: dev needs a sign-in\nawsenv: hint: run `awsenv login dev`\n";

#[test]
fn a_profile_gets_its_role_with_the_sign_in_of_the_aws_cli() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    let got = exec(&world, "dev");
    assert_eq!(identity(&sandbox, &got).as_deref(), Some(DEVELOPER));
    assert_eq!((got.text("AWSENV_ACCOUNT"), got.text("AWS_REGION")), (Some(ACCOUNT), Some("eu-west-1")));
    exec(&world, "dev");
    assert_eq!(operations(&sandbox), ["GetRoleCredentials"], "the second time it is kept");
    let call = &sandbox.calls()[0];
    assert_eq!(
        (call.parameter("account_id"), call.parameter("role_name")),
        (Some(ACCOUNT), Some("Developer"))
    );
}

#[test]
fn a_role_on_top_shares_the_session_below_it() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    let whose = identity(&sandbox, &exec(&world, "deploy")).unwrap();
    assert!(whose.starts_with("arn:aws:sts::222222222222:assumed-role/Deploy/me@"), "{whose}");
    exec(&world, "dev");
    assert_eq!(operations(&sandbox), ["GetRoleCredentials", "AssumeRole"]);
}

#[test]
fn a_legacy_profile_and_a_clone_without_a_config_have_the_token_of_the_address() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    keep(&world, OF_ADDRESS, &sandbox.signed_in(8 * HOUR));
    assert_eq!(identity(&sandbox, &exec(&world, "legacy")).as_deref(), Some(DEVELOPER));
    world.run(["exec", "dev", "--", "true"]).stderr(TOLD).exits(3);
    let world = world.config("").file("acme/.awsenv", INLINE).allowed("acme");
    let got = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!(identity(&sandbox, &got).as_deref(), Some(DEVELOPER));
    assert_eq!(got.text("AWSENV_PROFILE"), Some("Developer@111122223333"));
}

#[test]
fn a_clone_takes_the_sign_in_of_the_session_that_the_config_has_for_its_portal() {
    let sandbox = sandbox();
    // Half of what makes a portal is in common with others.
    let config = format!(
        "[sso-session a]\nsso_start_url = https://other.awsapps.com/start\nsso_region = us-east-1\n\
         [sso-session b]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\n{CONFIG}"
    );
    let world = signed_in(&sandbox, 8 * HOUR).config(&config).file("acme/.awsenv", INLINE).allowed("acme");
    let got = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!(identity(&sandbox, &got).as_deref(), Some(DEVELOPER));
}

/// `aws sso login` tells no shell of ours.
#[test]
fn a_sign_in_by_the_aws_cli_is_seen_at_the_next_prompt() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox).file("acme/.awsenv", "profile = \"dev\"\n").allowed("acme");
        let mut shell = world.shell(kind);
        for kept in [None, Some(-60)] {
            if let Some(seconds) = kept {
                keep(&world, OF_CORP, &sandbox.signed_in(seconds));
                sandbox.revoke();
                world.run(["session", "clear"]).any_stderr().success();
            }
            shell.arrive("acme").wait();
            assert_eq!(shell.get("AWS_PROFILE"), Some("dev: run awsenv login"));
            assert!(shell.guard(), "{kind:?}: nothing to ask");
            let path = world.write(OF_CORP, &sandbox.signed_in(8 * HOUR).to_string());
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            date(&path, modified + std::time::Duration::from_secs(30));
            assert!(!shell.guard(), "{kind:?}");
            shell.ask();
            renewals_end(&world);
            shell.wait();
            assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(DEVELOPER));
            fs::remove_file(path).unwrap();
            shell.arrive("");
        }
    }
}

#[test]
fn a_token_that_the_portal_refuses_is_not_sent_again() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    sandbox.revoke();
    for _ in 0..2 {
        world.run(["exec", "dev", "--", "true"]).stderr(TOLD).exits(3);
    }
    assert_eq!(operations(&sandbox), ["GetRoleCredentials"]);
    keep(&world, OF_CORP, &sandbox.signed_in(8 * HOUR));
    exec(&world, "dev");
}

#[test]
fn a_role_that_one_may_not_use_is_said_at_once_and_throttling_is_waited_out() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    world
        .run(["exec", "admin", "--", "true"])
        .stderr(
            "awsenv: GetRoleCredentials: ForbiddenException: No access\n\
             awsenv: hint: your sign-in gives no role Admin in account 111122223333: \
             https://acme.awsapps.com/start lists what it gives\n",
        )
        .exits(125);
    assert_eq!(operations(&sandbox).len(), 1, "no second try");
    sandbox.fault("GetRoleCredentials", 1, Fault::error(429, "TooManyRequestsException"));
    exec(&world, "dev");
    let statuses: Vec<_> = sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [403, 429, 200]);
}

#[test]
fn what_is_not_whole_is_no_session() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    for (member, what) in [
        ("accessKeyId", "access key id"),
        ("secretAccessKey", "secret access key"),
        ("sessionToken", "session token"),
        ("expiration", "expiration"),
        ("roleCredentials", "credentials"),
    ] {
        sandbox.fault("GetRoleCredentials", 1, Fault::Missing(member.into()));
        let told = format!("awsenv: the answer to GetRoleCredentials lacks its {what}\n");
        world.run(["exec", "dev", "--", "true"]).stderr(told).exits(125);
    }
}

#[test]
fn a_token_of_another_region_goes_nowhere() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut token = sandbox.signed_in(8 * HOUR);
    token["region"] = "evil.example/".into();
    keep(&world, OF_CORP, &token);
    world.run(["exec", "dev", "--", "true"]).stderr(TOLD).exits(3);
    world.run(["logout", "--all"]).stderr("awsenv: signed out of 1 portal\n").success();
    assert_eq!(sandbox.calls(), []);
}

/// With another AWS_CONFIG_FILE, or after an edit: the name is the same, and the token is another portal's.
#[test]
fn the_token_of_a_portal_is_not_sent_for_another_of_the_same_name() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    world.write("other", &CONFIG.replace("acme.awsapps.com", "other.awsapps.com"));
    let other = |run: Run<'_>| run.env("AWS_CONFIG_FILE", world.at("other")).any_stderr().exits(3).stderr;
    assert_eq!(other(world.run(["exec", "dev", "--", "true"])), TOLD);
    let listed = other(world.run(["sso", "accounts", "--sso-session", "corp"]));
    assert!(listed.starts_with("awsenv: corp needs a sign-in\n"), "{listed}");
    assert_eq!(sandbox.calls(), []);
    exec(&world, "dev");
}

#[test]
fn sealed_tokens_are_not_in_the_aws_clis_cache() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let settings = world.read(".config/awsenv/config.toml");
    let world = world.settings(&format!("{settings}sso_cache = \"sealed\"\n"));
    crate::portal::sign_in(&world, ["dev"]);
    exec(&world, "dev");
    assert_eq!(crate::portal::cached(&world), [""; 0]);
    let kept = crate::files::below(&world.home());
    let secrets = sandbox.sign_in_secrets();
    for path in kept.iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{}", path.display());
    }
    world.run(["logout", "dev"]).stderr("awsenv: signed out of corp\n").success();
    world.run(["exec", "dev", "--", "true"]).stderr(TOLD).exits(3);
}

#[test]
fn status_tells_every_end_from_files_alone() {
    let sandbox = sandbox();
    let world = world(&sandbox).file("acme/.awsenv", "profile = \"dev\"\n").allowed("acme");
    let rows = || world.run(["status"]).at("acme").any_stdout().success().stdout;
    let json = || world.run(["status", "--json"]).at("acme").any_stdout().success().json();
    assert!(
        rows().ends_with(
            "  by       GetRoleCredentials dev (~/.aws/config:5)
  sign-in  corp, not signed in
  loaded   no: no hook has run in this shell
  file     ~/acme/.awsenv:1
  why      dev needs a sign-in
  hint     run `awsenv login`
"
        ),
        "{}",
        rows()
    );
    assert_eq!(json()["session"], "needs_person");
    let kept = sandbox.signed_in(-60);
    keep(&world, OF_CORP, &kept);
    assert_eq!(json()["session"], "absent", "it can be renewed");
    let (until, registered) =
        (kept["expiresAt"].as_str().unwrap(), kept["registrationExpiresAt"].as_str().unwrap());
    let told = format!("  sign-in  corp, until {until}, then renewed; registered until {registered}\n");
    assert!(rows().contains(&told), "{}", rows());
    assert_eq!(sandbox.calls(), []);
    exec(&world, "dev");
    let got = json();
    let renewed = token(&world, OF_CORP);
    assert_eq!(got["session"], "kept");
    assert!(got["session_expiration"].is_string(), "{got}");
    assert_eq!(
        got["sign_in"],
        serde_json::json!({
            "portal": "corp",
            "expiration": renewed["expiresAt"],
            "renewable": true,
            "registration_expiration": renewed["registrationExpiresAt"],
        })
    );
    let text = rows();
    assert!(
        text.contains(&format!("  session  until {}\n", got["session_expiration"].as_str().unwrap())),
        "{text}"
    );
}

#[test]
fn a_prompt_with_a_kept_session_does_not_read_a_long_config() {
    let sandbox = sandbox();
    let more: String = (0..1000)
        .map(|n| {
            format!("[profile p{n}]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R{n}\nregion = eu-west-1\noutput = json\n\n")
        })
        .collect();
    let world = signed_in(&sandbox, 8 * HOUR).config(&format!("{CONFIG}{more}"));
    assert!(world.read(".aws/config").lines().count() > 7000);
    let world = world.file("acme/.awsenv", "profile = \"dev\"\n").allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(DEVELOPER));
    shell.prompt();
    assert!(shell.get("AWS_ACCESS_KEY_ID").is_some());
    if !installed("strace") {
        return;
    }
    let log = world.at("strace");
    let ask = |log: &std::path::Path| {
        let mut command = world.command("strace");
        command.args(["-f", "-qq", "-e", "trace=open,openat", "-o"]).arg(log).arg(crate::run::PROGRAM);
        command.args(["export", "bash", "4242", "5.2"]).arg(world.at("acme")).current_dir(world.at("acme"));
        assert!(command.output().unwrap().status.success());
        fs::read_to_string(log).unwrap()
    };
    assert!(!ask(&log).contains("/.aws/config"), "answered from the index");
    let config = world.at(".aws/config");
    let modified = fs::metadata(&config).unwrap().modified().unwrap();
    date(&config, modified - std::time::Duration::from_secs(1));
    assert!(ask(&log).contains("/.aws/config"), "it is read once it has changed");
}

/// boto3 and awsenv, each with what the other one wrote, and both at once.
#[test]
fn boto3_and_awsenv_share_a_sign_in() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWS_ENDPOINT_URL", sandbox.url()).env("AWS_MAX_ATTEMPTS", "1");
    let script =
        "import boto3\nprint(boto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn'])";
    let boto3 = |world: &World| {
        let output = crate::portal::python(world, script).output().unwrap();
        (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    crate::portal::sign_in(&world, ["dev"]);
    assert_eq!(boto3(&world).0, format!("{DEVELOPER}\n"), "boto3 takes what awsenv wrote");
    keep(&world, OF_CORP, &sandbox.signed_in(60));
    assert_eq!(boto3(&world).0, format!("{DEVELOPER}\n"));
    let renewed = token(&world, OF_CORP);
    exec(&world, "dev");
    assert_eq!(token(&world, OF_CORP), renewed, "awsenv takes what boto3 renewed");
    for _ in 0..3 {
        world.run(["session", "clear"]).any_stderr().success();
        keep(&world, OF_CORP, &sandbox.signed_in(60));
        let gate = sandbox.gate("CreateToken");
        std::thread::scope(|scope| {
            let theirs = scope.spawn(|| boto3(&world));
            let ours = scope.spawn(|| exec(&world, "dev"));
            gate.wait_for(2, DEADLINE);
            gate.open();
            ours.join().unwrap();
            theirs.join().unwrap();
        });
        let left = token(&world, OF_CORP);
        assert!(sandbox.takes(left["accessToken"].as_str().unwrap()));
        // It can go on: the refresh token that is left is the last one.
        let mut ending = left;
        ending["expiresAt"] = crate::cloud::long_ago().into();
        keep(&world, OF_CORP, &ending);
        world.run(["session", "clear"]).any_stderr().success();
        exec(&world, "dev");
    }
}
