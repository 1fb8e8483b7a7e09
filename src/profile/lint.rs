//! What AWS clients pass over in silence in the two files, or some of them stumble over: headers that name nothing, keys
//! spelled wrong, what is there twice, secrets in plain text. Lines alone; whether a profile can be followed is the chain's to say.

use std::collections::BTreeMap;

use super::locator::{File, Line, Meaning, Section, as_botocore};
use crate::limits;
use crate::message::{nearest, shown};

/// Something to look at.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    /// The first is 1.
    pub line: usize,
    /// What is there.
    pub what: String,
    /// What to do.
    pub fix: String,
    /// How bad it is.
    pub weight: Weight,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It works, and not as one would think.
    Warning,
    /// AWS clients do not see it, or some cannot read the file.
    Broken,
}

/// Of sections.
const KINDS: [&str; 5] = ["profile", "sso-session", "services", "plugins", "login-session"];

/// Sections of the config file that have no name: the AWS CLI's own.
const BARE: [&str; 2] = ["plugins", "preview"];

/// Of a profile: the AWS SDKs and Tools Reference Guide's, the AWS CLI's, aws-vault's own. A key of another tool is
/// near none of them.
const KEYS: &[&str] = &[
    "account_id_endpoint_mode",
    "auth_scheme_preference",
    "aws_access_key_id",
    "aws_account_id",
    "aws_secret_access_key",
    "aws_security_token",
    "aws_session_token",
    "ca_bundle",
    "cli_auto_prompt",
    "cli_binary_format",
    "cli_follow_urlparam",
    "cli_history",
    "cli_pager",
    "cli_timestamp_format",
    "credential_process",
    "credential_source",
    "defaults_mode",
    "disable_request_compression",
    "duration_seconds",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "ec2_metadata_v1_disabled",
    "endpoint_discovery_enabled",
    "endpoint_url",
    "external_id",
    "ignore_configured_endpoint_urls",
    "include_profile",
    "login_session",
    "max_attempts",
    "metadata_service_num_attempts",
    "metadata_service_timeout",
    "mfa_process",
    "mfa_serial",
    "output",
    "parameter_validation",
    "parent_profile",
    "region",
    "request_checksum_calculation",
    "request_min_compression_size_bytes",
    "response_checksum_validation",
    "retry_mode",
    "role_arn",
    "role_session_name",
    "s3",
    "s3_disable_express_session_auth",
    "s3_disable_multiregion_access_points",
    "s3_us_east_1_regional_endpoint",
    "s3_use_arn_region",
    "sdk_ua_app_id",
    "services",
    "session_tags",
    "sigv4a_signing_region_set",
    "source_identity",
    "source_profile",
    "sso_account_id",
    "sso_region",
    "sso_registration_scopes",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "sts_regional_endpoints",
    "tcp_keepalive",
    "transitive_session_tags",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "user_agent_appid",
    "web_identity_token_file",
    "web_identity_token_process",
];

/// Reads one of the files.
pub fn lint(file: File, text: &str) -> Vec<Lint> {
    let mut found = twice(text);
    let mut headers: BTreeMap<Section<'_>, (usize, &str)> = BTreeMap::new();
    let mut section: Option<Lines<'_>> = None;
    for (line, text) in (1..).zip(text.lines()) {
        match Line::read(text) {
            Line::Header(spelling) => {
                found.extend(section.take().into_iter().flat_map(|lines| lines.lints(file)));
                let Some(Meaning { section: meaning, .. }) = Meaning::of(spelling, file) else {
                    let is_bare = file == File::Config && BARE.contains(&spelling.trim());
                    found.extend((!is_bare).then(|| nameless(file, spelling.trim(), line)));
                    continue;
                };
                found.extend(kind(meaning, line));
                let (first, written) = *headers.entry(meaning).or_insert((line, spelling));
                // Written in the same way, it has been found above.
                if written != spelling {
                    found.push(Lint {
                        line,
                        what: format!("[{}] again; it is on line {first}, too", shown(spelling.trim())),
                        fix: "put what is below both under one header".into(),
                        weight: Weight::Warning,
                    });
                }
                section = Some(Lines { section: meaning, keys: Vec::new() });
            }
            Line::Property { key, .. } => {
                section.iter_mut().for_each(|lines| lines.keys.push((line, key.to_ascii_lowercase())));
            }
            Line::Continuation(_) | Line::Nothing => {}
        }
    }
    found.extend(section.into_iter().flat_map(|lines| lines.lints(file)));
    found
}

