//! `awsenv hook SHELL`: the text a shell evals at its start. The files of `shell/` as they stand, after one
//! assignment, or two.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use sha2::{Digest as _, Sha256};

use crate::message::{Exit, Failure};
use crate::prompt::runtime::Runtime;
use crate::prompt::shell::Shell;
use crate::settings::Settings;
use crate::world::{self, World};

/// No shell, but a program that a shell has.
const DIRENV: &str = "direnv";

/// Whose hooks there are.
fn names() -> impl Iterator<Item = &'static str> {
    Shell::ALL.into_iter().map(Shell::name).chain([DIRENV])
}

/// The same for the command line, by the other names that people know too.
pub fn possible_values() -> Vec<PossibleValue> {
    let value = |name| match name {
        "nu" => PossibleValue::new(name).alias("nushell"),
        "pwsh" => PossibleValue::new(name).alias("powershell"),
        _ => PossibleValue::new(name),
    };
    names().map(value).collect()
}

/// Prints the hook of the shell with this name.
pub fn run(name: Option<&str>, program: &OsStr, world: &World) -> anyhow::Result<()> {
    let hint = format!("say for which shell: {}", names().collect::<Vec<_>>().join(", "));
    let name = name.ok_or_else(|| Failure::new("hook needs a shell").hint(&hint).exit(Exit::Usage))?;
    if name == DIRENV {
        return direnv(program, world);
    }
    let shell = Shell::named(name)
        .ok_or_else(|| Failure::new(format!("there is no hook for {name}")).hint(&hint).exit(Exit::Usage))?;
    let dialect = shell.dialect();
    let mut text = dialect.program(&shell.quote(as_found(program, world)));
    text.extend(dialect.version(&digest(shell, &world.settings)));
    // Without it, an answer that needs it is none, and the hook fails closed.
    let unsayable = dialect.unsayable().and_then(|text| {
        Runtime::open(&world.places).and_then(|runtime| runtime.text(&format!("{name}.text"), text)).ok()
    });
    text.extend(unsayable.map(|path| dialect.source(&shell.quote(path))).unwrap_or_default());
    text.extend(dialect.hook(&world.settings).concat().as_bytes());
    world::out(&text)
}

/// Tells one text of a hook from the next: a shell may be older than the program, or than the settings.
pub(super) fn digest(shell: Shell, settings: &Settings) -> String {
    let mut sha = Sha256::new();
    shell.dialect().hook(settings).iter().for_each(|file| sha.update(file));
    crate::files::hex(&sha.finalize()[..4])
}

/// Its function `use awsenv`.
fn direnv(program: &OsStr, world: &World) -> anyhow::Result<()> {
    let program = Shell::Bash.quote(as_found(program, world));
    let text =
        [b"__awsenv_bin=", program.as_slice(), b"\n", include_bytes!("../../shell/direnv.sh")].concat();
    world::out(&text)
}

/// The program's path as the shell found it, links unresolved: an upgrade that moves the target (brew, nix)
/// must not break every open shell.
fn as_found(program: &OsStr, world: &World) -> PathBuf {
    let program = Path::new(program);
    if program.components().count() > 1 {
        return Path::new(&world.pwd()).join(program);
    }
    let path = world.env.get("PATH").unwrap_or_default();
    std::env::split_paths(path)
        .map(|dir| dir.join(program))
        .find(|path| path.is_absolute() && path.is_file())
        .or_else(|| std::env::current_exe().ok())
        .unwrap_or_else(|| program.to_owned())
}
