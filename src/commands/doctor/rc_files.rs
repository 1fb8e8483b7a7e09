//! The files that a shell reads at its start: whether the hook's line is there, and what comes after it that takes the
//! hook away again.

use std::io;
use std::path::{Path, PathBuf};

use super::shell_report::{self, ShellReport};
use super::{Check, Finding};
use crate::env::Env;
use crate::files;
use crate::places::tilde;
use crate::prompt::shell::Shell;
use crate::world::World;

const CHECK: Check = Check::RcFiles;
/// More than anybody writes by hand.
const LIMIT: u64 = 1 << 20;

pub(super) fn check(report: Option<&ShellReport>, world: &World) -> Vec<Finding> {
    let Some(shell) = shell_report::asking(report, world) else {
        return vec![Finding::note(CHECK, "not looked at: SHELL names no shell that this check knows")];
    };
    let home = &world.places.home;
    let mut found = Vec::new();
    let mut lines = 0;
    for path in paths(shell, &world.env, home) {
        let Some(text) = read(&path) else { continue };
        let loading = loading(&text);
        let Some(hook) = loading.first().copied() else { continue };
        lines += loading.len();
        let shown = tilde(&path, home);
        found.push(Finding::ok(CHECK, format!("{shown}:{} loads the hook", hook + 1)));
        found.extend(text.lines().enumerate().skip(hook + 1).filter_map(|(at, line)| {
            let what = takes_away(line)?;
            let seen = format!("{shown}:{} {what}, after the hook's line", at + 1);
            // What the shell says of its lists is true, whatever a file looks like; the next one may have read it anew.
            if report.is_some_and(ShellReport::asks) {
                return Some(Finding::note(
                    CHECK,
                    format!("{seen}: not in this shell, but maybe in the next one"),
                ));
            }
            let fix = "move the hook's line behind it, to the end of the file";
            // What is indented may be a branch that is never taken, or a function.
            Some(match line.starts_with(char::is_whitespace) {
                true => Finding::warning(CHECK, seen, fix),
                false => Finding::broken(CHECK, seen, fix),
            })
        }));
    }
    match (lines, report.is_some() || shell_report::has_run(world)) {
        (0, true) => {
            vec![Finding::note(
                CHECK,
                "the hook is loaded here, and by none of the files that this check knows",
            )]
        }
        (0, false) => {
            let seen = format!("no file that {} reads at its start has the hook's line", shell.name());
            vec![Finding::warning(CHECK, seen, line(shell, world))]
        }
        (1, _) => found,
        (lines, _) => {
            found.push(Finding::note(CHECK, format!("{lines} lines load the hook; one is enough")));
            found
        }
    }
}

/// What to add, and where.
pub(super) fn line(shell: Shell, world: &World) -> String {
    line_in(shell, &world.env, &world.places.home)
}

fn line_in(shell: Shell, env: &Env, home: &Path) -> String {
    let file = paths(shell, env, home).first().map(|file| tilde(file, home)).unwrap_or_default();
    let (place, line) = match shell {
        Shell::Bash => (format!("add at the end of {file}"), "eval \"$(awsenv hook bash)\""),
        Shell::Zsh => (format!("add at the end of {file}"), "eval \"$(awsenv hook zsh)\""),
        Shell::Fish => (format!("add to {file}"), "awsenv hook fish | source"),
        Shell::Xonsh => (
            format!("add to {file}"),
            "exec(__import__('subprocess').check_output(['awsenv', 'hook', 'xonsh']))",
        ),
        // It evaluates no text, so the hook is a file.
        Shell::Nu => (
            "type once, after `mkdir ($nu.data-dir | path join vendor autoload)`".to_owned(),
            "awsenv hook nu | save -f ($nu.data-dir | path join vendor autoload awsenv.nu)",
        ),
        Shell::Elvish => (format!("add to {file}"), "eval (awsenv hook elvish | slurp)"),
        Shell::Tcsh => (format!("add at the end of {file}"), "if ($?prompt) eval \"`awsenv hook tcsh`\""),
        Shell::PowerShell => {
            (format!("add to {file}"), "Invoke-Expression ((& awsenv hook pwsh) -join \"`n\")")
        }
    };
    format!("{place}: {line}")
}

