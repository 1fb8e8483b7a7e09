//! IAM Identity Center: a token from a sign-in, and a role's credentials for it. Nothing here opens a browser but
//! [`sign_in`], which only a person's command calls.

use anyhow::Context;

use super::{Means, issued, lacks, runtime};
use crate::clock::{self, Timestamp};
use crate::credentials::Credentials;
use crate::message::{Exit, Failure};
use crate::profile::chain::{Portal, Sso};
use crate::session::sso::Token;

mod assignments;
mod browser;
mod device;
mod oidc;
mod sign_in;
mod token;

pub use assignments::{Account, Assignments};
pub use sign_in::sign_in;

/// What to do where a sign-in is missing.
pub const SIGN_IN: &str = "run `awsenv login`";

/// What a person has to do about a token that is missing or dead. The hook says it in one line.
pub fn needs_sign_in(name: &str) -> Failure {
    Failure::new(format!("{name} needs a sign-in")).hint(SIGN_IN).exit(Exit::PersonNeeded)
}

/// The token of a portal, renewed if it is about to end; `None`: somebody has to sign in.
pub fn signed_in(portal: &Portal, means: &Means<'_>) -> anyhow::Result<Option<Token>> {
    runtime()?.block_on(token::usable(portal, means))
}

/// A role's credentials.
pub(super) fn credentials(sso: &Sso, name: &str, means: &Means<'_>) -> anyhow::Result<Credentials> {
    runtime()?.block_on(async {
        match token::usable(&sso.portal, means).await {
            Ok(Some(token)) => get_role_credentials(sso, name, &token, means).await,
            Ok(None) => Err(needs_sign_in(name).into()),
            Err(error) => {
                Err(error).with_context(|| format!("cannot renew the sign-in of {}", sso.portal.label()))
            }
        }
    })
}

async fn get_role_credentials(
    sso: &Sso,
    name: &str,
    token: &Token,
    means: &Means<'_>,
) -> anyhow::Result<Credentials> {
    const CALL: &str = "GetRoleCredentials";
    let request = means.aws.sso(&sso.portal.region)?.get_role_credentials();
    let request = request.account_id(&sso.account).role_name(&sso.role);
    let answer = request.access_token(token.access_token.expose()).send().await;
    let answer = answer.map_err(|error| {
        use aws_sdk_sso::error::ProvideErrorMetadata;
        match error.code() {
            Some("UnauthorizedException") => {
                means.tokens.refuse(&token.access_token);
                needs_sign_in(name)
            }
            Some("ForbiddenException") => super::error::explain(CALL, error).hint(format!(
                "your sign-in gives no role {} in account {}: {} lists what it gives",
                sso.role, sso.account, sso.portal.start_url
            )),
            _ => super::error::explain(CALL, error),
        }
    })?;
    let answer = answer.role_credentials.ok_or_else(|| lacks(CALL, "credentials"))?;
    let texts = [answer.access_key_id, answer.secret_access_key, answer.session_token];
    let expiry = Timestamp::from_millisecond(answer.expiration).ok();
    issued(CALL, texts.map(Option::unwrap_or_default), expiry, Some(sso.account.clone()))
}

/// Ends a sign-in at the portal. Whoever has the token cannot use it any more.
pub fn sign_out(region: &str, token: &Token, means: &Means<'_>) -> anyhow::Result<()> {
    use aws_sdk_sso::error::ProvideErrorMetadata;
    if !token.is_good(clock::now()) {
        return Ok(());
    }
    let answer = runtime()?.block_on(async {
        anyhow::Ok(means.aws.sso(region)?.logout().access_token(token.access_token.expose()).send().await)
    })?;
    match answer {
        Err(error) if error.code() != Some("UnauthorizedException") => {
            Err(super::error::explain("Logout", error).into())
        }
        _ => Ok(()),
    }
}
