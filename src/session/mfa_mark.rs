//! Which MFA codes were sent: AWS takes each code of a device once, and says of a second time only that it is
//! invalid.

use std::path::PathBuf;
use std::time::Duration;

use super::key::{digest, key};
use super::sweep;
use crate::clock::Timestamp;
use crate::files;
use crate::places::Places;
use crate::secret::Secret;

/// A code changes with each of these (RFC 6238, and what AWS's devices use).
const STEP: i64 = 30;
/// AWS takes a code a little longer than its own step; after so many more it may come again by chance.
const LATER: i64 = 2;

/// Longer than it takes to note one.
const PATIENCE: Duration = Duration::from_secs(5);

/// That a code was sent, or is about to be: for all processes of this user.
#[derive(Debug)]
pub struct Mark(Option<PathBuf>);

impl Mark {
    /// Notes it; `None`: the code was sent before. Where nothing can be noted, AWS has to tell.
    pub fn take(places: &Places, serial: &str, code: &Secret, now: Timestamp) -> Option<Self> {
        let dir = dir(places);
        let opened = files::private_dir(&places.runtime).and_then(|()| files::private_dir(&dir));
        let (Ok(()), Some(key)) = (opened, key(places)) else { return Some(Self(None)) };
        let Ok(Some(_lock)) = files::lock_within(&dir.join("lock"), PATIENCE) else {
            return Some(Self(None));
        };
        let step = now.as_second() / STEP;
        let mark =
            |step: i64| dir.join(digest(&key, format!("mfa:{serial}:{}:{step}", code.expose()).as_bytes()));
        if (step - LATER..=step).any(|step| mark(step).exists()) {
            return None;
        }
        forget_old(places, now);
        let _ = files::touch(&mark(step));
        Some(Self(Some(mark(step))))
    }

    /// The code never left: it may be sent yet.
    pub fn take_back(self) {
        if let Some(path) = self.0 {
            let _ = files::remove(&path);
        }
    }
}

/// Removes the marks of codes that nobody can use any more.
pub(super) fn forget_old(places: &Places, now: Timestamp) {
    let oldest = Duration::from_secs((STEP * (LATER + 2)).unsigned_abs());
    sweep::remove_older(&dir(places), oldest, now, |name| name != "lock");
}

fn dir(places: &Places) -> PathBuf {
    places.runtime.join("mfa")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_code_of_a_device_is_taken_once_until_it_may_come_again_by_chance() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = clock::now();
        let later = |seconds| now.checked_add(Duration::from_secs(seconds)).unwrap();
        let code = Secret::new("123456");
        let take = |serial, code: &Secret, now| Mark::take(&places, serial, code, now);
        let mark = take("mfa/me", &code, now).unwrap();
        for seconds in [0, 1, 29, 59] {
            assert!(take("mfa/me", &code, later(seconds)).is_none(), "{seconds}");
        }
        assert!(take("mfa/me", &Secret::new("654321"), now).is_some());
        assert!(take("mfa/you", &code, now).is_some());
        assert!(take("mfa/me", &code, later(600)).is_some());
        mark.take_back();
        assert!(take("mfa/me", &code, now).is_some(), "it never left");
    }

    #[test]
    fn a_mark_does_not_tell_the_code_and_goes_when_it_is_old() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = clock::now();
        let names = || -> Vec<_> {
            let entries = std::fs::read_dir(super::dir(&places)).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        Mark::take(&places, "mfa/me", &Secret::new("123456"), now).unwrap();
        assert!(names().iter().all(|name| !name.contains("123456")), "{:?}", names());
        assert_eq!(names().len(), 2);
        forget_old(&places, now.checked_add(Duration::from_secs(600)).unwrap());
        assert_eq!(names(), ["lock"]);
    }
}
