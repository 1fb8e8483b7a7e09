//! aws-vault: `aws-vault exec PROFILE`, and its keys, which `awsenv key import` copies.

use super::traces::{Peer, argument_of, no_portal};

pub(super) const PEER: Peer = Peer {
    name: "aws-vault",
    guide: "aws-vault",
    profile_in,
    variables: &["AWS_VAULT"],
    at_home: &[".awsvault"],
    portal: no_portal,
};

/// Options of `exec` and `export` whose value is the next word.
const WITH_VALUE: [&str; 7] = ["-d", "--duration", "--region", "-t", "--mfa-token", "--format", "--backend"];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    ["exec", "export"].iter().find_map(|command| argument_of(words, &["aws-vault", command], &WITH_VALUE))
}
