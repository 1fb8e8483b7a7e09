//! What the last command answered stays so, for the user and for the user's own prompt functions.

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! { the_status_is_kept the_pipe_status_is_kept later_hooks_see_the_status }

fn the_status_is_kept(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    for dir in [".", "alpha"] {
        terminal.run(&format!("cd {dir}"));
        for (command, code) in
            [(shell.words().fail(1), "<1>"), (shell.words().fail(7), "<7>"), (shell.words().fail(0), "<0>")]
        {
            terminal.run(&command);
            let said = terminal.run(shell.words().status());
            assert!(said.contains(code), "after {command} at an idle prompt: {said}");
            // The hook has work to do.
            home.write_credentials(&[("alpha", "AKIAALPHA", code)]);
            home.awsenv(["allow", "alpha"]);
            terminal.run(&command);
            let said = terminal.run(shell.words().status());
            assert!(said.contains(code), "after {command} and work: {said}");
        }
    }
    terminal.has_key(Some("AKIAALPHA"));
}

fn the_pipe_status_is_kept(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    let pipe = shell.posix_or_fish("true | false | (exit 3)", "true | false | sh -c 'exit 3'");
    let shown = shell.says(
        "printf '<%s>' \"${PIPESTATUS[*]}\"",
        "printf '<%s>' \"$pipestatus\"",
        "printf '<%s>' \"$pipestatus\"",
    );
    for busy in [false, true] {
        if busy {
            home.awsenv(["allow", "alpha"]);
        }
        terminal.run(pipe);
        let said = terminal.run(shown);
        assert!(said.contains("<0 1 3>"), "busy: {busy}: {said}");
    }
}

fn later_hooks_see_the_status(shell: &Shell) {
    let home = Home::with_projects();
    let later = match shell.kind {
        Kind::Bash => {
            "t_see() { t_saw=\"$? ${PIPESTATUS[*]}\"; }
             if [ -n \"${PROMPT_COMMAND[1]+x}\" ] || [ ${BASH_VERSINFO[0]}${BASH_VERSINFO[1]} -ge 51 ]; then PROMPT_COMMAND+=(t_see); else PROMPT_COMMAND=\"$PROMPT_COMMAND;t_see\"; fi"
        }
        Kind::Zsh => "t_see() { t_saw=\"$? $pipestatus\"; }; precmd_functions+=(t_see)",
        _ => "functions -c fish_prompt t_prompt; function fish_prompt; set -g t_saw \"$status $pipestatus\"; t_prompt; end",
    };
    let mut terminal = Terminal::start_with(shell, &home, &Rc { after: later, ..Rc::default() }, &[]);
    let pipe = shell.posix_or_fish("false | (exit 3)", "false | sh -c 'exit 3'");
    for busy in [false, true] {
        if busy {
            home.awsenv(["allow", "alpha"]);
        }
        terminal.run(pipe);
        let said = terminal.run("printf '<%s>' \"$t_saw\"");
        let old = terminal.shell.kind == Kind::Bash
            && terminal.run("printf '<%s>' \"${#PROMPT_COMMAND[@]}\"").contains("<1>");
        // One string of commands (bash before 5.1) has one PIPESTATUS: ours has spoilt it.
        let expected = if old { "<3 3>" } else { "<3 1 3>" };
        assert!(said.contains(expected), "busy: {busy}: {said}");
    }
}
