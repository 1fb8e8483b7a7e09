//! The person's browser: whether this machine has one, and what opens it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::env::Env;
use crate::message::Failure;
use crate::world::World;

mod command_line;
mod read_again;

pub(super) use command_line::with_flags;
pub(super) use read_again::names;

/// The command that opens an address, or why none would reach the person, or come back to this machine.
pub(super) fn browser(world: &World) -> anyhow::Result<Result<Vec<String>, &'static str>> {
    let opener = opener(world)?;
    Ok(match apart(&world.original, world.settings.browser.is_some()) {
        Some(because) => Err(because),
        None => opener.ok_or("there is no browser here"),
    })
}

/// Why a browser would not come back to this machine. Who names one in the settings has one, in a container too.
fn apart(original: &Env, has_browser: bool) -> Option<&'static str> {
    let is_set = |names: &[&str]| names.iter().any(|name| original.text(name).is_some());
    let is_container = || {
        original.text("container").is_some()
            || ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists())
    };
    match () {
        () if is_set(&["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]) => Some("this is an SSH session"),
        () if is_set(&["CI", "CODESPACES", "CLOUD_SHELL"]) => Some("this machine is not yours"),
        () if !has_browser && is_container() => Some("this is a container"),
        () => None,
    }
}

/// What the person has named, or what the platform has.
fn opener(world: &World) -> anyhow::Result<Option<Vec<String>>> {
    let of_the_platform = || of_the_platform(&world.original).map(|program| vec![program.to_owned()]);
    Ok(named(world)?.or_else(of_the_platform))
}

/// The setting, or BROWSER.
pub(super) fn named(world: &World) -> anyhow::Result<Option<Vec<String>>> {
    // BROWSER is a list, the first of which is the favourite.
    let favourite =
        world.original.text("BROWSER").and_then(|list| list.split(':').find(|one| !one.is_empty()));
    let Some(command) = world.settings.browser.as_deref().or(favourite) else { return Ok(None) };
    let words =
        shell_words::split(command).with_context(|| format!("cannot understand the browser {command}"))?;
    if words.is_empty() {
        return Err(Failure::new("BROWSER names no command").into());
    }
    Ok(Some(words))
}

fn of_the_platform(original: &Env) -> Option<&'static str> {
    if cfg!(target_os = "macos") {
        return Some("open");
    }
    let program = match original.text("WSL_DISTRO_NAME") {
        Some(_) => "wslview",
        None => {
            let has_display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| original.text(name).is_some());
            Some("xdg-open").filter(|_| has_display)?
        }
    };
    is_installed(program, original).then_some(program)
}

/// Whether a program is on the PATH.
pub(super) fn is_installed(program: &str, original: &Env) -> bool {
    let path = original.get("PATH").unwrap_or_default();
    std::env::split_paths(path).any(|dir| dir.join(program).is_file())
}

/// Opens an address, for `%s` in the command or behind it, and lets the browser go its way: a Ctrl-C is not meant
/// for it.
pub(super) fn open(opener: &[String], address: &str, original: &Env) -> anyhow::Result<Browser> {
    use std::os::unix::process::CommandExt;
    let command = command_line::with(opener, address)?;
    let [program, arguments @ ..] = command.as_slice() else { anyhow::bail!("the browser has no command") };
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(original.for_child())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start the browser {program}"))?;
    Ok(Browser { program: program.clone(), child })
}

/// A browser on its way.
pub(super) struct Browser {
    program: String,
    child: Child,
}

impl Browser {
    /// Waits for its end, and says how it has failed. Most of them leave the page to a browser that runs already.
    pub(super) fn failure(mut self) -> Option<String> {
        let status = self.child.wait().ok().filter(|status| !status.success())?;
        // It ends with 1 whatever has become of the page.
        let says_nothing = self.program.ends_with("explorer.exe");
        (!says_nothing).then(|| format!("the browser {} has ended with {status}", self.program))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_cannot_come_back_is_not_waited_for() {
        let why = |name: &str, has_browser| apart(&[(name, "1")].into_iter().collect(), has_browser);
        for name in ["SSH_CONNECTION", "SSH_TTY", "CI", "CODESPACES"] {
            assert!(why(name, true).is_some(), "{name}");
        }
        assert_eq!(why("container", false), Some("this is a container"));
        assert_eq!(why("container", true), None);
    }
}
