//! The endpoint lives as long as its command, and neither is in the other's way.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use awsenv::clock;
use serde_json::json;

use super::{Served, minutes};
use crate::cloud::{self, DEADLINE, operations, sandbox};
use crate::door::Door;
use crate::portal;
use crate::process::nobody_is_alive;
use crate::run::PROGRAM;
use crate::terminal::Terminal;
use crate::world::World;

#[test]
fn a_program_that_is_heard_goes_with_the_endpoint_and_with_the_command() {
    let vend = "#!/bin/sh\n[ -e \"$HOME/began\" ] || exec cat \"$HOME/answer\"\nexec 3<> \"$HOME/alive\"\n\
                trap '' TERM\nsh -c 'trap \"\" TERM; read x <&3' &\necho $PPID > \"$HOME/began\"\nread x <&3\n";
    for by_signal in [true, false] {
        let sandbox = sandbox();
        let world = cloud::world(&sandbox);
        world.program("vend", vend);
        let end = clock::rfc3339(clock::now().checked_add(minutes(60)).unwrap());
        let answer =
            json!({"Version": 1, "AccessKeyId": "AKIAME", "SecretAccessKey": "s", "Expiration": end});
        world.write("answer", &answer.to_string());
        let vended = format!("[profile vended]\ncredential_process = {}\n", world.at("vend").display());
        world.write(".aws/config", &vended);
        let served = Served::start(&world, ["vended"]);
        assert_eq!(served.key(), "AKIAME");
        for pipe in ["began", "alive"] {
            assert!(Command::new("mkfifo").arg(world.at(pipe)).status().unwrap().success());
        }
        cloud::age(&world, minutes(59));
        let Door { host, token } = served.door.clone();
        let mut asking = TcpStream::connect(&host).unwrap();
        write!(asking, "GET /credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n")
            .unwrap();
        let began = world.at("began");
        let endpoint =
            cloud::within_deadline("nobody is run", move || std::fs::read_to_string(began).unwrap());
        if by_signal {
            let kill = Command::new("kill").args(["-TERM", endpoint.trim()]).status().unwrap();
            assert!(kill.success());
            nobody_is_alive(&world.at("alive"));
        }
        served.end();
        nobody_is_alive(&world.at("alive"));
        assert!(!world.at(".local/state/awsenv/failures").exists(), "to be ended is no failure");
    }
}

/// A refresh token is taken once. The command that a renewal was begun for does not wait for it, but its end is not the
/// renewal's.
#[test]
fn a_command_that_ends_while_its_sign_in_is_renewed_loses_no_sign_in() {
    let sandbox = portal::sandbox();
    let world = portal::signed_in(&sandbox, 3600);
    let served = Served::start(&world, ["dev"]);
    let first = served.key();
    // Both are due, and good to go on with.
    portal::keep(&world, portal::OF_CORP, &sandbox.signed_in(600));
    let before = portal::token(&world, portal::OF_CORP);
    let gate = sandbox.gate("CreateToken");
    cloud::age(&world, minutes(50));
    assert_eq!(served.key(), first, "nobody waits");
    gate.wait_for(1, DEADLINE);
    served.end();
    gate.open();
    cloud::until("nobody keeps it", || portal::token(&world, portal::OF_CORP) != before);
    world.run(["session", "clear"]).any_stderr().success();
    cloud::exec(&world, "dev");
    assert_eq!(operations(&sandbox).iter().filter(|operation| *operation == "CreateToken").count(), 1);
}

#[test]
fn the_commands_own_end_is_passed_on() {
    let world = World::with_profiles();
    for (script, status) in [
        ("exit 0", 0),
        ("exit 42", 42),
        ("kill -TERM $$", 143),
        ("kill -HUP $$", 129),
        ("kill -KILL $$", 137),
    ] {
        world.run(["exec", "dev", "--endpoint", "--", "sh", "-c", script]).exits(status);
    }
    world
        .run(["exec", "dev", "--endpoint", "--", "no-such-command"])
        .stderr("awsenv: cannot run no-such-command: No such file or directory (os error 2)\n")
        .exits(127);
}

/// It is the command itself that the caller has started: job control, the terminal and signals are its own.
#[cfg(target_os = "linux")]
#[test]
fn the_command_takes_the_place_of_exec_and_has_no_child() {
    let world = World::with_profiles();
    let look = "echo $$; ls /proc/$$/fd";
    let inside = "read -r child </proc/$$/task/$$/children; echo \"[$child]\"";
    for options in [&[][..], &["--endpoint"]] {
        let mut shell = world.command("sh");
        shell
            .args(["-c", &format!("{look}; echo []; exec \"$@\""), "sh", PROGRAM, "exec", "dev"])
            .args(options);
        let output = shell.args(["--", "sh", "-c", &format!("{look}; {inside}")]).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        let (caller, command) = shown.split_at(shown.len() / 2);
        assert_eq!(command, caller, "one process, with the same files open and without a child");
    }
}

#[test]
fn the_endpoint_keeps_nothing_open_that_others_wait_for() {
    let world = World::with_profiles();
    let mut shell = world.command("sh");
    let script = "exec \"$0\" exec dev --endpoint -- sh -c 'exec >&- 2>&- 3>&-; read line' 3>&1";
    shell.args(["-c", script, PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = shell.spawn().unwrap();
    let (mut stdout, mut stderr) = (command.stdout.take().unwrap(), command.stderr.take().unwrap());
    // The command lives on, and so does the endpoint.
    let printed = cloud::within_deadline("somebody has the pipes open", move || {
        let mut printed = String::new();
        stdout.read_to_string(&mut printed).unwrap();
        stderr.read_to_string(&mut printed).unwrap();
        printed
    });
    assert_eq!(printed, "");
    command.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(command.wait().unwrap().success());
}

/// Ctrl-Z, `fg` and Ctrl-C in a shell with job control, which sees the command itself.
#[test]
fn on_a_terminal_it_stops_goes_on_and_is_interrupted_as_without_it() {
    let world = World::with_profiles().env("TERM", "dumb").env("PS1", "> ");
    let mut terminal = Terminal::start(&world, &["exec", "dev", "--", "bash", "--norc", "--noprofile", "-i"]);
    terminal.answer("> ", &format!("{PROGRAM} exec prod --endpoint -- sh -c 'echo be''gun; exec cat'"));
    terminal.type_at("begun", "\x1a");
    // What is typed before its prompt, a shell may throw away.
    terminal.answer("exec cat'\r\n> ", "fg");
    // It reads on.
    terminal.answer("exec cat'", "on with it");
    terminal.type_at("on with it\r\non with it", "\x03");
    terminal.answer("> ", "echo \"sta\"tus $?");
    terminal.answer("status 130", "exit");
    assert_eq!(terminal.end().1, 0);
}
