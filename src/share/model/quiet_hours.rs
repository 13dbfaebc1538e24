//! Quiet hours: when a user's TVs do not ring for them. Pure.
//!
//! They are kept as minutes of the user's day, and how far that day is from UTC: the gateway needs no time zones.

use serde::{Deserialize, Serialize};

use crate::ground::time::UnixMs;
use crate::share::model::error::ShareError;

/// Minutes of a day.
const DAY_MIN: i64 = 24 * 60;
/// How far behind and ahead of UTC places are, in minutes.
const OFFSETS_MIN: std::ops::RangeInclusive<i64> = -12 * 60..=14 * 60;

/// The hours of each day in which nothing rings for a user. They may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    from_min: u16,
    to_min: u16,
    utc_offset_min: i16,
}

impl QuietHours {
    /// The hours from `from` until `to`, written like `22:00`, where clocks are `utc_offset_minutes` ahead of UTC.
    pub fn parse(from: &str, to: &str, utc_offset_minutes: i64) -> Result<Self, ShareError> {
        let (from_min, to_min) = (minute(from)?, minute(to)?);
        if from_min == to_min {
            return Err(ShareError::Invalid(
                "quiet hours begin and end at the same time; to hear nothing at all, switch the service off".into(),
            ));
        }
        if !OFFSETS_MIN.contains(&utc_offset_minutes) {
            return Err(ShareError::Invalid("utc_offset_minutes is from -720 to 840".into()));
        }
        Ok(Self { from_min, to_min, utc_offset_min: utc_offset_minutes as i16 })
    }

    /// When they begin, as `22:00`.
    pub fn from(self) -> String {
        written(self.from_min)
    }

    /// When they end, as `07:00`.
    pub fn to(self) -> String {
        written(self.to_min)
    }

    /// How many minutes the user's clock is ahead of UTC.
    pub fn utc_offset_minutes(self) -> i64 {
        self.utc_offset_min.into()
    }

    /// Whether it is quiet at `date`. The first minute is, the last is not.
    pub fn covers(self, date: UnixMs) -> bool {
        let local_min = date.0.div_euclid(60_000) + i64::from(self.utc_offset_min);
        let minute = local_min.rem_euclid(DAY_MIN);
        let (from, to) = (i64::from(self.from_min), i64::from(self.to_min));
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

fn minute(text: &str) -> Result<u16, ShareError> {
    let number = |digits: &str, below: u16| {
        let is_number = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|number| is_number && *number < below)
    };
    text.split_once(':')
        .and_then(|(hours, minutes)| Some(number(hours, 24)? * 60 + number(minutes, 60)?))
        .ok_or_else(|| ShareError::Invalid("times of quiet hours are written like 22:00, from 00:00 to 23:59".into()))
}

fn written(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2023-11-14 at that time, UTC.
    fn at(hours: i64, minutes: i64) -> UnixMs {
        UnixMs(1_699_920_000_000 + (hours * 60 + minutes) * 60_000)
    }

    fn quiet(from: &str, to: &str, offset: i64) -> QuietHours {
        QuietHours::parse(from, to, offset).expect("quiet hours")
    }

    #[test]
    fn a_night_goes_over_midnight() {
        let night = quiet("22:00", "07:00", 0);
        for (hours, minutes, expected) in
            [(21, 59, false), (22, 0, true), (23, 59, true), (0, 0, true), (6, 59, true), (7, 0, false), (12, 0, false)]
        {
            assert_eq!(night.covers(at(hours, minutes)), expected, "{hours}:{minutes}");
        }
        let nap = quiet("13:30", "15:00", 0);
        assert!(nap.covers(at(13, 30)) && !nap.covers(at(15, 0)) && !nap.covers(at(1, 0)));
    }

    #[test]
    fn the_clock_is_the_users() {
        // In Sydney (UTC+11) it is 22:30 when it is 11:30 in Greenwich.
        assert!(quiet("22:00", "07:00", 660).covers(at(11, 30)));
        assert!(quiet("22:00", "07:00", -600).covers(at(8, 0)));
        assert!(!quiet("22:00", "07:00", 660).covers(at(22, 30)));
        assert!(quiet("00:00", "23:59", 0).covers(UnixMs(-1_000_000)), "before 1970 there were days too");
    }

    #[test]
    fn times_are_four_digits() {
        for (from, to, offset) in [
            ("22:00", "22:00", 0),
            ("24:00", "07:00", 0),
            ("22:60", "07:00", 0),
            ("2:00", "07:00", 0),
            ("22", "07:00", 0),
            ("+2:00", "07:00", 0),
            ("22:00:00", "07:00", 0),
            ("", "", 0),
            ("22:00", "07:00", 841),
            ("22:00", "07:00", i64::MIN),
        ] {
            assert!(QuietHours::parse(from, to, offset).is_err(), "{from} {to} {offset}");
        }
    }

    proptest! {
        #[test]
        fn each_day_has_as_many_quiet_minutes_as_were_asked_for(from in 0_u16..1440, to in 0_u16..1440, offset in -720_i64..=840) {
            prop_assume!(from != to);
            let hours = quiet(&written(from), &written(to), offset);
            prop_assert_eq!((hours.from(), hours.to(), hours.utc_offset_minutes()), (written(from), written(to), offset));
            let minutes = (0..1440).filter(|minute| hours.covers(at(0, *minute))).count();
            prop_assert_eq!(minutes, (usize::from(to) + 1440 - usize::from(from)) % 1440);
        }
    }
}
