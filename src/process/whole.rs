//! What this process does whole before it ends, whoever ends it.

use std::sync::{Condvar, Mutex, PoisonError};

use super::Uninterrupted;

/// What is under way, and whether the process ends.
struct Steps {
    count: usize,
    is_end: bool,
}

static STEPS: Mutex<Steps> = Mutex::new(Steps { count: 0, is_end: false });
static FEWER: Condvar = Condvar::new();

/// As long as it lives, no signal reaches this thread, and [`finish`] waits.
#[derive(Debug)]
pub struct Whole {
    _uninterrupted: Uninterrupted,
}

impl Whole {
    /// From here on; `None`: the process ends, and nothing more is begun.
    pub fn begin() -> Option<Self> {
        let mut steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.is_end {
            return None;
        }
        steps.count += 1;
        Some(Self { _uninterrupted: Uninterrupted::begin() })
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        STEPS.lock().unwrap_or_else(PoisonError::into_inner).count -= 1;
        FEWER.notify_all();
    }
}

/// Waits for what other threads have begun: this process ends.
pub fn finish() {
    let mut steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
    steps.is_end = true;
    drop(FEWER.wait_while(steps, |steps| steps.count > 0));
}
