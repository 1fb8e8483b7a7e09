//! What a person reads when something fails: `awsenv: what: why`, then `awsenv: hint: what to do`.

use std::error::Error;
use std::{fmt, io};

/// Exit codes of every command but `exec` (which passes the command's own through).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Something failed.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A person is needed: sign in, MFA.
    PersonNeeded = 3,
    /// The directory's `.awsenv` is not allowed.
    NotAllowed = 4,
}

/// A failure with its remedy. It is the root of an [`anyhow::Error`]; context in front of it says on what.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed and why: lower case, no full stop, the file or profile named.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A plain failure, exit code 1.
    pub fn new(what: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, what: what.into(), hint: None }
    }

    /// The same failure with a remedy.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure with another exit code.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failure {}

/// The lines of an error, ready for stderr, and the exit code that goes with it.
pub fn render(error: &anyhow::Error) -> (String, Exit) {
    let mut text = format!("awsenv: {}\n", printable(&format!("{error:#}")));
    if let Some(hint) = hint(error) {
        text.push_str(&format!("awsenv: hint: {}\n", printable(hint)));
    }
    (text, exit(error))
}

/// The exit code that goes with an error.
pub fn exit(error: &anyhow::Error) -> Exit {
    error.chain().find_map(failure).map_or(Exit::Failed, |failure| failure.exit)
}

/// What to do about an error, if it says.
pub fn hint(error: &anyhow::Error) -> Option<&str> {
    error.chain().find_map(|cause| failure(cause)?.hint.as_deref())
}

/// Whoever speaks in [`io::Error`]s has it inside of one.
fn failure<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a Failure> {
    cause.downcast_ref().or_else(|| cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())
}

/// Escapes what could steer a terminal: C0, DEL, C1 and all that turns the direction of text, all on one line.
/// Everything from a file or the network passes here before it is shown (CWE-150).
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{061c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|c| if steers(c) { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

/// The known word nearest to `word`, if it is near enough to be a typing slip.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The nearest of the known words as a question, or all of them when none is near.
pub fn did_you_mean<'a>(word: &str, kind: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(&shown(word), known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{kind}: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// Text from outside, fit for one line of a message.
pub fn shown(text: &str) -> String {
    const ENOUGH: usize = 64;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => printable(&text[..end]) + "…",
        None => printable(text),
    }
}

/// A path, fit for a message; never cut short.
pub fn shown_path(path: &std::path::Path) -> String {
    printable(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn an_error_is_what_why_hint() {
        let error = Err::<(), _>(
            Failure::new("the SSO session corp has expired")
                .hint("run `awsenv login`")
                .exit(Exit::PersonNeeded),
        )
        .context("cannot use profile payments-dev")
        .unwrap_err();
        let (text, exit) = render(&error);
        assert_eq!(
            text,
            "awsenv: cannot use profile payments-dev: the SSO session corp has expired\nawsenv: hint: run `awsenv login`\n"
        );
        assert_eq!(exit, Exit::PersonNeeded);
    }

    #[test]
    fn a_hint_that_comes_in_an_io_error_is_given_too() {
        let failure = Failure::new("it is not yours").hint("ask for it");
        let error = Err::<(), _>(io::Error::other(failure)).context("cannot write x").unwrap_err();
        let text = "awsenv: cannot write x: it is not yours\nawsenv: hint: ask for it\n";
        assert_eq!(render(&error), (text.to_owned(), Exit::Failed));
    }

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\nc\u{202e}d\u{9b}é"), "a\\u{1b}[31mb\\nc\\u{202e}d\\u{9b}é");
        assert_eq!(printable("\u{61c}a"), "\\u{61c}a", "Unicode's whole Bidi_Control");
    }

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["profile", "region", "account"];
        assert_eq!(nearest("proflie", known), Some("profile"));
        assert_eq!(nearest("regoin", known), Some("region"));
        assert_eq!(nearest("banana", known), None);
    }

    #[test]
    fn a_hint_is_the_near_word_or_all_of_them() {
        let known = || ["profile", "region"].into_iter();
        assert_eq!(did_you_mean("proflie", "known keys", known()), "did you mean `profile`?");
        assert_eq!(did_you_mean("banana", "known keys", known()), "known keys: profile, region");
    }

    #[test]
    fn long_text_from_outside_is_cut() {
        assert_eq!(shown("dev\n"), "dev\\n");
        assert_eq!(shown(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
    }
}
