//! How far something is, on one line of stderr that is written over. Nothing where stderr is no terminal.

use std::io::{IsTerminal, Write, stderr};

use crate::env::Env;

/// The line.
pub(super) struct Progress {
    is_terminal: bool,
}

impl Progress {
    /// On a terminal that understands more than text.
    pub(super) fn of(original: &Env) -> Self {
        let is_terminal = stderr().is_terminal() && original.text("TERM").is_none_or(|term| term != "dumb");
        Self { is_terminal }
    }

    /// Whether anybody sees it.
    pub(super) fn is_seen(&self) -> bool {
        self.is_terminal
    }

    /// In place of what stood there; the first one is begun.
    pub(super) fn show(&self, text: &str) {
        if self.is_terminal {
            let _ = write!(stderr().lock(), "\r{text}\x1b[K");
        }
    }

    /// The line is free again.
    pub(super) fn clear(&self) {
        self.show("");
    }
}

/// `[#####-----]`
pub(super) fn bar(done: usize, all: usize) -> String {
    const WIDTH: usize = 24;
    let full = (WIDTH * done).checked_div(all).unwrap_or(WIDTH).min(WIDTH);
    format!("[{}{}]", "#".repeat(full), "-".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_what_it_shows() {
        assert_eq!(bar(0, 3), "[------------------------]");
        assert_eq!(bar(1, 3), "[########----------------]");
        assert_eq!(bar(3, 3), "[########################]");
        assert_eq!(bar(0, 0), bar(4, 3));
    }
}
