use std::path::{Path, PathBuf};

use super::{Words, in_build_directory};

#[derive(Debug)]
pub(super) struct Nu;

impl Words for Nu {
    fn program(&self) -> Option<PathBuf> {
        ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"]
            .iter()
            .find_map(|system| in_build_directory(&format!("node_modules/@nushell/{system}/bin/nu")))
    }

    fn rc(&self) -> &'static str {
        "config.nu"
    }

    fn command_line(&self, program: &Path, rc: &Path, login: bool) -> String {
        let login = if login { "-l" } else { "" };
        format!("exec {} -i {login} --config {} --env-config /dev/null", program.display(), rc.display())
    }

    /// Nothing that a closure does lasts, so the number is the time.
    fn prompt(&self) -> &'static str {
        "$env.config.show_banner = false; $env.config.use_ansi_coloring = false
$env.config.shell_integration = ($env.config.shell_integration | items {|name| {$name: false} } | into record)
$env.PROMPT_COMMAND = {|| $\"@($nu.pid).(date now | into int)@ \" }
$env.PROMPT_COMMAND_RIGHT = ''; $env.PROMPT_INDICATOR = ''"
    }

    /// `source` reads a file while the text around it is parsed.
    fn load(&self, _: &str, file: &Path) -> String {
        self.load_file(file)
    }

    fn load_file(&self, file: &Path) -> String {
        format!("source {}", file.display())
    }

    fn ask(&self, program: &Path) -> String {
        format!("$env.__awsenv.bin = '{}'", program.display())
    }

    fn export(&self, name: &str, value: &str) -> String {
        format!("$env.{name} = '{value}'")
    }

    fn unset(&self, name: &str) -> String {
        format!("hide-env {name}")
    }

    fn and(&self, first: &str, second: &str) -> String {
        format!("{first}; {second}")
    }

    fn environment(&self, file: &Path) -> String {
        format!("^env -0 o> {}", file.display())
    }

    fn go_to(&self, variable: &str) -> String {
        format!("cd $env.{variable}")
    }

    fn status(&self) -> &'static str {
        "print $'<($env.LAST_EXIT_CODE)>'"
    }

    fn segment(&self) -> &'static str {
        "let t_prompt = $env.PROMPT_COMMAND
$env.PROMPT_COMMAND = {|| $\"[(awsenv_prompt)](do $t_prompt)\" }"
    }
}
