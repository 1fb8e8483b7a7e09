//! What a prompt shows of its shell: whose credentials are there and how long still, or what is missing. Only
//! text: who makes it has decided everything, and the shell adds the time that is left.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::guard::Abilities;
use super::runtime::Runtime;
use super::shell::{Drawn, Shell};
use crate::clock::{self, Timestamp};
use crate::env::Env;
use crate::message::{self, Exit};
use crate::settings::Colours;

/// How a shell stands. It is kept in `AWSENV_STATE`, for prompts that run a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// In a word.
    #[serde(rename = "s")]
    pub standing: Standing,
    /// Of whom.
    #[serde(rename = "n")]
    pub name: String,
    /// What people call the account.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// The end of the credentials that are there, in seconds since 1970.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The stage says that one has to be careful.
    #[serde(rename = "p", default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// What a person has to run.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// How it stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Credentials, and all is well.
    Fresh,
    /// The next ones are on their way; the last ones may still serve.
    Renewing,
    /// Somebody has to sign in or give a code.
    Person,
    /// There are none, for another reason.
    Failed,
    /// A file that nobody has allowed, as it is.
    NotAllowed,
}

/// Who reads the text: each escapes in its own way what has no width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Text alone.
    Plain,
    /// A terminal.
    Terminal,
    /// A shell that draws it as part of its prompt.
    Prompt(Shell),
}

/// How it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    reader: Reader,
    colours: bool,
    ascii: bool,
}

impl Look {
    /// As the user's settings, terminal and locale have it.
    pub fn of(reader: Reader, env: &Env, colours: Colours) -> Self {
        let dumb = env.text("TERM").is_some_and(|term| term == "dumb");
        let colours = reader != Reader::Plain
            && match colours {
                Colours::Always => true,
                Colours::Never => false,
                Colours::Auto => env.text("NO_COLOR").is_none() && !dumb,
            };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.text(name)).unwrap_or("C");
        let utf8 = ["UTF-8", "utf8", "utf-8", "UTF8"].iter().any(|name| locale.ends_with(name));
        // The console of Linux has no more than 512 characters.
        let ascii = !utf8 || env.text("TERM").is_some_and(|term| term == "linux");
        Self { reader, colours, ascii }
    }

    /// Whether there are any.
    pub fn has_colours(self) -> bool {
        self.colours
    }

    /// Whether there are no characters but those of ASCII.
    pub fn is_ascii(self) -> bool {
        self.ascii
    }

    /// Text that no shell, theme or terminal reads as anything else: a name may come from somebody else's file.
    fn harmless(self, text: &str) -> String {
        let is_harmless = |c: char| c.is_alphanumeric() || " _-/.%@:+=,~…↻".contains(c);
        let text: String = text.chars().map(|c| if is_harmless(c) { c } else { '?' }).collect();
        match self.reader {
            Reader::Prompt(shell) => shell.dialect().literal(text),
            Reader::Plain | Reader::Terminal => text,
        }
    }

    /// Around what is drawn in a colour; only the foreground changes, so that it fits into any prompt.
    fn ink(self, colour: Colour) -> (String, String) {
        let code = colour as u8;
        let escape = |code: u8| match self.reader {
            Reader::Plain => String::new(),
            Reader::Prompt(shell) => shell.dialect().ink(code),
            Reader::Terminal => format!("\x1b[{code}m"),
        };
        if self.colours { (escape(code), escape(39)) } else { (String::new(), String::new()) }
    }
}

/// The foreground colours of ECMA-48.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Somebody has to be careful.
    Red = 31,
    /// All is well.
    Green = 32,
    /// Something is on its way.
    Yellow = 33,
    /// A file that nobody has allowed.
    Blue = 34,
    /// Something is missing.
    Magenta = 35,
}

impl Segment {
    /// Somebody's, in this standing.
    pub fn new(standing: Standing, name: impl Into<String>) -> Self {
        Self { standing, name: name.into(), account_name: None, until: None, protected: false, run: None }
    }

    /// Its account has this name, which its own may say already.
    pub fn in_account(mut self, name: Option<String>) -> Self {
        let bare = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
        self.account_name = name.filter(|name| !bare(&self.name).contains(&bare(name)));
        self
    }

    /// Of a file that does not count.
    pub fn not_allowed() -> Self {
        Self::new(Standing::NotAllowed, super::directory::NAME)
    }

