//! `awsenv doctor`.

use clap::Args;

use crate::commands::doctor::{self, Check};
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// Only these
    #[arg(value_enum, value_name = "CHECK", hide_possible_values = true)]
    checks: Vec<Check>,
    /// For scripts; the schema is in docs/json.md
    #[arg(long)]
    json: bool,
    /// Ask nobody outside this machine
    #[arg(long)]
    offline: bool,
}

impl Doctor {
    pub(super) fn run(self, world: &World) -> anyhow::Result<u8> {
        let Self { checks, json, offline } = self;
        doctor::run(&doctor::Doctor { checks, json, offline }, world)
    }
}
