//! What a shell asks at Tab. The completions that `awsenv completions` prints call the program, with this variable;
//! so a profile that was written a moment ago is there. Files alone are read, and nothing is ever said but words.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::OnceLock;

use clap::Command;
use clap_complete::CompletionCandidate;
use clap_complete::engine::{self, PathCompleter, ValueCompleter as _};
use clap_complete::env::Shells;

use super::choose;
use super::console::{SERVICES, Service};
use crate::env::Env;
use crate::key_index::KeyIndex;
use crate::profile::config::{ConfigFiles, File};
use crate::profile::locator;
use crate::prompt::choice::What;
use crate::session::account_names;
use crate::world::{self, World};

/// Names the shell that asks.
pub const ASKED: &str = "AWSENV_COMPLETE";

/// Shells that the engine's library does not know, or has run what was typed: `shell/complete.*` has them ask.
const OURS: [(&str, &str); 5] = [
    ("elvish", include_str!("../../shell/complete.elv")),
    ("nushell", include_str!("../../shell/complete.nu")),
    ("powershell", include_str!("../../shell/complete.ps1")),
    ("tcsh", include_str!("../../shell/complete.tcsh")),
    ("xonsh", include_str!("../../shell/complete.xsh")),
];

/// The text that has a shell ask, for `awsenv completions` and the committed files.
pub fn registration(shell: &str) -> Option<Vec<u8>> {
    if let Some((_, text)) = OURS.iter().find(|(ours, _)| *ours == shell) {
        return Some(text.as_bytes().to_vec());
    }
    let mut text = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(ASKED, "awsenv", "awsenv", "awsenv", &mut text).ok()?;
    Some(text)
}

/// Answers with what fits after these words. A shell that nobody knows, or no words, gets nothing.
pub fn run(shell: &str, command: &mut Command, arguments: &[OsString]) -> anyhow::Result<()> {
    let mut words = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect::<Vec<_>>();
    let ours = OURS.iter().any(|(ours, _)| *ours == shell);
    if ours {
        words = words_of(shell, words);
    }
    // The completers are plain functions, and learn it this way.
    let _ = BEHIND_DASHES.set(words.iter().rev().skip(1).position(|word| word == "--"));
    let shells = Shells::builtins();
    let mut answer = Vec::new();
    if ours && !words.is_empty() {
        let last = words.len() - 1;
        let found = engine::complete(command, words, last, Some(Path::new("."))).unwrap_or_default();
        return world::out(&only_plain(&lines(&found, shell != "tcsh")));
    }
    let quotes = matches!(shell, "zsh" | "fish");
    if let Some(shell) = shells.completer(shell).filter(|_| !words.is_empty()) {
        command.build();
        let _ = shell.write_complete(command, words, Some(Path::new(".")), &mut answer);
    }
    world::out(&if quotes { answer } else { only_plain(&answer) })
}

/// The words of the line, the last of which is to be completed.
fn words_of(shell: &str, mut words: Vec<OsString>) -> Vec<OsString> {
    match shell {
        // It says what was typed in a variable, and passes nothing on.
        "tcsh" => {
            let line = Env::of_this_process().text("COMMAND_LINE").unwrap_or_default().to_owned();
            let mut words: Vec<_> = line.split_whitespace().map(OsString::from).collect();
            words.extend(line.ends_with(char::is_whitespace).then(OsString::new));
            words
        }
        // Older ones drop an empty word: one letter stands before the last.
        "powershell" => {
            if let Some(last) = words.last_mut() {
                *last = last.to_str().and_then(|word| word.strip_prefix('=')).unwrap_or_default().into();
            }
            words
        }
        _ => words,
    }
}