    /// Of an error that leaves a directory without credentials.
    pub fn of_error(error: &anyhow::Error, name: Option<String>) -> Self {
        let name = name.unwrap_or_else(|| super::directory::NAME.to_owned());
        match message::exit(error) {
            Exit::NotAllowed => Self::not_allowed(),
            Exit::PersonNeeded => Self::person(name, message::hint(error)),
            Exit::Failed | Exit::Usage => Self::new(Standing::Failed, name),
        }
    }

    /// Somebody has to do what the hint says.
    pub fn person(name: impl Into<String>, hint: Option<&str>) -> Self {
        let run = hint.and_then(|hint| hint.strip_prefix("run `")?.split('`').next());
        let run = run.unwrap_or("awsenv refresh").to_owned();
        Self { run: Some(run), ..Self::new(Standing::Person, name) }
    }

    /// What an environment says that no hook has made, as `exec` does.
    pub fn of_variables(env: &Env) -> Option<Self> {
        let until = env.text("AWSENV_EXPIRATION").and_then(|text| text.parse().ok());
        let protected = env.text("AWSENV_PROTECTED").is_some();
        Some(Self { until, protected, ..Self::new(Standing::Fresh, env.text("AWSENV_PROFILE")?) })
    }

    /// The whole text, at this moment.
    pub fn text(&self, look: Look, now: Timestamp) -> String {
        let (before, after) = self.parts(look);
        let left = self.until.map(|until| u64::try_from(until.saturating_sub(now.as_second())).unwrap_or(0));
        match left {
            Some(left) => format!("{before} {}{after}", clock::human(Duration::from_secs(left))),
            None => before + &after,
        }
    }

    /// What it is drawn in, wherever it is drawn.
    pub fn colour(&self) -> Colour {
        match self.standing {
            _ if self.protected => Colour::Red,
            Standing::Fresh => Colour::Green,
            Standing::Renewing => Colour::Yellow,
            Standing::Person | Standing::Failed => Colour::Magenta,
            Standing::NotAllowed => Colour::Blue,
        }
    }

    /// What stands before and after the time that is left.
    fn parts(&self, look: Look) -> (String, String) {
        let (on, off) = look.ink(self.colour());
        let mark = if self.protected { "*" } else { "" };
        let account = self.account_name.as_deref().map(|name| format!(" ({})", look.harmless(name)));
        let tail = match (self.standing, self.until, look.ascii) {
            (Standing::Fresh, ..) => String::new(),
            (Standing::Renewing, Some(_), false) => "↻".to_owned(),
            (Standing::Renewing, Some(_), true) => "~".to_owned(),
            (Standing::Renewing, None, false) => " …".to_owned(),
            (Standing::Renewing, None, true) => " ...".to_owned(),
            (Standing::Person, ..) => format!(": {}", self.run.as_deref().unwrap_or("awsenv status")),
            (Standing::Failed, ..) => ": awsenv status".to_owned(),
            (Standing::NotAllowed, ..) => " not allowed".to_owned(),
        };
        let name = format!("{on}{}{mark}{}", look.harmless(&self.name), account.unwrap_or_default());
        (name, format!("{}{off}", look.harmless(&tail)))
    }
}

