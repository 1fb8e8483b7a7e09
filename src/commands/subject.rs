//! Whose credentials a command is about: a profile that was named, else the directory's pin, else
//! `AWS_PROFILE`. Never `default` unless somebody wrote it.

use std::time::Duration;

use crate::clock;
use crate::credentials::Credentials;
use crate::message::{Exit, Failure};
use crate::profile::chain;
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::directory::{Directory, Verdict, not_allowed};
use crate::prompt::env_file::{Pin, PinSource};
use crate::prompt::plan::{self, Resolved};
use crate::world::World;

/// What the command line says of it.
#[derive(Debug, Default)]
pub struct Asking<'a> {
    /// A profile by name.
    pub profile: Option<&'a str>,
    /// A stage of the directory's file.
    pub stage: Option<&'a str>,
    /// The last hop's session length.
    pub duration: Option<Duration>,
    /// A region that wins over all others.
    pub region: Option<&'a str>,
    /// No GetSessionToken.
    pub no_session: bool,
}

/// The answer: how the credentials are got, and what the directory adds.
#[derive(Debug)]
pub struct Subject {
    /// The chain, the region, the settings.
    pub resolved: Resolved,
    /// The directory's pin, where that decided.
    pub pin: Option<Pin>,
}

/// Decides it.
pub fn subject(asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    if let Some(profile) = asking.profile {
        if asking.stage.is_some() {
            return Err(Failure::new("a stage belongs to the directory's .awsenv, not to a profile")
                .exit(Exit::Usage)
                .into());
        }
        return named(profile, asking, world);
    }
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, asking.stage);
    match directory.verdict {
        Verdict::Refused(_, error, _) => Err(error),
        Verdict::Pinned(pinned) if pinned.pin.source.is_some() => from_pin(pinned.pin, asking, world),
        _ => match directory.complaint {
            Some(complaint) => Err(not_allowed(&complaint.path, &world.places).into()),
            None if asking.stage.is_some() => {
                Err(Failure::new("no .awsenv here, so no stage").exit(Exit::Usage).into())
            }
            None => users_profile(asking, world),
        },
    }
}

fn users_profile(asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    match world.original.text("AWS_PROFILE") {
        Some(profile) => named(profile, asking, world),
        None => Err(Failure::new("no profile: no .awsenv here, and AWS_PROFILE is not set")
            .hint("name one: --profile NAME (`default` too has to be named)")
            .exit(Exit::Usage)
            .into()),
    }
}

fn from_pin(mut pin: Pin, asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    pin.duration = asking.duration.or(pin.duration);
    pin.region = asking.region.map(str::to_owned).or(pin.region);
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let resolved = plan::resolve(&pin, &files, &world.original, !asking.no_session)?;
    Ok(Subject { resolved, pin: Some(pin) })
}

/// As the SDKs do for a profile that is named: the environment's region before the profile's.
fn named(profile: &str, asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    let pin = Pin {
        source: Some(PinSource::Profile(profile.to_owned())),
        region: asking.region.map(str::to_owned).or_else(|| plan::users_region(&world.original)),
        duration: asking.duration,
        ..Pin::default()
    };
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let resolved = plan::resolve(&pin, &files, &world.original, !asking.no_session)?;
    Ok(Subject { resolved, pin: None })
}

impl Subject {
    /// The credentials, and their account where it is known or asked for.
    pub fn credentials(&self) -> anyhow::Result<(Credentials, Option<String>)> {
        let chain = &self.resolved.chain;
        let credentials = plan::at_hand(chain, clock::now())?;
        let account = match &self.pin {
            Some(pin) => plan::check_account(pin, chain, credentials)?,
            None => chain::known_account(chain).or_else(|| credentials.account.clone()),
        };
        Ok((credentials.clone(), account))
    }
}

/// Parses a duration of the command line, with the key in the message.
pub fn duration(text: &str) -> anyhow::Result<Duration> {
    crate::duration::parse(text)
        .map_err(|reason| Failure::new(format!("{text}: {reason}")).exit(Exit::Usage).into())
}
