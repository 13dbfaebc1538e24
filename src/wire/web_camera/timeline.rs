//! The web camera's clock: pictures and sound share it, so one offset puts both on one timeline, in step.
//!
//! Browsers stop and set clocks as they like: a frame far from the newest one is a new start of the clock. Time then
//! goes on as it did at the gateway, for pictures and sound alike.

use crate::ground::time::{Moment, Ticks90k};

/// Units of the web camera's clock in a second.
pub(super) const MICROSECONDS: u32 = 1_000_000;
/// Pictures that share a time, or tremble, are this much apart.
pub(super) const LEAST_STEP: Ticks90k = Ticks90k::from_ms(1);
/// A frame further than this from the newest is a new start of the clock.
const JUMP_US: u64 = 10_000_000;
/// So is one that goes back by more than this within its kind; less is a clock that trembles.
const BACK_US: i64 = 1_000_000;

/// Of which kind a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Picture,
    Sound,
}

/// A frame's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Microseconds since the first frame.
    pub time_us: i64,
    /// Whether the clock began anew with it.
    pub jumped: bool,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    captured_us: i64,
    time_us: i64,
    came: Moment,
}

/// Puts frames on one timeline.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// What is added to the web camera's time.
    offset_us: i128,
    newest: Option<Newest>,
    /// The web camera's time of the last frame by kind, since the clock began.
    last_us: [Option<i64>; 2],
}

impl Timeline {
    /// The place of a frame that was captured at `captured_us` and came at `now`.
    pub fn place(&mut self, kind: Kind, captured_us: i64, now: Moment) -> Placed {
        let last = self.last_us[kind as usize];
        let jumped = self.newest.is_some_and(|newest| captured_us.abs_diff(newest.captured_us) > JUMP_US)
            || last.is_some_and(|last| last.saturating_sub(captured_us) > BACK_US);
        if jumped || self.newest.is_none() {
            let time_us = self.newest.map_or(0, |newest| newest.time_us + now.since(newest.came).as_micros() as i64);
            self.offset_us = i128::from(time_us) - i128::from(captured_us);
            self.last_us = [None; 2];
            self.newest = None;
        }
        let time_us = (i128::from(captured_us) + self.offset_us) as i64;
        self.last_us[kind as usize] = Some(captured_us);
        if self.newest.is_none_or(|newest| captured_us > newest.captured_us) {
            self.newest = Some(Newest { captured_us, time_us, came: now });
        }
        Placed { time_us, jumped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1000)
    }

    #[test]
    fn pictures_and_sound_share_one_clock() {
        let mut line = Timeline::default();
        assert_eq!(line.place(Kind::Sound, 5_000_000, at_ms(0)).time_us, 0);
        assert_eq!(line.place(Kind::Picture, 5_033_000, at_ms(90)).time_us, 33_000);
        assert_eq!(line.place(Kind::Sound, 5_020_000, at_ms(91)).time_us, 20_000);
    }

    #[test]
    fn a_jump_goes_on_where_time_was_and_keeps_both_in_step() {
        for far in [60_000_000_000, -60_000_000_000] {
            let mut line = Timeline::default();
            line.place(Kind::Picture, 1_000_000, at_ms(0));
            line.place(Kind::Sound, 1_010_000, at_ms(10));
            let placed = line.place(Kind::Picture, far, at_ms(43));
            assert_eq!(placed, Placed { time_us: 43_000, jumped: true });
            assert_eq!(line.place(Kind::Sound, far - 5_000, at_ms(44)), Placed { time_us: 38_000, jumped: false });
        }
    }

    #[test]
    fn a_clock_that_trembles_is_no_new_start() {
        let mut line = Timeline::default();
        line.place(Kind::Picture, 0, at_ms(0));
        line.place(Kind::Picture, 33_000, at_ms(33));
        assert_eq!(line.place(Kind::Picture, 32_000, at_ms(66)), Placed { time_us: 32_000, jumped: false });
        assert!(line.place(Kind::Picture, -2_000_000, at_ms(99)).jumped, "that is more");
    }

    #[test]
    fn a_pause_of_the_camera_is_no_jump() {
        let mut line = Timeline::default();
        line.place(Kind::Picture, 0, at_ms(0));
        assert_eq!(line.place(Kind::Picture, 4_000_000, at_ms(4000)), Placed { time_us: 4_000_000, jumped: false });
    }

    proptest! {
        #[test]
        fn time_never_runs_away(frames: Vec<(bool, i64, u16)>) {
            let (mut line, mut now, mut most) = (Timeline::default(), Moment(0), 0_i64);
            for (picture, captured_us, passed_ms) in frames {
                now.0 += u64::from(passed_ms) * 1000;
                let kind = if picture { Kind::Picture } else { Kind::Sound };
                let placed = line.place(kind, captured_us, now);
                most += i64::from(passed_ms) * 1000 + JUMP_US as i64;
                prop_assert!(placed.time_us.abs() <= most);
            }
        }
    }
}
