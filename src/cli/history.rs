//! `awsenv history`: its arguments.

use clap::{Args, Subcommand};

use super::help;
use crate::commands::history::{self, Wanted};
use crate::commands::subject;
use crate::world::World;

/// What was exported where, as whom, until when
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = help::HISTORY
)]
pub(super) struct History {
    #[command(subcommand)]
    command: Option<Command>,
    /// The last so many lines
    #[arg(long, value_name = "N", conflicts_with = "since")]
    last: Option<usize>,
    /// Not older than this, as 2h
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Of one profile, or whatever the line calls it
    #[arg(long, value_name = "P")]
    profile: Option<String>,
    /// Of this directory and those below it
    #[arg(long)]
    here: bool,
    /// For scripts; the schema is in docs/json.md
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Forget it all
    #[command(after_help = help::HISTORY_CLEAR)]
    Clear,
}

impl History {
    pub(super) fn run(&self, world: &World) -> anyhow::Result<()> {
        match self.command {
            Some(Command::Clear) => history::clear(world),
            None => {
                let wanted = Wanted {
                    last: self.last,
                    since: self.since.as_deref().map(subject::duration).transpose()?,
                    profile: self.profile.as_deref(),
                    here: self.here,
                };
                history::list(&wanted, self.json, world)
            }
        }
    }
}
