//! What nobody can guess: keys, tokens, ids.

/// `ASIA` (of a session) or `AKIA` (long-lived), and sixteen letters.
pub(crate) fn access_key_id(kind: &str) -> String {
    format!("{kind}{}", random(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
}

/// Forty letters, signs and digits as in base64.
pub(crate) fn secret() -> String {
    random(40, BASE64)
}

/// As long as AWS's are, with the letters they have.
pub(crate) fn token() -> String {
    format!("IQoJb3JpZ2luX2Vj{}==", random(350, BASE64))
}

/// As in `x-amzn-RequestId`.
pub(crate) fn request_id() -> String {
    let hex = random(32, b"0123456789abcdef");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn random(length: usize, letters: &[u8]) -> String {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the kernel's random source answers");
    bytes.into_iter().map(|byte| char::from(letters[usize::from(byte) % letters.len()])).collect()
}
