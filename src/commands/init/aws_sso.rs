//! aws-sso-cli: `aws-sso-profile PROFILE`, and profiles whose process it is; the portal stands in its own YAML.

use std::path::Path;

use super::Source;
use super::traces::{Peer, arguments};
use crate::files::read_limited;
use crate::profile::Profile;
use crate::profile::chain::account_of;

pub(super) const PEER: Peer = Peer {
    name: "aws-sso-cli",
    guide: "aws-sso-cli",
    profile_in,
    variables: &["AWS_SSO_PROFILE"],
    at_home: &CONFIGS,
    portal,
};

const CONFIGS: [&str; 2] = [".config/aws-sso/config.yaml", ".aws-sso/config.yaml"];

/// Options whose value is the next word.
const WITH_VALUE: [&str; 11] = [
    "-S",
    "--sso",
    "-b",
    "--browser",
    "-u",
    "--url-action",
    "-L",
    "--level",
    "--config",
    "--threads",
    "--region",
];

const FLAGS: [&str; 7] =
    ["-n", "--no-region", "--lines", "--no-cache", "--no-config-check", "--sts-refresh", "--refresh"];

fn profile_in<'a>(words: &[&'a str]) -> Option<&'a str> {
    let (named, before) = match words {
        ["aws-sso-profile", words @ ..] => {
            return arguments(words, 1, &FLAGS, &WITH_VALUE)?.first().copied();
        }
        ["aws-sso", words @ ..] => {
            let is_profile =
                |word: &&str| matches!(*word, "-p" | "--profile") || word.starts_with("--profile=");
            let at = words.iter().position(is_profile)?;
            (&words[at..], &words[..at])
        }
        _ => return None,
    };
    // Behind its own command and `--`, the options are another program's.
    let is_its_own =
        !before.contains(&"--") && arguments(before, usize::MAX, &FLAGS, &WITH_VALUE)?.len() == 1;
    let value = named[0].strip_prefix("--profile=").or_else(|| named.get(1).copied());
    value.filter(|_| is_its_own)
}

/// `aws-sso -S "Default" process --arn ARN`, as `aws-sso setup profiles` writes it.
fn portal(profile: &Profile<'_>, home: &Path) -> Option<Source> {
    let words = shell_words::split(profile.get("credential_process")?).ok()?;
    if Path::new(words.first()?).file_name()? != "aws-sso" {
        return None;
    }
    let after = |names: [&str; 2]| {
        words.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => Some(value),
            _ if names.contains(&word.as_str()) => words.get(at + 1).map(String::as_str),
            _ => None,
        })
    };
    let arn = after(["-a", "--arn"])?;
    let yaml = CONFIGS.iter().find_map(|path| read_limited(&home.join(path), 1 << 20).ok().flatten())?;
    let yaml = String::from_utf8(yaml.0).ok()?;
    let usual = || setting(&yaml, &[], "DefaultSSO").filter(|name| !name.is_empty());
    let instance =
        after(["-S", "--sso"]).map(str::to_owned).or_else(usual).unwrap_or_else(|| "Default".to_owned());
    let of_instance = |key| setting(&yaml, &["SSOConfig", &instance], key);
    Some(Source::Portal {
        start_url: of_instance("StartUrl")?,
        region: of_instance("SSORegion")?,
        account: account_of(arn)?,
        role: arn.rsplit('/').next()?.to_owned(),
    })
}

/// A key under these, in block style, which is what its wizard writes; all else is not found.
fn setting(yaml: &str, under: &[&str], key: &str) -> Option<String> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((name, value)) = line.trim().split_once(':').filter(|_| !line.trim().starts_with('#'))
        else {
            continue;
        };
        let name = name.trim_matches(['"', '\'']);
        above.retain(|(outer, _)| *outer < indent);
        if name == key && above.iter().map(|(_, name)| *name).eq(under.iter().copied()) {
            return Some(scalar(value.trim()).to_owned());
        }
        above.push((indent, name));
    }
    None
}

/// Without its quotes, and without the comment behind it.
fn scalar(value: &str) -> &str {
    match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(&value[..1]).next().unwrap_or_default(),
        None if value.starts_with('#') => "",
        None => value.split_once(" #").map_or(value, |(value, _)| value.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "\
# aws-sso
SSOConfig:
    Default:
        SSORegion: us-east-1
        StartUrl: https://acme.awsapps.com/start  # corp
        Accounts:
            - x
    \"Other\":
        StartUrl: 'https://other.awsapps.com/start#/' # other
DefaultSSO: Other # mine
";

    #[test]
    fn each_instance_has_its_own_portal() {
        let url = |instance| setting(YAML, &["SSOConfig", instance], "StartUrl");
        assert_eq!(url("Default").as_deref(), Some("https://acme.awsapps.com/start"));
        assert_eq!(url("Other").as_deref(), Some("https://other.awsapps.com/start#/"));
        assert_eq!(setting(YAML, &["SSOConfig", "Other"], "SSORegion"), None);
        assert_eq!(setting(YAML, &[], "DefaultSSO").as_deref(), Some("Other"));
        assert_eq!(url("None"), None);
    }
}
