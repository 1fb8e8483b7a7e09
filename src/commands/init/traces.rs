//! What other tools have left: in the environment, in files of this directory, in the home.

use std::path::Path;

use super::lines::{Language, statements};
use super::{Source, aws_sso, aws_vault, awsume, direnv, granted, plain};
use crate::files::read_limited;
use crate::limits;
use crate::profile::Profile;
use crate::world::World;

/// A tool that people come from.
pub(super) struct Peer {
    /// Its name.
    pub(super) name: &'static str,
    /// The page of `docs/migrate` that is about it.
    pub(super) guide: &'static str,
    /// The profile that a statement asks it for.
    pub(super) profile_in: for<'a> fn(&[&'a str]) -> Option<&'a str>,
    /// Variables with which it says what it has put into a shell.
    pub(super) variables: &'static [&'static str],
    /// What it keeps in the home.
    pub(super) at_home: &'static [&'static str],
    /// What its own settings, behind a profile of the AWS config, say of IAM Identity Center.
    pub(super) portal: fn(&Profile<'_>, &Path) -> Option<Source>,
}

/// All that are known; the first that understands a statement has it.
pub(super) const PEERS: [&Peer; 6] =
    [&aws_vault::PEER, &granted::PEER, &aws_sso::PEER, &awsume::PEER, &direnv::PEER, &plain::PEER];

/// Where lines stand that name profiles.
const FILES: [(&str, Language); 7] = [
    (".envrc", Language::Shell),
    (".env", Language::Dotenv),
    ("mise.toml", Language::Mise),
    (".mise.toml", Language::Mise),
    ("Makefile", Language::Make),
    ("makefile", Language::Make),
    ("GNUmakefile", Language::Make),
];

/// Files are read so far.
const LIMIT: u64 = 64 << 10;

/// A profile, and who names it.
pub(super) struct Trace {
    /// `.envrc:3`, or a variable.
    pub(super) place: String,
    /// The profile.
    pub(super) profile: String,
}

/// All of them.
#[derive(Default)]
pub(super) struct Traces {
    /// In the order in which they were found: files before the environment, which may be another directory's.
    pub(super) named: Vec<Trace>,
    /// The tools that are used here.
    pub(super) peers: Vec<&'static Peer>,
}

impl Traces {
    /// Looks for them.
    pub(super) fn find(world: &World) -> Self {
        let mut traces = Self::default();
        for (name, language) in FILES {
            let path = Path::new(&world.pwd()).join(name);
            let Ok(Some((bytes, _))) = read_limited(&path, LIMIT) else { continue };
            traces.read(&String::from_utf8_lossy(&bytes), name, language);
        }
        for peer in PEERS {
            for name in peer.variables {
                if let Some(profile) = world.original.text(name) {
                    traces.add(peer, &format!("{name} in your environment"), profile);
                }
            }
            if peer.at_home.iter().any(|path| world.places.home.join(path).exists()) {
                traces.uses(peer);
            }
        }
        traces
    }

    /// The profiles, each once.
    pub(super) fn profiles(&self) -> Vec<&str> {
        let mut profiles = Vec::new();
        for trace in &self.named {
            if !profiles.contains(&trace.profile.as_str()) {
                profiles.push(trace.profile.as_str());
            }
        }
        profiles
    }

    /// All that a text names: two on one line are two.
    fn read(&mut self, text: &str, name: &str, language: Language) {
        for statement in statements(text, language) {
            let mut words: Vec<_> = statement.words.iter().map(String::as_str).collect();
            // A program may stand there with its folder.
            words[0] = words[0].rsplit('/').next().unwrap_or_default();
            let found = PEERS.iter().find_map(|peer| Some((peer, (peer.profile_in)(&words)?)));
            if let Some((peer, profile)) = found {
                self.add(peer, &format!("{name}:{}", statement.line), profile);
            }
        }
    }

    /// What is no name, such as `${1:-dev}`, is decided by a shell.
    fn add(&mut self, peer: &'static Peer, place: &str, profile: &str) {
        if !profile.is_empty() && limits::profile_name(profile).is_ok() {
            let is_known =
                self.named.iter().any(|known| (&*known.place, &*known.profile) == (place, profile));
            if !is_known {
                self.named.push(Trace { place: place.to_owned(), profile: profile.to_owned() });
            }
            self.uses(peer);
        }
    }

    fn uses(&mut self, peer: &'static Peer) {
        if !self.peers.iter().any(|known| known.name == peer.name) {
            self.peers.push(peer);
        }
    }
}

/// A command's arguments without its options, so many or up to `--`. With an option that is not known, nobody can say
/// which word is its value, nor whose credentials it makes of them.
pub(super) fn arguments<'a>(
    words: &[&'a str],
    most: usize,
    flags: &[&str],
    with_value: &[&str],
) -> Option<Vec<&'a str>> {
    let mut arguments = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next().filter(|word| arguments.len() < most && **word != "--") {
        if with_value.contains(word) {
            words.next()?;
        } else if !word.starts_with('-') {
            arguments.push(*word);
        } else if !flags.contains(word)
            && !word.split_once('=').is_some_and(|(option, _)| with_value.contains(&option))
        {
            return None;
        }
    }
    Some(arguments)
}

