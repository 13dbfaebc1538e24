//! Times and their units. Types only: reading a clock is the business of whoever implements [`Clock`].

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};
use std::time::{Duration, SystemTime};

/// A point or a span on a media timeline, in 1/90000 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticks90k(pub i64);

impl Ticks90k {
    /// Ticks in one second.
    pub const PER_SECOND: i64 = 90_000;

    /// The span of `units` of a clock with `rate` units a second, rounded to the nearest tick.
    pub fn from_units(units: i64, rate: u32) -> Self {
        let rate = i128::from(rate.max(1));
        let ticks = i128::from(units) * i128::from(Self::PER_SECOND);
        Self(((ticks + (rate / 2) * ticks.signum()) / rate) as i64)
    }

    /// This span in units of a clock with `rate` units a second, rounded to the nearest unit.
    pub fn to_units(self, rate: u32) -> i64 {
        let per_second = i128::from(Self::PER_SECOND);
        let units = i128::from(self.0) * i128::from(rate);
        ((units + (per_second / 2) * units.signum()) / per_second) as i64
    }

    /// The span of `ms` milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms * 90)
    }

    /// This span in whole milliseconds, rounded towards zero.
    pub const fn to_ms(self) -> i64 {
        self.0 / 90
    }

    /// This span in seconds.
    pub fn to_seconds(self) -> f64 {
        self.0 as f64 / Self::PER_SECOND as f64
    }

    /// The span of `duration`, rounded down.
    pub fn from_duration(duration: Duration) -> Self {
        Self((duration.as_micros() as i64).saturating_mul(9) / 100)
    }
}

impl Add for Ticks90k {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl AddAssign for Ticks90k {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
impl Sub for Ticks90k {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}
impl Neg for Ticks90k {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// A moment of monotonic time, in microseconds since its clock was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_micros() as u64))
    }
}

/// A date, in milliseconds since 1970-01-01 00:00 UTC. Shown as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct UnixMs(pub i64);

/// 2020-01-01: no share was made before. A clock that shows less has not been set since the power came.
pub const DAWN: UnixMs = UnixMs(1_577_836_800_000);

impl UnixMs {
    /// The date `span` later.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Whether what was made then holds still at `date`, when it holds for `ttl_ms`. A clock set back by less makes no
    /// difference.
    pub fn holds(self, ttl_ms: u64, date: Self) -> bool {
        date.0.abs_diff(self.0) < ttl_ms
    }

    /// Milliseconds from `earlier` to this date; zero if the clock was set back in between.
    pub fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0).max(0) as u64
    }
}

impl From<SystemTime> for UnixMs {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(after.as_millis() as i64),
            Err(before) => Self(-(before.duration().as_millis() as i64)),
        }
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.clamp(0, 253_402_300_799_999) as u64;
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        humantime::format_rfc3339_millis(time).fmt(f)
    }
}

/// Where time comes from: the system's clocks in the gateway, a simulated one in tests.
pub trait Clock: Send + Sync {
    /// Monotonic time.
    fn now(&self) -> Moment;
    /// The date. May jump when the system's clock is set.
    fn date(&self) -> UnixMs;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_units_round_to_the_nearest() {
        assert_eq!(Ticks90k::from_units(1024, 48_000), Ticks90k(1920));
        assert_eq!(Ticks90k::from_units(1024, 44_100), Ticks90k(2090));
        assert_eq!(Ticks90k(2090).to_units(44_100), 1024);
        assert_eq!(Ticks90k(-2090).to_units(44_100), -1024);
    }

    #[test]
    fn dates_are_shown_as_rfc_3339() {
        assert_eq!(UnixMs(1_700_000_000_123).to_string(), "2023-11-14T22:13:20.123Z");
        assert_eq!(UnixMs(-5).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_clock_set_back_counts_as_no_time() {
        assert_eq!(UnixMs(5).ms_since(UnixMs(9)), 0);
        assert_eq!(Moment(5).since(Moment(9)), Duration::ZERO);
    }
}
