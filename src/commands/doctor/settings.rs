//! The settings file's mistakes.

use super::{Check, Finding};
use crate::places::tilde;
use crate::prompt;
use crate::world::World;

const CHECK: Check = Check::Settings;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let path = &world.places.settings;
    let shown = tilde(path, &world.places.home);
    vec![match prompt::settings(&world.places) {
        Err(error) => Finding::of_error(CHECK, &error, "mend that line"),
        Ok(_) if path.exists() => Finding::ok(CHECK, format!("{shown} is read")),
        Ok(_) => Finding::ok(CHECK, format!("there is no {shown}: all is as it usually is")),
    }]
}
