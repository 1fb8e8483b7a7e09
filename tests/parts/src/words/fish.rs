use std::path::{Path, PathBuf};

use super::{Words, find};

#[derive(Debug)]
pub(super) struct Fish;

impl Words for Fish {
    fn program(&self) -> Option<PathBuf> {
        find("fish")
    }

    fn rc(&self) -> &'static str {
        "rc.fish"
    }

    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String {
        let login = if login { "-l" } else { "" };
        format!("exec {} -i {login} -C 'source {}'", program.display(), rc.display())
    }

    fn prompt(&self) -> &'static str {
        "set -g fish_greeting; set -g fish_autosuggestion_enabled 0; set -g t_n 0
             function fish_prompt; set -l fish_trace; set -g t_n (math $t_n + 1); echo -n \"@$fish_pid.$t_n@ \"; end"
    }

    fn load(&self, awsenv: &str, _: &Path) -> String {
        format!("{awsenv} hook fish | source")
    }

    fn load_file(&self, file: &Path) -> String {
        format!("source {}", file.display())
    }

    fn ask(&self, program: &Path) -> String {
        format!("set -g __awsenv_bin {}", program.display())
    }

    fn export(&self, name: &str, value: &str) -> String {
        format!("set -gx {name} '{value}'")
    }

    fn unset(&self, name: &str) -> String {
        format!("set -e {name}")
    }

    fn status(&self) -> &'static str {
        "printf '<%s>\\n' $status"
    }

    fn segment(&self) -> &'static str {
        "functions -c fish_prompt t_prompt
             function fish_prompt; echo -n '['; awsenv_prompt; echo -n ']'; t_prompt; end"
    }
}
