//! `awsenv key import`: keys that lie in `~/.aws/credentials` are moved into the keychain, those of aws-vault copied.
//! Nothing is taken out of a file before it has been read back from the keychain.

use clap::ValueEnum;

use crate::clock;
use crate::commands::allow::tell_shells;
use crate::commands::subject::person_keychain;
use crate::key_index::{KeyEntry, KeyIndex, Rests};
use crate::keychain::aws_vault::AwsVault;
use crate::keychain::{self, Keys};
use crate::limits;
use crate::message::{Exit, Failure, nearest, printable};
use crate::profile::config::{ConfigFiles, SharedConfig};
use crate::session::failure::FailureRecord;
use crate::terminal;
use crate::world::{self, World};

mod credentials_file;

pub use crate::keychain::aws_vault::Backend;

use credentials_file::CredentialsFile;

/// What the command line says.
#[derive(Debug)]
pub struct Import<'a> {
    /// Whose keys; without one, all are shown and a person is asked.
    pub names: &'a [String],
    /// Where they are.
    pub from: Origin,
    /// Which of aws-vault's stores.
    pub backend: Option<Backend>,
    /// All of them, unasked.
    pub all: bool,
    /// The file stays as it is.
    pub keep: bool,
    /// A copy of the file stays.
    pub backup: bool,
    /// In the place of other keys.
    pub force: bool,
    /// Nothing is done.
    pub dry_run: bool,
}

/// Where keys are before they are imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Origin {
    /// ~/.aws/credentials
    Credentials,
    /// The keychain, files or password store of aws-vault
    AwsVault,
}

/// Keys that somebody has, or why they cannot be ours.
struct Offer {
    name: String,
    /// Where they are, for people.
    place: String,
    keys: Result<Keys, String>,
}

/// What becomes of an offer.
enum Fate {
    Taken(Keys),
    /// They rest in the keychain already, by their id.
    Known(Keys, KeyEntry),
    /// The reason.
    Stays(String),
    /// The keychain has others under this name, or is about to: why, and what to do.
    Refused(String, String),
}

/// Imports them.
pub fn run(import: &Import<'_>, world: &World) -> anyhow::Result<()> {
    if import.backend.is_some() && import.from != Origin::AwsVault {
        return Err(Failure::new("--backend goes with --from aws-vault").exit(Exit::Usage).into());
    }
    let file = CredentialsFile::read(world)?;
    let (offers, source) = match import.from {
        Origin::Credentials => (file.offers(), file.shown()),
        Origin::AwsVault => from_aws_vault(import, world)?,
    };
    let index = KeyIndex::load(&world.places)?;
    let chosen = chosen(offers, import.names, &source, &file.config)?;
    let fates: Vec<_> = chosen.into_iter().map(|offer| fate(offer, &index, import)).collect();
    if let Some(failure) = fates.iter().find_map(|(offer, fate)| unwanted(offer, fate, import)) {
        return Err(failure.into());
    }
    if fates.is_empty() {
        world::say(&printable(&format!("awsenv: there are no keys in {source}")));
        return Ok(());
    }
    let destination = person_keychain(world).destination()?;
    let place = keychain::shown(destination.rests, &world.places);
    let is_moved = import.from == Origin::Credentials && !import.keep;
    let lines: Vec<_> = fates.iter().map(|(offer, fate)| line(offer, fate, &place, is_moved)).collect();
    if import.dry_run {
        return world::out(lines.concat().as_bytes());
    }
    let taken = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Taken(_) | Fate::Known(..)));
    let taken: Vec<_> = taken.map(|(offer, _)| offer.name.as_str()).collect();
    if !taken.is_empty() && import.names.is_empty() && !import.all {
        world::say(lines.concat().trim_end());
        ask(taken.len(), is_moved)?;
    }
    if !taken.is_empty() && is_moved && import.backup {
        file.back_up()?;
    }
    let why = destination.instead.map(|why| format!(" ({why})")).unwrap_or_default();
    for (offer, fate) in &fates {
        let Offer { name, place: at, .. } = offer;
        let told = match fate {
            Fate::Taken(keys) => {
                take(name, keys, destination.rests, index.find(name), &file.config, world)?;
                format!("{} is kept as {name} in {place}{why}", keys.access_key_id)
            }
            Fate::Known(keys, entry) => make_sure(name, keys, entry, import.force, &file.config, world)?,
            Fate::Stays(reason) | Fate::Refused(reason, _) => format!("{name} stays at {at}: {reason}"),
        };
        world::say(&printable(&format!("awsenv: {told}")));
    }
    if !taken.is_empty() {
        FailureRecord::forget_waiting(&world.places);
        tell_shells(world);
        clear_up(&taken, &file, &source, import, world)?;
    }
    let refused = fates.iter().find_map(|(offer, fate)| refusal(&offer.name, fate));
    refused.map_or(Ok(()), |failure| Err(failure.into()))
}

