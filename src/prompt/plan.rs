//! From what counts in a directory to what its shell gets, from files alone. Where a session is missing,
//! the need for it is handed back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Question;
use super::directory::{Pinned, Verdict};
use super::env_file::{Deliver, Pin};
use super::guard::Watched;
use super::one_line;
use super::resolve::{Resolved, check_account, resolve};
use super::segment::{Segment, Standing};
use super::variables::is_cleared;
use super::wanted::{Delivery, Provided, Wanted};
use super::way::{self, Way};
use crate::clock::Timestamp;
use crate::credentials::Credentials;
use crate::env::Env;
use crate::files::Stamp;
use crate::key_index::KeyIndex;
use crate::message::{self, Exit, Failure};
use crate::places::Places;
use crate::profile::ahead_of_endpoint;
use crate::profile::chain::{self, Source};
use crate::profile::config::ConfigFiles;
use crate::session::account_names;
use crate::session::failure::FailureRecord;
use crate::session::index::{self, Entry, IndexKey};
use crate::session::session_key::SessionKey;
use crate::session::store::{Found, Session, SessionStore};
use crate::settings::Settings;

/// A prompt that waits for a renewal asks again after this: one that was killed tells nobody.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What a shell gets, and what that rests on.
#[derive(Debug, Default)]
pub struct Plan {
    /// The variables.
    pub wanted: Wanted,
    /// When to ask again at the latest.
    pub deadline: Option<Timestamp>,
    /// AWS files that were read, and where the AWS CLI would put a sign-in.
    pub watched: Vec<Watched>,
    /// AWS files that were not there.
    pub absent: Vec<PathBuf>,
    /// Why there are no credentials, in one line.
    pub complaint: Option<String>,
    /// A session that somebody must fetch.
    pub needs_session: Option<Need>,
    /// What the prompt shows.
    pub segment: Option<Segment>,
    /// The role that the credentials are of, for the history.
    pub role: Option<String>,
}

/// A session that is missing, or about to end.
#[derive(Clone, Debug)]
pub struct Need {
    /// Its name in the store.
    pub session: SessionKey,
    /// What people call it.
    pub name: String,
    /// The old one still serves: nobody has to wait.
    pub old_serves: bool,
}

impl Plan {
    /// The user has set credentials by hand: theirs stay, and what else said who one is stays away until they
    /// leave, or two identities would mix.
    pub fn hands_off(original: &Env, current: &Env) -> Self {
        let others = original
            .iter()
            .filter(|(name, value)| current.get(name) != Some(value))
            .filter_map(|(name, _)| name.to_str())
            .filter(|name| is_cleared(name));
        let wanted = Wanted(others.map(|name| (name.to_owned(), None)).collect());
        Self { wanted, ..Self::default() }
    }

    fn refuse(error: &anyhow::Error, name: Option<String>, sentence: &str, original: &Env) -> Self {
        log::warn!("no credentials: {error:#}");
        let hint = message::hint(error);
        Self {
            wanted: Wanted::fail_closed(sentence, original),
            complaint: Some(one_line(&format!("{error:#}"), hint)),
            segment: Some(Segment::of_error(error, name)),
            ..Self::default()
        }
    }
}

/// Plans for a verdict.
pub fn plan(verdict: &Verdict, original: &Env, question: &Question<'_>) -> Plan {
    match verdict {
        Verdict::Nothing => Plan::default(),
        Verdict::Refused(_, error, sentence) => Plan::refuse(error, None, sentence, original),
        Verdict::Pinned(pinned) if pinned.pin.source.is_none() => {
            let mut wanted = Wanted::default();
            wanted.region(pinned.pin.region.as_deref());
            wanted.plain(&pinned.pin.env);
            Plan { wanted, ..Plan::default() }
        }
        Verdict::Pinned(pinned) => plan_pin(pinned, original, question),
    }
}

