//! A chain as the calls that it will make, for `explain`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Origin, Role, RoleChain, Source};

/// What a step asks of AWS, or of whoever holds the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Call {
    /// Keys in the AWS files.
    StaticKeys,
    /// Keys in the environment.
    Environment,
    /// Keys in the OS keychain.
    Keychain,
    /// IAM Identity Center.
    GetRoleCredentials,
    /// `credential_process`.
    CredentialProcess,
    /// A web identity token for a role.
    AssumeRoleWithWebIdentity,
    /// IMDSv2.
    InstanceMetadata,
    /// The container endpoint.
    ContainerCredentials,
    /// `aws login`'s session.
    Login,
    /// IAM Roles Anywhere.
    CreateSession,
    /// Long-lived keys and perhaps an MFA code for a session.
    GetSessionToken,
    /// A role on top.
    AssumeRole,
}

/// One step on the way to the credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is called.
    pub call: Call,
    /// The profile that says so.
    pub profile: Option<String>,
    /// The role that the step ends in.
    pub role_arn: Option<String>,
    /// The asked-for length; AWS's own default if none.
    pub duration_seconds: Option<u64>,
    /// The MFA device that this step presents.
    pub mfa_serial: Option<String>,
    /// The role session's name; one is made if none.
    pub session_name: Option<String>,
    /// Agreed with the role's owner.
    pub external_id: Option<String>,
    /// Kept through the whole chain.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// The region of the call; the caller's if none.
    pub region: Option<String>,
    /// `PATH:LINE` of the setting that decided.
    pub decided_by: Option<String>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variants are named as AWS names the calls.
        write!(f, "{self:?}")
    }
}

impl Step {
    /// The call and what it is about, in a few words: `AssumeRole Deploy`.
    pub fn summary(&self) -> String {
        let role = self.role_arn.as_deref().and_then(|arn| arn.rsplit('/').next());
        match role.or(self.profile.as_deref()) {
            Some(subject) => format!("{} {subject}", self.call),
            None => self.call.to_string(),
        }
    }
}

/// The steps of a chain, in the order in which they are made.
pub fn steps(chain: &RoleChain) -> Vec<Step> {
    let session = chain.session_token.iter().map(|session| Step {
        duration_seconds: session.duration.map(|duration| duration.as_secs()),
        mfa_serial: session.mfa_serial.clone(),
        region: chain.source_region.as_ref().or(chain.region.as_ref()).cloned(),
        ..step(Call::GetSessionToken, &session.origin)
    });
    let roles = chain.roles.iter().map(|role| assume(Call::AssumeRole, role, chain.region.as_ref()));
    std::iter::once(source(chain)).chain(session).chain(roles).collect()
}

/// Where a chain begins and through which roles it goes, by the names that people know.
pub fn path(chain: &RoleChain) -> Vec<String> {
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let first = match &chain.source {
        Source::Keys { profile, .. } => vec![profile.clone()],
        Source::Environment(_) => vec!["environment".to_owned()],
        Source::Keychain { name, .. } => vec![name.clone()],
        Source::Sso(sso) => vec![sso.portal.label().to_owned(), sso.role.clone()],
        Source::Process { profile, .. } => vec![format!("process of {profile}")],
        Source::WebIdentity { role, .. } => vec!["web identity".to_owned(), role.name().to_owned()],
        Source::Ec2Metadata(_) => vec!["instance".to_owned()],
        Source::Container(_) => vec!["container".to_owned()],
        Source::Login { session_arn } => vec![last(session_arn)],
        Source::RolesAnywhere(source) => vec!["certificate".to_owned(), last(&source.role_arn)],
    };
    first.into_iter().chain(chain.roles.iter().map(|role| role.name().to_owned())).collect()
}

fn source(chain: &RoleChain) -> Step {
    let step = |call| step(call, &chain.origin);
    match &chain.source {
        Source::Keys { .. } => step(Call::StaticKeys),
        Source::Environment(_) => step(Call::Environment),
        Source::Keychain { .. } => step(Call::Keychain),
        Source::Sso(sso) => {
            Step { region: Some(sso.portal.region.clone()), ..step(Call::GetRoleCredentials) }
        }
        Source::Process { .. } => step(Call::CredentialProcess),
        Source::WebIdentity { role, .. } => Step {
            decided_by: chain.origin.decided_by.clone(),
            ..assume(Call::AssumeRoleWithWebIdentity, role, chain.region.as_ref())
        },
        Source::Ec2Metadata(_) => step(Call::InstanceMetadata),
        Source::Container(_) => step(Call::ContainerCredentials),
        Source::Login { .. } => {
            let region = chain.source_region.clone().or_else(|| chain.region.clone());
            Step { region, ..step(Call::Login) }
        }
        Source::RolesAnywhere(source) => Step {
            role_arn: Some(source.role_arn.clone()),
            duration_seconds: source.duration.map(|duration| duration.as_secs()),
            session_name: source.session_name.clone(),
            region: Some(source.region().to_owned()),
            ..step(Call::CreateSession)
        },
    }
}

