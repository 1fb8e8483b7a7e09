//! `awsenv history`: what was exported where, as whom, until when; and the notes that commands make for it.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::drawing::{Canvas, Ink, Line};
use super::sso::columns;
use super::subject::{Asking, Subject};
use crate::clock::{self, Timestamp};
use crate::credentials::Expiry;
use crate::message::{Failure, printable};
use crate::places::tilde;
use crate::profile::chain;
use crate::prompt::choice::What;
use crate::prompt::segment::Colour;
use crate::session::history::{self, Event, History, Record};
use crate::world::{self, World};

/// Which lines are wanted; all that is said has to be true of a line.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// The last so many.
    pub last: Option<usize>,
    /// Not older than this.
    pub since: Option<Duration>,
    /// Of this display name.
    pub profile: Option<&'a str>,
    /// Of this directory and those below.
    pub here: bool,
}

/// Shows it.
pub fn list(wanted: &Wanted<'_>, json: bool, world: &World) -> anyhow::Result<()> {
    let path = history::path(&world.places);
    let shown = tilde(&path, &world.places.home);
    let history = History::read(&world.places)
        .map_err(|error| Failure::new(format!("cannot read {shown}: {error}")))?;
    if history.damaged > 0 {
        let lines = if history.damaged == 1 {
            "1 damaged line is"
        } else {
            &format!("{} damaged lines are", history.damaged)
        };
        world::say(&printable(&format!("awsenv: {shown}: {lines} passed over")));
    }
    let now = clock::now();
    let records = chosen(history.records, wanted, &world.pwd().to_string_lossy(), now);
    if json {
        return world::out(
            format!(
                "{}\n",
                serde_json::to_string_pretty(&records.iter().map(Shown::from).collect::<Vec<_>>())?
            )
            .as_bytes(),
        );
    }
    if records.is_empty() {
        let why = if world.settings.history { "" } else { ": the settings say history = false" };
        world::say(&format!("awsenv: nothing is noted{why}"));
    }
    let text = match Canvas::of_stdout(&world.env, world.settings.colours) {
        Some(canvas) => drawn(&records, canvas, world),
        None => columns(&records.iter().map(plain).collect::<Vec<_>>()),
    };
    world::out(text.as_bytes())
}

/// Forgets it all.
pub fn clear(world: &World) -> anyhow::Result<()> {
    history::clear(&world.places).map_err(|error| {
        let path = history::path(&world.places);
        Failure::new(format!("cannot remove {}: {error}", tilde(&path, &world.places.home)))
    })?;
    world::say("awsenv: the history is forgotten");
    Ok(())
}

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Shown<'a> {
    at: String,
    event: Event,
    by: &'a str,
    pid: u32,
    directory: &'a str,
    profile: Option<&'a str>,
    stage: Option<&'a str>,
    account: Option<&'a str>,
    role: Option<&'a str>,
    expiration: Option<String>,
}

impl<'a> From<&'a Record> for Shown<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            at: dated(record.at),
            event: record.event,
            by: &record.by,
            pid: record.pid,
            directory: &record.directory,
            profile: record.profile.as_deref(),
            stage: record.stage.as_deref(),
            account: record.account.as_deref(),
            role: record.role.as_deref(),
            expiration: record.expiration.map(dated),
        }
    }
}

fn dated(seconds: i64) -> String {
    clock::rfc3339(instant(seconds))
}

/// What no clock can say is as far away as there is.
fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn chosen(records: Vec<Record>, wanted: &Wanted<'_>, here: &str, now: Timestamp) -> Vec<Record> {
    // A shell that unloads is elsewhere by then: it belongs to where it loaded.
    let mut inside = std::collections::BTreeSet::new();
    let mut is_here = |record: &Record| {
        let is_below = Path::new(&record.directory).starts_with(here);
        let was_inside = matches!(record.event, Event::Load | Event::Unload) && inside.remove(&record.pid);
        if record.event == Event::Load && is_below {
            inside.insert(record.pid);
        }
        is_below || record.event == Event::Unload && was_inside
    };
    let since = wanted.since.and_then(|since| now.checked_sub(since).ok());
    let is_young = |record: &Record| since.is_none_or(|since| instant(record.at) >= since);
    let mut records: Vec<_> = records
        .into_iter()
        .filter(|record| !wanted.here || is_here(record))
        .filter(is_young)
        .filter(|record| wanted.profile.is_none_or(|profile| record.profile.as_deref() == Some(profile)))
        .collect();
    let first = records.len().saturating_sub(wanted.last.unwrap_or(usize::MAX));
    records.split_off(first)
}