/// In the order in which a person looks for the line.
fn paths(shell: Shell, env: &Env, home: &Path) -> Vec<PathBuf> {
    let of_home = |names: &[&str]| names.iter().map(|name| home.join(name)).collect::<Vec<_>>();
    let xdg = |name: &str, usual: &str| {
        env.text(name)
            .filter(|dir| Path::new(dir).is_absolute())
            .map_or_else(|| home.join(usual), PathBuf::from)
    };
    let config = xdg("XDG_CONFIG_HOME", ".config");
    let of_config = |names: &[&str]| names.iter().map(|name| config.join(name)).collect::<Vec<_>>();
    let etc = |names: &[&str]| names.iter().map(|name| Path::new("/etc").join(name)).collect::<Vec<_>>();
    match shell {
        Shell::Bash => [
            of_home(&[".bashrc", ".bash_profile", ".bash_login", ".profile"]),
            etc(&["bash.bashrc", "bashrc"]),
        ]
        .concat(),
        Shell::Zsh => {
            let dir = env.text("ZDOTDIR").map_or_else(|| home.to_owned(), PathBuf::from);
            let own = [".zshrc", ".zprofile", ".zlogin", ".zshenv"].map(|name| dir.join(name));
            [own.to_vec(), etc(&["zsh/zshrc", "zshrc"])].concat()
        }
        Shell::Fish => [of_config(&["fish/config.fish"]), parts(&config.join("fish/conf.d"))].concat(),
        Shell::Xonsh => [
            of_home(&[".xonshrc"]),
            of_config(&["xonsh/rc.xsh"]),
            parts(&config.join("xonsh/rc.d")),
            etc(&["xonsh/xonshrc", "xonshrc"]),
        ]
        .concat(),
        Shell::Nu => {
            // Where a Mac has both.
            let mac = home.join("Library/Application Support/nushell");
            let data = [xdg("XDG_DATA_HOME", ".local/share").join("nushell"), mac.clone()];
            let vendor = data.map(|dir| dir.join("vendor/autoload/awsenv.nu"));
            let read = [config.join("nushell"), mac].map(|dir| {
                [vec![dir.join("config.nu"), dir.join("env.nu")], parts(&dir.join("autoload"))].concat()
            });
            [vendor.to_vec(), read.concat()].concat()
        }
        Shell::Elvish => [of_config(&["elvish/rc.elv"]), of_home(&[".elvish/rc.elv"])].concat(),
        Shell::Tcsh => [of_home(&[".tcshrc", ".cshrc", ".login"]), etc(&["csh.cshrc", "csh.login"])].concat(),
        Shell::PowerShell => {
            of_config(&["powershell/Microsoft.PowerShell_profile.ps1", "powershell/profile.ps1"])
        }
    }
}

/// The files of a directory that a shell reads whole.
fn parts(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut parts: Vec<_> = entries.unwrap_or_default();
    parts.sort();
    parts
}

/// The files of any shell that may set variables, for who looks for one.
pub(super) fn all(env: &Env, home: &Path) -> Vec<PathBuf> {
    Shell::ALL.into_iter().flat_map(|shell| paths(shell, env, home)).collect()
}

/// The text of such a file, if it can be had.
pub(super) fn read(path: &Path) -> Option<String> {
    text(path).ok()?
}

