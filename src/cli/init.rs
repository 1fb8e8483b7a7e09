//! `awsenv init`.

use clap::Args;
use clap_complete::ArgValueCandidates;

use crate::commands::complete;
use crate::commands::init;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Init {
    /// The profile of ~/.aws/config to pin
    #[arg(add = ArgValueCandidates::new(complete::profiles))]
    profile: Option<String>,
    /// Refuse credentials of any other account
    #[arg(long)]
    account: Option<String>,
    /// A region that wins over the profile's
    #[arg(long)]
    region: Option<String>,
    /// Take what other tools say of this directory, without a question
    #[arg(long, short, conflicts_with = "profile")]
    yes: bool,
}

impl Init {
    pub(super) fn run(&self, world: &World) -> anyhow::Result<()> {
        let (profile, account) = (self.profile.as_deref(), self.account.as_deref());
        init::run(&init::Init { profile, account, region: self.region.as_deref(), yes: self.yes }, world)
    }
}
