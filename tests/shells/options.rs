//! Shells as people set them up: options, aliases, emulations.

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::Shell;

only_bash! { bash_options bash_aliases bash_takes_upper_case_for_another_name bash_readonly_variables }
only_zsh! { zsh_options zsh_emulations zsh_aliases }
only_fish! { fish_universal_variables fish_functions }

/// What cannot be set or unset lets nothing in: not the directory's keys beside the user's profile.
fn bash_readonly_variables(shell: &Shell) {
    for variable in ["AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"] {
        let home = Home::with_projects();
        let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[(variable, "mine")]);
        terminal.run(&format!("readonly {variable}"));
        terminal.run("cd alpha; env | grep -c ^AWS_ACCESS_KEY_ID= || :");
        terminal.has(&[("AWS_ACCESS_KEY_ID", None), (variable, Some("mine"))]);
        terminal.enter();
        terminal.has(&[("AWS_ACCESS_KEY_ID", None), (variable, Some("mine"))]);
        terminal.run("cd ..");
        terminal.has(&[("AWS_ACCESS_KEY_ID", None), (variable, Some("mine")), ("AWS_REGION", None)]);
    }
}

/// In, idle, across, out; nothing is said that a plain shell would not say.
fn works(shell: &Shell, rc: &Rc<'_>, typed: &str) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start_with(shell, &home, rc, &[("AWS_PROFILE", "work")]);
    terminal.run(typed);
    terminal.run("cd alpha");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")),
        ("AWS_SECRET_ACCESS_KEY", Some("secret/of+alpha")),
        ("AWS_PROFILE", None),
    ]);
    terminal.is_idle();
    terminal.run("cd ../beta");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIABETA")), ("AWS_REGION", Some("us-east-2"))]);
    home.write("home/beta/.awsenv", "profile = \"alpha\"\n");
    terminal.enter();
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_PROFILE", Some(".awsenv changed: look at it, then run awsenv allow")),
    ]);
    terminal.is_idle();
    terminal.run("awsenv allow");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("cd ..");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_PROFILE", Some("work")),
        ("AWSENV_STATE", None),
        ("AWS_REGION", None),
    ]);
    terminal.is_idle();
    let strange = [
        "not found",
        "unbound",
        "parse error",
        "syntax error",
        "bad ",
        "created globally",
        "no match",
        "ambiguous",
    ];
    let screen = terminal.screen();
    let found: Vec<_> = strange.iter().filter(|words| screen.contains(**words)).collect();
    assert!(found.is_empty(), "{found:?} with {typed:?} {rc:?}\n{}", terminal.scene());
}

/// Set before the hook, and set afterwards.
fn early_and_late(shell: &Shell, options: &[&str]) {
    for option in options {
        works(shell, &Rc { before: option, ..Rc::default() }, "");
        works(shell, &Rc::default(), option);
    }
}

fn bash_options(shell: &Shell) {
    early_and_late(
        shell,
        &[
            "shopt -s nocasematch nocaseglob",
            "set -o noclobber; set -o posix",
            "shopt -s extglob failglob",
            "shopt -s nullglob dotglob; set -f",
            "IFS=17; set -u",
            "IFS='a:/_='; set -o noglob",
            "set -eu -o pipefail -E -T",
            "set -o physical; set +h",
        ],
    );
}

fn bash_aliases(shell: &Shell) {
    early_and_late(
        shell,
        &[
            "alias export='echo broken' eval='echo broken' local='echo broken' unset='echo broken' return='echo broken'",
            "alias builtin='echo broken' set='echo broken' printf='echo broken' declare='echo broken'",
        ],
    );
}

/// `[[ == ]]` would take proj/ for Proj/ under nocasematch.
fn bash_takes_upper_case_for_another_name(shell: &Shell) {
    let home = Home::new();
    home.pin("proj", "profile = \"alpha\"\n");
    home.pin("Proj", "profile = \"beta\"\n");
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("shopt -s nocasematch; unset -f cd");
    terminal.run("cd proj");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("cd ../Proj");
    terminal.has_key(Some("AKIABETA"));
}

fn zsh_options(shell: &Shell) {
    early_and_late(
        shell,
        &[
            "setopt ksh_arrays",
            "setopt sh_word_split glob_subst",
            "setopt extended_glob null_glob",
            "setopt warn_create_global warn_nested_var",
            "setopt no_unset err_return",
            "setopt err_exit no_unset",
            "setopt rc_quotes csh_junkie_quotes",
            "setopt posix_builtins posix_identifiers",
            "setopt no_nomatch ignore_braces no_equals",
            "setopt no_clobber no_function_argzero c_bases",
            "setopt no_multi_func_def no_short_loops",
            "IFS=17",
        ],
    );
}

fn zsh_emulations(shell: &Shell) {
    early_and_late(
        shell,
        &[
            "emulate ksh",
            "emulate sh",
            "emulate csh; setopt prompt_subst",
            "emulate -R ksh; unsetopt prompt_cr prompt_sp",
        ],
    );
}

fn zsh_aliases(shell: &Shell) {
    early_and_late(
        shell,
        &[
            "alias export='echo broken' eval='echo broken' local='echo broken' builtin='echo broken' unset='echo broken'",
            "alias return='echo broken' emulate='echo broken' setopt='echo broken' print='echo broken' typeset='echo broken'",
            "alias -g G='| grep' L='| less' H='| head' NUL='>/dev/null 2>&1' ...=../..",
        ],
    );
}

/// Those that fish lets a function be called.
fn fish_functions(shell: &Shell) {
    early_and_late(
        shell,
        &["function path; string join \\n -- $PATH[1]; end", "function contains; false; end"],
    );
}

/// A universal variable is hidden inside, and not erased.
fn fish_universal_variables(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("set -Ux AWS_PROFILE everywhere; set -Ux AWS_REGION sa-east-1");
    terminal.has(&[("AWS_PROFILE", Some("everywhere")), ("AWS_REGION", Some("sa-east-1"))]);
    for _ in 0..2 {
        terminal.run("cd alpha");
        // Not absent: fish can hide an exported universal variable only by another value. Of an empty profile,
        // boto3 says no more than "profile () could not be found".
        terminal.has(&[
            ("AWS_PROFILE", Some(awsenv::prompt::shell::UNIVERSAL)),
            ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")),
            ("AWS_REGION", Some("eu-west-1")),
        ]);
        terminal.is_idle();
        terminal.run("cd ..");
        terminal.has(&[
            ("AWS_PROFILE", Some("everywhere")),
            ("AWS_ACCESS_KEY_ID", None),
            ("AWS_REGION", Some("sa-east-1")),
        ]);
    }
    let mut other = Terminal::start(shell, &home);
    other.has(&[("AWS_PROFILE", Some("everywhere")), ("AWS_REGION", Some("sa-east-1"))]);
    // And in an emergency.
    terminal.run("cd alpha");
    home.install(crate::program::SILENT);
    terminal.run("cd ..");
    terminal
        .has(&[("AWS_PROFILE", Some("awsenv did not answer: no credentials")), ("AWS_ACCESS_KEY_ID", None)]);
    home.install(crate::program::HONEST);
    terminal.enter();
    terminal.has(&[
        ("AWS_PROFILE", Some("everywhere")),
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_REGION", Some("sa-east-1")),
    ]);
}
