//! The prompt's segment, where it belongs: in a prompt.

use crate::home::{Home, Rc};
use crate::processes::processes_of_twenty_prompts;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! { the_prompt_follows_the_directory drawing_it_starts_no_process it_hides_no_status }

fn the_prompt_follows_the_directory(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc { after: shell.words().segment(), ..Rc::default() }, &[]);
    for (command, expected) in [
        ("cd alpha", "[alpha]@"),
        ("cd ../beta", "[beta]@"),
        ("cp ../alpha/.awsenv .awsenv", "[.awsenv not allowed]@"),
        ("awsenv allow", "[alpha]@"),
        ("cd", "[]@"),
    ] {
        let shown = terminal.run(command);
        assert!(shown.contains(expected), "after {command}: {expected}\n{}", terminal.scene());
    }
    // Nobody answers: what was said is true no more.
    terminal.run("cd alpha");
    terminal.run(&shell.words().ask("/nowhere".as_ref()));
    let shown = terminal.run("cd ../beta");
    assert!(shown.contains("[]@"), "{}", terminal.scene());
    // In colour, and told to the shell: no prompt is drawn wider than it is.
    let mut terminal = Terminal::start_with(
        shell,
        &home,
        &Rc { after: shell.words().segment(), ..Rc::default() },
        &[("TERM", "xterm")],
    );
    let shown = terminal.run("cd alpha");
    let coloured = match shell.kind {
        Kind::Xonsh => "\x1b[0;32malpha\x1b[0m",
        // A variable in its prompt is as wide as it is long.
        Kind::Tcsh => "[alpha]",
        _ => "\x1b[32malpha\x1b[39m",
    };
    assert!(shown.contains(coloured), "{}", terminal.scene());
    assert!(!shown.contains(['\x01', '\x02']) && !shown.contains("%{"), "{}", terminal.scene());
}

fn drawing_it_starts_no_process(shell: &Shell) {
    let home = Home::with_projects();
    std::fs::create_dir_all(home.home("alpha/src")).unwrap();
    let rc = Rc { after: shell.words().segment(), ..Rc::default() };
    assert_eq!(processes_of_twenty_prompts(shell, &home, &rc), 0);
}

fn it_hides_no_status(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc { after: shell.words().segment(), ..Rc::default() }, &[]);
    terminal.run("cd alpha");
    terminal.run("sh -c 'exit 7'");
    let shown = terminal.run(shell.words().status());
    assert!(shown.contains("<7>"), "{}", terminal.scene());
}
