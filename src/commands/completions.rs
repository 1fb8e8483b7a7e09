//! `awsenv completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::world;

/// Prints the completions for a shell.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    world::out(&text(shell))
}

/// The completions as text, for the committed files in `completions/`.
pub fn text(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "awsenv", &mut text);
    text
}
