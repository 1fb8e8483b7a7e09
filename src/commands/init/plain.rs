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
    match words {
        [name, value] if VARIABLES.iter().any(|known| name.strip_suffix('=') == Some(known)) => Some(value),
        _ => None,
    }
}
