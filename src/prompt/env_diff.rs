//! From one environment to the next: what to set, what to unset.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use super::shell::Shell;
use crate::env::Env;

/// The smallest change that makes one environment another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvDiff {
    /// Variables that get a value, by name.
    pub set: BTreeMap<String, OsString>,
    /// Variables that go.
    pub unset: BTreeSet<String>,
}

impl EnvDiff {
    /// What it takes to get from `from` to `to`. A name that is not text cannot be one of ours.
    pub fn between(from: &Env, to: &Env) -> Self {
        // Both are sorted by name: one walk along the two costs a quarter of looking up each name.
        let mut diff = Self::default();
        let mut before = from.iter().peekable();
        for (name, value) in to.iter() {
            while let Some((gone, _)) = before.next_if(|(known, _)| *known < name) {
                diff.unset.extend(gone.to_str().map(str::to_owned));
            }
            let same = before.next_if(|(known, _)| *known == name).is_some_and(|(_, known)| known == value);
            if !same {
                diff.set.extend(name.to_str().map(|name| (name.to_owned(), value.to_owned())));
            }
        }
        diff.unset.extend(before.filter_map(|(gone, _)| gone.to_str().map(str::to_owned)));
        diff
    }

    /// The statements for a shell: the state is the first to come and the last to go, so that whatever is
    /// cut off on the way can be understood afterwards.
    pub fn statements(&self, shell: Shell, state: &str) -> Vec<u8> {
        let rest = self.set.iter().filter(|(name, _)| *name != state);
        let set = self.set.get_key_value(state).into_iter().chain(rest);
        let mut text = shell.export(set.map(|(name, value)| (name.as_str(), OsStr::new(value))));
        let rest = self.unset.iter().filter(|name| *name != state);
        text.extend(shell.unset(rest.chain(self.unset.get(state)).map(String::as_str)));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_touched() {
        let from: Env = [("A", "1"), ("B", "2"), ("EMPTY", "")].into_iter().collect();
        let to: Env = [("A", "1"), ("C", "3"), ("EMPTY", "x")].into_iter().collect();
        let diff = EnvDiff::between(&from, &to);
        assert_eq!(
            diff.statements(Shell::Bash, "EMPTY"),
            b"\\builtin export EMPTY='x' C='3'\n\\builtin unset -v B\n"
        );
        assert_eq!(EnvDiff::between(&to, &to), EnvDiff::default());
    }

    #[test]
    fn the_state_comes_first_and_goes_last() {
        let ours: Env = [("A", "1"), ("Z", "2"), ("STATE", "3")].into_iter().collect();
        let none = Env::default();
        let loaded = EnvDiff::between(&none, &ours).statements(Shell::Bash, "STATE");
        assert_eq!(loaded, b"\\builtin export STATE='3' A='1' Z='2'\n");
        let left = EnvDiff::between(&ours, &none).statements(Shell::Bash, "STATE");
        assert_eq!(left, b"\\builtin unset -v A Z STATE\n");
    }

    #[test]
    fn empty_and_unset_are_two_things() {
        let empty: Env = [("A", "")].into_iter().collect();
        assert_eq!(
            EnvDiff::between(&Env::default(), &empty).statements(Shell::Zsh, ""),
            b"\\builtin export A=''\n"
        );
        assert_eq!(
            EnvDiff::between(&empty, &Env::default()).statements(Shell::Zsh, ""),
            b"\\builtin unset A\n"
        );
    }
}
