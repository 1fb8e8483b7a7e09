//! `awsenv doctor`: looks at what has to be right before anything else can be, and says how to put it right. One file
//! a check; none changes anything, and none shows a secret.

use clap::ValueEnum;
use serde::Serialize;

use crate::world::World;

mod agent;
mod card;
mod config;
mod directory;
mod disk;
mod hook;
mod keychain;
mod network;
mod peers;
mod permissions;
mod programs;
mod rc_files;
mod settings;
mod shell_report;
mod store;
mod variables;

pub use shell_report::ASKED_BY;
use shell_report::ShellReport;

/// What the command line says.
#[derive(Debug)]
pub struct Doctor {
    /// These alone; all of them where none is named.
    pub checks: Vec<Check>,
    /// For scripts.
    pub json: bool,
    /// Ask nobody outside this machine.
    pub offline: bool,
}

/// What is looked at, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Check {
    /// The hook in the shell that asks
    Hook,
    /// The files that shells read at their start
    RcFiles,
    /// What is set outside and hides something
    Variables,
    /// Other tools that set the same variables
    Peers,
    /// Other copies of the program
    Programs,
    /// The agent, if one runs
    Agent,
    /// The settings file
    Settings,
    /// The .awsenv that counts here
    Directory,
    /// ~/.aws/config and ~/.aws/credentials
    Config,
    /// Who may read and write what
    Permissions,
    /// The disk below awsenv's own files
    Disk,
    /// Where sessions are kept
    Store,
    /// Where long-lived keys rest
    Keychain,
    /// AWS, by the proxy and the certificates that count
    Network,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// It works, and not as one would think.
    Warning,
    /// Something does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    check: Check,
    result: Verdict,
    /// In one line.
    seen: String,
    /// What to do about it, in one line.
    fix: Option<String>,
}

impl Finding {
    fn ok(check: Check, seen: impl Into<String>) -> Self {
        Self { check, result: Verdict::Ok, seen: seen.into(), fix: None }
    }

    fn note(check: Check, seen: impl Into<String>) -> Self {
        Self { result: Verdict::Note, ..Self::ok(check, seen) }
    }

    fn warning(check: Check, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { result: Verdict::Warning, ..Self::ok(check, seen) }.with(fix)
    }

    fn broken(check: Check, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { result: Verdict::Broken, ..Self::ok(check, seen) }.with(fix)
    }

    fn with(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// What an error says, and its hint or else this.
    fn of_error(check: Check, error: &anyhow::Error, fix: &str) -> Self {
        Self::broken(check, format!("{error:#}"), crate::message::hint(error).unwrap_or(fix))
    }
}

/// Looks and tells. The exit status: 1 if something is broken.
pub fn run(doctor: &Doctor, world: &World) -> anyhow::Result<u8> {
    let findings = findings(doctor, world);
    let is_broken = findings.iter().any(|finding| finding.result == Verdict::Broken);
    card::print(&findings, doctor.json, world)?;
    Ok(u8::from(is_broken))
}

fn findings(doctor: &Doctor, world: &World) -> Vec<Finding> {
    let mut checks = match doctor.checks.as_slice() {
        [] => Check::value_variants().to_vec(),
        named => named.to_vec(),
    };
    checks.sort_unstable();
    checks.dedup();
    let report = ShellReport::of(&world.env);
    let is_wanted = |check| checks.contains(&check);
    // The two that may have to wait do so at the same time.
    let keychain = is_wanted(Check::Keychain).then(|| keychain::begin(world));
    let network = match (is_wanted(Check::Network), doctor.offline) {
        (true, false) => network::check(world),
        (true, true) => vec![Finding::note(Check::Network, "not asked: --offline")],
        (false, _) => Vec::new(),
    };
    let found = checks.iter().flat_map(|check| match check {
        Check::Hook => hook::check(report.as_ref(), world),
        Check::RcFiles => rc_files::check(report.as_ref(), world),
        Check::Variables => variables::check(world),
        Check::Peers => peers::check(report.as_ref(), world),
        Check::Programs => programs::check(world),
        Check::Agent => agent::check(world),
        Check::Settings => settings::check(world),
        Check::Directory => directory::check(world),
        Check::Config => config::check(world),
        Check::Permissions => permissions::check(world),
        Check::Disk => disk::check(world),
        Check::Store => store::check(world),
        Check::Keychain | Check::Network => Vec::new(),
    });
    found.chain(keychain.into_iter().flat_map(|waiting| waiting.end())).chain(network).collect()
}