fn plan_pin(pinned: &Pinned, original: &Env, question: &Question<'_>) -> Plan {
    let pin = &pinned.pin;
    let files = ConfigFiles::locate(original, &question.places.home);
    // Their stamps before their content: an edit in between makes the guard false.
    let mut aws_files = AwsFiles::look_at(&files, pin, original, question.places);
    let key =
        IndexKey::of(&pinned.digests, pinned.chosen.as_deref(), question.settings.session_duration, original);
    let known = index::load(question.places, &key, &aws_files.stamps);
    let surveyed = known.map_or_else(
        || survey(pin, &files, &aws_files, &key, original, question),
        |entry| Ok(Survey::Session(entry)),
    );
    let plan = match surveyed {
        Err(error) => {
            let name = pin.name().unwrap_or_default();
            let sentence = format!("{name}: run awsenv status");
            Plan::refuse(&error, Some(name), &sentence, original)
        }
        Ok(Survey::AtHand(resolved, credentials)) => {
            let account = chain::known_account(&resolved.chain).or_else(|| credentials.account.clone());
            let provided = provided(
                &resolved.name,
                Delivery::Keys(&credentials),
                account.as_deref(),
                resolved.region.as_deref(),
                &resolved.settings,
                question,
            );
            let deadline = credentials.expiry.map(|expiry| expiry.0);
            Plan {
                wanted: with_variables(Wanted::provided(&provided, original), pin),
                deadline,
                segment: Some(with_credentials(Standing::Fresh, &resolved.name, &credentials, pin)),
                ..Plan::default()
            }
        }
        Ok(Survey::Session(entry)) => {
            aws_files.add(&entry.files);
            plan_session(pinned, &entry, original, question)
        }
    };
    let watched = [aws_files.watched, plan.watched].concat();
    Plan { watched, absent: [aws_files.absent, plan.absent].concat(), ..plan }
}

/// What the AWS files come to.
enum Survey {
    /// Keys that are in a file or in the environment.
    AtHand(Box<Resolved>, Credentials),
    /// A session, by its key.
    Session(Entry),
}

fn survey(
    pin: &Pin,
    files: &ConfigFiles,
    aws_files: &AwsFiles,
    key: &IndexKey,
    original: &Env,
    question: &Question<'_>,
) -> anyhow::Result<Survey> {
    let resolved = resolve(
        pin,
        files,
        &KeyIndex::load(question.places)?,
        original,
        Some(question.settings.session_duration),
    )?;
    way::check(pin, files, original, question.places)?;
    // Keys in a file only claim their account: where one is asked for, AWS has to say.
    if resolved.is_at_hand() && pin.account.is_none() && matches!(pin.deliver, None | Some(Deliver::Env)) {
        let credentials = at_hand(&resolved, question.now)?.clone();
        return Ok(Survey::AtHand(Box::new(resolved), credentials));
    }
    let account = chain::sure_account(&resolved.chain);
    let (session, lasting) = (resolved.session_key(original), resolved.lasting_key(original));
    let entry = Entry {
        files: resolved.files(),
        stamps: aws_files.stamps.clone(),
        delivered: way::delivered(pin, &resolved, &lasting, files),
        session,
        lasting,
        role: chain::role_name(&resolved.chain).map(str::to_owned),
        name: resolved.name,
        region: resolved.region,
        account,
        settings: resolved.settings,
    };
    index::save(question.places, key, &entry, question.now);
    Ok(Survey::Session(entry))
}

/// Credentials that take nothing but files.
pub fn at_hand(resolved: &Resolved, now: Timestamp) -> anyhow::Result<&Credentials> {
    let (Source::Keys { credentials, .. } | Source::Environment(credentials)) = &resolved.chain.source else {
        return Err(Failure::new(format!("{} takes a call", resolved.name)).into());
    };
    if credentials.expiry.is_some_and(|expiry| !expiry.is_after(now)) {
        return Err(Failure::new(format!("{}: the keys have expired", resolved.name))
            .hint("put fresh ones where these came from")
            .exit(Exit::PersonNeeded)
            .into());
    }
    Ok(credentials)
}

