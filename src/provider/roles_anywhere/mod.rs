//! IAM Roles Anywhere: an X.509 certificate and its private key, in files or on a PKCS#11 token, for a role's session.
//! Both are read again for each session, so that what renews certificates need not know of us.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_sts::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use serde::Deserialize;

use super::error::{WINDOW, explain};
use super::{Means, Mfa, issued, lacks, runtime};
use crate::aws::{Post, seconds_ahead};
use crate::clock::{self, Timestamp};
use crate::credentials::Credentials;
use crate::files::Stamp;
use crate::message::{Failure, printable, shown_path};
use crate::profile::chain::{Held, RolesAnywhere};
use crate::secret::Secret;
use crate::session::noted;

mod bundle;
mod certificate;
mod encryption;
#[cfg(feature = "pkcs11")]
mod module;
mod password;
mod pem;
#[cfg(feature = "pkcs11")]
mod pin;
mod pkcs12;
#[cfg(feature = "pkcs11")]
mod public_key;
mod request;
mod signing_key;
#[cfg_attr(not(feature = "pkcs11"), path = "no_token.rs")]
mod token;

use bundle::Bundle;
use certificate::Certificate;
use password::Opener;
use request::{Request, query};
use signing_key::SigningKey;

pub(super) const CALL: &str = "CreateSession";
/// What AWS's own helper asks for if nobody says more.
const USUAL: Duration = Duration::from_secs(3600);