/// What stands twice, in whatever section. The SDKs put up with it; botocore reads by Python's `configparser`, which
/// refuses the file for a key that is there twice under one header, and for a header that is there twice as written.
fn twice(text: &str) -> Vec<Lint> {
    const SO: &str = "the AWS CLI and boto3 refuse the whole file, with every profile in it";
    let again = |line, what: String, first: usize, fix: &str| Lint {
        line,
        what: format!("{what} again; it is on line {first}, too: {SO}"),
        fix: fix.into(),
        weight: Weight::Broken,
    };
    let mut found = Vec::new();
    let mut headers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        match Line::read(text) {
            Line::Header(spelling) => {
                keys.clear();
                let first = *headers.entry(spelling).or_insert(line);
                let header = || format!("[{}]", shown(spelling.trim()));
                let fix = "put what is below both under one header";
                found.extend((first != line).then(|| again(line, header(), first, fix)));
            }
            Line::Property { key, .. } => {
                let first = *keys.entry(key.to_lowercase()).or_insert(line);
                let fix = "take one of them out; elsewhere the last one counts";
                found.extend((first != line).then(|| again(line, shown(key), first, fix)));
            }
            Line::Continuation(_) | Line::Nothing => {}
        }
    }
    found
}

/// A header that most AWS clients skip, with all that is below.
fn nameless(file: File, spelling: &str, line: usize) -> Lint {
    let header = shown(spelling);
    let known = as_botocore(spelling, file);
    let fix = match (file, spelling.split_once(' ')) {
        (File::Config, None) => format!("write [profile {header}]"),
        (File::Credentials, Some(("profile", name))) => format!("write [{}]", shown(name.trim())),
        _ => {
            let Section { kind, name } = known.unwrap_or(Section { kind: "profile", name: spelling });
            match limits::profile_name(name) {
                Ok(()) => format!("write [{kind} {}]", shown(name)),
                Err(reason) => format!("rename it: {reason}"),
            }
        }
    };
    let who = match known {
        Some(_) => "awsenv and most AWS SDKs skip it; the AWS CLI and boto3 do not",
        None => "AWS clients skip it",
    };
    Lint { line, what: format!("[{header}] names no profile here: {who}"), fix, weight: Weight::Broken }
}

fn kind(section: Section<'_>, line: usize) -> Option<Lint> {
    if KINDS.contains(&section.kind) {
        return None;
    }
    let near = nearest(&section.kind.replace('_', "-"), KINDS)?;
    let (kind, name) = (shown(section.kind), shown(section.name));
    Some(Lint {
        line,
        what: format!("[{kind} {name}]: no AWS client knows sections of this kind"),
        fix: format!("did you mean [{near} {name}]?"),
        weight: Weight::Broken,
    })
}

/// A section's keys, with their lines.
struct Lines<'a> {
    section: Section<'a>,
    keys: Vec<(usize, String)>,
}

