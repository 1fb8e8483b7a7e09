//! The clipboard of the terminal that a person sits at, however far away: OSC 52 (xterm, "Control Sequences").

use std::io::{self, IsTerminal, Write};

use aws_smithy_types::base64;
use zeroize::Zeroizing;

use crate::env::Env;
use crate::message::{Exit, Failure};
use crate::secret::Secret;

/// A terminal that is listened to.
pub(super) enum Clipboard {
    Stderr,
    Stdout,
}

impl Clipboard {
    /// That of this process.
    pub(super) fn of_the_terminal() -> Result<Self, Failure> {
        match (io::stderr().is_terminal(), io::stdout().is_terminal()) {
            (true, _) => Ok(Self::Stderr),
            (false, true) => Ok(Self::Stdout),
            (false, false) => Err(Failure::new("--copy: there is no terminal whose clipboard could take it")
                .hint("--print prints the address")
                .exit(Exit::Usage)),
        }
    }

    /// Sends it there. Whether the terminal takes it, it does not say.
    pub(super) fn take(&self, text: &Secret, original: &Env) -> io::Result<()> {
        let sequence = sequence(text, original.text("TMUX").is_some());
        match self {
            Self::Stderr => io::stderr().lock().write_all(sequence.as_bytes()),
            Self::Stdout => io::stdout().lock().write_all(sequence.as_bytes()),
        }
    }
}

/// In tmux, through it to the terminal outside (`allow-passthrough`).
fn sequence(text: &Secret, in_tmux: bool) -> Zeroizing<String> {
    let encoded = Zeroizing::new(base64::encode(text.expose()));
    Zeroizing::new(match in_tmux {
        false => format!("\x1b]52;c;{}\x07", encoded.as_str()),
        true => format!("\x1bPtmux;\x1b\x1b]52;c;{}\x07\x1b\\", encoded.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_and_one_around_tmux_too() {
        let text = Secret::new("https://x/");
        assert_eq!(*sequence(&text, false), "\x1b]52;c;aHR0cHM6Ly94Lw==\x07");
        assert_eq!(*sequence(&text, true), "\x1bPtmux;\x1b\x1b]52;c;aHR0cHM6Ly94Lw==\x07\x1b\\");
    }
}
