//! CreateSession as it goes over the wire, signed by a certificate's key (SigV4-X509: IAM Roles Anywhere User Guide,
//! "The signing process").

use aws_smithy_types::base64;
use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::signing_key::SigningKey;
use crate::clock::Timestamp;
use crate::files::hex;

/// A request that is not signed yet.
pub(super) struct Request<'a> {
    /// With the port, where it is not the scheme's own.
    pub(super) host: &'a str,
    /// Of the endpoint and the operation.
    pub(super) path: &'a str,
    /// Encoded, its names in order.
    pub(super) query: String,
    pub(super) body: String,
    /// The leaf first.
    pub(super) chain: &'a [Certificate],
    pub(super) region: &'a str,
    pub(super) now: Timestamp,
}

impl Request<'_> {
    /// All headers, with the signature.
    pub(super) fn signed(&self, key: &SigningKey) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut headers = self.headers();
        let signature = hex(&key.sign(self.string_to_sign(key.algorithm()).as_bytes())?);
        let (algorithm, scope, names) = (key.algorithm(), self.scope(), names(&headers));
        let serial = self.chain.first().map(Certificate::serial).unwrap_or_default();
        headers.push((
            "authorization",
            format!("{algorithm} Credential={serial}/{scope}, SignedHeaders={names}, Signature={signature}"),
        ));
        Ok(headers)
    }

    /// By their names, in order.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let encoded: Vec<_> = self.chain.iter().map(|certificate| base64::encode(&certificate.der)).collect();
        let (leaf, rest) = encoded.split_first().expect("a chain begins with a certificate");
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("host", self.host.to_owned()),
            ("x-amz-date", self.date()),
            ("x-amz-x509", leaf.clone()),
        ];
        if !rest.is_empty() {
            headers.push(("x-amz-x509-chain", rest.join(",")));
        }
        headers
    }

    pub(super) fn string_to_sign(&self, algorithm: &str) -> String {
        let canonical = hex(&Sha256::digest(self.canonical()));
        [algorithm, &self.date(), &self.scope(), &canonical].join("\n")
    }

    pub(super) fn canonical(&self) -> String {
        let headers = self.headers();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let body = hex(&Sha256::digest(&self.body));
        ["POST", self.path, &self.query, &lines, &names(&headers), &body].join("\n")
    }

    fn scope(&self) -> String {
        format!("{}/{}/rolesanywhere/aws4_request", self.now.strftime("%Y%m%d"), self.region)
    }

    fn date(&self) -> String {
        self.now.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
}

fn names(headers: &[(&'static str, String)]) -> String {
    headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
}

/// A query of these parameters, which stand in order: all but the unreserved characters of RFC 3986 is encoded.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}
