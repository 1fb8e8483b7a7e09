//! MFA codes: who gives them, which are asked for again, and that none is sent twice.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};

use awsenv_sandbox::{Fault, Sandbox};

use crate::cloud::{self, CONFIG, MFA, WAITS, exec, identity, operations, sandbox, within_deadline};
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::terminal::Terminal;
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
fn a_code_that_never_left_may_be_sent_and_one_that_may_have_is_not() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let refresh = || world.run(["refresh", "careful", "--mfa-code", "111111"]).any_stderr();
    for _ in 0..2 {
        let stderr = refresh().env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1").exits(1).stderr;
        assert!(stderr.contains("AWS cannot be reached: Connection refused"), "{stderr}");
    }
    sandbox.fault("GetSessionToken", 1, Fault::Reset);
    let stderr = refresh().exits(1).stderr;
    assert!(stderr.contains("no answer came from AWS: "), "{stderr}");
    let stderr = refresh().exits(3).stderr;
    assert!(stderr.contains("that MFA code was sent before"), "{stderr}");
    world.run(["refresh", "careful", "--mfa-code", "222222"]).any_stderr().success();
}

#[test]
fn who_waits_for_a_code_that_another_asks_for_says_so_and_takes_what_it_brings() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut asked = Terminal::start(&world, &["refresh", "careful"]);
    asked.wait_for("MFA code of ");
    let start = |arguments: &[&str]| {
        let mut command = world.command(PROGRAM);
        command.args(arguments).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = within_deadline("nothing is said", move || lines.next()?.ok());
        assert_eq!(told.as_deref(), Some(WAITS.trim_end()));
        child
    };
    let waiting = [
        start(&["exec", "careful", "--", "env"]),
        start(&["credentials", "careful", "--format", "env"]),
        start(&["refresh", "careful"]),
    ];
    asked.answer("", "111111");
    let (screen, code) = asked.end();
    assert_eq!(code, 0, "{screen}");
    for child in waiting {
        let output = within_deadline("a command waits", move || child.wait_with_output().unwrap());
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(operations(&sandbox), ["GetSessionToken", "AssumeRole"], "one code, and one call each");
}

#[test]
fn a_question_in_a_forgotten_tab_holds_up_no_prompt_and_nobody_who_has_a_code() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"careful\"\n");
    let mut forgotten = Terminal::start(&world, &["refresh", "careful"]);
    forgotten.wait_for("MFA code of ");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert_eq!(shell.get("AWS_PROFILE"), Some("careful: run awsenv refresh"));
    let told = "wants a code, and another awsenv is asking for it; answer there, or run `awsenv refresh`\n";
    assert!(shell.notice.ends_with(told), "{}", shell.notice);
    assert!(shell.guard(), "nothing is tried again before somebody answers");
    world.run(["exec", "careful", "--mfa-code", "111111", "--", "true"]).success();
    assert!(!shell.guard());
    shell.ask();
    assert!(identity(&sandbox, &shell.env).is_some(), "{}", shell.notice);
    // What is typed at last is not sent, since nobody needs it any more.
    forgotten.answer("", "222222");
    let (screen, code) = forgotten.end();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(operations(&sandbox)[..2], ["GetSessionToken", "AssumeRole"]);
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "GetSessionToken").count(), 1);
    world.run(["exec", "careful", "--no-session", "--mfa-code", "222222", "--", "true"]).success();
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
