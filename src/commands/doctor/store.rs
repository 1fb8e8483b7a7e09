//! Where the key is that sessions are sealed with: without one, none is kept.

use std::path::Path;

use super::{Check, Finding};
use crate::places::{Places, tilde};
use crate::session::key::{self, Place};
use crate::world::World;

const CHECK: Check = Check::Store;

pub(super) fn check(world: &World) -> Vec<Finding> {
    vec![tell(key::place(&world.places), &world.places)]
}

fn tell(place: Place, places: &Places) -> Finding {
    let shown = |path: &Path| tilde(path, &places.home);
    match place {
        Place::Keyring => Finding::ok(CHECK, "sessions are sealed with a key in the kernel's keyring"),
        Place::File(path) => Finding::ok(
            CHECK,
            format!("sessions are sealed with a key in {}, which is in memory", shown(&path)),
        ),
        Place::Nowhere => Finding::warning(
            CHECK,
            format!(
                "no session is kept, and prompts load none: no kernel keyring, and {} is on a disk",
                shown(&places.runtime)
            ),
            "set XDG_RUNTIME_DIR to a directory of yours on tmpfs, as systemd-logind does",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn without_a_place_for_a_key_it_is_said_that_nothing_is_kept() {
        let places = Places::below(Path::new("/x"));
        for place in [Place::Keyring, Place::File("/x/r/key".into())] {
            assert_eq!(tell(place, &places).result, Verdict::Ok);
        }
        let finding = tell(Place::Nowhere, &places);
        assert_eq!(finding.result, Verdict::Warning);
        assert!(finding.seen.contains("no session is kept"), "{}", finding.seen);
    }
}
