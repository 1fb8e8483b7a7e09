//! Who decided what: the line of a `.awsenv`, of an AWS file, a variable of the user's, or `awsenv use`. For people to
//! read: it looks at the files once more, and decides nothing.

use std::path::Path;

use serde::Serialize;

use crate::files;
use crate::profile::chain;
use crate::profile::config::ConfigFiles;
use crate::prompt::choice::{Choice, What};
use crate::prompt::directory::Pinned;
use crate::prompt::env_file::{Lines, Pin, PinSource, SOURCE};
use crate::prompt::resolve::Resolved;
use crate::toml_walk;
use crate::world::World;

/// What `use` decided.
const USE: &str = "awsenv use";

/// `PATH:LINE`, a variable, or a command; `null` where nobody had to decide.
#[derive(Debug, Default, Serialize)]
pub(super) struct Decided {
    /// Whose credentials.
    pub(super) source: Option<String>,
    /// What the source's profile is: where it begins.
    pub(super) profile: Option<String>,
    /// The account that is asked for, else the role whose it is.
    pub(super) account: Option<String>,
    /// The region.
    pub(super) region: Option<String>,
    /// How programs get the credentials.
    pub(super) delivery: Option<String>,
}

impl Decided {
    /// What the directory and this shell say.
    pub(super) fn of(pinned: &Pinned, choice: Option<&Choice>) -> Self {
        let is_profile = matches!(choice.map(|choice| &choice.what), Some(What::Profile(..)));
        if is_profile {
            return Self { source: Some(USE.to_owned()), ..Self::default() };
        }
        let stage = choice.map(|choice| choice.what.name());
        // A stage belongs to the nearest file.
        let stages = std::iter::once(stage).chain(std::iter::repeat(None));
        let lines: Vec<_> =
            pinned.files.iter().zip(stages).map(|(path, stage)| (path, lines(path, stage))).collect();
        let line = |key: &str| {
            let (path, line) = lines.iter().find_map(|(path, lines)| Some((path, lines.of_key(key)?)))?;
            Some(format!("{}:{line}", path.display()))
        };
        let pin = &pinned.pin;
        Self {
            source: pin.source.as_ref().and_then(|_| line(SOURCE)),
            profile: None,
            account: pin.account.as_ref().and_then(|_| line("account")),
            region: pin.region.as_ref().and_then(|_| line("region")),
            delivery: pin.deliver.and_then(|_| line("deliver")),
        }
    }

    /// What the AWS files and the environment add.
    pub(super) fn take(&mut self, resolved: &Resolved, pin: &Pin, files: &ConfigFiles, world: &World) {
        let steps = chain::steps(&resolved.chain);
        if self.account.is_none() && resolved.chain.roles.last().is_some() {
            self.account = steps.last().and_then(|step| step.decided_by.clone());
        }
        let config = files.read().ok();
        if let (Some(PinSource::Profile(name)), Some(config)) = (&pin.source, &config) {
            self.profile = config.header("profile", name).map(|place| place.to_string());
            let own = || config.place("profile", name, "region").map(|place| place.to_string());
            self.region = self.region.take().or_else(|| own().filter(|_| pin.region.is_none()));
        }
        let names = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
        let is_users = |name: &&str| {
            world.original.text(name).is_some_and(|region| resolved.region.as_deref() == Some(region))
        };
        if self.region.is_none() && resolved.region.is_some() {
            self.region = names.into_iter().find(is_users).map(str::to_owned);
        }
    }
}

fn lines(path: &Path, stage: Option<&str>) -> Lines {
    let read = files::read_limited(path, toml_walk::LONGEST as u64).ok().flatten();
    let text = read.and_then(|(bytes, _)| String::from_utf8(bytes).ok()).unwrap_or_default();
    Lines::of(&text, path, stage)
}
