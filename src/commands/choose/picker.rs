//! The list that a person picks from, by typing some letters of it.

use std::io::{self, Stderr, Write};
use std::os::fd::{AsRawFd, RawFd};

use dialoguer::FuzzySelect;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;

use super::Offer;
use super::frecency::Frecency;
use crate::clock;
use crate::message::{Exit, Failure, printable};
use crate::prompt::choice::What;
use crate::terminal;

/// Shows them, what is chosen often and lately first.
pub(super) fn pick(mut offers: Vec<Offer>, frecency: &Frecency) -> anyhow::Result<What> {
    let terminal = Term::read_write_pair(io::stdin(), CursorShown(io::stderr()));
    if !terminal.is_term() {
        return Err(Failure::new("there is no terminal to pick one at")
            .hint("name a stage or a profile: `awsenv use NAME`")
            .exit(Exit::Usage)
            .into());
    }
    if offers.is_empty() {
        return Err(Failure::new("there is no stage and no profile to choose from").into());
    }
    let now = clock::now();
    // A stable order: stages stay before profiles, and each kind in the order of the files.
    offers.sort_by_key(|offer| std::cmp::Reverse(frecency.rank(&offer.what.text(), now)));
    let width = offers.iter().map(|offer| offer.what.text().chars().count()).max().unwrap_or_default();
    let line = |offer: &Offer| printable(&format!("{:<width$}  {}", offer.what.text(), offer.about));
    let lines: Vec<_> = offers.iter().map(line).collect();
    let picked = FuzzySelect::with_theme(&SimpleTheme)
        .with_prompt("awsenv: use")
        .items(&lines)
        .default(0)
        .max_length(12)
        .report(false)
        .interact_on_opt(&terminal);
    match picked {
        Ok(Some(index)) => Ok(offers.swap_remove(index).what),
        Ok(None) => Err(Failure::new("nothing is changed").into()),
        Err(dialoguer::Error::IO(error)) => {
            Err(terminal::unanswered("cannot ask", &error, "name one: `awsenv use NAME`").into())
        }
    }
}

/// Stderr, where the cursor is never hidden: Ctrl-C ends the process, and nobody would show it again.
#[derive(Debug)]
struct CursorShown(Stderr);

impl Write for CursorShown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes == b"\x1b[?25l" { Ok(bytes.len()) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsRawFd for CursorShown {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
