//! Dates as guides write them: `20260114233000 +0100`, the end of which may be missing (xmltv.dtd, "Dates and times").

use super::zone::{Zone, days_since_1970, offset_s};
use crate::ground::time::UnixMs;

/// The date that `text` says; where that has no zone, in `unsaid`.
pub fn date(text: &str, unsaid: &Zone) -> Option<UnixMs> {
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
    let ahead_s = if zone.trim().is_empty() { unsaid.offset_s(seconds, year) } else { offset_s(zone)? };
    Some(UnixMs((seconds - ahead_s) * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read_with_their_offsets() {
        let date = |text: &str| date(text, &Zone::default());
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
            // The DTD's own example.
            ("200007281733 BST", "2000-07-28T16:33:00.000Z"),
            ("20261127221921 CET", "2026-11-27T21:19:21.000Z"),
            ("20260701120000 EDT", "2026-07-01T16:00:00.000Z"),
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
            prop_assert_eq!(date(&digits, &Zone::default()), Some(UnixMs(seconds * 1000)));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,30}", digits in "[0-9]{0,16} ?[+-]?[0-9:]{0,6}") {
            date(&text, &Zone::default());
            date(&digits, &Zone::default());
        }
    }
}
