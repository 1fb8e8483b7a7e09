//! `awsenv use`: a stage or a profile for this shell alone. What is printed is the shell's next state, which the
//! hook's function takes over; nothing is written that another shell could see.

use std::path::{Path, PathBuf};

use super::subject::{Asking, Subject, subject};
use crate::clock;
use crate::files;
use crate::key_index::KeyIndex;
use crate::limits;
use crate::message::{Exit, Failure, nearest, printable, shown};
use crate::places::tilde;
use crate::profile::chain::{self, Asked};
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::prompt::allowlist::{Allowlist, Standing};
use crate::prompt::choice::{Choice, Chosen, What};
use crate::prompt::directory::{Directory, Verdict, not_allowed};
use crate::prompt::env_file::EnvFile;
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
    // Its keys would be taken for the user's own, and stay when the directory is left.
    if Memory::undo_newer(&world.env).is_some() {
        return Err(Failure::new("a newer awsenv has set this shell's credentials")
            .hint("open a new shell")
            .into());
    }
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
    let file = counting_file(world)?;
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    let offers = offers(file.as_deref(), config.profiles(), world)?;
    let frecency = Frecency::load(&world.places);
    let what = match asked.name {
        Some(name) => named(name, offers)?,
        None => picker::pick(described(offers, &config, world)?, &frecency, world)?,
    };
    let what = with_protection(what, world);
    let chosen = describe(&what, world);
    let (What::Stage(_, is_protected) | What::Profile(_, is_protected)) = what;
    if is_protected && !asked.yes {
        let agreed = terminal::agrees(&format!("awsenv: {chosen} is protected; use it?"))
            .map_err(|error| terminal::unanswered("cannot ask", &error, "`--yes` says it beforehand"))?;
        if !agreed {
            return Err(Failure::new("nothing is changed").into());
        }
    }
    frecency.count(&what.text(), clock::now(), &world.places);
    memory.choice = Some(Choice::made(what, file.as_deref()));
    let until = match &file {
        Some(file) => format!("as long as {} counts", tilde(file, &world.places.home)),
        None => "as long as no .awsenv counts".to_owned(),
    };
    world::say(&printable(&format!("awsenv: {chosen} in this shell, {until}")));
    world::out(memory.write().as_bytes())
}

/// The nearest file that counts here. One that cannot be followed is an error: first it has to be looked at. So is
/// one that nobody has allowed yet, where none counts: a profile may bear the name of a stage that asks first.
fn counting_file(world: &World) -> anyhow::Result<Option<PathBuf>> {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, Chosen::Nothing);
    match (directory.verdict, directory.complaint) {
        (Verdict::Refused(_, error, _), _) => Err(error),
        (Verdict::Pinned(pinned), _) => Ok(pinned.files.into_iter().next()),
        (Verdict::Nothing, Some(complaint)) => Err(not_allowed(&complaint.path, &world.places).into()),
        (Verdict::Nothing, None) => Ok(None),
    }
}

/// What can be chosen here.
pub(super) fn offered(world: &World) -> anyhow::Result<Vec<What>> {
    let profiles = ConfigFiles::locate(&world.original, &world.places.home).names("profile");
    offers(counting_file(world)?.as_deref(), profiles, world)
}

/// The stages of the file, and every profile.
fn offers(file: Option<&Path>, profiles: Vec<impl Into<String>>, world: &World) -> anyhow::Result<Vec<What>> {
    let file = file.map(|file| parsed(file, world)).transpose()?.flatten();
    let is_protected = |name: &str| file.as_ref().is_some_and(|file| file.protects(name));
    let profiles = profiles.into_iter().map(Into::into).filter(|name| limits::profile_name(name).is_ok());
    let profiles = profiles.map(|name| What::Profile(name.clone(), is_protected(&name)));
    let stages = file.iter().flat_map(|file| file.stages.keys());
    Ok(stages.map(|stage| What::Stage(stage.clone(), false)).chain(profiles).collect())
}

fn parsed(file: &Path, world: &World) -> anyhow::Result<Option<EnvFile>> {
    let look = Allowlist::new(&world.places, &world.settings).read(file);
    let Some(Standing::Allowed(file)) = look.map(|look| look.standing) else { return Ok(None) };
    EnvFile::parse(&file.text, &file.path, &world.places.home).map(Some)
}

/// What each comes to. One that cannot be followed is offered without a word on it: the hook says why.
fn described(offers: Vec<What>, config: &SharedConfig, world: &World) -> anyhow::Result<Vec<Offer>> {
    let keys = KeyIndex::load(&world.places)?;
    let asked = Asked { duration: None, session: Some(world.settings.session_duration) };
    let about = |what: &What| {
        let chain = match what {
            What::Stage(name, _) => subject_of_stage(name, world).ok()?.resolved.chain,
            What::Profile(name, _) => chain::resolve(config, &keys, name, &world.original, &asked).ok()?,
        };
        let role = chain::steps(&chain).last().map(chain::Step::summary);
        Some(chain::known_account(&chain).into_iter().chain(role).collect::<Vec<_>>().join(" "))
    };
    Ok(offers.into_iter().map(|what| Offer { about: about(&what).unwrap_or_default(), what }).collect())
}

fn subject_of_stage(name: &str, world: &World) -> anyhow::Result<Subject> {
    subject(&Asking { stage: Some(name), ..Asking::default() }, world)
}

fn named(name: &str, mut offers: Vec<What>) -> anyhow::Result<What> {
    // Stages come first: a profile of the same name is behind them.
    if let Some(at) = offers.iter().position(|what| what.name() == name) {
        return Ok(offers.swap_remove(at));
    }
    let failure = Failure::new(format!("no stage here and no profile is called {}", shown(name)));
    Err(match nearest(name, offers.iter().map(What::name)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("`awsenv use` shows what there is"),
    }
    .into())
}

fn describe(what: &What, world: &World) -> String {
    match what {
        What::Stage(name, _) => match subject_of_stage(name, world) {
            Ok(subject) => format!("{} ({})", what.text(), subject.resolved.name),
            Err(_) => what.text(),
        },
        What::Profile(..) => what.text(),
    }
}

/// A stage with what the whole of the files says of it.
fn with_protection(what: What, world: &World) -> What {
    let What::Stage(name, _) = what else { return what };
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, Chosen::Stage(&name));
    let is_protected = !matches!(directory.verdict, Verdict::Pinned(pinned) if !pinned.pin.protected);
    What::Stage(name, is_protected)
}
