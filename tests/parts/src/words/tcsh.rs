use std::path::{Path, PathBuf};

use super::{Words, find};

#[derive(Debug)]
pub(super) struct Tcsh;

impl Words for Tcsh {
    fn program(&self) -> Option<PathBuf> {
        find("tcsh")
    }

    fn rc(&self) -> &'static str {
        ".tcshrc"
    }

    /// A program that is told to be another tells a login shell.
    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String {
        let (program, dir) = (program.display(), rc.parent().unwrap().display());
        let login = if login { " -l" } else { "" };
        // It reads the file of the home, and is at home elsewhere.
        format!("T_HOME=$HOME HOME={dir} exec {program}{login}")
    }

    fn prompt(&self) -> &'static str {
        "setenv HOME $T_HOME; set home = $HOME; unsetenv T_HOME; set t_n = 0
set prompt = '@'$$'.%h%$t_n@ '; alias precmd '@ t_n++'"
    }

    fn load(&self, awsenv: &str, _: &Path) -> String {
        format!("eval \"`{awsenv} hook tcsh`\"")
    }

    fn load_file(&self, file: &Path) -> String {
        format!("eval \"`cat {}`\"", file.display())
    }

    fn ask(&self, program: &Path) -> String {
        format!("set __awsenv_bin = {}", program.display())
    }

    fn export(&self, name: &str, value: &str) -> String {
        format!("setenv {name} '{value}'")
    }

    fn unset(&self, name: &str) -> String {
        format!("unsetenv {name}")
    }

    fn environment(&self, file: &Path) -> String {
        format!("env -0 >{}", file.display())
    }

    fn go_to(&self, variable: &str) -> String {
        format!("cd ${variable}:q")
    }

    /// Its `exit` shows one more prompt.
    fn leave(&self) -> &'static str {
        "exec true"
    }

    fn status(&self) -> &'static str {
        "printf '<%s>\\n' $status"
    }

    fn segment(&self) -> &'static str {
        "set prompt = '[%$awsenv_prompt]'$prompt:q"
    }
}
