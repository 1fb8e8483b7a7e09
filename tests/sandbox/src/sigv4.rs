//! AWS Signature Version 4, checked by hand: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html

use hmac::{Hmac, KeyInit, Mac};
use hyper::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::answer::Refusal;
use crate::principal::Principal;
use crate::state::State;

/// How far a clock may be off.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The `Authorization` header in its parts.
pub(crate) struct Authorization<'a> {
    /// `AWS4-HMAC-SHA256`.
    pub(crate) algorithm: &'a str,
    /// Or a certificate's serial number.
    pub(crate) access_key_id: &'a str,
    /// date, region, service, `aws4_request`.
    pub(crate) scope: Vec<&'a str>,
    pub(crate) headers: Vec<&'a str>,
    pub(crate) signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (algorithm, fields) =
            text.split_once(' ').filter(|(algorithm, _)| algorithm.starts_with("AWS4-"))?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let (access_key_id, scope) = field("Credential")?.split_once('/')?;
        let scope: Vec<_> = scope.split('/').collect();
        let headers = field("SignedHeaders")?.split(';').collect();
        let signature = field("Signature")?;
        (scope.len() == 4).then_some(Self { algorithm, access_key_id, scope, headers, signature })
    }
}

/// The access key id and region that a request claims, right or wrong: for the log.
pub(crate) fn claimed(parts: &Parts) -> Option<(String, String)> {
    let authorization = Authorization::parse(header(parts, "authorization")?)?;
    Some((authorization.access_key_id.to_owned(), authorization.scope[1].to_owned()))
}

/// Who signed this request.
pub(crate) fn verify(parts: &Parts, body: &[u8], service: &str, state: &State) -> Result<Principal, Refusal> {
    let text = header(parts, "authorization").ok_or_else(|| {
        Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    })?;
    let incomplete = |what: &str| Refusal::new(400, "IncompleteSignature", what.to_owned());
    let authorization = Authorization::parse(text)
        .filter(|authorization| authorization.algorithm == "AWS4-HMAC-SHA256")
        .ok_or_else(|| incomplete("Authorization header is not complete"))?;
    let by = state.signer(authorization.access_key_id).ok_or_else(unknown)?;
    let token = header(parts, "x-amz-security-token");
    if by.token.as_deref() != token {
        return Err(unknown());
    }
    let date = header(parts, "x-amz-date").ok_or_else(|| incomplete("X-Amz-Date is missing"))?;
    let mut must_be_signed = vec!["host", "x-amz-date"];
    must_be_signed.extend(token.map(|_| "x-amz-security-token"));
    if let Some(missing) = must_be_signed.iter().find(|name| !authorization.headers.contains(name)) {
        return Err(mismatch(&format!("'{missing}' must be a 'SignedHeader' in the AWS Authorization.")));
    }
    check_scope(&authorization, date, service)?;
    check_clock(date, state.clock.now())?;
    let expected = signature(&by.secret, &authorization, date, &canonical(parts, body, &authorization));
    if expected != authorization.signature {
        return Err(mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    // Only who has the secret learns that the session has ended.
    if by.is_expired(state.clock.now()) {
        return Err(Refusal::new(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ));
    }
    Ok(by)
}

fn unknown() -> Refusal {
    Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
}

fn mismatch(message: &str) -> Refusal {
    Refusal::new(403, "SignatureDoesNotMatch", message)
}

fn check_scope(authorization: &Authorization<'_>, date: &str, service: &str) -> Result<(), Refusal> {
    let [day, region, of, end] = authorization.scope[..] else {
        return Err(mismatch("Credential is malformed"));
    };
    if of != service {
        return Err(mismatch(&format!("Credential should be scoped to correct service: '{service}'. ")));
    }
    let is_region = region.split('-').count() >= 3
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_region {
        return Err(mismatch("Credential should be scoped to a valid region. "));
    }
    if end != "aws4_request" || !date.starts_with(day) {
        return Err(mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date",
        ));
    }
    Ok(())
}

pub(crate) fn check_clock(date: &str, now: Timestamp) -> Result<(), Refusal> {
    let signed = jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", date.replace('Z', "+0000"))
        .and_then(|time| time.to_timestamp())
        .map_err(|_| Refusal::new(400, "IncompleteSignature", "Date must be in ISO-8601 'basic format'"))?;
    let basic = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let moved = |by: SignedDuration| basic(now.checked_add(by).unwrap_or(now));
    if now.duration_since(signed) > WINDOW {
        let (earliest, now) = (moved(-WINDOW), basic(now));
        return Err(mismatch(&format!(
            "Signature expired: {date} is now earlier than {earliest} ({now} - 15 min.)"
        )));
    }
    if signed.duration_since(now) > WINDOW {
        let (latest, now) = (moved(WINDOW), basic(now));
        return Err(mismatch(&format!(
            "Signature not yet current: {date} is still later than {latest} ({now} + 15 min.)"
        )));
    }
    Ok(())
}

/// The canonical request: method, path, query, signed headers, their names, the body's digest.
pub(crate) fn canonical(parts: &Parts, body: &[u8], authorization: &Authorization<'_>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut query: Vec<_> = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .map(|(name, value)| format!("{}={}", encode(&name), encode(&value)))
        .collect();
    query.sort();
    let headers: String = authorization
        .headers
        .iter()
        .map(|name| {
            let values: Vec<_> =
                parts.headers.get_all(*name).iter().map(|value| value.to_str().unwrap_or("")).collect();
            let value = values.join(",").split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            format!("{name}:{value}\n")
        })
        .collect();
    [
        parts.method.as_str(),
        parts.uri.path(),
        &query.join("&"),
        &headers,
        &authorization.headers.join(";"),
        &hex(&Sha256::digest(body)),
    ]
    .join("\n")
}

fn signature(secret: &str, authorization: &Authorization<'_>, date: &str, canonical: &str) -> String {
    let scope = authorization.scope.join("/");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let first = hmac(format!("AWS4{secret}").as_bytes(), authorization.scope[0]);
    let key = authorization.scope[1..].iter().fold(first, |key, part| hmac(&key, part));
    hex(&hmac(&key, &text))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's own documentation ("Calculating the signing key", IAM ListUsers on 30 August 2015).
    #[test]
    fn the_documentations_example_has_the_documentations_signature() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                      SignedHeaders=content-type;host;x-amz-date, \
                      Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let (parts, ()) = hyper::Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("host", "iam.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", header)
            .body(())
            .unwrap()
            .into_parts();
        let authorization = Authorization::parse(header).unwrap();
        let canonical = canonical(&parts, b"", &authorization);
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            signature(secret, &authorization, "20150830T123600Z", &canonical),
            authorization.signature
        );
    }
}
