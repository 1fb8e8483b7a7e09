//! `awsenv edit`: opens the `.awsenv`, and allows it if its author changed it and it holds no mistake.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::allow::{approve, nearest};
use crate::message::{Failure, printable};
use crate::places::tilde;
use crate::prompt::directory::NAME;
use crate::world::{self, World};

/// Edits the nearest file, or a new one here.
pub fn run(path: Option<&Path>, world: &World) -> anyhow::Result<()> {
    let here = PathBuf::from(world.pwd());
    let path = match path {
        Some(path) if here.join(path).is_dir() => here.join(path).join(NAME),
        Some(path) => here.join(path),
        None => nearest(&here).unwrap_or_else(|| here.join(NAME)),
    };
    let before = std::fs::read(&path).ok();
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| world.original.text(name)).unwrap_or("vi");
    let words =
        shell_words::split(editor).with_context(|| format!("cannot understand the editor {editor}"))?;
    let (program, arguments) =
        words.split_first().ok_or_else(|| Failure::new("no editor").hint("set VISUAL or EDITOR"))?;
    let status = Command::new(program)
        .args(arguments)
        .arg(&path)
        .env_remove("AWSENV_MFA_CODE")
        .status()
        .with_context(|| format!("cannot start the editor {program}"))?;
    let shown = printable(&tilde(&path, &world.places.home));
    if !status.success() {
        return Err(Failure::new(format!("cannot edit {shown}: the editor ended with {status}")).into());
    }
    match std::fs::read(&path).ok() {
        after if after == before => world::say(&format!("awsenv: {shown} is unchanged")),
        None => world::say(&format!("awsenv: {shown} is gone")),
        Some(_) => {
            approve(&path, world)?;
            world::say(&format!("awsenv: allowed {shown}"));
        }
    }
    Ok(())
}
