//! `awsenv completions SHELL`.

use clap::Command;
use clap_complete::Shell;

use crate::world;

/// Prints the completions for a shell. `command` is the whole command line.
pub fn run(shell: Shell, command: Command) -> anyhow::Result<()> {
    world::out(&text(shell, command))
}

/// The completions as text, for the committed files in `completions/`.
pub fn text(shell: Shell, mut command: Command) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "awsenv", &mut text);
    text
}
