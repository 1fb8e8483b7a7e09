//! The shells, by name. What each is told stands in a file of its own, quoting and guard included.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::guard::Abilities;

mod bash;
mod data;
pub mod dialect;
mod elvish;
mod fish;
mod nu;
mod posix;
mod powershell;
mod tcsh;
mod xonsh;
mod zsh;

pub use dialect::{Dialect, Drawn};

/// What stands in for a profile that is a universal variable of fish, which nothing else can hide.
pub const UNIVERSAL: &str =
    "awsenv: this fish variable is universal: set it with set -gx in config.fish instead";

/// A shell that can take what `export` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// 3.2 (what macOS ships) and later.
    Bash,
    /// 5 and later.
    Zsh,
    /// 3.6 and later have a guard; older ones run the program at each prompt.
    Fish,
    /// Takes its answers as data.
    Xonsh,
    /// Takes its answers as data: it evaluates no text.
    Nu,
    /// 0.19 and later; runs the program at each prompt.
    Elvish,
    /// 6.20 and later.
    Tcsh,
    /// 7.3, on Linux and macOS; nobody has run it.
    PowerShell,
}

impl Shell {
    /// The shells that have a hook.
    pub const ALL: [Self; 8] = [
        Self::Bash,
        Self::Zsh,
        Self::Fish,
        Self::Xonsh,
        Self::Nu,
        Self::Elvish,
        Self::Tcsh,
        Self::PowerShell,
    ];

    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Xonsh => "xonsh",
            Self::Nu => "nu",
            Self::Elvish => "elvish",
            Self::Tcsh => "tcsh",
            Self::PowerShell => "pwsh",
        }
    }

    /// Its words.
    pub fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Bash => &bash::Bash,
            Self::Zsh => &zsh::Zsh,
            Self::Fish => &fish::Fish,
            Self::Xonsh => &xonsh::Xonsh,
            Self::Nu => &nu::Nu,
            Self::Elvish => &elvish::Elvish,
            Self::Tcsh => &tcsh::Tcsh,
            Self::PowerShell => &powershell::PowerShell,
        }
    }

    /// The shell of that name; a path or a login shell's `-bash` is understood.
    pub fn named(name: &str) -> Option<Self> {
        let base = match name.rsplit('/').next().unwrap_or(name).trim_start_matches('-') {
            "nushell" => "nu",
            "powershell" => "pwsh",
            base => base,
        };
        Self::ALL.into_iter().find(|shell| shell.name() == base)
    }

    /// One word that this shell reads back as exactly these bytes, whatever options are set.
    pub fn quote(self, value: impl AsRef<OsStr>) -> Vec<u8> {
        self.dialect().quote(value.as_ref().as_bytes())
    }

    /// Tells the hook that an answer is on its way, and phase 2 worth a call.
    pub fn pending(self) -> &'static [u8] {
        self.dialect().pending()
    }

    /// A whole answer: these statements, and the guard.
    pub fn answer(self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        self.dialect().answer(statements, guard)
    }

    /// Sets and exports variables.
    pub fn export<'a>(self, variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>) -> Vec<u8> {
        self.dialect().export(&variables.into_iter().collect::<Vec<_>>())
    }

    /// Unsets variables.
    pub fn unset<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
        let names: Vec<_> = names.into_iter().collect();
        if names.is_empty() { Vec::new() } else { self.dialect().unset(&names) }
    }

    /// What its `awsenv_prompt` shows.
    pub fn segment(self, drawn: &Drawn<'_>, abilities: Abilities) -> Vec<u8> {
        self.dialect().segment(drawn, abilities)
    }
}

/// `'…'` for any POSIX shell, dash too, which knows no `$'…'`.
pub fn quote_posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(shell: Shell, text: &str) -> String {
        String::from_utf8(shell.quote(text)).unwrap()
    }

    #[test]
    fn plain_values_stay_readable() {
        assert_eq!(quoted(Shell::Bash, "eu-west-1"), "'eu-west-1'");
        assert_eq!(quoted(Shell::Zsh, ""), "''");
        assert_eq!(quoted(Shell::Fish, "a $b `c`"), "'a $b `c`'");
    }

    #[test]
    fn hostile_values_are_one_line_of_ascii_in_bash_and_zsh() {
        assert_eq!(quoted(Shell::Bash, "a'b\n\\!é"), "$'a\\047b\\012\\134\\041\\303\\251'");
        assert_eq!(quoted(Shell::Fish, "a'b\n\\é"), "'a\\'b\n\\\\é'");
    }

    #[test]
    fn what_is_data_is_one_line_too() {
        assert_eq!(quoted(Shell::Xonsh, "a'\"\\\n🦀"), "\"a'\\u0022\\u005c\\u000a\\ud83e\\udd80\"");
        assert_eq!(Shell::Xonsh.quote(OsStr::from_bytes(b"\xff")), b"\"\\udcff\"");
        assert_eq!(quoted(Shell::Nu, "a'\"\\\n🦀"), "\"a'\\\"\\\\\\n🦀\"");
        for shell in [Shell::Xonsh, Shell::Nu] {
            let set = shell.export([("A", OsStr::new("1")), ("B", OsStr::new("x\ny"))]);
            let answer = shell.answer(&[set, shell.unset(["C"])].concat(), b"\"guard\":{}\n");
            let read: serde_json::Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(
                read,
                serde_json::json!({ "set": { "A": "1", "B": "x\ny" }, "unset": ["C"], "guard": {} })
            );
        }
    }

    #[test]
    fn bash_and_zsh_export_in_one_statement() {
        let variables = [("A", OsStr::new("1")), ("B", OsStr::new("x y"))];
        assert_eq!(Shell::Bash.export(variables), b"\\builtin export A='1' B='x y'\n");
        assert_eq!(Shell::Fish.export(variables), b"set -gx A '1'\nset -gx B 'x y'\n");
        assert_eq!(Shell::Zsh.export([]), b"");
        assert_eq!(Shell::Bash.unset(["A", "B"]), b"\\builtin unset -v A B\n");
        assert_eq!(Shell::Fish.unset([]), b"");
    }

    #[test]
    fn an_answer_is_one_block_that_ends_at_the_first_failure() {
        let answer = |shell: Shell| shell.answer(b"a 'x'\nb\n", b"guard\n");
        assert_eq!(answer(Shell::Bash), b"{\na 'x' &&\nb &&\nguard\n}\n");
        assert_eq!(answer(Shell::Fish), b"begin\na 'x'\nb\nguard\nend\n");
        assert_eq!(Shell::Zsh.answer(b"", b"guard\n"), b"{\nguard\n}\n");
    }

    #[test]
    fn a_shell_is_known_by_its_path_or_as_a_login_shell() {
        assert_eq!(Shell::named("/usr/bin/zsh"), Some(Shell::Zsh));
        assert_eq!(Shell::named("-bash"), Some(Shell::Bash));
        assert_eq!(Shell::named("nushell"), Some(Shell::Nu));
        assert_eq!(Shell::named("cmd"), None);
    }
}
