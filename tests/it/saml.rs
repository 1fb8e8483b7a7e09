//! A SAML assertion, exchanged for a role: by standard input, and printed; and by saml2aws.

use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Fault, Role, Sandbox, Scenario};
use serde_json::json;

use crate::cloud::{self, ONE, operations};
use crate::run::Run;
use crate::terminal::Terminal;
use crate::world::World;

const IDP: &str = "arn:aws:iam::111122223333:saml-provider/corp";
const ASSERTION: &str = "PHNhbWw+cGxhbnRlZDwvc2FtbD4=";

fn sandbox() -> Sandbox {
    let role = Role { saml: Some(ASSERTION.into()), max_session_duration: 7200, ..Role::new(ONE, &[]) };
    Sandbox::start(Scenario::default().role(role))
}

fn assume(world: &World) -> Run<'_> {
    world.run(["assume-saml", "--role-arn", ONE, "--principal-arn", IDP])
}

#[test]
fn it_prints_a_session_and_keeps_nothing() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let run = assume(&world).arg("--format").arg("process").arg("--duration").arg("2h");
    let (first, last) = ASSERTION.split_at(10);
    let given = run.stdin(&format!("{first}\r\n{last}\n")).any_stdout().success().json();
    let text = |name: &str| given[name].as_str().unwrap().to_owned();
    let whose = sandbox.verify(&text("AccessKeyId"), &text("SecretAccessKey"), Some(&text("SessionToken")));
    assert_eq!(whose.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/One/me@acme.example"));
    assert_eq!((&given["Version"], text("AccountId").as_str()), (&json!(1), "111122223333"));
    let [call] = &sandbox.calls()[..] else { panic!("{:?}", sandbox.calls()) };
    assert_eq!((call.signer.as_deref(), call.parameter("DurationSeconds")), (None, Some("7200")));
    assert_eq!(call.parameter("PrincipalArn"), Some(IDP));
    assert!(cloud::sessions(&world).is_empty());
    // The other formats are those of `credentials`.
    let env = assume(&world).stdin(ASSERTION).any_stdout().success().stdout;
    assert!(env.starts_with("export AWS_ACCESS_KEY_ID='ASIA"), "{env}");
    // But it is noted, each time.
    let noted = world.run(["history", "--json"]).any_stdout().success().json();
    let formats = [&noted[0]["by"], &noted[1]["by"]];
    assert_eq!((noted.as_array().unwrap().len(), formats), (2, [&json!("process"), &json!("env")]));
    let line = &noted[0];
    assert_eq!(
        [&line["event"], &line["role"], &line["account"], &line["expiration"], &line["profile"]],
        [&json!("saml"), &json!("One"), &json!("111122223333"), &given["Expiration"], &json!(null)]
    );
    assert!(!world.read(".local/state/awsenv/history").contains("ASIA"));
}

#[test]
fn a_refusal_says_what_to_do_and_shows_nothing_of_the_assertion() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let stderr = assume(&world).stdin("cGxhbnRlZA==").any_stderr().exits(1).stderr;
    assert!(stderr.starts_with("awsenv: AssumeRoleWithSAML: AccessDenied: "), "{stderr}");
    assert!(stderr.contains("awsenv: hint: the assertion has to offer this role"), "{stderr}");
    sandbox.fault("AssumeRoleWithSAML", 1, Fault::error(400, "InvalidIdentityToken"));
    let stderr = assume(&world).stdin(ASSERTION).any_stderr().exits(1).stderr;
    assert!(
        stderr.ends_with(
            "awsenv: hint: the principal has to be the identity provider in IAM that has issued the assertion, with its \
             present metadata\n"
        ),
        "{stderr}"
    );
    sandbox.fault("AssumeRoleWithSAML", 1, Fault::error(400, "ExpiredTokenException"));
    let stderr = assume(&world).env("AWSENV_LOG", "trace").stdin(ASSERTION).any_stderr().exits(1).stderr;
    assert!(
        stderr.ends_with("awsenv: hint: an assertion is good for some minutes: sign in again\n"),
        "{stderr}"
    );
    assert!(!stderr.contains(ASSERTION), "{stderr}");
    assert_eq!(operations(&sandbox), ["AssumeRoleWithSAML"; 3]);
}

#[test]
fn what_cannot_be_sent_makes_no_call() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    assume(&world).stderr("awsenv: no SAML assertion came on standard input\n").exits(2);
    let told = "awsenv: what came on standard input is no SAML assertion in base64\n\
                awsenv: hint: send the value of SAMLResponse alone, with + / and = as they are\n";
    assume(&world).stdin("planted \u{1b}").stderr(told).exits(2);
    let other = world.run(["assume-saml", "--role-arn", "One", "--principal-arn", IDP]);
    let told = "awsenv: --role-arn One: expected an ARN like arn:aws:iam::111122223333:role/…\n";
    other.stdin(ASSERTION).stderr(told).exits(2);
    let (screen, code) =
        Terminal::start(&world, &["assume-saml", "--role-arn", ONE, "--principal-arn", IDP]).end();
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains("is read from standard input, and that is a terminal"), "{screen}");
    assert_eq!(operations(&sandbox), [""; 0]);
}

/// As saml2aws prints it: its times are of the place where it runs.
#[test]
fn the_recipe_for_saml2aws_gives_what_saml2aws_prints() {
    let [recipe, same] = [include_str!("../../README.md"), include_str!("../../docs/other-sources.md")]
        .map(|text| text.split("```ini\n").find(|block| block.starts_with("[profile corp-dev]\n")).unwrap())
        .map(|block| block.split_once("```").unwrap().0);
    assert_eq!(recipe, same);
    let world = World::new().config(recipe);
    world
        .program("bin/saml2aws", "#!/bin/sh\necho \"saml2aws $*\" > \"$HOME/asked\"\ncat \"$HOME/answer\"\n");
    let path = format!("{}:{}", world.at("bin").display(), world.variables().text("PATH").unwrap());
    let world = world.env("PATH", path);
    let now = clock::now();
    let in_hours = |hours: u64| clock::rfc3339(now.checked_add(Duration::from_secs(hours * 3600)).unwrap());
    let (end, in_tokyo) = (in_hours(1), in_hours(10).replace('Z', "+09:00"));
    let answer = json!({
        "Version": 1, "AccessKeyId": "ASIACORP", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": in_tokyo
    });
    world.write("answer", &answer.to_string());
    let env = cloud::exec(&world, "corp-dev");
    assert_eq!(env.text("AWS_ACCESS_KEY_ID"), Some("ASIACORP"));
    assert_eq!(env.text("AWS_CREDENTIAL_EXPIRATION"), Some(end.as_str()));
    assert_eq!(
        Some(world.read("asked").trim_end()),
        recipe.trim_end().split_once(" = ").map(|(_, line)| line)
    );
}
