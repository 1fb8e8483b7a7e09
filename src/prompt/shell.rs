//! The three shells: how each quotes a value, sets and unsets a variable. All quoting stands here.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What stands in for a profile that is a universal variable of fish, which nothing else can hide.
pub const UNIVERSAL: &str =
    "awsenv: this fish variable is universal: set it with set -gx in config.fish instead";

/// A shell that can evaluate what `export` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// 3.2 (what macOS ships) and later.
    Bash,
    /// 5 and later.
    Zsh,
    /// 3.6 and later have a guard; older ones run the program at each prompt.
    Fish,
}

impl Shell {
    /// The shells by name.
    pub const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// The shell of that name; a path or a login shell's `-bash` is understood.
    pub fn named(name: &str) -> Option<Self> {
        let base = name.rsplit('/').next().unwrap_or(name).trim_start_matches('-');
        Self::ALL.into_iter().find(|shell| shell.name() == base)
    }

    /// One word that this shell reads back as exactly these bytes, whatever options are set.
    pub fn quote(self, value: impl AsRef<OsStr>) -> Vec<u8> {
        let bytes = value.as_ref().as_bytes();
        match self {
            Self::Bash | Self::Zsh => quote_ansi(bytes),
            Self::Fish => quote_fish(bytes),
        }
    }

    /// Tells the hook that an answer is on its way, and phase 2 worth a call.
    pub fn pending(self) -> &'static [u8] {
        match self {
            Self::Bash | Self::Zsh => b"__awsenv_pending=1\n",
            Self::Fish => b"set -g __awsenv_pending 1\n",
        }
    }

    /// A whole answer: these statements, and the guard. One block, so that an answer that was cut off is a mistake
    /// of syntax, and nothing of it is carried out: `export` alone would list all variables on the terminal. A
    /// statement that fails, on a variable that is readonly, ends it before the guard.
    pub fn answer(self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        match self {
            // A quoted value holds no line break in these.
            Self::Bash | Self::Zsh => {
                let lines: Vec<_> = statements.split_inclusive(|byte| *byte == b'\n').collect();
                let steps = lines.iter().flat_map(|line| [line.trim_ascii_end(), b" &&\n"]);
                [&b"{\n"[..]].into_iter().chain(steps).chain([guard, b"}\n"]).collect::<Vec<_>>().concat()
            }
            Self::Fish => [b"begin\n", statements, guard, b"end\n"].concat(),
        }
    }

    /// Sets and exports variables, all by one statement where the shell has one: it is done or not done.
    pub fn export<'a>(self, variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>) -> Vec<u8> {
        let mut text = Vec::new();
        for (name, value) in variables {
            match self {
                Self::Bash | Self::Zsh if text.is_empty() => text.extend_from_slice(b"\\builtin export "),
                Self::Bash | Self::Zsh => text.push(b' '),
                Self::Fish => text.extend_from_slice(b"set -gx "),
            }
            text.extend_from_slice(name.as_bytes());
            text.push(if self == Self::Fish { b' ' } else { b'=' });
            text.extend_from_slice(&self.quote(value));
            if self == Self::Fish {
                text.extend_from_slice(b"\n");
            }
        }
        if self != Self::Fish && !text.is_empty() {
            text.push(b'\n');
        }
        text
    }

    /// Unsets variables. fish exports a universal variable whatever global hides it, so there an empty global,
    /// exported, takes its place; a profile gets the sentence, since an empty name is an error to boto3.
    pub fn unset<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
        let names: Vec<_> = names.into_iter().collect();
        if names.is_empty() {
            return Vec::new();
        }
        match self {
            Self::Bash => format!("\\builtin unset -v {}\n", names.join(" ")),
            Self::Zsh => format!("\\builtin unset {}\n", names.join(" ")),
            Self::Fish => names
                .iter()
                .map(|name| {
                    let instead = self.quote(if name.ends_with("PROFILE") { UNIVERSAL } else { "" });
                    let instead = String::from_utf8_lossy(&instead);
                    format!("set -eg {name}; set -qUx {name}; and set -gx {name} {instead}\n")
                })
                .collect(),
        }
        .into_bytes()
    }
}

/// `'…'` for any POSIX shell, dash too, which knows no `$'…'`.
pub fn quote_posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// `'…'` where that is enough, else `$'…'`: one line of ASCII whatever comes in, immune to history expansion,
/// `rc_quotes`, `csh_junkie_quotes` and the locale.
fn quote_ansi(bytes: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| (b' '..=b'~').contains(byte) && !matches!(byte, b'\'' | b'\\' | b'!');
    let mut text = Vec::with_capacity(bytes.len() + 3);
    if bytes.iter().all(plain) {
        text.push(b'\'');
        text.extend_from_slice(bytes);
        text.push(b'\'');
        return text;
    }
    text.extend_from_slice(b"$'");
    for byte in bytes {
        if plain(byte) {
            text.push(*byte);
        } else {
            // Octal with three digits cannot swallow a digit that follows it, as \x can in bash 3.2.
            text.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        }
    }
    text.push(b'\'');
    text
}

/// `'…'` with `\` and `'` escaped; every other byte as it is. Escaping UTF-8 as bytes would make fish compare
/// it unequal to `$PWD`.
fn quote_fish(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 2);
    text.push(b'\'');
    for byte in bytes {
        if matches!(byte, b'\'' | b'\\') {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'\'');
    text
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
        assert_eq!(Shell::named("tcsh"), None);
    }
}
