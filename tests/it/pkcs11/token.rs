//! A token of SoftHSM's, `acme`, whose PIN is 4242.

use std::process::Command;

use awsenv_sandbox::Sandbox;

use crate::pki::{self, KEYCHAIN, openssl, pin};
use crate::world::{World, installed};

pub(super) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(super) const EDGE: &str = "pkcs11:token=acme;object=edge";

/// A world with `edge.pem` and a token `acme` that has its key; its PIN is 4242.
pub(super) fn world() -> Option<(World, Sandbox)> {
    if !(installed("openssl") && installed("softhsm2-util") && installed("pkcs11-tool")) {
        return None;
    }
    let (world, sandbox) = pki::world();
    let conf = world.at("softhsm2.conf").display().to_string();
    let tokens = world.at("tokens").display().to_string();
    world.write("softhsm2.conf", &format!("directories.tokendir = {tokens}\nlog.level = ERROR\n"));
    std::fs::create_dir(&tokens).unwrap();
    let world = world.env("SOFTHSM2_CONF", &conf).settings(KEYCHAIN);
    init(&world, "acme");
    import(&world, "edge", "01");
    Some((world, sandbox))
}

#[track_caller]
pub(super) fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(super) fn init(world: &World, label: &str) {
    let mut command = world.command("softhsm2-util");
    succeeds(command.args([
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        "4242",
        "--so-pin",
        "999999",
    ]));
}

/// `NAME.key` onto the token.
pub(super) fn import(world: &World, name: &str, id: &str) {
    let mut command = world.command("softhsm2-util");
    command.current_dir(world.at("pki")).args(["--import", &format!("{name}.key")]);
    succeeds(command.args(["--token", "acme", "--label", name, "--id", id, "--pin", "4242"]));
}

/// `NAME.pem` onto the token, as an object of this label.
pub(super) fn import_certificate(world: &World, name: &str, label: &str, id: &str) {
    openssl(world, ["x509", "-in", &format!("{name}.pem"), "-outform", "der", "-out", "out.der"]);
    tool(
        world,
        &[
            "--login",
            "--pin",
            "4242",
            "--write-object",
            "out.der",
            "--type",
            "cert",
            "--label",
            label,
            "--id",
            id,
        ],
    );
}

pub(super) fn tool(world: &World, arguments: &[&str]) {
    let mut command = world.command("pkcs11-tool");
    command.current_dir(world.at("pki")).args(["--module", MODULE, "--token-label", "acme"]);
    succeeds(command.args(arguments));
}

pub(super) fn change_pin(world: &World, old: &str, new: &str) {
    tool(world, &["--login", "--pin", old, "--change-pin", "--new-pin", new]);
}

/// Pins this certificate and this key in `acme`.
pub(super) fn pinned(world: &World, certificate: &str, key: &str) {
    let text =
        pin("C", "K").replace("~/pki/C", &said(world, certificate)).replace("~/pki/K", &said(world, key));
    world.write("acme/.awsenv", &text);
    world.allow("acme");
}

/// A file of `~/pki`, or a URI, with the module.
pub(super) fn said(world: &World, place: &str) -> String {
    match place.starts_with("pkcs11:") {
        false => world.at("pki").join(place).display().to_string(),
        true if place.contains("module-path=") => place.to_owned(),
        true if place.contains('?') => format!("{place}&module-path={MODULE}"),
        true => format!("{place}?module-path={MODULE}"),
    }
}

pub(super) fn with_pin(world: &World, place: &str) -> String {
    world.write("pin", "4242\n");
    format!("{place}?pin-source=file:{}", world.at("pin").display())
}
