//! What other programs keep in the AWS CLI's caches: a token, or nothing; and no time in it makes a panic.
#![no_main]

use awsenv::clock;
use awsenv::session::login::LoginToken;
use awsenv::session::sso::Token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let now = clock::parse("2026-11-22T11:00:00Z").expect("a time");
    if let Some(token) = Token::parse(bytes) {
        let _ = (token.is_good(now), token.is_due(now), token.means(now));
        assert!(
            !format!("{token:?}").contains(token.access_token.expose())
                || token.access_token.expose().len() < 8
        );
    }
    if let Some(token) = LoginToken::parse(bytes) {
        let _ = (token.is_good(now), token.is_young(now), token.expires(), format!("{token:?}"));
    }
});
