//! The files that a shell reads at its start: whether the hook's line is there, and what comes after it that takes the
//! hook away again.

use std::path::{Path, PathBuf};

use super::shell_report::ShellReport;
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
    let shell = match report {
        Some(report) => Shell::named(&report.shell),
        None => world.env.text("SHELL").and_then(Shell::named),
    };
    let Some(shell) = shell else {
        return vec![Finding::note(CHECK, "not looked at: SHELL names no shell that this check knows")];
    };
    let home = &world.places.home;
    let mut found = Vec::new();
    let mut lines = 0;
    for path in paths(shell, &world.env, home) {
        let Some(text) = read(&path) else { continue };
        let Some(hook) = text.lines().position(is_hook) else { continue };
        lines += text.lines().filter(|line| is_hook(line)).count();
        let shown = tilde(&path, home);
        found.push(Finding::ok(CHECK, format!("{shown}:{} loads the hook", hook + 1)));
        found.extend(text.lines().enumerate().skip(hook + 1).filter_map(|(at, line)| {
            let what = takes_away(line)?;
            let seen = format!("{shown}:{} {what}, after the hook's line", at + 1);
            Some(Finding::broken(CHECK, seen, "move the hook's line behind it, to the end of the file"))
        }));
    }
    match (lines, report.is_some()) {
        (0, true) => {
            vec![Finding::note(
                CHECK,
                "the hook is loaded here, and by none of the files that this check knows",
            )]
        }
        (0, false) => {
            let seen = format!("no file that {} reads at its start has the hook's line", shell.name());
            vec![Finding::warning(CHECK, seen, line(shell, home))]
        }
        (1, _) => found,
        (lines, _) => {
            found.push(Finding::note(CHECK, format!("{lines} lines load the hook; one is enough")));
            found
        }
    }
}

/// What to add, and where.
pub(super) fn line(shell: Shell, home: &Path) -> String {
    let name = shell.name();
    let file = paths(shell, &Env::default(), home).remove(0);
    let file = tilde(&file, home);
    match name {
        "fish" => format!("add to {file}: awsenv hook fish | source"),
        _ => format!("add at the end of {file}: eval \"$(awsenv hook {name})\""),
    }
}

/// In the order in which a person looks for the line.
fn paths(shell: Shell, env: &Env, home: &Path) -> Vec<PathBuf> {
    let at = |names: &[&str]| names.iter().map(|name| home.join(name)).collect::<Vec<_>>();
    match shell.name() {
        "bash" => at(&[".bashrc", ".bash_profile", ".bash_login", ".profile"])
            .into_iter()
            .chain(["/etc/bash.bashrc".into(), "/etc/bashrc".into()])
            .collect(),
        "zsh" => {
            let dir = env.text("ZDOTDIR").map_or_else(|| home.to_owned(), PathBuf::from);
            let own = [".zshrc", ".zprofile", ".zlogin", ".zshenv"].map(|name| dir.join(name));
            own.into_iter().chain(["/etc/zsh/zshrc".into(), "/etc/zshrc".into()]).collect()
        }
        "fish" => {
            let dir = env.text("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
            let mut parts: Vec<_> = std::fs::read_dir(dir.join("fish/conf.d"))
                .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
                .unwrap_or_default();
            parts.sort();
            [dir.join("fish/config.fish")].into_iter().chain(parts).collect()
        }
        _ => Vec::new(),
    }
}

/// The files of any shell that may set variables, for who looks for one.
pub(super) fn all(env: &Env, home: &Path) -> Vec<PathBuf> {
    Shell::ALL.into_iter().flat_map(|shell| paths(shell, env, home)).collect()
}

/// The text of such a file, if it can be had.
pub(super) fn read(path: &Path) -> Option<String> {
    let (bytes, _) = files::read_limited(path, LIMIT).ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_hook(line: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with('#') && line.contains("awsenv") && line.contains(" hook ")
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
    }
}
