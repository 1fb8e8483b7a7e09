//! What the hook runs: files and text, nothing slow. It answers what a shell has to set, unset and watch in
//! a directory; where that takes more than files, it hands the need back (`Plan::needs_session`) and its
//! caller fetches. It never imports providers, the agent, the keychain or the network.

use std::ffi::{OsStr, OsString};

use anyhow::Context;
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::env::Env;
use crate::files;
use crate::message::{self, printable};
use crate::places::Places;
use crate::session::aside;
use crate::settings::Settings;

pub mod allowlist;
pub mod directory;
pub mod env_diff;
pub mod env_file;
pub mod guard;
pub mod memory;
pub mod plan;
pub mod resolve;
pub mod runtime;
pub mod shell;
pub mod variables;
pub mod wanted;

use allowlist::Allowlist;
use directory::{Directory, Verdict};
use env_diff::EnvDiff;
use guard::{Abilities, Guard};
use memory::{Memory, STATE, Trace, Undone};
use plan::{Need, Plan};
use runtime::Runtime;
use shell::Shell;
use wanted::Wanted;

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
}

/// Who one is without awsenv: the environment with our own values undone.
pub fn original(env: &Env, places: &Places) -> Env {
    recall(env, places, 0).1.original
}

fn recall(env: &Env, places: &Places, pid: u32) -> (Option<Memory>, Undone) {
    let Some(memory) = Memory::read(env, files::uid()) else {
        // Another user's state (`sudo -E`), or a damaged one: nothing of it is believed, and it is left alone.
        return (None, Undone { original: env.clone(), ..Undone::default() });
    };
    let sealed = memory.aside.as_deref().and_then(|id| aside::take(places, id));
    let originals = sealed.map(|bytes| memory::unpack(&bytes));
    let undone = memory.undo(env, pid, originals.as_ref());
    (Some(memory), undone)
}

/// Answers a shell. `settings_mistake`: the settings could not be read and the defaults stand in.
pub fn answer(question: &Question<'_>, settings_mistake: Option<&anyhow::Error>) -> Answer {
    let runtime = Runtime::open(question.places).ok();
    // Before everything it stands for: what changes from here on makes the guard false.
    let token = runtime.as_ref().and_then(|runtime| runtime.token().ok());
    let (memory, undone) =
        recall(question.env, question.places, if question.is_new { 0 } else { question.pid });
    if question.env.text("AWSENV_DISABLE").is_some() {
        let statements = EnvDiff::between(question.env, &undone.original).statements(question.shell, STATE);
        return Answer {
            statements,
            guard: Guard::disabled(question.shell),
            needs_session: None,
            notice: None,
        };
    }
    let allowlist = Allowlist::new(question.places, question.settings);
    let directory = Directory::find(question.pwd, &allowlist, question.places, None);
    let mut next = Next::after(memory.as_ref(), &undone, &directory.verdict, question);
    let plan = if next.memory.stands_back {
        Plan::hands_off(&undone.original, question.env)
    } else {
        plan::plan(&directory.verdict, &undone.original, question)
    };
    let mut target = next.follow(&plan.wanted, &undone, memory.as_ref(), question);
    let complaint = settings_mistake
        .map(|error| one_line(&error.to_string(), None))
        .or(plan.complaint.clone())
        .or(directory.complaint.as_ref().map(|complaint| one_line(&complaint.text, None)));
    let notice = next.notice.take().or(next.say_once(memory.as_ref(), complaint));
    if !next.memory.is_empty() {
        target.set(STATE, next.memory.write());
    }
    let (settings_file, no_settings_file) = match plan::watch(&question.places.settings) {
        Some(watched) => (Some(watched), None),
        None => (None, Some(question.places.settings.clone())),
    };
    let guard = Guard {
        pwd: question.pwd.to_owned(),
        now: question.now,
        deadline: plan.deadline,
        variables: guarded_variables(&plan.wanted, &target),
        token,
        watched: directory.watched.into_iter().chain(plan.watched).chain(settings_file).collect(),
        absent: directory.absent.into_iter().chain(plan.absent).chain(no_settings_file).collect(),
        entries: directory.entries,
    };
    let statements = EnvDiff::between(question.env, &target).statements(question.shell, STATE);
    let abilities = Abilities::of(question.shell, question.version, question.pid);
    let guard = guard.function(abilities, runtime.as_ref());
    Answer { statements, guard, needs_session: plan.needs_session, notice }
}

