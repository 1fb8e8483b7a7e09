//! direnv: a function of one's own in an `.envrc`, `use aws… PROFILE`. What else stands there is other peers' lines.

use super::traces::{Peer, no_portal};

pub(super) const PEER: Peer =
    Peer { name: "direnv", guide: "direnv", profile_in, variables: &[], at_home: &[], portal: no_portal };

/// Names that such functions have. What another one takes, such as `aws_region`, nobody knows.
const FUNCTIONS: [&str; 5] = ["aws", "aws-profile", "aws-vault", "aws-sso", "aws-sso-profile"];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    match words {
        ["use", function, profile, ..] if FUNCTIONS.contains(&function.replace('_', "-").as_str()) => {
            Some(profile)
        }
        _ => None,
    }
}
