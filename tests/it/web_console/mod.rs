//! `awsenv console`: what AWS is asked for, by whose keys, and how a browser gets there.

use std::time::Duration;

use awsenv_sandbox::{Call, Sandbox};

use crate::cloud::{self, operations};
use crate::portal::visit;
use crate::run::Run;
use crate::terminal::Terminal;
use crate::world::World;

mod browser;
mod keys;
mod refused;

/// With the sandbox as the console's sign-in.
fn federated(world: World, sandbox: &Sandbox) -> World {
    world.env("AWSENV_FEDERATION_URL", sandbox.url())
}

fn world(sandbox: &Sandbox) -> World {
    federated(cloud::world(sandbox), sandbox)
}

/// What AWS was asked for, one line a call: what matters for the console.
fn asked(sandbox: &Sandbox) -> Vec<String> {
    let said = |call: &Call| {
        let parameters = ["Name", "PolicyArns.member.1.arn", "DurationSeconds", "SessionDuration"];
        let said = parameters.iter().filter_map(|name| Some(format!("{name}={}", call.parameter(name)?)));
        let all = call.parameter("Policy").map(|policy| format!("Policy={policy}"));
        [call.operation.clone()].into_iter().chain(said).chain(all).collect::<Vec<_>>().join(" ")
    };
    sandbox.calls().iter().map(said).collect()
}

/// Where a browser lands with an address: whose console.
#[track_caller]
pub(crate) fn landed(address: &str, sandbox: &Sandbox) -> String {
    let (head, page) = visit(address);
    let location = head.lines().find_map(|line| line.strip_prefix("location: "));
    let location = location.unwrap_or_else(|| panic!("nobody is signed in: {head}\n{page}"));
    let (_, page) = visit(&format!("{}{location}", sandbox.url()));
    let (_, rest) = page.split_once("<p>").unwrap();
    rest.split("</p>").next().unwrap().to_owned()
}

#[track_caller]
fn printed(run: Run<'_>) -> String {
    run.any_stdout().success().stdout.trim_end().to_owned()
}

#[test]
fn a_role_signs_in_with_its_session() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    let address = printed(world.run(["console", "one", "--print"]));
    let prefix = format!("{}/federation?Action=login&Issuer=awsenv&Destination=", sandbox.url());
    let home = "https%3A%2F%2Feu-west-1.console.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Deu-west-1";
    assert!(address.starts_with(&format!("{prefix}{home}&SigninToken=")), "{address}");
    assert_eq!(asked(&sandbox), ["AssumeRole", "getSigninToken"]);
    let whose = landed(&address, &sandbox);
    assert!(whose.starts_with("arn:aws:sts::111122223333:assumed-role/One/me@"), "{whose}");
    let (head, _) = visit(&address);
    assert!(head.starts_with("HTTP/1.1 400 "), "a token is taken once: {head}");
    // What is kept serves.
    printed(world.run(["console", "one", "--print", "--duration", "12h"]));
    assert_eq!(asked(&sandbox)[5..], ["getSigninToken SessionDuration=43200"]);
    // But not for so short that the console would be over at once.
    cloud::age(&world, Duration::from_secs(52 * 60));
    printed(world.run(["console", "one", "--print"]));
    assert_eq!(asked(&sandbox)[6..], ["AssumeRole", "getSigninToken"]);
}

#[test]
fn whose_console_was_opened_is_noted_and_no_address() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    let address = printed(world.run(["console", "one", "--service", "s3", "--print"]));
    let noted = world.run(["history", "--json"]).any_stdout().success().stdout;
    let lines: serde_json::Value = serde_json::from_str(&noted).unwrap();
    let said = ["event", "by", "profile", "role"].map(|field| lines[0][field].as_str().unwrap_or_default());
    assert_eq!(said, ["console", "s3", "one", "One"], "{noted}");
    let (_, token) = address.split_once("SigninToken=").unwrap();
    assert!(!world.read(".local/state/awsenv/history").contains(token));
}

#[test]
fn without_a_browser_the_address_is_printed_to_a_person_and_into_no_log() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    // Where the tests run in a container, that is the reason.
    for (name, because) in
        [("SSH_CONNECTION", "this is an SSH session"), ("CI", "this machine is not yours"), ("X", "")]
    {
        let run = world.run(["console", "one"]).env(name, "1").env("PATH", "/nowhere");
        let told = run.any_stderr().exits(1);
        assert!(told.stderr.starts_with(&format!("awsenv: {because}")), "{}", told.stderr);
        assert!(
            told.stderr.ends_with("hint: `awsenv console --print` prints the address\n"),
            "{}",
            told.stderr
        );
    }
    assert_eq!(operations(&sandbox), [""; 0], "nobody was asked for what nobody reads");
    let world = world.env("SSH_CONNECTION", "1");
    let (screen, code) = Terminal::start(&world, &["console", "one"]).end();
    assert!(code == 0 && screen.contains("SigninToken="), "{screen}");
    assert!(screen.contains("open this on any device within 15 minutes; whoever has it is signed in, once"));
}

#[test]
fn the_terminals_clipboard_is_given_the_address() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    world
        .run(["console", "one", "--copy"])
        .stderr(
            "awsenv: --copy: there is no terminal whose clipboard could take it\n\
             awsenv: hint: --print prints the address\n",
        )
        .exits(2);
    assert_eq!(operations(&sandbox), [""; 0]);
    for (world, begins) in
        [(&world, "\x1b]52;c;"), (&self::world(&sandbox).env("TMUX", "/t,1,0"), "\x1bPtmux;\x1b\x1b]52;c;")]
    {
        let (screen, status) = Terminal::start(world, &["console", "one", "--copy"]).end();
        assert_eq!(status, 0, "{screen}");
        let (_, rest) = screen.split_once(begins).unwrap_or_else(|| panic!("{screen:?}"));
        let text = rest.split('\x07').next().unwrap();
        let address = String::from_utf8(aws_smithy_types::base64::decode(text).unwrap()).unwrap();
        assert!(landed(&address, &sandbox).contains("assumed-role/One/"));
        assert!(!screen.contains(&address), "it is not shown");
    }
}
