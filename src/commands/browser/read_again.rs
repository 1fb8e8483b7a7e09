//! Which words of a command line are read once more, and by what: the script behind a shell's `-c`, and all that ssh, cmd
//! and their likes put together to one line. Only quotes that are simple to understand count; in doubt, none.

use super::command_line::PLACE;

/// What reads a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// `sh` and its likes.
    Shell,
    /// It has other quotes.
    PowerShell,
    /// It has no quotes that hold everything back.
    Cmd,
}

/// These make one line of their words, and have it read.
const JOIN: [(&str, Reader); 13] = [
    ("ssh", Reader::Shell),
    ("autossh", Reader::Shell),
    ("slogin", Reader::Shell),
    ("rsh", Reader::Shell),
    ("mosh", Reader::Shell),
    ("et", Reader::Shell),
    ("plink", Reader::Shell),
    ("dbclient", Reader::Shell),
    ("wsl", Reader::Shell),
    ("eval", Reader::Shell),
    ("powershell", Reader::PowerShell),
    ("pwsh", Reader::PowerShell),
    ("cmd", Reader::Cmd),
];

/// These read one of their words.
const SHELLS: [&str; 17] = [
    "sh", "bash", "dash", "ash", "busybox", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "elvish", "xonsh",
    "nu", "su", "runuser", "xargs",
];

/// These start what stands behind them.
const START_ANOTHER: [&str; 16] = [
    "env",
    "sudo",
    "doas",
    "nohup",
    "nice",
    "ionice",
    "setsid",
    "stdbuf",
    "timeout",
    "time",
    "exec",
    "command",
    "flatpak",
    "run",
    "flatpak-spawn",
    "systemd-run",
];

/// What a reader reads, in one.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    reader: Reader,
    /// A reader behind the first one takes quotes away.
    is_read_twice: bool,
}

/// All lines that are read again.
pub(super) fn lines(words: &[String]) -> Vec<Line> {
    match joining(words) {
        None => scripts(words),
        Some((at, reader)) => {
            let mut lines = scripts(&words[..at]);
            lines.push(Line { text: words[at + 1..].join(" "), reader, is_read_twice: false });
            lines
        }
    }
}

/// The program that puts all words behind it together, and where it stands: first, or behind others that start it.
fn joining(words: &[String]) -> Option<(usize, Reader)> {
    let mut may_be_value = false;
    for (at, word) in words.iter().enumerate() {
        if let Some(reader) = names(word).find_map(|name| joins(&name)) {
            return Some((at, reader));
        }
        let is_option = word.starts_with('-');
        let is_passed = is_option
            || may_be_value
            || word.contains('=')
            || word.starts_with(|c: char| c.is_ascii_digit())
            || names(word).any(|name| START_ANOTHER.contains(&name.as_str()));
        if !is_passed {
            return None;
        }
        may_be_value = is_option;
    }
    None
}

fn joins(name: &str) -> Option<Reader> {
    JOIN.iter().find(|(known, _)| *known == name).map(|(_, reader)| *reader)
}

fn scripts(words: &[String]) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut script, mut is_read_twice) = (None, false);
    for (at, word) in words.iter().enumerate() {
        let is_behind_c = is_behind_c(words, at);
        if is_behind_c || is_read_twice || is_script(word) {
            lines.push(Line { text: word.clone(), reader: Reader::Shell, is_read_twice });
        }
        // A script hands its arguments on; the first of them is its own name.
        is_read_twice |= (is_behind_c || script.is_some_and(|script| at > script + 1)) && has_reader(word);
        script = script.or(is_behind_c.then_some(at));
    }
    lines
}

/// Whether a shell runs this word: `-c`, `-lc`, `-c -l`.
pub(super) fn is_behind_c(words: &[String], at: usize) -> bool {
    let is_c = |word: &String| {
        word == "--command"
            || word.strip_prefix('-').is_some_and(|letters| {
                letters.ends_with('c') && letters.chars().all(|c| c.is_ascii_alphabetic())
            })
    };
    !words[at].starts_with('-') && words[..at].iter().rev().take_while(|word| word.starts_with('-')).any(is_c)
}

/// Whether a word with a place in it is a command line of its own, for a shell to read.
pub(super) fn is_script(word: &str) -> bool {
    let reads = |c: char| c.is_whitespace() || "'\"`$;&|<>()".contains(c);
    word.contains(PLACE) && word.contains(reads)
}

/// The programs that a word may name: without a path and `.exe`, in small letters, since Windows knows no others.
pub(in crate::commands) fn names(word: &str) -> impl Iterator<Item = String> {
    let words = word.split(|c: char| c.is_whitespace() || "'\"`$;&|<>(){}=,@".contains(c));
    words.filter(|word| !word.is_empty()).map(|word| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
        name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
    })
}

fn has_reader(text: &str) -> bool {
    names(text).any(|name| SHELLS.contains(&name.as_str()) || joins(&name).is_some())
}

impl Line {
    /// The first character of an address that its reader would take for its own, in any of its places.
    pub(super) fn taken_of(&self, address: &str) -> Option<char> {
        let mut quotes = Quotes::None;
        let places = self.text.matches(PLACE).count();
        self.text.split(PLACE).take(places).find_map(|before| {
            if self.has_simple_quotes() {
                quotes = before.chars().fold(quotes, Quotes::after);
            }
            address.chars().find(|c| !self.keeps(*c, quotes))
        })
    }

    /// Whether what a quote means there is plain to see: nothing is read twice, and nothing lifts a quote or begins
    /// another line within.
    pub(super) fn has_simple_quotes(&self) -> bool {
        let lifts = |c: char| c.is_control() || "\\`(){}#<".contains(c);
        let own = match self.reader {
            Reader::Shell => true,
            Reader::PowerShell => !self.text.contains('"'),
            Reader::Cmd => false,
        };
        own && !self.is_read_twice && !self.text.contains(lifts) && !has_reader(&self.text)
    }

    /// Whether a character is itself there.
    fn keeps(&self, c: char, quotes: Quotes) -> bool {
        match quotes {
            Quotes::None if self.reader == Reader::Shell => {
                c.is_ascii_alphanumeric() || ":/.-_+,=%".contains(c)
            }
            Quotes::None => c.is_ascii_alphanumeric() || ":/.-_+=".contains(c),
            Quotes::Single | Quotes::Double => c.is_ascii_graphic() && !"'\"`$!\\".contains(c),
        }
    }
}

/// Within what a shell reads.
#[derive(Clone, Copy, Debug)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Quotes {
    fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::None, '\'') => Self::Single,
            (Self::None, '"') => Self::Double,
            (Self::Single, '\'') | (Self::Double, '"') => Self::None,
            (quotes, _) => quotes,
        }
    }
}
