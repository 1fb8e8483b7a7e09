//! Whatever the text: an error with its line, never a panic, and nothing that steers the terminal.

use super::*;

#[test]
fn a_file_has_an_end() {
    let comment = |length: usize| format!("#{}", "x".repeat(length - 1));
    assert!(parse(&comment(64 * 1024)).is_ok());
    assert_eq!(complaint(parse(&comment(64 * 1024 + 1))), "acme/.awsenv: longer than 64 KiB");
}

#[test]
fn a_deep_file_ends_in_an_error_and_not_in_the_stack() {
    let keys = vec!["a"; 30_000].join(".");
    for text in [format!("{keys} = 1"), format!("[{keys}]"), format!("a = {}", "[".repeat(60_000))] {
        assert!(parse(&text).is_err());
    }
}

#[test]
fn long_and_hostile_names_are_cut_and_escaped() {
    let text = format!("\"\\u202e{}\" = 1", "x".repeat(10_000));
    let expected = format!("acme/.awsenv:1: \\u{{202e}}{}…: unknown key\n", "x".repeat(63));
    assert!(complaint(parse(&text)).starts_with(&expected));
    let path = Path::new("a\u{1b}[2J/.awsenv");
    let error = EnvFile::parse("x = 1", path, Path::new("/")).unwrap_err();
    assert_eq!(format!("{error:#}"), "a\\u{1b}[2J/.awsenv:1: x: unknown key");
}

#[test]
fn no_damage_to_a_file_is_a_panic_or_steers_the_terminal() {
    let harmless = |text: &str| {
        if let Err(error) = parse(text) {
            let message = complaint::<()>(Err(error));
            assert!(!message.replacen('\n', "", 1).contains(char::is_control), "{message:?} of\n{text}");
        }
    };
    for sample in [PROFILE, SSO, KEYS, ROLES_ANYWHERE] {
        for end in 0..sample.len() {
            harmless(&sample[..end]);
            for nasty in ["", "\0", "\x1b", "\n", "\"", "'", "\\", "[", "=", ".", "7", "\u{9b}"] {
                harmless(&format!("{}{nasty}{}", &sample[..end], &sample[end + 1..]));
            }
        }
    }
}

#[test]
fn control_characters_are_refused_and_shown_escaped() {
    refused(&[
        ("profile = \"a\\u007fb\"", "acme/.awsenv:1: profile: control character \\u{7f} in the text"),
        ("profile = \"a\\u009bb\"", "acme/.awsenv:1: profile: control character \\u{9b} in the text"),
        ("profile = '\u{85}'", "acme/.awsenv:1: profile: control character \\u{85} in the text"),
        ("profile = \"a\\nb\"", "acme/.awsenv:1: profile: control character \\n in the text"),
        ("[env]\nTF = \"a\\tb\"", "acme/.awsenv:2: env.TF: control character \\t in the text"),
        ("[env]\nTF = \"a\\u0000b\"", "acme/.awsenv:2: env.TF: control character \\u{0} in the text"),
        (
            "[env]\n\"T\\u001bF\" = \"a\"",
            "acme/.awsenv:2: env.T\\u{1b}F: refused: a variable's name is letters, digits and _, and begins with no digit",
        ),
        ("[stage.\"a\\nb\"]", "acme/.awsenv:1: stage.a\\nb: a name is letters, digits or any of _-/.%@:+"),
    ]);
}
