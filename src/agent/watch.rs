//! What changes on disk: AWS's files, sign-ins, sessions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::EventKind;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// Directories that are looked at, and who is woken.
#[derive(Debug)]
pub struct Watch(Mutex<Option<(RecommendedWatcher, BTreeSet<PathBuf>)>>);

impl Watch {
    /// Of nothing yet. Where the system has no more watches to give, there are none: then things are noticed when
    /// somebody asks.
    pub fn new(wake: Arc<Notify>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(&event)) {
                wake.notify_one();
            }
        });
        Self(Mutex::new(watcher.ok().map(|watcher| (watcher, BTreeSet::new()))))
    }

    /// A directory, from here on; one that is not there, not.
    pub fn add(&self, directory: &Path) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((watcher, known)) = watched.as_mut()
            && !known.contains(directory)
            && watcher.watch(directory, RecursiveMode::NonRecursive).is_ok()
        {
            known.insert(directory.to_owned());
        }
    }
}

/// A look into a file is none, and whoever takes a lock changes nothing.
fn is_change(event: &Event) -> bool {
    let is_change = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_));
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "lock");
    is_change && !event.paths.iter().all(is_lock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[test]
    fn a_change_wakes_and_a_look_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let wake = Arc::new(Notify::new());
        let watch = Watch::new(wake.clone());
        watch.add(dir.path());
        watch.add(&dir.path().join("not-there"));
        let long = Duration::from_secs(60);
        std::fs::write(dir.path().join("config"), "x").unwrap();
        runtime.block_on(async { timeout(long, wake.notified()).await.unwrap() });
        // What comes after it tells that these were passed over.
        let of = |kind, path: &str| Event { kind, paths: vec![path.into()], ..Event::default() };
        let created = EventKind::Create(notify::event::CreateKind::File);
        assert!(is_change(&of(created, "/a/config")));
        assert!(!is_change(&of(created, "/a/session.lock")));
        let opened = EventKind::Access(notify::event::AccessKind::Open(notify::event::AccessMode::Read));
        assert!(!is_change(&of(opened, "/a/config")));
    }
}
