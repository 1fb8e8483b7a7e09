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

/// Letters that nobody can guess behind these.
pub(crate) fn letters(prefix: &str, length: usize) -> String {
    format!("{prefix}{}", random(length, &BASE64[..62]))
}

/// Half of what a person types.
pub(crate) fn user_code() -> String {
    random(4, b"BCDFGHJKLMNPQRSTVWXZ")
}

/// RFC 4648, 5, without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// RFC 4648, 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let letters = |chunk: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        let count = chunk.len() + 1;
        [18, 12, 6, 0].into_iter().enumerate().map(move |(at, shift)| match at < count {
            true => char::from(BASE64[(bits >> shift & 63) as usize]),
            false => '=',
        })
    };
    bytes.chunks(3).flat_map(letters).collect()
}

/// What [`base64url`] wrote.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for at in 0..4 {
            let letter = match chunk.get(at) {
                None => b'A',
                Some(b'-') => b'+',
                Some(b'_') => b'/',
                Some(b'+' | b'/') => return None,
                Some(letter) => *letter,
            };
            bits = bits << 6 | u32::try_from(BASE64.iter().position(|known| *known == letter)?).ok()?;
        }
        bytes.extend(&bits.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn random(length: usize, letters: &[u8]) -> String {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the kernel's random source answers");
    bytes.into_iter().map(|byte| char::from(letters[usize::from(byte) % letters.len()])).collect()
}
