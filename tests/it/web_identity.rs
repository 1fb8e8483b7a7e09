//! A token that somebody else signed, exchanged for a role.

use awsenv_sandbox::{Fault, Role, Sandbox, Scenario};

use crate::cloud::{self, ONE, TWO, exec, identity, operations};
use crate::shell::Kind;
use crate::world::World;

const TOKEN: &str = "eyJhbGciOi.planted.token";

fn sandbox() -> Sandbox {
    let web = Role { web_identity: Some(TOKEN.into()), max_session_duration: 7200, ..Role::new(ONE, &[]) };
    Sandbox::start(Scenario::default().role(web).role(Role::new(TWO, &[ONE])))
}

fn world(sandbox: &Sandbox) -> World {
    let world = cloud::world(sandbox).file("token", &format!("{TOKEN}\n"));
    let token = world.at("token").display().to_string();
    let config = format!(
        "[profile web]\nrole_arn = {ONE}\nweb_identity_token_file = {token}\nregion = eu-west-1\n\
         [profile named]\nrole_arn = {ONE}\nweb_identity_token_file = {token}\nrole_session_name = ci\nduration_seconds = 7200\n\
         [profile on]\nrole_arn = {TWO}\nsource_profile = web\nregion = eu-west-1\n\
         [profile printed]\nrole_arn = {ONE}\nweb_identity_token_process = echo run >> runs;\tcat token\nregion = eu-west-1\n\
         [profile relative]\nrole_arn = {ONE}\nweb_identity_token_file = token\n"
    );
    world.config(&config).file("acme/.awsenv", "profile = \"web\"\n").allowed("acme")
}

#[test]
fn the_role_is_assumed_unsigned_with_the_token_of_the_file() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let env = exec(&world, "web");
    assert!(identity(&sandbox, &env).unwrap().starts_with("arn:aws:sts::111122223333:assumed-role/One/me@"));
    assert_eq!(env.text("AWSENV_ACCOUNT"), Some("111122223333"));
    let env = exec(&world, "named");
    assert!(identity(&sandbox, &env).unwrap().ends_with(":assumed-role/One/ci"));
    let whose = identity(&sandbox, &exec(&world, "on")).unwrap();
    assert!(whose.contains(":assumed-role/Two/"), "{whose}");
    let calls = sandbox.calls();
    let web = "AssumeRoleWithWebIdentity";
    assert_eq!(operations(&sandbox), [web, web, "AssumeRole"], "the role on it shares its session");
    assert!(calls[..2].iter().all(|call| call.signer.is_none()), "{calls:?}");
    assert_eq!(calls[1].parameter("DurationSeconds"), Some("7200"));
}

#[test]
fn the_file_is_read_anew_each_time_in_the_background_too() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox);
        world.write("token", "eyJhbGciOi.an.old.one");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        assert!(shell.notice.contains("AccessDenied"), "{}", shell.notice);
        world.write("token", TOKEN);
        world.run(["refresh"]).at("acme").any_stderr().success();
        shell.prompt();
        assert!(identity(&sandbox, &shell.env).is_some(), "{:?}", shell.aws());
        // Ten minutes are left.
        cloud::age(&world, std::time::Duration::from_secs(50 * 60));
        let before = shell.prompt().get("AWS_ACCESS_KEY_ID").map(str::to_owned);
        cloud::renewals_end(&world);
        shell.prompt();
        assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), before.as_deref());
        assert!(identity(&sandbox, &shell.env).is_some(), "{:?}", shell.aws());
    }
}

#[test]
fn a_command_may_print_the_token_where_the_settings_let_it() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    assert!(identity(&sandbox, &exec(&world, "printed")).is_some());
    assert_eq!(world.read("runs"), "run\n");
    let world = world.settings("background = [\"printed\"]\n");
    world.run(["session", "clear"]).any_stderr().success();
    world.write("acme/.awsenv", "profile = \"printed\"\n");
    world.allow("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWS_PROFILE"), Some("printed: run awsenv refresh"));
    assert_eq!(world.read("runs"), "run\n");
}

#[test]
fn a_token_that_is_none_is_said_without_a_call_and_is_not_shown() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let refused = |profile: &str, what: &str| {
        let run = world.run(["exec", profile, "--", "true"]).any_stderr();
        let stderr = run.exits(125).stderr;
        assert!(stderr.starts_with(&format!("awsenv: {what}\n")), "{stderr}");
        assert!(!stderr.contains("planted"), "{stderr}");
    };
    refused("relative", "web_identity_token_file: token is no whole path");
    for text in ["", "\n", "abc", "planted token", "planted\u{1b}"] {
        world.write("token", text);
        refused("web", "$HOME/token gives no web identity token");
    }
    refused(
        "printed",
        "$HOME/.aws/config:16: web_identity_token_process: what it printed is no web identity token",
    );
    world.write("token", &"x".repeat(20_001));
    refused("web", "cannot read the web identity token $HOME/token: larger than 20000 bytes");
    std::fs::remove_file(world.at("token")).unwrap();
    refused("web", "the web identity token $HOME/token is not there");
    assert_eq!(operations(&sandbox), [""; 0]);
}

#[test]
fn what_sts_says_of_a_token_says_what_to_do() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    for (status, code, hint) in [
        (
            400,
            "ExpiredTokenException",
            "$HOME/token: its token has ended; whoever gives it has to give a new one",
        ),
        (
            400,
            "InvalidIdentityToken",
            "$HOME/token: AWS cannot verify its token; does its issuer stand in IAM as an identity provider?",
        ),
    ] {
        sandbox.fault("AssumeRoleWithWebIdentity", 1, Fault::error(status, code));
        let stderr = world.run(["exec", "web", "--", "true"]).any_stderr().exits(125).stderr;
        assert!(stderr.contains(code) && stderr.ends_with(&format!("awsenv: hint: {hint}\n")), "{stderr}");
    }
}
