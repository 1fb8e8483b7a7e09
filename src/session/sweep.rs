//! What nobody can use any more goes: now and then by whoever keeps a session, never by a prompt; and all of it
//! when a person says so.

use std::fs::DirEntry;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::session_key::SessionKey;
use super::store::{Found, LOCK, SessionStore};
use super::{failure, index, lease, mfa_mark};
use crate::clock::{self, Timestamp};
use crate::files;
use crate::places::Places;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Sealed with a key that is gone; or of an index entry, which the next prompt makes anew.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
/// What is written is in place within moments: after this its writer was killed.
const HALF_WRITTEN: Duration = Duration::from_secs(60);
/// Nobody waits for more than this; the rest is for another day.
const MOST: usize = 5000;

/// Sweeps, unless somebody did within a day.
pub(super) fn now_and_then(places: &Places, now: Timestamp) {
    let mark = places.state.join("swept");
    let is_recent = std::fs::metadata(&mark).ok().and_then(|metadata| metadata.modified().ok());
    if is_recent.and_then(|time| Timestamp::try_from(time).ok()).is_some_and(|last| age(last, now) < DAY) {
        return;
    }
    // First of all, so that one alone does it.
    let marked = files::touch(&mark).and_then(|file| file.set_modified(now.into()));
    if marked.is_ok() {
        sweep(places, now);
    }
}

fn sweep(places: &Places, now: Timestamp) {
    let store = SessionStore::new(places);
    for entry in entries(&store.dir()).take(MOST) {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let session = SessionKey::named(name.strip_suffix(LOCK).unwrap_or(name));
        match session {
            Some(session) => forget_ended(&store, &session, &entry, now),
            None if name.ends_with(LOCK) => drop(files::remove_lock(&entry.path())),
            None if is_older(&entry, HALF_WRITTEN, now) => drop(files::remove(&entry.path())),
            None => {}
        }
    }
    remove_older(&index::dir(places), MONTH, now, |_| true);
    remove_older(&lease::dir(places), MONTH, now, |_| true);
    for entry in entries(&failure::dir(places)).take(MOST) {
        let again = failure::read(&entry.path()).and_then(|record| clock::parse(&record.again));
        let is_over = match again {
            Some(again) => age(again, now) > DAY,
            None => is_older(&entry, DAY, now),
        };
        if is_over {
            let _ = files::remove(&entry.path());
        }
    }
    mfa_mark::forget_old(places, now);
}

/// Under the session's lock: whoever writes a new one in its place has that too.
fn forget_ended(store: &SessionStore<'_>, session: &SessionKey, entry: &DirEntry, now: Timestamp) {
    let Ok(Some(lock)) = store.try_lock(session) else { return };
    let is_over = match store.load(session) {
        Found::Session(found) => age(found.end(), now) > DAY,
        Found::Unreadable => is_older(entry, MONTH, now),
        Found::Absent => true,
    };
    if is_over {
        let _ = files::remove(&store.path(session));
        drop(lock);
        let _ = files::remove_lock(&store.lock_path(session));
    }
}

/// Forgets every session, the way to it, and what went wrong; answers how many sessions these were. A lock that
/// somebody holds stays, and so does the mark of an MFA code that AWS would still know.
pub fn forget_all(places: &Places) -> anyhow::Result<usize> {
    let mut count = 0;
    let sessions = SessionStore::new(places).dir();
    [&places.state, &sessions]
        .into_iter()
        .try_for_each(|dir| files::check_own(dir))
        .context("cannot forget the sessions")?;
    if let Err(error) = std::fs::read_dir(&sessions)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error).context("cannot read the sessions");
    }
    for entry in entries(&sessions) {
        let name = entry.file_name();
        let is_lock = name.to_str().is_some_and(|name| name.ends_with(LOCK));
        let removed = if is_lock { files::remove_lock(&entry.path()) } else { files::remove(&entry.path()) };
        removed.context("cannot remove a session")?;
        count += usize::from(name.to_str().and_then(SessionKey::named).is_some());
    }
    for entry in entries(&index::dir(places)).chain(entries(&failure::dir(places))) {
        files::remove(&entry.path()).context("cannot remove what goes with a session")?;
    }
    mfa_mark::forget_old(places, clock::now());
    Ok(count)
}

/// Removes the files of a directory that have not changed for so long.
pub(super) fn remove_older(dir: &Path, than: Duration, now: Timestamp, which: impl Fn(&str) -> bool) {
    for entry in entries(dir).take(MOST) {
        if entry.file_name().to_str().is_none_or(&which) && is_older(&entry, than, now) {
            let _ = files::remove(&entry.path());
        }
    }
}

fn entries(dir: &Path) -> impl Iterator<Item = DirEntry> {
    std::fs::read_dir(dir).into_iter().flatten().flatten()
}

fn is_older(entry: &DirEntry, than: Duration, now: Timestamp) -> bool {
    let modified = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
    modified.and_then(|time| Timestamp::try_from(time).ok()).is_some_and(|then| age(then, now) > than)
}

