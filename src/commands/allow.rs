//! `awsenv allow` and `awsenv deny`: a person's word on an `.awsenv`.

use std::path::{Path, PathBuf};

use crate::message::{Failure, printable, shown_path};
use crate::places::tilde;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::directory::NAME;
use crate::prompt::env_file::EnvFile;
use crate::prompt::runtime::Runtime;
use crate::world::{self, World};

/// Allows the file of a directory, as it is now.
pub fn allow(path: Option<&Path>, world: &World) -> anyhow::Result<()> {
    let path = file(path, world)?;
    let allowed = approve(&path, world)?;
    world::say(&format!("awsenv: allowed {}", printable(&tilde(&allowed, &world.places.home))));
    Ok(())
}

/// Denies it, whatever it will contain.
pub fn deny(path: Option<&Path>, world: &World) -> anyhow::Result<()> {
    let path = file(path, world)?;
    let denied = Allowlist::new(&world.places, &world.settings).deny(&path)?;
    tell_shells(world);
    world::say(&format!("awsenv: denied {}", printable(&tilde(&denied, &world.places.home))));
    Ok(())
}

/// Checks and allows a file, and tells every shell. A file with a mistake is not allowed.
pub(super) fn approve(path: &Path, world: &World) -> anyhow::Result<PathBuf> {
    let check = |text: &str, path: &Path| {
        let env_file = EnvFile::parse(text, path, &world.places.home)?;
        // What an inherited file adds is not known here.
        if !env_file.inherit {
            for stage in std::iter::once(None).chain(env_file.stages.keys().map(|name| Some(name.as_str()))) {
                env_file.pin(stage)?.check_whole(path)?;
            }
        }
        Ok(())
    };
    let approval = Allowlist::new(&world.places, &world.settings).allow(path, check)?;
    tell_shells(world);
    if approval.has_forgotten {
        let shown = printable(&tilde(&approval.path, &world.places.home));
        world::say(&format!(
            "awsenv: what else was allowed as {shown} is so no more: others could have written the allow list"
        ));
    }
    Ok(approval.path)
}

/// The file a path means: itself, the one in that directory, or the nearest one upward from here.
pub(super) fn file(path: Option<&Path>, world: &World) -> anyhow::Result<PathBuf> {
    let here = PathBuf::from(world.pwd());
    match path {
        Some(path) => {
            let path = here.join(path);
            Ok(if path.is_dir() { path.join(NAME) } else { path })
        }
        None => nearest(&here).ok_or_else(|| {
            Failure::new("no .awsenv here or above").hint("`awsenv init PROFILE` writes one").into()
        }),
    }
}

pub(super) fn nearest(here: &Path) -> Option<PathBuf> {
    here.ancestors().map(|dir| dir.join(NAME)).find(|path| path.is_file())
}

/// Makes every open shell ask again at its next prompt.
pub(super) fn tell_shells(world: &World) {
    if let Err(error) = Runtime::open(&world.places).and_then(|runtime| runtime.renew_token()) {
        let dir = shown_path(&world.places.runtime);
        world::say(&format!(
            "awsenv: open shells will not notice before their next cd: cannot write below {dir}: {error}"
        ));
    }
}
