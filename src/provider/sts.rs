//! The calls of AWS STS (API version 2011-06-15). The SDK does not check what it sends: `profile::limits`
//! has done so before.

use std::time::Duration;

use aws_sdk_sts::config::Builder;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use aws_smithy_types::retry::RetryConfig;

use super::error::explain;
use super::{issued, lacks};
use crate::aws::Aws;
use crate::clock::Timestamp;
use crate::credentials::Credentials;
use crate::env::Env;
use crate::limits;
use crate::message::{Exit, Failure};
use crate::process::user_at_host;
use crate::profile::chain::{Role, SessionToken};
use crate::secret::Secret;

/// AssumeRole, with everything the role says.
pub(super) async fn assume_role(
    role: &Role,
    signer: &Credentials,
    region: &str,
    aws: &Aws<'_>,
    code: Option<&Secret>,
    original: &Env,
) -> anyhow::Result<Credentials> {
    let tag = |(key, value): (&String, &String)| {
        Tag::builder().key(key).value(value).build().map_err(anyhow::Error::from)
    };
    let tags = role.tags.iter().map(tag).collect::<anyhow::Result<Vec<_>>>()?;
    let policies = role
        .policy_arns
        .iter()
        .map(|arn| PolicyDescriptorType::builder().arn(arn).build())
        .collect::<Vec<_>>();
    let some = |list: Vec<_>| (!list.is_empty()).then_some(list);
    // Whether a process prints a session is only known now.
    let most = if signer.session_token.is_some() { limits::CHAINED } else { Duration::MAX };
    let answer = aws
        .sts(region, Some(signer))?
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(role.session_name.clone().unwrap_or_else(|| user_at_host(original)))
        .set_duration_seconds(role.duration.map(|duration| seconds(duration.min(most))))
        .set_external_id(role.external_id.clone())
        .set_serial_number(role.mfa_serial.clone())
        .set_token_code(code.map(|code| code.expose().to_owned()))
        .set_source_identity(role.source_identity.clone())
        .set_policy(role.policy.clone())
        .set_policy_arns((!policies.is_empty()).then_some(policies))
        .set_tags((!tags.is_empty()).then_some(tags))
        .set_transitive_tag_keys(some(role.transitive_tags.clone()))
        .customize()
        .config_override(retries(code))
        .send()
        .await
        .map_err(|error| explain("AssumeRole", error))?;
    credentials("AssumeRole", answer.credentials, account_of(role))
}

/// GetSessionToken: long-lived keys become a session that may carry the mark of MFA.
pub(super) async fn get_session_token(
    session: &SessionToken,
    signer: &Credentials,
    region: &str,
    aws: &Aws<'_>,
    code: Option<&Secret>,
) -> anyhow::Result<Credentials> {
    let answer = aws
        .sts(region, Some(signer))?
        .get_session_token()
        .set_duration_seconds(session.duration.map(seconds))
        .set_serial_number(session.mfa_serial.clone())
        .set_token_code(code.map(|code| code.expose().to_owned()))
        .customize()
        .config_override(retries(code))
        .send()
        .await
        .map_err(|error| explain("GetSessionToken", error))?;
    // Keys in a file only claim their account, and what is kept must not.
    credentials("GetSessionToken", answer.credentials, None)
}

/// GetFederationToken: a user's long-lived keys become a session that may sign in to the console. It may do what the
/// user may and these policies allow; without any of them, nothing.
pub(super) async fn get_federation_token(
    name: &str,
    policies: &Policies<'_>,
    duration: Duration,
    signer: &Credentials,
    region: &str,
    aws: &Aws<'_>,
) -> anyhow::Result<Credentials> {
    const CALL: &str = "GetFederationToken";
    let call =
        aws.sts(region, Some(signer))?.get_federation_token().name(name).duration_seconds(seconds(duration));
    let call = match policies {
        Policies::Inline(policy) => call.policy(*policy),
        Policies::Managed(arns) => {
            let managed = arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build());
            call.set_policy_arns(Some(managed.collect()))
        }
    };
    let answer = call.send().await.map_err(|error| of_user(explain(CALL, error)))?;
    credentials(CALL, answer.credentials, None)
}

