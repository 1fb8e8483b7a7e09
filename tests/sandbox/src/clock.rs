//! The sandbox's own time: the machine's, moved by as much as a test likes.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that can be wrong on purpose.
#[derive(Debug, Default)]
pub struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// From now on it is so many seconds ahead of the machine's (negative: behind).
    pub fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::SeqCst);
    }

    /// What time it is here.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset.load(Ordering::SeqCst));
        Timestamp::now().checked_add(offset).expect("tests stay near today")
    }
}
