//! What the hook runs: files and text, nothing slow. It answers what a shell has to set, unset and watch in
//! a directory; where that takes more than files, it hands the need back (`Plan::needs_session`) and its
//! caller fetches. It never imports providers, the agent, the keychain or the network.

use std::ffi::{OsStr, OsString};
use std::fs;

use anyhow::Context;

use crate::clock::Timestamp;
use crate::env::Env;
use crate::files;
use crate::message::{self, printable};
use crate::places::Places;
use crate::session::history::Record;
use crate::session::{aside, grant};
use crate::settings::Settings;

pub mod allowlist;
mod change;
pub mod choice;
pub mod directory;
pub mod env_diff;
pub mod env_file;
pub mod guard;
pub mod memory;
mod next;
pub mod plan;
pub mod resolve;
pub mod runtime;
pub mod segment;
pub mod shell;
pub mod variables;
pub mod wanted;
pub mod way;

use allowlist::Allowlist;
use directory::Directory;
use env_diff::EnvDiff;
use guard::{Abilities, Guard};
use memory::{Memory, STATE, Undone};
use next::Next;
use plan::{Need, Plan};
use runtime::Runtime;
use segment::{Look, Reader, Segment};
use shell::Shell;
use wanted::{ENDPOINT, Wanted};

/// What a shell asks at a prompt where its guard was false.
#[derive(Debug)]
pub struct Question<'a> {
    /// Which shell.
    pub shell: Shell,
    /// Its process id, as it says.
    pub pid: u32,
    /// Its hook was just loaded.
    pub is_new: bool,
    /// Its version, as it says.
    pub version: &'a str,
    /// Where it is, as it says.
    pub pwd: &'a OsStr,
    /// Its exported variables.
    pub env: &'a Env,
    /// Where things are kept.
    pub places: &'a Places,
    /// The user's settings.
    pub settings: &'a Settings,
    /// Now.
    pub now: Timestamp,
    /// Why no session that is missing can be fetched, where somebody has tried to.
    pub no_renewal: Option<&'a anyhow::Error>,
}

/// What the shell evals, and what a person reads.
#[derive(Debug)]
pub struct Answer {
    /// State, exports, unsets: in that order.
    pub statements: Vec<u8>,
    /// The guard, which goes last.
    pub guard: Vec<u8>,
    /// A session that somebody must fetch.
    pub needs_session: Option<Need>,
    /// At most one line, only when something changed its meaning.
    pub notice: Option<String>,
    /// What is to be noted, where what is loaded changes.
    pub change: Option<Record>,
}

/// Who one is without awsenv: the environment with our own values undone.
pub fn original(env: &Env, places: &Places) -> Env {
    recall(env, places, 0).1.original
}

fn recall(env: &Env, places: &Places, pid: u32) -> (Option<Memory>, Undone) {
    let Some(memory) = Memory::read(env, files::uid()) else {
        let undone = Memory::undo_newer(env).unwrap_or_else(|| {
            // Another user's state (`sudo -E`), or a damaged one: nothing of it is believed, and it is left alone.
            log::trace!("nothing of ours to undo");
            Undone { original: env.clone(), ..Undone::default() }
        });
        return (None, undone);
    };
    let sealed = memory.aside.as_deref().and_then(|id| aside::take(places, id));
    let originals = sealed.map(|bytes| memory::unpack(&bytes));
    let undone = memory.undo(env, pid, originals.as_ref());
    (Some(memory), undone)
}

