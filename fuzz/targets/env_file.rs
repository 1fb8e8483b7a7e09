//! `.awsenv`: whatever somebody wrote, a pin or an error that can be shown.
#![no_main]

use std::path::Path;

use awsenv::message::render;
use awsenv::prompt::env_file::EnvFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (path, home) = (Path::new("/home/me/acme/.awsenv"), Path::new("/home/me"));
    match EnvFile::parse(text, path, home) {
        Ok(file) => {
            for stage in [None].into_iter().chain(file.stages.keys().map(|name| Some(name.as_str()))) {
                let pin = file.pin(stage).expect("a stage that is there");
                let _ = (pin.name(), pin.check_whole(path));
                // What a variable or a terminal would take for something else.
                assert!(pin.env.values().all(|value| !value.chars().any(char::is_control)), "{:?}", pin.env);
            }
        }
        Err(error) => {
            let (shown, _) = render(&error);
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
            assert!(shown.contains("/home/me/acme/.awsenv"), "{shown:?}");
        }
    }
});
