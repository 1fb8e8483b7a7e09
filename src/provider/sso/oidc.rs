//! The calls of SSO OIDC (API version 2019-06-10), and its refusals in the words of RFC 6749 and RFC 8628.

use std::time::Duration;

use super::super::lacks;
use super::super::sign_in::refused::{Refused, refused};
use crate::aws::Aws;
use crate::clock::{self, Timestamp};
use crate::message::Failure;
use crate::profile::chain::Portal;
use crate::secret::Secret;
use crate::session::sso::{Client, Flow, Registration};

/// Where the browser comes back to. AWS takes any port on top of what was registered (RFC 8252, 7.3).
pub(super) const CALLBACK: &str = "http://127.0.0.1/oauth/callback";
/// RFC 8628, 3.2: where the answer does not say it.
const INTERVAL: Duration = Duration::from_secs(5);
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a token is asked for with.
#[derive(Clone, Copy)]
pub(super) enum Grant<'a> {
    /// The one before it.
    Refresh(&'a Secret),
    /// What the browser brought back.
    Code { code: &'a Secret, verifier: &'a Secret, redirect_uri: &'a str },
    /// What a person confirms in any browser.
    Device(&'a Secret),
}

/// An answer to a grant.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
    pub(super) expires: Timestamp,
}

/// A sign-in that waits for a person.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) code: Secret,
    pub(super) user_code: String,
    pub(super) address: String,
    pub(super) whole_address: Option<String>,
    pub(super) interval: Duration,
    pub(super) lasts: Duration,
}

/// Asks for a token.
pub(super) async fn create_token(
    client: &Client,
    grant: Grant<'_>,
    portal: &Portal,
    aws: &Aws<'_>,
) -> Result<Granted, Refused> {
    const CALL: &str = "CreateToken";
    let client_of = match grant {
        Grant::Refresh(_) | Grant::Code { .. } => aws.oidc_once(&portal.region),
        Grant::Device(_) => aws.oidc(&portal.region),
    };
    let request = client_of.map_err(Refused::Other)?.create_token();
    let request = request.client_id(&client.id).client_secret(client.secret.expose());
    let request = match grant {
        Grant::Refresh(token) => request.grant_type("refresh_token").refresh_token(token.expose()),
        Grant::Code { code, verifier, redirect_uri } => request
            .grant_type("authorization_code")
            .code(code.expose())
            .code_verifier(verifier.expose())
            .redirect_uri(redirect_uri),
        Grant::Device(code) => request.grant_type(DEVICE_GRANT).device_code(code.expose()),
    };
    let answer = request.send().await.map_err(|error| refused(CALL, error))?;
    let incomplete = || Refused::Other(lacks(CALL, "token or its end").into());
    let expires = u64::try_from(answer.expires_in).ok().filter(|seconds| *seconds > 0);
    let expires = expires.and_then(|seconds| clock::now().checked_add(Duration::from_secs(seconds)).ok());
    let access_token = answer.access_token.filter(|token| !token.is_empty()).map(Secret::new);
    Ok(Granted {
        access_token: access_token.ok_or_else(incomplete)?,
        refresh_token: answer.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        expires: expires.ok_or_else(incomplete)?,
    })
}

/// Makes a client known to AWS.
pub(super) async fn register(portal: &Portal, flow: Flow, aws: &Aws<'_>) -> anyhow::Result<Registration> {
    const CALL: &str = "RegisterClient";
    let name = portal.session.clone().unwrap_or_else(|| clock::now().as_second().to_string());
    let mut request = aws
        .oidc(&portal.region)?
        .register_client()
        .client_name(format!("botocore-client-{name}"))
        .client_type("public")
        .set_scopes(Some(Registration::scopes(portal)));
    if flow == Flow::Browser {
        let grants = flow.grants().iter().map(|grant| (*grant).to_owned()).collect();
        request = request.set_grant_types(Some(grants)).redirect_uris(CALLBACK).issuer_url(&portal.start_url);
    }
    let answer = request.send().await.map_err(|error| refused(CALL, error).failure(CALL))?;
    let incomplete = || Failure::new(format!("the answer to {CALL} is not whole"));
    let client = Client {
        id: answer.client_id.ok_or_else(incomplete)?,
        secret: Secret::new(answer.client_secret.ok_or_else(incomplete)?),
        expires: Timestamp::from_second(answer.client_secret_expires_at)
            .ok()
            .filter(|instant| instant.as_second() > 0)
            .ok_or_else(incomplete)?,
    };
    Ok(Registration::new(client, portal, flow))
}

/// Begins a sign-in on another device.
pub(super) async fn start_device(portal: &Portal, client: &Client, aws: &Aws<'_>) -> Result<Device, Refused> {
    const CALL: &str = "StartDeviceAuthorization";
    let request = aws.oidc(&portal.region).map_err(Refused::Other)?.start_device_authorization();
    let request = request.client_id(&client.id).client_secret(client.secret.expose());
    let answer = request.start_url(&portal.start_url).send().await.map_err(|error| refused(CALL, error))?;
    let incomplete = || Refused::Other(Failure::new(format!("the answer to {CALL} is not whole")).into());
    let seconds = |count: i32| u64::try_from(count).ok().filter(|count| *count > 0).map(Duration::from_secs);
    Ok(Device {
        code: Secret::new(answer.device_code.ok_or_else(incomplete)?),
        user_code: answer.user_code.ok_or_else(incomplete)?,
        address: answer.verification_uri.ok_or_else(incomplete)?,
        whole_address: answer.verification_uri_complete,
        interval: seconds(answer.interval).unwrap_or(INTERVAL),
        lasts: seconds(answer.expires_in).unwrap_or(Duration::from_secs(600)),
    })
}
