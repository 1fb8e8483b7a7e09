//! What a person looks at on a terminal: cards with a frame, lines in two columns, bars. It knows how wide things are
//! and which characters a terminal has, and nothing of what it draws. Where nobody looks, commands print plain lines.

use std::io::{IsTerminal, stdout};

use crate::clock::{self, Timestamp};
use crate::env::Env;
use crate::prompt::segment::{Colour, Look, Reader};
use crate::settings::Colours;

mod line;

pub(super) use line::{Ink, Line, TIGHT};
use line::{cut, cut_front, cut_within, wrapped, wrapped_by_words};

/// Narrower than this, a frame is in the way.
const NARROWEST: usize = 40;
/// A card of a few words has this width all the same.
const CARD: usize = 60;
/// Wider than this, nobody finds the other end of a line.
const WIDEST: usize = 120;
/// Between the two columns of a line.
const GAP: usize = 2;
/// With less, the second column would say nothing: a file and a line.
const SECOND: usize = 16;
/// A frame, and the air inside it.
const FRAME: usize = 6;
const BAR: usize = 20;
/// Narrower than this, a bar would be in the way of the time.
const ROOM_FOR_BARS: usize = 72;

/// A terminal that one can draw on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    columns: usize,
    colours: bool,
    ascii: bool,
}

/// A row of a card.
#[derive(Clone, Debug)]
enum Row {
    /// What it is, what it says, and at the other end of the line who says so, if there is room.
    Pair(Line, Line, Line),
    /// Text that goes on below itself, behind this.
    Text(Line, Ink, String),
}

/// Rows, until it is known how wide they can be.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    canvas: Canvas,
    rows: Vec<Row>,
    label: usize,
}

impl Canvas {
    /// stdout, if somebody looks at it, or asks for colours all the same.
    pub(super) fn of_stdout(env: &Env, colours: Colours) -> Option<Self> {
        let size = rustix::termios::tcgetwinsize(stdout()).ok().filter(|_| stdout().is_terminal());
        Self::of(size.map(|size| size.ws_col.into()), env, colours)
    }

    /// Of this width, without colours: for lines that somebody else draws.
    pub(super) fn of_width(columns: usize, env: &Env) -> Self {
        let ascii = Look::of(Reader::Terminal, env, Colours::Never).is_ascii();
        Self { columns: columns.max(NARROWEST), colours: false, ascii }
    }

    /// `terminal`: how wide it is, if it is one; 0 where it does not say.
    fn of(terminal: Option<usize>, env: &Env, colours: Colours) -> Option<Self> {
        let look = Look::of(Reader::Terminal, env, colours);
        let is_forced =
            env.text("CLICOLOR_FORCE").is_some_and(|value| value != "0") && env.text("NO_COLOR").is_none();
        if terminal.is_none() && !is_forced {
            return None;
        }
        let told = || env.text("COLUMNS").and_then(|columns| columns.parse().ok());
        let columns = terminal.filter(|columns| *columns > 0).or_else(told).unwrap_or(80);
        (columns >= NARROWEST).then(|| Self {
            columns: columns.min(WIDEST),
            colours: look.has_colours() || is_forced && colours != Colours::Never,
            ascii: look.is_ascii() || env.text("TERM").is_some_and(|term| term == "dumb"),
        })
    }

    /// A piece of a line.
    pub(super) fn text(self, ink: Ink, text: &str) -> Line {
        Line::of(ink, text, self.ascii)
    }

    /// What is drawn with where the terminal has it, else what stands in for it.
    pub(super) fn sign(self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { sign }
    }

    /// Text in lines that fit behind what takes so much room.
    pub(super) fn broken(self, text: &str, before: usize) -> Vec<String> {
        let line = self.text(Ink::Plain, text);
        let lines = wrapped(&line, self.columns.saturating_sub(before).max(before));
        lines.iter().map(|line| line.drawn(false).trim_end().to_owned()).collect()
    }

