//! Cargo, for programs that cargo has started themselves.

use std::process::Command;

/// Without what cargo tells of the package that it runs. Ring's build script asks for some of it: ring and all above it
/// would be compiled anew, here and in the next shell.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_a_package)) {
        cargo.env_remove(name);
    }
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    cargo
}

/// Others, such as `CARGO_HOME` and `CARGO_TARGET_DIR`, are somebody's settings.
fn is_of_a_package(name: &str) -> bool {
    ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| name.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
}
