//! What rests sealed: bytes that were not sealed do not open, and what was sealed is read without a panic.
#![no_main]

use awsenv::seal::{self, Key};
use awsenv::session::store::Session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = Key::new([7; 32]);
    assert!(seal::open(&key, "session:x", bytes).is_none());
    let sealed = seal::seal(&key, "session:x", bytes);
    assert_eq!(seal::open(&key, "session:x", &sealed).expect("it was sealed").as_slice(), bytes);
    assert!(seal::open(&key, "session:y", &sealed).is_none());
    if let Some(session) = Session::parse(bytes) {
        let _ = (session.end(), session.wrong_clock(), format!("{session:?}"));
    }
});
