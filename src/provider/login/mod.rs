//! `aws login`: the keys of a console session, which are renewed for as long as AWS allows, and the sign-in that it
//! begins with. Nothing here opens a browser but [`sign_in`], which only a person's command calls.

use anyhow::Context;

use super::identity::identity;
use super::sso::needs_sign_in;
use super::{Means, runtime};
use crate::aws::fallback_region;
use crate::credentials::Credentials;
use crate::message::{Exit, Failure};
use crate::profile::chain::{RoleChain, Source, account_of};

mod dpop;
mod sign_in;
mod token;
mod token_call;

pub use sign_in::sign_in;

/// A console session, and where it is renewed.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// Whose: `login_session`.
    pub session_arn: &'a str,
    /// Where the sign-in says nothing else.
    pub region: &'a str,
}

impl<'a> Login<'a> {
    /// The one that a chain begins with.
    pub fn of(chain: &'a RoleChain) -> Option<Self> {
        let Source::Login { session_arn } = &chain.source else { return None };
        let named = chain.source_region.as_deref().or(chain.region.as_deref());
        Some(Self { session_arn, region: named.unwrap_or(fallback_region(Some(session_arn))) })
    }
}

/// The session's keys.
pub(super) fn credentials(chain: &RoleChain, means: &Means<'_>) -> anyhow::Result<Credentials> {
    let login = Login::of(chain).expect("the caller has looked at the source");
    let session_arn = login.session_arn;
    let account = account_of(session_arn).ok_or_else(|| {
        Failure::new(format!("cannot use {}: login_session {session_arn} names no account", chain.name))
            .hint("`aws login` writes it: the ARN of whoever signs in")
    })?;
    let token = runtime()?.block_on(token::usable(&login, means));
    let token = token.with_context(|| format!("cannot renew the sign-in of {session_arn}"))?;
    let credentials = token.ok_or_else(|| needs_sign_in(&chain.name))?.credentials;
    // What a file says of itself is not enough, and no answer that renews keys says whose they are.
    let whose = identity(&credentials, login.region, &means.aws)?;
    if whose.account != account {
        return Err(Failure::new(format!(
            "cannot use {}: its sign-in gives keys of {}, and not of {session_arn}",
            chain.name, whose.arn
        ))
        .hint("`awsenv login --fresh` signs in anew")
        .exit(Exit::PersonNeeded)
        .into());
    }
    Ok(Credentials { account: Some(account), ..credentials })
}
