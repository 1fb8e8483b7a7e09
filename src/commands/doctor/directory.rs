//! The `.awsenv` that counts here, and whether it can be followed.

use std::path::Path;

use super::{Check, Finding};
use crate::key_index::KeyIndex;
use crate::places::tilde;
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::{Allowlist, LOOK};
use crate::prompt::directory::{Directory, Pinned, Verdict};
use crate::prompt::resolve::resolve;
use crate::world::World;

const CHECK: Check = Check::Directory;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, world.choice.as_ref().into());
    let complaint = directory.complaint.map(|complaint| {
        let shown = tilde(&complaint.path, &world.places.home);
        Finding::warning(CHECK, format!("{shown} is not allowed"), LOOK)
    });
    let decided = match directory.verdict {
        Verdict::Nothing if complaint.is_some() => None,
        Verdict::Nothing => Some(Finding::ok(CHECK, "no .awsenv counts here")),
        Verdict::Refused(_, error, _) => Some(Finding::of_error(CHECK, &error, LOOK)),
        Verdict::Pinned(pinned) => Some(follow(&pinned, world)),
    };
    complaint.into_iter().chain(decided).collect()
}

fn follow(pinned: &Pinned, world: &World) -> Finding {
    let file = pinned.files.first().map_or("this shell's choice".into(), |file: &std::path::PathBuf| {
        tilde(Path::new(file), &world.places.home)
    });
    let name = pinned.pin.name().unwrap_or_else(|| "variables only".into());
    if pinned.pin.source.is_none() {
        return Finding::ok(CHECK, format!("{file} counts: {name}"));
    }
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let resolved = KeyIndex::load(&world.places).and_then(|keys| {
        resolve(&pinned.pin, &files, &keys, &world.original, Some(world.settings.session_duration))
    });
    match resolved {
        Ok(_) => Finding::ok(CHECK, format!("{file} counts: {name}")),
        Err(error) => {
            Finding::of_error(CHECK, &error.context(format!("{file} counts")), "mend what it names")
        }
    }
}