impl Lines<'_> {
    fn lints(&self, file: File) -> Vec<Lint> {
        if !matches!(self.section.kind, "profile" | "sso-session") {
            return Vec::new();
        }
        let slips = self.keys.iter().filter_map(|(line, key)| {
            let near = nearest(key, KEYS.iter().copied()).filter(|near| near != key)?;
            Some(Lint {
                line: *line,
                what: format!("{}: AWS clients know no such key", shown(key)),
                fix: format!("did you mean {near}?"),
                weight: Weight::Warning,
            })
        });
        slips.chain(self.beside_a_role()).chain(self.plain_text(file)).collect()
    }

    fn line(&self, key: &str) -> Option<usize> {
        self.keys.iter().find(|(_, known)| known == key).map(|(line, _)| *line)
    }

    /// AWS clients take the role, and do not say that the sign-in beside it is nobody's.
    fn beside_a_role(&self) -> Option<Lint> {
        self.line("role_arn")?;
        let sso = ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"];
        let line = sso.into_iter().find_map(|key| self.line(key))?;
        Some(Lint {
            line,
            what: format!(
                "profile {} has both role_arn and sso_*: the sign-in does not count",
                self.section.name
            ),
            fix: "put the sign-in into a profile of its own, and name that as source_profile".into(),
            weight: Weight::Warning,
        })
    }

    /// Keys without an end, readable by whatever runs as this user.
    fn plain_text(&self, file: File) -> Option<Lint> {
        let line = self.line("aws_secret_access_key")?;
        if self.line("aws_session_token").is_some() {
            return None;
        }
        let name = shown(self.section.name);
        let fix = match file {
            File::Credentials => format!("`awsenv key import {name}` moves them into the keychain"),
            File::Config => format!("`awsenv key add {name}`, then take the lines out"),
        };
        let what = format!("profile {name} has long-lived keys in plain text");
        Some(Lint { line, what, fix, weight: Weight::Warning })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: File, text: &str) -> Vec<(usize, String)> {
        lint(file, text).into_iter().map(|lint| (lint.line, lint.fix)).collect()
    }

    #[test]
    fn a_header_that_names_nothing_is_named() {
        assert_eq!(lines(File::Config, "[dev]\nregion=x\n"), [(1, "write [profile dev]".into())]);
        assert_eq!(lines(File::Credentials, "[profile dev]\n"), [(1, "write [dev]".into())]);
        assert_eq!(
            lines(File::Config, "[sso_session corp]\n"),
            [(1, "did you mean [sso-session corp]?".into())]
        );
        assert_eq!(
            lines(
                File::Config,
                "[default]\n[profile a]\n[sso-session b]\n[services c]\n[plugins]\n[preview]\n"
            ),
            []
        );
        assert_eq!(lines(File::Credentials, "[plugins]\n"), []);
        assert_eq!(lines(File::Credentials, "[dev]\n[default]\n"), []);
    }

    #[test]
    fn a_header_that_only_botocore_takes_is_not_said_to_be_skipped_by_all() {
        let rename = "rename it: a name is letters, digits or any of _-/.%@:+";
        let ours = "awsenv and most AWS SDKs skip it; the AWS CLI and boto3 do not";
        for (file, header, who, fix) in [
            (File::Config, "[profile 'my dev']", ours, rename),
            (File::Config, "[profile 'dev']", ours, "write [profile dev]"),
            (File::Config, "[sso-session 'corp']", ours, "write [sso-session corp]"),
            (File::Config, "[profile my dev]", "AWS clients skip it", rename),
            (File::Config, "[dev]", "AWS clients skip it", "write [profile dev]"),
            (File::Credentials, "[my dev]", ours, rename),
        ] {
            let found = lint(file, &format!("{header}\nregion = x\n"));
            assert_eq!(found.len(), 1, "{header}");
            assert_eq!(found[0].what, format!("{header} names no profile here: {who}"));
            assert_eq!(found[0].fix, fix, "{header}");
        }
    }

    #[test]
    fn a_key_that_is_nearly_one_is_named_and_one_of_another_tool_is_not() {
        let text = "[profile a]\nregoin = x\nsource-profile = b\ngranted_color = blue\ns3 =\n  regoin = x\n";
        let found = lines(File::Config, text);
        assert_eq!(found, [(2, "did you mean region?".into()), (3, "did you mean source_profile?".into())]);
    }

    #[test]
    fn what_is_there_twice_is_named_with_the_other_line() {
        let twice = "too: the AWS CLI and boto3 refuse the whole file, with every profile in it";
        let found = |text: &str| {
            let found = lint(File::Config, text);
            found.into_iter().map(|lint| (lint.line, lint.what, lint.weight)).collect::<Vec<_>>()
        };
        assert_eq!(
            found("[profile a]\nregion = x\nRegion = y\n[profile b]\nregion = x\n[profile a]\nregion = x\n"),
            [
                (3, format!("Region again; it is on line 2, {twice}"), Weight::Broken),
                (6, format!("[profile a] again; it is on line 1, {twice}"), Weight::Broken),
            ]
        );
        assert_eq!(
            found("[profile a]\n[ profile a ]\n"),
            [(2, "[profile a] again; it is on line 1, too".into(), Weight::Warning)]
        );
        assert_eq!(found("[plugins]\nx = 1\nx = 2\n").len(), 1, "of every section");
        assert_eq!(found("[services s]\ns3 =\n  x = 1\n  x = 2\n"), [], "botocore sees lines of one value");
    }

    #[test]
    fn keys_in_plain_text_are_named_without_what_they_are_and_those_that_end_are_not() {
        let text = "[a]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n";
        let found = lint(File::Credentials, text);
        assert_eq!(found[0].fix, "`awsenv key import a` moves them into the keychain");
        assert!(!format!("{found:?}").contains("planted"));
        assert_eq!(lint(File::Credentials, &format!("{text}aws_session_token = t\n")), []);
        assert_eq!(
            lines(File::Config, "[default]\naws_secret_access_key = s\n")[0].1,
            "`awsenv key add default`, then take the lines out"
        );
    }

    #[test]
    fn a_sign_in_beside_a_role_does_not_count() {
        let found = lines(File::Config, "[profile a]\nrole_arn = r\nsource_profile = b\nsso_session = c\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, 4);
        assert_eq!(lines(File::Config, "[profile a]\nsso_session = c\nsso_account_id = 1\n"), []);
    }
}
