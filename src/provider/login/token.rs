//! Keys that AWS takes: the kept ones while they are new, or the next, got by one process for all.

use std::sync::Arc;

use super::super::Means;
use super::super::sign_in::refused::Refused;
use super::super::sign_in::renewal::Unrenewed;
use super::super::sign_in::{awaited, read, uninterrupted};
use super::super::sso::SIGN_IN;
use super::Login;
use super::dpop::DpopKey;
use super::token_call::{CALL, Grant, create_token};
use crate::clock;
use crate::message::{Exit, Failure, shown_path};
use crate::session::login::{LoginToken, id};
use crate::session::sso::Found;

/// Refusals that the same question would meet again: the session has ended, or its person's password is another now.
/// The last one is RFC 6749's.
const FOR_GOOD: [&str; 3] = ["TOKEN_EXPIRED", "USER_CREDENTIALS_CHANGED", "invalid_grant"];

/// The keys, renewed unless they are new; `None`: somebody has to sign in. `dead`: the id of keys that AWS takes no more.
///
/// Whoever comes here has used up what was kept, or wants more: renewing the keys and renewing the session are one.
pub(super) async fn usable(
    login: &Login<'_>,
    dead: Option<&str>,
    means: &Means<'_>,
) -> anyhow::Result<Option<LoginToken>> {
    sought(login, dead, means).await.or_else(Unrenewed::or_kept)
}

/// The same, with what was wrong where they are not renewed.
pub(super) async fn sought(
    login: &Login<'_>,
    dead: Option<&str>,
    means: &Means<'_>,
) -> Result<Option<LoginToken>, Unrenewed<LoginToken>> {
    let kept = || means.logins.load(login.session_arn);
    let Some(before) = read(kept).await else { return Ok(None) };
    if before.is_young(clock::now()) && dead != Some(before.credentials.access_key_id.as_str()) {
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
) -> Result<Option<LoginToken>, Unrenewed<LoginToken>> {
    let logins = means.logins;
    let begun_in = token.region.clone();
    let login = &Login { region: begun_in.as_deref().unwrap_or(login.region), ..*login };
    if !logins.is_renewable(&token) {
        return Ok(still_good(token));
    }
    let Some(key) = DpopKey::from_pem(&token.dpop_key).map(Arc::new) else {
        return Err(Unrenewed::failed(still_good(token), no_key(login, means).into()));
    };
    if let Err(error) = logins.check_writable(login.session_arn) {
        return Err(Unrenewed::failed(still_good(token), error));
    }
    log::info!("{}: the keys are renewed", login.session_arn);
    let call = create_token(Grant::Refresh(&token.refresh_token), &token.client_id, &key, login, &means.aws);
    let (answer, uninterrupted) = uninterrupted(call).await;
    match answer {
        Ok(granted) => {
            // Other programs know no lock of ours: who has signed out meanwhile stays so, and what they put there stays.
            match logins.load(login.session_arn) {
                Found::Absent => return Ok(None),
                Found::Kept(theirs) if is_of_another_sign_in(&token, &theirs) => {
                    return Ok(still_good(*theirs));
                }
                Found::Kept(_) | Found::Unreadable => {}
            }
            match granted.credentials {
                Ok(credentials) => {
                    let next = token.renewed(credentials, granted.refresh_token);
                    logins.save(login.session_arn, &next)?;
                    Ok(Some(next))
                }
                Err(error) => {
                    // The old refresh token is used up, whatever else came of it.
                    logins.save(login.session_arn, &token.with(granted.refresh_token))?;
                    Err(Unrenewed::failed(still_good(token), error))
                }
            }
        }
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
        Err(refused) => {
            let is_answer = refused.is_answer();
            let (kept, error) = (still_good(token), explained(refused, login));
            Err(if is_answer { Unrenewed::refused(kept, error) } else { Unrenewed::failed(kept, error) })
        }
    }
}

fn is_of_another_sign_in(before: &LoginToken, found: &LoginToken) -> bool {
    before.refresh_token != found.refresh_token || before.dpop_key != found.dpop_key
}

fn is_another(before: &LoginToken, found: &LoginToken) -> bool {
    before.credentials.access_key_id != found.credentials.access_key_id
}

fn still_good(token: LoginToken) -> Option<LoginToken> {
    Some(token).filter(|token| token.is_good(clock::now()))
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
