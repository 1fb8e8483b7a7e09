//! What this process does whole before it ends, whoever ends it.

use super::Uninterrupted;
use super::under_way::{Counted, UnderWay};

static STEPS: UnderWay = UnderWay::new();

/// As long as it lives, no signal reaches this thread, and [`finish`] waits.
#[derive(Debug)]
pub struct Whole {
    _counted: Counted,
    _uninterrupted: Uninterrupted,
}

impl Whole {
    /// From here on; `None`: the process ends, and nothing more is begun.
    pub fn begin() -> Option<Self> {
        Some(Self { _counted: STEPS.begin()?, _uninterrupted: Uninterrupted::begin() })
    }
}

/// Waits for what other threads have begun: this process ends.
pub fn finish() {
    STEPS.end();
}
