//! Keys that AWS takes: the kept ones while they are new, or the next, got by one process for all.

use std::sync::Arc;

use super::super::Means;
use super::super::sign_in::refused::Refused;
use super::super::sign_in::{awaited, read, uninterrupted};
use super::super::sso::SIGN_IN;
use super::Login;
use super::dpop::DpopKey;
use super::token_call::{CALL, Grant, create_token};
use crate::clock;
use crate::message::{Exit, Failure, shown_path};
use crate::session::login::{LoginToken, id};

/// Refusals that the same question would meet again: the session has ended, or its person's password is another now.
const FOR_GOOD: [&str; 2] = ["TOKEN_EXPIRED", "USER_CREDENTIALS_CHANGED"];

/// The keys, renewed unless they are new; `None`: somebody has to sign in.
///
/// Whoever comes here has used up what was kept, or wants more: renewing the keys and renewing the session are one.
pub(super) async fn usable(login: &Login<'_>, means: &Means<'_>) -> anyhow::Result<Option<LoginToken>> {
    let kept = || means.logins.load(login.session_arn);
    let Some(before) = read(kept).await else { return Ok(None) };
    if before.is_young(clock::now()) {
        return Ok(Some(before));
    }
    if !means.logins.is_renewable(&before) {
        return Ok(still_good(before));
    }
    let _lock = match means.logins.lock(&id(login.session_arn)) {
        Err(_) if before.is_good(clock::now()) => return Ok(Some(before)),
        lock => lock?,
    };
    match read(kept).await {
        // Renewed by another while this waited.
        Some(theirs) if is_another(&before, &theirs) && theirs.is_good(clock::now()) => Ok(Some(theirs)),
        Some(token) => renew(token, login, means).await,
        None => Ok(None),
    }
}

/// The caller holds the token's lock.
async fn renew(
    token: LoginToken,
    login: &Login<'_>,
    means: &Means<'_>,
) -> anyhow::Result<Option<LoginToken>> {
    let logins = means.logins;
    let begun_in = token.region.clone();
    let login = &Login { region: begun_in.as_deref().unwrap_or(login.region), ..*login };
    if !logins.is_renewable(&token) {
        return Ok(still_good(token));
    }
    let Some(key) = DpopKey::from_pem(&token.dpop_key).map(Arc::new) else {
        return or_error(token, || no_key(login, means).into());
    };
    if let Err(error) = logins.check_writable(login.session_arn) {
        return or_error(token, || error);
    }
    log::info!("{}: the keys are renewed", login.session_arn);
    let call = create_token(Grant::Refresh(&token.refresh_token), &token.client_id, &key, login, &means.aws);
    let (answer, uninterrupted) = uninterrupted(call).await;
    match answer {
        Ok(granted) => match granted.credentials {
            Ok(credentials) => {
                let next = token.renewed(credentials, granted.refresh_token);
                logins.save(login.session_arn, &next)?;
                Ok(Some(next))
            }
            Err(error) => {
                // The old refresh token is used up, whatever else came of it.
                logins.save(login.session_arn, &token.with(granted.refresh_token))?;
                or_error(token, || error)
            }
        },
        Err(Refused::Rfc { code, .. }) if FOR_GOOD.contains(&code.as_str()) => {
            log::warn!("{}: the keys are not renewed: {code}", login.session_arn);
            drop(uninterrupted);
            // Another program may have renewed them at the same time, and AWS takes a refresh token once.
            let another = || logins.load(login.session_arn).kept().filter(|found| is_another(&token, found));
            if let Some(theirs) = awaited(another).await {
                return Ok(still_good(theirs));
            }
            logins.refuse(&token);
            Ok(still_good(token))
        }
        Err(refused) => or_error(token, || explained(refused, login)),
    }
}

fn is_another(before: &LoginToken, found: &LoginToken) -> bool {
    before.credentials.access_key_id != found.credentials.access_key_id
}

fn still_good(token: LoginToken) -> Option<LoginToken> {
    Some(token).filter(|token| token.is_good(clock::now()))
}

/// What went wrong costs nothing while the keys are good.
fn or_error(token: LoginToken, error: impl FnOnce() -> anyhow::Error) -> anyhow::Result<Option<LoginToken>> {
    still_good(token).map_or_else(|| Err(error()), |token| Ok(Some(token)))
}

/// A refusal with what to do about it.
pub(super) fn explained(refused: Refused, login: &Login<'_>) -> anyhow::Error {
    let Refused::Rfc { code, description } = refused else { return refused.failure(CALL) };
    let failure = Failure::new(format!("{CALL}: {code}: {description}"));
    match code.as_str() {
        "INSUFFICIENT_PERMISSIONS" => failure.hint(format!(
            "{} needs signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token: the policy \
             SignInLocalDevelopmentAccess of AWS's gives both",
            login.session_arn
        )),
        "AUTHCODE_EXPIRED" => {
            failure.hint("run `awsenv login` again, and take less time").exit(Exit::PersonNeeded)
        }
        "INVALID_REQUEST" => failure.hint(SIGN_IN).exit(Exit::PersonNeeded),
        _ => failure,
    }
    .into()
}

fn no_key(login: &Login<'_>, means: &Means<'_>) -> Failure {
    let path = shown_path(&means.logins.path_of(login.session_arn));
    Failure::new(format!("{path}: dpopKey is no private key of P-256 with its public key"))
        .hint(SIGN_IN)
        .exit(Exit::PersonNeeded)
}
