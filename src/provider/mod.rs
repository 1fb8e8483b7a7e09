//! From a role chain to credentials, however long that takes. Knows no shell and no `.awsenv`.

use anyhow::Context;

use crate::aws::{Aws, fallback_region};
use crate::clock;
use crate::credentials::Credentials;
use crate::env::Env;
use crate::message::Failure;
use crate::profile::chain::{RoleChain, Source, check_served};

mod error;
pub mod identity;
pub mod mfa;
pub mod renew;
pub mod sts;

pub use mfa::Mfa;

/// Walks the chain: the source, GetSessionToken where it stands between, then each role on top of the last.
/// The runtime lives and dies here; nothing else in the program is asynchronous.
pub fn walk(
    chain: &RoleChain,
    region: Option<&str>,
    aws: &Aws<'_>,
    original: &Env,
    mfa: &mut Mfa,
) -> anyhow::Result<Credentials> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut credentials = source(chain)?;
        if let Some(session) = &chain.session_token {
            let region = region.unwrap_or(fallback_region(None));
            credentials = sts::get_session_token(session, &credentials, region, aws, mfa, original)
                .await
                .with_context(|| format!("cannot get a session for {}", chain.name))?;
        }
        for role in &chain.roles {
            let region = role.region.as_deref().or(region).unwrap_or(fallback_region(Some(&role.arn)));
            credentials = sts::assume_role(role, &credentials, region, aws, mfa, original)
                .await
                .with_context(|| format!("cannot assume {}", role.arn))?;
        }
        Ok(credentials)
    })
}

/// A runtime for this one thread.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

fn source(chain: &RoleChain) -> anyhow::Result<Credentials> {
    match &chain.source {
        Source::Keys { credentials, .. } | Source::Environment(credentials) => {
            if credentials.expiry.is_some_and(|expiry| !expiry.is_after(clock::now())) {
                return Err(Failure::new(format!("{}: the keys have expired", chain.name))
                    .hint("put fresh ones where these came from")
                    .into());
            }
            Ok(credentials.clone())
        }
        _ => Err(check_served(chain).expect_err("all other sources are for later").into()),
    }
}
