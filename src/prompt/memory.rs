//! What awsenv did to a shell, remembered in the shell's own environment (`AWSENV_STATE`), so that it can be
//! undone exactly, by any process, in any descendant of that shell. Decoded as hostile input.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::choice::Choice;
use super::segment::Segment;
use super::shell::UNIVERSAL;
use super::variables::{is_identity, is_ours_to_touch};
use crate::env::Env;
use crate::files;

/// The variable that holds it.
pub const STATE: &str = "AWSENV_STATE";
/// What the hook puts into AWS_PROFILE when the program does not answer.
pub const NO_ANSWER: &str = "awsenv did not answer: no credentials";
/// What the hook itself sets then: `__awsenv_unload` of the shell files.
const MARKERS: [(&str, &str); 2] = [("AWS_PROFILE", NO_ANSWER), ("AWS_EC2_METADATA_DISABLED", "true")];
const VERSION: &str = "1";
/// More than this is nothing of ours.
const LIMIT: usize = 16 * 1024;

/// The state of one shell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The shell's process id: in another shell a different value is a new original, not a change by hand.
    #[serde(rename = "p")]
    pub pid: u32,
    /// Another user's state is ignored (`sudo -E`).
    #[serde(rename = "u")]
    pub uid: u32,
    /// Names this shell's choices (`use`), and salts the digests.
    #[serde(rename = "n")]
    pub nonce: String,
    /// The `.awsenv` files that took part, nearest first, each by a digest of its path: they are only compared.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What was done to each variable.
    #[serde(rename = "v", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traces: BTreeMap<String, Trace>,
    /// Where the originals that may be secret are sealed.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<String>,
    /// The user set credentials by hand in this directory: hands off until it is left.
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_back: bool,
    /// A digest of the last complaint, so that it is made once.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<String>,
    /// What `use` has chosen for this shell.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// What its prompt shows.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// The hook has unset the variables itself, for want of an answer.
    #[serde(skip)]
    pub lost: bool,
    /// The hook has put away who one is, as long as it asks.
    #[serde(skip)]
    pub away: bool,
}

/// What was done to one variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trace {
    /// Set by us: the digest of our value, and what was there before.
    #[serde(rename = "s")]
    Set(String, Before),
    /// Unset by us.
    #[serde(rename = "u")]
    Unset(Before),
    /// Left alone by us, but set by the hook itself should the program not answer.
    #[serde(rename = "k")]
    Kept(Before),
    /// Changed by the user since: it is theirs until they leave.
    #[serde(rename = "t")]
    Theirs,
}

/// What a variable was before awsenv.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Before {
    /// Not there.
    #[serde(rename = "-")]
    Absent,
    /// This; never a secret.
    #[serde(rename = "=")]
    Plain(String),
    /// In the sealed originals.
    #[serde(rename = "@")]
    Aside,
}

/// The environment with our own values undone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// What the environment would be without awsenv.
    pub original: Env,
    /// Variables the user changed since awsenv set them (in this very shell).
    pub changed: Vec<String>,
    /// Variables whose originals are sealed, and cannot be opened now.
    pub out_of_reach: Vec<String>,
    /// A newer awsenv has set variables here. They are gone; what was there before, only that one knows.
    pub is_of_newer: bool,
}

impl Undone {
    /// The first variable set by hand that says who one is. One that is gone says nothing.
    pub fn identity_by_hand(&self) -> Option<&str> {
        let is_set = |name: &&str| self.original.get(name).is_some_and(|value| !value.is_empty());
        self.changed.iter().map(String::as_str).filter(is_set).find(|name| is_identity(name))
    }
}

impl Memory {
    /// The empty memory of a shell.
    pub fn of_shell(pid: u32, uid: u32) -> Self {
        Self { pid, uid, nonce: files::random_hex(4), ..Self::default() }
    }

    /// The empty memory that follows this one: the same user and nonce, perhaps in another shell.
    pub fn successor(&self, pid: u32) -> Self {
        Self { pid, uid: self.uid, nonce: self.nonce.clone(), ..Self::default() }
    }

