//! `awsenv completions SHELL`.

use clap_complete::Shell;

use super::complete;
use crate::message::Failure;
use crate::world;

/// zsh loads a file of completions at the first Tab, which is to be answered too.
const FIRST_TAB: &[u8] = b"[[ ${funcstack[1]-} != _awsenv ]] || _clap_dynamic_completer_awsenv\n";

/// Prints the completions for a shell.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    let text = complete::registration(&shell.to_string());
    let mut text = text.ok_or_else(|| Failure::new(format!("there are no completions for {shell}")))?;
    if shell == Shell::Zsh {
        text.extend_from_slice(FIRST_TAB);
    }
    world::out(&text)
}
