//! Dates as guides write them: `20260114233000 +0100`, the end of which may be missing (xmltv.dtd, "Dates and times").

use crate::ground::time::UnixMs;

/// The date that `text` says; without an offset it is UTC.
pub fn date(text: &str) -> Option<UnixMs> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(4..=14).contains(&digits) || digits % 2 != 0 {
        return None;
    }
    let (date, zone) = text.split_at(digits);
    let part = |from: usize, to: usize, missing: i64| match date.get(from..to) {
        Some(digits) => digits.parse::<i64>().ok(),
        None => Some(missing),
    };
    let (year, month, day) = (part(0, 4, 0)?, part(4, 6, 1)?, part(6, 8, 1)?);
    let (hour, minute, second) = (part(8, 10, 0)?, part(10, 12, 0)?, part(12, 14, 0)?);
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !in_range {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(UnixMs((seconds - offset_s(zone)?) * 1000))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; March is taken as the first month, so that leap days
/// stand at the end of a year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 306 + 5) / 10 + day - 1 - 719_468
}

/// Seconds that a zone is ahead of UTC.
fn offset_s(zone: &str) -> Option<i64> {
    let zone = zone.trim();
    if zone.is_empty() || ["utc", "gmt", "z"].contains(&zone.to_ascii_lowercase().as_str()) {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = (digits[..2].parse::<i64>().ok()?, digits[2..].parse::<i64>().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read_with_their_offsets() {
        let shown = |text: &str| date(text).map(|date| date.to_string());
        for (text, expected) in [
            ("20260114233000 +0100", "2026-01-14T22:30:00.000Z"),
            ("20260115003000 +0100", "2026-01-14T23:30:00.000Z"),
            ("20260101003000 +0530", "2025-12-31T19:00:00.000Z"),
            ("20260228200000 -0500", "2026-03-01T01:00:00.000Z"),
            ("20240229120000 UTC", "2024-02-29T12:00:00.000Z"),
            ("20240301000000-01:00", "2024-03-01T01:00:00.000Z"),
            ("202401010203", "2024-01-01T02:03:00.000Z"),
            ("2024", "2024-01-01T00:00:00.000Z"),
            ("19700101000000Z", "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "soon", "202", "20261301", "20260132", "20260101250000", "2026010100000000", "20260101 CET?"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn dates_of_our_own_are_read(seconds in 0_i64..4_000_000_000) {
            let written = UnixMs(seconds * 1000).to_string();
            let digits: String = written[..19].chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(date(&digits), Some(UnixMs(seconds * 1000)));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,30}", digits in "[0-9]{0,16} ?[+-]?[0-9:]{0,6}") {
            date(&text);
            date(&digits);
        }
    }
}
