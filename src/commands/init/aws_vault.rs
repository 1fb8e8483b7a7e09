//! aws-vault: `aws-vault exec PROFILE`, and its keys, which `awsenv key import` copies.

use super::traces::{Peer, arguments, no_portal};

pub(super) const PEER: Peer = Peer {
    name: "aws-vault",
    guide: "aws-vault",
    profile_in,
    variables: &["AWS_VAULT"],
    at_home: &[".awsvault"],
    portal: no_portal,
};

/// Options of `exec` and `export` whose value is the next word.
const WITH_VALUE: [&str; 8] =
    ["-d", "--duration", "--region", "-t", "--mfa-token", "--format", "--backend", "--prompt"];

const FLAGS: [&str; 12] = [
    "-n",
    "--no-session",
    "-j",
    "--json",
    "-s",
    "--server",
    "--ec2-server",
    "--ecs-server",
    "--lazy",
    "--stdout",
    "--debug",
    "--biometrics",
];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    let ["aws-vault", words @ ..] = words else { return None };
    // What stands behind the profile may be a command with options of its own.
    match arguments(words, 2, &FLAGS, &WITH_VALUE)?[..] {
        ["exec" | "export", profile] => Some(profile),
        _ => None,
    }
}
