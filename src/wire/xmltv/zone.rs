//! What guides say of zones: offsets, names, nothing; and what a date without a zone means. A zone of the owner's may
//! have summer time: its rule is written as POSIX does (IEEE Std 1003.1, section 8.3; RFC 9636, section 3.3.1).

use std::str::FromStr;

/// Names that stand in guides, and the minutes each is ahead of UTC. Where a name is used on several continents, it is the
/// one that guides mean: the DTD's own `BST`, RFC 822's names for those of North America.
const NAMES: [(&str, i64); 54] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("MET", 60),
    ("MEST", 120),
    ("MEZ", 60),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("TRT", 180),
    ("SAST", 120),
    ("WAT", 60),
    ("CAT", 120),
    ("EAT", 180),
    ("IST", 330),
    ("PKT", 300),
    ("ICT", 420),
    ("WIB", 420),
    ("HKT", 480),
    ("SGT", 480),
    ("MYT", 480),
    ("PHT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("BRT", -180),
    ("BRST", -120),
    ("ART", -180),
    ("NST", -210),
    ("NDT", -150),
    ("AST", -240),
    ("ADT", -180),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("HST", -600),
];
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// What a date means that has no zone of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Seconds it is ahead of UTC.
    standard_s: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Summer {
    /// Seconds it is ahead of UTC in summer.
    offset_s: i64,
    /// When it begins, by the clock of before, and when it ends, by the clock of before.
    begin: Turn,
    end: Turn,
}

/// A day of the year, and the seconds from its midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    day: Day,
    time_s: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Day {
    /// Month, week of it (5 for the last), day of the week from Sunday.
    Weekday(i64, i64, i64),
    /// From 1, where 29 February is never counted.
    Julian(i64),
    /// From 0, where it is.
    Plain(i64),
}

/// A text that is no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoZone;

impl FromStr for Zone {
    type Err = NoZone;

    /// Reads an offset (`+0100`, `-3:30`), a name that stands in guides (`CET`), or a rule of POSIX
    /// (`CET-1CEST,M3.5.0,M10.5.0/3`).
    fn from_str(text: &str) -> Result<Self, NoZone> {
        if let Some(standard_s) = offset_s(text) {
            return Ok(Self { standard_s, summer: None });
        }
        let (mut text, mut zone) = (text, Self::default());
        let mut fields = || -> Option<()> {
            name(&mut text)?;
            zone.standard_s = -time(&mut text)?;
            if text.is_empty() {
                return Some(());
            }
            name(&mut text)?;
            let offset_s = if text.starts_with(',') { zone.standard_s + HOUR_S } else { -time(&mut text)? };
            let (begin, end) = (turn(&mut text)?, turn(&mut text)?);
            zone.summer = Some(Summer { offset_s, begin, end });
            text.is_empty().then_some(())
        };
        fields().map(|()| zone).ok_or(NoZone)
    }
}

impl Zone {
    /// Seconds it is ahead of UTC when its clocks show `local_s` (seconds from 1970-01-01) in `year`. An hour that comes
    /// twice is the first.
    pub(super) fn offset_s(&self, local_s: i64, year: i64) -> i64 {
        let Some(Summer { offset_s, begin, end }) = &self.summer else { return self.standard_s };
        let (begin, end) = (begin.in_year(year), end.in_year(year));
        let is_summer = if begin < end { (begin..end).contains(&local_s) } else { !(end..begin).contains(&local_s) };
        if is_summer { *offset_s } else { self.standard_s }
    }
}

impl Turn {
    fn in_year(&self, year: i64) -> i64 {
        let first = days_since_1970(year, 1, 1);
        let is_leap = days_since_1970(year + 1, 1, 1) - first == 366;
        let day = match self.day {
            Day::Plain(day) => first + day,
            Day::Julian(day) => first + day - 1 + i64::from(is_leap && day > 59),
            Day::Weekday(month, week, weekday) => {
                let start = days_since_1970(year, month, 1);
                let next =
                    if month == 12 { days_since_1970(year + 1, 1, 1) } else { days_since_1970(year, month + 1, 1) };
                // 1970-01-01 was a Thursday.
                let first = start + (weekday - (start + 4)).rem_euclid(7);
                let day = first + (week - 1) * 7;
                if day < next { day } else { day - 7 }
            }
        };
        day * DAY_S + self.time_s
    }
}

/// Seconds that the zone at the end of a date is ahead of UTC: an offset, a name, or a name and an offset from it.
pub(super) fn offset_s(zone: &str) -> Option<i64> {
    let zone = zone.trim();
    if let Some((_, minutes)) = NAMES.iter().find(|(name, _)| zone.eq_ignore_ascii_case(name)) {
        return Some(minutes * 60);
    }
    let lower = zone.to_ascii_lowercase();
    let offset = lower.strip_prefix("utc").or_else(|| lower.strip_prefix("gmt")).unwrap_or(&lower).trim();
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        // The last two are minutes, unless there are no more than two.
        None => digits.split_at_checked(if digits.len() <= 2 { digits.len() } else { digits.len() - 2 })?,
    };
    let number = |digits: &str| match digits {
        "" => Some(0),
        digits if digits.len() <= 2 && digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse::<i64>().ok(),
        _ => None,
    };
    let (hours, minutes) = (number(hours).filter(|_| !hours.is_empty())?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * HOUR_S + minutes * 60))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; March is taken as the first month, so that leap days