/// A line each: the word, and behind a tab what it is.
fn lines(found: &[CompletionCandidate], with_help: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for candidate in found {
        text.extend_from_slice(candidate.get_value().as_encoded_bytes());
        let help = candidate.get_help().filter(|_| with_help).map(ToString::to_string).unwrap_or_default();
        if let Some(line) = help.lines().next() {
            text.extend_from_slice(format!("\t{line}").as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// Of an answer for a shell that puts what it is given into the line as it is: a clone may hold files of any name.
fn only_plain(answer: &[u8]) -> Vec<u8> {
    let is_plain = |part: &&[u8]| {
        let word = part.split(|byte| *byte == b'\t').next().unwrap_or_default();
        std::str::from_utf8(word).is_ok_and(|word| word.trim_end_matches(['\n', IFS]).chars().all(is_plain))
    };
    answer
        .split_inclusive(|byte| matches!(char::from(*byte), '\n' | IFS))
        .filter(is_plain)
        .flatten()
        .copied()
        .collect()
}

/// What stands between words for bash.
const IFS: char = '\x0b';

/// Means itself to every shell.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_-./@:+=,".contains(c)
}

/// How many words of `exec`'s command stand before the one that is asked for.
static BEHIND_DASHES: OnceLock<Option<usize>> = OnceLock::new();

fn words_of_a_command() -> Option<usize> {
    BEHIND_DASHES.get().copied().flatten()
}

/// What follows `exec … --`: a program first, and files.
pub(crate) fn command(current: &OsStr) -> Vec<CompletionCandidate> {
    let begins = |program: &CompletionCandidate| {
        program.get_value().as_encoded_bytes().starts_with(current.as_encoded_bytes())
    };
    let programs = if words_of_a_command() == Some(0) { programs() } else { Vec::new() };
    programs.into_iter().filter(begins).chain(PathCompleter::any().complete(current)).collect()
}

fn programs() -> Vec<CompletionCandidate> {
    let path = Env::of_this_process().get("PATH").map(OsStr::to_owned).unwrap_or_default();
    let files =
        std::env::split_paths(&path).filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
    let names: BTreeSet<_> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
    names.iter().filter_map(|name| candidate(name)).collect()
}

/// Profiles of the AWS files. Behind `exec --` the parser still waits for one, and a person does not.
pub(crate) fn profiles() -> Vec<CompletionCandidate> {
    match words_of_a_command() {
        Some(0) => return programs(),
        Some(_) => return Vec::new(),
        None => {}
    }
    sections("profile")
}

/// `[sso-session]`s.
pub(crate) fn sso_sessions() -> Vec<CompletionCandidate> {
    sections("sso-session")
}

/// Accounts that a portal has listed.
pub(crate) fn accounts() -> Vec<CompletionCandidate> {
    let names = here().map(|world| account_names::all(&world.places)).unwrap_or_default();
    let named = |(id, name): (String, String)| Some(candidate(&id)?.help(Some(name.into())));
    names.into_iter().filter_map(named).collect()
}

/// Names that `key import` would take.
pub(crate) fn plain_keys() -> Vec<CompletionCandidate> {
    let Some(world) = here() else { return Vec::new() };
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let Ok(text) = files.text(File::Credentials) else { return Vec::new() };
    locator::names(File::Credentials, text.expose(), "profile").into_iter().filter_map(candidate).collect()
}

/// Stages of the file that counts here.
pub(crate) fn stages() -> Vec<CompletionCandidate> {
    let is_stage = |what: &What| matches!(what, What::Stage(..));
    choices_of(is_stage)
}

/// What `use` takes by name.
pub(crate) fn choices() -> Vec<CompletionCandidate> {
    choices_of(|_| true)
}

/// Services of the console.
pub(crate) fn services() -> Vec<CompletionCandidate> {
    let named = |service: &'static Service| service.names.iter().map(|name| (*name, service.title));
    let all = SERVICES.iter().flat_map(named);
    all.filter_map(|(name, title)| Some(candidate(name)?.help(Some(title.into())))).collect()
}

/// Keys in the keychain.
pub(crate) fn keys() -> Vec<CompletionCandidate> {
    let keys = here().and_then(|world| KeyIndex::load(&world.places).ok());
    keys.iter().flat_map(KeyIndex::iter).filter_map(|(name, _)| candidate(name)).collect()
}

fn choices_of(is_meant: impl Fn(&What) -> bool) -> Vec<CompletionCandidate> {
    let Some(offers) = here().and_then(|world| choose::offered(&world).ok()) else { return Vec::new() };
    let offers = offers.iter().filter(|what| is_meant(what));
    offers
        .filter_map(|what| match what {
            What::Stage(name, _) => Some(candidate(name)?.help(Some("stage of this .awsenv".into()))),
            What::Profile(name, _) => candidate(name),
        })
        .collect()
}

/// Only what means itself to every shell: bash puts it into the line as it is.
fn candidate(name: &str) -> Option<CompletionCandidate> {
    (!name.starts_with(['-', '=']) && name.chars().all(is_plain)).then(|| CompletionCandidate::new(name))
}

fn sections(kind: &str) -> Vec<CompletionCandidate> {
    let names = here()
        .map(|world| ConfigFiles::locate(&world.original, &world.places.home).names(kind))
        .unwrap_or_default();
    names.iter().filter_map(|name| candidate(name)).collect()
}

/// A mistake in the settings is for others to say.
fn here() -> Option<World> {
    World::of(Env::of_this_process()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_files_too_only_those_are_offered_that_no_shell_could_run() {
        let names = b"a.toml\x0b$(id)\x0bb c\x0bd/\x0b--help";
        assert_eq!(only_plain(names), b"a.toml\x0bd/\x0b--help");
        assert_eq!(only_plain(b"a\twhat it is\n`id`\tx\n"), b"a\twhat it is\n");
    }

    #[test]
    fn what_a_shell_could_run_is_not_offered() {
        for name in ["dev", "acme/dev.eu", "Ünïcode", "a@b:c+d=e,f"] {
            assert!(candidate(name).is_some(), "{name}");
        }
        for name in [
            "$(id)", "`id`", "a b", "a;b", "a|b", "a*", "~a", "a'b", "a\\b", "a\nb", "-x", "=ls", "a#b",
            "a!b",
        ] {
            assert!(candidate(name).is_none(), "{name}");
        }
    }
}
