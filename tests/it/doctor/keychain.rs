//! doctor and the Secret Service.

use super::told;
use crate::desktop::{Desktop, login};
use crate::world::{World, installed};

#[test]
fn the_secret_service_is_open_or_locked() {
    if !installed("dbus-daemon") || !installed("gnome-keyring-daemon") {
        return;
    }
    let world = World::new();
    let desktop = Desktop::start(&world);
    let run = || world.run(["doctor", "keychain"]).env("DBUS_SESSION_BUS_ADDRESS", &desktop.address);
    assert_eq!(told(run()), "✓ keychain    keys rest in the Secret Service\n");
    desktop.lock(&login());
    assert!(told(run()).contains("! keychain    the Secret Service is locked"));
}