/// stand at the end of a year.
pub(super) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 306 + 5) / 10 + day - 1 - 719_468
}

/// Takes a zone's name: letters, or anything in angle brackets.
fn name(text: &mut &str) -> Option<()> {
    let rest = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => text.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    };
    let is_named = text.len() - rest.len() >= 3;
    *text = rest;
    is_named.then_some(())
}

/// Takes `[+-]hh[:mm[:ss]]`, in seconds.
fn time(text: &mut &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    *text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut seconds = number(text, 167)? * HOUR_S;
    for unit in [60, 1] {
        match text.strip_prefix(':') {
            Some(rest) => *text = rest,
            None => break,
        }
        seconds += number(text, 59)? * unit;
    }
    Some(sign * seconds)
}

/// Takes `,day[/time]`.
fn turn(text: &mut &str) -> Option<Turn> {
    *text = text.strip_prefix(',')?;
    let day = if let Some(rest) = text.strip_prefix('M') {
        *text = rest;
        let month = number(text, 12).filter(|month| *month > 0)?;
        *text = text.strip_prefix('.')?;
        let week = number(text, 5).filter(|week| *week > 0)?;
        *text = text.strip_prefix('.')?;
        Day::Weekday(month, week, number(text, 6)?)
    } else if let Some(rest) = text.strip_prefix('J') {
        *text = rest;
        Day::Julian(number(text, 365).filter(|day| *day > 0)?)
    } else {
        Day::Plain(number(text, 365)?)
    };
    let time_s = match text.strip_prefix('/') {
        Some(rest) => {
            *text = rest;
            time(text)?
        }
        None => 2 * HOUR_S,
    };
    Some(Turn { day, time_s })
}

/// Takes a number up to `most`.
fn number(text: &mut &str, most: i64) -> Option<i64> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    let number = digits.parse().ok().filter(|number| digits.len() <= 3 && *number <= most)?;
    *text = rest;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xmltv::date;
    use proptest::prelude::*;

    fn shown(text: &str, zone: &str) -> String {
        let zone = zone.parse().unwrap_or_else(|_| panic!("{zone} is a zone"));
        date(text, &zone).map_or_else(|| "none".to_owned(), |date| date.to_string())
    }

    #[test]
    fn offsets_and_names_are_zones() {
        for (text, minutes) in [
            ("BST", 60),
            (" cet ", 60),
            ("EDT", -240),
            ("UTC+1", 60),
            ("GMT-03:30", -210),
            ("+0530", 330),
            ("-3", -180),
            ("+01:00", 60),
            ("+100", 60),
            ("Z", 0),
        ] {
            assert_eq!(offset_s(text), Some(minutes * 60), "{text}");
        }
        for text in ["", "+", "XYZ", "+1:2:3", "+99", "+0170", "+00100", "++1", "CET?", "é"] {
            assert_eq!(offset_s(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_of_the_owners_has_its_summer() {
        let lisbon = "WET0WEST,M3.5.0/1,M10.5.0";
        for (text, zone, expected) in [
            ("20260115120000", lisbon, "2026-01-15T12:00:00.000Z"),
            ("20260715120000", lisbon, "2026-07-15T11:00:00.000Z"),
            ("20260329005959", lisbon, "2026-03-29T00:59:59.000Z"),
            ("20260329020000", lisbon, "2026-03-29T01:00:00.000Z"),
            ("20261025015959", lisbon, "2026-10-25T00:59:59.000Z"),
            ("20261025020000", lisbon, "2026-10-25T02:00:00.000Z"),
            ("20260715120000 +0300", lisbon, "2026-07-15T09:00:00.000Z"),
            ("20260715120000", "CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-15T10:00:00.000Z"),
            ("20260715120000", "EST5EDT,M3.2.0,M11.1.0", "2026-07-15T16:00:00.000Z"),
            ("20261101013000", "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:30:00.000Z"),
            // The south has its summer over the turn of the year.
            ("20260115120000", "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-15T01:00:00.000Z"),
            ("20260715120000", "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-15T02:00:00.000Z"),
            ("20260715120000", "<-03>3", "2026-07-15T15:00:00.000Z"),
            ("20240301120000", "AAA0BBB-2,J60/0,J300", "2024-03-01T10:00:00.000Z"),
            ("20240229120000", "AAA0BBB-2,59/0,J300", "2024-02-29T10:00:00.000Z"),
            ("20260715120000", "+0545", "2026-07-15T06:15:00.000Z"),
        ] {
            assert_eq!(shown(text, zone), expected, "{text} in {zone}");
        }
        for text in
            ["", "Mars", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M1.1.0", "A0", "CET-1CEST,M3.5.0,M10.5.0 "]
        {
            assert_eq!(text.parse::<Zone>(), Err(NoZone), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,20}", rule in "(CET|<-03>|-?[0-9]{1,3}|,|M[0-9]\\.[0-9]\\.[0-9]|J[0-9]{1,3}|/|:){0,9}") {
            offset_s(&text);
            for text in [text, rule] {
                if let Ok(zone) = text.parse::<Zone>() {
                    zone.offset_s(1_800_000_000, 2027);
                }
            }
        }
    }
}
