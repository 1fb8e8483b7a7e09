//! Which way to sign in, and what opens a browser.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::Login;
use crate::env::Env;
use crate::message::Failure;
use crate::session::sso::Flow;
use crate::world::World;

/// How a person gets to the portal.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) flow: Flow,
    /// The command that opens an address; none: the person does.
    pub(super) opener: Option<Vec<String>>,
    /// Why it is not by a browser of this machine, where nobody asked for that.
    pub(super) because: Option<&'static str>,
}

impl Way {
    pub(super) fn of(login: &Login<'_>, world: &World) -> anyhow::Result<Self> {
        let opener = opener(world)?;
        let because = apart(&world.original, world.settings.browser.is_some())
            .or_else(|| opener.is_none().then_some("there is no browser here"));
        let flow = if login.device_code || because.is_some() { Flow::Device } else { Flow::Browser };
        let opens = because.is_none() && !login.no_browser;
        Ok(Self { flow, opener: opener.filter(|_| opens), because: because.filter(|_| !login.device_code) })
    }
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

/// The setting, BROWSER, or what the platform has.
fn opener(world: &World) -> anyhow::Result<Option<Vec<String>>> {
    // BROWSER is a list, the first of which is the favourite.
    let favourite =
        world.original.text("BROWSER").and_then(|list| list.split(':').find(|one| !one.is_empty()));
    let Some(command) = world.settings.browser.as_deref().or(favourite) else {
        return Ok(of_the_platform(&world.original).map(|program| vec![program.to_owned()]));
    };
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
    let path = original.get("PATH").unwrap_or_default();
    std::env::split_paths(path).any(|dir| dir.join(program).is_file()).then_some(program)
}

/// Opens an address, for `%s` in the command or behind it, and lets the browser go its way: a Ctrl-C is not meant
/// for it.
pub(super) fn open(opener: &[String], address: &str, original: &Env) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    let [program, arguments @ ..] = opener else { return Ok(()) };
    let has_place = arguments.iter().any(|argument| argument.contains("%s"));
    let arguments = arguments.iter().map(|argument| argument.replace("%s", address));
    Command::new(program)
        .args(arguments.chain((!has_place).then(|| address.to_owned())))
        .env_clear()
        .envs(original.for_child())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start the browser {program}"))?;
    Ok(())
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