/// What bounds a federated user.
pub(super) enum Policies<'a> {
    /// JSON.
    Inline(&'a str),
    /// ARNs of managed policies.
    Managed(&'a [String]),
}

/// There is no role, so no trust policy either.
fn of_user(failure: Failure) -> Failure {
    match reason(&failure) {
        Some("AccessDenied") => Failure {
            hint: Some("the user's policies must allow sts:GetFederationToken; or use a role".to_owned()),
            exit: Exit::Failed,
            ..failure
        },
        _ => failure,
    }
}

/// AssumeRoleWithWebIdentity, unsigned: the token says who asks. `whose`: where it came from.
pub(super) async fn assume_role_with_web_identity(
    role: &Role,
    token: &Secret,
    whose: &str,
    region: &str,
    aws: &Aws<'_>,
    original: &Env,
) -> anyhow::Result<Credentials> {
    const CALL: &str = "AssumeRoleWithWebIdentity";
    let answer = aws
        .sts(region, None)?
        .assume_role_with_web_identity()
        .role_arn(&role.arn)
        .role_session_name(role.session_name.clone().unwrap_or_else(|| user_at_host(original)))
        .web_identity_token(token.expose())
        .set_duration_seconds(role.duration.map(seconds))
        .send()
        .await
        .map_err(|error| of_token(explain(CALL, error), whose))?;
    credentials(CALL, answer.credentials, account_of(role))
}

/// AssumeRoleWithSAML, unsigned likewise.
pub(super) async fn assume_role_with_saml(
    role: &Role,
    principal_arn: &str,
    assertion: &Secret,
    region: &str,
    aws: &Aws<'_>,
) -> anyhow::Result<Credentials> {
    const CALL: &str = "AssumeRoleWithSAML";
    let answer = aws
        .sts(region, None)?
        .assume_role_with_saml()
        .role_arn(&role.arn)
        .principal_arn(principal_arn)
        .saml_assertion(assertion.expose())
        .set_duration_seconds(role.duration.map(seconds))
        .send()
        .await
        .map_err(|error| of_assertion(explain(CALL, error)))?;
    credentials(CALL, answer.credentials, account_of(role))
}

fn of_assertion(failure: Failure) -> Failure {
    let hint = match reason(&failure) {
        Some("ExpiredTokenException" | "ExpiredToken") => {
            "an assertion is good for some minutes: sign in again"
        }
        Some("InvalidIdentityToken") => {
            "the principal has to be the identity provider in IAM that has issued the assertion, with its present \
             metadata"
        }
        Some("AccessDenied") => {
            "the assertion has to offer this role together with this principal, and the role's trust policy has to \
             name it"
        }
        _ => return failure,
    };
    Failure { hint: Some(hint.to_owned()), exit: Exit::Failed, ..failure }
}

/// AWS's code, which stands after the name of the call.
fn reason(failure: &Failure) -> Option<&str> {
    failure.what.split(": ").nth(1)
}

/// What to do about a token is another matter than what to do about keys.
fn of_token(failure: Failure, whose: &str) -> Failure {
    let hint = match reason(&failure) {
        Some("ExpiredTokenException" | "ExpiredToken") => {
            format!("{whose}: its token has ended; whoever gives it has to give a new one")
        }
        Some("InvalidIdentityToken") => format!(
            "{whose}: AWS cannot verify its token; does its issuer stand in IAM as an identity provider?"
        ),
        Some("AccessDenied") => format!(
            "the role's trust policy must name the issuer of the token ({whose}), its audience and its subject"
        ),
        _ => return failure,
    };
    Failure { hint: Some(hint), exit: Exit::Failed, ..failure }
}

fn account_of(role: &Role) -> Option<String> {
    role.arn.split(':').nth(4).map(str::to_owned)
}

/// A code is sent once: if the first try reached AWS, a second could only be refused, and hide why.
fn retries(code: Option<&Secret>) -> Builder {
    match code {
        Some(_) => Builder::new().retry_config(RetryConfig::disabled()),
        None => Builder::new(),
    }
}

fn credentials(
    call: &str,
    answer: Option<aws_sdk_sts::types::Credentials>,
    account: Option<String>,
) -> anyhow::Result<Credentials> {
    let answer = answer.ok_or_else(|| lacks(call, "credentials"))?;
    let expiry = Timestamp::from_second(answer.expiration.secs()).ok();
    issued(call, [answer.access_key_id, answer.secret_access_key, answer.session_token], expiry, account)
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
