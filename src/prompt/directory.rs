//! From `$PWD` to the pin that counts there: the nearest `.awsenv` upward that a person has allowed, over
//! those it inherits from. Also what the guard must watch for the answer to stay true.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::allowlist::{Allowlist, ApprovedFile, Doubt, LOOK, Standing};
use super::choice::{Choice, Chosen, What};
use super::env_file::{EnvFile, Pin};
use super::guard::Watched;
use crate::clock::Timestamp;
use crate::message::{Exit, Failure};
use crate::places::{Places, tilde};

/// The file's name.
pub const NAME: &str = ".awsenv";
/// What stands in for a profile while the file cannot be followed.
const CHANGED: &str = ".awsenv changed: look at it, then run awsenv allow";
const DOUBTED: &str = ".awsenv cannot count: run awsenv status";
const MISTAKE: &str = ".awsenv has a mistake: run awsenv status";
/// At each prompt only so many directories are looked at for a new file, the nearest: each costs the prompt a stat.
const WATCHED_ANCESTORS: usize = 24;
/// When the program looks at the others again.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(10);

/// What counts in a directory, and what that rests on.
#[derive(Debug)]
pub struct Directory {
    /// The decision.
    pub verdict: Verdict,
    /// The files that were looked at.
    pub watched: Vec<Watched>,
    /// Where there was none.
    pub absent: Vec<PathBuf>,
    /// There was none in directories further up either, where no prompt looks.
    pub is_deep: bool,
    /// What the allow list rests its yes on.
    pub entries: Vec<PathBuf>,
    /// The nearest file that does not count, where a person should know.
    pub complaint: Option<Complaint>,
    /// The shell's own choice, as far as it counts here.
    pub choice: Option<Choice>,
}

/// A file that does not count, though it looks as if it should.
#[derive(Debug)]
pub struct Complaint {
    /// Which.
    pub path: PathBuf,
    /// What to say of it.
    pub text: String,
}

/// What an `.awsenv` decides.
#[derive(Debug)]
pub enum Verdict {
    /// No file counts here.
    Nothing,
    /// This does.
    Pinned(Box<Pinned>),
    /// A file counts, and cannot be followed: no credentials. With its path, the reason, and the sentence
    /// that stands in for a profile.
    Refused(PathBuf, anyhow::Error, String),
}

/// The pin of a directory.
#[derive(Debug)]
pub struct Pinned {
    /// The files it is made of, nearest first.
    pub files: Vec<PathBuf>,
    /// What was approved of each: path and content.
    pub digests: Vec<String>,
    /// All of them together, with what was chosen.
    pub pin: Pin,
    /// What this shell has chosen, in words.
    pub chosen: Option<String>,
}

impl Verdict {
    /// The files behind the decision, nearest first.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Pinned(pinned) => pinned.files.clone(),
            Self::Refused(path, ..) => vec![path.clone()],
        }
    }
}

