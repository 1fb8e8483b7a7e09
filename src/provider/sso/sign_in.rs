//! Signing in, for a command that a person typed. One at a time for each portal: who comes second takes what the
//! first one gets.

use std::time::Duration;

use super::super::{Means, runtime};
use super::{browser, device, oidc, sign_out, signed_in};
use crate::clock::{self, Timestamp};
use crate::profile::chain::Portal;
use crate::session::sso::{Flow, Registration, Token, id};

/// How a person wants it.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// By a browser of this machine, or any.
    pub flow: Flow,
    /// Where the browser comes back to; any free port if none.
    pub callback_port: Option<u16>,
    /// Not with what is kept: the old sign-in is ended first.
    pub fresh: bool,
}

/// What a person is told on the way.
pub trait Guide {
    /// Somebody else of this user signs in, and this waits for it.
    fn another_signs_in(&self);
    /// What to open.
    fn invite(&self, invitation: &Invitation<'_>);
    /// It is still waited for, so long at most.
    fn waits(&self, left: Duration);
    /// It is no longer waited for.
    fn ends(&self);
}

/// What to open, and what to type there.
#[derive(Debug)]
pub struct Invitation<'a> {
    /// The address.
    pub address: &'a str,
    /// What is asked for there.
    pub user_code: Option<&'a str>,
    /// The address with the code in it.
    pub whole_address: Option<&'a str>,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// Somebody was signed in already.
    Already(Token),
    /// A new sign-in.
    New(Token),
}

/// Signs in, unless there is nothing to do.
pub fn sign_in(portal: &Portal, how: &How, means: &Means<'_>, guide: &dyn Guide) -> anyhow::Result<Outcome> {
    let tokens = means.tokens;
    let kept = || {
        let token = signed_in(portal, means)?;
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
    if how.fresh
        && let Some(old) = tokens.load(portal).token()
    {
        // A portal that is signed in still would give a token that ends with the old one.
        sign_out(&portal.region, &old, means)?;
        let _lock = tokens.lock(&id(portal))?;
        tokens.remove(&id(portal))?;
    }
    let token = runtime()?.block_on(async {
        match how.flow {
            Flow::Browser => browser::sign_in(portal, how, means, guide).await,
            Flow::Device => device::sign_in(portal, how, means, guide).await,
        }
    });
    guide.ends();
    let token = token?;
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

/// Until when a person is waited for.
pub(super) struct Patience<'a> {
    guide: &'a dyn Guide,
    until: Timestamp,
}

impl<'a> Patience<'a> {
    pub(super) fn of(span: Duration, guide: &'a dyn Guide) -> Self {
        let now = clock::now();
        Self { guide, until: now.checked_add(span).unwrap_or(now) }
    }

    /// Says how long it still waits; `false`: no longer.
    pub(super) fn lasts(&self) -> bool {
        let left = self.until.duration_since(clock::now());
        if left.is_positive() {
            self.guide.waits(left.unsigned_abs());
        }
        left.is_positive()
    }
}