/// They rest in the keychain: what becomes of them where they were, and what is to be said of other places.
fn clear_up(
    taken: &[&str],
    file: &CredentialsFile,
    source: &str,
    import: &Import<'_>,
    world: &World,
) -> anyhow::Result<()> {
    let told = match import.from {
        Origin::AwsVault => {
            Some(format!("{source} has them too; `aws-vault remove NAME` takes them out there"))
        }
        Origin::Credentials if import.keep => None,
        Origin::Credentials => {
            file.remove(taken)?;
            let copy = format!("; {} still has them", file.shown_backup());
            let copy = if import.backup { &copy } else { "" };
            Some(format!("took the keys of {} out of {source}{copy}", taken.join(", ")))
        }
    };
    told.iter().for_each(|told| world::say(&printable(&format!("awsenv: {told}"))));
    let config = ConfigFiles::locate(&world.original, &world.places.home).read()?;
    taken.iter().for_each(|name| super::point_out_the_old_place(name, &config));
    Ok(())
}

fn from_aws_vault(import: &Import<'_>, world: &World) -> anyhow::Result<(Vec<Offer>, String)> {
    let vault = AwsVault::locate(import.backend, &world.original, &world.places.home)?;
    let place = vault.shown();
    let found = vault.keys(import.names)?;
    let offers = found.into_iter().map(|found| {
        let is_legal = limits::profile_name(&found.name);
        Offer {
            place: place.clone(),
            keys: found.keys.and_then(|keys| is_legal.map(|()| keys)),
            name: found.name,
        }
    });
    Ok((offers.collect(), place))
}

/// Those of the names that were given, else all.
fn chosen(
    offers: Vec<Offer>,
    names: &[String],
    source: &str,
    config: &SharedConfig,
) -> anyhow::Result<Vec<Offer>> {
    if let Some(missing) = names.iter().find(|name| offers.iter().all(|offer| offer.name != **name)) {
        let failure = Failure::new(format!("there are no keys of {missing} in {source}"));
        let elsewhere = config.profile(missing).ok().and_then(|profile| {
            profile.place("aws_secret_access_key").map(|place| {
                format!("they are at {place}: `awsenv key add {missing}`, then remove them there")
            })
        });
        let near = || nearest(missing, offers.iter().map(|offer| offer.name.as_str()));
        return Err(match elsewhere.or_else(|| near().map(|near| format!("did you mean {near}?"))) {
            Some(hint) => failure.hint(hint),
            None => failure.hint("`awsenv key import --dry-run` shows what is there"),
        }
        .into());
    }
    Ok(offers.into_iter().filter(|offer| names.is_empty() || names.contains(&offer.name)).collect())
}

fn fate(mut offer: Offer, index: &KeyIndex, import: &Import<'_>) -> (Offer, Fate) {
    let keys = std::mem::replace(&mut offer.keys, Err(String::new()));
    let fate = match (keys, index.find(&offer.name)) {
        (Err(reason), _) => Fate::Stays(reason),
        (Ok(_), Some(KeyEntry { access_key_id: new, replaces: Some(old), .. })) => Fate::Refused(
            format!("{new} is taking the place of {old}, which is not finished"),
            format!("`awsenv key rotate {}` finishes it", offer.name),
        ),
        (Ok(keys), Some(old)) if old.access_key_id == keys.access_key_id => Fate::Known(keys, old.clone()),
        (Ok(_), Some(old)) if !import.force => {
            let why = format!("the keychain has other keys of this name: {}", old.access_key_id);
            Fate::Refused(why, "--force puts these in their place".to_owned())
        }
        (Ok(keys), _) => Fate::Taken(keys),
    };
    (offer, fate)
}