    /// Rows to come; labels take so much room.
    pub(super) fn sheet(self, label: usize) -> Sheet {
        Sheet { canvas: self, rows: Vec::new(), label }
    }

    /// How much is left of a span: the bar if there is room, the time, and the hour at which it ends.
    pub(super) fn time(self, begin: Option<Timestamp>, end: Timestamp, now: Timestamp) -> Line {
        let left = end.as_second().saturating_sub(now.as_second());
        let whole = begin.map_or(0, |begin| end.as_second().saturating_sub(begin.as_second()));
        let ink = match left {
            ..=0 => Ink::Of(Colour::Magenta),
            _ if left.saturating_mul(4) < whole => Ink::Of(Colour::Yellow),
            _ => Ink::Of(Colour::Green),
        };
        let span = clock::human(std::time::Duration::from_secs(left.unsigned_abs()));
        let hour = clock::hour(end, now);
        let said = match left {
            ..=0 => format!("ended {span} ago, {hour}"),
            _ => format!("{span} left, until {hour}"),
        };
        let bar = begin.filter(|_| self.columns >= ROOM_FOR_BARS);
        let bar = bar.map_or_else(Line::default, |_| self.bar(left, whole, ink).and(Line::space(2)));
        bar.and(self.text(Ink::Plain, &said))
    }

    fn bar(self, part: i64, whole: i64, ink: Ink) -> Line {
        let (part, whole) = (part.clamp(0, whole.max(0)), whole.max(1));
        // What is there is seen to be there.
        let full =
            usize::try_from((part.saturating_mul(BAR as i64) + whole - 1) / whole).unwrap_or(0).min(BAR);
        let (on, off) = (self.sign("━", "#"), self.sign("─", "-"));
        self.text(ink, &on.repeat(full)).and(self.text(Ink::Faint, &off.repeat(BAR - full)))
    }

    /// Lines in columns, each as wide as it has to be. What is too much is taken from the widest of those that can
    /// spare some.
    pub(super) fn columns(self, rows: &[Vec<Line>], can_spare: &[usize]) -> String {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or(0);
        let mut widths: Vec<_> = (0..count).map(widest).collect();
        let room = self.columns.saturating_sub(GAP * count.saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let of_those = widths.iter_mut().enumerate().filter(|(column, _)| can_spare.contains(column));
            match of_those.map(|(_, width)| width).max() {
                Some(widest) if *widest > 8 => *widest -= 1,
                _ => break,
            }
        }
        let line = |row: &Vec<Line>| {
            let mut whole = Line::default();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let cell = cut_within(cell, *width, self.ascii);
                let space = if column + 1 == row.len() { 0 } else { width - cell.width() + GAP };
                whole = whole.and(cell).and(Line::space(space));
            }
            cut(&whole, self.columns, self.ascii).drawn(self.colours) + "\n"
        };
        rows.iter().map(line).collect()
    }
}

impl Sheet {
    /// What something is, and who says so.
    pub(super) fn field(&mut self, label: &str, value: Line, place: Option<&str>) {
        self.row(self.label(label), value, place);
    }

    /// The same of a line that stands behind this.
    pub(super) fn row(&mut self, before: Line, line: Line, place: Option<&str>) {
        let place = self.canvas.text(Ink::Faint, place.unwrap_or_default());
        self.rows.push(Row::Pair(before, line, place));
    }

    /// Text of any length.
    pub(super) fn story(&mut self, label: &str, ink: Ink, text: &str) {
        let label = self.label(label);
        self.rows.push(Row::Text(label, ink, text.to_owned()));
    }

    /// Text of any length behind something that is as wide on each line.
    pub(super) fn beside(&mut self, before: Line, ink: Ink, text: &str) {
        self.rows.push(Row::Text(before, ink, text.to_owned()));
    }

    /// An empty line, unless the sheet is empty or ends in one.
    pub(super) fn gap(&mut self) {
        if self.rows.last().is_some_and(|row| !row.is_empty()) {
            self.row(Line::default(), Line::default(), None);
        }
    }