fn plain(record: &Record) -> [String; 8] {
    let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    let cells = [
        dated(record.at),
        record.event.word().to_owned(),
        format!("{} {}", record.by, record.pid),
        whose(record),
        text(&record.account),
        text(&record.role),
        record.directory.clone(),
        record.expiration.map(|until| format!("until {}", dated(until))).unwrap_or_default(),
    ];
    cells.map(|cell| printable(&cell))
}

fn whose(record: &Record) -> String {
    let stage = record.stage.as_ref().map(|stage| format!(" ({stage})")).unwrap_or_default();
    record.profile.clone().unwrap_or_else(|| "-".to_owned()) + &stage
}

/// Day by day, newest below.
fn drawn(records: &[Record], canvas: Canvas, world: &World) -> String {
    let mut text = String::new();
    let days = |record: &Record| clock::day(instant(record.at));
    for of_a_day in records.chunk_by(|one, next| days(one) == days(next)) {
        let day = canvas.text(Ink::Strong, &days(&of_a_day[0]));
        text.push_str(&canvas.columns(&[vec![day]], &[]));
        let rows: Vec<_> = of_a_day.iter().map(|record| row(record, canvas, world)).collect();
        text.push_str(&canvas.columns(&rows, &[2, 4, 5]));
    }
    text
}

fn row(record: &Record, canvas: Canvas, world: &World) -> Vec<Line> {
    let plain = |text: &str| canvas.text(Ink::Plain, text);
    let faint = |text: &str| canvas.text(Ink::Faint, text);
    let ink = match record.event {
        Event::Load | Event::Renew | Event::Direnv => Ink::Of(Colour::Green),
        Event::Unload => Ink::Faint,
        Event::Exec => Ink::Of(Colour::Blue),
        Event::Credentials | Event::Saml | Event::Console | Event::Lend => Ink::Of(Colour::Yellow),
    };
    let hour = |at: i64| clock::hour(instant(at), instant(record.at));
    let home = &world.places.home;
    let directory = match Path::new(&record.directory) {
        directory if directory == home => "~".to_owned(),
        directory => tilde(directory, home),
    };
    let role = record.role.as_ref().map(|role| faint(&format!(" {role}"))).unwrap_or_default();
    let until = record.expiration.filter(|_| record.event != Event::Unload).map(hour);
    vec![
        faint("  ").and(plain(&hour(record.at))),
        canvas.text(ink, record.event.word()),
        canvas.text(Ink::Strong, &whose(record)).and(role),
        plain(record.account.as_deref().unwrap_or("-")),
        plain(&directory),
        plain(&record.by).and(faint(&format!(" {}", record.pid))),
        faint(&until.map(|until| format!("until {until}")).unwrap_or_default()),
    ]
}

/// What a command gives out, of which subject, to whom.
pub(super) struct Given<'a> {
    pub(super) event: Event,
    /// The program that gets them: its name, and not its arguments, where secrets may stand.
    pub(super) by: &'a str,
    pub(super) pid: u32,
    pub(super) account: Option<&'a str>,
    pub(super) expiry: Option<Expiry>,
}

/// Notes it. Where that fails, the command goes on.
pub(super) fn note(given: &Given<'_>, subject: &Subject, asking: &Asking<'_>, world: &World) {
    let chosen = world.choice.as_ref().and_then(|choice| match &choice.what {
        What::Stage(name, _) => Some(name.as_str()),
        What::Profile(..) => None,
    });
    let record = Record {
        profile: Some(subject.resolved.name.clone()),
        stage: asking.stage.or(chosen).filter(|_| subject.pin.is_some()).map(str::to_owned),
        role: chain::role_name(&subject.resolved.chain).map(str::to_owned),
        directory: world.pwd().to_string_lossy().into_owned(),
        ..given.record()
    };
    keep(&record, world);
}

impl Given<'_> {
    /// Of nobody, nowhere.
    pub(super) fn record(&self) -> Record {
        Record {
            at: clock::now().as_second(),
            event: self.event,
            by: self.by.to_owned(),
            pid: self.pid,
            directory: String::new(),
            profile: None,
            stage: None,
            account: self.account.map(str::to_owned),
            role: None,
            expiration: self.expiry.map(|expiry| expiry.0.as_second()),
        }
    }
}

/// Keeps a note, if the settings want any.
pub(super) fn keep(record: &Record, world: &World) {
    if world.settings.history
        && let Err(error) = history::append(&world.places, record)
    {
        log::warn!("not noted in the history: {error}");
    }
}