/// Most have no portal of their own.
pub(super) fn no_portal(_: &Profile<'_>, _: &Path) -> Option<Source> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, language: Language) -> Traces {
        let mut traces = Traces::default();
        traces.read(text, "x", language);
        traces
    }

    fn profiles(text: &str, language: Language) -> Vec<String> {
        read(text, language).named.into_iter().map(|trace| trace.profile).collect()
    }

    #[test]
    fn every_peers_lines_are_understood() {
        use Language::{Dotenv, Make, Mise, Shell};
        for (language, line, peer) in [
            (Shell, "export AWS_PROFILE=acme-dev", "AWS_PROFILE"),
            (Shell, "if true; then AWS_PROFILE='acme-dev'; fi", "AWS_PROFILE"),
            (Shell, "AWS_DEFAULT_PROFILE='acme-dev'", "AWS_PROFILE"),
            (Shell, "export A=b AWS_PROFILE=\"acme-dev\" # c", "AWS_PROFILE"),
            (Dotenv, "AWS_PROFILE=acme-dev", "AWS_PROFILE"),
            (Dotenv, "export AWS_PROFILE = \"acme-dev\"", "AWS_PROFILE"),
            (Make, "  AWS_PROFILE ?= acme-dev", "AWS_PROFILE"),
            (Make, "export AWS_PROFILE := acme-dev", "AWS_PROFILE"),
            (Make, "\tAWS_PROFILE=acme-dev aws s3 ls", "AWS_PROFILE"),
            (Make, "\t$(MAKE) x AWS_PROFILE=acme-dev", "AWS_PROFILE"),
            (Mise, "AWS_PROFILE = \"acme-dev\" # mise", "AWS_PROFILE"),
            (Mise, "env = { AWS_PROFILE = 'acme-dev', A = 'b' }", "AWS_PROFILE"),
            (Mise, "tasks.a.run = 'aws-vault exec acme-dev -- make'", "aws-vault"),
            (Shell, "aws-vault exec acme-dev -- terraform plan", "aws-vault"),
            (Shell, "/usr/bin/aws-vault --backend=file exec acme-dev terraform plan -out x", "aws-vault"),
            (Make, "\t@aws-vault exec -d 1h --no-session acme-dev -- make", "aws-vault"),
            (Shell, "eval \"$(aws-vault export --format=export-env acme-dev)\"", "aws-vault"),
            (Shell, "aws-vault exec --duration=1h acme-dev", "aws-vault"),
            (Shell, "use aws acme-dev", "direnv"),
            (Shell, "use aws-profile acme-dev", "direnv"),
            (Shell, "use aws_vault \"acme-dev\"", "direnv"),
            (Shell, "eval $(awsume -s acme-dev)", "awsume"),
            (Shell, ". awsume acme-dev --region eu-west-1", "awsume"),
            (Shell, "awsume -o out acme-dev", "awsume"),
            (Shell, "source assume acme-dev", "granted"),
            (Shell, "assume -r eu-west-1 acme-dev", "granted"),
            (Shell, "aws-sso-profile acme-dev", "aws-sso-cli"),
            (Shell, "eval $(aws-sso eval -p acme-dev)", "aws-sso-cli"),
            (Shell, "aws-sso -S Other exec --profile=acme-dev -- make", "aws-sso-cli"),
        ] {
            let traces = read(line, language);
            let found: Vec<_> = traces.named.iter().map(|trace| trace.profile.as_str()).collect();
            let peers: Vec<_> = traces.peers.iter().map(|peer| peer.name).collect();
            assert_eq!((found, peers), (vec!["acme-dev"], vec![peer]), "{line}");
        }
    }

    #[test]
    fn what_a_shell_decides_or_a_comment_says_is_nobodys_profile() {
        for line in [
            "# export AWS_PROFILE=acme-dev",
            "export AWS_PROFILE=${1:-dev}",
            "export AWS_PROFILE=$PROFILE",
            "export AWS_PROFILE=",
            "unset AWS_PROFILE",
            "echo $AWS_PROFILE",
            "AWS_PROFILE=\"$(cat secret)\"",
            "AWS_PROFILE=dev-`cat x`",
            "aws-vault exec -- ls",
            "aws-vault list",
            "use awsenv",
            "use awsenv acme-dev",
            "assume",
        ] {
            assert_eq!(profiles(line, Language::Shell), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_part_of_a_name_or_a_word_beside_one_is_no_profile() {
        for line in [
            "AWS_PROFILE=\"dev prod\"",
            "AWS_PROFILE=\"dev & co\"",
            "AWS_PROFILE=\"dev\"-prod",
            "AWS_PROFILE=dev\"$X\"",
            "AWS_PROFILE=dev(x)",
            "AWS_PROFILE ?= dev prod",
            "ifeq ($(AWS_PROFILE),prod)",
            "aws --profile $(AWS_PROFILE) s3",
            "env -u AWS_PROFILE terraform",
            "docker run -e AWS_PROFILE -e X img",
            "echo \"AWS_PROFILE must be set\"",
            "echo AWS_PROFILE=dev",
            "aws-sso exec -- ssh -p 22 host",
            "aws-sso exec ssh -p 22 host",
            "awsume --role-arn arn:aws:iam::111122223333:role/X",
            "awsume dev --role-arn arn:aws:iam::111122223333:role/X",
            "awsume --unheard-of dev",
            "assume --sso --sso-start-url https://x",
            "use aws_region eu-west-1",
            "echo please assume the right role",
            "# please assume the right role",
        ] {
            for language in [Language::Dotenv, Language::Make, Language::Mise, Language::Shell] {
                assert_eq!(profiles(line, language), [""; 0], "{line} {language:?}");
                assert_eq!(profiles(&format!("\t{line}"), language), [""; 0], "{line} {language:?}");
            }
        }
    }

    #[test]
    fn every_profile_of_a_line_is_seen() {
        let line = "AWS_PROFILE=dev make x AWS_PROFILE=prod";
        assert_eq!(profiles(line, Language::Shell), ["dev", "prod"]);
        assert_eq!(
            profiles("AWS_PROFILE=base aws-vault exec dev; assume dev", Language::Shell),
            ["base", "dev"]
        );
    }
}
