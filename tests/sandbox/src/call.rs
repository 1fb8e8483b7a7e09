//! What was called: for tests to look at, and as lines of JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// A call that was answered, or cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Call {
    /// `AssumeRole`.
    pub operation: String,
    /// When, by the sandbox's clock, in seconds since 1970.
    pub at: i64,
    /// As sent, without the secrets among them (an MFA code).
    pub parameters: BTreeMap<String, String>,
    /// The access key id that signed it.
    pub signer: Option<String>,
    /// The region it was signed for.
    pub region: Option<String>,
    /// The answer's HTTP status; 0: the connection was reset.
    pub status: u16,
    /// AWS's code of a refusal.
    pub error: Option<String>,
    /// The access key id that was issued.
    pub issued: Option<String>,
}

impl Call {
    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// All calls so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    calls: Mutex<Vec<Call>>,
    more: Condvar,
    file: Mutex<Option<File>>,
    /// By operation: how many are under way, and the most that ever were.
    under_way: Mutex<BTreeMap<String, (usize, usize)>>,
}

/// A call that is under way, until this is dropped.
pub(crate) struct UnderWay<'a>(&'a Log, String);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.entry(self.1.clone()).or_default().0 -= 1;
    }
}

impl Log {
    pub(crate) fn begin(&self, operation: &str) -> UnderWay<'_> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, most) = under_way.entry(operation.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        UnderWay(self, operation.to_owned())
    }

    pub(crate) fn most_at_once(&self, operation: &str) -> usize {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.get(operation).map_or(0, |(_, most)| *most)
    }

    pub(crate) fn add(&self, call: Call) {
        if let Some(file) = self.file.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let line = serde_json::to_string(&call).expect("a call is plain text");
            let _ = writeln!(file, "{line}");
        }
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        self.more.notify_all();
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn wait_for(&self, operation: &str, count: usize, deadline: Duration) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let enough =
            |calls: &mut Vec<Call>| calls.iter().filter(|call| call.operation == operation).count() < count;
        let (calls, waited) =
            self.more.wait_timeout_while(calls, deadline, enough).unwrap_or_else(PoisonError::into_inner);
        let calls = calls.clone();
        assert!(!waited.timed_out(), "{count} × {operation} did not come; there were {calls:#?}");
    }

    pub(crate) fn write_to(&self, file: File) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }
}
