//! IAM Roles Anywhere: CreateSession, signed by a certificate's key (SigV4-X509). Certificates and signatures are
//! checked by what rustls checks them with, which signs nothing of the program's.

use std::collections::BTreeMap;

use hyper::http::request::Parts;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use serde_json::json;
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring};

use crate::answer::{Answer, Refusal, instant, json_answer};
use crate::principal::{Principal, account, name};
use crate::sigv4::{Authorization, canonical, check_clock, header, hex};
use crate::state::State;
use crate::sts::Parameters;

const RSA: &str = "AWS4-X509-RSA-SHA256";
const EC: &str = "AWS4-X509-ECDSA-SHA256";

/// Answers a CreateSession, whoever sends it.
pub(crate) fn answer(
    parameters: &Parameters,
    parts: &Parts,
    body: &[u8],
    state: &State,
) -> Result<Answer, Refusal> {
    let text = header(parts, "authorization").ok_or_else(|| denied("Missing Authentication Token"))?;
    let authorization = Authorization::parse(text)
        .filter(|authorization| [RSA, EC].contains(&authorization.algorithm))
        .ok_or_else(|| denied("Unable to parse the Authorization header"))?;
    let leaf = certificates(parts, "x-amz-x509")?.pop().ok_or_else(|| denied("Certificate is missing"))?;
    let chain = certificates(parts, "x-amz-x509-chain")?;
    let certificate =
        EndEntityCert::try_from(&leaf).map_err(|_| denied("Certificate could not be parsed"))?;
    let serial = decimal(certificate.serial());
    if authorization.access_key_id != serial {
        return Err(denied(&format!("Credential has to begin with the serial number {serial}")));
    }
    check_signature(&authorization, parts, body, &certificate, state)?;
    let needed = |member: &str| {
        let missing = || Refusal::new(400, "ValidationException", format!("{member} must not be null"));
        parameters.get(member).ok_or_else(missing)
    };
    let (anchor, profile, role) = (needed("trustAnchorArn")?, needed("profileArn")?, needed("roleArn")?);
    let missing = |what: &str| Refusal::new(404, "ResourceNotFoundException", format!("{what} not found"));
    let anchor = state.anchor(anchor).ok_or_else(|| missing("Trust anchor"))?;
    let profile = state.anywhere_profile(profile).ok_or_else(|| missing("Profile"))?;
    if Some(authorization.scope[1]) != anchor.arn.split(':').nth(3) {
        return Err(denied("Credential should be scoped to the trust anchor's region"));
    }
    check_chain(&certificate, &chain, &anchor.certificate, state)?;
    let known =
        state.role(role).filter(|role| role.trusts.iter().any(|who| who == "rolesanywhere.amazonaws.com"));
    let known = known.filter(|_| profile.roles.contains(role));
    let known = known.ok_or_else(|| denied(&format!("Unable to assume role for {role}")))?;
    let session_name = parameters.get("roleSessionName");
    if session_name.is_some() && !profile.accepts_session_name {
        return Err(denied("roleSessionName is not accepted by this profile"));
    }
    let seconds = match parameters.get("durationSeconds").map(|text| text.parse::<u32>()) {
        None => 3600,
        Some(Ok(seconds)) if (900..=43_200).contains(&seconds) => seconds.min(known.max_session_duration),
        Some(_) => return Err(Refusal::new(400, "ValidationException", "durationSeconds is out of range")),
    };
    let like = Principal {
        access_key_id: String::new(),
        secret: String::new(),
        token: None,
        expiration: None,
        arn: known.arn.clone(),
        session_name: Some(session_name.cloned().unwrap_or_else(|| hex(certificate.serial()))),
        mfa: false,
        source_identity: None,
        transitive_tags: BTreeMap::new(),
        chained: false,
        denied: known.denied,
    };
    Ok(created(&state.issue(like, seconds), &anchor.arn))
}

fn created(issued: &Principal, anchor: &str) -> Answer {
    let region = anchor.split(':').nth(3).unwrap_or_default();
    let body = json!({
        "credentialSet": [{
            "assumedRoleUser": {"arn": issued.shown(), "assumedRoleId": issued.user_id()},
            "credentials": {
                "accessKeyId": issued.access_key_id,
                "secretAccessKey": issued.secret,
                "sessionToken": issued.token,
                "expiration": issued.expiration.map(instant),
            },
            "packedPolicySize": 10,
            "roleArn": issued.arn,
            "sourceIdentity": format!("CN={}", name(&issued.arn)),
        }],
        "subjectArn": format!("arn:aws:rolesanywhere:{region}:{}:subject/0", account(&issued.arn)),
    });
    Answer { issued: Some(issued.access_key_id.clone()), ..json_answer(201, &body) }
}

