//! Ctrl-C while the hook waits for an answer: the prompt comes back, and nobody's keys are half there.

use crate::home::{Home, Rc};
use crate::program;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    before_the_answer in_the_middle_of_the_answer before_the_guard at_a_prompt_that_has_not_moved a_trap_of_the_users_survives
    in_the_second_phase the_second_phase_counts what_was_typed_has_nobodys_keys a_guard_that_is_never_doubted_would_be_noticed
}
only_bash! { tracing_goes_on_after_an_interrupt }

fn before_the_answer(shell: &Shell) {
    interrupted(shell, program::SLOW, &Rc::default());
}

fn in_the_middle_of_the_answer(shell: &Shell) {
    interrupted(shell, program::SLOW_IN_THE_MIDDLE, &Rc::default());
}

fn before_the_guard(shell: &Shell) {
    interrupted(shell, program::SLOW_BEFORE_THE_GUARD, &Rc::default());
}

fn with_gate() -> Home {
    let home = Home::with_projects();
    home.make_gate();
    home
}

/// On the way from one project to the other, and out, and in.
fn interrupted(shell: &Shell, slow: &str, rc: &Rc<'_>) {
    let home = with_gate();
    let mut terminal = Terminal::start_with(shell, &home, rc, &[("AWS_PROFILE", "work")]);
    for (from, to) in [("alpha", "beta"), ("alpha", "."), (".", "alpha")] {
        home.install(program::HONEST);
        terminal.run(&format!("cd ~/{from}"));
        terminal.has_key((from == "alpha").then_some("AKIAALPHA"));
        home.install(slow);
        terminal.type_line(&format!("cd ~/{to}"));
        terminal.wait_for("<waiting>");
        // Where the prompt that follows asks again, there is no answer either.
        home.install(program::SILENT);
        terminal.ctrl_c();
        terminal.wait_for_prompt();
        let environment = terminal.environment();
        let held: Vec<_> = environment.keys().filter(|name| name.contains("ACCESS_KEY")).collect();
        assert!(held.is_empty(), "from {from} to {to}: {held:?}\n{}", terminal.scene());
        home.install(program::HONEST);
        terminal.enter();
        let key = match to {
            "beta" => Some("AKIABETA"),
            "alpha" => Some("AKIAALPHA"),
            _ => None,
        };
        terminal.has(&[
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_PROFILE", if key.is_none() { Some("work") } else { None }),
        ]);
        terminal.is_idle();
    }
    terminal.run("cd ~");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_PROFILE", Some("work")),
        ("AWS_REGION", None),
        ("AWSENV_STATE", None),
    ]);
}

/// Keys changed under the shell, and the answer never came: the old ones are not used any more.
fn at_a_prompt_that_has_not_moved(shell: &Shell) {
    for slow in [program::SLOW, program::SLOW_IN_THE_MIDDLE, program::SLOW_BEFORE_THE_GUARD] {
        let home = with_gate();
        let mut terminal = Terminal::start(shell, &home);
        terminal.run("cd alpha");
        home.write_credentials(&[("alpha", "AKIANEW", "new")]);
        home.install(slow);
        terminal.type_line("");
        terminal.wait_for("<waiting>");
        home.install(program::SILENT);
        terminal.ctrl_c();
        terminal.wait_for_prompt();
        terminal.has_no_keys();
        home.install(program::HONEST);
        terminal.enter();
        terminal.has_key(Some("AKIANEW"));
        terminal.run("cd ..");
        terminal.has_nothing_of_ours();
    }
}

