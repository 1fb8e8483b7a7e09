//! `awsenv assume-saml`.

use clap::Args;

use crate::commands::assume_saml::{self, AssumeSaml};
use crate::commands::credentials::Format;
use crate::commands::subject;
use crate::message::{Exit, Failure};
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Saml {
    /// The role, of those that the assertion offers
    #[arg(long, value_name = "ARN")]
    role_arn: String,
    /// The identity provider in IAM that the assertion names with it
    #[arg(long, value_name = "ARN")]
    principal_arn: String,
    /// Ask for a session of this length (15m to 12h)
    #[arg(long)]
    duration: Option<String>,
    /// Where to call STS
    #[arg(long)]
    region: Option<String>,
    /// Who reads
    #[arg(long, value_enum, default_value = "env")]
    format: Format,
}

impl Saml {
    pub(super) fn run(&self, world: &World) -> anyhow::Result<()> {
        if let Some(region) = &self.region {
            crate::limits::region(region)
                .map_err(|reason| Failure::new(format!("--region {region}: {reason}")).exit(Exit::Usage))?;
        }
        let asked = AssumeSaml {
            role_arn: &self.role_arn,
            principal_arn: &self.principal_arn,
            duration: self.duration.as_deref().map(subject::duration).transpose()?,
            region: self.region.as_deref(),
            format: self.format,
        };
        assume_saml::run(&asked, world)
    }
}