fn plan_session(pinned: &Pinned, entry: &Entry, original: &Env, question: &Question<'_>) -> Plan {
    let (pin, now) = (&pinned.pin, question.now);
    let session = match SessionStore::new(question.places).load(&entry.session) {
        Found::Session(session) => {
            // Kept on the way to another chain's end, perhaps, where nobody asked whose it is.
            let is_known =
                pin.account.is_none() || entry.account.is_some() || session.credentials.account.is_some();
            Some(session).filter(|session| is_known && serves(session, question.settings, now))
        }
        Found::Absent | Found::Unreadable => None,
    };
    let of_session = || session.as_ref()?.credentials.account.as_deref();
    let account = entry.account.as_deref().or_else(of_session).map(str::to_owned);
    // Where nobody can tell it yet, whoever fetches the session asks.
    if account.is_some()
        && let Err(error) = check_account(&entry.name, pin.account.as_deref(), account.as_deref())
    {
        let sentence = format!("{}: wrong account", entry.name);
        return Plan::refuse(&error, Some(entry.name.clone()), &sentence, original);
    }
    let way = session.as_ref().and_then(|_| Way::of(pinned, entry, question.places));
    let failure = match (&session, &way) {
        // What keeps it from programs keeps it from no other directory.
        (Some(_), None) => FailureRecord::load(question.places, &entry.session.delivery()),
        _ => FailureRecord::load(question.places, &entry.session),
    };
    let pause = failure.as_ref().and_then(|failure| failure.pause_until(now));
    let need = |old_serves| {
        let need = Need { session: entry.session.clone(), name: entry.name.clone(), old_serves };
        (pause.is_none() && !question.settings.broken).then_some(need)
    };
    let Some((session, way)) = session.zip(way) else {
        log::info!("{}: no session to give out", entry.name);
        return match failure.filter(|_| pause.is_some()) {
            Some(failure) => Plan { deadline: pause, ..refused(entry, &failure, original) },
            // Nobody knows what may run in the background. What is wrong is said by who read the settings.
            None if question.settings.broken => {
                let sentence = format!("{}: the settings have a mistake, run awsenv status", entry.name);
                let segment = Some(Segment::new(Standing::Failed, &entry.name));
                Plan { wanted: Wanted::fail_closed(&sentence, original), segment, ..Plan::default() }
            }
            None => {
                Plan { deadline: Some(look_again(now)), ..unfetched(entry, need(false), original, question) }
            }
        };
    };
    let account = account.as_deref().or(session.claimed_account.as_deref());
    let times = Times::of(&session, question.settings);
    let look_at_way = way.look_again(question);
    let at_most = |deadline: Timestamp| Some(look_at_way.map_or(deadline, |again| again.min(deadline)));
    let provided = provided(
        &entry.name,
        way.delivery(&session),
        account,
        entry.region.as_deref(),
        &entry.settings,
        question,
    );
    let wanted = with_variables(Wanted::provided(&provided, original), pin);
    let account_name = account.and_then(|account| account_names::name(question.places, account));
    let mut segment =
        with_credentials(Standing::Fresh, &entry.name, &session.credentials, pin).in_account(account_name);
    let complaint = session.wrong_clock().map(|(what, hint)| one_line(&what, Some(hint)));
    let role = entry.role.clone();
    if now < times.renew {
        let deadline = at_most(times.renew);
        return Plan { wanted, deadline, segment: Some(segment), complaint, role, ..Plan::default() };
    }
    log::info!("{}: the session ends soon, time for the next", entry.name);
    // The token tells when the new one is there; until then look again at the end, or after a pause.
    let deadline = at_most(times.end.min(pause.unwrap_or(look_again(now))));
    match failure.filter(|failure| pause.is_some() && failure.needs_person) {
        Some(failure) => {
            let person = Segment::person(&entry.name, failure.hint.as_deref());
            segment = Segment { standing: person.standing, run: person.run, ..segment };
        }
        None => segment.standing = Standing::Renewing,
    }
    let needs_session = need(true);
    Plan { wanted, deadline, needs_session, segment: Some(segment), complaint, role, ..Plan::default() }
}

/// It is on its way, or somebody has seen that it cannot be had.
fn unfetched(entry: &Entry, needs_session: Option<Need>, original: &Env, question: &Question<'_>) -> Plan {
    let name = &entry.name;
    if let Some(error) = question.no_renewal {
        return Plan::refuse(error, Some(name.clone()), &format!("{name}: run awsenv doctor"), original);
    }
    let wanted = Wanted::fail_closed(&format!("{name}: being renewed"), original);
    let segment = Some(Segment::new(Standing::Renewing, name));
    Plan { wanted, needs_session, segment, ..Plan::default() }
}

fn with_credentials(standing: Standing, name: &str, credentials: &Credentials, pin: &Pin) -> Segment {
    let until = credentials.expiry.map(|expiry| expiry.0.as_second());
    Segment { until, protected: pin.protected, ..Segment::new(standing, name) }
}

fn look_again(now: Timestamp) -> Timestamp {
    now.checked_add(LOOK_AGAIN).unwrap_or(now)
}

/// Whether a session is still given out.
pub fn serves(session: &Session, settings: &Settings, now: Timestamp) -> bool {
    Times::of(session, settings).serves(now)
}

/// Whether it is time to renew a session.
pub fn is_due(session: &Session, settings: &Settings, now: Timestamp) -> bool {
    now >= due(session, settings)
}

