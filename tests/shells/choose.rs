//! `use`, as a person types it: in this shell, in the shells within, and in no other.

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    a_choice_is_this_shells_alone a_nested_shell_begins_with_it_and_goes_its_own_way
    a_protected_stage_asks_at_the_terminal a_choice_made_in_the_list
    a_choice_that_fails_changes_nothing ctrl_c_changes_nothing
    a_choice_is_taken_over_where_another_kind_of_shell_has_put_the_keys_away
}

const ALPHA: Option<&str> = Some("AKIAALPHA");
const BETA: Option<&str> = Some("AKIABETA");

/// `alpha/` with two stages that are `beta`, one of them protected.
fn home() -> Home {
    let home = Home::with_projects();
    let stages = "[stage.other]\nprofile = \"beta\"\n[stage.prod]\nprofile = \"beta\"\nprotected = true\n";
    home.pin("alpha", &format!("profile = \"alpha\"\n{stages}"));
    home
}

fn a_choice_is_this_shells_alone(shell: &Shell) {
    let home = home();
    let mut other = Terminal::start(shell, &home);
    other.run("cd alpha");
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    // At once, on the same line too, and with its status.
    let shown = terminal.run("awsenv use other; printenv AWS_ACCESS_KEY_ID");
    assert!(shown.contains("stage other (beta) in this shell") && shown.contains("AKIABETA"), "{shown}");
    terminal.has_key(BETA);
    terminal.is_idle();
    other.enter();
    other.has_key(ALPHA);
    terminal.run("cd ../beta");
    terminal.run("cd ../alpha");
    terminal.has_key(ALPHA);
    terminal.run("awsenv use other");
    terminal.has_key(BETA);
    terminal.run("awsenv use -");
    terminal.has_key(ALPHA);
    terminal.run("awsenv use other");
    terminal.run("cd ~");
    terminal.has_nothing_of_ours();
}

fn a_nested_shell_begins_with_it_and_goes_its_own_way(shell: &Shell) {
    let home = home();
    let nested = home.launcher("second", shell, &Rc::default());
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.run("awsenv use other");
    terminal.run(nested.to_str().unwrap());
    terminal.has_key(BETA);
    terminal.run("awsenv use -");
    terminal.has_key(ALPHA);
    terminal.run(shell.words().leave());
    terminal.has_key(BETA);
    terminal.run("awsenv use -");
    terminal.has_key(ALPHA);

    // A pane of tmux has the environment of the server's first shell, and may open anywhere.
    terminal.run("awsenv use other");
    let state = terminal.environment();
    let inherited: Vec<_> = state
        .iter()
        .filter(|(name, _)| name.starts_with("AWS"))
        .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()))
        .collect();
    let mut pane = Terminal::start_with(shell, &home, &Rc::default(), &inherited);
    pane.has_nothing_of_ours();
    pane.run("cd alpha");
    pane.has_key(ALPHA);
    terminal.enter();
    terminal.has_key(BETA);
}

fn a_protected_stage_asks_at_the_terminal(shell: &Shell) {
    let home = home();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.type_line("awsenv use prod");
    terminal.wait_for("stage prod (beta) is protected; use it? [y/N]");
    terminal.run("n");
    terminal.has_key(ALPHA);
    terminal.type_line("awsenv use prod");
    terminal.wait_for("[y/N]");
    terminal.run("y");
    terminal.has_key(BETA);
    terminal.run("awsenv use -");
    terminal.run("awsenv use prod --yes");
    terminal.has_key(BETA);
}

fn a_choice_made_in_the_list(shell: &Shell) {
    let home = home();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("TERM", "xterm")]);
    terminal.run("cd alpha");
    terminal.type_line("awsenv use");
    terminal.wait_for("profile beta");
    terminal.type_line("other");
    terminal.wait_for("stage other (beta) in this shell");
    terminal.wait_for_prompt();
    terminal.has_key(BETA);
}

fn a_choice_that_fails_changes_nothing(shell: &Shell) {
    let home = home();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    let shown = terminal.run("awsenv use nobody") + &terminal.run(shell.words().status());
    let failed = if shell.kind == Kind::Elvish { "exited with 1" } else { "<1>" };
    assert!(shown.contains("called nobody") && shown.contains(failed), "{shown}");
    let shown = terminal.run("awsenv use --help");
    assert!(shown.contains("Usage: awsenv use"), "{shown}");
    // In those a subshell is this very shell; in tcsh it has a choice of its own.
    if !matches!(shell.kind, Kind::Xonsh | Kind::Nu | Kind::Elvish | Kind::Tcsh) {
        let shown = terminal.run(shell.posix_or_fish("(awsenv use other)", "echo (awsenv use other)"));
        assert!(shown.contains("there is no hook between"), "{shown}");
    }
    terminal.has_key(ALPHA);
}

/// Of fish, nushell or tcsh, which put them away before they ask, any shell may be started just then.
fn a_choice_is_taken_over_where_another_kind_of_shell_has_put_the_keys_away(shell: &Shell) {
    let home = home();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    let state = terminal.text_of("AWSENV_STATE").unwrap();
    let away = shell.export("AWSENV_STATE", &state.replacen("1:on:", "1:away:", 1));
    terminal.run(&format!("{away}; awsenv use other"));
    terminal.has_key(BETA);
}

/// What stands in backquotes among the words runs once, and where the output goes is not one of them.
#[test]
fn words_for_the_program_are_evaluated_once_in_tcsh() {
    let shell = crate::shell::installed(Kind::Tcsh);
    let home = home();
    let mut terminal = Terminal::start(&shell, &home);
    let (count, out) = (home.at("count"), home.at("out"));
    terminal.run(&format!(
        "awsenv exec alpha -- echo `sh -c 'echo x >>{}; echo hi'` 'a  b' >{}",
        count.display(),
        out.display()
    ));
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n", "{}", terminal.scene());
    assert_eq!(std::fs::read_to_string(out).unwrap(), "hi a  b\n", "{}", terminal.scene());
    assert!(terminal.run("printf '<%s>' $#__awsenv_words").contains("<0>"), "{}", terminal.scene());
    std::fs::remove_file(home.at("count")).unwrap();
    terminal.run("cd alpha");
    for (name, key) in [("other", BETA), ("nobody", BETA)] {
        terminal
            .run(&format!("awsenv use `sh -c 'echo {name} >>$T/count; echo {name}'`; echo \"<$status>\""));
        terminal.has_key(key);
    }
    assert_eq!(std::fs::read_to_string(home.at("count")).unwrap(), "other\nnobody\n", "{}", terminal.scene());
    assert!(terminal.screen().contains("<0>") && terminal.screen().contains("<1>"), "{}", terminal.scene());
}

fn ctrl_c_changes_nothing(shell: &Shell) {
    let home = home();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("TERM", "xterm")]);
    terminal.run("cd alpha");
    for (typed, question) in [("awsenv use prod", "[y/N]"), ("awsenv use", "profile beta")] {
        terminal.type_line(typed);
        terminal.wait_for(question);
        terminal.ctrl_c();
        let shown = terminal.wait_for_prompt();
        assert!(shown.rfind("\x1b[?25l") <= shown.rfind("\x1b[?25h"), "the cursor is hidden: {shown:?}");
        terminal.has_key(ALPHA);
        terminal.run("awsenv use other");
        terminal.has_key(BETA);
        terminal.run("awsenv use -");
    }
}
