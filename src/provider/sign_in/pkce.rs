//! What goes into the address that a browser opens.

use aws_smithy_types::base64;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// RFC 7636, 4.2.
pub(in crate::provider) fn challenge(verifier: &Secret) -> String {
    base64url(&Sha256::digest(verifier.expose()))
}

/// RFC 4648, 5, without padding.
pub(in crate::provider) fn base64url(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// RFC 3986, 2.1.
pub(crate) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn what_goes_into_an_address_cannot_end_its_field() {
        assert_eq!(encoded("http://127.0.0.1:1/a b&c=é"), "http%3A%2F%2F127.0.0.1%3A1%2Fa%20b%26c%3D%C3%A9");
    }
}
