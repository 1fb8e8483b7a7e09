//! `awsenv completions SHELL`.

use clap::Command;
use clap_complete::Shell;

use crate::world;

/// Prints the completions for a shell. `command` is the whole command line.
pub fn run(shell: Shell, command: &Command) -> anyhow::Result<()> {
    world::out(&text(shell, command))
}

/// The completions as text, for the committed files in `completions/`.
pub fn text(shell: Shell, command: &Command) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut for_people(command), "awsenv", &mut text);
    text
}

/// Without the commands that only programs call: clap's generators offer hidden ones too.
fn for_people(command: &Command) -> Command {
    let visible = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned();
    Command::new("awsenv")
        .version(env!("CARGO_PKG_VERSION"))
        .args(command.get_arguments().cloned())
        .subcommands(visible)
}
