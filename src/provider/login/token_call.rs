//! CreateOAuth2Token, the one call of the service behind `aws login` (API version 2023-01-01).

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_signin::types::CreateOAuth2TokenRequestBody;

use super::super::sign_in::refused::{Refused, refused};
use super::super::{issued, lacks};
use super::Login;
use super::dpop::DpopKey;
use crate::aws::{Aws, wrong_clock};
use crate::clock::{self, SignedDuration, Timestamp};
use crate::credentials::Credentials;
use crate::secret::Secret;

/// The call, in messages.
pub(super) const CALL: &str = "CreateOAuth2Token";

/// What is wrong with a request, a proof of another time too.
const INVALID: &str = "INVALID_REQUEST";

/// AWS gives no keys for longer than so many seconds, and an answer that says more does not make it so.
const LONGEST: u64 = 900;

/// What keys are asked for with.
#[derive(Clone, Copy)]
pub(super) enum Grant<'a> {
    /// The one before it.
    Refresh(&'a Secret),
    /// What the browser brought back.
    Code { code: &'a Secret, verifier: &'a Secret, redirect_uri: &'a str },
}

/// An answer to a grant.
pub(super) struct Granted {
    /// An error if they are not whole: what was granted besides counts all the same.
    pub(super) credentials: anyhow::Result<Credentials>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) id_token: Option<Secret>,
}

pub(super) async fn create_token(
    grant: Grant<'_>,
    client_id: &str,
    key: &Arc<DpopKey>,
    login: &Login<'_>,
    aws: &Aws<'_>,
) -> Result<Granted, Refused> {
    let knew_the_time = wrong_clock().is_some();
    match ask(grant, client_id, key, login, aws).await {
        // By a wrong clock a proof is of another time. The refusal says what time it is, and uses nothing up.
        Err(Refused::Rfc { code, .. }) if code == INVALID && !knew_the_time && wrong_clock().is_some() => {
            ask(grant, client_id, key, login, aws).await
        }
        answer => answer,
    }
}

async fn ask(
    grant: Grant<'_>,
    client_id: &str,
    key: &Arc<DpopKey>,
    login: &Login<'_>,
    aws: &Aws<'_>,
) -> Result<Granted, Refused> {
    let body = CreateOAuth2TokenRequestBody::builder().client_id(client_id);
    let body = match grant {
        Grant::Refresh(token) => body.grant_type("refresh_token").refresh_token(token.expose()),
        Grant::Code { code, verifier, redirect_uri } => body
            .grant_type("authorization_code")
            .code(code.expose())
            .code_verifier(verifier.expose())
            .redirect_uri(redirect_uri),
    };
    let body = body.build().map_err(|error| Refused::Other(error.into()))?;
    let request = aws.signin(login.region).map_err(Refused::Other)?.create_o_auth2_token().token_input(body);
    let key = Arc::clone(key);
    // For each attempt anew: AWS takes a proof once.
    let request = request.customize().mutate_request(move |request| {
        let proof = key.proof(request.uri(), now_at_aws());
        request.headers_mut().insert("dpop", proof);
    });
    let answer = request.send().await.map_err(|error| refused(CALL, error))?.token_output;
    let answer = answer.ok_or_else(|| Refused::Other(lacks(CALL, "body").into()))?;
    let texts =
        answer.access_token.map(|keys| [keys.access_key_id, keys.secret_access_key, keys.session_token]);
    let seconds = u64::try_from(answer.expires_in)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(|seconds| seconds.min(LONGEST));
    let expiry = seconds.and_then(|seconds| clock::now().checked_add(Duration::from_secs(seconds)).ok());
    let secret = |text: String| Some(text).filter(|text| !text.is_empty()).map(Secret::new);
    Ok(Granted {
        credentials: issued(CALL, texts.unwrap_or_default(), expiry, None),
        refresh_token: secret(answer.refresh_token),
        id_token: answer.id_token.and_then(secret),
    })
}

/// As far as an answer has said it.
fn now_at_aws() -> Timestamp {
    let now = clock::now();
    let ahead = SignedDuration::from_secs(wrong_clock().unwrap_or_default());
    now.checked_sub(ahead).unwrap_or(now)
}
