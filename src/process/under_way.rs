//! What is under way when this process ends: how many, and how its end waits for them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// All of a kind, in all threads.
#[derive(Debug)]
pub(super) struct UnderWay {
    state: Mutex<State>,
    fewer: Condvar,
}

#[derive(Debug)]
struct State {
    count: usize,
    is_end: bool,
}

/// As long as it lives, the end waits.
#[derive(Debug)]
pub(super) struct Counted(&'static UnderWay);

impl UnderWay {
    pub(super) const fn new() -> Self {
        Self { state: Mutex::new(State { count: 0, is_end: false }), fewer: Condvar::new() }
    }

    /// One more; `None`: the process ends, and nothing is begun any more.
    pub(super) fn begin(&'static self) -> Option<Counted> {
        let mut state = self.state();
        if state.is_end {
            return None;
        }
        state.count += 1;
        Some(Counted(self))
    }

    /// Whether the process ends.
    pub(super) fn is_end(&self) -> bool {
        self.state().is_end
    }

    /// Lets nothing more begin, and waits for what has.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_end = true;
        drop(self.fewer.wait_while(state, |state| state.count > 0));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.state().count -= 1;
        self.0.fewer.notify_all();
    }
}