impl Directory {
    /// When a guard has to end for the sake of what it does not see.
    pub fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        self.is_deep.then(|| now.checked_add(LOOK_UP_AGAIN).unwrap_or(now))
    }

    /// Looks upward from `pwd`, which is the shell's text: the directory may be gone.
    pub fn find(pwd: &OsStr, allowlist: &Allowlist<'_>, places: &Places, chosen: Chosen<'_>) -> Self {
        let mut found = Self {
            verdict: Verdict::Nothing,
            watched: Vec::new(),
            absent: Vec::new(),
            is_deep: false,
            entries: Vec::new(),
            complaint: None,
            choice: None,
        };
        let mut files = Vec::new();
        let mut digests = Vec::new();
        let mut pin: Option<Pin> = None;
        // Of the nearest file.
        let mut protects_the_profile = false;
        for (depth, dir) in Path::new(pwd).ancestors().filter(|dir| dir.is_absolute()).enumerate() {
            let path = dir.join(NAME);
            let Some(look) = allowlist.read(&path) else {
                log::trace!("{}: not there", path.display());
                if depth < WATCHED_ANCESTORS {
                    found.absent.push(path);
                } else {
                    found.is_deep = true;
                }
                continue;
            };
            match look.stamp {
                Some(stamp) => found.watched.push(Watched { path: path.clone(), stamp, target: look.target }),
                None => found.absent.push(path.clone()),
            }
            log::info!("{}: {}", path.display(), look.standing);
            found.entries.extend(look.entry);
            let counts = match look.standing {
                Standing::Denied => false,
                Standing::Unknown => allowlist.settings_are_broken(),
                Standing::Allowed(_) | Standing::Broken(_) => true,
            };
            if files.is_empty() && counts {
                found.choice = chosen.at(Some(&path)).cloned();
            }
            let file = match look.standing {
                Standing::Allowed(file) => file,
                Standing::Denied => continue,
                // Nobody can tell whether the settings would have trusted it.
                Standing::Unknown if allowlist.settings_are_broken() => {
                    return found.refused(path.clone(), not_allowed(&path, places).into(), CHANGED);
                }
                Standing::Unknown => {
                    found.complaint.get_or_insert_with(|| Complaint {
                        text: format!("{}; {LOOK}", not_allowed(&path, places).what),
                        path,
                    });
                    continue;
                }
                Standing::Broken(Doubt { why, hint }) => {
                    let failure = Failure::new(format!("{} {why}", tilde(&path, &places.home)))
                        .hint(hint)
                        .exit(Exit::NotAllowed);
                    let sentence = if hint == LOOK { CHANGED } else { DOUBTED };
                    return found.refused(path, failure.into(), sentence);
                }
            };
            let stage = if files.is_empty() { chosen.stage_of(&path) } else { None };
            let (env_file, own) = match read_pin(&file, places, stage) {
                Ok(read) => read,
                Err(error) => return found.refused(path, error, MISTAKE),
            };
            if file.by_prefix && !own.env.is_empty() {
                let failure = Failure::new(format!(
                    "{} has an [env] table, which no trusted prefix covers",
                    tilde(&path, &places.home)
                ))
                .hint(LOOK)
                .exit(Exit::NotAllowed);
                return found.refused(path, failure.into(), CHANGED);
            }
            if let (true, Some(What::Profile(name, _))) =
                (files.is_empty(), found.choice.as_ref().map(|choice| &choice.what))
            {
                protects_the_profile = env_file.protects(name);
            }
            files.push(path);
            digests.push(file.digest);
            pin = Some(match pin {
                Some(inner) => inner.over(own),
                None => own,
            });
            if !env_file.inherit {
                break;
            }
        }
        if files.is_empty() {
            found.choice = chosen.at(None).cloned();
        }
        let choice = found.choice.as_ref().map(|choice| &choice.what);
        let chosen = choice.map(What::text);
        let pin = choice.and_then(What::replacement).or(pin);
        if let (Some(pin), Some(path)) = (&pin, files.first())
            && let Err(failure) = pin.check_whole(path)
        {
            return found.refused(path.clone(), failure.into(), MISTAKE);
        }
        let is_agreed = match choice {
            Some(What::Stage(_, agreed)) => *agreed || !pin.as_ref().is_some_and(|pin| pin.protected),
            Some(What::Profile(_, agreed)) => *agreed || !protects_the_profile,
            None => true,
        };
        if let (Some(what), Some(path), false) = (choice, files.first(), is_agreed) {
            // It was not when it was chosen.
            let (text, name) = (what.text(), what.name());
            let failure = Failure::new(format!("{}: {text} is protected now", tilde(path, &places.home)))
                .hint(format!("run `awsenv use {name}`"))
                .exit(Exit::PersonNeeded);
            let sentence = format!("{text} is protected now: run awsenv use {name}");
            return found.refused(path.clone(), failure.into(), &sentence);
        }
        if let Some(pin) = pin {
            let by = files.first().map_or("this shell".into(), |path| path.display().to_string());
            log::info!("{by}: pins {}", pin.name().as_deref().unwrap_or("no credentials"));
            found.verdict = Verdict::Pinned(Box::new(Pinned { files, digests, pin, chosen }));
        }
        found
    }
}

impl Directory {
    fn refused(mut self, path: PathBuf, error: anyhow::Error, sentence: &str) -> Self {
        self.verdict = Verdict::Refused(path, error, sentence.to_owned());
        self
    }
}

/// The failure of a command that needs a file nobody has allowed.
pub fn not_allowed(path: &Path, places: &Places) -> Failure {
    Failure::new(format!("{} is not allowed", tilde(path, &places.home))).hint(LOOK).exit(Exit::NotAllowed)
}

fn read_pin(file: &ApprovedFile, places: &Places, stage: Option<&str>) -> anyhow::Result<(EnvFile, Pin)> {
    let env_file = EnvFile::parse(&file.text, &file.path, &places.home)?;
    let pin = env_file.pin(stage)?;
    Ok((env_file, pin))
}
