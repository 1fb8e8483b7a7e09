//! Signing in, for a command that a person typed. One at a time for each portal: who comes second takes what the
//! first one gets.

use super::super::sign_in::renewal::Unrenewed;
use super::super::sign_in::{Guide, How, Outcome};
use super::super::{Means, runtime};
use super::{browser, device, oidc, sign_out, token};
use crate::clock;
use crate::profile::chain::Portal;
use crate::session::sso::{Flow, Registration, Token, id};

/// Signs in, unless there is nothing to do.
pub fn sign_in(
    portal: &Portal,
    how: &How,
    means: &Means<'_>,
    guide: &dyn Guide,
) -> anyhow::Result<Outcome<Token>> {
    let tokens = means.tokens;
    let kept = || {
        let token = runtime()?.block_on(token::sought(portal, means));
        let token = token.or_else(Unrenewed::for_person)?;
        // One that ends within minutes and cannot be renewed is not worth keeping: a person is here.
        anyhow::Ok(token.filter(|token| !token.is_due(clock::now())))
    };
    let (_lock, is_second) = match tokens.try_sign_in(portal)? {
        Some(lock) => (lock, false),
        None => {
            guide.another_signs_in();
            (tokens.await_sign_in(portal)?, true)
        }
    };
    if (is_second || !how.fresh)
        && let Some(token) = kept()?
    {
        return Ok(Outcome::Already(token));
    }
    // Before a person does for nothing what it takes, and an old sign-in ends for nothing.
    let lock = tokens.lock(&id(portal))?;
    tokens.check_writable(portal)?;
    drop(lock);
    if how.fresh {
        if let Some(old) = tokens.load(portal).kept() {
            // A portal that is signed in still would give a token that ends with the old one.
            sign_out(&portal.region, &old, means)?;
            let _lock = tokens.lock(&id(portal))?;
            tokens.remove(&id(portal))?;
        }
        guide.old_one_ended()?;
    }
    let signed_in = runtime()?.block_on(async {
        match how.flow {
            Flow::Browser => browser::sign_in(portal, how, means, guide).await,
            Flow::Device => device::sign_in(portal, how, means, guide).await,
        }
    });
    guide.ends();
    let token = signed_in?;
    let _lock = tokens.lock(&id(portal))?;
    tokens.save(portal, &token)?;
    Ok(Outcome::New(token))
}

/// This program as AWS knows it already, or makes it known.
pub(super) async fn registration(
    portal: &Portal,
    how: &How,
    means: &Means<'_>,
) -> anyhow::Result<Registration> {
    let kept = means.tokens.registration(portal, how.flow, clock::now());
    if let Some(registration) = kept.filter(|_| !how.fresh) {
        return Ok(registration);
    }
    let registration = oidc::register(portal, how.flow, &means.aws).await?;
    if let Err(error) = means.tokens.save_registration(portal, &registration) {
        log::warn!("the registration is not kept: {error:#}");
    }
    Ok(registration)
}
