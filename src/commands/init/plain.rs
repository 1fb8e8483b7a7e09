//! `AWS_PROFILE`, wherever it is set: no tool at all.

use super::traces::{Peer, no_portal};

pub(super) const PEER: Peer = Peer {
    name: "AWS_PROFILE",
    guide: "plain-profiles",
    profile_in,
    variables: &VARIABLES,
    at_home: &[],
    portal: no_portal,
};

const VARIABLES: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    let at = words.iter().position(|word| VARIABLES.contains(word))?;
    // `unset AWS_PROFILE` sets nothing.
    (at == 0 || words[at - 1] != "unset").then(|| words.get(at + 1).copied()).flatten()
}
