//! How the program is linked on Linux.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to a build script by its environment")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    // At a fixed address nothing has to be relocated at each start: some 8 000 pointers of the AWS SDK, which
    // the prompt never uses, on 60 pages. With them an `export` took 1.7 times as long as an empty program;
    // `cargo bench --bench cost` holds it to 1.6. Stack, heap and libraries stay at random addresses.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
