//! direnv: a function of one's own in an `.envrc`, `use aws… PROFILE`. What else stands there is other peers' lines.

use super::traces::{Peer, no_portal};

pub(super) const PEER: Peer =
    Peer { name: "direnv", guide: "direnv", profile_in, variables: &[], at_home: &[], portal: no_portal };

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    match words {
        ["use", function, profile, ..] if function.starts_with("aws") && *function != "awsenv" => {
            Some(profile)
        }
        _ => None,
    }
}
