//! `awsenv exec`: one command with the credentials, in place of this process.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::history::{self, Given};
use super::serve;
use super::subject::{Asking, Subject, person, subject};
use crate::env::Env;
use crate::message::{self, Exit};
use crate::process::{self, Unprotected};
use crate::profile::ahead_of_endpoint;
use crate::profile::config::ConfigFiles;
use crate::prompt::wanted::{Delivery, Provided, Wanted};
use crate::session::history::Event;
use crate::world::{self, World};

/// What the command gets.
#[derive(Clone, Copy, Debug)]
pub struct Giving {
    /// Keys that are good for so long at least.
    pub min_ttl: Option<Duration>,
    /// A place to ask for them, instead of keys.
    pub endpoint: bool,
}

/// Runs `command`, or the user's shell if there is none. Returns only where that fails: 125 for a failure of
/// our own, 126 and 127 as shells do, 3 and 4 as everywhere.
pub fn run(
    asking: &Asking<'_>,
    giving: Giving,
    command: &[OsString],
    world: &World,
    before: &Unprotected,
) -> u8 {
    match prepare(asking, giving, command, world) {
        Err(error) => failed(&error),
        Ok((command, env)) => {
            let (error, code) = process::become_command(&command, &env, before);
            let shown =
                command.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
            world::say(&message::printable(&format!("awsenv: cannot run {shown}: {error}")));
            code
        }
    }
}

/// Says it; the exit code is none that a command is likely to have.
pub fn failed(error: &anyhow::Error) -> u8 {
    let (text, exit) = message::render(error);
    world::say(text.trim_end());
    if exit == Exit::Failed { 125 } else { exit as u8 }
}

fn prepare(
    asking: &Asking<'_>,
    giving: Giving,
    command: &[OsString],
    world: &World,
) -> anyhow::Result<(Vec<OsString>, Env)> {
    if giving.endpoint {
        let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
        ahead_of_endpoint::check(&config, &world.original, &world.places.home, "leave out --endpoint")?;
    }
    let subject = subject(asking, world)?;
    // Whoever serves later has nobody to ask for a code.
    let (credentials, account) = subject.credentials(giving.min_ttl, world, &mut person(asking, world))?;
    let wanted = match giving.endpoint {
        false => wanted(Delivery::Keys(&credentials), account.as_deref(), &subject, world),
        true => {
            let served = serve::start(asking, &subject, world)?;
            let delivery = Delivery::Endpoint { uri: &served.uri, token: &served.token, expiry: None };
            wanted(delivery, account.as_deref(), &subject, world)
        }
    };
    let mut env = wanted.over(world.original.clone());
    // A code is for the command a person typed, not for what that starts.
    env.unset("AWSENV_MFA_CODE");
    // A hook in a shell below would put the directory's credentials over the ones that were asked for.
    env.set("AWSENV_DISABLE", "1");
    let command = match command {
        [] => vec![env.get("SHELL").map_or_else(|| "/bin/sh".into(), OsString::from)],
        command => command.to_vec(),
    };
    let program = command.first().map(OsString::as_os_str).unwrap_or_default();
    // Nothing can be noted once the command has taken our place; what will not run gets nothing.
    if process::is_found(program, &env) {
        let name = Path::new(program).file_name().unwrap_or_default();
        let given = Given {
            event: Event::Exec,
            by: &name.to_string_lossy(),
            pid: std::process::id(),
            account: account.as_deref(),
            expiry: credentials.expiry.filter(|_| !giving.endpoint),
        };
        history::note(&given, &subject, asking, world);
    }
    Ok((command, env))
}

/// The credentials and what the directory adds to them.
pub(super) fn wanted(
    delivery: Delivery<'_>,
    account: Option<&str>,
    subject: &Subject,
    world: &World,
) -> Wanted {
    let provided = Provided {
        name: &subject.resolved.name,
        delivery,
        account,
        region: subject.resolved.region.as_deref(),
        settings: &subject.resolved.settings,
        aws_vault_label: world.settings.label.is_some(),
    };
    let mut wanted = Wanted::provided(&provided, &world.original);
    if let Some(pin) = &subject.pin {
        wanted.plain(&pin.env);
        if pin.protected {
            wanted.protected();
        }
    }
    wanted
}
