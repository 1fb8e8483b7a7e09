//! `~/.aws/config`: our locator agrees with the SDK's parser about what there is, and every profile resolves or says why
//! not.
#![no_main]

use std::path::Path;

use awsenv::env::Env;
use awsenv::key_index::KeyIndex;
use awsenv::message::render;
use awsenv::profile::chain::{Asked, resolve};
use awsenv::profile::config::{ConfigFiles, SharedConfig};
use awsenv::secret::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (config, credentials) = input.split_once('\0').unwrap_or((input, ""));
    let files = ConfigFiles::locate(&Env::default(), Path::new("/home/me"));
    let Ok(config) = SharedConfig::parse(Secret::new(config), Secret::new(credentials), &files) else {
        return;
    };
    for name in config.profiles() {
        match config.profile(name) {
            Ok(profile) => assert_eq!(profile.name(), name),
            // It includes one that is not there.
            Err(error) => assert!(format!("{error:#}").contains("include_profile"), "{error:#}"),
        }
        assert!(config.header("profile", name).is_some(), "no line for the header of {name:?}");
        if let Err(error) = resolve(&config, &KeyIndex::default(), name, &Env::default(), &Asked::default()) {
            let (shown, _) = render(&error);
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
        }
    }
});
