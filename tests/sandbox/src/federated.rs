//! AWS STS for who has no keys of AWS: AssumeRoleWithWebIdentity, AssumeRoleWithSAML. Nobody signs these calls.

use crate::answer::{Answer, Refusal, credentials, element, result};
use crate::principal::Principal;
use crate::scenario::Role;
use crate::state::State;
use crate::sts::{Parameters, duration, needed, spelled};

/// Whether a call is one of these.
pub(crate) fn is_federated(operation: &str) -> bool {
    matches!(operation, "AssumeRoleWithWebIdentity" | "AssumeRoleWithSAML")
}

/// Answers it.
pub(crate) fn answer(operation: &str, parameters: &Parameters, state: &State) -> Result<Answer, Refusal> {
    let arn = needed(parameters, "RoleArn", "roleArn")?;
    let seconds = duration(parameters, 3600, 43_200)?;
    let role = state.role(arn);
    let (is_trusted, session_name) = match operation {
        "AssumeRoleWithWebIdentity" => {
            let token = needed(parameters, "WebIdentityToken", "webIdentityToken")?;
            let name = needed(parameters, "RoleSessionName", "roleSessionName")?;
            spelled("roleSessionName", name, 2..=64, "+=,.@-_")?;
            (role.is_some_and(|role| role.web_identity.as_deref() == Some(token)), name.to_owned())
        }
        _ => {
            needed(parameters, "PrincipalArn", "principalArn")?;
            let assertion = needed(parameters, "SAMLAssertion", "sAMLAssertion")?;
            // The assertion says what the session is called.
            (role.is_some_and(|role| role.saml.as_deref() == Some(assertion)), "me@acme.example".to_owned())
        }
    };
    let Some(role) = role.filter(|_| is_trusted) else {
        return Err(Refusal::denied(format!("Not authorized to perform sts:{operation}")));
    };
    if seconds > role.max_session_duration {
        return Err(Refusal::invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let issued = state.issue(session(role, session_name), seconds);
    let user = format!(
        "    <AssumedRoleUser>\n{}{}    </AssumedRoleUser>\n",
        element("Arn", &issued.shown()),
        element("AssumedRoleId", &issued.user_id())
    );
    Ok(result(operation, &(credentials(&issued) + &user), Some(&issued)))
}

/// A session of a role that nobody of this AWS has assumed.
pub(crate) fn session(role: &Role, session_name: String) -> Principal {
    Principal {
        access_key_id: String::new(),
        secret: String::new(),
        token: None,
        expiration: None,
        arn: role.arn.clone(),
        session_name: Some(session_name),
        mfa: false,
        source_identity: None,
        transitive_tags: std::collections::BTreeMap::new(),
        chained: false,
        denied: role.denied,
    }
}