/// What the shell function `awsenv_prompt` puts together, as statements: the text before and after the time that
/// is left, and the end that this is counted from. `runtime` is where a shell without a clock finds a file to tell the time by.
pub fn statements(
    segment: Option<&Segment>,
    look: Look,
    abilities: Abilities,
    now: Timestamp,
    runtime: Option<&Runtime>,
) -> Vec<u8> {
    let (before, after) = segment.map(|segment| segment.parts(look)).unwrap_or_default();
    let until = segment.and_then(|segment| segment.until);
    abilities.shell.segment(&Drawn { before, after, until, now: now.as_second(), runtime }, abilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_348_800;

    fn look(reader: Reader, variables: &[(&str, &str)]) -> Look {
        Look::of(reader, &variables.iter().copied().collect(), Colours::Auto)
    }

    fn text(segment: &Segment, look: Look) -> String {
        segment.text(look, Timestamp::from_second(NOW).unwrap())
    }

    fn dev(standing: Standing, left: Option<i64>) -> Segment {
        Segment { until: left.map(|left| NOW + left), ..Segment::new(standing, "dev") }
    }

    #[test]
    fn each_standing_has_its_words() {
        let (utf8, ascii) = (look(Reader::Plain, &[("LANG", "C.UTF-8")]), look(Reader::Plain, &[]));
        let person = |left| Segment { run: Some("awsenv login".into()), ..dev(Standing::Person, left) };
        for (segment, with_utf8, with_ascii) in [
            (dev(Standing::Fresh, Some(3599)), "dev 59m", "dev 59m"),
            (dev(Standing::Fresh, Some(3600 * 7 + 59)), "dev 7h00m", "dev 7h00m"),
            (dev(Standing::Fresh, None), "dev", "dev"),
            (dev(Standing::Renewing, Some(540)), "dev 9m↻", "dev 9m~"),
            (dev(Standing::Renewing, None), "dev …", "dev ..."),
            (person(Some(59)), "dev 59s: awsenv login", "dev 59s: awsenv login"),
            (person(None), "dev: awsenv login", "dev: awsenv login"),
            (dev(Standing::Failed, None), "dev: awsenv status", "dev: awsenv status"),
            (dev(Standing::Fresh, Some(-5)), "dev 0s", "dev 0s"),
            (Segment { protected: true, ..dev(Standing::Fresh, None) }, "dev*", "dev*"),
            (
                dev(Standing::Renewing, Some(540)).in_account(Some("Acme (1) 💥".into())),
                "dev (Acme ?1? ?) 9m↻",
                "dev (Acme ?1? ?) 9m~",
            ),
            (dev(Standing::Fresh, None).in_account(Some("D. E. V".into())), "dev", "dev"),
            (Segment::not_allowed(), ".awsenv not allowed", ".awsenv not allowed"),
        ] {
            assert_eq!([text(&segment, utf8), text(&segment, ascii)], [with_utf8, with_ascii]);
        }
    }

    #[test]
    fn each_reader_is_told_what_has_no_width() {
        let fresh = dev(Standing::Fresh, Some(60));
        for (reader, expected) in [
            (Reader::Plain, "dev 1m"),
            (Reader::Terminal, "\x1b[32mdev 1m\x1b[39m"),
            (Reader::Prompt(Shell::Bash), "\x01\x1b[32m\x02dev 1m\x01\x1b[39m\x02"),
            (Reader::Prompt(Shell::Zsh), "%{\x1b[32m%}dev 1m%{\x1b[39m%}"),
            (Reader::Prompt(Shell::Fish), "\x1b[32mdev 1m\x1b[39m"),
        ] {
            assert_eq!(text(&fresh, look(reader, &[("TERM", "xterm")])), expected);
            assert_eq!(text(&fresh, look(reader, &[("NO_COLOR", "1")])), "dev 1m");
            assert_eq!(text(&fresh, look(reader, &[("TERM", "dumb")])), "dev 1m");
        }
        let protected = Segment { protected: true, ..fresh };
        assert_eq!(text(&protected, look(Reader::Terminal, &[])), "\x1b[31mdev* 1m\x1b[39m");
        let asked = Look::of(Reader::Terminal, &Env::default(), Colours::Never);
        assert_eq!(text(&protected, asked), "dev* 1m");
    }

    #[test]
    fn a_hostile_name_is_nothing_but_a_name() {
        let hostile = Segment::new(Standing::Fresh, "a%F{red}$(id)`id`\\u\x1b[31m\n!'\"é");
        let shown = "a%F?red???id??id??u??31m????é";
        for reader in [Reader::Plain, Reader::Prompt(Shell::Bash), Reader::Prompt(Shell::Fish)] {
            assert_eq!(text(&hostile, look(reader, &[("TERM", "dumb")])), shown);
        }
        let zsh = look(Reader::Prompt(Shell::Zsh), &[("TERM", "dumb")]);
        assert_eq!(text(&hostile, zsh), shown.replace('%', "%%"));
    }

    #[test]
    fn a_shell_counts_by_the_clock_that_it_has() {
        let fresh = dev(Standing::Fresh, Some(100));
        let now = Timestamp::from_second(NOW).unwrap();
        for (shell, version, expected) in [
            (Shell::Bash, "5.2.15", "__awsenv_before='dev' __awsenv_until=1795348900 __awsenv_after=''\n"),
            (
                Shell::Bash,
                "4.1.0",
                "__awsenv_before='dev' __awsenv_until=$((${SECONDS:-0}+100)) __awsenv_after=''\n",
            ),
            (Shell::Zsh, "5.9", "__awsenv_before='dev' __awsenv_until=1795348900 __awsenv_after=''\n"),
            (
                Shell::Fish,
                "3.6.0",
                "set -g __awsenv_before 'dev'; set -g __awsenv_after ''; set -g __awsenv_age -100; \
                 set -g __awsenv_end \n",
            ),
        ] {
            let plain = look(Reader::Prompt(shell), &[("NO_COLOR", "1")]);
            let text = statements(Some(&fresh), plain, Abilities::of(shell, version, 1), now, None);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }
}
