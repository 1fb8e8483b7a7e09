//! What is refused before anybody is asked, and what AWS or the way to it refuses.

use awsenv_sandbox::{Fault, Role, Sandbox, Scenario, User};

use super::{landed, printed, world};
use crate::cloud::{self, ME, ONE, TWO, operations};

#[test]
fn a_directory_says_whose_console_and_the_account_is_watched() {
    let sandbox = cloud::sandbox();
    let pinned = "profile = \"base\"\naccount = \"999988887777\"\n[stage.one]\nprofile = \"one\"\n";
    let world = world(&sandbox).file("acme/.awsenv", pinned).allowed("acme");
    let run = || world.run(["console", "--print"]).at("acme");
    let refused = run().any_stderr().exits(1);
    assert!(refused.stderr.contains("111122223333"), "{}", refused.stderr);
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"], "no session was made of them");
    let address = printed(run().arg("--stage").arg("one"));
    assert!(landed(&address, &sandbox).contains("assumed-role/One/"));
    world.write("acme/.awsenv", "profile = \"one\"\n");
    run().any_stderr().exits(4);
}

#[test]
fn what_the_command_line_says_is_checked_before_anybody_is_asked() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    let page = "no page of the console";
    for (arguments, what, hint) in [
        (
            &["--service", "lamda"][..],
            "--service lamda: awsenv knows no such service",
            "did you mean `lambda`?",
        ),
        (
            &["--region", "eu west"],
            "--region eu west: a region is letters, digits and hyphens, like eu-west-1",
            "",
        ),
        (
            &["--region", "cn-north-1"],
            "cn-north-1 is no region of aws, where these keys are good",
            "name one: --region us-east-1",
        ),
        (&["--duration", "13h"], "--duration 13h00m: AWS allows 15m to 12h00m", ""),
        (
            &["--destination", "https://console.aws.amazon.com@evil.example/"],
            &format!("--destination https://console.aws.amazon.com@evil.example/: {page}"),
            "an address that begins with https:// and whose host is console.aws.amazon.com or ends in \
             .console.aws.amazon.com",
        ),
        (
            &["--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "--policy-arn is for a user's long-lived keys; a role's session has its policies already",
            "`policy_arns` in [[role]] bounds a role's session",
        ),
    ] {
        let hint = if hint.is_empty() { String::new() } else { format!("awsenv: hint: {hint}\n") };
        // Whether somebody could open the page is another question.
        for run in [
            world.run(["console", "one", "--print"]),
            world.run(["console", "one"]).env("SSH_CONNECTION", "x"),
        ] {
            let run = run.stderr(format!("awsenv: {what}\n{hint}"));
            arguments.iter().fold(run, |run, argument| run.arg(argument)).exits(2);
        }
    }
    world
        .run(["console", "one", "--print"])
        .env("AWSENV_FEDERATION_URL", "http://evil.example")
        .any_stderr()
        .exits(2);
    assert_eq!(operations(&sandbox), [""; 0]);
    let address = "https://s3.console.aws.amazon.com/s3/buckets/acme?region=eu-west-1";
    let run = world.run(["console", "one", "--json", "--destination", address]);
    let told = run.any_stdout().success().json();
    assert_eq!((&told["destination"], &told["account"]), (&address.into(), &"111122223333".into()));
}

#[test]
fn what_goes_wrong_at_the_sign_in_is_told() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox).env("AWS_MAX_ATTEMPTS", "1");
    world.run(["exec", "one", "--", "true"]).success();
    let proxy = "is there a proxy in between? look at HTTPS_PROXY and AWSENV_FEDERATION_URL";
    let network = "check the network, HTTPS_PROXY and AWS_CA_BUNDLE";
    for (fault, what, hint, exit) in [
        (Fault::Html(200), "no answer that AWS would give (HTTP 200)", proxy, 1),
        (Fault::Html(302), "no answer that AWS would give (HTTP 302)", proxy, 1),
        (Fault::Html(403), "no answer that AWS would give (HTTP 403)", proxy, 1),
        (Fault::Malformed, "no answer that AWS would give (HTTP 200)", proxy, 1),
        (
            Fault::Html(400),
            "AWS signs nobody in with these keys (HTTP 400)",
            "it takes sessions of roles and of GetFederationToken; get new ones: `awsenv refresh`",
            3,
        ),
        (Fault::Html(503), "AWS has failed (HTTP 503)", "try again in a minute", 1),
        (Fault::Html(429), "AWS asks for fewer calls (HTTP 429)", "try again in a minute", 1),
    ] {
        sandbox.fault("getSigninToken", 1, fault);
        world
            .run(["console", "one", "--print"])
            .stderr(format!("awsenv: getSigninToken: {what}\nawsenv: hint: {hint}\n"))
            .exits(exit);
    }
    sandbox.fault("getSigninToken", 1, Fault::Missing("SigninToken".into()));
    let lacks = "awsenv: the answer to getSigninToken lacks its token\n";
    world.run(["console", "one", "--print"]).stderr(lacks).exits(1);
    sandbox.fault("getSigninToken", 1, Fault::Reset);
    let reset = world.run(["console", "one", "--print"]).any_stderr().exits(1).stderr;
    assert!(reset.starts_with("awsenv: getSigninToken: no answer came from AWS") && reset.contains(network));
    // Nobody answers.
    let gate = sandbox.gate("getSigninToken");
    world
        .run(["console", "one", "--print"])
        .stderr(format!(
            "awsenv: getSigninToken: no answer came from AWS: it took too long\nawsenv: hint: {network}\n"
        ))
        .exits(1);
    drop(gate);
    // One that has failed for a moment is asked again.
    sandbox.fault("getSigninToken", 1, Fault::Html(503));
    printed(world.run(["console", "one", "--print"]).env("AWS_MAX_ATTEMPTS", "2"));
}

#[test]
fn a_user_that_may_not_is_told_what_is_missing() {
    let denied = User { denied: true, ..User::new(ME, "AKIAME", "me/secret") };
    let sandbox = Sandbox::start(Scenario::default().user(denied).role(Role::new(ONE, &[TWO])));
    let stderr = world(&sandbox).run(["console", "base", "--print"]).any_stderr().exits(1).stderr;
    assert!(stderr.starts_with("awsenv: GetFederationToken: AccessDenied: User: "), "{stderr}");
    assert!(
        stderr.contains("the user's policies must allow sts:GetFederationToken; or use a role"),
        "{stderr}"
    );
}
