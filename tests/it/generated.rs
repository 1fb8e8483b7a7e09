//! `completions/` and `man/` are committed for packagers, and are what the program prints today.
//! `AWSENV_REGENERATE=1 cargo test --test it generated` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use awsenv::cli::Cli;
use awsenv::commands::man;
use awsenv::env::Env;
use clap::CommandFactory;

use crate::world::{World, installed};

const COMPLETIONS: [(&str, &str); 3] = [("bash", "awsenv.bash"), ("zsh", "_awsenv"), ("fish", "awsenv.fish")];

fn committed(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Compares a folder with what it has to hold, or makes it so.
fn hold(folder: &str, wanted: &BTreeMap<String, Vec<u8>>) {
    let folder = committed(folder);
    if Env::of_this_process().text("AWSENV_REGENERATE").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let there: BTreeMap<String, Vec<u8>> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    let names = wanted.keys().chain(there.keys());
    let stale: Vec<_> = names.filter(|name| wanted.get(*name) != there.get(*name)).collect();
    assert!(stale.is_empty(), "stale: {stale:?}; AWSENV_REGENERATE=1 cargo test --test it generated");
}

#[test]
fn the_completions_are_those_of_today() {
    let world = World::new();
    let text = |shell| world.run(["completions", shell]).any_stdout().success().raw;
    hold("completions", &COMPLETIONS.map(|(shell, name)| (name.to_owned(), text(shell))).into());
}

#[test]
fn the_manual_pages_are_those_of_today() {
    let pages = man::pages(Cli::command()).unwrap();
    hold("man", &pages.into_iter().map(|(name, text)| (format!("{name}.1"), text)).collect());
}

#[test]
fn man_prints_the_committed_page_without_a_home() {
    let page = fs::read_to_string(committed("man/awsenv.1")).unwrap();
    World::new().without("HOME").run(["man"]).stdout(page).success();
}

#[test]
fn each_shell_reads_its_completions() {
    for (shell, name) in COMPLETIONS {
        if installed(shell) {
            let output =
                Command::new(shell).arg("-n").arg(committed("completions").join(name)).output().unwrap();
            assert_eq!(
                (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
                (Some(0), ""),
                "{name}"
            );
        }
    }
}

#[test]
fn nobody_completes_what_only_the_hook_calls() {
    for (_, name) in COMPLETIONS {
        let text = fs::read_to_string(committed("completions").join(name)).unwrap();
        assert!(!text.contains("__export") && !text.contains("renew"), "{name}");
    }
    assert!(!committed("man/awsenv-export.1").exists());
}
