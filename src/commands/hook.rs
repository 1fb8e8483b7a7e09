//! `awsenv hook SHELL`: the text a shell evals at its start. The files of `shell/` as they stand, after two
//! assignments: the program, and which text this is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::prompt::shell::Shell;
use crate::settings::Settings;
use crate::world::{self, World};

/// Prints the hook.
pub fn run(shell: Shell, program: &OsStr, world: &World) -> anyhow::Result<()> {
    let (bin, digest) = match shell {
        Shell::Bash | Shell::Zsh => ("__awsenv_bin=", "__awsenv_text="),
        Shell::Fish => ("set -g __awsenv_bin ", "set -g __awsenv_text "),
    };
    let mut text = bin.as_bytes().to_vec();
    text.extend(shell.quote(as_found(program, world)));
    text.push(b'\n');
    text.extend_from_slice(format!("{digest}{}\n", self::digest(shell, &world.settings)).as_bytes());
    for file in files(shell, &world.settings) {
        text.extend_from_slice(file.as_bytes());
    }
    world::out(&text)
}

/// Tells one text of a hook from the next: a shell may be older than the program, or than the settings.
pub(super) fn digest(shell: Shell, settings: &Settings) -> String {
    let mut sha = Sha256::new();
    files(shell, settings).iter().for_each(|file| sha.update(file));
    crate::files::hex(&sha.finalize()[..4])
}

/// Prints the function for direnv.
pub fn direnv(program: &OsStr, world: &World) -> anyhow::Result<()> {
    let program = Shell::Bash.quote(as_found(program, world));
    let text =
        [b"__awsenv_bin=", program.as_slice(), b"\n", include_bytes!("../../shell/direnv.sh")].concat();
    world::out(&text)
}

fn files(shell: Shell, settings: &Settings) -> Vec<&'static str> {
    match shell {
        Shell::Bash => [
            (true, include_str!("../../shell/awsenv.bash")),
            (settings.wrap_cd, include_str!("../../shell/cd.bash")),
            (settings.debug_trap, include_str!("../../shell/debug.bash")),
        ]
        .into_iter()
        .filter_map(|(wanted, file)| wanted.then_some(file))
        .collect(),
        Shell::Zsh => vec![include_str!("../../shell/awsenv.zsh")],
        Shell::Fish => vec![include_str!("../../shell/awsenv.fish")],
    }
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