/// How long ago something was; what is to come is of no age.
fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{Credentials, Expiry};
    use crate::secret::Secret;
    use crate::session::failure::FailureRecord;
    use crate::session::store::Session;

    fn a_key(letter: char) -> SessionKey {
        SessionKey::named(&letter.to_string().repeat(40)).unwrap()
    }

    fn session(ended_before: Duration, now: Timestamp) -> Session {
        let end = now.checked_sub(ended_before).unwrap();
        let credentials = Credentials {
            access_key_id: "ASIA1".into(),
            secret_access_key: Secret::new("s"),
            session_token: None,
            expiry: Some(Expiry(end)),
            account: None,
        };
        Session {
            name: "one".into(),
            credentials,
            claimed_account: None,
            issued: end.checked_sub(DAY).unwrap(),
            sign_in: None,
            clock_ahead: None,
        }
    }

    /// The names in a directory of the state.
    fn names(places: &Places, dir: &str) -> Vec<String> {
        let mut names: Vec<_> =
            entries(&places.state.join(dir)).map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn made_old(path: &Path, by: Duration, now: Timestamp) {
        let then = now.checked_sub(by).unwrap();
        files::touch(path).unwrap().set_modified(then.into()).unwrap();
    }

    #[test]
    fn what_ended_a_day_ago_goes_with_its_lock_and_what_may_serve_stays() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = clock::now();
        let store = SessionStore::new(&places);
        let name = |letter, rest| format!("{}{rest}", a_key(letter).name());
        let held = store.try_lock(&a_key('c')).unwrap().unwrap();
        for (letter, ended) in [('a', 2 * DAY), ('b', DAY / 2), ('c', 2 * DAY)] {
            store.save(&a_key(letter), &session(ended, now)).unwrap();
            drop(store.try_lock(&a_key(letter)).unwrap());
        }
        std::fs::write(store.path(&a_key('d')), "sealed with a key that is gone").unwrap();
        made_old(&store.path(&a_key('d')), 2 * MONTH, now);
        std::fs::write(store.path(&a_key('e')), "and lately").unwrap();
        files::touch(&store.lock_path(&a_key('f'))).unwrap();
        drop(store.lock_for_person(&a_key('b'), DAY).unwrap().unwrap());
        let asked = store.lock_for_person(&a_key('f'), DAY).unwrap().unwrap();
        made_old(&store.dir().join(name('f', ".person.lock")), 2 * HALF_WRITTEN, now);
        made_old(&store.dir().join("half.1.abcd"), 2 * HALF_WRITTEN, now);
        files::touch(&store.dir().join("half.2.abcd")).unwrap();
        sweep(&places, now);
        let mut left = vec![
            name('b', ""),
            name('b', LOCK),
            name('c', ""),
            name('c', LOCK),
            name('e', ""),
            name('e', LOCK),
            name('f', ".person.lock"),
            "half.2.abcd".to_owned(),
        ];
        left.sort();
        assert_eq!(names(&places, "sessions"), left);
        drop((held, asked));
        sweep(&places, now);
        assert!(matches!(store.load(&a_key('c')), Found::Absent));
    }

    #[test]
    fn failures_go_a_day_after_their_pause_and_the_index_after_a_month() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = clock::now();
        let long_ago = now.checked_sub(2 * DAY).unwrap();
        let failure = || FailureRecord { needs_person: true, ..FailureRecord::default() };
        failure().save(&places, &a_key('a'), long_ago);
        failure().save(&places, &a_key('b'), now);
        files::private_dir(&index::dir(&places)).unwrap();
        made_old(&index::dir(&places).join("old"), 2 * MONTH, now);
        made_old(&index::dir(&places).join("new"), DAY, now);
        sweep(&places, now);
        assert_eq!(names(&places, "failures"), [a_key('b').name()]);
        assert_eq!(names(&places, "index"), ["new"]);
        forget_all(&places).unwrap();
        assert_eq!((names(&places, "failures").len(), names(&places, "index").len()), (0, 0));
    }

    #[test]
    fn whoever_keeps_a_session_sweeps_once_a_day() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = clock::now();
        let store = SessionStore::new(&places);
        let keep = |letter| store.save(&a_key(letter), &session(2 * DAY, now)).unwrap();
        let is_there = |letter| store.path(&a_key(letter)).exists();
        keep('a');
        // The first of the day has swept, itself included; the next leaves it to that.
        keep('b');
        keep('c');
        assert!(!is_there('a') && is_there('b') && is_there('c'));
        made_old(&places.state.join("swept"), 2 * DAY, now);
        keep('d');
        assert!(!is_there('b') && !is_there('c'));
    }

    #[test]
    fn all_that_is_forgotten_is_counted_and_a_lock_that_is_held_stays() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = clock::now();
        let store = SessionStore::new(&places);
        assert_eq!(forget_all(&places).unwrap(), 0);
        store.save(&a_key('b'), &session(Duration::ZERO, now)).unwrap();
        let held = store.try_lock(&a_key('a')).unwrap().unwrap();
        drop(store.try_lock(&a_key('b')).unwrap().unwrap());
        files::touch(&store.dir().join("half.1.abcd")).unwrap();
        assert_eq!(forget_all(&places).unwrap(), 1);
        assert_eq!(names(&places, "sessions"), [format!("{}{LOCK}", a_key('a').name())]);
        drop(held);
    }
}
