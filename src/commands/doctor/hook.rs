//! The hook in the shell that asks: whether it is there, of this version, and runs before what draws the prompt.

use super::shell_report::{self, ShellReport};
use super::{Check, Finding};
use crate::commands::hook;
use crate::prompt::shell::Shell;
use crate::world::World;

const CHECK: Check = Check::Hook;
/// The hook's own entry.
const OURS: &str = "__awsenv_hook";
/// bash-preexec's: it calls `precmd_functions`.
const BASH_PREEXEC: &str = "__bp_precmd_invoke_cmd";
const RESTART: &str = "restart this shell: `exec $SHELL`";

pub(super) fn check(report: Option<&ShellReport>, world: &World) -> Vec<Finding> {
    let Some(report) = report else { return vec![unasked(world)] };
    let current = Shell::named(&report.shell).map(|shell| hook::digest(shell, &world.settings));
    let loaded = match current {
        Some(current) if current != report.hook => Finding::warning(
            CHECK,
            format!("the hook in this {} is not the one that this program prints now", report.shell),
            RESTART,
        ),
        _ => Finding::ok(CHECK, format!("loaded in {} {}, of this version", report.shell, report.version)),
    };
    vec![loaded, order(report)]
}

/// No function of a hook has called the program.
fn unasked(world: &World) -> Finding {
    let has_run = shell_report::has_run(world);
    match (shell_report::asking(None, world), has_run) {
        (Some(shell), _) if !shell_report::is_told_by(shell, &world.settings) => {
            let run = if has_run { "; one has run in this shell" } else { "" };
            Finding::note(CHECK, format!("{} tells doctor nothing of its hook{run}", shell.name()))
        }
        (_, true) => Finding::warning(
            CHECK,
            "a hook has run in this shell, and `awsenv` is not its function: it is of another version, or hidden",
            RESTART,
        ),
        (shell, false) => {
            let seen = "no hook has called this: none is loaded in this shell, or one of an older version";
            Finding::warning(CHECK, seen, super::rc_files::line(shell.unwrap_or(Shell::Bash), world))
        }
    }
}

/// Whether it runs before each prompt, and before the prompt is drawn.
fn order(report: &ShellReport) -> Finding {
    let is_fish = report.shell == "fish";
    if report.also.iter().any(|also| also == "ble") {
        return Finding::ok(CHECK, "ble.sh calls it before each prompt");
    }
    let entries: Vec<_> = report.prompt.iter().flat_map(|entry| entry.split(';')).map(first_word).collect();
    let Some(at) = entries.iter().position(|entry| *entry == OURS) else {
        let list = match report.shell.as_str() {
            "bash" => "PROMPT_COMMAND",
            "zsh" => "precmd_functions",
            _ => "the handlers of the event fish_prompt",
        };
        return Finding::broken(
            CHECK,
            format!(
                "nothing calls it before a prompt: it is not in {list}, which something has replaced since"
            ),
            "put the line of awsenv's hook behind that one, at the end of your shell's file",
        );
    };
    // fish draws once all handlers have run.
    let drawer = if is_fish { None } else { entries[..at].iter().find_map(|entry| drawer(entry, report)) };
    match drawer {
        Some(drawer) => Finding::warning(
            CHECK,
            format!("{drawer} draws the prompt before it, with the credentials of before"),
            format!("put the line of awsenv's hook behind that of {drawer}"),
        ),
        None => Finding::ok(CHECK, "it runs before the prompt is drawn"),
    }
}

fn first_word(entry: &str) -> &str {
    entry.split_whitespace().next().unwrap_or_default()
}

/// What draws prompts, by how its function is called.
fn drawer(entry: &str, report: &ShellReport) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 6] = [
        ("starship", "starship"),
        ("_p9k_", "powerlevel10k"),
        ("_omp_", "oh-my-posh"),
        ("powerline", "powerline"),
        ("_pure_", "pure"),
        ("prompt_", "the theme"),
    ];
    if entry == BASH_PREEXEC {
        return report.also.iter().find_map(|function| drawer(function, report));
    }
    let bare = entry.trim_start_matches('_');
    KNOWN.iter().find(|(start, _)| entry.starts_with(start) || bare.starts_with(start)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn ordered(shell: &str, prompt: &[&str], also: &[&str]) -> (Verdict, String) {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let report = ShellReport {
            shell: shell.into(),
            prompt: texts(prompt),
            also: texts(also),
            ..ShellReport::default()
        };
        let finding = order(&report);
        (finding.result, finding.seen)
    }

    #[test]
    fn the_hook_has_to_be_there_before_what_draws() {
        for (shell, prompt) in [
            ("bash", &["__awsenv_hook", "starship_precmd"][..]),
            ("bash", &["__awsenv_hook;starship_precmd"]),
            ("bash", &["_direnv_hook; __awsenv_hook"]),
            ("bash", &["__bp_precmd_invoke_cmd", "__awsenv_hook"]),
            ("zsh", &["__awsenv_hook", "_p9k_precmd"]),
            ("fish", &["starship", "__awsenv_hook"]),
        ] {
            assert_eq!(ordered(shell, prompt, &[]).0, Verdict::Ok, "{prompt:?}");
        }
        let (result, seen) = ordered("bash", &["history -a"], &[]);
        assert_eq!(result, Verdict::Broken);
        assert!(seen.contains("PROMPT_COMMAND"), "{seen}");
        assert_eq!(ordered("bash", &[], &["ble"]).0, Verdict::Ok);
    }

    #[test]
    fn a_prompt_that_is_drawn_first_is_named() {
        for (prompt, also) in [
            (&["starship_precmd", "__awsenv_hook"][..], &[][..]),
            (&["starship_precmd; __awsenv_hook"], &[]),
            (&["__bp_precmd_invoke_cmd", "__awsenv_hook"], &["starship_precmd"]),
        ] {
            let (result, seen) = ordered("bash", prompt, also);
            assert_eq!((result, seen.split(' ').next()), (Verdict::Warning, Some("starship")), "{prompt:?}");
        }
        assert_eq!(ordered("zsh", &["_p9k_precmd", "__awsenv_hook"], &[]).0, Verdict::Warning);
    }
}
