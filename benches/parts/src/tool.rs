//! What minds a directory, and how a shell speaks to it.

use std::path::Path;

/// What minds a home's pinned directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Ours.
    Awsenv,
    /// By an `.envrc`.
    Direnv,
    /// By the `[env]` of a `mise.toml`.
    Mise,
}

impl Tool {
    /// What a shell evaluates at its start.
    pub(crate) fn load(self, program: &Path, kind: &str) -> String {
        let program = program.display();
        let word = if self == Self::Mise { "activate" } else { "hook" };
        match kind {
            "fish" => format!("'{program}' {word} fish | source"),
            _ => format!("eval \"$('{program}' {word} {kind})\""),
        }
    }

    /// What a shell calls before each prompt.
    pub(crate) fn at_prompt(self, kind: &str) -> &'static str {
        match (self, kind) {
            (Self::Awsenv, _) => "__awsenv_hook",
            (Self::Direnv, "fish") => "__direnv_export_eval",
            (Self::Direnv, _) => "_direnv_hook",
            (Self::Mise, "bash") => "_mise_hook_prompt_command",
            (Self::Mise, "zsh") => "_mise_hook_precmd",
            (Self::Mise, _) => "__mise_env_eval_on_prompt",
        }
    }

    /// What allows what stands in this directory.
    pub(crate) fn allow(self) -> &'static [&'static str] {
        match self {
            Self::Awsenv => &["allow"],
            Self::Direnv => &["allow", "."],
            Self::Mise => &["trust"],
        }
    }

    /// The file with these variables, and its text.
    pub(crate) fn file(self, variables: &[(String, String)]) -> (&'static str, String) {
        let lines = |line: fn(&(String, String)) -> String| variables.iter().map(line).collect::<String>();
        match self {
            Self::Mise => {
                ("mise.toml", format!("[env]\n{}", lines(|(name, value)| format!("{name} = {value:?}\n"))))
            }
            _ => (".envrc", lines(|(name, value)| format!("export {name}='{value}'\n"))),
        }
    }
}
