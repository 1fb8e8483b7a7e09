//! `awsenv key …`.

use clap::Subcommand;
use clap_complete::ArgValueCandidates;

use super::help;
use crate::commands::complete;
use crate::commands::key;
use crate::commands::key::import::{Backend, Import, Origin};
use crate::commands::subject;
use crate::world::World;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Put keys into the keychain, once AWS has said whose they are
    #[command(after_help = help::KEY_ADD)]
    Add {
        /// What to call them: a profile's name, or any that a .awsenv names in [keys]
        #[arg(add = ArgValueCandidates::new(complete::profiles))]
        name: String,
        /// Read JSON from stdin, and ask nothing
        #[arg(long)]
        stdin: bool,
        /// Do not ask AWS whose they are
        #[arg(long)]
        no_verify: bool,
        /// In the place of keys that have the name
        #[arg(long)]
        replace: bool,
        /// The MFA device that goes with them
        #[arg(long, value_name = "ARN")]
        mfa_serial: Option<String>,
    },
    /// Take keys over from ~/.aws/credentials, or from aws-vault
    #[command(after_help = help::KEY_IMPORT)]
    Import {
        /// Whose: profiles, or names in aws-vault; without one all are shown, and you are asked
        #[arg(value_name = "NAME", add = ArgValueCandidates::new(complete::plain_keys))]
        names: Vec<String>,
        /// Where they are now: `credentials` (~/.aws/credentials) or `aws-vault`
        #[arg(long, value_enum, default_value = "credentials", hide_possible_values = true)]
        from: Origin,
        /// Which of aws-vault's: `secret-service`, `file` or `pass`; else AWS_VAULT_BACKEND, else the only one in use
        #[arg(long, value_enum, hide_possible_values = true)]
        backend: Option<Backend>,
        /// All there are, and ask nothing
        #[arg(long, conflicts_with = "names")]
        all: bool,
        /// Leave them in ~/.aws/credentials too
        #[arg(long)]
        keep: bool,
        /// Leave a copy of ~/.aws/credentials as it was, keys and all: credentials.bak
        #[arg(long, conflicts_with = "keep")]
        backup: bool,
        /// In the place of other keys that have the name
        #[arg(long)]
        force: bool,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// What is in the keychain: how old, when used, by which profiles
    #[command(after_help = help::KEY_LIST)]
    List {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// Take keys out of the keychain
    #[command(after_help = help::KEY_REMOVE)]
    Remove {
        /// Their name
        #[arg(add = ArgValueCandidates::new(complete::keys))]
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Only off the list: the keychain that has them is gone
        #[arg(long)]
        forget: bool,
    },
    /// Put new keys in the place of old ones, at AWS and in the keychain
    #[command(after_help = help::KEY_ROTATE)]
    Rotate {
        /// Their name
        #[arg(add = ArgValueCandidates::new(complete::keys))]
        name: String,
        /// Only if AWS created the key longer ago than this
        #[arg(long, value_name = "DURATION")]
        if_older_than: Option<String>,
        /// Leave the old key at AWS, inactive
        #[arg(long)]
        keep_old: bool,
    },
}

impl Key {
    pub(super) fn run(self, world: &World) -> anyhow::Result<()> {
        match self {
            Self::Add { name, stdin, no_verify, replace, mfa_serial } => {
                let mfa_serial = mfa_serial.as_deref();
                key::add::run(&key::add::Add { name: &name, stdin, no_verify, replace, mfa_serial }, world)
            }
            Self::Import { names, from, backend, all, keep, backup, force, dry_run } => {
                let import = Import { names: &names, from, backend, all, keep, backup, force, dry_run };
                key::import::run(&import, world)
            }
            Self::List { json } => key::list::run(json, world),
            Self::Remove { name, yes, forget } => {
                key::remove::run(&key::remove::Remove { name: &name, yes, forget }, world)
            }
            Self::Rotate { name, if_older_than, keep_old } => {
                let if_older_than = if_older_than.as_deref().map(subject::duration).transpose()?;
                key::rotate::run(&key::rotate::Rotate { name: &name, if_older_than, keep_old }, world)
            }
        }
    }
}
