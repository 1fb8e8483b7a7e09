//! A hidden question, and a signal that ends who asks.

use std::process::Command;

use crate::run::PROGRAM;
use crate::terminal::Terminal;
use crate::world::World;

#[test]
fn who_is_ended_at_a_hidden_question_leaves_the_terminal_as_it_was() {
    let world = World::new();
    let kill = |signal: &str, terminal: &Terminal| {
        let pid = terminal.pid().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    };
    let begin = |program: &str| {
        let mut terminal = Terminal::start_by(&world, program, &["key", "add", "ci", "--no-verify"]);
        terminal.wait_for("Access key id of ci: ");
        let before = terminal.modes();
        terminal.type_now("AKIAME\r");
        terminal.wait_for("Secret access key (not shown): ");
        assert_ne!(terminal.modes(), before);
        (terminal, before)
    };
    for (signal, code) in [("-TERM", 143), ("-HUP", 129), ("-INT", 130), ("-QUIT", 131)] {
        let (mut terminal, before) = begin(PROGRAM);
        kill(signal, &terminal);
        assert_eq!((terminal.ends(), terminal.modes()), (code, before), "{signal}");
    }
    // Who ignores it goes on.
    world.program("nohup", &format!("#!/bin/sh\ntrap '' HUP\nexec {PROGRAM} \"$@\"\n"));
    let (mut terminal, before) = begin(world.at("nohup").to_str().unwrap());
    kill("-HUP", &terminal);
    terminal.type_now("me/secret\r");
    terminal.wait_for("empty for none): ");
    assert_eq!(terminal.modes(), before);
}
