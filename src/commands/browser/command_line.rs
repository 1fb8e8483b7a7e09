//! Where an address stands in the browser's command line. A program gets it as it is; a shell would read it, and end it
//! at a `&`, or run what stands in it.

use crate::message::{Failure, shown};

/// What stands for the address.
const PLACE: &str = "%s";

/// These have a shell read their arguments once more.
const READ_AGAIN: [&str; 6] = ["ssh", "cmd", "cmd.exe", "powershell.exe", "pwsh", "pwsh.exe"];

/// The command line with the address in its places, or behind it.
pub(super) fn with(opener: &[String], address: &str) -> Result<Vec<String>, Failure> {
    let mut words = opener.to_vec();
    if !words.iter().any(|word| word.contains(PLACE)) {
        words.push(PLACE.to_owned());
    }
    let is_read_again = words.iter().any(|word| READ_AGAIN.contains(&program_name(word)));
    for at in 0..words.len() {
        let is_script = is_script(&words[at]) || (at > 0 && words[at - 1] == "-c");
        if is_script || is_read_again {
            check(&words[at], address)?;
        }
        words[at] = words[at].replace(PLACE, address);
    }
    Ok(words)
}

/// Puts flags before the place of the address: what stands in front may be a command that starts the browser.
pub(in crate::commands) fn with_flags<const N: usize>(
    mut opener: Vec<String>,
    flags: [String; N],
) -> Result<Vec<String>, Failure> {
    let place = opener.iter().position(|word| word.contains(PLACE)).unwrap_or(opener.len());
    if opener.get(place).is_some_and(|word| is_script(word)) {
        return Err(Failure::new(format!(
            "cannot give a profile to the browser: `{}` is one word of its command",
            shown(&opener[place])
        ))
        .hint("write it with words of its own, such as: sh -c 'chromium \"$@\"' sh %s"));
    }
    opener.splice(place..place, flags);
    Ok(opener)
}

fn program_name(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Whether a word with a place in it is a command line of its own, for a shell to read.
fn is_script(word: &str) -> bool {
    let reads = |c: char| c.is_whitespace() || "'\"`$;&|<>()".contains(c);
    word.contains(PLACE) && word.contains(reads)
}

/// Whether a shell that reads this word leaves the address as it is.
fn check(word: &str, address: &str) -> Result<(), Failure> {
    let mut read = Quotes::None;
    for (part, is_last) in parts(word) {
        read = part.chars().fold(read, Quotes::after);
        let unsafe_one = address.chars().find(|c| !read.keep(*c)).filter(|_| !is_last);
        if let Some(character) = unsafe_one {
            return Err(Failure::new(format!(
                "cannot give the address to the browser: a shell would read its `{}` in `{}`",
                shown(&character.to_string()),
                shown(word)
            ))
            .hint("put quotes round %s for that shell, or leave the shell out of the browser's command"));
        }
    }
    Ok(())
}

/// What stands before each place, and what behind the last.
fn parts(word: &str) -> impl Iterator<Item = (&str, bool)> {
    let last = word.matches(PLACE).count();
    word.split(PLACE).enumerate().map(move |(at, part)| (part, at == last))
}

/// Within what a shell reads.
#[derive(Clone, Copy)]
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

    /// Whether a character is itself there, in every shell.
    fn keep(self, c: char) -> bool {
        match self {
            Self::None => c.is_ascii_alphanumeric() || ":/.-_+,=%".contains(c),
            Self::Single | Self::Double => c.is_ascii_graphic() && !"'\"`$!\\".contains(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "http://127.0.0.1:1234/0a1b";
    const CONTAINER: &str = "ext+container:name=a%20b&url=http%3A%2F%2F127.0.0.1%3A1%2Fa";

    fn given(command: &str, address: &str) -> Result<Vec<String>, String> {
        let opener = shell_words::split(command).unwrap();
        with(&opener, address).map_err(|failure| failure.what)
    }

    #[test]
    fn a_program_is_given_the_address_as_it_is() {
        let strange = "https://x/?a=1&b='$(id)'";
        for (command, expected) in [
            ("firefox", &["firefox", strange][..]),
            ("firefox --new-tab %s --x", &["firefox", "--new-tab", strange, "--x"]),
            ("sh -c 'firefox \"$@\"' sh %s", &["sh", "-c", "firefox \"$@\"", "sh", strange]),
        ] {
            assert_eq!(given(command, strange).unwrap(), expected);
        }
        assert_eq!(given("x --app=%s", strange).unwrap()[1], format!("--app={strange}"));
    }

    #[test]
    fn what_a_shell_reads_holds_nothing_that_it_would_take_for_its_own() {
        for command in
            ["sh -c 'firefox %s'", "sh -c %s", "ssh desk firefox %s", "ssh desk firefox", "cmd.exe /c start"]
        {
            assert!(given(command, PLAIN).unwrap().concat().contains(PLAIN), "{command}");
            let why = given(command, CONTAINER).unwrap_err();
            assert!(why.contains("a shell would read its `&` in `"), "{command}: {why}");
        }
        for command in ["sh -c 'firefox \"%s\"'", "sh -c \"firefox '%s'\"", "ssh desk \"firefox '%s'\""] {
            assert!(given(command, CONTAINER).unwrap().concat().contains(CONTAINER), "{command}");
            for hostile in ["https://x/$(id)", "https://x/`id`", "https://x/'\"", "https://x/\\"] {
                assert!(given(command, hostile).is_err(), "{command} {hostile}");
            }
        }
        // The quotes are closed again.
        assert!(given("sh -c 'a \"b\" %s'", CONTAINER).is_err());
        assert!(given("sh -c 'a \"%s\" %s'", CONTAINER).is_err());
    }

    #[test]
    fn flags_stand_before_the_address_and_in_no_script() {
        let words = |text: &str| shell_words::split(text).unwrap();
        let flags = |opener: &str| with_flags(words(opener), ["--a".to_owned(), "--b".to_owned()]);
        assert_eq!(flags("chromium").unwrap(), words("chromium --a --b"));
        assert_eq!(flags("run chromium %s --x").unwrap(), words("run chromium --a --b %s --x"));
        assert!(flags("sh -c 'chromium %s'").is_err());
    }
}
