//! `AWSENV_LOG`: what a person who looks for a fault reads, and what does not stand there.

use awsenv_sandbox::{Fault, Role, Sandbox, Scenario, User};

use crate::cloud::{self, ME, ONE, sandbox};
use crate::world::World;

/// The events at `level` without their times, and with what differs from run to run blotted out; what else is
/// said stays as it is.
#[track_caller]
fn events(world: &World, level: &str, arguments: &[&str]) -> Vec<String> {
    let run = arguments.iter().fold(world.run([]).at("acme"), |run, argument| run.arg(argument));
    let output = run.env("AWSENV_LOG", level).any_stdout().any_stderr().success();
    output.stderr.lines().map(event).collect()
}

fn event(line: &str) -> String {
    let dated = line.strip_prefix("awsenv: ").and_then(|rest| rest.split_once("Z "));
    let Some((_, text)) = dated.filter(|(time, _)| time.len() == "12:00:00.000".len()) else {
        return line.to_owned();
    };
    let word = |word: &str| match word.trim_end_matches([',', ':']) {
        bare if bare.len() == 36 && bare.matches('-').count() == 4 => word.replace(bare, "ID"),
        bare if bare.starts_with("127.0.0.1:") => word.replace(bare, "HOST"),
        bare if bare.len() == 8 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            word.replace(bare, "KEY")
        }
        bare if bare.ends_with('Z') && bare.len() == 20 => word.replace(bare, "TIME"),
        _ => word.to_owned(),
    };
    let words: Vec<_> = text.split(' ').map(word).collect();
    // How long it took.
    let words = match words.as_slice() {
        [rest @ .., _, unit] if unit == "ms" => [rest, &["…".into(), unit.clone()]].concat(),
        _ => words,
    };
    words.join(" ")
}

#[test]
fn each_step_to_the_credentials_is_a_line() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    sandbox.fault("AssumeRole", 1, Fault::error(500, "InternalFailure"));
    let call = "AssumeRole in eu-west-1 at HOST, attempt";
    assert_eq!(
        events(&world, "INFO", &["exec", "--", "true"]),
        [
            "info: $HOME/acme/.awsenv: allowed".to_owned(),
            "info: $HOME/acme/.awsenv: pins one".to_owned(),
            "info: one: AWS is asked for session KEY".to_owned(),
            format!("info: {call} 1: HTTP 500, request id ID, … ms"),
            format!("info: {call} 2: HTTP 200, request id ID, … ms"),
        ]
    );
    assert_eq!(
        events(&world, "debug", &["exec", "--", "true"])[1..],
        [
            "info: $HOME/acme/.awsenv: allowed",
            "info: $HOME/acme/.awsenv: pins one",
            "debug: one, step 1: StaticKeys base ($HOME/.aws/config:3)",
            "debug: one, step 2: AssumeRole arn:aws:iam::111122223333:role/One ($HOME/.aws/config:8)",
            "debug: session KEY: in the store, until TIME",
        ]
    );
    assert_eq!(events(&world, "error", &["exec", "--", "true"]), [""; 0]);
}

#[test]
fn a_prompt_tells_of_the_renewal_it_starts_and_of_the_pause_after_a_failure() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    sandbox.fault("AssumeRole", 1, Fault::error(403, "AccessDenied"));
    let pwd = world.at("acme");
    let ask = || events(&world, "info", &["export", "bash", "1", "5.2", pwd.to_str().unwrap()]);
    let found = [
        "info: $HOME/acme/.awsenv: allowed",
        "info: $HOME/acme/.awsenv: pins one",
        "info: one: no session to give out",
    ];
    assert_eq!(ask(), [&found[..], &["info: one: a renewal starts in the background"]].concat());
    cloud::renewals_end(&world);
    let again = ask();
    assert!(again.contains(&"info: failures in a row: 1; no renewal before TIME".to_owned()), "{again:?}");
}

#[test]
fn a_word_that_is_no_level_is_said_and_the_program_goes_on() {
    let world = World::with_pin();
    world
        .run(["exec", "dev", "--", "true"])
        .env("AWSENV_LOG", "\u{1b}loud")
        .stderr(
            "awsenv: AWSENV_LOG=\\u{1b}loud: unknown level; known levels: error, warn, info, debug, trace\n",
        )
        .success();
    world.run(["exec", "dev", "--", "true"]).env("AWSENV_LOG", "").success();
}

#[test]
fn a_line_stays_a_line_and_does_not_steer_the_terminal() {
    let world = World::with_profiles().file("a\u{1b}[31m\nb/.awsenv", "profile = \"dev\"\n");
    let pwd = world.at("a\u{1b}[31m\nb");
    let output = world.run(["export", "bash", "1", "5.2"]).arg(pwd).env("AWSENV_LOG", "trace");
    let stderr = output.any_stdout().any_stderr().success().stderr;
    assert!(stderr.contains("a\\u{1b}[31m\\nb/.awsenv: not allowed\n"), "{stderr}");
    assert!(stderr.lines().all(|line| line.starts_with("awsenv: ")), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
}

#[test]
fn an_external_id_is_not_told() {
    let one = Role { external_id: Some("between-us".into()), ..Role::new(ONE, &[ME]) };
    let sandbox = Sandbox::start(Scenario::default().user(User::new(ME, "AKIAME", "me/secret")).role(one));
    let world = cloud::world(&sandbox).config(&cloud::CONFIG.replacen(
        "role/One\n",
        "role/One\nexternal_id = between-us\n",
        1,
    ));
    let output = world.run(["exec", "one", "--", "true"]).env("AWSENV_LOG", "trace");
    let stderr = output.any_stderr().success().stderr;
    assert!(stderr.contains("AssumeRole"), "{stderr}");
    assert!(stderr.lines().all(|line| line.starts_with("awsenv: ")), "only our own events: {stderr}");
    assert!(!stderr.contains("between-us"), "{stderr}");
    assert_eq!(sandbox.calls()[0].parameter("ExternalId"), Some("between-us"));
}
