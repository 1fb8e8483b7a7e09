//! Edits of an AWS file that leave everything else as it is, byte for byte: comments, order, blanks, line endings.
//! Text in, text out; whoever calls reads and writes the file. Lines are taken as the SDK's parser takes them.

use super::locator::{File, Line, Meaning, Section};

/// The text without these keys (in lower case) of a section, wherever and however it is spelled. A value goes with
/// all of its lines; what stands between them stays.
pub fn without(text: &str, file: File, section: Section<'_>, keys: &[&str]) -> String {
    // As large as it can get: what is left out may be secret, and a buffer that moved would not be wiped.
    let mut rest = String::with_capacity(text.len());
    let mut goes = false;
    for (line, read, is_inside) in lines(text, file, section) {
        goes = match read {
            Line::Header(_) => false,
            Line::Property { key, .. } => {
                is_inside && keys.iter().any(|known| key.eq_ignore_ascii_case(known))
            }
            Line::Continuation(_) | Line::Nothing => goes,
        };
        if !goes || read == Line::Nothing {
            rest.push_str(line);
        }
    }
    rest
}

/// Every line on which a section sets a key, the first being 1, and what is set there. The last one counts.
pub fn settings<'a>(text: &'a str, file: File, section: Section<'_>, key: &str) -> Vec<(usize, &'a str)> {
    let set = |(number, (_, line, is_inside))| match line {
        Line::Property { key: found, value } if is_inside && found.eq_ignore_ascii_case(key) => {
            Some((number, value))
        }
        _ => None,
    };
    (1..).zip(lines(text, file, section)).filter_map(set).collect()
}

/// Each line with its ending, as it is read, and whether it belongs to the section.
fn lines<'a>(
    text: &'a str,
    file: File,
    section: Section<'_>,
) -> impl Iterator<Item = (&'a str, Line<'a>, bool)> {
    let mut is_inside = false;
    text.split_inclusive('\n').map(move |line| {
        let read = Line::read(line.lines().next().unwrap_or_default());
        if let Line::Header(spelling) = read {
            is_inside = Meaning::of(spelling, file).is_some_and(|meaning| meaning.section == section);
        }
        (line, read, is_inside)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::profile::config::SharedConfig;
    use crate::profile::config::tests::files;
    use crate::secret::Secret;

    const KEYS: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];

    fn profile(name: &str) -> Section<'_> {
        Section { kind: "profile", name }
    }

    #[test]
    fn only_the_keys_go() {
        let text = "# mine\r\n[dev]   ; comment\r\n AWS\r\n";
        assert_eq!(without(text, File::Credentials, profile("dev"), &KEYS), text);
        let text = "\
# first, a comment = with an equals sign

[ dev ] # dev
 \t
region=eu-west-1
AWS_Access_Key_Id   =\tAKIADEV   # mine
; between
aws_secret_access_key=dev/secret
\t
  more
# after
output = json\r
[other]
aws_access_key_id = AKIAOTHER
[dev]
aws_secret_access_key = older";
        assert_eq!(
            without(text, File::Credentials, profile("dev"), &KEYS),
            "\
# first, a comment = with an equals sign

[ dev ] # dev
 \t
region=eu-west-1
; between
\t
# after
output = json\r
[other]
aws_access_key_id = AKIAOTHER
[dev]
"
        );
        assert_eq!(
            settings(text, File::Credentials, profile("dev"), "aws_secret_access_key"),
            [(8, "dev/secret"), (16, "older")]
        );
    }

    #[test]
    fn a_header_means_what_its_file_says() {
        let text = "[profile dev]\nregion = a\n[dev]\nregion = b\n[default]\nregion = c\n";
        let without = |file, name| without(text, file, profile(name), &["region"]);
        assert_eq!(without(File::Config, "dev"), "[profile dev]\n[dev]\nregion = b\n[default]\nregion = c\n");
        assert_eq!(
            without(File::Credentials, "dev"),
            "[profile dev]\nregion = a\n[dev]\n[default]\nregion = c\n"
        );
        assert_eq!(
            without(File::Config, "default"),
            "[profile dev]\nregion = a\n[dev]\nregion = b\n[default]\n"
        );
    }

    /// All that a text says, by the SDK's parser.
    fn said(config: &SharedConfig) -> BTreeMap<(String, String), String> {
        let all = config.profiles().into_iter().flat_map(|name| {
            let profile = config.raw_profile(name).unwrap();
            KEYS.into_iter().chain(["region", "s3", "output"]).filter_map(move |key| {
                Some(((name.to_owned(), key.to_owned()), profile.get(key)?.to_owned()))
            })
        });
        all.collect()
    }

    /// A fixed sequence (Numerical Recipes' constants), so that a failure comes again.
    #[test]
    fn the_parser_agrees_on_all_that_stays_and_no_other_byte_is_touched() {
        const LINES: [&str; 22] = [
            "[dev]",
            "[ dev\t]# c",
            "[dev];",
            "[default]",
            "[profile dev]",
            "[default] # aws_access_key_id = x",
            "aws_access_key_id = AKIA1",
            "AWS_ACCESS_KEY_ID=AKIA2 # c",
            "aws_access_key_id\t=",
            "aws_secret_access_key = a=b",
            "Aws_Secret_Access_Key   =  x ; c",
            "region = eu-west-1",
            "region=",
            "s3 =",
            "  nested = 1",
            "\taws_access_key_id = nested",
            "# aws_access_key_id = commented",
            "; c",
            "",
            " \t ",
            "  more",
            "output = json",
        ];
        let mut random = crate::profile::repeatable();
        let (mut accepted, mut removed) = (0, 0);
        for _ in 0..6000 {
            let mut text = String::from("[dev]");
            for _ in 0..random(12) {
                text.push_str(["\n", "\r\n"][random(2)]);
                text.push_str(LINES[random(LINES.len())]);
            }
            text.push_str(["", "\n", "\r\n"][random(3)]);
            for file in [File::Credentials, File::Config] {
                let parse = |text: &str| {
                    let (text, none) = (Secret::new(text), Secret::new(""));
                    match file {
                        File::Config => SharedConfig::parse(text, none, &files()),
                        File::Credentials => SharedConfig::parse(none, text, &files()),
                    }
                };
                let Ok(before) = parse(&text) else { continue };
                let edited = without(&text, file, profile("dev"), &KEYS);
                let after = parse(&edited).unwrap_or_else(|error| panic!("{text:?} {edited:?}: {error:#}"));
                let mut stays = said(&before);
                stays.retain(|(name, key), _| name != "dev" || !KEYS.contains(&key.as_str()));
                assert_eq!(said(&after), stays, "{text:?} {edited:?}");
                assert_eq!(after.profiles(), before.profiles(), "{text:?} {edited:?}");
                // Every line that stays is one of the text's, in their order; what goes is part of a value.
                let mut rest = edited.split_inclusive('\n').peekable();
                for line in text.split_inclusive('\n') {
                    if rest.next_if_eq(&line).is_none() {
                        assert!(
                            line.to_ascii_lowercase().starts_with("aws_") || line.starts_with([' ', '\t'])
                        );
                        removed += 1;
                    }
                }
                assert_eq!(rest.next(), None, "{text:?} {edited:?}");
                accepted += 1;
            }
        }
        assert!(
            accepted > 1000 && removed > 1000,
            "{accepted} texts, {removed} lines are too few to say much"
        );
    }
}
