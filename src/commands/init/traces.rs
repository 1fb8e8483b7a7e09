//! What other tools have left: in the environment, in files of this directory, in the home.

use std::path::Path;

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
    /// The profile that a line of words asks it for.
    pub(super) profile_in: for<'a> fn(&[&'a str]) -> Option<&'a str>,
    /// Variables with which it says what it has put into a shell.
    pub(super) variables: &'static [&'static str],
    /// What it keeps in the home.
    pub(super) at_home: &'static [&'static str],
    /// What its own settings, behind a profile of the AWS config, say of IAM Identity Center.
    pub(super) portal: fn(&Profile<'_>, &Path) -> Option<Source>,
}

/// All that are known; the first that understands a line has it.
pub(super) const PEERS: [&Peer; 6] =
    [&aws_vault::PEER, &granted::PEER, &aws_sso::PEER, &awsume::PEER, &direnv::PEER, &plain::PEER];

/// Where lines stand that name profiles.
const FILES: [&str; 7] = [".envrc", ".env", "mise.toml", ".mise.toml", "Makefile", "makefile", "GNUmakefile"];

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
        for name in FILES {
            let path = Path::new(&world.pwd()).join(name);
            let Ok(Some((bytes, _))) = read_limited(&path, LIMIT) else { continue };
            for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
                traces.read(line, &format!("{name}:{}", number + 1));
            }
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

    fn read(&mut self, line: &str, place: &str) {
        let words = words(line);
        let found = PEERS.iter().find_map(|peer| Some((peer, (peer.profile_in)(&words)?)));
        if let Some((peer, profile)) = found {
            self.add(peer, place, profile);
        }
    }

    /// What is no name, such as `${1:-dev}`, is decided by a shell.
    fn add(&mut self, peer: &'static Peer, place: &str, profile: &str) {
        if !profile.is_empty() && limits::profile_name(profile).is_ok() {
            self.named.push(Trace { place: place.to_owned(), profile: profile.to_owned() });
            self.uses(peer);
        }
    }

    fn uses(&mut self, peer: &'static Peer) {
        if !self.peers.iter().any(|known| known.name == peer.name) {
            self.peers.push(peer);
        }
    }
}

/// A line's words, in shell, make and TOML alike: what a variable is set to is a word by itself.
fn words(line: &str) -> Vec<&str> {
    let code = line.split(" #").next().filter(|code| !code.trim_start().starts_with('#')).unwrap_or_default();
    let ends = |c: char| c.is_whitespace() || "=;\"'`()&|,".contains(c);
    // make prints no line that begins with @.
    let words = code.split(ends).map(|word| word.trim_start_matches('@'));
    words.filter(|word| !matches!(*word, "" | "$" | ":" | "?" | ".")).collect()
}

/// The word behind these, options and what belongs to them left out.
pub(super) fn argument_of<'a>(words: &[&'a str], command: &[&str], with_value: &[&str]) -> Option<&'a str> {
    let at = words.windows(command.len()).position(|window| window == command)?;
    let mut rest = words[at + command.len()..].iter();
    while let Some(word) = rest.next() {
        match word.strip_prefix('-') {
            None => return Some(word),
            Some("-") => return None,
            Some(_) if with_value.contains(word) => drop(rest.next()),
            Some(_) => {}
        }
    }
    None
}

/// Most have no portal of their own.
pub(super) fn no_portal(_: &Profile<'_>, _: &Path) -> Option<Source> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peers_lines_are_understood() {
        for (line, peer, profile) in [
            ("export AWS_PROFILE=acme-dev", "AWS_PROFILE", "acme-dev"),
            ("  AWS_PROFILE ?= acme-dev", "AWS_PROFILE", "acme-dev"),
            ("export AWS_PROFILE := acme-dev", "AWS_PROFILE", "acme-dev"),
            ("AWS_PROFILE = \"acme-dev\" # mise", "AWS_PROFILE", "acme-dev"),
            ("env = { AWS_PROFILE = 'acme-dev', A = 'b' }", "AWS_PROFILE", "acme-dev"),
            ("AWS_DEFAULT_PROFILE='acme-dev'", "AWS_PROFILE", "acme-dev"),
            ("\tAWS_PROFILE=acme-dev aws s3 ls", "AWS_PROFILE", "acme-dev"),
            ("aws-vault exec acme-dev -- terraform plan", "aws-vault", "acme-dev"),
            ("\t@aws-vault exec -d 1h --no-session acme-dev -- make", "aws-vault", "acme-dev"),
            ("eval \"$(aws-vault export --format=export-env acme-dev)\"", "aws-vault", "acme-dev"),
            ("aws-vault exec --duration=1h acme-dev", "aws-vault", "acme-dev"),
            ("use aws acme-dev", "direnv", "acme-dev"),
            ("use aws-profile acme-dev", "direnv", "acme-dev"),
            ("use aws_vault \"acme-dev\"", "direnv", "acme-dev"),
            ("eval $(awsume -s acme-dev)", "awsume", "acme-dev"),
            (". awsume acme-dev --region eu-west-1", "awsume", "acme-dev"),
            ("source assume acme-dev", "granted", "acme-dev"),
            ("assume -r eu-west-1 acme-dev", "granted", "acme-dev"),
            ("aws-sso-profile acme-dev", "aws-sso-cli", "acme-dev"),
            ("eval $(aws-sso eval -p acme-dev)", "aws-sso-cli", "acme-dev"),
            ("aws-sso exec --profile=acme-dev -- make", "aws-sso-cli", "acme-dev"),
        ] {
            let mut traces = Traces::default();
            traces.read(line, "x:1");
            let found: Vec<_> = traces.named.iter().map(|trace| trace.profile.as_str()).collect();
            let peers: Vec<_> = traces.peers.iter().map(|peer| peer.name).collect();
            assert_eq!((found, peers), (vec![profile], vec![peer]), "{line}");
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
            "aws-vault exec -- ls",
            "aws-vault list",
            "use awsenv",
            "use awsenv acme-dev",
            "assume",
        ] {
            let mut traces = Traces::default();
            traces.read(line, "x:1");
            assert!(traces.named.is_empty(), "{line}: {}", traces.named[0].profile);
        }
    }
}
