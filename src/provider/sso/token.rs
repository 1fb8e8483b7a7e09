//! A token that the portal takes: the kept one, or the next, got by one process for all.

use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use super::super::Means;
use super::oidc::{self, Grant, Refused};
use crate::clock;
use crate::process::Uninterrupted;
use crate::profile::chain::Portal;
use crate::session::sso::{Found, Token, id};

/// Another program writes its file in the open, and some time after AWS has answered it.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// So long a Ctrl-C waits for an answer.
const HELD_UP: Duration = Duration::from_secs(5);

/// Refusals (RFC 6749, 5.2) that the same question would meet again.
const FOR_GOOD: [&str; 4] = ["invalid_grant", "invalid_client", "unauthorized_client", "expired_token"];

/// The token, renewed if it is about to end; `None`: somebody has to sign in.
pub(super) async fn usable(portal: &Portal, means: &Means<'_>) -> anyhow::Result<Option<Token>> {
    let Some(token) = read(portal, means).await else { return Ok(None) };
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
    match read(portal, means).await {
        // Renewed by another, or signed out, while this waited.
        Some(theirs) if !theirs.is_due(clock::now()) => Ok(Some(theirs)),
        Some(token) => renew(token, portal, means).await,
        None => Ok(None),
    }
}

/// The caller holds the token's lock.
async fn renew(token: Token, portal: &Portal, means: &Means<'_>) -> anyhow::Result<Option<Token>> {
    let still_good = |token: Token| Some(token).filter(|token| token.is_good(clock::now()));
    let now = clock::now();
    let Some((client, refresh)) = token.means(now) else { return Ok(still_good(token)) };
    if means.tokens.is_refused(refresh) {
        return Ok(still_good(token));
    }
    if let Err(error) = means.tokens.check_writable() {
        return still_good(token).map_or(Err(error), |token| Ok(Some(token)));
    }
    log::info!("{}: the sign-in is renewed", portal.label());
    let call = oidc::create_token(client, Grant::Refresh(refresh), portal, &means.aws);
    let (answer, uninterrupted) = uninterrupted(call).await;
    match answer {
        Ok(granted) => {
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
            still_good(token).map_or_else(|| Err(refused.failure("CreateToken")), |token| Ok(Some(token)))
        }
    }
}

/// AWS takes a refresh token once: cut off between its answer and the file, the sign-in would be lost. So signals wait
/// until both are there, but not for an answer that does not come.
async fn uninterrupted<T>(call: impl Future<Output = T>) -> (T, Option<Uninterrupted>) {
    let uninterrupted = Uninterrupted::begin();
    let mut call = pin!(call);
    match timeout(HELD_UP, &mut call).await {
        Ok(answer) => (answer, Some(uninterrupted)),
        Err(_) => {
            drop(uninterrupted);
            (call.await, None)
        }
    }
}

/// What another program has put in a token's place.
async fn changed(token: &Token, portal: &Portal, means: &Means<'_>) -> Option<Token> {
    for _ in 0..LOOKS {
        let found = means.tokens.load(portal).token();
        if let Some(found) = found.filter(|found| found.access_token != token.access_token) {
            return Some(found);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

/// The kept token. One that cannot be read may be on its way to the disk.
async fn read(portal: &Portal, means: &Means<'_>) -> Option<Token> {
    for _ in 0..LOOKS {
        match means.tokens.load(portal) {
            Found::Token(token) => return Some(*token),
            Found::Absent => return None,
            Found::Unreadable => tokio::time::sleep(PAUSE / 10).await,
        }
    }
    None
}
