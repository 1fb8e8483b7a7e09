//! A token that the portal takes: the kept one, or the next, got by one process for all.

use super::super::Means;
use super::super::sign_in::refused::Refused;
use super::super::sign_in::renewal::Unrenewed;
use super::super::sign_in::{awaited, read, uninterrupted};
use super::oidc::{self, Grant};
use crate::clock;
use crate::profile::chain::Portal;
use crate::session::sso::{Found, Token, id};

/// Refusals (RFC 6749, 5.2) that the same question would meet again.
const FOR_GOOD: [&str; 4] = ["invalid_grant", "invalid_client", "unauthorized_client", "expired_token"];

/// The token, renewed if it is about to end; `None`: somebody has to sign in.
pub(super) async fn usable(portal: &Portal, means: &Means<'_>) -> anyhow::Result<Option<Token>> {
    sought(portal, means).await.or_else(Unrenewed::or_kept)
}

/// The same, with what was wrong where it is not renewed.
pub(super) async fn sought(portal: &Portal, means: &Means<'_>) -> Result<Option<Token>, Unrenewed<Token>> {
    let Some(token) = read(|| means.tokens.load(portal)).await else { return Ok(None) };
    let now = clock::now();
    if !token.is_due(now) {
        return Ok(Some(token));
    }
    if !means.tokens.is_renewable(portal, &token, now) {
        return Ok(Some(token).filter(|token| token.is_good(now)));
    }
    let _lock = match means.tokens.lock(&id(portal)) {
        Err(_) if token.is_good(clock::now()) => return Ok(Some(token)),
        lock => lock?,
    };
    match read(|| means.tokens.load(portal)).await {
        // Renewed by another, or signed out, while this waited.
        Some(theirs) if !theirs.is_due(clock::now()) => Ok(Some(theirs)),
        Some(token) => renew(token, portal, means).await,
        None => Ok(None),
    }
}

/// The caller holds the token's lock.
async fn renew(token: Token, portal: &Portal, means: &Means<'_>) -> Result<Option<Token>, Unrenewed<Token>> {
    let still_good = |token: Token| Some(token).filter(|token| token.is_good(clock::now()));
    let now = clock::now();
    let Some((client, refresh)) = token.means(now) else { return Ok(still_good(token)) };
    if means.tokens.is_refused(refresh) {
        return Ok(still_good(token));
    }
    if let Err(error) = means.tokens.check_writable(portal) {
        return Err(Unrenewed::failed(still_good(token), error));
    }
    log::info!("{}: the sign-in is renewed", portal.label());
    let call = oidc::create_token(client, Grant::Refresh(refresh), portal, &means.aws);
    let (answer, uninterrupted) = uninterrupted(call).await;
    match answer {
        Ok(granted) => {
            // Other programs know no lock of ours: who has signed out meanwhile stays so, and what they put there stays.
            match means.tokens.load(portal) {
                Found::Absent => return Ok(None),
                Found::Kept(theirs) if theirs.refresh_token != token.refresh_token => {
                    return Ok(still_good(*theirs));
                }
                Found::Kept(_) | Found::Unreadable => {}
            }
            let next = token.renewed(granted.access_token, granted.refresh_token, granted.expires);
            means.tokens.save(portal, &next)?;
            Ok(Some(next))
        }
        Err(Refused::Rfc { code, .. }) if FOR_GOOD.contains(&code.as_str()) => {
            log::warn!("{}: the sign-in is not renewed: {code}", portal.label());
            drop(uninterrupted);
            // Another program may have renewed it at the same time, and AWS takes a refresh token once.
            if let Some(theirs) = changed(&token, portal, means).await {
                return Ok(still_good(theirs));
            }
            means.tokens.refuse(refresh);
            Ok(still_good(token))
        }
        Err(refused) => {
            let is_answer = refused.is_answer();
            let (kept, error) = (still_good(token), refused.failure("CreateToken"));
            Err(if is_answer { Unrenewed::refused(kept, error) } else { Unrenewed::failed(kept, error) })
        }
    }
}

/// What another program has put in a token's place.
async fn changed(token: &Token, portal: &Portal, means: &Means<'_>) -> Option<Token> {
    let other = |found: &Token| found.access_token != token.access_token;
    awaited(|| means.tokens.load(portal).kept().filter(other)).await
}