fn check_signature(
    authorization: &Authorization<'_>,
    parts: &Parts,
    body: &[u8],
    certificate: &EndEntityCert<'_>,
    state: &State,
) -> Result<(), Refusal> {
    let has_chain = header(parts, "x-amz-x509-chain").is_some();
    let must_be_signed = ["content-type", "host", "x-amz-date", "x-amz-x509"].into_iter();
    let mut must_be_signed = must_be_signed.chain(has_chain.then_some("x-amz-x509-chain"));
    if let Some(missing) = must_be_signed.find(|name| !authorization.headers.contains(name)) {
        return Err(denied(&format!("{missing} must be signed")));
    }
    let date = header(parts, "x-amz-date").ok_or_else(|| denied("X-Amz-Date is missing"))?;
    let [day, _, service, end] = authorization.scope[..] else {
        return Err(denied("Credential is malformed"));
    };
    if !date.starts_with(day) || (service, end) != ("rolesanywhere", "aws4_request") {
        return Err(denied("Credential is not scoped as it should be"));
    }
    check_clock(date, state.clock.now()).map_err(|refusal| denied(&refusal.message))?;
    let scope = authorization.scope.join("/");
    let digest = hex(&Sha256::digest(canonical(parts, body, authorization)));
    let signed = format!("{}\n{date}\n{scope}\n{digest}", authorization.algorithm);
    let bytes = unhex(authorization.signature).unwrap_or_default();
    // The digest is SHA-256, whatever the curve.
    let algorithms: &[&dyn SignatureVerificationAlgorithm] = match authorization.algorithm {
        RSA => &[ring::RSA_PKCS1_2048_8192_SHA256],
        _ => &[ring::ECDSA_P256_SHA256, ring::ECDSA_P384_SHA256],
    };
    let is_good =
        algorithms.iter().any(|way| certificate.verify_signature(*way, signed.as_bytes(), &bytes).is_ok());
    if is_good { Ok(()) } else { Err(denied("The request signature does not match")) }
}

/// In AWS's words, as far as they are known.
fn check_chain(
    certificate: &EndEntityCert<'_>,
    chain: &[CertificateDer<'_>],
    anchor: &str,
    state: &State,
) -> Result<(), Refusal> {
    let ca = der(anchor).ok_or_else(|| denied("Trust anchor has no certificate"))?;
    let ca: TrustAnchor<'_> =
        anchor_from_trusted_cert(&ca).map_err(|_| denied("Trust anchor has no CA certificate"))?.to_owned();
    let now = UnixTime::since_unix_epoch(state.clock.now().as_duration().unsigned_abs());
    let algorithms = [
        ring::RSA_PKCS1_2048_8192_SHA256,
        ring::ECDSA_P256_SHA256,
        ring::ECDSA_P384_SHA256,
        ring::ECDSA_P384_SHA384,
    ];
    certificate
        .verify_for_usage(&algorithms, &[ca], chain, now, KeyUsage::client_auth(), None, None)
        .map(drop)
        .map_err(|why| {
            denied(match why {
                webpki::Error::CertExpired { .. } => "Untrusted certificate. Certificate has expired",
                webpki::Error::CertNotValidYet { .. } => {
                    "Untrusted certificate. Certificate is not yet valid"
                }
                webpki::Error::CaUsedAsEndEntity => {
                    "Untrusted certificate. CA certificate used as end entity"
                }
                webpki::Error::UnknownIssuer => "Untrusted signing certificate",
                _ => "Untrusted certificate. Insufficient certificate",
            })
        })
}

fn certificates(parts: &Parts, name: &str) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let texts = header(parts, name).into_iter().flat_map(|text| text.split(','));
    texts
        .map(|text| base64(text).ok_or_else(|| denied("Certificate is no base64")).map(CertificateDer::from))
        .collect()
}

/// The first certificate of a PEM text.
fn der(pem: &str) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    for four in text.as_bytes().chunks(4) {
        let padding = four.iter().rev().take_while(|letter| **letter == b'=').count();
        let values =
            four[..4 - padding].iter().map(|letter| LETTERS.iter().position(|known| known == letter));
        let number = values.collect::<Option<Vec<_>>>()?.iter().fold(0, |all, value| all << 6 | value)
            << (6 * padding);
        bytes.extend(&u32::try_from(number).ok()?.to_be_bytes()[1..4 - padding.min(2)]);
    }
    Some(bytes)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// A serial number as AWS writes it.
fn decimal(bytes: &[u8]) -> String {
    let mut rest = bytes.to_vec();
    let mut digits = Vec::new();
    while rest.iter().any(|byte| *byte != 0) {
        let mut remainder = 0;
        for byte in &mut rest {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 10).expect("the remainder is below ten");
            remainder = value % 10;
        }
        digits.push(char::from_digit(remainder, 10).expect("below ten"));
    }
    digits.iter().rev().collect()
}

fn denied(message: &str) -> Refusal {
    Refusal::new(403, "AccessDeniedException", message)
}
