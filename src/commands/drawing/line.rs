//! A line in pieces, each with its ink: how wide it is on a terminal, and what is left of it where that is too much.

use unicode_width::UnicodeWidthChar as _;

use crate::message::printable;
use crate::prompt::segment::Colour;

/// A space at which no line ends.
pub(in crate::commands) const TIGHT: char = '\u{a0}';

/// What a piece is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Ink {
    /// As the terminal does.
    Plain,
    /// What the eye has to find.
    Strong,
    /// What it may pass over.
    Faint,
    /// In a colour.
    Of(Colour),
    /// In a colour, to be found.
    StrongOf(Colour),
}

/// Pieces of text that can do nothing to a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::commands) struct Line(Vec<(Ink, String)>);

impl Ink {
    fn begin(self) -> String {
        match self {
            Self::Plain => String::new(),
            Self::Strong => "\x1b[1m".to_owned(),
            Self::Faint => "\x1b[2m".to_owned(),
            Self::Of(colour) => format!("\x1b[{}m", colour as u8),
            Self::StrongOf(colour) => format!("\x1b[1;{}m", colour as u8),
        }
    }
}

impl Line {
    /// One piece. `ascii`: the terminal has no other characters.
    pub(super) fn of(ink: Ink, text: &str, ascii: bool) -> Self {
        let text = printable(text);
        let text = if ascii { text.chars().map(plainly).collect() } else { text };
        if text.is_empty() { Self::default() } else { Self(vec![(ink, text)]) }
    }

    /// So much of nothing.
    pub(in crate::commands) fn space(width: usize) -> Self {
        Self::of(Ink::Plain, &" ".repeat(width), false)
    }

    /// This and that behind it.
    pub(in crate::commands) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// How many cells it takes.
    pub(in crate::commands) fn width(&self) -> usize {
        self.chars().map(|(_, c)| cells(c)).sum()
    }

    pub(in crate::commands) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands below it where the text beside it goes on: the lines that lead down, and nothing else.
    pub(super) fn continued(&self) -> Self {
        let below = |c: char| if matches!(c, '│' | '|') { c.to_string() } else { " ".repeat(cells(c)) };
        Self(self.0.iter().map(|(ink, text)| (*ink, text.chars().map(below).collect())).collect())
    }

    /// With the escapes of its inks, if it shall have any. A space that holds words together is one like any other.
    pub(super) fn drawn(&self, colours: bool) -> String {
        let piece = |(ink, text): &(Ink, String)| match *ink {
            ink if colours && ink != Ink::Plain => format!("{}{text}\x1b[0m", ink.begin()),
            _ => text.clone(),
        };
        self.0.iter().map(piece).collect::<String>().replace(TIGHT, " ")
    }

    fn chars(&self) -> impl DoubleEndedIterator<Item = (Ink, char)> {
        self.0.iter().flat_map(|(ink, text)| text.chars().map(|c| (*ink, c)))
    }
}

impl FromIterator<(Ink, char)> for Line {
    fn from_iter<T: IntoIterator<Item = (Ink, char)>>(chars: T) -> Self {
        let mut pieces: Vec<(Ink, String)> = Vec::new();
        for (ink, c) in chars {
            match pieces.last_mut().filter(|(last, _)| *last == ink) {
                Some((_, text)) => text.push(c),
                None => pieces.push((ink, c.to_string())),
            }
        }
        Self(pieces)
    }
}

/// As much of its beginning as fits.
pub(super) fn cut(line: &Line, width: usize, ascii: bool) -> Line {
    if line.width() <= width {
        return line.clone();
    }
    let mark = mark(width, ascii);
    let mut kept = first(line.chars(), width - cells_of(mark));
    let ink = kept.last().map_or(Ink::Plain, |(ink, _)| *ink);
    kept.extend(mark.chars().map(|c| (ink, c)));
    kept.into_iter().collect()
}

/// As much of its end as fits.
pub(super) fn cut_front(line: &Line, width: usize, ascii: bool) -> Line {
    if line.width() <= width {
        return line.clone();
    }
    let mark = mark(width, ascii);
    let mut kept = first(line.chars().rev(), width - cells_of(mark));
    let ink = kept.last().map_or(Ink::Plain, |(ink, _)| *ink);
    kept.extend(mark.chars().rev().map(|c| (ink, c)));
    kept.into_iter().rev().collect()
}

/// As much of both ends as fits: of a path or an ARN, the last part counts.
pub(super) fn cut_within(line: &Line, width: usize, ascii: bool) -> Line {
    if line.width() <= width {
        return line.clone();
    }
    let head = first(line.chars(), width / 2);
    let kept: usize = head.iter().map(|(_, c)| cells(*c)).sum();
    Line::from_iter(head).and(cut_front(line, width - kept, ascii))
}

/// Broken between words, and within those that are longer than a line.
pub(super) fn wrapped(line: &Line, width: usize) -> Vec<Line> {
    let mut lines: Vec<Vec<(Ink, char)>> = vec![Vec::new()];
    let mut used = 0;
    let chars: Vec<_> = line.chars().collect();
    for word in chars.split_inclusive(|(_, c)| *c == ' ') {
        let letters: usize = word.iter().filter(|(_, c)| *c != ' ').map(|(_, c)| cells(*c)).sum();
        if used > 0 && used + letters > width {
            lines.push(Vec::new());
            used = 0;
        }
        for &(ink, c) in word {
            let is_full = used + cells(c) > width;
            if is_full && c != ' ' {
                lines.push(Vec::new());
                used = 0;
            }
            if !is_full || c != ' ' {
                lines.last_mut().expect("it began with one").push((ink, c));
                used += cells(c);
            }
        }
    }
    lines.into_iter().map(Line::from_iter).collect()
}

/// Broken between words; of a longer one, a path or an ARN, as much of both ends as fits.
pub(super) fn wrapped_by_words(line: &Line, width: usize, ascii: bool) -> Vec<Line> {
    let chars: Vec<_> = line.chars().collect();
    let words = chars.split_inclusive(|(_, c)| *c == ' ').map(|word| {
        let letters = Line::from_iter(word.iter().copied().filter(|(_, c)| *c != ' '));
        let space = Line::from_iter(word.iter().copied().filter(|(_, c)| *c == ' '));
        cut_within(&letters, width, ascii).and(space)
    });
    wrapped(&words.fold(Line::default(), Line::and), width)
}

fn first(chars: impl Iterator<Item = (Ink, char)>, width: usize) -> Vec<(Ink, char)> {
    let mut left = width;
    let fits = |(_, c): &(Ink, char)| {
        let fits = cells(*c) <= left;
        left -= cells(*c).min(left);
        fits
    };
    chars.take_while(fits).collect()
}

/// Each by itself: terminals disagree on those that merge with their neighbours, and this is never too little.
fn cells(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn cells_of(text: &str) -> usize {
    text.chars().map(cells).sum()
}

fn mark(width: usize, ascii: bool) -> &'static str {
    match (ascii, width) {
        (_, 0) => "",
        (true, 1..=6) => "~",
        (true, _) => "...",
        (false, _) => "…",
    }
}

fn plainly(c: char) -> char {
    match c {
        ' '..='~' | TIGHT => c,
        '→' => '>',
        '…' | '↻' => '~',
        '·' => '-',
        '│' => '|',
        '‘' | '’' => '\'',
        _ => '?',
    }
}
