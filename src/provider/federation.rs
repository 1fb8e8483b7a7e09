//! The web console: temporary keys for a token that a browser signs in with (AWS IAM User Guide, "Enable custom identity
//! broker access to the AWS console").

use std::time::Duration;

use aws_sdk_sts::error::SdkError;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::explain;
use super::sign_in::encoded;
use super::sts::{Policies, get_federation_token};
use super::{lacks, runtime};
use crate::aws::{Aws, Post};
use crate::credentials::Credentials;
use crate::message::{Exit, Failure};
use crate::secret::Secret;

const CALL: &str = "getSigninToken";

/// As much as the user itself may: a session without any policy could do nothing.
const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Where browsers sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://signin.aws.amazon.com`.
    pub origin: String,
    /// `/federation`.
    pub path: String,
    /// For the log.
    pub region: String,
}

/// A session of a user's keys, for the console. `policy_arns`: to do less than the user may.
pub fn of_user(
    keys: &Credentials,
    user: &str,
    policy_arns: &[String],
    duration: Duration,
    region: &str,
    aws: &Aws<'_>,
) -> anyhow::Result<Credentials> {
    let policies =
        if policy_arns.is_empty() { Policies::Inline(ALL) } else { Policies::Managed(policy_arns) };
    runtime()?.block_on(get_federation_token(&name(user), &policies, duration, keys, region, aws))
}

/// How the session is called in CloudTrail: as the user, as far as AWS allows 2 to 32 characters.
fn name(user: &str) -> String {
    let name: String = user.chars().take(32).collect();
    if name.chars().count() < 2 { format!("user-{name}") } else { name }
}

/// The token. AWS takes it once, within a quarter of an hour. `duration`: of the console's session; AWS takes none for
/// keys that were not given out by a role, or to a role.
pub fn signin_token(
    keys: &Credentials,
    duration: Option<Duration>,
    endpoint: &Endpoint,
    aws: &Aws<'_>,
) -> anyhow::Result<Secret> {
    let post = Post {
        call: CALL,
        target: endpoint.path.clone(),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: form(keys, duration)?,
    };
    let answer = runtime()?.block_on(aws.federation(&endpoint.origin, &endpoint.region, post))?;
    let body = match answer {
        Ok(body) => Zeroizing::new(body),
        Err(SdkError::ServiceError(refused)) if refused.err().code().is_none() => {
            return Err(of_status(refused.raw().status().as_u16(), duration.is_some()).into());
        }
        Err(error) => return Err(explain(CALL, error).into()),
    };
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(rename = "SigninToken", borrow)]
        token: Option<&'a str>,
    }
    match serde_json::from_slice::<Answer<'_>>(&body) {
        Ok(Answer { token: Some(token) }) if !token.is_empty() => Ok(Secret::new(token)),
        Ok(_) => Err(lacks(CALL, "token").into()),
        Err(_) => Err(not_awss(200).into()),
    }
}

/// Keys go in the body: addresses are written into logs on the way.
fn form(keys: &Credentials, duration: Option<Duration>) -> anyhow::Result<Secret> {
    #[derive(serde::Serialize)]
    struct Session<'a> {
        #[serde(rename = "sessionId")]
        id: &'a str,
        #[serde(rename = "sessionKey")]
        key: &'a str,
        #[serde(rename = "sessionToken")]
        token: &'a str,
    }
    let session = Session {
        id: &keys.access_key_id,
        key: keys.secret_access_key.expose(),
        token: keys.session_token.as_ref().map_or("", Secret::expose),
    };
    let session = Zeroizing::new(serde_json::to_string(&session)?);
    let session = Zeroizing::new(encoded(&session));
    let duration = duration.map(|duration| format!("&SessionDuration={}", duration.as_secs()));
    let duration = duration.unwrap_or_default();
    Ok(Secret::new(format!("Action={CALL}{duration}&Session={}", session.as_str())))
}

/// What a browser opens. The token is all that is secret in it.
pub fn login_url(endpoint: &Endpoint, destination: &str, token: &Secret) -> Secret {
    let Endpoint { origin, path, .. } = endpoint;
    let (destination, token) = (encoded(destination), Zeroizing::new(encoded(token.expose())));
    Secret::new(format!(
        "{origin}{path}?Action=login&Issuer=awsenv&Destination={destination}&SigninToken={}",
        token.as_str()
    ))
}

fn of_status(status: u16, with_duration: bool) -> Failure {
    let refused = || Failure::new(format!("{CALL}: AWS signs nobody in with these keys (HTTP {status})"));
    match status {
        400 | 401 if with_duration => {
            refused().hint("without --duration: a role that another role has assumed gets none")
        }
        400 | 401 => refused()
            .hint("it takes sessions of roles and of GetFederationToken; get new ones: `awsenv refresh`")
            .exit(Exit::PersonNeeded),
        429 => {
            Failure::new(format!("{CALL}: AWS asks for fewer calls (HTTP 429)")).hint("try again in a minute")
        }
        500.. => {
            Failure::new(format!("{CALL}: AWS has failed (HTTP {status})")).hint("try again in a minute")
        }
        _ => not_awss(status),
    }
}

fn not_awss(status: u16) -> Failure {
    Failure::new(format!("{CALL}: no answer that AWS would give (HTTP {status})"))
        .hint("is there a proxy in between? look at HTTPS_PROXY and AWSENV_FEDERATION_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Credentials {
        Credentials {
            access_key_id: "ASIA".into(),
            secret_access_key: Secret::new("a/b+c"),
            session_token: Some(Secret::new("t\"=&")),
            expiry: None,
            account: None,
        }
    }

    #[test]
    fn keys_are_posted_as_aws_wants_them() {
        let form = |duration| form(&keys(), duration).unwrap().expose().to_owned();
        let session = "Session=%7B%22sessionId%22%3A%22ASIA%22%2C%22sessionKey%22%3A%22a%2Fb%2Bc%22%2C%22sessionToken%22%3A%22\
             t%5C%22%3D%26%22%7D";
        assert_eq!(form(None), format!("Action=getSigninToken&{session}"));
        let long = form(Some(Duration::from_secs(43_200)));
        assert_eq!(long, format!("Action=getSigninToken&SessionDuration=43200&{session}"));
    }

    #[test]
    fn nothing_in_a_destination_ends_its_field() {
        let endpoint = Endpoint {
            origin: "https://signin.aws.amazon.com".into(),
            path: "/federation".into(),
            region: "us-east-1".into(),
        };
        let url = login_url(&endpoint, "https://x/?a=b&SigninToken=c#d", &Secret::new("t+/="));
        assert_eq!(
            url.expose(),
            "https://signin.aws.amazon.com/federation?Action=login&Issuer=awsenv&Destination=https%3A%2F%2Fx%2F%3F\
             a%3Db%26SigninToken%3Dc%23d&SigninToken=t%2B%2F%3D"
        );
    }

    #[test]
    fn a_session_is_called_as_its_user() {
        assert_eq!(name("me"), "me");
        assert_eq!(name("x"), "user-x");
        assert_eq!(name(&"long".repeat(10)), "long".repeat(8));
    }

    #[test]
    fn a_refusal_says_whose_it_is() {
        let exit = |status| of_status(status, false).exit;
        assert_eq!((exit(400), exit(403), exit(503)), (Exit::PersonNeeded, Exit::Failed, Exit::Failed));
        assert!(of_status(400, true).hint.unwrap().contains("--duration"));
        assert!(of_status(403, false).hint.unwrap().contains("HTTPS_PROXY"));
    }
}
