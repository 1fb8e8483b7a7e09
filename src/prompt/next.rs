//! What follows from one answer to the next: the memory, and what a person is told once.

use std::ffi::OsStr;

use sha2::{Digest as _, Sha256};

use super::directory::Directory;
use super::memory::{self, Memory, Trace, Undone};
use super::wanted::Wanted;
use super::{Question, one_line, variables};
use crate::env::Env;
use crate::files;
use crate::session::aside;

/// The memory that follows, and what to say.
pub(super) struct Next {
    pub(super) memory: Memory,
    pub(super) notice: Option<String>,
    /// Variables the user changed by hand in here, other than the identity: left alone until they leave.
    theirs: Vec<String>,
}

impl Next {
    /// Compares what was with where the shell is now.
    pub(super) fn after(
        memory: Option<&Memory>,
        undone: &Undone,
        directory: &Directory,
        question: &Question<'_>,
    ) -> Self {
        let mut next = match memory {
            Some(memory) => memory.successor(question.pid),
            None => Memory::of_shell(question.pid, files::uid()),
        };
        next.files = memory::named(&directory.verdict.files());
        next.choice.clone_from(&directory.choice);
        let mut notice = undone.is_of_newer.then(|| {
            let what = "a newer awsenv has set variables in this shell: they are gone, and so is what was there before";
            one_line(what, Some("open a new shell"))
        });
        let mut theirs = Vec::new();
        if let Some(memory) = memory
            && memory.files == next.files
            && memory.choice == next.choice
            && !(next.files.is_empty() && next.choice.is_none())
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
    pub(super) fn follow(
        &mut self,
        wanted: &Wanted,
        undone: Undone,
        before: Option<&Memory>,
        question: &Question<'_>,
    ) -> Env {
        let original = &undone.original;
        let mut wanted = wanted.clone();
        for name in &self.theirs {
            wanted.0.remove(name);
            self.memory.traces.insert(name.clone(), Trace::Theirs);
        }
        let aside = self.set_aside(&wanted, original, question);
        if wanted.decides_identity() {
            self.memory.keep_markers(original);
        }
        for (name, value) in &wanted.0 {
            let sealed = aside.get(name).is_some();
            self.memory.trace(name, original.get(name), value.as_deref(), sealed);
        }
        self.keep_what_is_out_of_reach(&wanted, &undone, before);
        wanted.over(undone.original)
    }

    /// Seals the originals that may be secret; answers which they are.
    fn set_aside(&mut self, wanted: &Wanted, original: &Env, question: &Question<'_>) -> Env {
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
                let they = if names.len() == 1 { "it" } else { "they" };
                self.notice = Some(one_line(
                    &format!("cannot set {} aside: {they} will not come back", names.join(", ")),
                    None,
                ));
            }
        }
        aside
    }

    /// One failed look is no reason to give an original up: its id stays, as long as there is but one.
    fn keep_what_is_out_of_reach(&mut self, wanted: &Wanted, undone: &Undone, before: Option<&Memory>) {
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
    }

    /// Complains, unless that was the last complaint already. `is_tried`: what it was about may be so again, once
    /// it has been tried.
    pub(super) fn say_once(
        &mut self,
        before: Option<&Memory>,
        complaint: Option<String>,
        is_tried: bool,
    ) -> Option<String> {
        let last = before.and_then(|memory| memory.complaint.as_ref());
        let Some(complaint) = complaint else {
            self.memory.complaint = last.filter(|_| is_tried).cloned();
            return None;
        };
        let digest = files::hex(&Sha256::digest(&complaint)[..4]);
        let said = last == Some(&digest);
        self.memory.complaint = Some(digest);
        (!said).then_some(complaint)
    }
}
