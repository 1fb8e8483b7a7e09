//! From a role chain to credentials, however long that takes. Knows no shell and no `.awsenv`.

use anyhow::Context;

use crate::aws::{Aws, fallback_region};
use crate::clock::{self, Timestamp};
use crate::credentials::{Credentials, Expiry};
use crate::env::Env;
use crate::keychain::Keychain;
use crate::message::Failure;
use crate::places::Places;
use crate::profile::chain::{Hop, RoleChain, Source};
use crate::secret::Secret;
use crate::session::failure::FailureRecord;
use crate::session::login::Logins;
use crate::session::sso::Tokens;

mod error;
pub mod federation;
pub mod iam;
pub mod identity;
pub mod login;
mod metadata;
pub mod mfa;
mod patience;
pub mod process;
pub mod renew;
pub mod roles_anywhere;
pub mod saml;
pub mod sign_in;
pub mod sso;
pub mod sts;
mod web_identity;

use mfa::Code;
pub use mfa::Mfa;

/// What a walk takes along.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// Where things are kept.
    pub places: &'a Places,
    /// How AWS is reached.
    pub aws: Aws<'a>,
    /// Where long-lived keys rest.
    pub keychain: Keychain<'a>,
    /// Where the tokens of a sign-in are.
    pub tokens: Tokens<'a>,
    /// The same of `aws login`.
    pub logins: Logins<'a>,
    /// The environment with our own values undone.
    pub original: &'a Env,
    /// Profiles whose programs run only where a person typed the command.
    pub not_in_background: &'a [String],
}

/// One call of a chain, signed by what the one before gave.
fn call(
    hop: Hop<'_>,
    signer: &Credentials,
    chain: &RoleChain,
    region: Option<&str>,
    means: &Means<'_>,
    code: Option<&Code>,
) -> anyhow::Result<Credentials> {
    let (runtime, aws) = (runtime()?, &means.aws);
    let region = region_of(hop, chain, region);
    mfa::send(code, means, |code| match hop {
        Hop::Session(session) => runtime.block_on(sts::get_session_token(session, signer, region, aws, code)),
        Hop::Role(role) => {
            runtime.block_on(sts::assume_role(role, signer, region, aws, code, means.original))
        }
    })
}

/// A session as AWS answers it. Every member is needed; one that is missing or empty is no session.
fn issued(
    call: &str,
    [access_key_id, secret_access_key, session_token]: [String; 3],
    expiry: Option<Timestamp>,
    account: Option<String>,
) -> anyhow::Result<Credentials> {
    let (secret, token) = (Secret::new(secret_access_key), Secret::new(session_token));
    for (what, text) in [
        ("access key id", access_key_id.as_str()),
        ("secret access key", secret.expose()),
        ("session token", token.expose()),
    ] {
        if text.is_empty() {
            return Err(lacks(call, what).into());
        }
    }
    // 1970 is what the SDK makes of an expiration that was not there.
    let expiry = expiry.filter(|instant| instant.as_second() > 0).ok_or_else(|| lacks(call, "expiration"))?;
    // A clock that runs ahead: nobody would be given it, and it would be asked for again and again.
    if expiry <= clock::now() {
        return Err(error::over_on_arrival(call).into());
    }
    Ok(Credentials {
        access_key_id,
        secret_access_key: secret,
        session_token: Some(token),
        expiry: Some(Expiry(expiry)),
        account,
    })
}

/// An answer that is not whole.
fn lacks(call: &str, what: &str) -> Failure {
    Failure::new(format!("the answer to {call} lacks its {what}"))
}

/// Where the call is made.
fn region_of<'a>(hop: Hop<'_>, chain: &'a RoleChain, region: Option<&'a str>) -> &'a str {
    match hop {
        Hop::Session(_) => chain.source_region.as_deref().or(region).unwrap_or(fallback_region(None)),
        Hop::Role(role) => region.unwrap_or(fallback_region(Some(&role.arn))),
    }
}

/// A runtime for this one thread. It lives and dies here; nothing else in the program is asynchronous.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

fn source(chain: &RoleChain, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<Credentials> {
    match &chain.source {
        Source::Keychain { name, access_key_id, .. } => {
            // It may ask for a passphrase.
            mfa.hush();
            let credentials = means.keychain.read(name, access_key_id)?;
            if mfa.has_person() {
                FailureRecord::forget_waiting(means.places);
            }
            Ok(credentials)
        }
        Source::Keys { credentials, .. } | Source::Environment(credentials) => {
            if credentials.expiry.is_some_and(|expiry| !expiry.is_after(clock::now())) {
                return Err(Failure::new(format!("{}: the keys have expired", chain.name))
                    .hint("put fresh ones where these came from")
                    .into());
            }
            Ok(credentials.clone())
        }
        Source::Sso(sso) => {
            mfa.is_calling();
            sso::credentials(sso, &chain.name, means)
        }
        Source::RolesAnywhere(source) => roles_anywhere::credentials(source, means, mfa),
        Source::Process { .. } => process::credentials(chain, means, mfa),
        Source::WebIdentity { token, role } => web_identity::credentials(token, role, chain, means, mfa),
        Source::Ec2Metadata(instance) => metadata::of_instance(instance, chain, means, mfa),
        Source::Container(container) => metadata::of_container(container, chain, means, mfa),
        Source::Login { .. } => {
            mfa.is_calling();
            login::credentials(chain, means)
        }
    }
}
