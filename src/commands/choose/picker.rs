//! The list that a person picks from, by typing some letters of it.

use std::io::{self, Stderr, Write};
use std::os::fd::{AsRawFd, RawFd};

use dialoguer::FuzzySelect;
use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;

use super::super::drawing::{Canvas, Ink};
use super::Offer;
use super::frecency::Frecency;
use crate::clock;
use crate::message::{Exit, Failure};
use crate::prompt::choice::What;
use crate::terminal;
use crate::world::World;

/// What the list puts before a line, and one cell in which a terminal may break it.
const BEFORE: usize = 3;

/// Shows them, what is chosen often and lately first.
pub(super) fn pick(mut offers: Vec<Offer>, frecency: &Frecency, world: &World) -> anyhow::Result<What> {
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
    // A line that is broken would be drawn twice.
    let room = usize::from(terminal.size().1).saturating_sub(BEFORE);
    let canvas = Canvas::of_width(room, &world.env);
    let cell = |text: &str| canvas.text(Ink::Plain, text);
    let rows: Vec<_> =
        offers.iter().map(|offer| vec![cell(&offer.what.text()), cell(&offer.about)]).collect();
    let lines: Vec<_> =
        canvas.columns(&rows, &[0, 1]).lines().map(|line| line.trim_end().to_owned()).collect();
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