/// Some shells go on with what was typed: the rest of the line, or the command before which the program is asked.
fn what_was_typed_has_nobodys_keys(shell: &Shell) {
    let home = with_gate();
    home.pin("alpha", "profile = \"alpha\"\n[env]\nTF_WORKSPACE = \"dev\"\n");
    let seen = home.at("seen");
    let environment = shell.words().environment(&seen);
    // Only where bash is told that a command is about to start.
    home.write("home/.config/awsenv/config.toml", "debug_trap = true\n");
    for (region, line) in [("a", shell.words().and("cd ~/beta", &environment)), ("b", environment)] {
        let own = [("AWS_PROFILE", "work"), ("AWS_SESSION_TOKEN", "mine")];
        let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &own);
        home.install(program::HONEST);
        terminal.run("cd ~/alpha");
        terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("TF_WORKSPACE", Some("dev"))]);
        home.write("home/.aws/config", format!("[profile alpha]\nregion = {region}\n[profile beta]\n"));
        home.install(program::SLOW);
        terminal.type_line(&line);
        terminal.wait_for("<waiting>");
        home.install(program::SILENT);
        terminal.ctrl_c();
        terminal.wait_for_prompt();
        if let Ok(seen) = std::fs::read_to_string(&seen) {
            assert!(!seen.contains("AKIA") && !seen.contains("secret/of"), "{seen}");
            assert!(seen.contains("AWS_PROFILE=awsenv did not answer"), "nor anybody else's: {seen}");
            std::fs::remove_file(home.at("seen")).unwrap();
        }
        terminal.has_no_keys();
        home.install(program::HONEST);
        terminal.run("cd ~");
        terminal.has(&[
            ("AWS_ACCESS_KEY_ID", None),
            ("AWS_PROFILE", Some("work")),
            ("AWS_SESSION_TOKEN", Some("mine")),
            ("AWS_EC2_METADATA_DISABLED", None),
            ("TF_WORKSPACE", None),
            ("AWSENV_STATE", None),
        ]);
    }
}

fn a_trap_of_the_users_survives(shell: &Shell) {
    let trap = shell.posix_or_fish(
        "trap 't_trapped=yes' INT",
        "function t_trap --on-signal INT; set -g t_trapped yes; end",
    );
    let rc = Rc { before: trap, ..Rc::default() };
    interrupted(shell, program::SLOW, &rc);
    let home = with_gate();
    let mut terminal = Terminal::start_with(shell, &home, &rc, &[]);
    terminal.run("cd alpha");
    let shown = match shell.kind {
        Kind::Bash => "trap -p INT",
        Kind::Zsh => "trap",
        _ => "functions t_trap",
    };
    assert!(
        terminal.run(shown).contains(shell.posix_or_fish("t_trapped=yes", "--on-signal SIGINT")),
        "{}",
        terminal.scene()
    );
}

