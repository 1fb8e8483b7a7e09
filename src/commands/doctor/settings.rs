//! The settings file's mistakes.

use super::{Check, Finding};
use crate::places::{named_settings, tilde};
use crate::prompt;
use crate::world::World;

const CHECK: Check = Check::Settings;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let path = &world.places.settings;
    let shown = tilde(path, &world.places.home);
    vec![match prompt::settings(&world.places) {
        Err(error) => Finding::of_error(CHECK, &error, "mend that line"),
        Ok(_) if path.exists() => Finding::ok(CHECK, format!("{shown} is read")),
        Ok(_) if named_settings(&world.env).is_some() => Finding::warning(
            CHECK,
            format!("AWSENV_CONFIG names {shown}, which is not there: all is as it usually is"),
            "write that file, or unset AWSENV_CONFIG",
        ),
        Ok(_) => Finding::ok(CHECK, format!("there is no {shown}: all is as it usually is")),
    }]
}
