//! `awsenv exec`: one command with the credentials, in place of this process.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::serve;
use super::subject::{Asking, Subject, person, subject};
use crate::env::Env;
use crate::files;
use crate::message::{self, Exit, Failure};
use crate::places::{expand_home, tilde};
use crate::process::{self, Unprotected};
use crate::profile::chain::source_keys;
use crate::profile::config::ConfigFiles;
use crate::prompt::wanted::{Delivery, Provided, Wanted};
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
        Err(error) => {
            let (text, exit) = message::render(&error);
            world::say(text.trim_end());
            if exit == Exit::Failed { 125 } else { exit as u8 }
        }
        Ok((command, env)) => {
            let (error, code) = process::become_command(&command, &env, before);
            let shown =
                command.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
            world::say(&message::printable(&format!("awsenv: cannot run {shown}: {error}")));
            code
        }
    }
}

fn prepare(
    asking: &Asking<'_>,
    giving: Giving,
    command: &[OsString],
    world: &World,
) -> anyhow::Result<(Vec<OsString>, Env)> {
    if giving.endpoint {
        check_nothing_comes_first(world)?;
    }
    let subject = subject(asking, world)?;
    // Whoever serves later has nobody to ask for a code.
    let (credentials, account) = subject.credentials(giving.min_ttl, world, &mut person(asking, world))?;
    let wanted = match giving.endpoint {
        false => wanted(Delivery::Keys(&credentials), account.as_deref(), &subject, world),
        true => {
            let served = serve::start(asking, &subject, world)?;
            let delivery = Delivery::Endpoint { uri: &served.uri, token: &served.token };
            wanted(delivery, account.as_deref(), &subject, world)
        }
    };
    let mut env = wanted.over(world.original.clone());
    // A code is for the command a person typed, not for what that starts.
    env.unset("AWSENV_MFA_CODE");
    // A hook in a shell below would put the directory's credentials over the ones that were asked for.
    env.set("AWSENV_DISABLE", "1");
    if !command.is_empty() {
        return Ok((command.to_vec(), env));
    }
    Ok((vec![env.get("SHELL").map_or_else(|| "/bin/sh".into(), OsString::from)], env))
}

fn wanted(delivery: Delivery<'_>, account: Option<&str>, subject: &Subject, world: &World) -> Wanted {
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
    }
    wanted
}

/// Every SDK looks into `[default]` before it asks an endpoint, and botocore into boto's own files: whatever stands
/// there would be somebody else.
fn check_nothing_comes_first(world: &World) -> anyhow::Result<()> {
    let home = &world.places.home;
    let places = match world.original.get("BOTO_CONFIG") {
        Some(path) => vec![expand_home(&path.to_string_lossy(), home)],
        None => vec!["/etc/boto.cfg".into(), home.join(".boto")],
    };
    if let Some(path) = places.iter().find(|path| has_keys_of_boto(path)) {
        return Err(Failure::new(format!(
            "boto3 would take the keys in {} before an endpoint",
            tilde(path, home)
        ))
        .hint("take its [Credentials] out, or leave out --endpoint")
        .into());
    }
    let config = ConfigFiles::locate(&world.original, home).read()?;
    let Ok(default) = config.profile("default") else { return Ok(()) };
    let Some(key) = source_keys(&default).next() else { return Ok(()) };
    let place = default.place(key).map(|place| format!(" ({place})")).unwrap_or_default();
    Err(Failure::new(format!(
        "AWS clients would take the profile default before an endpoint: it has {key}{place}"
    ))
    .hint("give that profile another name, or leave out --endpoint")
    .into())
}

/// As Python's configparser reads it. What cannot be read, botocore passes over too.
fn has_keys_of_boto(path: &Path) -> bool {
    let Ok(Some((bytes, _))) = files::read_limited(path, 1024 * 1024) else { return false };
    let bytes = Zeroizing::new(bytes);
    let mut is_inside = false;
    bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).any(|line| {
        if line.starts_with(b"[") {
            is_inside = line.starts_with(b"[Credentials]");
        }
        let name = line.split(|byte| b"=:".contains(byte)).next().unwrap_or_default();
        is_inside && name.trim_ascii_end().eq_ignore_ascii_case(b"aws_access_key_id")
    })
}