fn in_the_second_phase(shell: &Shell) {
    let home = with_gate();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    home.install(program::SLOW_SECOND_PHASE);
    terminal.type_line("cd ../beta");
    terminal.wait_for("<waiting>");
    terminal.ctrl_c();
    terminal.wait_for_prompt();
    // tcsh shows a second prompt.
    terminal.run_to_the_end("");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIABETA")), ("AWS_REGION", Some("us-east-2"))]);
    terminal.is_idle();
    assert!(!terminal.screen().contains("no answer"), "{}", terminal.scene());
    home.install(program::HONEST);
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

fn the_second_phase_counts(shell: &Shell) {
    let home = Home::with_projects();
    home.install(program::TWO_PHASES);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

/// What a hook lacks then that puts them away before.
pub(crate) fn keeps_keys_while_it_asks(shell: &Shell) -> Option<(&'static str, &'static str)> {
    match shell.kind {
        Kind::Nu => Some(("        __awsenv_put_away\n", "")),
        Kind::Tcsh => Some((" && __awsenv_away ;", " ;")),
        Kind::Fish => Some(("    __awsenv_away\n", "")),
        _ => None,
    }
}

/// A hook that leaves the old guard in force while it asks would keep the old keys after Ctrl-C.
fn a_guard_that_is_never_doubted_would_be_noticed(shell: &Shell) {
    let home = with_gate();
    let sabotage = [match shell.kind {
        Kind::Xonsh => ("    __awsenv_guard = None\n    try:", "    try:"),
        Kind::Nu => ("asks = true\n        $env.__awsenv.guard = null\n", "asks = true\n"),
        Kind::Fish => ("        return 75\n", "        return 0\n"),
        Kind::Tcsh => ("&& set __awsenv_asking = 2 __awsenv_pending = 0", "&& set __awsenv_asking = 0"),
        _ => ("__awsenv_ok() { \\builtin return 75; }", "__awsenv_ok() { \\builtin return 0; }"),
    }];
    let sabotage: Vec<_> = sabotage.into_iter().chain(keeps_keys_while_it_asks(shell)).collect();
    let mut terminal = Terminal::start_with(shell, &home, &Rc { sabotage: &sabotage, ..Rc::default() }, &[]);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    home.install(program::SLOW);
    terminal.type_line("cd ..");
    terminal.wait_for("<waiting>");
    home.install(program::SILENT);
    terminal.ctrl_c();
    terminal.wait_for_prompt();
    terminal.has_key(Some("AKIAALPHA"));
}

fn tracing_goes_on_after_an_interrupt(shell: &Shell) {
    let home = with_gate();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("set -xva");
    home.install(program::SLOW);
    terminal.type_line("cd alpha");
    terminal.wait_for("<waiting>");
    home.install(program::HONEST);
    terminal.ctrl_c();
    terminal.wait_for_prompt();
    let said = terminal.run("case $- in *a*v*x*) printf '<%s>' still ;; esac");
    assert!(said.contains("<still>"), "{said}");
    terminal.has_key(Some("AKIAALPHA"));
    assert!(!terminal.screen().contains("secret/of+alpha"), "{}", terminal.scene());
}

/// nushell keeps nothing of what a hook did before Ctrl-C: that a look came to no end is known by a hook of its own.
#[test]
fn nu_in_the_middle_of_a_look_at_the_guard() {
    let home = Home::with_projects();
    let slow =
        "    if ('~/slow' | path exists) { print '<waiting>'; sleep 1min }\n    for term in $guard.values {";
    let sabotage = [("    for term in $guard.values {", slow)];
    let shell = crate::shell::installed(Kind::Nu);
    let mut terminal = Terminal::start_with(&shell, &home, &Rc { sabotage: &sabotage, ..Rc::default() }, &[]);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    home.write("home/slow", "");
    terminal.type_line("");
    terminal.wait_for("<waiting>");
    home.install(program::SILENT);
    terminal.ctrl_c();
    terminal.wait_for_prompt();
    std::fs::remove_file(home.home("slow")).unwrap();
    terminal.has_no_keys();
    home.install(program::HONEST);
    terminal.enter();
    terminal.has_key(Some("AKIAALPHA"));
}

/// Nor what it did while it asked: the keys are put away by a hook of its own.
#[test]
fn nu_in_the_middle_of_asking_before_a_command() {
    let home = Home::with_projects();
    let slow = "    if ('~/slow' | path exists) { print '<waiting>'; sleep 1min }\n    let pending = if $env";
    let sabotage = [("    let pending = if $env", slow)];
    let shell = crate::shell::installed(Kind::Nu);
    let mut terminal = Terminal::start_with(&shell, &home, &Rc { sabotage: &sabotage, ..Rc::default() }, &[]);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    home.write("home/slow", "");
    home.write("home/.aws/config", "[profile alpha]\nregion = eu-west-3\n");
    let seen = home.at("seen");
    terminal.type_line(&shell.words().environment(&seen));
    terminal.wait_for("<waiting>");
    home.install(program::SILENT);
    terminal.ctrl_c();
    terminal.wait_for_prompt();
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(!seen.contains("AKIA") && seen.contains("AWS_PROFILE=awsenv did not answer"), "{seen}");
    std::fs::remove_file(home.home("slow")).unwrap();
    home.install(program::HONEST);
    terminal.enter();
    terminal.enter();
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_REGION", Some("eu-west-3"))]);
}
