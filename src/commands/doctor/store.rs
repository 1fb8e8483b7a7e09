//! Where the key is that sessions are sealed with: without one, none is kept.

use super::{Check, Finding};
use crate::places::tilde;
use crate::session::key::{self, Place};
use crate::world::World;

const CHECK: Check = Check::Store;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let runtime = tilde(&world.places.runtime, &world.places.home);
    vec![match key::place(&world.places) {
        Place::Keyring => Finding::ok(CHECK, "sessions are sealed with a key in the kernel's keyring"),
        Place::File(path) => {
            let path = tilde(&path, &world.places.home);
            Finding::ok(CHECK, format!("sessions are sealed with a key in {path}, which is in memory"))
        }
        Place::Nowhere => Finding::warning(
            CHECK,
            format!(
                "no session is kept, and prompts load none: no kernel keyring, and {runtime} is on a disk"
            ),
            "set XDG_RUNTIME_DIR to a directory of yours on tmpfs, as systemd-logind does",
        ),
    }]
}
