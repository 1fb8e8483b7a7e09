//! A question whose answer is not shown, and who asks is killed: the next command finds the terminal as it was.

use std::fs;
use std::process::Command;

use crate::home::Home;
use crate::pty::Terminal;
use crate::shell::Shell;

every_shell! { who_is_killed_at_a_hidden_question_leaves_the_terminal_as_it_was }

fn who_is_killed_at_a_hidden_question_leaves_the_terminal_as_it_was(shell: &Shell) {
    let home = Home::new();
    for signal in ["-TERM", "-HUP"] {
        let mut terminal = Terminal::start(shell, &home);
        let before = modes(&mut terminal, &home);
        terminal.type_line("awsenv key add ci --no-verify");
        terminal.wait_for("Access key id of ci: ");
        terminal.type_line("AKIAME");
        terminal.wait_for("Secret access key (not shown): ");
        let pid = terminal.child_named("awsenv").to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        terminal.wait_for_prompt();
        assert_eq!(modes(&mut terminal, &home), before, "{signal}\n{}", terminal.scene());
    }
}

/// As a command finds them.
fn modes(terminal: &mut Terminal<'_>, home: &Home) -> String {
    let file = home.at("modes");
    terminal.run(&format!("sh -c 'stty -a >{}'", file.display()));
    fs::read_to_string(file).unwrap()
}