/// The role's session.
pub(super) fn credentials(
    source: &RolesAnywhere,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Credentials> {
    let identity = Identity::read(source, &mut opener(source, means, mfa))?;
    if is_another(source) {
        let what = format!("{}: another certificate is on the token now", shown(&source.certificate));
        return Err(Failure::new(what).hint("run it again").into());
    }
    mfa.is_calling();
    create_session(source, &identity, means)
}

/// What opens the files and the tokens: asked for and kept, if they are locked, and put into the source, so that where
/// it could not be kept nobody is asked a second time. Says whether there was any. Nothing is called.
pub fn unlock(source: &mut RolesAnywhere, means: &Means<'_>, mfa: &mut Mfa) -> anyhow::Result<bool> {
    let mut opener = Opener { is_login: true, ..opener(source, means, mfa) };
    Identity::read(source, &mut opener)?;
    let (mut used, pins) = (opener.used, opener.pins);
    let was_locked = !used.is_empty() || !pins.is_empty();
    for held in [&mut source.certificate, &mut source.private_key] {
        if let Held::Token(uri) = held {
            let name = uri.token();
            let taken = pins.iter().find(|taken| taken.asked == name).map(|taken| taken.pin.clone());
            uri.pin = taken.or(uri.pin.take());
        }
    }
    if used.len() == 1 {
        source.password = used.pop();
    }
    Ok(was_locked)
}

fn opener<'a, 'm>(source: &'a RolesAnywhere, means: &'a Means<'a>, mfa: &'m mut Mfa) -> Opener<'a, 'm> {
    Opener {
        given: source.password.as_ref(),
        means,
        mfa,
        used: Vec::new(),
        pins: Vec::new(),
        is_login: false,
    }
}

/// A certificate with its chain, and its key.
struct Identity {
    /// The leaf first.
    chain: Vec<Certificate>,
    key: SigningKey,
}

impl Identity {
    /// Whole and fit for a call, or an error that names the file.
    fn read(source: &RolesAnywhere, opener: &mut Opener<'_, '_>) -> anyhow::Result<Self> {
        let is_one = source.private_key == source.certificate;
        let mut id = None;
        let (mut chain, own) = match &source.certificate {
            Held::File(path) if is_one => {
                let opened = opener.open(&read(source, path)?)?;
                (opened.certificates, opened.key)
            }
            Held::File(path) => (opener.open(&read(source, path)?.certificates_alone())?.certificates, None),
            Held::Token(uri) => {
                let found = token::certificate(uri, source.said_by, opener)?;
                id = is_one.then_some(found.id);
                (found.chain, None)
            }
        };
        // They stand in the file in whatever order. A key on a token does not say which is its own.
        chain.sort_by_key(Certificate::is_ca);
        let leaf = chain.first().ok_or_else(|| no_certificate(&source.certificate));
        let key = match &source.private_key {
            Held::File(_) if is_one => own,
            Held::File(path) => opener.open(&read(source, path)?)?.key,
            Held::Token(uri) => Some(token::key(uri, id.as_deref(), leaf?, source.said_by, opener)?),
        };
        let key = key.ok_or_else(|| no_key(&source.private_key))?;
        chain.sort_by_key(|certificate| !key.has_public_half(certificate.public_key()));
        if let Some(path) = &source.intermediates {
            let intermediates = opener.open(&read(source, path)?.certificates_alone())?.certificates;
            if intermediates.is_empty() {
                return Err(no_certificate(&Held::from(path)).into());
            }
            chain.extend(intermediates);
        }
        let leaf = chain.first().ok_or_else(|| no_certificate(&source.certificate))?;
        let file = shown(&source.certificate);
        if !key.has_public_half(leaf.public_key()) {
            let what = match is_one {
                true => format!("{file}: the private key in it is of no certificate in it"),
                false => format!("{} is not the key of the certificate {file}", shown(&source.private_key)),
            };
            return Err(Failure::new(what).hint("name the two that were made together").into());
        }
        leaf.check(&file, clock::now())?;
        if let Some(path) = &source.noted {
            noted::note(path, &leaf.der).context("cannot note which certificate is on the token")?;
        }
        // Written into meanwhile, or while somebody was asked for a password.
        match files(source).find(|(path, stamp)| Stamp::at(path) != **stamp) {
            Some((path, _)) => Err(changed(path).into()),
            None => Ok(Self { chain, key }),
        }
    }
}

/// A file as it was when the session got its name: of another, the session would be kept under the wrong one.
fn read(source: &RolesAnywhere, path: &Path) -> anyhow::Result<Bundle> {
    let bundle = Bundle::read(path)?;
    match files(source).any(|(known, stamp)| known == path && *stamp != Some(bundle.stamp)) {
        true => Err(changed(path).into()),
        false => Ok(bundle),
    }
}

fn files(source: &RolesAnywhere) -> impl Iterator<Item = (&Path, &Option<Stamp>)> {
    source.files().zip(&source.stamps).filter(|(path, _)| source.noted.as_deref() != Some(path))
}

/// Whether the session's name is that of another certificate than the token has now. Of the first one nobody knew.
fn is_another(source: &RolesAnywhere) -> bool {
    let mut noted =
        source.files().zip(&source.stamps).filter(|(path, _)| source.noted.as_deref() == Some(path));
    noted.any(|(path, stamp)| stamp.is_some() && Stamp::at(path) != *stamp)
}

fn changed(path: &Path) -> Failure {
    Failure::new(format!("{} changed just now", shown_path(path))).hint("run it again")
}

fn no_certificate(held: &Held) -> Failure {
    Failure::new(format!("{}: there is no certificate in it", shown(held))).hint(
        "PEM has it behind `-----BEGIN CERTIFICATE-----`; `openssl pkcs7 -print_certs` writes those of a .p7b so",
    )
}

fn no_key(held: &Held) -> Failure {
    Failure::new(format!("{}: there is no private key in it", shown(held)))
        .hint("is it in another file? `private_key` says which; else it is looked for beside the certificate")
}

fn shown(held: &Held) -> String {
    match held {
        Held::File(path) => shown_path(path),
        Held::Token(uri) => printable(&uri.to_string()),
    }
}

fn create_session(
    source: &RolesAnywhere,
    identity: &Identity,
    means: &Means<'_>,
) -> anyhow::Result<Credentials> {
    let door = means.aws.roles_anywhere(source.region(), source.endpoint.as_deref())?;
    let runtime = runtime()?;
    let send = |now| {
        let request = Request {
            host: door.host(),
            path: &door.path("sessions"),
            query: query(&[
                ("profileArn", &source.profile_arn),
                ("roleArn", &source.role_arn),
                ("trustAnchorArn", &source.trust_anchor_arn),
            ]),
            body: body(source),
            chain: &identity.chain,
            region: source.region(),
            now,
        };
        let headers = request.signed(&identity.key)?;
        let post = Post {
            call: CALL,
            target: format!("/sessions?{}", request.query),
            headers,
            body: Secret::new(request.body),
        };
        anyhow::Ok(runtime.block_on(door.post(post)).map_err(Box::new))
    };
    let now = clock::now();
    let answer = send(now)?;
    // Signed by a wrong clock: once more by AWS's, as the SDK does with its own calls.
    let by_awss =
        answer.as_ref().err().and_then(|error| seconds_ahead_of(error)).map(|ahead| now.as_second() - ahead);
    let answer = match by_awss.and_then(|second| Timestamp::from_second(second).ok()) {
        Some(now) => send(now)?,
        None => answer,
    };
    session(source, &answer.map_err(|error| about(&identity.chain, explain(CALL, *error)))?)
}

/// A refusal, with what is wrong with the certificates in the place of guesses about the anchor.
fn about(chain: &[Certificate], refused: Failure) -> Failure {
    let Some((leaf, cas)) = chain.split_first().filter(|_| refused.hint.as_deref() == Some(UNTRUSTED)) else {
        return refused;
    };
    let now = clock::now();
    match (leaf.shortcoming(), cas.iter().find(|ca| ca.is_out_of_time(now))) {
        (Some(what), _) => refused.hint(format!(
            "the certificate {what}: AWS asks for X.509v3 with CA:false and digitalSignature, signed over SHA-256 or more"
        )),
        (None, Some(ca)) => {
            let subject = ca.subject();
            refused.hint(format!("the CA certificate {subject} has expired or is not valid yet: ask the CA for another"))
        }
        (None, None) => refused,
    }
}

/// By how much this machine's clock is too far ahead of AWS's, where AWS refused.
fn seconds_ahead_of(error: &SdkError<ErrorMetadata, HttpResponse>) -> Option<i64> {
    let SdkError::ServiceError(refused) = error else { return None };
    let ahead = refused.raw().headers().get("date").and_then(seconds_ahead)?;
    Some(ahead).filter(|ahead| ahead.unsigned_abs() > WINDOW)
}

fn body(source: &RolesAnywhere) -> String {
    let mut body = serde_json::json!({"durationSeconds": source.duration.unwrap_or(USUAL).as_secs()});
    if let Some(name) = &source.session_name {
        body["roleSessionName"] = name.as_str().into();
    }
    body.to_string()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    credential_set: Vec<Issued>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    #[serde(default)]
    credentials: Keys,
    role_arn: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

fn session(source: &RolesAnywhere, answer: &[u8]) -> anyhow::Result<Credentials> {
    let answer: Answer = serde_json::from_slice(answer)
        .map_err(|_| Failure::new(format!("{CALL}: the answer could not be read")))?;
    let first = answer.credential_set.into_iter().next().ok_or_else(|| lacks(CALL, "credentials"))?;
    let role = first.role_arn.filter(|arn| !arn.is_empty()).ok_or_else(|| lacks(CALL, "role's ARN"))?;
    if role != source.role_arn {
        return Err(
            Failure::new(format!("{CALL}: AWS gave another role than {}: {role}", source.role_arn)).into()
        );
    }
    let keys = first.credentials;
    let account = source.role_arn.split(':').nth(4).map(str::to_owned);
    let expiry = clock::parse(&keys.expiration);
    issued(CALL, [keys.access_key_id, keys.secret_access_key, keys.session_token], expiry, account)
}

const UNTRUSTED: &str = "the trust anchor does not vouch for the certificate: is it the right anchor? CA certificates between the two have \
     to be in the certificate's file, or in `intermediates`";

/// What to do about a refusal.
pub(super) fn hint(code: &str, lower: &str) -> Option<&'static str> {
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    Some(match code {
        "ThrottlingException" | "TooManyRequestsException" => {
            "AWS takes ten such calls a second of an account: try again"
        }
        "ResourceNotFoundException" => {
            "look at trust_anchor_arn and profile_arn: are they of this region, and still there?"
        }
        "AccessDeniedException" if has(&["untrusted", "certificate"]) => UNTRUSTED,
        "AccessDeniedException" if has(&["signature"]) => {
            "is there a proxy in between that changes requests?"
        }
        "AccessDeniedException" if has(&["sessionname", "session name"]) => {
            "the Roles Anywhere profile takes no session_name: leave it out, or let the profile accept it"
        }
        "AccessDeniedException" if has(&["disabled", "not enabled"]) => {
            "enable the trust anchor and the profile in IAM Roles Anywhere"
        }
        "AccessDeniedException" => {
            "the role has to be one of the Roles Anywhere profile's, and its trust policy has to let \
             rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
