//! What a shell asks at Tab. The completions that `awsenv completions` prints call the program, with this variable;
//! so a profile that was written a moment ago is there. Files alone are read, and nothing is ever said but words.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::OnceLock;

use clap::Command;
use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter as _};
use clap_complete::env::Shells;

use super::choose;
use super::console::{SERVICES, Service};
use crate::env::Env;
use crate::key_index::KeyIndex;
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::prompt::choice::What;
use crate::world::{self, World};

/// Names the shell that asks.
pub const ASKED: &str = "AWSENV_COMPLETE";

/// The text that has a shell ask, for `awsenv completions` and the committed files.
pub fn registration(shell: &str) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(ASKED, "awsenv", "awsenv", "awsenv", &mut text).ok()?;
    Some(text)
}

/// Answers with what fits after these words. A shell that nobody knows, or no words, gets nothing.
pub fn run(shell: &str, command: &mut Command, arguments: &[OsString]) -> anyhow::Result<()> {
    let words = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect::<Vec<_>>();
    // The completers are plain functions, and learn it this way.
    let _ = BEHIND_DASHES.set(words.iter().rev().skip(1).position(|word| word == "--"));
    let shells = Shells::builtins();
    let mut answer = Vec::new();
    let quotes = matches!(shell, "zsh" | "fish");
    if let Some(shell) = shells.completer(shell).filter(|_| !words.is_empty()) {
        command.build();
        let _ = shell.write_complete(command, words, Some(Path::new(".")), &mut answer);
    }
    world::out(&if quotes { answer } else { only_plain(&answer) })
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
    config().iter().flat_map(SharedConfig::profiles).filter_map(candidate).collect()
}

/// `[sso-session]`s.
pub(crate) fn sso_sessions() -> Vec<CompletionCandidate> {
    config().iter().flat_map(SharedConfig::sso_sessions).filter_map(candidate).collect()
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

fn config() -> Option<SharedConfig> {
    let world = here()?;
    ConfigFiles::locate(&world.original, &world.places.home).read().ok()
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
