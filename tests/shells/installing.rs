//! The hook beside what the user's startup file already holds.

use crate::home::{Home, Rc, awsenv};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! { sourced_twice }
only_bash! { only_bash_preexec_finds_us_in_its_list the_users_prompt_command_stays a_cd_of_the_users_is_called the_setting_leaves_cd_alone }
only_zsh! { the_users_functions_stay }

fn sourced_twice(shell: &Shell) {
    let home = Home::with_projects();
    let file = home.at("hook");
    home.write_hook(shell, &file);
    let words = shell.words();
    let again = format!("{}; {}", words.load(awsenv(), &file), words.ask(&home.program()));
    let mut terminal = Terminal::start_with(shell, &home, &Rc { after: &again, ..Rc::default() }, &[]);
    terminal.run(&again);
    let said = terminal.run(match shell.kind {
        Kind::Bash => {
            "printf '<%s>' \"${PROMPT_COMMAND[*]}\" \"${preexec_functions[*]}\"; declare -f __awsenv_inner_cd"
        }
        Kind::Zsh => "printf '<%s>' \"$precmd_functions\" \"$chpwd_functions\" \"$preexec_functions\"",
        Kind::Fish => {
            "functions --handlers-type generic | string match -e awsenv | count | string replace -r ^ counted-"
        }
        Kind::Xonsh => {
            "print('counted', *(sum('awsenv' in h.__name__ for h in getattr(events, e)) for e in \
             ['on_pre_prompt_format', 'on_chdir', 'on_precommand']))"
        }
        Kind::Elvish => "echo counted (count $edit:before-readline) (count $after-chdir) (count $edit:after-readline)",
        Kind::Tcsh => "alias precmd; alias cwdcmd; alias postcmd",
        _ => "print $'counted ($env.config.hooks.pre_prompt | length) ($env.config.hooks.pre_execution | length)'",
    });
    match shell.kind {
        Kind::Bash => {
            assert!(said.contains("<__awsenv_hook><>"), "{said}");
            assert!(said.contains("builtin cd \"$@\""), "the wrapper is not wrapped: {said}");
        }
        Kind::Zsh => assert!(said.contains("<__awsenv_hook><__awsenv_chpwd><__awsenv_preexec>"), "{said}"),
        Kind::Fish => assert!(said.contains("counted-2"), "{said}"),
        Kind::Xonsh => assert!(said.contains("counted 1 1 1"), "{said}"),
        // The prompt of these stories has one too.
        Kind::Elvish => assert!(said.contains("counted 2 1 1"), "{said}"),
        Kind::Tcsh => assert_eq!(said.matches("__awsenv_hook").count(), 3, "{said}"),
        _ => assert!(said.contains("counted 3 3"), "{said}"),
    }
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    let before = home.number_of_exports();
    terminal.run("cd ../beta");
    // Where there is no guard, at the cd and on both sides of it.
    let asked = if shell.has_guard() { 1 } else { 3 };
    assert_eq!(home.number_of_exports() - before, asked, "asked once\n{}", terminal.scene());
    // Inside a directory too, the program is asked again and all is well.
    terminal.run(&again);
    terminal.has_key(Some("AKIABETA"));
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

/// starship takes a list that is not empty for bash-preexec, and would never draw.
fn only_bash_preexec_finds_us_in_its_list(shell: &Shell) {
    for (line, expected) in [("", "<unset>"), ("bash_preexec_imported=defined", "<t_mine __awsenv_preexec>")]
    {
        let home = Home::with_projects();
        let mine = if line.is_empty() { "" } else { "preexec_functions=(t_mine)" };
        let rc = Rc { before: mine, after: line, ..Rc::default() };
        let mut terminal = Terminal::start_with(shell, &home, &rc, &[]);
        terminal.enter();
        let said = terminal.run("printf '<%s>' \"${preexec_functions[*]-unset}\"");
        assert!(said.contains(expected), "{}", terminal.scene());
    }
}

fn the_users_prompt_command_stays(shell: &Shell) {
    let forms = [
        ("PROMPT_COMMAND='t_one; t_two'", "t_one; t_two"),
        ("PROMPT_COMMAND=(t_one t_two)", "t_one t_two"),
        ("PROMPT_COMMAND='t_one;'", "t_one;"),
        ("PROMPT_COMMAND=; t_none=1", ""),
        ("unset PROMPT_COMMAND", ""),
    ];
    for (form, kept) in forms {
        let home = Home::with_projects();
        let before = format!(
            "t_one() {{ t_seen=\"$t_seen 1$AWS_ACCESS_KEY_ID\"; }}; t_two() {{ t_seen=\"$t_seen 2\"; }}\n{form}"
        );
        let mut terminal = Terminal::start_with(shell, &home, &Rc { before: &before, ..Rc::default() }, &[]);
        let array = terminal.run("printf '<%s>' \"${BASH_VERSINFO[0]}${BASH_VERSINFO[1]}\"").contains("<5")
            && !terminal.screen().contains("<50>");
        if !array && form.contains('(') {
            continue; // No array before 5.1.
        }
        let said = terminal.run("printf '<%s>' \"${PROMPT_COMMAND[*]}\"");
        let join = if array { " " } else { ";" };
        let expected = if kept.is_empty() {
            "<__awsenv_hook".to_owned()
        } else {
            format!("<__awsenv_hook{join}{kept}>")
        };
        assert!(said.contains(&expected), "{form}: {said}");
        terminal.run("t_seen=");
        terminal.run("unset -f cd; cd alpha");
        let said = terminal.run("printf '<%s>' \"$t_seen\"");
        let expected = if kept.is_empty() {
            "<>"
        } else if kept.contains("two") {
            " 1AKIAALPHA 2>"
        } else {
            " 1AKIAALPHA>"
        };
        assert!(said.contains(expected), "ours came first: {form}: {said}");
    }
}

fn a_cd_of_the_users_is_called(shell: &Shell) {
    let home = Home::with_projects();
    let before = "cd() { builtin cd \"$@\" && t_dir=\"called for $*\"; }";
    let mut terminal = Terminal::start_with(shell, &home, &Rc { before, ..Rc::default() }, &[]);
    terminal.run("cd alpha && t_key=$AWS_ACCESS_KEY_ID");
    let said = terminal.run("printf '<%s>' \"$t_dir\" \"$t_key\"");
    assert!(said.contains("<called for alpha><AKIAALPHA>"), "{said}");
    let said = terminal.run("cd nowhere-at-all; printf '<%s>' $?");
    assert!(said.contains("<1>"), "{said}");
}

fn the_setting_leaves_cd_alone(shell: &Shell) {
    let home = Home::with_projects();
    home.write("home/.config/awsenv/config.toml", "wrap_cd = false\n");
    let mut terminal = Terminal::start(shell, &home);
    assert!(terminal.run("type -t cd").contains("builtin"), "{}", terminal.scene());
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

fn the_users_functions_stay(shell: &Shell) {
    for options in ["", "setopt ksh_arrays", "emulate ksh", "setopt sh_word_split no_unset"] {
        let home = Home::with_projects();
        let before = format!(
            "t_one() {{ t_seen=\"$t_seen 1${{AWS_ACCESS_KEY_ID-}}\"; }}; t_two() {{ t_seen=\"$t_seen 2\"; }}; t_seen=\nprecmd_functions=(t_one t_two); chpwd_functions=(t_two)\n{options}"
        );
        let mut terminal = Terminal::start_with(shell, &home, &Rc { before: &before, ..Rc::default() }, &[]);
        let said = terminal.run("printf '<%s>' \"${precmd_functions[*]}\" \"${chpwd_functions[*]}\"");
        assert!(said.contains("<__awsenv_hook t_one t_two><__awsenv_chpwd t_two>"), "{options}: {said}");
        terminal.run("t_seen=");
        terminal.run("cd alpha");
        let said = terminal.run("printf '<%s>' \"$t_seen\"");
        assert!(said.contains("2 1AKIAALPHA 2>"), "{options}: {said}");
    }
}