/// The key id, the profile and the region, where we decided over them. Never a secret: it becomes shell text.
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
    names.iter().map(|name| (*name, target.get(name).unwrap_or_default().to_owned())).collect()
}

/// One line for the prompt: what, and what to do.
pub(crate) fn one_line(what: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("awsenv: {}; {}", printable(what), printable(hint)),
        None => format!("awsenv: {}", printable(what)),
    }
}

/// The memory that follows, and what to say.
struct Next {
    memory: Memory,
    notice: Option<String>,
    /// Variables the user changed by hand in here, other than the identity: left alone until they leave.
    theirs: Vec<String>,
}

impl Next {
    fn after(memory: Option<&Memory>, undone: &Undone, verdict: &Verdict, question: &Question<'_>) -> Self {
        let mut next = match memory {
            Some(memory) => memory.successor(question.pid),
            None => Memory::of_shell(question.pid, files::uid()),
        };
        next.files = memory::named(&verdict.files());
        let mut notice = None;
        let mut theirs = Vec::new();
        if let Some(memory) = memory
            && memory.files == next.files
            && !next.files.is_empty()
        {
            let by_hand = undone.identity_by_hand();
            next.stands_back = memory.stands_back || by_hand.is_some();
            if let Some(name) = by_hand.filter(|_| !memory.stands_back) {
                notice =
                    Some(one_line(&format!("{name} was set by hand, standing back until you leave"), None));
            }
            theirs = undone.changed.iter().filter(|name| !variables::is_identity(name)).cloned().collect();
        }
        Self { memory: next, notice, theirs }
    }

    /// Remembers what is done to the original environment, and does it.
    fn follow(
        &mut self,
        wanted: &Wanted,
        undone: &Undone,
        before: Option<&Memory>,
        question: &Question<'_>,
    ) -> Env {
        let original = &undone.original;
        let mut wanted = wanted.clone();
        for name in &self.theirs {
            wanted.0.remove(name);
            self.memory.traces.insert(name.clone(), Trace::Theirs);
        }
        let may_be_secret =
            |name: &str, value: &OsStr| !variables::is_plain(name) || value.to_str().is_none();
        let aside: Env = wanted
            .0
            .keys()
            .filter_map(|name| Some((name, original.get(name)?)))
            .filter(|(name, value)| may_be_secret(name, value))
            .collect();
        if aside.iter().next().is_some() {
            self.memory.aside = aside::put(question.places, &memory::pack(&aside), question.now);
            if self.memory.aside.is_none() {
                let names: Vec<_> = aside.iter().map(|(name, _)| name.to_string_lossy()).collect();
                self.notice = Some(one_line(
                    &format!("cannot set {} aside: it will not come back", names.join(", ")),
                    None,
                ));
            }
        }
        if wanted.decides_identity() {
            self.memory.keep_markers(original);
        }
        for (name, value) in &wanted.0 {
            let sealed = aside.get(name).is_some();
            self.memory.trace(name, original.get(name), value.as_deref(), sealed);
        }
        // One failed look is no reason to give an original up: its id stays, as long as there is but one.
        let (kept, lost): (Vec<_>, Vec<_>) = undone
            .out_of_reach
            .iter()
            .partition(|name| wanted.0.contains_key(*name) && self.memory.aside.is_none());
        for name in kept {
            self.memory.trace_out_of_reach(name, wanted.0.get(name).and_then(Option::as_deref));
        }
        if self.memory.aside.is_none() && !undone.out_of_reach.is_empty() {
            self.memory.aside = before.and_then(|before| before.aside.clone());
        }
        if !lost.is_empty() {
            let names: Vec<_> = lost.iter().map(|name| name.as_str()).collect();
            self.notice = Some(one_line(
                &format!("cannot bring {} back: the sealed originals cannot be opened", names.join(", ")),
                None,
            ));
        }
        wanted.over(original)
    }

    fn say_once(&mut self, before: Option<&Memory>, complaint: Option<String>) -> Option<String> {
        let complaint = complaint?;
        let digest = files::hex(&Sha256::digest(&complaint)[..4]);
        let said = before.and_then(|memory| memory.complaint.as_ref()) == Some(&digest);
        self.memory.complaint = Some(digest);
        (!said).then_some(complaint)
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
