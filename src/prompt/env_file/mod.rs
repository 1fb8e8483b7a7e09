//! `.awsenv`: what a directory asks for. This module knows what may stand in the file, not whether it was
//! allowed, nor how its credentials are got.

mod lines;
mod names;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::message::{Failure, nearest, shown, shown_path};
use crate::profile::chain::{Role, RolesAnywhere, Sso};

pub use lines::{Lines, SOURCE};
pub use names::refused_name;

/// One `.awsenv`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// Where it was read.
    pub path: PathBuf,
    /// It builds on the allowed file above it.
    pub inherit: bool,
    /// What it says outside of any stage.
    pub base: Pin,
    /// `[stage.NAME]`, each only with what it says itself.
    pub stages: BTreeMap<String, Pin>,
}

/// What a file or a stage pins down; what it leaves open is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// Where the first credentials come from.
    pub source: Option<PinSource>,
    /// Assumed on top, in order.
    pub roles: Vec<Role>,
    /// Wins over the profile's.
    pub region: Option<String>,
    /// Credentials of any other account are refused.
    pub account: Option<String>,
    /// The asked-for session length of the last hop.
    pub duration: Option<Duration>,
    /// How programs get the credentials.
    pub deliver: Option<Deliver>,
    /// Plain variables that go with it.
    pub env: BTreeMap<String, String>,
    /// `use` asks first. Only a stage says so.
    pub protected: bool,
}

/// Where a pin's first credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinSource {
    /// A profile of the AWS shared config.
    Profile(String),
    /// `[sso]`: no session name, and no scopes beyond the usual one.
    Sso(Sso),
    /// `[keys]`: long-lived keys in the keychain.
    Keys {
        /// Their name there.
        name: String,
        /// The MFA device to present to GetSessionToken.
        mfa_serial: Option<String>,
        /// Exchanged with GetSessionToken first; else used as they are.
        session: bool,
    },
    /// `[roles_anywhere]`; the session length is the pin's.
    RolesAnywhere(RolesAnywhere),
}

/// How programs get the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deliver {
    /// As environment variables.
    Env,
    /// As the name of a profile whose `credential_process` we are.
    Profile,
    /// As the address of our container credentials endpoint.
    Endpoint,
}

impl EnvFile {
    /// What counts: the base, or the named stage over it.
    pub fn pin(&self, stage: Option<&str>) -> Result<Pin> {
        let Some(name) = stage else { return Ok(self.base.clone()) };
        match self.stages.get(name) {
            Some(pin) => Ok(pin.clone().over(self.base.clone())),
            None => Err(self.no_stage(name).into()),
        }
    }

    /// Whether a stage that is protected stands for this profile: by another name it is the same thing, and as
    /// dangerous.
    pub fn protects(&self, profile: &str) -> bool {
        let source = Some(PinSource::Profile(profile.to_owned()));
        self.stages.values().any(|stage| stage.protected && stage.source == source)
    }

    fn no_stage(&self, name: &str) -> Failure {
        let stages: Vec<_> = self.stages.keys().map(String::as_str).collect();
        let what = format!("{}: no stage {}", shown_path(&self.path), shown(name));
        if stages.is_empty() {
            return Failure::new(what).hint("the file has no stages; [stage.NAME] begins one");
        }
        let failure = Failure::new(format!("{what} among {}", stages.join(", ")));
        match nearest(name, stages) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure,
        }
    }
}

impl Pin {
    /// This pin over another: a stage over its base, or a file over the one it inherits from.
    pub fn over(self, outer: Pin) -> Pin {
        let new_source = self.source.is_some();
        let new_roles = self.replaces_roles();
        let mut env = outer.env;
        env.extend(self.env);
        Pin {
            source: self.source.or(outer.source),
            roles: if new_roles { self.roles } else { outer.roles },
            region: self.region.or(outer.region),
            account: if new_source { self.account } else { self.account.or(outer.account) },
            duration: self.duration.or(outer.duration),
            deliver: self.deliver.or(outer.deliver),
            env,
            protected: self.protected || outer.protected,
        }
    }

    /// A new source ends the old chain, and the old account with it. Roles alone are a new chain on the old source;
    /// there the account stays, so that a chain that leaves it without saying so is refused.
    fn replaces_roles(&self) -> bool {
        self.source.is_some() || !self.roles.is_empty()
    }

    /// Without a source there are no credentials that could be of an account, take a role or last so long:
    /// such a file must not look as if it pinned anything.
    pub fn check_whole(&self, path: &Path) -> Result<(), Failure> {
        let needs_source = [
            ("account", self.account.is_some()),
            ("[[role]]", !self.roles.is_empty()),
            ("duration", self.duration.is_some()),
            ("deliver", self.deliver.is_some()),
        ];
        match needs_source.into_iter().find(|(_, says_so)| *says_so) {
            Some((key, _)) if self.source.is_none() => {
                Err(Failure::new(format!("{}: {key} without a source", shown_path(path)))
                    .hint("say where the credentials come from: profile, [sso], [keys] or [roles_anywhere]"))
            }
            _ => Ok(()),
        }
    }

    /// What people call it; none without a source.
    pub fn name(&self) -> Option<String> {
        Some(match self.source.as_ref()? {
            PinSource::Profile(name) | PinSource::Keys { name, .. } => name.clone(),
            PinSource::Sso(sso) => format!("{}@{}", sso.role, sso.account),
            PinSource::RolesAnywhere(source) => {
                source.role_arn.rsplit('/').next().unwrap_or(&source.role_arn).to_owned()
            }
        })
    }
}
