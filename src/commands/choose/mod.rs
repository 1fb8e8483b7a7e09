//! `awsenv use`: a stage or a profile for this shell alone. What is printed is the shell's next state, which the
//! hook's function takes over; nothing is written that another shell could see.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::subject::{Asking, subject};
use crate::clock;
use crate::files;
use crate::limits;
use crate::message::{Exit, Failure, nearest, printable, shown};
use crate::places::tilde;
use crate::profile::chain;
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::{Allowlist, Standing};
use crate::prompt::choice::{Choice, Chosen, What};
use crate::prompt::directory::{Directory, Verdict};
use crate::prompt::env_file::{EnvFile, Pin, PinSource};
use crate::prompt::memory::Memory;
use crate::terminal;
use crate::world::{self, World};

mod frecency;
mod picker;

use frecency::Frecency;

/// What is asked for.
#[derive(Debug)]
pub struct Use<'a> {
    /// A stage, a profile, or `-` for none; a person picks one if it is not named.
    pub name: Option<&'a str>,
    /// Nobody has to be asked about a protected stage.
    pub yes: bool,
    /// The hook's function asks, and reads the answer.
    pub by_hook: bool,
}

/// One that can be chosen.
#[derive(Debug)]
struct Offer {
    what: What,
    /// The profile that it comes to.
    name: String,
    /// The account and the role, as far as the files say them.
    about: String,
}

/// Chooses, and prints the state that holds the choice.
pub fn run(asked: &Use<'_>, world: &World) -> anyhow::Result<()> {
    if !asked.by_hook {
        return Err(Failure::new("use changes the shell that it is typed in, and there is no hook between")
            .hint("put the hook into that shell (`awsenv hook --help`); for one command: `awsenv exec --stage NAME`")
            .exit(Exit::Usage)
            .into());
    }
    if world.env.text("AWSENV_DISABLE").is_some() {
        return Err(Failure::new("AWSENV_DISABLE is set in this shell: nothing is loaded here").into());
    }
    let file = counting_file(world)?;
    let mut memory =
        Memory::read(&world.env, files::uid()).unwrap_or_else(|| Memory::of_shell(0, files::uid()));
    if asked.name == Some("-") {
        let Some(choice) = memory.choice.take() else {
            return Err(Failure::new("nothing was chosen in this shell").into());
        };
        world::say(&printable(&format!("awsenv: {} no more", choice.what.text())));
        return world::out(memory.write().as_bytes());
    }
    if memory.stands_back {
        return Err(Failure::new("credentials were set by hand in this shell, and awsenv stands back")
            .hint("leave the directory first, or open another shell")
            .into());
    }
    let offers = offers(file.as_deref(), world)?;
    let frecency = Frecency::load(&world.places);
    let offer = match asked.name {
        Some(name) => named(name, &offers)?,
        None => picker::pick(&offers, &frecency)?,
    };
    let chosen = describe(offer);
    if is_protected(offer, world) && !asked.yes {
        let agreed = terminal::agrees(&format!("awsenv: {chosen} is protected; use it?"))
            .map_err(|error| terminal::unanswered("cannot ask", &error, "`--yes` says it beforehand"))?;
        if !agreed {
            return Err(Failure::new("nothing is changed").into());
        }
    }
    memory.choice = Some(Choice::made(offer.what.clone(), file.as_deref()));
    frecency.count(&offer.what.text(), clock::now(), &world.places);
    let until = match &file {
        Some(file) => format!("as long as {} counts", tilde(file, &world.places.home)),
        None => "as long as no .awsenv counts".to_owned(),
    };
    world::say(&printable(&format!("awsenv: {chosen} in this shell, {until}")));
    world::out(memory.write().as_bytes())
}

/// The nearest file that counts here. One that cannot be followed is an error: first it has to be looked at.
fn counting_file(world: &World) -> anyhow::Result<Option<PathBuf>> {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, Chosen::Nothing);
    match directory.verdict {
        Verdict::Refused(_, error, _) => Err(error),
        Verdict::Pinned(pinned) => Ok(pinned.files.into_iter().next()),
        Verdict::Nothing => Ok(None),
    }
}

/// The stages of the file, and every profile.
fn offers(file: Option<&Path>, world: &World) -> anyhow::Result<Vec<Offer>> {
    let stages = file.map(|file| stages(file, world)).transpose()?.unwrap_or_default();
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    // By another name it is the same thing, and as dangerous.
    let is_protected = |name: &str| {
        let source = Some(PinSource::Profile(name.to_owned()));
        stages.values().any(|stage| stage.protected && stage.source == source)
    };
    let profiles = config.profiles().into_iter().filter(|name| limits::profile_name(name).is_ok());
    let profiles = profiles.map(|name| What::Profile(name.to_owned(), is_protected(name)));
    let all = stages.keys().map(|stage| What::Stage(stage.clone())).chain(profiles);
    Ok(all.map(|what| offer(what, world)).collect())
}

fn stages(file: &Path, world: &World) -> anyhow::Result<BTreeMap<String, Pin>> {
    let look = Allowlist::new(&world.places, &world.settings).read(file);
    let Some(Standing::Allowed(file)) = look.map(|look| look.standing) else { return Ok(BTreeMap::new()) };
    Ok(EnvFile::parse(&file.text, &file.path, &world.places.home)?.stages)
}

/// What an offer comes to. One that cannot be followed is offered without a word on it: the hook says why.
fn offer(what: What, world: &World) -> Offer {
    let asking = match &what {
        What::Stage(name) => Asking { stage: Some(name), ..Asking::default() },
        What::Profile(name, _) => Asking { profile: Some(name), ..Asking::default() },
    };
    let Ok(subject) = subject(&asking, world) else {
        return Offer { name: String::new(), about: String::new(), what };
    };
    let chain = &subject.resolved.chain;
    let role = chain::steps(chain).last().map(chain::Step::summary);
    let about: Vec<_> = chain::known_account(chain).into_iter().chain(role).collect();
    Offer { name: subject.resolved.name, about: about.join(" "), what }
}

fn named<'a>(name: &str, offers: &'a [Offer]) -> anyhow::Result<&'a Offer> {
    // Stages come first: a profile of the same name is behind them.
    if let Some(offer) = offers.iter().find(|offer| offer.label() == name) {
        return Ok(offer);
    }
    let failure = Failure::new(format!("no stage here and no profile is called {}", shown(name)));
    Err(match nearest(name, offers.iter().map(Offer::label)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("`awsenv use` shows what there is"),
    }
    .into())
}

impl Offer {
    /// What one types for it.
    fn label(&self) -> &str {
        let (What::Stage(name) | What::Profile(name, _)) = &self.what;
        name
    }
}

fn describe(offer: &Offer) -> String {
    match &offer.what {
        What::Stage(_) => format!("{} ({})", offer.what.text(), offer.name),
        What::Profile(..) => offer.what.text(),
    }
}

fn is_protected(offer: &Offer, world: &World) -> bool {
    match &offer.what {
        What::Profile(_, protected) => *protected,
        What::Stage(name) => {
            let allowlist = Allowlist::new(&world.places, &world.settings);
            let directory = Directory::find(&world.pwd(), &allowlist, &world.places, Chosen::Stage(name));
            !matches!(directory.verdict, Verdict::Pinned(pinned) if !pinned.pin.protected)
        }
    }
}
