//! `awsenv console`.

use clap::Args;
use clap_complete::ArgValueCandidates;

use super::help;
use crate::commands::complete;
use crate::commands::console::{self, Way, Window};
use crate::commands::subject::{self, Asking};
use crate::world::World;

#[derive(Args, Debug)]
#[command(after_help = help::CONSOLE)]
pub(super) struct Console {
    /// A profile of ~/.aws/config; without one the directory's pin, else AWS_PROFILE, else default
    #[arg(value_name = "PROFILE", add = ArgValueCandidates::new(complete::profiles))]
    name: Option<String>,
    /// The same, as an option
    #[arg(long, value_name = "P", conflicts_with = "name", add = ArgValueCandidates::new(complete::profiles))]
    profile: Option<String>,
    /// A stage of the directory's .awsenv
    #[arg(long, add = ArgValueCandidates::new(complete::stages))]
    stage: Option<String>,
    /// The page of a service: s3, ec2, cw, logs, ddb, cfn, iam, … (Tab lists them)
    #[arg(long, value_name = "S", add = ArgValueCandidates::new(complete::services))]
    service: Option<String>,
    /// A page of the console, by its https address
    #[arg(long, value_name = "URL", conflicts_with = "service")]
    destination: Option<String>,
    /// The region that the console shows
    #[arg(long)]
    region: Option<String>,
    /// How long the console's session lasts (15m to 12h); AWS has none for a chained role, which ends with its keys
    #[arg(long)]
    duration: Option<String>,
    /// A managed policy that bounds a user's long-lived keys in the console; can be repeated
    #[arg(long = "policy-arn", value_name = "ARN")]
    policy_arns: Vec<String>,
    /// No session of GetSessionToken below a role
    #[arg(long)]
    no_session: bool,
    /// An MFA code, where one is asked for
    #[arg(long, value_name = "CODE")]
    mfa_code: Option<String>,
    /// Print the address, and open nothing
    #[arg(long, group = "way")]
    print: bool,
    /// Give the address to the terminal's clipboard (OSC 52; over SSH, too)
    #[arg(long, group = "way")]
    copy: bool,
    /// For scripts; the schema is in docs/json.md
    #[arg(long, group = "way")]
    json: bool,
    /// In a Firefox container of the account's own
    #[arg(long, group = "way")]
    container: bool,
    /// In this profile of Chrome, Chromium, Edge or Brave; `auto`: one of the account's own, which awsenv keeps
    #[arg(long, value_name = "P", group = "way")]
    browser_profile: Option<String>,
}

impl Console {
    pub(super) fn run(&self, world: &World) -> anyhow::Result<()> {
        let way = match &self.browser_profile {
            Some(name) => Way::Open(Window::BrowserProfile(name)),
            None if self.container => Way::Open(Window::Container),
            None if self.print => Way::Print,
            None if self.copy => Way::Copy,
            None if self.json => Way::Json,
            None => Way::Open(Window::Usual),
        };
        let asking = Asking {
            profile: self.profile.as_deref().or(self.name.as_deref()),
            stage: self.stage.as_deref(),
            no_session: self.no_session,
            mfa_code: self.mfa_code.as_deref(),
            ..Asking::default()
        };
        let console = console::Console {
            asking,
            region: self.region.as_deref(),
            service: self.service.as_deref(),
            destination: self.destination.as_deref(),
            duration: self.duration.as_deref().map(subject::duration).transpose()?,
            policy_arns: &self.policy_arns,
            way,
        };
        console::run(&console, world)
    }
}
