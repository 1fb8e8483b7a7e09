//! What is measured: awsenv as it is shipped, and the least a program of this language can be.

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../tests/cargo.rs"]
mod cargo;

/// Built by itself: the tests' crates would switch on features that no user has.
pub(crate) fn awsenv() -> PathBuf {
    let built = cargo::cargo().args(["build", "--quiet", "--release", "--bin", "awsenv"]).status();
    assert!(built.is_ok_and(|status| status.success()), "cargo build --release failed");
    // A bench lies in the build directory, whatever its profile.
    let ours = Path::new(env!("CARGO_BIN_EXE_awsenv"));
    ours.ancestors().nth(2).expect("target/PROFILE/awsenv").join("release/awsenv")
}

/// `fn main() {}`, with the flags of our own release.
pub(crate) fn empty(into: &Path) -> PathBuf {
    const FLAGS: [&str; 8] = [
        "-Copt-level=3",
        "-Clto=fat",
        "-Ccodegen-units=1",
        "-Cpanic=abort",
        "-Cstrip=symbols",
        "--edition=2024",
        "--crate-name=empty",
        "-o",
    ];
    let empty = into.join("empty");
    let mut rustc = Command::new("rustc");
    rustc.args(FLAGS).arg(&empty).arg("benches/cost/empty.rs").current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(rustc.status().is_ok_and(|status| status.success()), "{rustc:?} failed");
    empty
}