/// From when on a session is to be renewed.
pub fn due(session: &Session, settings: &Settings) -> Timestamp {
    Times::of(session, settings).renew
}

/// When a session is to be renewed, and when it is no longer given out.
struct Times {
    renew: Timestamp,
    end: Timestamp,
}

impl Times {
    /// Renewed from a margin before its end (a fifth of its life, at most 15 minutes); given out until
    /// 60 seconds before, or 5 % of a short life.
    fn of(session: &Session, settings: &Settings) -> Self {
        let end = session.end();
        let life = end.duration_since(session.issued).unsigned_abs();
        let margin = settings.margin.unwrap_or(Duration::from_secs(900)).min(life / 5);
        let before = |span: Duration| end.checked_sub(span).unwrap_or(end);
        Self { renew: before(margin), end: before(Duration::from_secs(60).min(life / 20)) }
    }

    fn serves(&self, now: Timestamp) -> bool {
        now < self.end
    }
}

fn refused(entry: &Entry, failure: &FailureRecord, original: &Env) -> Plan {
    let hint = failure.hint.as_deref();
    let (sentence, segment) = match failure.needs_person {
        true => {
            let segment = Segment::person(&entry.name, hint);
            (format!("{}: run {}", entry.name, segment.run.as_deref().unwrap_or_default()), segment)
        }
        false => (
            format!("{}: could not be renewed, awsenv tries again", entry.name),
            Segment::new(Standing::Failed, &entry.name),
        ),
    };
    let mut plan = Plan {
        wanted: Wanted::fail_closed(&sentence, original),
        segment: Some(segment),
        complaint: Some(one_line(&failure.what, failure.hint.as_deref())),
        ..Plan::default()
    };
    if let Some((path, _)) = &failure.mended_in {
        match watch(path) {
            Some(watched) => plan.watched.push(watched),
            None => plan.absent.push(path.clone()),
        }
    }
    plan
}

fn provided<'a>(
    name: &'a str,
    delivery: Delivery<'a>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    settings: &'a [(String, String)],
    question: &Question<'_>,
) -> Provided<'a> {
    Provided { name, delivery, account, region, settings, aws_vault_label: question.settings.label.is_some() }
}

fn with_variables(mut wanted: Wanted, pin: &Pin) -> Wanted {
    wanted.plain(&pin.env);
    wanted
}

/// The AWS files as they are now.
struct AwsFiles {
    stamps: Vec<(PathBuf, Option<Stamp>)>,
    watched: Vec<Watched>,
    absent: Vec<PathBuf>,
}

impl AwsFiles {
    fn look_at(files: &ConfigFiles, pin: &Pin, original: &Env, places: &Places) -> Self {
        let mut found = Self { stamps: Vec::new(), watched: Vec::new(), absent: Vec::new() };
        let ahead = match pin.deliver {
            Some(Deliver::Endpoint) => ahead_of_endpoint::files(original, &places.home),
            _ => Vec::new(),
        };
        for path in [&files.config, &files.credentials].into_iter().chain(&ahead) {
            let watched = watch(path);
            found.stamps.push((path.clone(), watched.as_ref().map(|watched| watched.stamp)));
            match watched {
                Some(watched) => found.watched.push(watched),
                None => found.absent.push(path.clone()),
            }
        }
        // The first keys renew the token: until there are any, no guard has to look for them.
        let keys = KeyIndex::path(places);
        let watched = watch(&keys);
        found.stamps.push((keys, watched.as_ref().map(|watched| watched.stamp)));
        found.watched.extend(watched);
        found
    }

    /// Files as they were when the session's name was made of them: a newer one makes the guard false at once.
    fn add(&mut self, files: &[(PathBuf, Option<Stamp>)]) {
        for (path, stamp) in files {
            match (watch(path), stamp) {
                (Some(watched), Some(stamp)) => self.watched.push(Watched { stamp: *stamp, ..watched }),
                _ => self.absent.push(path.clone()),
            }
        }
    }
}

/// A file as it is now; `None` if it is not there.
pub(super) fn watch(path: &Path) -> Option<Watched> {
    let there = fs::symlink_metadata(path).ok()?;
    let (metadata, target) = match there.is_symlink() {
        true => (fs::metadata(path).ok()?, path.canonicalize().ok()),
        false => (there, None),
    };
    Some(Watched { path: path.to_owned(), stamp: Stamp::of(&metadata), target })
}
