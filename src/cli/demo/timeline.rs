//! When the built-in phone's next picture or piece of sound is due. Pure: the time is an argument.
//!
//! Every due time is worked out from its number, so nothing drifts. Sound is numbered from 1970 on, which puts its ticks
//! on the date's whole seconds.

use std::time::Duration;

use super::tone::{FRAME_SAMPLES, SAMPLE_RATE};

/// Pictures a second.
pub(super) const FRAME_RATE: u32 = 30;
/// What is later than this is left out: the machine was asleep or too slow.
const TOO_LATE: Duration = Duration::from_secs(1);

/// What is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A picture.
    Picture {
        /// In 1/90000 s since the timeline's start.
        timestamp: u32,
    },
    /// A frame of sound.
    Sound {
        /// Frames since 1970.
        number: u64,
        /// In samples since the timeline's first frame of sound.
        timestamp: u32,
    },
}

/// The schedule of one publishing.
#[derive(Debug)]
pub(super) struct Timeline {
    start_us: u64,
    next_picture: u64,
    first_sound: u64,
    next_sound: u64,
}

impl Timeline {
    /// A timeline that starts at a date, in microseconds since 1970.
    pub(super) fn new(start_us: u64) -> Self {
        let first = (u128::from(start_us) * u128::from(SAMPLE_RATE)).div_ceil(u128::from(FRAME_SAMPLES) * 1_000_000);
        Self { start_us, next_picture: 0, first_sound: first as u64, next_sound: first as u64 }
    }

    /// What is due next, and when, since the start. `now` leaves out what is far too late.
    pub(super) fn next(&mut self, now: Duration) -> (Duration, Unit) {
        while self.picture_due() + TOO_LATE < now {
            self.next_picture += 1;
        }
        while self.sound_due() + TOO_LATE < now {
            self.next_sound += 1;
        }
        let (picture, sound) = (self.picture_due(), self.sound_due());
        if picture <= sound {
            let timestamp = (self.next_picture * 90_000 / u64::from(FRAME_RATE)) as u32;
            self.next_picture += 1;
            (picture, Unit::Picture { timestamp })
        } else {
            let number = self.next_sound;
            let timestamp = ((number - self.first_sound) * u64::from(FRAME_SAMPLES)) as u32;
            self.next_sound += 1;
            (sound, Unit::Sound { number, timestamp })
        }
    }

    /// The date so long after the start, in microseconds since 1970, by the clock that does not jump.
    pub(super) fn date_us(&self, now: Duration) -> u64 {
        self.start_us + now.as_micros() as u64
    }

    /// The pictures' timestamp so long after the start.
    pub(super) fn picture_timestamp(now: Duration) -> u32 {
        (now.as_nanos() * 90_000 / 1_000_000_000) as u32
    }

    /// The sound's timestamp so long after the start; before its first frame it wraps below zero.
    pub(super) fn sound_timestamp(&self, now: Duration) -> u32 {
        let first = i128::from(self.first_sound) * i128::from(FRAME_SAMPLES);
        (i128::from(self.date_us(now)) * i128::from(SAMPLE_RATE) / 1_000_000 - first) as u32
    }

    fn picture_due(&self) -> Duration {
        Duration::from_nanos(self.next_picture * 1_000_000_000 / u64::from(FRAME_RATE))
    }

    fn sound_due(&self) -> Duration {
        let since_1970 =
            u128::from(self.next_sound) * u128::from(FRAME_SAMPLES) * 1_000_000_000 / u128::from(SAMPLE_RATE);
        Duration::from_nanos((since_1970 - u128::from(self.start_us) * 1000) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE_US: u64 = 1_767_323_045_678_901;

    #[test]
    fn an_hour_has_its_pictures_and_its_sound_and_no_drift() {
        let mut timeline = Timeline::new(DATE_US);
        let (mut pictures, mut sounds, mut last) = (0u64, 0u64, Duration::ZERO);
        loop {
            let (due, unit) = timeline.next(last);
            assert!(due >= last, "in order");
            last = due;
            if due >= Duration::from_secs(3600) {
                break;
            }
            match unit {
                Unit::Picture { timestamp } => {
                    assert_eq!(timestamp, (pictures * 3000) as u32);
                    pictures += 1;
                }
                Unit::Sound { timestamp, .. } => {
                    assert_eq!(timestamp, (sounds * 1024) as u32);
                    sounds += 1;
                }
            }
        }
        assert_eq!((pictures, sounds), (108_000, 168_750));
    }

    #[test]
    fn ticks_are_on_the_whole_seconds() {
        let mut timeline = Timeline::new(DATE_US);
        loop {
            let (due, unit) = timeline.next(Duration::ZERO);
            if let Unit::Sound { number, .. } = unit
                && number % 375 == 0
            {
                let date_us = timeline.date_us(due + Duration::from_nanos(500));
                assert!(date_us % 8_000_000 < 2, "the loop starts at {date_us}");
                break;
            }
        }
    }

    #[test]
    fn reports_put_both_tracks_on_one_clock() {
        let mut timeline = Timeline::new(DATE_US);
        for _ in 0..200 {
            let (due, unit) = timeline.next(Duration::ZERO);
            let (timestamp, reported) = match unit {
                Unit::Picture { timestamp } => (timestamp, Timeline::picture_timestamp(due)),
                Unit::Sound { timestamp, .. } => (timestamp, timeline.sound_timestamp(due)),
            };
            assert!(reported.wrapping_sub(timestamp).wrapping_add(1) <= 2, "{timestamp}, reported {reported}");
        }
    }

    #[test]
    fn after_a_sleep_what_was_missed_is_left_out() {
        let mut timeline = Timeline::new(DATE_US);
        timeline.next(Duration::ZERO);
        let (due, unit) = timeline.next(Duration::from_secs(60));
        assert!(due >= Duration::from_secs(59));
        let timestamp = match unit {
            Unit::Picture { timestamp } => Duration::from_nanos(u64::from(timestamp) * 100_000 / 9),
            Unit::Sound { timestamp, .. } => Duration::from_nanos(u64::from(timestamp) * 1_000_000 / 48),
        };
        assert!(due.abs_diff(timestamp) < Duration::from_millis(25), "timestamps keep to the clock");
    }
}
