//! What people read: help with examples, suggestions, no colours in a pipe, no panic when the reader leaves.

use std::fs::{self, OpenOptions};
use std::process::Stdio;

use awsenv::cli::Cli;
use clap::CommandFactory;

use crate::run::{PROGRAM, code};
use crate::world::{World, installed};

#[test]
fn alone_it_says_how_to_start() {
    let output = World::new().run([]).any_stderr().exits(2);
    assert!(output.stderr.contains("Start here:\n  eval \"$(awsenv hook bash)\""), "{}", output.stderr);
}

#[test]
fn the_version_is_one_line() {
    World::new().run(["--version"]).stdout(concat!("awsenv ", env!("CARGO_PKG_VERSION"), "\n")).success();
}

#[test]
fn every_command_says_what_it_does_and_shows_how() {
    let world = World::new();
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        let help = world.run([name, "--help"]).any_stdout().success().stdout;
        let about = help.lines().next().unwrap();
        assert!(about.len() > 10 && !about.ends_with('.'), "{name}: {about}");
        let examples = help.lines().skip_while(|line| !line.starts_with("Example")).nth(1);
        let shown = examples.is_some_and(|line| line.starts_with("  ") && line.contains("awsenv"));
        assert!(shown, "{name}:\n{help}");
    }
}

#[test]
fn help_speaks_of_no_command_that_is_not_there() {
    let world = World::new();
    let help = world.run(["--help"]).any_stdout().success().stdout;
    assert!(!help.contains("export "), "only the hook calls it: {help}");
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        assert!(help.contains(&format!("\n  {} ", command.get_name())), "{}", command.get_name());
    }
}

#[test]
fn a_slip_of_the_finger_gets_a_suggestion() {
    let world = World::new();
    for (arguments, tip) in [
        (["statsu", ""], "tip: a similar subcommand exists: 'status'"),
        (["status", "--jsno"], "tip: a similar argument exists: '--json'"),
        (["exec", "--profil=x"], "tip: a similar argument exists: '--profile'"),
        (["hook", "zshh"], "tip: a similar value exists: 'zsh'"),
        (["credentials", "--format=jsn"], "tip: a similar value exists: 'json'"),
    ] {
        let output = world.run(arguments).any_stderr().exits(2);
        assert!(output.stderr.contains(tip), "{arguments:?}: {}", output.stderr);
    }
}

/// A world in which each of these prints something.
fn talkative() -> (World, [&'static [&'static str]; 12]) {
    let world = World::with_pin().file("other/.awsenv", "profle = 1\n");
    let commands: [&[&str]; 12] = [
        &["--help"],
        &["exec", "--help"],
        &["statsu"],
        &["man"],
        &["completions", "bash"],
        &["hook", "zsh"],
        &["status"],
        &["explain", "dev"],
        &["explain", "dve"],
        &["trust", "list"],
        &["allow", "other"],
        &["credentials", "dev"],
    ];
    (world, commands)
}

#[test]
fn a_pipe_gets_no_colours() {
    let (world, commands) = talkative();
    for arguments in commands {
        let mut run = world.run([]).env("TERM", "xterm-256color").env("COLORTERM", "truecolor");
        for argument in arguments {
            run = run.arg(argument);
        }
        let output = run.command().stdin(Stdio::null()).output().unwrap();
        assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{arguments:?}");
        assert!(output.stdout.len() + output.stderr.len() > 0, "{arguments:?}");
    }
}

#[test]
fn a_reader_that_left_is_no_failure_and_no_panic() {
    let (world, commands) = talkative();
    for arguments in commands {
        let pipe = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            writer
        };
        let mut run = world.run([]);
        for argument in arguments {
            run = run.arg(argument);
        }
        let heard = run.command().stdin(Stdio::null()).output().unwrap();
        let unheard = run.command().stdin(Stdio::null()).stdout(pipe()).stderr(pipe()).output().unwrap();
        assert_eq!(code(unheard.status), code(heard.status), "{arguments:?}");
    }
}

#[test]
fn a_stream_that_was_closed_is_no_place_for_the_next_file() {
    if !installed("strace") {
        return;
    }
    let world = World::new();
    let trace = world.at("trace");
    let run = |closed: &str| {
        let script = format!("exec \"$0\" --version {closed}");
        let mut command = world.command("strace");
        command.args(["-e", "trace=openat", "-o"]).arg(&trace);
        assert!(command.args(["sh", "-c", &script, PROGRAM]).output().unwrap().status.success());
        let text = fs::read_to_string(&trace).unwrap();
        let opened = text.lines().filter(|line| line.contains("\"/dev/null\", O_RDWR"));
        opened.filter_map(|line| line.rsplit("= ").next()?.parse().ok()).collect::<Vec<u8>>()
    };
    assert_eq!(run("<&- >&- 2>&-")[..3], [0, 1, 2]);
    assert_eq!(run("2>&-")[0], 2);
    assert!(run("").iter().all(|stream| *stream > 2));
}

#[test]
fn a_full_disk_is_a_failure() {
    let world = World::with_pin();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let asked: [&[&str]; 7] = [
        &["credentials", "dev"],
        &["status"],
        &["doctor", "--offline", "settings"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &["help", "exec"],
    ];
    for arguments in asked {
        let run = arguments.iter().fold(world.run([]), |run, argument| run.arg(argument));
        let output = run.command().stdin(Stdio::null()).stdout(full()).output().unwrap();
        assert_eq!(
            (code(output.status), &*String::from_utf8_lossy(&output.stderr)),
            (1, "awsenv: cannot write to standard output: No space left on device (os error 28)\n"),
            "{arguments:?}"
        );
    }
    let run = world.run(["export", "bash", "1", "5.2"]).arg(world.at("acme"));
    let output = run.command().stdin(Stdio::null()).stdout(full()).output().unwrap();
    assert_eq!(code(output.status), 1, "the hook then unloads");
}

#[test]
fn text_from_outside_does_not_steer_the_terminal() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}";
    let world = World::with_profiles().file("acme/.awsenv", &format!("profile = '{evil}'\n"));
    let outputs = [
        world.run(["explain", evil]).any_stderr().exits(1),
        world.run(["exec", "--profile", evil, "--", "true"]).any_stderr().exits(125),
        world.run(["exec", "dev", "--", evil]).any_stderr().exits(127),
        world.run(["allow", "acme"]).any_stderr().exits(1),
        world.run(["exec", "dev", "--region", evil, "--", "true"]).any_stderr().exits(2),
    ];
    for output in outputs {
        let steers = |c: char| matches!(c, '\u{1b}' | '\u{7}' | '\u{202e}');
        assert!(!output.stderr.contains(steers), "{:?}", output.stderr);
    }
}
