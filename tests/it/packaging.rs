//! What packages say of the program, and who may make a release.

use std::collections::BTreeMap;
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

#[test]
fn the_notes_on_crates_are_of_the_versions_that_are_locked() {
    let (lock, notes) = (read("Cargo.lock"), read("docs/supply-chain.md"));
    let mut locked: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let said =
            |key: &str| package.split(&format!("\n{key} = \"")).nth(1).unwrap().split('"').next().unwrap();
        locked.entry(said("name")).or_default().push(said("version"));
    }
    let words: Vec<_> =
        notes.split([' ', '\n', ',', ';', '(', ')']).filter(|word| !word.is_empty()).collect();
    let named = words.windows(2).filter(|pair| pair[1].starts_with(|c: char| c.is_ascii_digit()));
    let named: Vec<_> = named.filter_map(|pair| Some((pair, locked.get(pair[0])?))).collect();
    assert!(named.len() > 50, "they were read: {}", named.len());
    for (pair, versions) in named {
        let is_locked =
            versions.iter().any(|version| format!("{version}.").starts_with(&format!("{}.", pair[1])));
        assert!(
            is_locked,
            "{pair:?} in docs/supply-chain.md, but {versions:?} in Cargo.lock: look at it anew"
        );
    }
}
