//! `aws login`: the keys of a console session, which are renewed for as long as AWS allows, and the sign-in that it
//! begins with. Nothing here opens a browser but [`sign_in`], which only a person's command calls.

use anyhow::Context;

use super::error::is_unknown_signer;
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
    let kept = means.logins.load(session_arn).kept().map(|token| token.credentials.access_key_id);
    let mut credentials = usable(&chain.name, &login, None, means)?;
    let mut whose = identity(&credentials, login.region, &means.aws);
    if whose.as_ref().is_err_and(is_unknown_signer) && kept.as_ref() == Some(&credentials.access_key_id) {
        log::warn!("{session_arn}: AWS honours the kept keys no more, they are renewed");
        credentials = usable(&chain.name, &login, kept.as_deref(), means)?;
        if kept.as_ref() != Some(&credentials.access_key_id) {
            whose = identity(&credentials, login.region, &means.aws);
        }
    }
    // What a file says of itself is not enough, and no answer that renews keys says whose they are.
    let whose = whose?;
    let is_of_account = account_of(session_arn).as_ref() == Some(&whose.account);
    if !is_of_account || (is_of_one(session_arn) && whose.arn != session_arn) {
        return Err(Failure::new(format!(
            "cannot use {}: its sign-in gives keys of {}, and not of {session_arn}",
            chain.name, whose.arn
        ))
        .hint("`awsenv login --fresh` signs in anew")
        .exit(Exit::PersonNeeded)
        .into());
    }
    Ok(Credentials { account: Some(whose.account), ..credentials })
}

fn usable(
    name: &str,
    login: &Login<'_>,
    dead: Option<&str>,
    means: &Means<'_>,
) -> anyhow::Result<Credentials> {
    let token = runtime()?.block_on(token::usable(login, dead, means));
    let token = token.with_context(|| format!("cannot renew the sign-in of {}", login.session_arn))?;
    Ok(token.ok_or_else(|| needs_sign_in(name))?.credentials)
}

/// Whether this is an ARN that GetCallerIdentity gives, so that the two can be compared: a user's, the root user's, or a
/// session's. Of anything else, only the account can be.
fn is_of_one(session_arn: &str) -> bool {
    let mut parts = session_arn.splitn(6, ':').skip(2);
    let (service, whose) = (parts.next(), parts.nth(2).unwrap_or_default());
    match service {
        Some("iam") => whose == "root" || whose.starts_with("user/"),
        Some("sts") => ["assumed-role/", "federated-user/"].iter().any(|kind| whose.starts_with(kind)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_get_caller_identity_gives_can_be_compared() {
        for (arn, expected) in [
            ("arn:aws:iam::111122223333:root", true),
            ("arn:aws:iam::111122223333:user/division/me", true),
            ("arn:aws-cn:sts::111122223333:assumed-role/Admin/me", true),
            ("arn:aws:sts::111122223333:federated-user/me", true),
            ("arn:aws:iam::111122223333:role/Admin", false),
            ("arn:aws:signin::111122223333:session/me", false),
            ("x", false),
        ] {
            assert_eq!(is_of_one(arn), expected, "{arn}");
        }
    }
}
