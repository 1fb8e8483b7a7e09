//! Signing in with a browser of this machine: authorization code with PKCE (RFC 6749 4.1, RFC 7636), which comes
//! back to a port of loopback (RFC 8252 7.3).

use std::time::Duration;

use super::super::Means;
use super::super::sign_in::callback::{Callback, Page};
use super::super::sign_in::pkce::{challenge, encoded};
use super::super::sign_in::{Guide, How, Invitation, Patience};
use super::oidc::{self, Grant};
use super::sign_in::registration;
use crate::aws::Service;
use crate::files;
use crate::profile::chain::Portal;
use crate::secret::Secret;
use crate::session::sso::{Registration, Token};

/// As long as the AWS CLI waits.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) async fn sign_in(
    portal: &Portal,
    how: &How,
    means: &Means<'_>,
    guide: &dyn Guide,
) -> anyhow::Result<Token> {
    // Before anything else: nobody else can have the port when the browser comes back.
    let callback = Callback::bind(how.callback_port).await?;
    let registration = registration(portal, how, means).await?;
    let (state, verifier) = (files::random_hex(16), Secret::new(files::random_hex(32)));
    let redirect_uri = callback.address();
    let oidc_url = means.aws.url(Service::Oidc, &portal.region).await?;
    let address = address(&oidc_url, &registration, &redirect_uri, &state, &challenge(&verifier));
    guide.invite(&Invitation { address: &address, user_code: None, whole_address: None });
    let (answer, visitor) = callback.answer(&state, &Patience::of(PATIENCE, guide)).await?;
    let granted = match answer {
        Ok(code) => {
            let grant = Grant::Code { code: &code, verifier: &verifier, redirect_uri: &redirect_uri };
            let granted = oidc::create_token(&registration.client, grant, portal, &means.aws).await;
            granted.map_err(|refused| refused.failure("CreateToken"))
        }
        Err(failure) => Err(failure.into()),
    };
    visitor.see(if granted.is_ok() { Page::SignedIn } else { Page::Failed }).await;
    let granted = granted?;
    Ok(Token::new(portal, registration.client, granted.access_token, granted.refresh_token, granted.expires))
}

/// What the browser opens: of the secrets of this flow only the challenge, which leads to none.
fn address(
    oidc: &str,
    registration: &Registration,
    redirect_uri: &str,
    state: &str,
    challenge: &str,
) -> String {
    // `scopes`, as the AWS CLI has it, not `scope`.
    let query = [
        ("response_type", "code"),
        ("client_id", &registration.client.id),
        ("redirect_uri", redirect_uri),
        ("state", state),
        ("code_challenge_method", "S256"),
        ("scopes", &registration.scopes.join(" ")),
        ("code_challenge", challenge),
    ]
    .map(|(name, value)| format!("{name}={}", encoded(value)));
    format!("{oidc}/authorize?{}", query.join("&"))
}
