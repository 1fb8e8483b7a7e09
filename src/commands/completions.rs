//! `awsenv completions SHELL`.

use clap::ValueEnum;

use super::complete;
use crate::message::Failure;
use crate::world;

/// zsh loads a file of completions at the first Tab, which is to be answered too.
const FIRST_TAB: &[u8] = b"[[ ${funcstack[1]-} != _awsenv ]] || _clap_dynamic_completer_awsenv\n";

/// The shells that complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "they are names")]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    #[value(alias = "nu")]
    Nushell,
    #[value(alias = "pwsh")]
    Powershell,
    Tcsh,
    Xonsh,
}

/// Prints the completions for a shell.
pub fn run(shell: Shell) -> anyhow::Result<()> {
    let name = shell.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let text = complete::registration(&name);
    let mut text = text.ok_or_else(|| Failure::new(format!("there are no completions for {name}")))?;
    if shell == Shell::Zsh {
        text.extend_from_slice(FIRST_TAB);
    }
    world::out(&text)
}
