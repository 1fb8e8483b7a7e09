//! What can go wrong on the way to AWS and there, on purpose, and a gate that calls wait at.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What a call meets.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An error in AWS's form.
    Error {
        /// The HTTP status.
        status: u16,
        /// `Throttling`, `InternalFailure`.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// A TCP reset, and no answer.
    Reset,
    /// The right answer, after so long.
    Slow(Duration),
    /// No answer, as long as the caller waits.
    Hang,
    /// The connection breaks in the middle of the right answer.
    Truncated,
    /// The right answer, cut off in the middle (with a length that fits).
    Malformed,
    /// The right answer without this element (`Expiration`, `Credentials`).
    Missing(String),
    /// The page of a proxy, with this status.
    Html(u16),
    /// The call has its effect, and then meets this.
    Late(Box<Fault>),
    /// Nothing: of many calls, a later one is meant.
    None,
}

impl Fault {
    /// An error in AWS's form.
    pub fn error(status: u16, code: &str) -> Self {
        Self::Error { status, code: code.to_owned(), message: format!("{code}, says the sandbox") }
    }

    /// The call has its effect, and then meets this.
    #[must_use]
    pub fn late(self) -> Self {
        Self::Late(Box::new(self))
    }
}

/// Faults yet to come, and gates.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: Mutex<Vec<(String, usize, Fault)>>,
    gates: Mutex<Vec<(String, Arc<Waiting>)>>,
}

#[derive(Debug)]
struct Waiting {
    open: watch::Sender<bool>,
    arrived: Mutex<usize>,
    more: Condvar,
}

/// Calls of one operation wait here. Opened by hand, or when dropped.
#[derive(Debug)]
pub struct Gate(Arc<Waiting>);

impl Gate {
    /// Lets through who waits, and everybody after.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Waits until so many calls have come here.
    ///
    /// # Panics
    /// If that takes longer than `deadline`.
    pub fn wait_for(&self, count: usize, deadline: Duration) {
        let arrived = self.0.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let (arrived, waited) = self
            .0
            .more
            .wait_timeout_while(arrived, deadline, |arrived| *arrived < count)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "{arrived} of {count} calls came to the gate");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

impl Faults {
    pub(crate) fn add(&self, operation: &str, times: usize, fault: Fault) {
        self.pending().push((operation.to_owned(), times, fault));
    }

    pub(crate) fn forget(&self) {
        self.pending().clear();
    }

    /// The next fault of an operation, used up by one.
    pub(crate) fn next(&self, operation: &str) -> Option<Fault> {
        let mut pending = self.pending();
        let at = pending.iter().position(|(of, times, _)| *times > 0 && (of == operation || of == "*"))?;
        pending[at].1 -= 1;
        Some(pending[at].2.clone())
    }

    pub(crate) fn gate(&self, operation: &str) -> Gate {
        let waiting = Arc::new(Waiting {
            open: watch::Sender::new(false),
            arrived: Mutex::default(),
            more: Condvar::new(),
        });
        self.gates().push((operation.to_owned(), waiting.clone()));
        Gate(waiting)
    }

    pub(crate) fn open_all(&self) {
        for (_, gate) in self.gates().iter() {
            gate.open.send_replace(true);
        }
    }

    /// Waits at every closed gate of the operation.
    pub(crate) async fn pass(&self, operation: &str) {
        let gates: Vec<_> =
            self.gates().iter().filter(|(of, _)| of == operation).map(|(_, gate)| gate.clone()).collect();
        for gate in gates {
            *gate.arrived.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            gate.more.notify_all();
            let _ = gate.open.subscribe().wait_for(|open| *open).await;
        }
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Vec<(String, usize, Fault)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gates(&self) -> std::sync::MutexGuard<'_, Vec<(String, Arc<Waiting>)>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
