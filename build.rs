//! How the program is linked on Linux, and of which commit it says that it is.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    // At a fixed address nothing has to be relocated at each start: some 8 000 pointers of the AWS SDK, which
    // the prompt never uses, on 60 pages. With them an `export` took 1.7 times as long as an empty program;
    // `cargo bench --bench cost` holds it to 1.6. Stack, heap and libraries stay at random addresses.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
        link_unwinder();
    }
    let version = env!("CARGO_PKG_VERSION");
    // A debug build is of no commit: else each commit would compile everything anew.
    let commit = if std::env::var("PROFILE").as_deref() == Ok("release") { commit() } else { None };
    let version = commit.map_or(version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo:rustc-env=AWSENV_BUILT_VERSION={version}");
}

/// Links what walks the stack at a panic into a release. As a library of its own it is looked for, mapped and relocated
/// at each start, a tenth of a whole `export`, and never used: a release's panic ends the program.
fn link_unwinder() {
    let archive = "libgcc_eh.a";
    let cc = Command::new("cc").arg(format!("-print-file-name={archive}")).output();
    let of_release = std::env::var("PROFILE").as_deref() == Ok("release");
    let is_native = std::env::var("HOST") == std::env::var("TARGET");
    let Ok(found) = cc.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())) else {
        return;
    };
    // A compiler without it answers with the bare name: then the library stays.
    if of_release && is_native && found.is_absolute() {
        println!("cargo:rustc-link-search=native={}", found.with_file_name("").display());
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// The same wherever and whenever the commit is built, so that a build can be repeated.
fn commit() -> Option<String> {
    println!("cargo:rerun-if-env-changed=AWSENV_COMMIT");
    let given = std::env::var("AWSENV_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(of_the_package).or_else(of_the_clone)?;
    let is_hash = commit.len() >= 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| commit[..12].to_owned())
}

/// What `cargo package` wrote down.
fn of_the_package() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    Some(rest.split('"').next()?.to_owned())
}

/// A clone of awsenv itself, and not the repository of somebody who has unpacked it below.
fn of_the_clone() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).output().ok().filter(|output| output.status.success());
        Some(String::from_utf8(output?.stdout).ok()?.trim().to_owned())
    };
    let here = std::env::current_dir().ok()?;
    if Path::new(&git(&["rev-parse", "--show-toplevel"])?) != here {
        return None;
    }
    for file in ["HEAD", "logs/HEAD", "index"] {
        println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", file])?);
    }
    // What has been changed since is of no commit.
    if !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty() {
        return None;
    }
    git(&["rev-parse", "HEAD"])
}
