//! awsume: `awsume PROFILE`, which reads the AWS config as it is.

use super::traces::{Peer, arguments, no_portal};

pub(super) const PEER: Peer = Peer {
    name: "awsume",
    guide: "awsume",
    profile_in,
    variables: &["AWSUME_PROFILE"],
    at_home: &[".awsume", ".config/awsume"],
    portal: no_portal,
};

const FLAGS: [&str; 8] =
    ["-s", "--show-commands", "-a", "--auto-refresh", "-r", "--refresh", "--info", "--debug"];

/// Options whose value is the next word. With `--role-arn` it is not the profile's own credentials.
const WITH_VALUE: [&str; 6] =
    ["-o", "--output-profile", "--region", "--role-duration", "--session-name", "--mfa-token"];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    let ["awsume", words @ ..] = words else { return None };
    arguments(words, usize::MAX, &FLAGS, &WITH_VALUE)?.first().copied()
}
