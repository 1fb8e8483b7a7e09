//! The prompt's segment, where it belongs: in a prompt.

use crate::home::{Home, Rc};
use crate::processes::processes_of_twenty_prompts;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! { the_prompt_follows_the_directory drawing_it_starts_no_process it_hides_no_status }

/// The prompt of the tests, with the segment in front, as the README says to put it there.
fn segment(shell: &Shell) -> &'static str {
    match shell.kind {
        Kind::Bash => "PS1='[$segment]'$PS1; t_segment() { awsenv_prompt segment; }
            [[ ${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]} < 5.1 ]] && PROMPT_COMMAND=\"$PROMPT_COMMAND;t_segment\" ||
            PROMPT_COMMAND+=(t_segment)",
        Kind::Zsh => {
            "PS1='[$segment]'$PS1; t_segment() { awsenv_prompt segment }; precmd_functions+=(t_segment)"
        }
        Kind::Fish => {
            "functions -c fish_prompt t_prompt
             function fish_prompt; echo -n '['; awsenv_prompt; echo -n ']'; t_prompt; end"
        }
    }
}

fn the_prompt_follows_the_directory(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc { after: segment(shell), ..Rc::default() }, &[]);
    for (command, expected) in [
        ("cd alpha", "[alpha]@"),
        ("cd ../beta", "[beta]@"),
        ("echo '# more' >>.awsenv", "[.awsenv not allowed]@"),
        ("awsenv allow", "[beta]@"),
        ("cd", "[]@"),
    ] {
        let shown = terminal.run(command);
        assert!(shown.contains(expected), "after {command}: {expected}\n{}", terminal.scene());
    }
    // Nobody answers: what was said is true no more.
    terminal.run("cd alpha");
    terminal.run(shell.posix_or_fish("__awsenv_bin=/nowhere", "set -g __awsenv_bin /nowhere"));
    let shown = terminal.run("cd ../beta");
    assert!(shown.contains("[]@"), "{}", terminal.scene());
    // In colour, and told to the shell: no prompt is drawn wider than it is.
    let mut terminal = Terminal::start_with(
        shell,
        &home,
        &Rc { after: segment(shell), ..Rc::default() },
        &[("TERM", "xterm")],
    );
    let shown = terminal.run("cd alpha");
    assert!(shown.contains("\x1b[32malpha\x1b[39m"), "{}", terminal.scene());
    assert!(!shown.contains(['\x01', '\x02']) && !shown.contains("%{"), "{}", terminal.scene());
}

fn drawing_it_starts_no_process(shell: &Shell) {
    let home = Home::with_projects();
    std::fs::create_dir_all(home.home("alpha/src")).unwrap();
    let rc = Rc { after: segment(shell), ..Rc::default() };
    assert_eq!(processes_of_twenty_prompts(shell, &home, &rc), 0);
}

fn it_hides_no_status(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc { after: segment(shell), ..Rc::default() }, &[]);
    terminal.run("cd alpha");
    terminal.run("sh -c 'exit 7'");
    let shown = terminal.run(shell.posix_or_fish("echo is $?", "echo is $status"));
    assert!(shown.contains("is 7"), "{}", terminal.scene());
}