    /// Reads `AWSENV_STATE`; whatever is not exactly ours, of this user, is no memory at all.
    pub fn read(current: &Env, uid: u32) -> Option<Self> {
        let text = current.get(STATE)?.to_str().filter(|text| text.len() <= LIMIT)?;
        let mut parts = text.splitn(4, ':');
        let (version, mark, _names, json) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let mut memory: Self = serde_json::from_str(json).ok()?;
        (memory.lost, memory.away) = (mark == "lost", mark == "away");
        let sane = version == VERSION
            && matches!(mark, "on" | "off" | "lost" | "away")
            && memory.uid == uid
            && memory.nonce.bytes().all(|b| b.is_ascii_hexdigit())
            && memory.choice.iter().all(Choice::is_sane)
            && memory.aside.iter().all(|id| id.bytes().all(|b| b.is_ascii_hexdigit()))
            && memory.traces.keys().all(|name| is_ours_to_touch(name));
        sane.then_some(memory)
    }

    /// The text for `AWSENV_STATE`: `on` and the names tell the hook what to unset in an emergency.
    pub fn write(&self) -> String {
        let set = self.traces.iter().filter(|(_, trace)| matches!(trace, Trace::Set(..)));
        let names: Vec<_> = set.map(|(name, _)| name.as_str()).collect();
        let mark = match names[..] {
            _ if self.lost => "lost",
            _ if self.away => "away",
            [] => "off",
            _ => "on",
        };
        let json = serde_json::to_string(self).expect("strings and numbers become JSON");
        format!("{VERSION}:{mark}:{}:{json}", names.join(" "))
    }

    /// The environment without what a newer awsenv says that it has set: how the text begins stays the same in all
    /// versions, for the hooks to read. `None`: it is of no newer one.
    pub fn undo_newer(current: &Env) -> Option<Undone> {
        let text = current.get(STATE)?.to_str().filter(|text| text.len() <= LIMIT)?;
        let mut parts = text.splitn(4, ':');
        let (version, mark, names, _rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        version.parse::<u32>().ok().filter(|version| VERSION.parse().is_ok_and(|own: u32| *version > own))?;
        let mut original = current.clone();
        let names = names.split(' ').filter(|name| is_ours_to_touch(name));
        for name in names.chain([STATE]) {
            original.unset(name);
        }
        let markers = MARKERS.iter().filter(|_| !matches!(mark, "on" | "off"));
        for (name, _) in markers.filter(|(name, text)| current.get(name) == Some(OsStr::new(text))) {
            original.unset(name);
        }
        Some(Undone { original, is_of_newer: true, ..Undone::default() })
    }

    /// Whether there is anything to remember.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.traces.is_empty() && self.complaint.is_none() && self.choice.is_none()
    }

    /// The environment as it would be without us. `shell` is the pid of the shell that asks, `aside` the
    /// originals unsealed, if that could be done.
    pub fn undo(&self, current: &Env, shell: u32, aside: Option<&Env>) -> Undone {
        let mut undone = Undone { original: current.clone(), ..Undone::default() };
        undone.original.unset(STATE);
        // In another shell, and after an answer was cut off, a difference is a new original.
        let by_hand = self.pid == shell && !self.lost;
        for (name, trace) in &self.traces {
            let before = match trace {
                Trace::Set(_, before) | Trace::Unset(before) | Trace::Kept(before)
                    if self.is_ours(name, trace, current) =>
                {
                    before
                }
                _ => {
                    undone.changed.extend(by_hand.then(|| name.clone()));
                    continue;
                }
            };
            match before {
                Before::Absent => drop(undone.original.unset(name)),
                Before::Plain(value) => undone.original.set(name, value),
                Before::Aside => match aside.and_then(|aside| aside.get(name)) {
                    Some(value) => undone.original.set(name, value),
                    None => {
                        undone.original.unset(name);
                        undone.out_of_reach.push(name.clone());
                    }
                },
            }
        }
        if by_hand && self.provides() {
            // What we left alone because it was not there, and the user has set since.
            undone.changed.extend(
                current
                    .iter()
                    .filter_map(|(name, _)| name.to_str())
                    .filter(|name| is_identity(name) && !self.traces.contains_key(*name))
                    .map(str::to_owned),
            );
        }
        undone
    }

    /// Whether this memory is of a shell in which we decide over the identity.
    fn provides(&self) -> bool {
        self.traces.keys().any(|name| is_identity(name)) && !self.stands_back
    }

