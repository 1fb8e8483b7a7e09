//! Time, as an argument: only this module asks the operating system what time it is.

use std::time::Duration;

pub use jiff::{SignedDuration, Timestamp};

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// How long this machine runs: for how long something takes, whatever is done to the clock meanwhile.
pub fn uptime() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::try_from(time).unwrap_or_default()
}

/// Parses an RFC 3339 instant, with any offset and any fraction, and the `UTC` suffix old AWS tools wrote. The last hours
/// of the year 9999, by which some mean "never", are the latest time that there is.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = match text.strip_suffix("UTC") {
        Some(bare) => format!("{bare}Z"),
        None => text.to_owned(),
    };
    let never = || {
        let rest = text.strip_prefix("9999")?;
        format!("9998{rest}").parse().ok().map(|_: Timestamp| Timestamp::MAX)
    };
    text.parse().ok().or_else(never)
}

/// RFC 3339, UTC, whole seconds, `Z`: the form every AWS SDK reads (AWS_CREDENTIAL_EXPIRATION).
pub fn rfc3339(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A span for people: `59m`, `7h59m`, `3d4h`, `42s`; negative spans read as `0s`.
pub fn human(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, _) => format!("{m}m"),
        (0, h, m, _) => format!("{h}h{m:02}m"),
        (d, h, _, _) => format!("{d}d{h}h"),
    }
}

/// The hour at which something is, where the person lives: `14:35`, `22 Nov 14:35`, `22 Nov 2027`.
pub fn hour(instant: Timestamp, now: Timestamp) -> String {
    hour_in(&jiff::tz::TimeZone::system(), instant, now)
}

/// The day on which something is, where the person lives: `Sun 22 Nov 2026`.
pub fn day(instant: Timestamp) -> String {
    jiff::tz::TimeZone::system().to_datetime(instant).strftime("%a %-d %b %Y").to_string()
}

fn hour_in(zone: &jiff::tz::TimeZone, instant: Timestamp, now: Timestamp) -> String {
    const FAR: i64 = 300 * 86400;
    let (there, here) = (zone.to_datetime(instant), zone.to_datetime(now));
    let form = match instant.as_second().abs_diff(now.as_second()) {
        _ if there.date() == here.date() => "%H:%M",
        away if away < FAR.unsigned_abs() => "%-d %b %H:%M",
        _ => "%-d %b %Y",
    };
    there.strftime(form).to_string()
}

/// How this machine's clock stands to AWS's, where it is so many seconds ahead: `20m behind AWS's`.
pub fn compared(seconds_ahead: i64) -> String {
    let whole_minutes = (seconds_ahead.unsigned_abs() + 30) / 60 * 60;
    let side = if seconds_ahead < 0 { "behind" } else { "ahead of" };
    format!("{} {side} AWS's", human(Duration::from_secs(whole_minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writer_of_expirations_is_understood() {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for text in [
            "2026-11-22T12:00:00Z",
            "2026-11-22T12:00:00.000Z",
            "2026-11-22T13:00:00+01:00",
            "2026-11-22T12:00:00UTC",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        for text in ["tomorrow", "9999", "9999-12-32T00:00:00Z", "10000-01-01T00:00:00Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999UTC", "9999-12-31T12:00:00-11:00"] {
            assert_eq!(parse(text), Some(Timestamp::MAX), "{text}");
        }
        assert_eq!(rfc3339(parse("2026-11-22T12:00:00.75Z").unwrap()), "2026-11-22T12:00:00Z");
    }

    #[test]
    fn an_hour_says_its_day_where_it_is_another() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
        let now = parse("2026-11-22T14:00:00Z").unwrap();
        for (instant, text) in [
            ("2026-11-22T14:35:59Z", "23:35"),
            ("2026-11-22T15:00:00Z", "23 Nov 00:00"),
            ("2026-11-21T14:00:00Z", "21 Nov 23:00"),
            ("2027-09-20T00:00:00Z", "20 Sep 2027"),
            ("9999-12-31T23:59:59Z", "31 Dec 9999"),
        ] {
            assert_eq!(hour_in(&zone, parse(instant).unwrap(), now), text, "{instant}");
        }
    }

    #[test]
    fn spans_read_like_a_clock() {
        let texts: Vec<_> = [42, 59 * 60, 3600 * 8 - 60, 3600, 86400 * 3 + 3600 * 4]
            .map(|s| human(Duration::from_secs(s)))
            .into();
        assert_eq!(texts, ["42s", "59m", "7h59m", "1h00m", "3d4h"]);
    }
}
