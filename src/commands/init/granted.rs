//! granted: `assume PROFILE`, and profiles whose settings only it reads (`granted_sso_…`).

use std::path::Path;

use super::Source;
use super::traces::{Peer, argument_of};
use crate::profile::Profile;

pub(super) const PEER: Peer = Peer {
    name: "granted",
    guide: "granted",
    profile_in,
    variables: &[],
    at_home: &[".granted", ".config/granted"],
    portal,
};

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    argument_of(words, &["assume"], &["-r", "--region", "-d", "--duration", "-s", "--service"])
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
