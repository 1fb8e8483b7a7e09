use std::path::{Path, PathBuf};

use super::{Words, find};

#[derive(Debug)]
pub(super) struct Zsh;

impl Words for Zsh {
    fn program(&self) -> Option<PathBuf> {
        find("zsh")
    }

    fn rc(&self) -> &'static str {
        ".zshrc"
    }

    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String {
        let login = if login { "-l" } else { "" };
        let home = rc.parent().unwrap().display();
        format!("ZDOTDIR={home} exec {} -d -i {login}", program.display())
    }

    fn prompt(&self) -> &'static str {
        "setopt prompt_subst no_prompt_sp no_prompt_cr; typeset -gi t_n=0; PS1='@$$.$((t_n+=1))@ ' PS2= RPS1="
    }

    fn load(&self, awsenv: &str, _: &Path) -> String {
        format!("\\builtin eval \"$({awsenv} hook zsh)\"")
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
        "PS1='[$segment]'$PS1; t_segment() { awsenv_prompt segment }; precmd_functions+=(t_segment)"
    }
}
