//! `awsenv console`: the web console, signed in as whom the directory pins, or a profile.

use std::io::IsTerminal as _;
use std::time::Duration;

use serde::Serialize;

use super::browser;
use super::history::{self, Given};
use super::subject::{Asking, Subject};
use crate::clock;
use crate::limits;
use crate::message::{Exit, Failure, printable};
use crate::process;
use crate::profile::chain::Source;
use crate::provider::federation::{Endpoint, login_url, signin_token};
use crate::secret::Secret;
use crate::session::history::Event;
use crate::settings::console::{MOST_POLICIES, browser_profile};
use crate::world::{self, World};

mod clipboard;
mod handover;
mod keys;
mod partition;
mod services;
mod window;

use clipboard::Clipboard;
use handover::Handover;
use partition::Partition;
use services::service;
pub use services::{SERVICES, Service};
use window::Whose;
pub use window::Window;

/// What is asked for.
#[derive(Debug)]
pub struct Console<'a> {
    /// Whose.
    pub asking: Asking<'a>,
    /// The region that is shown; it changes nothing about the keys.
    pub region: Option<&'a str>,
    /// A service by one of its names.
    pub service: Option<&'a str>,
    /// An address of the console instead.
    pub destination: Option<&'a str>,
    /// How long the console's session lasts.
    pub duration: Option<Duration>,
    /// What bounds the session of a user's long-lived keys.
    pub policy_arns: &'a [String],
    /// What becomes of the address.
    pub way: Way<'a>,
}

/// What becomes of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// A browser opens it.
    Open(Window<'a>),
    /// It is printed.
    Print,
    /// The terminal's clipboard takes it.
    Copy,
    /// It is printed with what is known of it.
    Json,
}

/// AWS takes a token for so long.
const TOKEN: Duration = Duration::from_secs(15 * 60);

/// Where the browser shall end, and where it signs in on the way.
struct Target {
    region: String,
    destination: String,
    endpoint: Endpoint,
}

/// Where the browser goes on.
struct Page {
    url: Secret,
    destination: String,
    region: String,
    account: Option<String>,
    duration: Option<Duration>,
}

/// Signs in.
pub fn run(console: &Console<'_>, world: &World) -> anyhow::Result<()> {
    check(console)?;
    let subject = keys::of_console(console, world)?;
    keys::check(console, &subject)?;
    let target = target(console, &subject, world)?;
    let page = || page(console, &subject, target, world);
    match console.way {
        Way::Open(window) => match browser::browser(world)? {
            Ok(opener) => open(window, opener, &page()?, &subject, world),
            // Who reads it first is signed in: it goes into no log of a build that did not ask for it.
            Err(because) if !std::io::stdout().is_terminal() => {
                Err(Failure::new(because).hint("`awsenv console --print` prints the address").into())
            }
            Err(because) => {
                let page = page()?;
                world::say(&format!(
                    "awsenv: {because}: open this on any device within 15 minutes; whoever has it is signed in, once"
                ));
                print(&page)
            }
        },
        Way::Print => print(&page()?),
        Way::Copy => {
            let clipboard = Clipboard::of_the_terminal()?;
            clipboard.take(&page()?.url, &world.original)?;
            world::say(
                "awsenv: the terminal has the address for its clipboard, if it takes such; it is good for 15 minutes, once",
            );
            Ok(())
        }
        Way::Json => print_json(&page()?, &subject),
    }
}

/// What can be said before anybody is asked for anything.
fn check(console: &Console<'_>) -> anyhow::Result<()> {
    let usage = |flag: &str, text: &str, why: String| {
        Failure::new(format!("{flag} {}: {why}", crate::message::shown(text))).exit(Exit::Usage)
    };
    if let Some(region) = console.region {
        limits::region(region).map_err(|why| usage("--region", region, why))?;
    }
    if let Some(duration) = console.duration {
        limits::duration(duration, limits::ROLE_DURATION)
            .map_err(|why| usage("--duration", &clock::human(duration), why))?;
    }
    for arn in console.policy_arns {
        limits::arn(arn, "iam", "policy/").map_err(|why| usage("--policy-arn", arn, why))?;
    }
    if console.policy_arns.len() > MOST_POLICIES {
        return Err(Failure::new(format!("--policy-arn: at most {MOST_POLICIES}")).exit(Exit::Usage).into());
    }
    if let Way::Open(Window::BrowserProfile(name)) = console.way {
        browser_profile(name).map_err(|why| usage("--browser-profile", name, why))?;
    }
    Ok(console.service.map(service).transpose().map(drop)?)
}

