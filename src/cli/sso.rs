//! `awsenv sso …`.

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;

use super::help;
use super::whose::OfPortal;
use crate::commands::complete;
use crate::commands::sso::populate::Populate;
use crate::commands::sso::{self, Filter};
use crate::commands::subject::Asking;
use crate::message::{Exit, Failure};
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Sso {
    /// The accounts that a sign-in gives
    #[command(after_help = help::SSO_ACCOUNTS)]
    Accounts {
        #[command(flatten)]
        portal: OfPortal,
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// The roles in each account, and the profiles that they have
    #[command(after_help = help::SSO_ROLES)]
    Roles {
        #[command(flatten)]
        portal: OfPortal,
        #[command(flatten)]
        which: Which,
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// Write a profile for each role that has none to ~/.aws/config
    #[command(after_help = help::SSO_POPULATE)]
    Populate {
        #[command(flatten)]
        portal: OfPortal,
        #[command(flatten)]
        which: Which,
        /// How they are called
        #[arg(long = "name", value_name = "TEMPLATE", default_value = "{account_name}-{role}")]
        template: String,
        /// Their region
        #[arg(long)]
        region: Option<String>,
        /// Take out those whose role the sign-in no longer gives
        #[arg(long)]
        prune: bool,
        /// Have them serve clients too that know no sign-in, by awsenv
        #[arg(long)]
        credential_process: bool,
        /// Only show what would change
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which of the roles.
#[derive(Args, Debug)]
pub(super) struct Which {
    /// Only accounts of this name or id; `*` stands for any text, `?` for a character
    #[arg(long = "account", value_name = "ACCOUNT", add = ArgValueCandidates::new(complete::accounts))]
    accounts: Vec<String>,
    /// Only roles of this name, likewise
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

impl Which {
    fn filter(&self) -> Filter<'_> {
        Filter { accounts: &self.accounts, roles: &self.roles }
    }
}

impl Sso {
    pub(super) fn run(self, world: &World) -> anyhow::Result<()> {
        match &self {
            Self::Accounts { portal, json } => {
                sso::accounts::run(&asking(portal), portal.sso_session.as_deref(), *json, world)
            }
            Self::Roles { portal, which, json } => {
                let session = portal.sso_session.as_deref();
                sso::roles::run(&asking(portal), session, &which.filter(), *json, world)
            }
            Self::Populate { portal, which, template, region, prune, credential_process, dry_run } => {
                if let Some(region) = region {
                    crate::limits::region(region).map_err(|reason| {
                        Failure::new(format!("--region {region}: {reason}")).exit(Exit::Usage)
                    })?;
                }
                let populate = Populate {
                    filter: which.filter(),
                    name: template,
                    region: region.as_deref(),
                    prune: *prune,
                    by_process: *credential_process,
                    dry_run: *dry_run,
                };
                sso::populate::run(&asking(portal), portal.sso_session.as_deref(), &populate, world)
            }
        }
    }
}

fn asking(portal: &OfPortal) -> Asking<'_> {
    Asking { profile: portal.name.as_deref(), ..Asking::default() }
}
