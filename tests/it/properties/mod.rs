//! What holds for any input, not only for those that somebody thought of. They are the same in each run, and others
//! each time with `PROPTEST_CASES=5000 cargo test --test it properties`. What a failure prints is the smallest input that
//! was found: it becomes a test beside what it broke.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

mod chain;
mod quoting;
mod session_key;
mod undo;

/// So many cases, unless `PROPTEST_CASES` asks for others. Nothing is written beside the sources.
fn cases(usual: u32) -> Config {
    let asked = awsenv::env::Env::of_this_process().text("PROPTEST_CASES").and_then(|text| text.parse().ok());
    let rng_seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) };
    Config { cases: asked.unwrap_or(usual), rng_seed, failure_persistence: None, ..Config::default() }
}

/// A variable's value: any bytes but NUL, more often those that mean something to a shell.
fn value() -> impl Strategy<Value = OsString> {
    prop_oneof![
        1 => Just(Vec::new()),
        3 => "[ -~]{0,12}".prop_map(String::into_bytes),
        3 => "[$`'\"\\\\!\n\t;&|<>(){}\\[\\]*?~#=%^ \r\u{7f}\u{1b}é\u{2019}]{1,8}".prop_map(String::into_bytes),
        2 => proptest::collection::vec(1u8..=255, 0..12),
    ]
    .prop_map(OsString::from_vec)
}