fn assume(call: Call, role: &Role, region: Option<&String>) -> Step {
    Step {
        role_arn: Some(role.arn.clone()),
        duration_seconds: role.duration.map(|duration| duration.as_secs()),
        mfa_serial: role.mfa_serial.clone(),
        session_name: role.session_name.clone(),
        external_id: role.external_id.clone(),
        source_identity: role.source_identity.clone(),
        tags: role.tags.clone(),
        region: region.cloned(),
        ..step(call, &Origin { profile: role.profile.clone(), decided_by: role.decided_by.clone() })
    }
}

fn step(call: Call, origin: &Origin) -> Step {
    Step {
        call,
        profile: origin.profile.clone(),
        role_arn: None,
        duration_seconds: None,
        mfa_serial: None,
        session_name: None,
        external_id: None,
        source_identity: None,
        tags: BTreeMap::new(),
        region: None,
        decided_by: origin.decided_by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve::tests::{SAMPLE, resolve_asking};
    use super::super::{Asked, known_account};
    use super::*;

    fn calls(profile: &str) -> Vec<(Call, String, String)> {
        let chain = resolve_asking(SAMPLE, profile, &Asked::default()).unwrap();
        let text = |field: Option<String>| field.unwrap_or_default();
        steps(&chain).into_iter().map(|step| (step.call, text(step.profile), text(step.decided_by))).collect()
    }

    #[test]
    fn a_console_session_is_renewed_where_its_own_profile_says() {
        let mut chain = resolve_asking(SAMPLE, "login", &Asked::default()).unwrap();
        chain.region = Some("eu-west-1".into());
        assert_eq!(steps(&chain)[0].region.as_deref(), Some("eu-west-1"));
        chain.source_region = Some("eu-west-2".into());
        assert_eq!(steps(&chain)[0].region.as_deref(), Some("eu-west-2"));
    }

    #[test]
    fn each_step_names_the_line_that_decided() {
        let line = |call, profile: &str, key: &str| {
            let header = SAMPLE.lines().position(|line| line == format!("[profile {profile}]")).unwrap();
            let below = SAMPLE.lines().skip(header).position(|line| line.starts_with(key)).unwrap();
            (call, profile.to_owned(), format!("c:{}", header + below + 1))
        };
        for (profile, expected) in [
            ("keys", vec![line(Call::StaticKeys, "keys", "aws_access_key_id")]),
            ("sso", vec![line(Call::GetRoleCredentials, "sso", "sso_session")]),
            ("legacy", vec![line(Call::GetRoleCredentials, "legacy", "sso_start_url")]),
            ("process", vec![line(Call::CredentialProcess, "process", "credential_process")]),
            ("web", vec![line(Call::AssumeRoleWithWebIdentity, "web", "web_identity_token_file")]),
            ("login", vec![line(Call::Login, "login", "login_session")]),
            (
                "container",
                vec![
                    line(Call::ContainerCredentials, "container", "credential_source"),
                    line(Call::AssumeRole, "container", "role_arn"),
                ],
            ),
            (
                "instance",
                vec![
                    line(Call::InstanceMetadata, "instance", "credential_source"),
                    line(Call::AssumeRole, "instance", "role_arn"),
                ],
            ),
            (
                "environment",
                vec![
                    line(Call::Environment, "environment", "credential_source"),
                    line(Call::AssumeRole, "environment", "role_arn"),
                ],
            ),
            (
                "deploy",
                vec![
                    line(Call::StaticKeys, "keys", "aws_access_key_id"),
                    line(Call::GetSessionToken, "base", "mfa_serial"),
                    line(Call::AssumeRole, "base", "role_arn"),
                    line(Call::AssumeRole, "deploy", "role_arn"),
                ],
            ),
        ] {
            assert_eq!(calls(profile), expected, "{profile}");
        }
    }

    #[test]
    fn a_step_is_written_with_every_field() {
        let chain = resolve_asking(SAMPLE, "deploy", &Asked::default()).unwrap();
        assert_eq!(
            serde_json::to_value(steps(&chain).last().unwrap()).unwrap(),
            serde_json::json!({
                "call": "AssumeRole",
                "profile": "deploy",
                "role_arn": "arn:aws:iam::444455556666:role/Deploy",
                "duration_seconds": 1800,
                "mfa_serial": null,
                "session_name": "me@host",
                "external_id": "acme:1",
                "source_identity": "me",
                "tags": {"team": "payments"},
                "region": "eu-west-1",
                "decided_by": format!("c:{}", 1 + SAMPLE.lines().position(|line| line.ends_with("role/Deploy")).unwrap()),
            })
        );
    }

    #[test]
    fn the_account_is_known_where_the_chain_says_it() {
        for (profile, expected) in [
            ("keys", Some("111122223333")),
            ("session", None),
            ("sso", Some("222233334444")),
            ("legacy", Some("222233334444")),
            ("process", Some("333344445555")),
            ("web", Some("555566667777")),
            ("login", Some("666677778888")),
            ("deploy", Some("444455556666")),
            ("alias", Some("111122223333")),
        ] {
            let chain = resolve_asking(SAMPLE, profile, &Asked::default()).unwrap();
            assert_eq!(known_account(&chain).as_deref(), expected, "{profile}");
        }
    }
}
