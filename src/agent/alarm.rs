//! Waiting for a moment of the wall clock, through suspends and through whoever sets it.

use std::time::Duration;

use crate::clock::{self, Timestamp};

/// Returns at that moment, or when the clock has been set: ask what time it is. Wakes nobody before.
#[cfg(target_os = "linux")]
pub async fn sleep_until(moment: Timestamp) {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    let timer = || -> std::io::Result<_> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = Timespec { tv_sec: moment.as_second(), tv_nsec: moment.subsec_nanosecond().into() };
        // timerfd_create(2): with these two flags it can be read when the clock is set, too.
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(&timer, flags, &Itimerspec { it_interval: zero, it_value })?;
        #[expect(deprecated, reason = "an OwnedFd is one descriptor for as long as it lives")]
        AsyncFd::new(timer)
    };
    if moment <= clock::now() {
        // Others have their turn, too.
        return tokio::task::yield_now().await;
    }
    match timer() {
        Ok(timer) => drop(timer.readable().await),
        Err(_) => sleep_at_most_a_minute(moment).await,
    }
}

/// Returns at that moment, or in a minute: ask what time it is.
#[cfg(not(target_os = "linux"))]
pub async fn sleep_until(moment: Timestamp) {
    sleep_at_most_a_minute(moment).await;
}

async fn sleep_at_most_a_minute(moment: Timestamp) {
    let left = Duration::try_from(moment.duration_since(clock::now())).unwrap_or_default();
    tokio::time::sleep(left.min(Duration::from_secs(60))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_returns_at_its_moment_and_not_before() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for span in [Duration::ZERO, Duration::from_millis(150)] {
            let moment = clock::now().checked_add(span).unwrap();
            runtime.block_on(sleep_until(moment));
            assert!(clock::now() >= moment);
        }
        let long_ago = clock::parse("2001-01-01T00:00:00Z").unwrap();
        runtime.block_on(sleep_until(long_ago));
    }
}
