//! A duration as people write it: `1h30m`, `90m`, `3600s`, and for short ones `1.5s` and `500ms`.

use std::time::Duration;

use crate::limits::Reason;

/// From the longest to the shortest, which is also the order in which they may be written.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Parses a duration; a bare `0` is one too.
pub fn parse(text: &str) -> Result<Duration, Reason> {
    milliseconds(text)
        .map(Duration::from_millis)
        .ok_or_else(|| "write a duration like 1h, 1h30m or 90s".into())
}

fn milliseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total: u64 = 0;
    loop {
        let (number, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let (unit, next) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        // The iterator moves on, so each unit counts once and only after a longer one.
        let (_, scale) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, *scale)?)?;
        rest = next;
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// Only seconds take a fraction: `1.5h` is `1h30m`, and one spelling is enough.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if scale == 1000 && (1..=3).contains(&fraction.len()) => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_numbers_and_units_from_long_to_short() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("1h", 3_600_000),
            ("90d", 7_776_000_000),
            ("90m", 5_400_000),
            ("1h30m", 5_400_000),
            ("3600s", 3_600_000),
            ("1h1m1s1ms", 3_661_001),
            ("1.5s", 1500),
            ("1m0.25s", 60_250),
            ("1.005s", 1005),
            ("500ms", 500),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_told_how_to_write_one() {
        for text in [
            "",
            "1",
            "h",
            "1.5h",
            "1x",
            "-1h",
            "+1h",
            "1 h",
            " 1h",
            "1h ",
            "1h30",
            "1m1h",
            "1h1h",
            "1H",
            "1..5s",
            "1.s",
            ".5s",
            "1.0005s",
            "1,5s",
            "1e3s",
            "١h",
            "1h😀",
            "1ss",
            "s1",
            "99999999999999999999h",
            "18446744073709551615h",
        ] {
            assert_eq!(parse(text), Err("write a duration like 1h, 1h30m or 90s".into()), "{text}");
        }
    }
}