/// The same, where it matters why; `None` if there is no such file.
pub(super) fn text(path: &Path) -> io::Result<Option<String>> {
    let file = files::read_limited(path, LIMIT)?;
    Ok(file.map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Which lines load the hook.
fn loading(text: &str) -> Vec<usize> {
    let at = |is: fn(&str) -> bool| -> Vec<usize> {
        text.lines().enumerate().filter(|(_, line)| is(line)).map(|(at, _)| at).collect()
    };
    // nushell's file is the hook itself; its lines speak of hooks.
    let own = at(|line| line.starts_with("$env.__awsenv = "));
    if own.is_empty() { at(is_hook) } else { own[..1].to_vec() }
}

fn is_hook(line: &str) -> bool {
    let line = line.trim_start();
    let mut words = line.split(|character: char| !character.is_alphanumeric() && !"_-".contains(character));
    // What writes the hook into a file loads none.
    !line.starts_with('#')
        && line.contains("awsenv")
        && words.any(|word| word == "hook")
        && !line.contains("| save ")
}

/// What a line does to the hook.
fn takes_away(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    let statement = line.strip_prefix("export ").or_else(|| line.strip_prefix("typeset -g ")).unwrap_or(line);
    let replaces = |name: &str| {
        let value = statement.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        value.is_some_and(|value| !value.contains(name))
    };
    if replaces("PROMPT_COMMAND") || line.starts_with("unset PROMPT_COMMAND") {
        return Some("replaces PROMPT_COMMAND");
    }
    if replaces("precmd_functions") || line.starts_with("unset precmd_functions") {
        return Some("replaces precmd_functions");
    }
    if line.starts_with("alias precmd ") && !line.contains("alias precmd`") {
        return Some("replaces precmd");
    }
    let hides = ["alias awsenv=", "alias awsenv ", "awsenv()", "function awsenv"];
    hides.iter().any(|start| line.starts_with(start)).then_some("hides the function `awsenv`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_adds_to_a_list_takes_nothing_away() {
        for line in [
            "PROMPT_COMMAND='history -a'",
            "  export PROMPT_COMMAND=x",
            "unset PROMPT_COMMAND",
            "precmd_functions=(mine)",
            "alias awsenv=/opt/awsenv",
            "alias precmd 'echo'",
        ] {
            assert!(takes_away(line).is_some(), "{line}");
        }
        for line in [
            "PROMPT_COMMAND+=(mine)",
            "PROMPT_COMMAND=\"mine;$PROMPT_COMMAND\"",
            "precmd_functions+=(mine)",
            "precmd_functions=(mine $precmd_functions)",
            "# PROMPT_COMMAND=x",
            "awsenv status",
        ] {
            assert!(takes_away(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_comment_loads_no_hook() {
        assert!(is_hook("eval \"$(awsenv hook bash)\""));
        assert!(is_hook("command -v awsenv >/dev/null && awsenv hook fish | source"));
        assert!(!is_hook("# eval \"$(awsenv hook bash)\""));
        assert!(!is_hook("awsenv status"));
        assert!(!is_hook("__awsenv_hook"));
    }

    #[test]
    fn each_shell_has_a_file_and_the_line_of_the_readme_that_loads_its_hook() {
        let readme = include_str!("../../../README.md").replace("\\|", "|");
        let home = Path::new("/home/me");
        for shell in Shell::ALL {
            let fix = line_in(shell, &Env::default(), home);
            let (_, line) = fix.split_once(": ").unwrap();
            assert!(readme.contains(line), "{line}");
            let file = paths(shell, &Env::default(), home).remove(0);
            assert!(shell == Shell::Nu || fix.contains(&tilde(&file, home)), "{fix}");
            let loads = match shell {
                Shell::Nu => {
                    let dialect = shell.dialect();
                    let program = String::from_utf8(dialect.program(&shell.quote("/bin/awsenv"))).unwrap();
                    program + &dialect.hook(&crate::settings::Settings::default()).concat()
                }
                _ => format!("# awsenv hook\n{line}\n"),
            };
            assert_eq!(loading(&loads).len(), 1, "{shell:?}");
        }
    }
}
