//! status: what is loaded here, from where, until when, and why not.

use awsenv_sandbox::Fault;

use crate::cloud;
use crate::shell::Kind;
use crate::terminal::Terminal;
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
    assert!(text.contains("  why      a session is being fetched\n"), "{text}");
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

/// What a terminal of so many columns shows.
fn drawn(world: &World, arguments: &[&str], columns: u16) -> String {
    let (screen, code) = Terminal::of_width(world, "acme", arguments, columns).end();
    assert_eq!(code, 0, "{screen}");
    world.shown(&screen)
}

#[test]
fn on_a_terminal_it_is_a_card_that_says_who_decided_what() {
    let world = World::with_pin().env("NO_COLOR", "1").env("AWSENV_DISABLE", "1");
    assert_eq!(
        drawn(&world, &["status"], 80),
        "\
╭─ dev ────────────────────────────────────────────────────── not loaded ─╮
│  account    111122223333                                                │
│  region     eu-west-1                                  ~/.aws/config:2  │
│  source     dev                                        ~/.aws/config:1  │
│  given by   variables of this shell                                     │
│                                                                         │
│  file       ~/acme/.awsenv:1                                            │
│                                                                         │
│  why        AWSENV_DISABLE is set                                       │
│  do         `unset AWSENV_DISABLE`, or `set -e AWSENV_DISABLE` in fish  │
╰─────────────────────────────────────────────────────────────────────────╯
"
    );
    assert_eq!(
        drawn(&world, &["status"], 40),
        "\
╭─ dev ─────────────────── not loaded ─╮
│  account    111122223333             │
│  region     eu-west-1                │
│  source     dev     ~/.aws/config:1  │
│  given by   variables of this shell  │
│                                      │
│  file       ~/acme/.awsenv:1         │
│                                      │
│  why        AWSENV_DISABLE is set    │
│  do         `unset AWSENV_DISABLE`,  │
│             or `set -e               │
│             AWSENV_DISABLE` in fish  │
╰──────────────────────────────────────╯
"
    );
    let ascii = drawn(&World::with_pin().env("TERM", "dumb"), &["status"], 80);
    assert!(ascii.is_ascii() && ascii.starts_with("+- dev ---") && !ascii.contains('\x1b'), "{ascii}");
    let coloured = drawn(&World::with_pin(), &["status"], 80);
    assert!(coloured.starts_with("\x1b[32m╭─\x1b[0m \x1b[1;32mdev\x1b[0m "), "{coloured}");
    let narrow = drawn(&World::with_pin(), &["status"], 39);
    assert!(narrow.starts_with("dev\n  account  111122223333\n"), "{narrow}");
    let forced = World::with_pin().env("CLICOLOR_FORCE", "1").env("COLUMNS", "60");
    let forced = forced.run(["status"]).at("acme").any_stdout().success().stdout;
    assert!(forced.starts_with("\x1b[32m╭─"), "{forced}");
}

#[test]
fn a_protected_stage_is_red_and_a_file_nobody_allowed_blue() {
    let file = "profile = \"dev\"\n[stage.prod]\nprofile = \"prod\"\nprotected = true\n";
    let world = World::with_profiles().file("acme/.awsenv", file).allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    crate::choose::choose(
        &world,
        &mut shell,
        &["prod", "--yes"],
        "awsenv: stage prod (prod) in this shell, as long as ~/acme/.awsenv counts\n",
    );
    let status = |json: &[&str]| {
        let run = world.run(["status"]).at("acme").environment(&shell.env).env("CLICOLOR_FORCE", "1");
        json.iter().fold(run, |run, json| run.arg(*json)).any_stdout().success()
    };
    let card = status(&[]).stdout;
    assert!(card.starts_with("\x1b[31m╭─\x1b[0m \x1b[1;31mprod*\x1b[0m "), "{card}");
    assert!(card.contains("protected") && card.contains("awsenv use"), "{card}");
    let json = status(&["--json"]).json();
    assert_eq!(
        [&json["protected"], &json["delivery"]],
        [&serde_json::json!(true), &serde_json::json!("env")]
    );
    assert!(json["decided_by"]["source"].as_str().unwrap().ends_with("acme/.awsenv:3"), "{json}");
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    let card = world.run(["status"]).at("acme").env("CLICOLOR_FORCE", "1").any_stdout().success().stdout;
    assert!(card.starts_with("\x1b[34m╭─"), "{card}");
}
