//! What a person types, in each shell's own words: a file a shell, so that stories are told once.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use crate::home::awsenv;
use crate::shell::{Kind, find};

mod bash;
mod elvish;
mod fish;
mod nu;
mod tcsh;
mod xonsh;
mod zsh;

/// How a shell says things, and what there is to know about it.
pub trait Words: Debug {
    /// Where the shell is, if it is installed.
    fn program(&self) -> Option<PathBuf>;

    /// What its startup file is called.
    fn rc(&self) -> &'static str;

    /// What `sh` runs to become this shell, with `rc` (in a directory of its own) as its only startup file.
    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String;

    /// In a startup file: a prompt `@pid.number@ `, with another number each time, and nothing else to be seen.
    fn prompt(&self) -> &'static str;

    /// In a startup file: the hook that `awsenv` prints, as the README says to load it; `file` holds the same text.
    fn load(&self, awsenv: &str, file: &Path) -> String;

    /// Loads the hook from a file.
    fn load_file(&self, file: &Path) -> String;

    /// The hook asks this program from now on.
    fn ask(&self, program: &Path) -> String;

    /// Exports a variable; `value` stands between single quotes.
    fn export(&self, name: &str, value: &str) -> String;

    /// Takes a variable away.
    fn unset(&self, name: &str) -> String;

    /// The second only if the first went well.
    fn and(&self, first: &str, second: &str) -> String {
        format!("{first} && {second}")
    }

    /// Writes the environment of a command into a file.
    fn environment(&self, file: &Path) -> String {
        format!("command env -0 >{}", file.display())
    }

    /// Goes to the directory that a variable names.
    fn go_to(&self, variable: &str) -> String {
        format!("cd \"${variable}\"")
    }

    /// Leaves the shell.
    fn leave(&self) -> &'static str {
        "exit"
    }

    /// A command that fails with this status.
    fn fail(&self, status: u8) -> String {
        format!("sh -c 'exit {status}'")
    }

    /// Shows the status of the last command as `<7>`.
    fn status(&self) -> &'static str {
        "printf '<%s>\\n' $?"
    }

    /// In a startup file: the segment in front of the prompt, in brackets, as the README says to put it there.
    fn segment(&self) -> &'static str;
}

/// The words of a shell.
pub fn of(kind: Kind) -> &'static dyn Words {
    match kind {
        Kind::Bash => &bash::Bash,
        Kind::Zsh => &zsh::Zsh,
        Kind::Fish => &fish::Fish,
        Kind::Xonsh => &xonsh::Xonsh,
        Kind::Nu => &nu::Nu,
        Kind::Elvish => &elvish::Elvish,
        Kind::Tcsh => &tcsh::Tcsh,
    }
}

/// A shell that `tests/run` puts into the build directory.
fn in_build_directory(path: &str) -> Option<PathBuf> {
    let build = Path::new(awsenv()).ancestors().nth(2)?;
    Some(build.join("shells").join(path)).filter(|path| path.is_file())
}
