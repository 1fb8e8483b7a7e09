use std::path::{Path, PathBuf};

use super::{Words, find};

#[derive(Debug)]
pub(super) struct Bash;

impl Words for Bash {
    fn program(&self) -> Option<PathBuf> {
        find("bash")
    }

    fn rc(&self) -> &'static str {
        "rc.bash"
    }

    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String {
        let (program, rc) = (program.display(), rc.display());
        match login {
            // A login bash reads no rcfile: its profile does.
            true => format!("exec {program} -l -i"),
            false => format!("exec {program} --noprofile --rcfile {rc} -i"),
        }
    }

    fn prompt(&self) -> &'static str {
        "t_n=0 PS1='@$$.$((t_n+=1))@ ' PS2= HISTFILE="
    }

    fn load(&self, awsenv: &str, _: &Path) -> String {
        format!("\\builtin eval \"$({awsenv} hook bash)\"")
    }

    fn load_file(&self, file: &Path) -> String {
        format!("\\builtin . {}", file.display())
    }

    fn ask(&self, program: &Path) -> String {
        format!("__awsenv_bin={}", program.display())
    }

    fn export(&self, name: &str, value: &str) -> String {
        format!("export {name}='{value}'")
    }

    fn unset(&self, name: &str) -> String {
        format!("unset {name}")
    }

    fn fail(&self, status: u8) -> String {
        format!("(exit {status})")
    }

    fn segment(&self) -> &'static str {
        "PS1='[$segment]'$PS1; t_segment() { awsenv_prompt segment; }
            [[ ${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]} < 5.1 ]] && PROMPT_COMMAND=\"$PROMPT_COMMAND;t_segment\" ||
            PROMPT_COMMAND+=(t_segment)"
    }
}
