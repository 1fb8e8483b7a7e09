//! granted: `assume PROFILE`, and profiles whose settings only it reads (`granted_sso_…`).

use std::path::Path;

use super::Source;
use super::traces::{Peer, arguments};
use crate::profile::Profile;

pub(super) const PEER: Peer = Peer {
    name: "granted",
    guide: "granted",
    profile_in,
    variables: &[],
    at_home: &[".granted", ".config/granted"],
    portal,
};

const FLAGS: [&str; 12] = [
    "-c",
    "--console",
    "-t",
    "--terminal",
    "-e",
    "--env",
    "-x",
    "--export",
    "-u",
    "--url",
    "--verbose",
    "--confirm",
];

/// Options whose value is the next word. With `--sso` or `--chain` it is not the profile's own credentials.
const WITH_VALUE: [&str; 9] =
    ["-r", "--region", "-d", "--duration", "-s", "--service", "--exec", "--reason", "--mfa-token"];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    let ["assume", words @ ..] = words else { return None };
    arguments(words, usize::MAX, &FLAGS, &WITH_VALUE)?.first().copied()
}

fn portal(profile: &Profile<'_>, _: &Path) -> Option<Source> {
    let get = |key: &str| profile.get(&format!("granted_sso_{key}")).map(str::to_owned);
    Some(Source::Portal {
        start_url: get("start_url")?,
        region: get("region")?,
        account: get("account_id")?,
        role: get("role_name")?,
    })
}
