//! However profiles name each other, resolving one ends: in a chain that passes each profile once, or in an error.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use awsenv::env::Env;
use awsenv::key_index::KeyIndex;
use awsenv::profile::chain::{Asked, resolve};
use awsenv::profile::config::{ConfigFiles, SharedConfig};
use awsenv::secret::Secret;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::cases;

/// So many profiles, `p0` and on.
const PROFILES: usize = 6;
/// Resolving all of them takes a millisecond.
const PATIENCE: Duration = Duration::from_secs(20);

/// What may stand in a profile: names of others, and each kind of source.
fn setting() -> impl Strategy<Value = String> {
    let other = 0..=PROFILES;
    prop_oneof![
        4 => (other.clone(), 0..4).prop_map(|(other, role)| {
            format!("role_arn = arn:aws:iam::111122223333:role/R{role}\nsource_profile = p{other}\n")
        }),
        1 => other.clone().prop_map(|other| format!("source_profile = p{other}\n")),
        2 => other.prop_map(|other| format!("include_profile = p{other}\n")),
        2 => Just("aws_access_key_id = AKIA1\naws_secret_access_key = s\n".to_owned()),
        1 => Just("credential_process = /bin/true\n".to_owned()),
        1 => Just("role_arn = arn:aws:iam::111122223333:role/E\ncredential_source = Environment\n".to_owned()),
        1 => Just("mfa_serial = arn:aws:iam::111122223333:mfa/me\n".to_owned()),
        1 => Just("duration_seconds = 7200\n".to_owned()),
    ]
}

fn config() -> impl Strategy<Value = String> {
    let profile = proptest::collection::vec(setting(), 0..3);
    proptest::collection::vec(profile, PROFILES).prop_map(|profiles| {
        let sections = profiles.iter().enumerate();
        sections.map(|(n, settings)| format!("[profile p{n}]\n{}", settings.concat())).collect()
    })
}

proptest! {
    // Whoever does not end is not made smaller, only more.
    #![proptest_config(Config { max_shrink_iters: 0, ..cases(1_000) })]

    #[test]
    fn a_role_chain_never_loops(text in config()) {
        let (answer, answers) = mpsc::channel();
        let shown = text.clone();
        std::thread::spawn(move || answer.send(resolve_all(&text)));
        let passed = answers.recv_timeout(PATIENCE);
        prop_assert!(passed.is_ok(), "no end:\n{}", shown);
        for profiles in passed.into_iter().flatten() {
            let once: BTreeSet<_> = profiles.iter().collect();
            prop_assert_eq!(once.len(), profiles.len(), "{:?}", profiles);
        }
    }
}

/// For each profile that has a chain, the profiles whose roles it assumes.
fn resolve_all(text: &str) -> Vec<Vec<String>> {
    let original = [("AWS_ACCESS_KEY_ID", "AKIAE"), ("AWS_SECRET_ACCESS_KEY", "s")].into_iter().collect();
    let files = ConfigFiles::locate(&Env::default(), Path::new("/home/me"));
    let config = SharedConfig::parse(Secret::new(text), Secret::new(""), &files).expect("it is well written");
    let chains = (0..PROFILES)
        .map(|n| resolve(&config, &KeyIndex::default(), &format!("p{n}"), &original, &Asked::default()));
    chains.flatten().map(|chain| chain.roles.into_iter().filter_map(|role| role.profile).collect()).collect()
}
