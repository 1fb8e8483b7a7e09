//! Signing in with a browser of this machine: authorization code with PKCE (RFC 6749 4.1, RFC 7636), which comes
//! back to a port of loopback (RFC 8252 7.3).

use std::time::Duration;

use aws_smithy_types::base64;
use sha2::{Digest, Sha256};

use super::super::Means;
use super::callback::{Callback, Page};
use super::oidc::{self, Grant};
use super::sign_in::{Guide, How, Invitation, Patience, registration};
use crate::files;
use crate::message::{Exit, Failure};
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
    let oidc_url = means.aws.oidc_url(&portal.region).await?;
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

/// RFC 7636, 4.2.
fn challenge(verifier: &Secret) -> String {
    let digest = base64::encode(Sha256::digest(verifier.expose()));
    digest.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// RFC 3986, 2.1.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// What RFC 6749, 4.1.2.1, lets come back instead of a code.
pub(super) fn refused(error: &str, description: &str) -> Failure {
    let failure = Failure::new(match (error, description) {
        ("access_denied", _) => "the sign-in was refused in the browser".to_owned(),
        (error, "") => format!("the sign-in failed: {error}"),
        (error, description) => format!("the sign-in failed: {error}: {description}"),
    });
    failure.hint("run `awsenv login` again, with --fresh if it comes to the same").exit(Exit::PersonNeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn what_goes_into_an_address_cannot_end_its_field() {
        assert_eq!(encoded("http://127.0.0.1:1/a b&c=é"), "http%3A%2F%2F127.0.0.1%3A1%2Fa%20b%26c%3D%C3%A9");
    }
}
