//! What each shell tells `awsenv doctor` of its hook: of which version it is, and whether it is asked before a prompt.

use crate::home::Home;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! { doctor_is_told_how_the_hook_stands }

fn doctor_is_told_how_the_hook_stands(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    let told = |terminal: &mut Terminal<'_>, line: &str| {
        let said = terminal.run("awsenv doctor hook --json");
        assert!(said.contains(line), "{line}\n{said}");
        terminal.has(&[("AWSENV_SHELL_REPORT", None)]);
    };
    told(&mut terminal, &format!("loaded in {} ", shell.kind.name()));
    told(&mut terminal, "it runs before the prompt is drawn");
    terminal.run(match shell.kind {
        Kind::Bash | Kind::Zsh => "__awsenv_text=0",
        Kind::Fish => "set -g __awsenv_text 0",
        Kind::Xonsh => "__awsenv_text = '0'",
        Kind::Nu => "$env.__awsenv.text = '0'",
        Kind::Elvish => "set t:__awsenv-text = 0",
        _ => "set __awsenv_digest = 0",
    });
    told(&mut terminal, "is not the one that this program prints now");
    if shell.kind == Kind::Tcsh {
        // What only doctor is told matters to no other command.
        terminal.run("unset __awsenv_digest");
        let said = terminal.run("awsenv --version");
        assert!(said.contains(env!("CARGO_PKG_VERSION")), "{said}");
        terminal.run("set __awsenv_digest = 0");
    }
    terminal.run(match shell.kind {
        // The prompt of these stories stands behind it.
        Kind::Bash => "PROMPT_COMMAND=(\"${PROMPT_COMMAND[@]//__awsenv_hook/:}\")",
        Kind::Zsh => "precmd_functions=(${precmd_functions:#__awsenv_hook})",
        Kind::Fish => "functions -e __awsenv_hook",
        Kind::Xonsh => "events.on_pre_prompt_format.clear()",
        Kind::Nu => "$env.config.hooks.pre_prompt = []",
        Kind::Elvish => "set edit:before-readline = [$edit:before-readline[1]]",
        _ => "alias precmd '@ t_n++'",
    });
    // It fails with that, and is heard all the same.
    told(&mut terminal, "nothing calls it before a prompt: it is not in ");
}
