//! Whose credentials a command is about, as its arguments say it.

use clap::Args;
use clap_complete::ArgValueCandidates;

use crate::commands::complete;
use crate::commands::subject::{self, Asking};
use crate::message::{Exit, Failure};

/// Which access portal. Without any of it: the directory's, else that of AWS_PROFILE.
#[derive(Args, Debug)]
pub(super) struct OfPortal {
    /// A profile of ~/.aws/config; without one the directory's pin, else AWS_PROFILE, else default
    #[arg(value_name = "PROFILE", add = ArgValueCandidates::new(complete::profiles))]
    pub(super) name: Option<String>,
    /// An [sso-session] of ~/.aws/config
    #[arg(long, value_name = "NAME", conflicts_with = "name", add = ArgValueCandidates::new(complete::sso_sessions))]
    pub(super) sso_session: Option<String>,
}

/// Whose credentials. Without any of it: the directory's, else AWS_PROFILE's, else those of `default`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Whose credentials")]
pub(super) struct Whose {
    /// A profile of ~/.aws/config; without one the directory's pin, else AWS_PROFILE, else default
    #[arg(value_name = "PROFILE", add = ArgValueCandidates::new(complete::profiles))]
    name: Option<String>,
    /// The same, as an option
    #[arg(long, value_name = "PROFILE", conflicts_with = "name", add = ArgValueCandidates::new(complete::profiles))]
    profile: Option<String>,
    /// A stage of the directory's .awsenv
    #[arg(long, add = ArgValueCandidates::new(complete::stages))]
    stage: Option<String>,
    /// Ask for sessions of this length (15m to 12h)
    #[arg(long)]
    duration: Option<String>,
    /// A region that wins over all others
    #[arg(long)]
    region: Option<String>,
    /// No session of GetSessionToken in between
    #[arg(long)]
    no_session: bool,
}

impl Whose {
    pub(super) fn asking(&self) -> anyhow::Result<Asking<'_>> {
        if let Some(region) = &self.region {
            crate::limits::region(region)
                .map_err(|reason| Failure::new(format!("--region {region}: {reason}")).exit(Exit::Usage))?;
        }
        Ok(Asking {
            profile: self.profile.as_deref().or(self.name.as_deref()),
            stage: self.stage.as_deref(),
            duration: self.duration.as_deref().map(subject::duration).transpose()?,
            region: self.region.as_deref(),
            no_session: self.no_session,
            mfa_code: None,
        })
    }
}
