use std::path::{Path, PathBuf};

use super::{Words, find};

#[derive(Debug)]
pub(super) struct Elvish;

impl Words for Elvish {
    fn program(&self) -> Option<PathBuf> {
        find("elvish")
    }

    fn rc(&self) -> &'static str {
        "rc.elv"
    }

    fn command_line(&self, program: &Path, rc: &Path, _: bool) -> String {
        format!("exec {} -rc {}", program.display(), rc.display())
    }

    /// Not by what draws prompts: that shows the last one first, and later only what differs.
    fn prompt(&self) -> &'static str {
        "var t_n = 0; var t: = (ns [&]); set edit:prompt = { }; set edit:rprompt = { }
fn t_prompt { set t_n = (+ $t_n 1); print '@'$pid'.'$t_n'@ ' }
set edit:before-readline = [{ t_prompt }]"
    }

    fn load(&self, awsenv: &str, _: &Path) -> String {
        format!("eval ({awsenv} hook elvish | slurp) &on-end={{|ns| set t: = $ns; edit:add-var t: $ns }}")
    }

    fn load_file(&self, file: &Path) -> String {
        format!("eval (slurp < {}) &on-end={{|ns| set t: = $ns; edit:add-var t: $ns }}", file.display())
    }

    fn ask(&self, program: &Path) -> String {
        format!("set t:__awsenv-bin = {}", program.display())
    }

    fn export(&self, name: &str, value: &str) -> String {
        format!("set-env {name} '{value}'")
    }

    fn unset(&self, name: &str) -> String {
        format!("unset-env {name}")
    }

    fn and(&self, first: &str, second: &str) -> String {
        format!("{first}; {second}")
    }

    fn environment(&self, file: &Path) -> String {
        format!("e:env -0 >{}", file.display())
    }

    fn go_to(&self, variable: &str) -> String {
        format!("cd $E:{variable}")
    }

    /// It has none: what fails is an exception.
    fn status(&self) -> &'static str {
        "nop"
    }

    fn segment(&self) -> &'static str {
        "set edit:before-readline = [$edit:before-readline[0] { print '['; $t:awsenv_prompt~; print ']'; t_prompt }]"
    }
}
