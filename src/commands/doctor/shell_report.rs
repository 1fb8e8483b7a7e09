//! What the shell says of itself: the hook's function `awsenv` hands it to `doctor` alone, in a variable, which other
//! users of the machine cannot read. A program cannot see a shell's functions and lists.

use crate::env::Env;

/// The variable. Lines of a word and what goes with it: `shell bash 5.2.15`, `hook 1a2b3c4d`, `prompt …`.
pub const ASKED_BY: &str = "AWSENV_SHELL_REPORT";

/// The report of a shell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ShellReport {
    /// `bash`
    pub(super) shell: String,
    /// `5.2.15(1)-release`
    pub(super) version: String,
    /// The digest of the hook's text.
    pub(super) hook: String,
    /// What runs before each prompt, in its order.
    pub(super) prompt: Vec<String>,
    /// What else it says, a word each.
    pub(super) also: Vec<String>,
}

impl ShellReport {
    /// `None`: no hook's function has called the program.
    pub(super) fn of(env: &Env) -> Option<Self> {
        let mut report = Self::default();
        for line in env.text(ASKED_BY)?.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let rest = rest.trim();
            match word {
                "shell" => {
                    let (shell, version) = rest.split_once(' ').unwrap_or((rest, ""));
                    (report.shell, report.version) = (shell.to_owned(), version.to_owned());
                }
                "hook" => rest.clone_into(&mut report.hook),
                "prompt" if !rest.is_empty() => report.prompt.push(rest.to_owned()),
                // An entry of PROMPT_COMMAND may have several lines.
                _ if !report.prompt.is_empty() => report.prompt.push(line.to_owned()),
                "also" if !rest.is_empty() => report.also.push(rest.to_owned()),
                _ => {}
            }
        }
        Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_line_by_line() {
        let env: Env =
            [(ASKED_BY, "shell bash 5.2.15\nhook 1a2b\nalso preexec\nprompt __awsenv_hook\nprompt a\nb")]
                .into_iter()
                .collect();
        let report = ShellReport::of(&env).unwrap();
        assert_eq!((report.shell.as_str(), report.version.as_str()), ("bash", "5.2.15"));
        assert_eq!(report.hook, "1a2b");
        assert_eq!(report.also, ["preexec"]);
        assert_eq!(report.prompt, ["__awsenv_hook", "a", "b"]);
        assert_eq!(ShellReport::of(&Env::default()), None);
    }
}