/// Answers a shell. `settings_mistake`: the settings could not be read and the defaults stand in.
pub fn answer(question: &Question<'_>, settings_mistake: Option<&anyhow::Error>) -> Answer {
    let abilities = Abilities::of(question.shell, question.version, question.pid);
    log::debug!("asked by {:?} {} in {}", question.shell, question.pid, question.pwd.display());
    let runtime = Runtime::open(question.places).ok();
    // Before everything it stands for: what changes from here on makes the guard false.
    let token = runtime.as_ref().and_then(|runtime| runtime.token().ok());
    let (memory, undone) =
        recall(question.env, question.places, if question.is_new { 0 } else { question.pid });
    if question.env.text("AWSENV_DISABLE").is_some() {
        log::info!("AWSENV_DISABLE is set: nothing is loaded here");
        let statements = EnvDiff::between(question.env, &undone.original).statements(question.shell, STATE);
        let segment = Segment::of_variables(&undone.original);
        return Answer {
            statements: [
                statements,
                segment_statements(segment.as_ref(), question, abilities, runtime.as_ref()),
                question.shell.dialect().put_away(&[], &[]),
            ]
            .concat(),
            guard: Guard::disabled(question.shell),
            needs_session: None,
            notice: None,
            change: change::end(memory.as_ref(), question),
        };
    }
    let allowlist = Allowlist::new(question.places, question.settings);
    let directory = Directory::find(
        question.pwd,
        &allowlist,
        question.places,
        memory.as_ref().and_then(|memory| memory.choice.as_ref()).into(),
    );
    let mut next = Next::after(memory.as_ref(), &undone, &directory, question);
    let plan = if next.memory.stands_back {
        log::info!("credentials were set by hand: standing back");
        Plan::hands_off(&undone.original, question.env)
    } else {
        plan::plan(&directory.verdict, &undone.original, question)
    };
    next.memory.segment = plan
        .segment
        .clone()
        .or_else(|| directory.complaint.as_ref().map(|_| Segment::not_allowed()))
        .filter(|_| !next.memory.stands_back);
    let has_endpoint = matches!(plan.wanted.0.get(ENDPOINT), Some(Some(_)));
    if question.env.get(ENDPOINT).is_some() && !has_endpoint {
        grant::leave(question.places, question.pid);
    }
    let mut target = next.follow(&plan.wanted, undone, memory.as_ref(), question);
    let complaint = settings_mistake
        .map(|error| one_line(&error.to_string(), None))
        .or(plan.complaint.clone())
        .or(directory.complaint.as_ref().map(|complaint| one_line(&complaint.text, None)));
    let notice =
        next.notice.take().or(next.say_once(memory.as_ref(), complaint, plan.needs_session.is_some()));
    if !next.memory.is_empty() {
        target.set(STATE, next.memory.write());
    }
    let (settings_file, no_settings_file) = match plan::watch(&question.places.settings) {
        Some(watched) => (Some(watched), None),
        None => (None, Some(question.places.settings.clone())),
    };
    let guard = Guard {
        pwd: question.pwd.to_owned(),
        is_real: directory.is_deep && fs::canonicalize(question.pwd).is_ok_and(|real| real == question.pwd),
        now: question.now,
        deadline: [plan.deadline, directory.deadline(question.now)].into_iter().flatten().min(),
        variables: guarded_variables(&plan.wanted, &target),
        token,
        watched: directory.watched.into_iter().chain(plan.watched).chain(settings_file).collect(),
        absent: directory.absent.into_iter().chain(plan.absent).chain(no_settings_file).collect(),
        entries: directory.entries,
    };
    let after = (&next.memory, &target, plan.role);
    let change = change::between(memory.as_ref(), after, question);
    let diff = EnvDiff::between(question.env, &target);
    log::debug!("sets {:?}, unsets {:?}", diff.set.keys(), diff.unset);
    let mut statements = diff.statements(question.shell, STATE);
    let segment = next.memory.segment.as_ref();
    statements.extend(segment_statements(segment, question, abilities, runtime.as_ref()));
    statements.extend(put_away_statements(&next.memory, &target, question.shell));
    let guard = guard.function(abilities, runtime.as_ref());
    Answer { statements, guard, needs_session: plan.needs_session, notice, change }
}

/// What the shell's own function shows in the prompt.
fn segment_statements(
    segment: Option<&Segment>,
    question: &Question<'_>,
    abilities: Abilities,
    runtime: Option<&Runtime>,
) -> Vec<u8> {
    let look = Look::of(Reader::Prompt(question.shell), question.env, question.settings.colours);
    segment::statements(segment, look, abilities, question.now, runtime)
}

/// How the shell puts away who one is before it asks again, unless that has been changed by hand.
fn put_away_statements(memory: &Memory, target: &Env, shell: Shell) -> Vec<u8> {
    let known = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", ENDPOINT];
    let known = known.map(|name| (name, target.get(name).unwrap_or_default()));
    shell.dialect().put_away(&known, &memory.identity())
}

/// The home, where everything is looked up; the key id, the profile, the region and the endpoint, where we decided
/// over them.
/// Never a secret: it becomes shell text.
fn guarded_variables(wanted: &Wanted, target: &Env) -> Vec<(&'static str, OsString)> {
    let names: &[&'static str] = match (wanted.decides_identity(), wanted.0.contains_key("AWS_REGION")) {
        (true, _) => &[
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        ],
        (false, true) => &["AWS_REGION"],
        (false, false) => &[],
    };
    let endpoint = wanted.0.contains_key(ENDPOINT).then_some(&ENDPOINT);
    let names = std::iter::once(&"HOME").chain(names).chain(endpoint);
    names.map(|name| (*name, target.get(name).unwrap_or_default().to_owned())).collect()
}

/// One line for the prompt: what, and what to do.
pub(crate) fn one_line(what: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) if hint.starts_with("run `") => {
            format!("awsenv: {}: {}", printable(what), printable(hint))
        }
        Some(hint) => format!("awsenv: {}; {}", printable(what), printable(hint)),
        None => format!("awsenv: {}", printable(what)),
    }
}

/// Reads the user's settings; absent is the default.
pub fn settings(places: &Places) -> anyhow::Result<Settings> {
    let shown = places.settings.display();
    let Some((bytes, _)) =
        files::read_limited(&places.settings, 64 * 1024).with_context(|| format!("cannot read {shown}"))?
    else {
        return Ok(Settings::default());
    };
    let text =
        String::from_utf8(bytes).map_err(|_| message::Failure::new(format!("{shown} is not UTF-8 text")))?;
    Settings::parse(&text, &places.settings, &places.home)
}