/// Files alone say it: an address that is none is told whatever shall become of it.
fn target(console: &Console<'_>, subject: &Subject, world: &World) -> anyhow::Result<Target> {
    let resolved = &subject.resolved;
    let region = console.region.or(resolved.region.as_deref());
    let partition = match (keys::arn(&resolved.chain).and_then(Partition::of_arn), &resolved.chain.source) {
        (Some(partition), _) => partition,
        (None, Source::Sso(sso)) => Partition::of_region(&sso.portal.region),
        (None, _) => region.map_or(Partition::of_region(""), Partition::of_region),
    };
    let region = partition.region(region)?.to_owned();
    let destination = match console.destination {
        Some(address) => {
            partition.check(address)?;
            address.to_owned()
        }
        None => partition.page(service(console.service.unwrap_or("home"))?, &region),
    };
    let endpoint = partition.endpoint(&region, &world.original)?;
    Ok(Target { region, destination, endpoint })
}

fn page(console: &Console<'_>, subject: &Subject, target: Target, world: &World) -> anyhow::Result<Page> {
    let Target { region, destination, endpoint } = target;
    let keys = keys::keys(console, subject, world)?;
    let token = signin_token(&keys.credentials, keys.duration, &endpoint, &subject.aws(world))?;
    let given = Given {
        event: Event::Console,
        by: console.service.unwrap_or("home"),
        pid: process::parent(),
        account: keys.account.as_deref(),
        expiry: keys.credentials.expiry,
    };
    history::note(&given, subject, &console.asking, world);
    let url = login_url(&endpoint, &destination, &token);
    Ok(Page { url, destination, region, account: keys.account, duration: keys.duration })
}

fn open(
    window: Window<'_>,
    usual: Vec<String>,
    page: &Page,
    subject: &Subject,
    world: &World,
) -> anyhow::Result<()> {
    let profile = subject.resolved.name.as_str();
    let is_protected = subject.pin.as_ref().is_some_and(|pin| pin.protected);
    let whose = Whose { profile, account: page.account.as_deref(), is_protected };
    let handover = Handover::bind()?;
    let address = handover.address();
    let (command, given) = window::command(window, usual, &address, &whose, world)?;
    let whom = match &page.account {
        Some(account) if account != profile => format!("{profile} ({account})"),
        _ => profile.to_owned(),
    };
    let browser = browser::open(&command, &given, &world.original).map_err(unopened)?;
    world::say(&printable(&format!(
        "awsenv: the console of {whom} opens in the browser; if none opens, go to"
    )));
    world::say(&format!("  {address}"));
    handover.send_to(&page.url, browser)
}

/// With what to do, unless the error says it.
fn unopened(error: anyhow::Error) -> anyhow::Error {
    match crate::message::hint(&error) {
        Some(_) => error,
        None => handover::no_browser(format!("{error:#}")).into(),
    }
}

fn print(page: &Page) -> anyhow::Result<()> {
    world::out(format!("{}\n", page.url.expose()).as_bytes())
}

/// As docs/json.md has it.
#[derive(Serialize)]
struct Printed<'a> {
    profile: &'a str,
    account: Option<&'a str>,
    region: &'a str,
    destination: &'a str,
    session_duration: Option<u64>,
    url: &'a str,
    url_expiration: String,
}

fn print_json(page: &Page, subject: &Subject) -> anyhow::Result<()> {
    let printed = Printed {
        profile: &subject.resolved.name,
        account: page.account.as_deref(),
        region: &page.region,
        destination: &page.destination,
        session_duration: page.duration.map(|duration| duration.as_secs()),
        url: page.url.expose(),
        url_expiration: clock::rfc3339(clock::now().checked_add(TOKEN)?),
    };
    world::out(format!("{}\n", serde_json::to_string_pretty(&printed)?).as_bytes())
}