    fn label(&self, label: &str) -> Line {
        let text = self.canvas.text(Ink::Faint, label);
        let space = self.label.saturating_sub(text.width());
        text.and(Line::space(space))
    }

    /// The rows in a frame of this colour, with a title, and something at the other end of the frame.
    pub(super) fn card(mut self, colour: Option<Colour>, title: &Line, aside: &Line) -> String {
        while self.rows.last().is_some_and(Row::is_empty) {
            self.rows.pop();
        }
        let canvas = self.canvas;
        let frame = colour.map_or(Ink::Faint, Ink::Of);
        let widest =
            self.rows.iter().map(Row::width).chain([title.width() + aside.width() + 6]).max().unwrap_or(0);
        let inner = (widest + FRAME).max(CARD).min(canvas.columns) - FRAME;
        let draw = |text: &str| canvas.text(frame, text);
        let (across, side) = (canvas.sign("─", "-"), canvas.sign("│", "|"));
        let corners =
            [["╭", "+"], ["╮", "+"], ["╰", "+"], ["╯", "+"]].map(|[sign, ascii]| canvas.sign(sign, ascii));

        let aside = if aside.width() + 16 > inner { &Line::default() } else { aside };
        let aside = if aside.is_empty() {
            Line::default()
        } else {
            Line::space(1).and(aside.clone()).and(Line::space(1))
        };
        let title = cut(title, inner.saturating_sub(aside.width() + 1), canvas.ascii);
        let rest = inner.saturating_sub(title.width() + aside.width());
        let top = draw(&format!("{}{across}", corners[0]))
            .and(Line::space(1))
            .and(title)
            .and(Line::space(1))
            .and(draw(&across.repeat(rest)))
            .and(aside)
            .and(draw(&format!("{across}{}", corners[1])));
        let bottom = draw(&format!("{}{}{}", corners[2], across.repeat(inner + 4), corners[3]));
        let mut lines = vec![top];
        for row in &self.rows {
            for line in row.lines(inner, canvas.ascii) {
                let space = inner.saturating_sub(line.width());
                let before = draw(side).and(Line::space(2));
                lines.push(before.and(line).and(Line::space(space + 2)).and(draw(side)));
            }
        }
        lines.push(bottom);
        lines.iter().map(|line| line.drawn(canvas.colours) + "\n").collect()
    }
}

impl Row {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Pair(label, value, place) if [label, value, place].iter().all(|line| line.is_empty()))
    }

    fn width(&self) -> usize {
        match self {
            Self::Pair(label, value, place) if place.is_empty() => label.width() + value.width(),
            Self::Pair(label, value, place) => label.width() + value.width() + GAP + place.width(),
            Self::Text(before, _, text) => before.width() + Line::of(Ink::Plain, text, false).width(),
        }
    }

    fn lines(&self, inner: usize, ascii: bool) -> Vec<Line> {
        match self {
            Self::Pair(label, value, place) => {
                let before = label.width();
                let used = before + value.width();
                if used > inner {
                    let values = wrapped_by_words(value, inner.saturating_sub(before).max(1), ascii);
                    let first = |index| if index == 0 { label.clone() } else { label.continued() };
                    return values
                        .into_iter()
                        .enumerate()
                        .map(|(index, line)| first(index).and(line))
                        .collect();
                }
                let line = label.clone().and(value.clone());
                if place.is_empty() || used + GAP + place.width().min(SECOND) > inner {
                    return vec![line];
                }
                let place = cut_front(place, inner - used - GAP, ascii);
                vec![line.and(Line::space(inner - used - place.width())).and(place)]
            }
            Self::Text(before, ink, text) => {
                let indent = before.width();
                let texts = wrapped(&Line::of(*ink, text, ascii), inner.saturating_sub(indent).max(1));
                let first = |index| if index == 0 { before.clone() } else { before.continued() };
                texts.into_iter().enumerate().map(|(index, text)| first(index).and(text)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
