//! What one chooses often and lately comes first in the picker. Names alone are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::files;
use crate::places::Places;

/// More names than this, and those that count least are forgotten.
const ENOUGH: usize = 200;
const DAY: i64 = 86_400;

/// How often each was chosen, and when last (seconds since 1970).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frecency(BTreeMap<String, (u32, i64)>);

impl Frecency {
    /// As it was kept; damaged or missing, it begins anew.
    pub(super) fn load(places: &Places) -> Self {
        let read = files::read_limited(&path(places), 64 * 1024).ok().flatten();
        read.and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Once more, now. Where that cannot be kept, the order stays as it was.
    pub(super) fn count(mut self, name: &str, now: Timestamp, places: &Places) {
        let entry = self.0.entry(name.to_owned()).or_default();
        *entry = (entry.0.saturating_add(1), now.as_second());
        while self.0.len() > ENOUGH
            && let Some(least) = self.0.keys().min_by_key(|name| self.rank(name, now)).cloned()
        {
            self.0.remove(&least);
        }
        let bytes = serde_json::to_vec(&self).unwrap_or_default();
        let _ = files::private_dir(&places.state).and_then(|()| files::write_private(&path(places), &bytes));
    }

    /// The more, the earlier: a choice of today counts eight times as much as one of last month.
    pub(super) fn rank(&self, name: &str, now: Timestamp) -> i64 {
        let Some((times, last)) = self.0.get(name) else { return 0 };
        let weight = match now.as_second().saturating_sub(*last) {
            ..DAY => 8,
            age if age < 7 * DAY => 4,
            age if age < 30 * DAY => 2,
            _ => 1,
        };
        i64::from(*times) * weight
    }
}

fn path(places: &Places) -> PathBuf {
    places.state.join("chosen")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn often_and_lately_comes_first_and_damage_is_a_new_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        let at = |day: i64| Timestamp::from_second(1_795_348_800 + day * DAY).unwrap();
        for (name, day) in [("old", 0), ("old", 0), ("old", 0), ("new", 40), ("often", 39), ("often", 40)] {
            Frecency::load(&places).count(name, at(day), &places);
        }
        let kept = Frecency::load(&places);
        let ranks = ["often", "new", "old", "never"].map(|name| kept.rank(name, at(40)));
        assert_eq!(ranks, [16, 8, 3, 0]);
        std::fs::write(path(&places), "{").unwrap();
        assert_eq!(Frecency::load(&places), Frecency::default());
    }
}
