use std::path::{Path, PathBuf};

use super::{Words, in_build_directory};

#[derive(Debug)]
pub(super) struct Xonsh;

impl Words for Xonsh {
    fn program(&self) -> Option<PathBuf> {
        in_build_directory("python/bin/xonsh")
    }

    fn rc(&self) -> &'static str {
        "rc.xsh"
    }

    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String {
        let login = if login { "-l" } else { "" };
        format!("exec {} -i {login} --rc {}", program.display(), rc.display())
    }

    fn prompt(&self) -> &'static str {
        "import os as t_os, itertools as t_it
t_n = t_it.count()
$PROMPT_FIELDS['t_prompt'] = lambda: f'@{t_os.getpid()}.{next(t_n)}@'
$PROMPT = '{t_prompt} '
$XONSH_HISTORY_BACKEND = 'dummy'
$XONSH_SHOW_TRACEBACK = False"
    }

    fn load(&self, awsenv: &str, _: &Path) -> String {
        format!("exec(__import__('subprocess').check_output(['{awsenv}', 'hook', 'xonsh']))")
    }

    fn load_file(&self, file: &Path) -> String {
        format!("exec(open('{}').read())", file.display())
    }

    fn ask(&self, program: &Path) -> String {
        format!("__awsenv_bin = '{}'", program.display())
    }

    fn export(&self, name: &str, value: &str) -> String {
        format!("${name} = '{value}'")
    }

    fn unset(&self, name: &str) -> String {
        format!("del ${name}")
    }

    fn environment(&self, file: &Path) -> String {
        format!("env -0 > {}", file.display())
    }

    fn go_to(&self, variable: &str) -> String {
        format!("cd ${variable}")
    }

    fn status(&self) -> &'static str {
        "print(f'<{$LAST_RETURN_CODE}>')"
    }

    fn segment(&self) -> &'static str {
        "$PROMPT = '[{awsenv_prompt}]' + $PROMPT"
    }
}
