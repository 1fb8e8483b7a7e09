//! The environment, as a value: only `Env::of_this_process` asks the operating system.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Environment variables, sorted by name so that everything made from them is the same from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<OsString, OsString>);

impl Env {
    /// What this process was started with.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_this_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The value, empty or not.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.0.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// The value as text, where it is text and not empty: AWS SDKs treat an empty variable as unset.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str().filter(|text| !text.is_empty())
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Removes a variable; says whether it was there.
    pub fn unset(&mut self, name: impl AsRef<OsStr>) -> bool {
        self.0.remove(name.as_ref()).is_some()
    }

    /// All variables by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// What a child gets of it. An MFA code is for the command that a person typed, not for what that starts.
    pub fn for_child(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.iter().filter(|(name, _)| *name != "AWSENV_MFA_CODE")
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
