//! The hook in the shell that asks: whether it is there, of this version, and runs before what draws the prompt.

use super::shell_report::{self, ShellReport};
use super::{Check, Finding, rc_files};
use crate::commands::hook;
use crate::prompt::shell::Shell;
use crate::world::World;

const CHECK: Check = Check::Hook;
/// bash-preexec's: it calls `precmd_functions`.
const BASH_PREEXEC: &str = "__bp_precmd_invoke_cmd";
const RESTART: &str = "restart this shell: `exec $SHELL`";

pub(super) fn check(report: Option<&ShellReport>, world: &World) -> Vec<Finding> {
    let Some(report) = report else { return vec![unasked(world)] };
    let loaded = match Shell::named(&report.shell) {
        Some(shell) if hook::digest(shell, &world.settings) != report.hook => Finding::warning(
            CHECK,
            format!("the hook in this {} is not the one that this program prints now", report.shell),
            // Its hook is a file, as old as it was written.
            if shell == Shell::Nu { rc_files::line(shell, world) } else { RESTART.into() },
        ),
        _ => Finding::ok(CHECK, format!("loaded in {} {}, of this version", report.shell, report.version)),
    };
    vec![loaded, order(report)]
}

/// No function of a hook has called the program.
fn unasked(world: &World) -> Finding {
    if shell_report::has_run(world) {
        return Finding::warning(
            CHECK,
            "a hook has run in this shell, and `awsenv` is not its function: it is of another version, or hidden",
            RESTART,
        );
    }
    let shell = shell_report::asking(None, world).unwrap_or(Shell::Bash);
    let seen = "no hook has called this: none is loaded in this shell, or one of an older version";
    Finding::warning(CHECK, seen, rc_files::line(shell, world))
}

/// Whether it runs before each prompt, and before the prompt is drawn.
fn order(report: &ShellReport) -> Finding {
    if report.has_ble() {
        return Finding::ok(CHECK, "ble.sh calls it before each prompt");
    }
    let Some(at) = report.place() else {
        let list = match report.shell.as_str() {
            "bash" => "PROMPT_COMMAND",
            "zsh" => "precmd_functions",
            "xonsh" => "the handlers of on_pre_prompt_format",
            "nu" => "$env.config.hooks.pre_prompt",
            "elvish" => "$edit:before-readline",
            "tcsh" => "the alias precmd",
            "pwsh" => "the function prompt",
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
    // The others draw once all of these have run.
    let is_one_of_them = matches!(report.shell.as_str(), "bash" | "zsh");
    let drawer = report.entries().take(at).find_map(|entry| drawer(entry, report)).filter(|_| is_one_of_them);
    match drawer {
        Some(drawer) => Finding::warning(
            CHECK,
            format!("{drawer} draws the prompt before it, with the credentials of before"),
            format!("put the line of awsenv's hook behind that of {drawer}"),
        ),
        None => Finding::ok(CHECK, "it runs before the prompt is drawn"),
    }
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
