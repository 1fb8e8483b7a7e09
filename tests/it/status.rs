//! status: what is loaded here, from where, until when, and why not.

use awsenv_sandbox::Fault;

use crate::cloud;
use crate::shell::Kind;
use crate::world::World;

#[test]
fn where_nothing_is_pinned_it_says_what_to_do() {
    World::new()
        .run(["status"])
        .stdout(
            "nothing is pinned here
  hint     `awsenv init PROFILE` pins a profile here, `awsenv use PROFILE` takes one for this shell
",
        )
        .success();
}

#[test]
fn a_pin_is_told_with_its_account_and_file() {
    World::with_pin()
        .run(["status"])
        .at("acme")
        .stdout(
            "dev
  account  111122223333
  region   eu-west-1 (~/.aws/config:2)
  by       StaticKeys dev (~/.aws/config:1)
  loaded   no: no hook has run in this shell
  file     ~/acme/.awsenv:1
  hint     put `eval \"$(awsenv hook bash)\"` into your shell's file
",
        )
        .success();
}

#[test]
fn in_a_shell_with_the_hook_it_is_loaded() {
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let status = world.run(["status"]).at("acme").environment(&shell.env).any_stdout().success();
    assert!(status.stdout.contains("  loaded   yes\n"), "{}", status.stdout);
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.prompt();
    let status = world.run(["status"]).at("acme").environment(&shell.env).any_stdout().success();
    assert!(status.stdout.contains("  loaded   no: credentials were set by hand\n"), "{}", status.stdout);
}

#[test]
fn a_file_nobody_allowed_is_named_with_what_to_do() {
    World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n")
        .run(["status"])
        .at("acme")
        .stdout(
            "not allowed
  file     ~/acme/.awsenv
  why      ~/acme/.awsenv is not allowed; look at it, then run `awsenv allow`
",
        )
        .success();
}

#[test]
fn a_changed_file_is_refused_with_the_reason() {
    let world = World::with_pin();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    world
        .run(["status"])
        .at("acme")
        .stdout(
            "no credentials
  file     ~/acme/.awsenv
  why      ~/acme/.awsenv has changed since it was allowed
  hint     look at it, then run `awsenv allow`
",
        )
        .success();
}

#[test]
fn variables_alone_are_a_pin_too() {
    World::new()
        .file("acme/.awsenv", "region = \"eu-west-1\"\n[env]\nTF_WORKSPACE = \"dev\"\n")
        .allowed("acme")
        .run(["status"])
        .at("acme")
        .stdout(
            "variables only
  region   eu-west-1 (~/acme/.awsenv:1)
  loaded   no: no hook has run in this shell
  file     ~/acme/.awsenv
  hint     put `eval \"$(awsenv hook bash)\"` into your shell's file
",
        )
        .success();
}

#[test]
fn a_profile_that_cannot_be_used_says_why() {
    World::with_profiles()
        .file("acme/.awsenv", "profile = \"dve\"\n")
        .allowed("acme")
        .run(["status"])
        .at("acme")
        .stdout(
            "dve
  loaded   no: no hook has run in this shell
  file     ~/acme/.awsenv:1
  why      cannot use profile dve: there is no profile dve in $HOME/.aws/config or $HOME/.aws/credentials
  hint     did you mean dev?
",
        )
        .success();
}

#[test]
fn links_are_told_as_the_shell_calls_them() {
    let world = World::with_pin();
    std::os::unix::fs::symlink(world.at("acme"), world.at("link")).unwrap();
    let status = world.run(["status"]).at("link").any_stdout().success();
    assert!(status.stdout.contains("  file     ~/link/.awsenv:1\n"), "{}", status.stdout);
    // A PWD that is not where we are is not believed.
    let status = world.run(["status"]).at("link").env("PWD", "/").any_stdout().success();
    assert!(status.stdout.contains("  file     ~/acme/.awsenv:1\n"), "{}", status.stdout);
}

/// What `status` tells in `acme`: the text from the line `loaded` on, and how the session stands.
#[track_caller]
fn told(world: &World) -> (String, serde_json::Value) {
    let text = world.run(["status"]).at("acme").any_stdout().success().stdout;
    let from = text.find("  loaded").unwrap();
    let json = world.run(["status", "--json"]).at("acme").any_stdout().success().json();
    (text[from..].to_owned(), json["session"].clone())
}

#[test]
fn a_session_that_nobody_asked_for_yet_is_being_fetched_and_is_there() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    let (text, session) = told(&world);
    assert_eq!(session, "absent");
    assert_eq!(
        text,
        "  loaded   no: no hook has run in this shell
  file     ~/acme/.awsenv:1
  why      no session is kept yet
  hint     the hook fetches one at the next prompt, `awsenv refresh` does it now
"
    );
    let gate = sandbox.gate("AssumeRole");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    gate.wait_for(1, cloud::DEADLINE);
    let (text, session) = told(&world);
    assert_eq!(session, "pending");
    assert!(text.ends_with("  why      a session is being fetched\n"), "{text}");
    gate.open();
    shell.wait();
    assert_eq!(told(&world).1, "kept");
    let text = world.run(["status"]).at("acme").environment(&shell.env).any_stdout().success().stdout;
    assert!(text.contains("  loaded   yes, until ") && !text.contains("  why "), "{text}");
}

#[test]
fn a_failed_renewal_says_awss_words_and_when_it_is_tried_again() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    sandbox.fault("AssumeRole", 1, Fault::error(403, "AccessDenied"));
    world.shell(Kind::Bash).arrive("acme").wait();
    let (text, session) = told(&world);
    assert_eq!(session, "failed");
    assert!(
        text.contains(
            "  why      cannot assume arn:aws:iam::111122223333:role/One: AssumeRole: AccessDenied: "
        )
    );
    assert!(text.contains("  hint     two policies must agree"), "{text}");
    assert!(text.contains("  again    not before 20"), "{text}");
}

#[test]
fn a_session_that_takes_a_code_says_so_before_anybody_has_tried() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"careful\"\n");
    for tried in [false, true] {
        let (text, session) = told(&world);
        assert_eq!(session, "needs_person");
        assert!(text.contains("the MFA device arn:aws:iam::111122223333:mfa/me wants a code\n"), "{text}");
        assert!(text.contains("  hint     run `awsenv refresh`\n"), "{text}");
        assert_eq!(text.contains("  again "), tried, "{text}");
        if !tried {
            world.shell(Kind::Bash).arrive("acme").wait();
        }
    }
    // The code was given for another session: no person is needed any more.
    world.run(["exec", "careful", "--duration", "15m", "--mfa-code", "111111", "--", "true"]).success();
    assert_eq!(told(&world).1, "absent");
}
