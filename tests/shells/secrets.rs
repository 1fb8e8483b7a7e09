//! A secret is in its variable and nowhere else: not in traces, functions, other variables, the state.

use crate::home::{Home, Rc};
use crate::program;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    tracing_shows_no_secret the_shells_own_listings_hold_it_once nothing_of_the_hook_is_exported
    a_trace_with_a_secret_would_be_noticed
}
only_bash! { strict_and_echoing }
only_zsh! { strict_and_tracing }

/// Everything that loads and unloads, with tracing on.
fn moves(terminal: &mut Terminal<'_>) {
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("cd ../beta");
    terminal.run("cd ..");
    terminal.run(&(terminal.shell.words().and("cd alpha", "cd ../beta") + "; cd ../alpha"));
    terminal.run("awsenv allow");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_SECRET_ACCESS_KEY", Some("mine-alone"))]);
}

fn tracing_shows_no_secret(shell: &Shell) {
    let home = Home::with_projects();
    home.install(program::TWO_PHASES);
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_SECRET_ACCESS_KEY", "mine-alone")]);
    terminal.run(match shell.kind {
        Kind::Xonsh => "$XONSH_TRACE_SUBPROC = 3; $XONSH_SHOW_TRACEBACK = True",
        Kind::Tcsh => "set echo; set verbose",
        _ => shell.says("set -xva", "setopt xtrace verbose all_export", "set -gx fish_trace 1"),
    });
    moves(&mut terminal);
    let screen = terminal.screen();
    assert!(!screen.contains("secret/of") && !screen.contains("mine-alone"), "{}", terminal.scene());
    let still = terminal.run(match shell.kind {
        Kind::Xonsh => "print('<still>' if $XONSH_TRACE_SUBPROC else '')",
        Kind::Tcsh => "if ( $?echo && $?verbose ) printf '<%s>' still",
        _ => shell.says(
            "case $- in *a*v*x*) printf '<%s>' still ;; esac",
            "[[ -o xtrace && -o verbose && -o all_export ]] && printf '<%s>' still",
            "test $fish_trace = 1; and printf '<%s>' still",
        ),
    });
    assert!(still.contains("<still>"), "the user's own tracing goes on: {still}");
}

fn a_trace_with_a_secret_would_be_noticed(shell: &Shell) {
    let home = Home::with_projects();
    let sabotage = [
        shell.says("\\builtin set +avx", "no_xtrace no_verbose", "set -l fish_trace"),
        shell.says("\\builtin set +v", "no_bg_nice", "set -gx fish_trace 1"),
    ];
    let sabotage = [(sabotage[0], sabotage[1])];
    let mut terminal = Terminal::start_with(shell, &home, &Rc { sabotage: &sabotage, ..Rc::default() }, &[]);
    terminal.run(shell.says("set -x", "setopt xtrace", "set -gx fish_trace 1"));
    // fish traces no event handlers anyway; what a function of the user's calls, it does.
    terminal.run("cd alpha");
    terminal.run("awsenv deny");
    terminal.run("awsenv allow");
    assert!(terminal.screen().contains("secret/of+alpha"), "{}", terminal.scene());
}

fn the_shells_own_listings_hold_it_once(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_SECRET_ACCESS_KEY", "mine-alone")]);
    terminal.run("cd alpha");
    terminal.run("awsenv allow");
    let listings = match shell.kind {
        Kind::Bash => ["declare -p; set", "declare -f", "alias; trap; history"],
        Kind::Zsh => ["typeset -p; set", "functions", "alias; trap; fc -l 1"],
        Kind::Fish => [
            "set",
            "for name in (functions -an | string match -e -r 'awsenv|fish_prompt'); functions $name; end",
            "alias; trap; history",
        ],
        Kind::Xonsh => ["globals()", "__xonsh__.env._d", "dict(__xonsh__.aliases)"],
        Kind::Tcsh => ["set; setenv", "alias", "alias; history"],
        Kind::Elvish => [
            "e:env",
            "pprint awsenv $t:__awsenv-bin $t:__awsenv-segment $t:__awsenv-new $t:__awsenv-quiet $t:__awsenv-pwd",
            "edit:command-history",
        ],
        _ => ["$env | transpose name value", "scope variables", "scope aliases | append (history)"],
    };
    for listing in listings {
        let file = home.at("listing");
        terminal.run(&match shell.kind {
            Kind::Xonsh => format!(
                "with open('{}', 'w') as t_f: [print(k, repr(v), file=t_f) for k, v in list({listing}.items())] and None",
                file.display()
            ),
            Kind::Nu => {
                format!("{listing} | each {{ to nuon --serialize }} | to text | save -f {}", file.display())
            }
            Kind::Elvish => format!("{listing} >{}", file.display()),
            Kind::Tcsh => format!("({listing}) >& {}", file.display()),
            Kind::Fish => format!("begin; {listing}; end >{} 2>&1", file.display()),
            _ => format!("{{ {listing}; }} >{} 2>&1", file.display()),
        });
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(
            listing.contains("alias")
                || listing.contains("history")
                || text.to_lowercase().contains("awsenv")
                || listing == "scope variables",
            "the listing is one: {text}"
        );
        for line in text.lines() {
            let bad = line.contains("mine-alone")
                || line.contains("secret/of") && !line.contains("AWS_SECRET_ACCESS_KEY");
            assert!(!bad, "{listing}: {line}");
        }
    }
}

fn nothing_of_the_hook_is_exported(shell: &Shell) {
    let home = Home::with_projects();
    let all = match shell.kind {
        Kind::Bash => "set -a",
        Kind::Zsh => "setopt all_export",
        _ => "",
    };
    for rc in [Rc::default(), Rc { after: all, ..Rc::default() }] {
        let mut terminal = Terminal::start_with(shell, &home, &rc, &[]);
        terminal.run("cd alpha");
        let names: Vec<_> =
            terminal.environment().into_keys().filter(|name| name.contains("__awsenv")).collect();
        assert!(names.is_empty(), "{names:?}");
    }
}

fn strict_and_echoing(shell: &Shell) {
    for options in ["set -eux", "set -euxva -o pipefail"] {
        let home = Home::with_projects();
        let mut terminal =
            Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_SECRET_ACCESS_KEY", "mine-alone")]);
        terminal.run(options);
        moves(&mut terminal);
        assert!(!terminal.screen().contains("secret/of"), "{}", terminal.scene());
        let home = Home::with_projects();
        let mut terminal = Terminal::start_with(
            shell,
            &home,
            &Rc { before: options, ..Rc::default() },
            &[("AWS_SECRET_ACCESS_KEY", "mine-alone")],
        );
        moves(&mut terminal);
        assert!(!terminal.screen().contains("secret/of"), "{}", terminal.scene());
    }
}

fn strict_and_tracing(shell: &Shell) {
    let options = "setopt err_exit no_unset xtrace";
    let rc = Rc { before: options, ..Rc::default() };
    for (rc, typed) in [(Rc::default(), options), (rc, "")] {
        let home = Home::with_projects();
        let mut terminal =
            Terminal::start_with(shell, &home, &rc, &[("AWS_SECRET_ACCESS_KEY", "mine-alone")]);
        terminal.run(typed);
        moves(&mut terminal);
        assert!(!terminal.screen().contains("secret/of"), "{}", terminal.scene());
    }
}