    fn is_ours(&self, name: &str, trace: &Trace, current: &Env) -> bool {
        let value = current.get(name);
        let as_we_left_it = match trace {
            Trace::Set(digest, _) => value.is_some_and(|value| self.digest(value) == *digest),
            // Empty or the sentence: what fish puts over a universal variable (`Shell::unset`).
            Trace::Unset(_) => value.is_none_or(|value| value.is_empty() || value == UNIVERSAL),
            Trace::Kept(Before::Absent) => value.is_none(),
            Trace::Kept(Before::Plain(before)) => value == Some(OsStr::new(before)),
            Trace::Kept(Before::Aside) | Trace::Theirs => false,
        };
        // After an emergency unload ours are gone, and the hook's own two values stand there.
        let gone = self.lost || self.away && is_identity(name);
        let marks = self.lost || self.away;
        let marked = |(marker, text): &(&str, &str)| name == *marker && value == Some(OsStr::new(text));
        as_we_left_it || gone && value.is_none_or(OsStr::is_empty) || marks && MARKERS.iter().any(marked)
    }

    /// What we have set that says who one is.
    pub fn identity(&self) -> Vec<&str> {
        let set = self.traces.iter().filter(|(_, trace)| matches!(trace, Trace::Set(..)));
        set.map(|(name, _)| name.as_str()).filter(|name| is_identity(name)).collect()
    }

    /// The digest of a value, salted: enough to know our own again, and nothing more.
    pub fn digest(&self, value: &OsStr) -> String {
        let digest = Sha256::new().chain_update(&self.nonce).chain_update(value.as_bytes()).finalize();
        files::hex(&digest[..8])
    }

    /// Remembers the two variables that the hook sets in an emergency, as far as we leave them alone.
    pub fn keep_markers(&mut self, original: &Env) {
        for (name, _) in MARKERS {
            let before = match original.get(name).map(OsStr::to_str) {
                None => Before::Absent,
                Some(Some(text)) => Before::Plain(text.to_owned()),
                Some(None) => continue,
            };
            self.traces.entry(name.to_owned()).or_insert(Trace::Kept(before));
        }
    }

    /// Remembers that the original of `name` is still sealed, though it could not be opened this time.
    pub fn trace_out_of_reach(&mut self, name: &str, wanted: Option<&OsStr>) {
        let trace = match wanted {
            Some(value) => Trace::Set(self.digest(value), Before::Aside),
            None => Trace::Unset(Before::Aside),
        };
        self.traces.insert(name.to_owned(), trace);
    }

    /// Remembers that `name` is about to become `wanted`, from `original`. `sealed`: the original is set aside.
    pub fn trace(&mut self, name: &str, original: Option<&OsStr>, wanted: Option<&OsStr>, sealed: bool) {
        let before = match original {
            None => Before::Absent,
            Some(value) => match value.to_str() {
                Some(text) if !sealed => Before::Plain(text.to_owned()),
                _ => Before::Aside,
            },
        };
        let trace = match wanted {
            Some(value) => Trace::Set(self.digest(value), before),
            None => Trace::Unset(before),
        };
        self.traces.insert(name.to_owned(), trace);
    }
}

/// Names files as [`Memory::files`] holds them.
pub fn named(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|path| files::hex(&Sha256::digest(path.as_os_str().as_bytes())[..6])).collect()
}