/// Whoever names keys wants those, or to know why not before anything is done.
fn unwanted(offer: &Offer, fate: &Fate, import: &Import<'_>) -> Option<Failure> {
    match fate {
        _ if import.names.is_empty() => None,
        Fate::Taken(_) | Fate::Known(..) => None,
        Fate::Stays(reason) => Some(Failure::new(format!("{} at {}: {reason}", offer.name, offer.place))),
        Fate::Refused(..) => refusal(&offer.name, fate),
    }
}

fn refusal(name: &str, fate: &Fate) -> Option<Failure> {
    let Fate::Refused(reason, hint) = fate else { return None };
    Some(Failure::new(format!("{name} was not imported: {reason}")).hint(hint))
}

fn line(offer: &Offer, fate: &Fate, keychain: &str, is_moved: bool) -> String {
    let Offer { name, place, .. } = offer;
    let (id, what) = match fate {
        Fate::Taken(keys) if is_moved => (Some(keys), format!("moves to {keychain}")),
        Fate::Taken(keys) => (Some(keys), format!("is copied to {keychain}")),
        Fate::Known(keys, _) if is_moved => {
            (Some(keys), "is in the keychain already, and goes from here".to_owned())
        }
        Fate::Known(keys, _) => (Some(keys), "is in the keychain already".to_owned()),
        Fate::Stays(reason) | Fate::Refused(reason, _) => (None, format!("stays: {reason}")),
    };
    let id = id.map(|keys| format!("{}, ", keys.access_key_id)).unwrap_or_default();
    printable(&format!("{name}: {id}{place}: {what}")) + "\n"
}

fn ask(count: usize, is_moved: bool) -> anyhow::Result<()> {
    let act = if is_moved { "Move" } else { "Copy" };
    let what =
        if count == 1 { "this pair of keys".to_owned() } else { format!("these {count} pairs of keys") };
    let unanswered = |error| terminal::unanswered("cannot ask", &error, "name the keys you mean, or --all");
    match terminal::agrees(&format!("{act} {what}?")).map_err(unanswered)? {
        true => Ok(()),
        false => Err(Failure::new("nothing was imported").into()),
    }
}

/// Into the keychain, and read back from there.
fn take(
    name: &str,
    keys: &Keys,
    rests: Rests,
    old: Option<&KeyEntry>,
    config: &SharedConfig,
    world: &World,
) -> anyhow::Result<()> {
    let entry = KeyEntry {
        access_key_id: keys.access_key_id.clone(),
        rests,
        account: None,
        mfa_serial: mfa_serial(name, config),
        added: clock::rfc3339(clock::now()),
        replaces: None,
    };
    super::keep(name, keys, entry, old, world)?;
    if person_keychain(world).find(name, Some(&keys.access_key_id), rests)?.contains(keys) {
        return Ok(());
    }
    let place = keychain::shown(rests, &world.places);
    Err(Failure::new(format!("{place} did not give back the keys of {name} as they are"))
        .hint("they are where they were; nothing was taken out")
        .into())
}

/// The id is the same; the rest has to be, too. Says what was found or done.
fn make_sure(
    name: &str,
    keys: &Keys,
    entry: &KeyEntry,
    is_forced: bool,
    config: &SharedConfig,
    world: &World,
) -> anyhow::Result<String> {
    let place = keychain::shown(entry.rests, &world.places);
    let id = &entry.access_key_id;
    let found = person_keychain(world).find(name, Some(id), entry.rests)?;
    match found.iter().find(|kept| kept.access_key_id == *id) {
        Some(kept) if kept == keys => Ok(format!("{id} was kept as {name} in {place} already")),
        Some(_) if !is_forced => Err(Failure::new(format!("{place} has another secret of {id} as {name}"))
            .hint("--force puts this one in its place")
            .into()),
        _ => {
            take(name, keys, entry.rests, Some(entry), config, world)?;
            Ok(format!("{id} is kept as {name} in {place}"))
        }
    }
}

/// The profile's own, where it is no role's.
fn mfa_serial(name: &str, config: &SharedConfig) -> Option<String> {
    let profile = config.profile(name).ok().filter(|profile| profile.get("role_arn").is_none())?;
    profile.checked("mfa_serial", limits::mfa_serial).ok()?
}
