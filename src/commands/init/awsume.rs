//! awsume: `awsume PROFILE`, which reads the AWS config as it is.

use super::traces::{Peer, argument_of, no_portal};

pub(super) const PEER: Peer = Peer {
    name: "awsume",
    guide: "awsume",
    profile_in,
    variables: &["AWSUME_PROFILE"],
    at_home: &[".awsume", ".config/awsume"],
    portal: no_portal,
};

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    argument_of(words, &["awsume"], &["--region", "--role-duration", "--session-name", "--mfa-token"])
}
