//! Where an address stands in the browser's command line. A program gets it as it is; a shell would read it, and end it
//! at a `&`, or run what stands in it.

use super::read_again::{is_behind_c, is_script, lines};
use crate::message::{Failure, shown};

/// What stands for the address.
pub(super) const PLACE: &str = "%s";

/// What hands the flags on, each in one piece.
const ALL_ARGUMENTS: &str = "\"$@\"";

/// The command line with the address in its places, or behind it.
pub(super) fn with(opener: &[String], address: &str) -> Result<Vec<String>, Failure> {
    let words = with_place(opener);
    for line in lines(&words) {
        if let Some(character) = line.taken_of(address) {
            let hint = match line.has_simple_quotes() {
                true => "put quotes round %s for that shell, or leave the shell out of the browser's command",
                false => {
                    "leave the shell out of the browser's command, or name a script of yours that starts it"
                }
            };
            return Err(Failure::new(format!(
                "cannot give the address to the browser: a shell would read its `{}` in `{}`",
                shown(&character.to_string()),
                shown(&line.text)
            ))
            .hint(hint));
        }
    }
    Ok(words.iter().map(|word| word.replace(PLACE, address)).collect())
}

fn with_place(opener: &[String]) -> Vec<String> {
    let mut words = opener.to_vec();
    if !words.iter().any(|word| word.contains(PLACE)) {
        words.push(PLACE.to_owned());
    }
    words
}

/// Puts flags before the place of the address: what stands in front may be a command that starts the browser.
pub(in crate::commands) fn with_flags<const N: usize>(
    opener: &[String],
    flags: [String; N],
) -> Result<Vec<String>, Failure> {
    let mut words = with_place(opener);
    let place = words.iter().position(|word| word.contains(PLACE)).unwrap_or(words.len() - 1);
    check_flags(&words[..=place], &flags)?;
    words.splice(place..place, flags);
    Ok(words)
}

/// Whether flags that stand before the last of these words come to the browser whole.
fn check_flags(words: &[String], flags: &[String]) -> Result<(), Failure> {
    let failure = |why: String| Failure::new(format!("cannot give a profile to the browser: {why}"));
    let with_words = "write it with words of its own, such as: sh -c 'chromium \"$@\"' sh %s";
    let place = words.len() - 1;
    if is_script(&words[place]) || is_behind_c(words, place) {
        let why = format!("`{}` is one word of its command", shown(&words[place]));
        return Err(failure(why).hint(with_words));
    }
    let mut scripts = (0..place).filter(|at| is_behind_c(words, *at)).map(|at| &words[at]);
    if let Some(script) = scripts.find(|script| !hands_all_on(script)) {
        let why = format!("`{}` does not hand all words on as they are", shown(script));
        return Err(failure(why).hint(with_words));
    }
    for line in lines(words) {
        let taken = flags.iter().find_map(|flag| Some((line.taken_of(flag)?, flag)));
        if let Some((character, flag)) = taken {
            let why = format!("a shell would read the `{character}` of `{}`", shown(flag));
            return Err(failure(why).hint("leave the shell out of the browser's command"));
        }
    }
    Ok(())
}

fn hands_all_on(script: &str) -> bool {
    let rest = script.replace(ALL_ARGUMENTS, "");
    script.contains(ALL_ARGUMENTS) && !["$@", "$*", "${@", "${*"].iter().any(|other| rest.contains(other))
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
            assert!(why.contains("a shell would read its `"), "{command}: {why}");
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
    fn what_is_read_twice_has_no_quotes_that_count() {
        for command in [
            "sh -c \"sh -c 'echo %s'\"",
            "su - me -c \"ssh desk 'firefox %s'\"",
            "sh -c \"echo it\\'s '%s'\"",
            "sh -c 'echo \"$(echo %s)\"'",
            "sh -c \"firefox '%s' # it's\"",
            "sh -c 'eval \"firefox %s\"'",
            "ssh desk \"sh -c 'firefox %s'\"",
            "ssh desk \"'a'\" firefox \"'a\" b \"'\" %s",
            "sh -c 'ssh desk firefox \"$@\"' sh %s",
            "sh -c '\"$@\"' sh ssh desk firefox %s",
            "cmd.exe /c \"start '%s'\"",
            "cmd.exe /c 'start \"%s\"'",
            "powershell.exe -c 'start \"%s\"'",
        ] {
            let why = given(command, CONTAINER).unwrap_err();
            assert!(why.contains("a shell would read its `"), "{command}: {why}");
            assert!(given(command, PLAIN).is_ok(), "{command}");
        }
        // Its words are one line: what one of them opens, another closes.
        assert!(given("ssh desk 'firefox \"' %s '\"'", CONTAINER).is_ok());
        assert!(given("powershell.exe -c \"start '%s'\"", CONTAINER).is_ok());
    }

    #[test]
    fn who_reads_again_is_known_by_its_place_and_not_by_its_spelling() {
        for command in [
            "bash -lc %s",
            "sh -ec %s",
            "/bin/bash -c -l %s",
            "fish --command %s",
            "powershell start",
            "CMD.EXE /c start",
            "/mnt/c/Windows/System32/Cmd.exe /c start",
            "autossh -M 0 desk firefox",
            "mosh desk firefox",
            "eval firefox",
            "env A=b ssh desk firefox",
            "sudo -u me ssh desk firefox",
            "nohup nice -n 5 ssh desk firefox",
            "flatpak run --command=ssh org.x desk",
            "env -S 'ssh desk' firefox",
        ] {
            assert!(given(command, CONTAINER).is_err(), "{command}");
            assert!(given(command, PLAIN).is_ok(), "{command}");
        }
        for command in [
            "firefox --profile /home/me/profiles/ssh",
            "env A=b firefox -P ssh",
            "flatpak run org.mozilla.firefox --profile /x/cmd",
        ] {
            assert!(given(command, CONTAINER).is_ok(), "{command}");
        }
    }

    #[test]
    fn flags_stand_before_the_address_and_in_no_script() {
        let words = |text: &str| shell_words::split(text).unwrap();
        let flags = |opener: &str| with_flags(&words(opener), ["--a".to_owned(), "--b".to_owned()]);
        assert_eq!(flags("chromium").unwrap(), words("chromium --a --b %s"));
        assert_eq!(flags("run chromium %s --x").unwrap(), words("run chromium --a --b %s --x"));
        assert!(flags("sh -c 'chromium %s'").is_err());
        assert!(flags("sh -c %s").is_err());
    }

    #[test]
    fn a_flag_of_two_words_stays_one() {
        let opener = |text: &str| shell_words::split(text).unwrap();
        let flags = |text: &str, flag: &str| with_flags(&opener(text), [flag.to_owned()]).is_ok();
        for command in ["chromium", "sh -c 'chromium \"$@\"' sh %s", "env A=b chromium --x /y/ssh %s"] {
            assert!(flags(command, "--profile-directory=Profile 1"), "{command}");
        }
        for command in ["ssh desk chromium", "sh -c 'ssh desk chromium \"$@\"' sh %s"] {
            assert!(!flags(command, "--profile-directory=Profile 1"), "{command}");
            assert!(flags(command, "--profile-directory=Work"), "{command}");
        }
        for script in ["chromium $@", "chromium $*", "chromium \"$*\"", "x \"$@\" $@", "chromium \"$1\""] {
            assert!(!flags(&format!("sh -c '{script}' sh %s"), "--a"), "{script}");
        }
    }
}
