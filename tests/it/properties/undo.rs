//! Into a directory and out of it again: the environment is what it was, whatever it was.

use std::ffi::OsString;

use awsenv::env::Env;
use proptest::prelude::*;

use super::{cases, value};
use crate::shell::Kind;
use crate::world::World;

/// What awsenv sets or takes away, what the file below sets, and what is nobody's business.
const NAMES: [&str; 20] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ENDPOINT_URL",
    "AWSENV_PROFILE",
    "AWSENV_ACCOUNT",
    "TF_WORKSPACE",
    "STAGE",
    "X_MINE",
    "LESS",
];

fn variables() -> impl Strategy<Value = Vec<(&'static str, OsString)>> {
    proptest::collection::vec((proptest::sample::select(&NAMES), value()), 0..10)
}

/// With a profile that is there, or one that is not.
fn file() -> impl Strategy<Value = String> {
    let profile = prop_oneof![6 => Just("profile = \"dev\"\n"), 1 => Just("profile = \"gone\"\n")];
    let values = proptest::collection::btree_map(
        proptest::sample::select(&["TF_WORKSPACE", "STAGE"][..]),
        "[ !#-\\[\\]-~é]{0,12}",
        0..3,
    );
    (profile, values).prop_map(|(profile, values)| {
        let lines: Vec<_> = values.iter().map(|(name, value)| format!("{name} = \"{value}\"\n")).collect();
        format!("{profile}[env]\n{}", lines.concat())
    })
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn leaving_gives_back_any_environment(before in variables(), file in file(), is_edited in any::<bool>()) {
        let world = World::with_profiles().file("acme/.awsenv", &file).allowed("acme");
        if is_edited {
            world.write("acme/.awsenv", "profile = \"prod\"\n");
        }
        for kind in Kind::ALL {
            let mut shell = world.shell(kind);
            for (name, value) in &before {
                shell.env.set(*name, value);
            }
            // As the shell itself hands it on, before anything of ours.
            shell.env = shell.evaluate(b"");
            let original = shell.env.clone();
            shell.arrive("acme");
            prop_assert_ne!(&without_state(&shell.env), &without_state(&original), "{:?}: nothing was loaded", kind);
            shell.arrive("");
            prop_assert_eq!(without_state(&shell.env), without_state(&original), "{:?}", kind);
        }
    }
}

fn without_state(env: &Env) -> Env {
    env.iter().filter(|(name, _)| *name != "AWSENV_STATE").collect()
}