/// Puts originals into bytes for sealing: `name=value\0`, as environments are written.
pub fn pack(originals: &Env) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in originals.iter() {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'=');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// The reverse of [`pack`].
pub fn unpack(bytes: &[u8]) -> Env {
    let text = |bytes: &[u8]| OsString::from(OsStr::from_bytes(bytes));
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|pair| {
            pair.iter().position(|byte| *byte == b'=').map(|at| (text(&pair[..at]), text(&pair[at + 1..])))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs.iter().copied().collect()
    }

    /// A shell (pid 7) with AWS_PROFILE=work in which we set a key and unset the profile.
    fn loaded() -> (Memory, Env) {
        let mut memory = Memory { nonce: "00".into(), ..Memory::of_shell(7, 1000) };
        memory.trace("AWS_ACCESS_KEY_ID", None, Some(OsStr::new("AKIA1")), false);
        memory.trace("AWS_PROFILE", Some(OsStr::new("work")), None, false);
        memory.trace("TF_WORKSPACE", Some(OsStr::new("")), Some(OsStr::new("dev")), false);
        let current = env(&[("AWS_ACCESS_KEY_ID", "AKIA1"), ("TF_WORKSPACE", "dev"), ("PATH", "/bin")]);
        (memory, current)
    }

    #[test]
    fn undoing_gives_back_exactly_what_was_there() {
        let (memory, current) = loaded();
        let undone = memory.undo(&current, 7, None);
        assert_eq!(undone.original, env(&[("AWS_PROFILE", "work"), ("PATH", "/bin"), ("TF_WORKSPACE", "")]));
        assert_eq!(undone.changed, [""; 0]);
    }

    #[test]
    fn what_a_newer_version_has_set_goes_and_nothing_else() {
        let state = "2:on:AWS_ACCESS_KEY_ID TF_WORKSPACE PATH LD_PRELOAD:what this one cannot read";
        let current = env(&[
            ("AWS_ACCESS_KEY_ID", "AKIA1"),
            ("TF_WORKSPACE", "dev"),
            ("AWS_REGION", "eu-west-1"),
            ("PATH", "/bin"),
            (STATE, state),
        ]);
        assert_eq!(Memory::read(&current, 1000), None);
        let undone = Memory::undo_newer(&current).unwrap();
        assert_eq!(undone.original, env(&[("AWS_REGION", "eu-west-1"), ("PATH", "/bin")]));
        for other in ["", "1:on:AWS_REGION:{}", "0:on:AWS_REGION:{}", "x:on:AWS_REGION:{}", "2:on:AWS_REGION"]
        {
            let current = env(&[("AWS_REGION", "eu-west-1"), (STATE, other)]);
            assert_eq!(Memory::undo_newer(&current), None, "{other}");
        }
    }

    #[test]
    fn what_the_user_changed_meanwhile_is_the_users() {
        let (memory, mut current) = loaded();
        current.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
        current.set("AWS_SECRET_ACCESS_KEY", "mine");
        current.unset("TF_WORKSPACE");
        let undone = memory.undo(&current, 7, None);
        assert_eq!(undone.changed, ["AWS_ACCESS_KEY_ID", "TF_WORKSPACE", "AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(undone.identity_by_hand(), Some("AWS_ACCESS_KEY_ID"));
        assert_eq!(undone.original.get("AWS_ACCESS_KEY_ID"), Some(OsStr::new("AKIAMINE")));
        assert_eq!(undone.original.get("AWS_PROFILE"), Some(OsStr::new("work")));
        assert_eq!(undone.original.get("TF_WORKSPACE"), None);
    }

    #[test]
    fn in_another_shell_a_difference_is_a_new_original() {
        let (memory, mut current) = loaded();
        current.set("AWS_PROFILE", "from-the-rc-file");
        let undone = memory.undo(&current, 8, None);
        assert_eq!(undone.changed, [""; 0]);
        assert_eq!(undone.original.get("AWS_PROFILE"), Some(OsStr::new("from-the-rc-file")));
        assert_eq!(undone.original.get("AWS_ACCESS_KEY_ID"), None);
    }

    /// What `__awsenv_unload` makes of an environment.
    fn unload(memory: &Memory, current: &mut Env) -> Memory {
        for name in memory.write().split(':').nth(2).unwrap().split(' ') {
            current.unset(name);
        }
        MARKERS.iter().for_each(|(name, text)| current.set(*name, *text));
        current.set(STATE, memory.write().replacen(":on:", ":lost:", 1));
        Memory::read(current, 1000).unwrap()
    }

    #[test]
    fn after_an_emergency_unload_the_originals_still_come_back() {
        let (mut memory, mut current) = loaded();
        memory.keep_markers(&env(&[("AWS_PROFILE", "work"), ("AWS_EC2_METADATA_DISABLED", "false")]));
        let undone = unload(&memory, &mut current).undo(&current, 7, None);
        let original = [
            ("AWS_EC2_METADATA_DISABLED", "false"),
            ("AWS_PROFILE", "work"),
            ("PATH", "/bin"),
            ("TF_WORKSPACE", ""),
        ];
        assert_eq!(undone.original, env(&original));
        assert_eq!(undone.changed, [""; 0]);
    }

    #[test]
    fn after_an_emergency_unload_nothing_of_the_hooks_own_stays() {
        let mut memory = Memory::of_shell(7, 1000);
        memory.trace("AWS_ACCESS_KEY_ID", None, Some(OsStr::new("AKIA1")), false);
        memory.keep_markers(&Env::default());
        let mut current = env(&[("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_REGION", "the-users-own")]);
        let undone = unload(&memory, &mut current).undo(&current, 7, None);
        assert_eq!(undone.original, env(&[("AWS_REGION", "the-users-own")]));
    }

    #[test]
    fn what_the_hook_of_a_newer_one_has_set_goes_too() {
        let marked = |mark: &str| {
            let mut current =
                env(&[("AWS_REGION", "mine"), (STATE, &format!("2:{mark}:AWS_ACCESS_KEY_ID:{{}}"))]);
            MARKERS.iter().for_each(|(name, text)| current.set(*name, *text));
            Memory::undo_newer(&current).unwrap().original
        };
        for mark in ["lost", "away"] {
            assert_eq!(marked(mark), env(&[("AWS_REGION", "mine")]), "{mark}");
        }
        // No hook has set anything then: it is the user's own.
        assert_eq!(marked("on").text("AWS_EC2_METADATA_DISABLED"), Some("true"));
    }

    #[test]
    fn who_one_is_comes_back_that_the_hook_has_put_away_and_nothing_else() {
        let (mut memory, mut current) = loaded();
        memory.keep_markers(&Env::default());
        memory.trace("AWS_REGION", None, Some(OsStr::new("eu-west-1")), false);
        assert_eq!(memory.identity(), ["AWS_ACCESS_KEY_ID"]);
        current.unset("AWS_ACCESS_KEY_ID");
        MARKERS.iter().for_each(|(name, text)| current.set(*name, *text));
        current.set("AWS_REGION", "mine");
        current.set(STATE, memory.write().replacen(":on:", ":away:", 1));
        let memory = Memory::read(&current, 1000).unwrap();
        assert!(memory.write().starts_with("1:away:"), "{}", memory.write());
        let undone = memory.undo(&current, 7, None);
        assert_eq!(undone.changed, ["AWS_REGION"]);
        let original =
            [("AWS_PROFILE", "work"), ("AWS_REGION", "mine"), ("PATH", "/bin"), ("TF_WORKSPACE", "")];
        assert_eq!(undone.original, env(&original));
    }

    #[test]
    fn a_profile_set_by_hand_is_seen_though_we_left_it_alone() {
        let mut memory = Memory::of_shell(7, 1000);
        memory.trace("AWS_ACCESS_KEY_ID", None, Some(OsStr::new("AKIA1")), false);
        memory.keep_markers(&Env::default());
        let current = env(&[("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_PROFILE", "mine")]);
        assert_eq!(memory.undo(&current, 7, None).identity_by_hand(), Some("AWS_PROFILE"));
    }

    #[test]
    fn originals_that_may_be_secret_come_back_from_the_seal() {
        let mut memory = Memory::of_shell(7, 1000);
        memory.trace("AWS_SECRET_ACCESS_KEY", Some(OsStr::new("old")), None, true);
        assert!(!memory.write().contains("old"));
        let aside = unpack(&pack(&env(&[("AWS_SECRET_ACCESS_KEY", "o=l\nd")])));
        let undone = memory.undo(&Env::default(), 7, Some(&aside));
        assert_eq!(undone.original, env(&[("AWS_SECRET_ACCESS_KEY", "o=l\nd")]));
    }

    #[test]
    fn a_state_survives_its_variable() {
        let (mut memory, mut current) = loaded();
        memory.files = named(&["/work/a b/.awsenv".into(), OsStr::from_bytes(b"/\xff/.awsenv").into()]);
        memory.complaint = Some("ab".into());
        current.set(STATE, memory.write());
        assert_eq!(Memory::read(&current, 1000), Some(memory.clone()));
        assert_eq!(Memory::read(&current, 1001), None, "another user's");
        assert!(memory.write().len() < 1024);
    }

    #[test]
    fn hostile_state_is_no_state() {
        let (memory, _) = loaded();
        let good = memory.write();
        let mut bad = vec![
            String::new(),
            "1:on:{}".into(),
            "2".to_owned() + &good[1..],
            good.replace("TF_WORKSPACE", "PATH"),
            good.replace("TF_WORKSPACE", "LD_PRELOAD"),
            good.replace("TF_WORKSPACE", "a;rm -rf"),
            good.replace("TF_WORKSPACE", "AWS_x$(id)"),
            good.replace("\"n\":\"00\"", "\"n\":\"../x\""),
            good.replacen("{", "{\"a\":\"../../etc/passwd\",", 1),
            good.replacen(":on:", ":up:", 1),
            good.clone() + &" ".repeat(LIMIT),
        ];
        bad.extend((0..good.len()).map(|end| good[..end].to_owned()));
        for text in bad {
            assert_eq!(Memory::read(&env(&[(STATE, &text)]), 1000), None, "{text}");
        }
    }
}
