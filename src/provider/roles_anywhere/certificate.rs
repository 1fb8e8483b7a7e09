//! A certificate: what of it goes into a request, and what AWS would refuse it for.

use std::time::Duration;

use der::Decode;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::clock::{self, Timestamp};
use crate::message::Failure;

/// An X.509 certificate.
#[derive(Debug)]
pub(super) struct Certificate {
    /// As it was read.
    pub(super) der: Vec<u8>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    /// Reads DER.
    pub(super) fn of(der: Vec<u8>) -> Option<Self> {
        let parsed = x509_cert::Certificate::from_der(&der).ok()?;
        Some(Self { der, parsed })
    }

    /// The serial number in decimal, as AWS wants it: it has no sign.
    pub(super) fn serial(&self) -> String {
        let mut digits = vec![0];
        for byte in self.parsed.tbs_certificate().serial_number().as_bytes() {
            let mut carry = u32::from(*byte);
            for digit in &mut digits {
                let value = *digit * 256 + carry;
                (*digit, carry) = (value % 10, value / 10);
            }
            while carry > 0 {
                digits.push(carry % 10);
                carry /= 10;
            }
        }
        digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect()
    }

    /// The public half of its key.
    pub(super) fn public_key(&self) -> &[u8] {
        self.parsed.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes()
    }

    /// The kind of its key.
    #[cfg(feature = "pkcs11")]
    pub(super) fn key_algorithm(&self) -> &x509_cert::spki::AlgorithmIdentifierOwned {
        &self.parsed.tbs_certificate().subject_public_key_info().algorithm
    }

    /// Whether it names this one as its CA.
    #[cfg(feature = "pkcs11")]
    pub(super) fn is_issued_by(&self, ca: &Self) -> bool {
        self.parsed.tbs_certificate().issuer() == ca.parsed.tbs_certificate().subject()
    }

    /// Whether it vouches for others.
    pub(super) fn is_ca(&self) -> bool {
        let constraints = self.parsed.tbs_certificate().get_extension::<BasicConstraints>();
        constraints.ok().flatten().is_some_and(|(_, constraints)| constraints.ca)
    }

    /// What AWS would refuse; `file` is where the certificate came from.
    pub(super) fn check(&self, file: &str, now: Timestamp) -> Result<(), Failure> {
        let validity = self.parsed.tbs_certificate().validity();
        let instant = |since_1970: Duration| {
            Timestamp::from_second(since_1970.as_secs().try_into().unwrap_or(i64::MAX))
                .unwrap_or(Timestamp::MAX)
        };
        let begin = instant(validity.not_before.to_unix_duration());
        let end = instant(validity.not_after.to_unix_duration());
        if self.is_ca() {
            return Err(Failure::new(format!("{file}: the first certificate is of a CA"))
                .hint("put the certificate that belongs to the private key first, and its CAs after it"));
        }
        if now < begin {
            return Err(Failure::new(format!(
                "{file}: the certificate is valid from {} on",
                clock::rfc3339(begin)
            ))
            .hint("wait for that, or look at this machine's clock"));
        }
        if end < now {
            return Err(Failure::new(format!(
                "{file}: the certificate has expired at {}",
                clock::rfc3339(end)
            ))
            .hint("put a new one in its place: awsenv reads it at the next prompt"));
        }
        let usage = self.parsed.tbs_certificate().get_extension::<KeyUsage>().ok().flatten();
        if usage.is_some_and(|(_, usage)| !usage.digital_signature()) {
            return Err(Failure::new(format!(
                "{file}: the certificate's key may not make digital signatures"
            ))
            .hint("AWS asks for a certificate whose key usage has digitalSignature"));
        }
        Ok(())
    }
}
