//! A certificate: what of it goes into a request, and what AWS would refuse it for.

use der::Decode;
use x509_cert::Version;
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

    /// From when until when.
    fn validity(&self) -> [Timestamp; 2] {
        let validity = self.parsed.tbs_certificate().validity();
        [validity.not_before, validity.not_after].map(|time| {
            let since_1970 = time.to_unix_duration().as_secs().try_into().unwrap_or(i64::MAX);
            Timestamp::from_second(since_1970).unwrap_or(Timestamp::MAX)
        })
    }

    /// Whether nobody may believe it now.
    pub(super) fn is_out_of_time(&self, now: Timestamp) -> bool {
        let [begin, end] = self.validity();
        now < begin || end < now
    }

    /// Whose it is.
    pub(super) fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// What AWS would refuse; `file` is where the certificate came from.
    pub(super) fn check(&self, file: &str, now: Timestamp) -> Result<(), Failure> {
        let [begin, end] = self.validity();
        if self.is_ca() {
            return Err(Failure::new(format!("{file}: the certificate of this key is a CA's")).hint(
                "AWS takes none of those: name one that the CA has made, with CA:false, and its own key",
            ));
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

    /// What AWS asks of every certificate ("The IAM Roles Anywhere trust model") and this one has not. It is for AWS to
    /// refuse it: nobody has written down how strict it is.
    pub(super) fn shortcoming(&self) -> Option<&'static str> {
        let tbs = self.parsed.tbs_certificate();
        let by = self.parsed.signature_algorithm().oid.to_string();
        Some(match () {
            () if tbs.version() != Version::V3 => "is none of X.509v3",
            () if tbs.get_extension::<BasicConstraints>().ok().flatten().is_none() => {
                "has no basicConstraints with CA:false"
            }
            () if tbs.get_extension::<KeyUsage>().ok().flatten().is_none() => {
                "has no keyUsage with digitalSignature"
            }
            () if OUTDATED.contains(&by.as_str()) => "is signed over MD5 or SHA-1",
            () => return None,
        })
    }
}

/// RSA with MD5 or SHA-1, ECDSA with SHA-1.
const OUTDATED: [&str; 3] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];
