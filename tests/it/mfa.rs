//! MFA codes: who gives them, which are asked for again, and that none is sent twice.

use std::fmt::Write as _;
use std::io::{Read, Write as _};

use awsenv_sandbox::{Fault, Sandbox};

use crate::cloud::{self, CONFIG, MFA, exec, identity, operations, sandbox, within_deadline};
use crate::run::PROGRAM;
use crate::world::World;

/// Runs the program on a terminal and types a code at each question; what the terminal showed, and the exit code.
#[track_caller]
fn typed(world: &World, arguments: &[&str], codes: &[&str]) -> (String, i32) {
    let (pty, pts) = pty_process::blocking::open().unwrap();
    let command = pty_process::blocking::Command::new(PROGRAM)
        .args(arguments)
        .env_clear()
        .envs(world.variables().iter())
        .current_dir(world.home());
    let mut child = command.spawn(pts).unwrap();
    let mut screen = String::new();
    for code in codes {
        // Up to the question that is not answered yet.
        let asked = screen.matches("MFA code of ").count();
        while screen.matches(&format!("MFA code of {MFA}: ")).count() == asked {
            let mut bytes = [0; 4096];
            let length = (&pty).read(&mut bytes).unwrap_or_else(|error| panic!("{error}: {screen}"));
            screen.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        (&pty).write_all(format!("{code}\r").as_bytes()).unwrap();
    }
    // It ends with an error once nobody has the terminal any more.
    let mut rest = Vec::new();
    let _ = (&pty).read_to_end(&mut rest);
    let _ = write!(screen, "{}", String::from_utf8_lossy(&rest));
    let status = within_deadline("the program runs", move || child.wait().unwrap());
    (screen, crate::run::code(status))
}

fn world(sandbox: &Sandbox) -> World {
    cloud::world(sandbox)
}

#[test]
fn a_wrong_code_is_asked_for_again_at_the_terminal() {
    let sandbox = sandbox();
    let (screen, code) =
        typed(&world(&sandbox), &["exec", "careful", "--", "true"], &["999999", "12345", "111111"]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("awsenv: AWS did not take that code"), "{screen}");
    assert!(screen.contains("awsenv: an MFA code is six digits"), "{screen}");
    assert_eq!(operations(&sandbox), ["GetSessionToken", "GetSessionToken", "AssumeRole"]);
}

#[test]
fn the_third_wrong_code_is_an_error() {
    let sandbox = sandbox();
    let (screen, code) =
        typed(&world(&sandbox), &["exec", "careful", "--", "true"], &["999999", "888888", "777777"]);
    assert_eq!(code, 3, "{screen}");
    assert!(screen.contains("MultiFactorAuthentication failed with invalid MFA one time pass code"));
    assert_eq!(operations(&sandbox), ["GetSessionToken"; 3]);
}

#[test]
fn a_refusal_that_no_code_mends_asks_for_none() {
    let sandbox = sandbox();
    sandbox.fault("GetSessionToken", 1, Fault::error(403, "AccessDenied"));
    let (screen, code) = typed(&world(&sandbox), &["exec", "careful", "--", "true"], &["111111"]);
    assert_eq!(code, 125, "{screen}");
    assert_eq!(operations(&sandbox), ["GetSessionToken"]);
}

#[test]
fn a_code_that_was_sent_is_not_sent_again_by_any_process() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let alone = ["exec", "careful", "--no-session", "--mfa-code", "111111", "--", "true"];
    world.run(alone).success();
    world
        .run(["exec", "careful", "--mfa-code", "111111", "--", "true"])
        .stderr(
            "awsenv: cannot get a session for careful: that MFA code was sent before, and AWS takes each one once: \
             wait for the next\n",
        )
        .exits(3);
    let (screen, code) = typed(&world, &["exec", "careful", "--", "true"], &["111111", "222222"]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("sent before"), "{screen}");
    assert_eq!(operations(&sandbox), ["AssumeRole", "GetSessionToken", "AssumeRole"]);
}

#[test]
fn a_call_with_a_code_is_made_once_even_if_aws_stumbles() {
    let sandbox = sandbox();
    sandbox.fault("GetSessionToken", 1, Fault::error(500, "InternalFailure"));
    let world = world(&sandbox);
    world.run(["exec", "careful", "--mfa-code", "111111", "--", "true"]).any_stderr().exits(125);
    assert_eq!(operations(&sandbox), ["GetSessionToken"]);
    world.run(["exec", "careful", "--mfa-code", "222222", "--", "true"]).success();
}

#[test]
fn refresh_takes_a_code_with_the_command_and_a_code_of_the_environment_is_second() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("AWSENV_MFA_CODE", "999999");
    world.run(["refresh", "careful", "--mfa-code", "111111"]).any_stderr().success();
    assert!(identity(&sandbox, &exec(&world, "careful")).is_some());
    assert_eq!(operations(&sandbox), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn a_yubikey_gives_the_code_where_the_settings_say_so() {
    let sandbox = sandbox();
    let world = world(&sandbox).settings("mfa = \"ykman\"\n");
    let path = format!("{}:{}", world.at("bin").display(), world.variables().text("PATH").unwrap());
    let world = world.env("PATH", path);
    world.run(["exec", "careful", "--", "true"]).any_stderr().exits(125);
    world.program("bin/ykman", "#!/bin/sh\necho \"$*\" >~/asked\necho 'touch it' >&2\necho 111111\n");
    world.run(["exec", "careful", "--", "true"]).stderr("touch it\n").success();
    assert_eq!(world.read("asked"), format!("oath accounts code --single {MFA}\n"));
    // A profile that has a command of its own asks that.
    let world = world.config(&format!("{CONFIG}mfa_process = echo 222222\n"));
    world.run(["exec", "careful", "--no-session", "--", "true"]).success();
}
