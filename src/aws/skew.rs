//! Whether this machine's clock is right, by AWS's own: each answer has a date. The SDK corrects what it signs by that
//! and calls again; whoever keeps what came, and compares its end with the clock, has to know.

use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::clock;

/// Less than this is no matter: no AWS client cares, and an answer takes its time.
const TOLERABLE: u64 = 5 * 60;

/// A machine has one clock. As the last answer has it.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// By how many seconds this machine's clock is ahead of a `Date` of AWS's.
pub fn seconds_ahead(date: &str) -> Option<i64> {
    let theirs = DateTime::from_str(date, Format::HttpDate).ok()?;
    Some(clock::now().as_second() - theirs.secs())
}

/// By how many seconds it was ahead at the last answer, if that was too much.
pub fn wrong_clock() -> Option<i64> {
    Some(AHEAD.load(Ordering::Relaxed)).filter(|ahead| ahead.unsigned_abs() >= TOLERABLE)
}

pub(super) fn note(date: &str) {
    if let Some(ahead) = seconds_ahead(date) {
        AHEAD.store(ahead, Ordering::Relaxed);
        if let Some(ahead) = wrong_clock() {
            log::warn!("this machine's clock is {}", clock::compared(ahead));
        }
    }
}
