//! What packages say of the program, and who may make a release.

use std::fs;

use awsenv::prompt::shell::Shell;

fn read(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_deb_names_every_shell() {
    let manifest = read("Cargo.toml");
    let description = manifest.split("extended-description").nth(1).unwrap().split("assets").next().unwrap();
    let words: Vec<_> =
        description.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for shell in Shell::ALL {
        let is_named = words.iter().any(|word| Shell::named(&word.to_lowercase()) == Some(shell));
        assert!(is_named, "{shell:?}: {description}");
    }
}

#[test]
fn the_job_that_may_write_and_sign_builds_nothing() {
    let workflow = read("packaging/github/release.yml");
    let (others, release) = workflow.split_once("\n  release:\n").unwrap();
    assert!(release.contains("id-token: write") && !release.contains("cargo "), "{release}");
    assert!(!others.contains(": write"), "{others}");
}
