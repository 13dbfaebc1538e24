//! Time (RFC 3550, 5.1 and 6.4.1): timestamps of 32 bits become one timeline, and sender reports put the tracks in step.
//!
//! A track starts on the timeline where its first packet arrived. That is good to some tens of milliseconds: senders
//! often begin with a burst. The first sound is held back for a moment, until the packets that were fastest on their way
//! tell better; a sender report of both tracks tells best. Either moves the sound to the pictures; pictures never move.

use std::time::Duration;

use crate::ground::time::{Moment, Ticks90k};

/// A timestamp that is this much further on than the time that has passed is a jump, not a pause.
const JUMP_AHEAD_S: i64 = 5;
/// A timestamp that goes back by more than this is a jump, not a B-frame.
const JUMP_BACK_S: i64 = 2;
/// Reports that would move the sound by more than this are wrong.
const MAX_CORRECTION: Ticks90k = Ticks90k::from_ms(5000);
/// Sound that is this much out of step is left where it is.
const TOLERANCE: Ticks90k = Ticks90k::from_ms(15);

/// The clock of one track.
#[derive(Debug)]
pub struct TrackClock {
    rate: u32,
    /// The newest timestamp, as it came and unwrapped, and when it came.
    last: Option<(u32, i64, Moment)>,
    /// The unwrapped timestamp of the first packet, and its place on the timeline.
    zero: Option<(i64, Ticks90k)>,
    /// The newest sender report: the sender's wall clock, and the unwrapped timestamp of that moment.
    report: Option<(Ticks90k, i64)>,
    /// How long after its time on the timeline the fastest frame arrived.
    lag: Option<Ticks90k>,
}

impl TrackClock {
    /// A clock of `rate` units a second.
    pub fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), last: None, zero: None, report: None, lag: None }
    }

    /// Unwraps a timestamp that came at `now`. Jumps are levelled: time goes on as it did at the gateway.
    pub fn unwrap(&mut self, timestamp: u32, now: Moment) -> i64 {
        let Some((last, unwrapped, at)) = self.last else {
            self.last = Some((timestamp, i64::from(timestamp), now));
            return i64::from(timestamp);
        };
        let rate = i64::from(self.rate);
        let passed = Ticks90k::from_duration(now.since(at)).to_units(self.rate);
        let mut step = i64::from(timestamp.wrapping_sub(last) as i32);
        if step > passed + JUMP_AHEAD_S * rate || step < -JUMP_BACK_S * rate {
            step = passed.max(1);
            self.report = None;
        }
        self.last = Some((timestamp, unwrapped + step, now));
        unwrapped + step
    }

    /// Whether the track has its place on the timeline.
    pub fn is_placed(&self) -> bool {
        self.zero.is_some()
    }

    /// Puts the first packet on the timeline.
    pub fn place(&mut self, unwrapped: i64, at: Ticks90k) {
        self.zero = Some((unwrapped, at));
    }

    /// The place of an unwrapped timestamp on the timeline.
    pub fn time(&self, unwrapped: i64) -> Ticks90k {
        let (zero, at) = self.zero.unwrap_or((unwrapped, Ticks90k(0)));
        at + Ticks90k::from_units(unwrapped - zero, self.rate)
    }

    /// Takes a sender report: `ntp` is the sender's wall clock in 32.32 fixed-point seconds.
    pub fn report(&mut self, ntp: u64, timestamp: u32, now: Moment) {
        let unwrapped = match self.last {
            Some((last, unwrapped, _)) => unwrapped + i64::from(timestamp.wrapping_sub(last) as i32),
            None => self.unwrap(timestamp, now),
        };
        let seconds = (ntp >> 32) as i64;
        let fraction = ((ntp & 0xFFFF_FFFF) * Ticks90k::PER_SECOND as u64) >> 32;
        self.report = Some((Ticks90k(seconds * Ticks90k::PER_SECOND + fraction as i64), unwrapped));
    }

    /// The sender's wall clock at the track's first packet.
    fn wall_at_zero(&self) -> Option<Ticks90k> {
        let ((wall, reported), (zero, _)) = (self.report?, self.zero?);
        Some(wall + Ticks90k::from_units(zero - reported, self.rate))
    }

    /// A frame that is due at `time` on the timeline has arrived at `arrival` on it.
    pub fn arrived(&mut self, time: Ticks90k, arrival: Ticks90k) {
        let lag = arrival - time;
        self.lag = Some(self.lag.map_or(lag, |least| least.min(lag)));
    }

    /// Moves this track, the sound, into step with `pictures` by what the sender reported of both. Whether it did.
    pub fn follow_reports(&mut self, pictures: &TrackClock) -> bool {
        let (Some(own), Some(theirs)) = (self.wall_at_zero(), pictures.wall_at_zero()) else { return false };
        let (Some((zero, at)), Some((_, pictures_at))) = (self.zero, pictures.zero) else { return false };
        let right = pictures_at + own - theirs;
        let correction = (right - at).0.abs();
        if correction > TOLERANCE.0 && correction <= MAX_CORRECTION.0 {
            self.zero = Some((zero, right));
        }
        correction <= MAX_CORRECTION.0
    }

    /// Moves this track, the sound, so that its fastest frame took as long as that of `pictures`. Whether both are known.
    pub fn follow_arrivals(&mut self, pictures: &TrackClock) -> bool {
        let (Some(own), Some(theirs), Some((zero, at))) = (self.lag, pictures.lag, self.zero) else { return false };
        self.zero = Some((zero, at + own - theirs));
        self.lag = Some(theirs);
        true
    }
}

/// Statistics for receiver reports (RFC 3550, 6.4.1 and appendix A).
#[derive(Debug, Default)]
pub struct Reception {
    first: Option<u32>,
    received: u64,
    expected_before: u64,
    received_before: u64,
    transit: Option<i64>,
    jitter_16ths: i64,
    last_report: Option<(u32, Moment)>,
}

/// The numbers of a report block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Packets lost since the last block, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost in all.
    pub cumulative_lost: u32,
    /// Interarrival jitter, in units of the track's clock.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time; 0 for none.
    pub last_report: u32,
    /// Time since then, in 1/65536 s.
    pub delay: u32,
}

impl Reception {
    /// Counts a packet.
    pub fn packet(&mut self, sequence: u32, timestamp: u32, rate: u32, now: Moment) {
        self.first.get_or_insert(sequence);
        self.received += 1;
        let arrival = Ticks90k::from_duration(now.since(Moment(0))).to_units(rate);
        let transit = arrival - i64::from(timestamp);
        let change = (transit - self.transit.replace(transit).unwrap_or(transit)).abs();
        if change < i64::from(rate) {
            self.jitter_16ths += change - ((self.jitter_16ths + 8) >> 4);
        }
    }

    /// The sender numbers its packets anew: they are counted from here on.
    pub fn count_anew(&mut self) {
        *self = Self { last_report: self.last_report, ..Self::default() };
    }

    /// Notes a sender report.
    pub fn sender_report(&mut self, ntp: u64, now: Moment) {
        self.last_report = Some(((ntp >> 16) as u32, now));
    }

    /// The block for a report that is sent now; `highest` is the highest sequence number, with its wraps.
    pub fn block(&mut self, highest: u32, now: Moment) -> Block {
        let expected = self.first.map_or(0, |first| u64::from(highest.wrapping_sub(first)) + 1);
        let lost = expected.saturating_sub(self.received);
        let expected_now = expected.saturating_sub(self.expected_before);
        let lost_now = expected_now.saturating_sub(self.received - self.received_before);
        (self.expected_before, self.received_before) = (expected, self.received);
        let (last_report, delay) = self.last_report.map_or((0, Duration::ZERO), |(ntp, at)| (ntp, now.since(at)));
        Block {
            fraction_lost: (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255) as u8,
            cumulative_lost: lost.min(0x7F_FFFF) as u32,
            jitter: (self.jitter_16ths >> 4).max(0) as u32,
            last_report,
            delay: (delay.as_micros() * 65_536 / 1_000_000).min(u128::from(u32::MAX)) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1000)
    }

    #[test]
    fn timestamps_wrap() {
        let mut clock = TrackClock::new(90_000);
        let first = clock.unwrap(u32::MAX - 1000, at_ms(0));
        assert_eq!(clock.unwrap(1999, at_ms(33)) - first, 3000);
        assert_eq!(clock.unwrap(499, at_ms(34)) - first, 1500, "a B-frame");
    }

    #[test]
    fn jumps_are_levelled_to_the_time_that_passed() {
        let mut clock = TrackClock::new(90_000);
        let first = clock.unwrap(1000, at_ms(0));
        assert_eq!(clock.unwrap(2_000_000_000, at_ms(40)) - first, 3600);
        assert_eq!(clock.unwrap(2_000_003_000, at_ms(80)) - first, 6600);
        assert_eq!(clock.unwrap(5000, at_ms(120)) - first, 10_200);
    }

    #[test]
    fn a_pause_is_no_jump() {
        let mut clock = TrackClock::new(90_000);
        let first = clock.unwrap(0, at_ms(0));
        assert_eq!(clock.unwrap(90_000 * 20, at_ms(20_000)) - first, 90_000 * 20);
    }

    #[test]
    fn reports_put_sound_in_step_with_pictures() {
        let (mut pictures, mut sound) = (TrackClock::new(90_000), TrackClock::new(48_000));
        let picture = pictures.unwrap(700_000, at_ms(0));
        pictures.place(picture, Ticks90k(0));
        let tone = sound.unwrap(5000, at_ms(200));
        sound.place(tone, Ticks90k::from_ms(200));
        // Both were captured at the same moment: second 100 of the sender's clock.
        pictures.report(100 << 32, 700_000, at_ms(300));
        sound.report(100 << 32, 5000, at_ms(300));
        assert!(sound.follow_reports(&pictures));
        assert_eq!(sound.time(tone), Ticks90k(0));
        assert_eq!(sound.time(tone + 48_000), Ticks90k(90_000));
    }

    #[test]
    fn absurd_reports_move_nothing() {
        let (mut pictures, mut sound) = (TrackClock::new(90_000), TrackClock::new(48_000));
        let (picture, tone) = (pictures.unwrap(0, at_ms(0)), sound.unwrap(0, at_ms(0)));
        pictures.place(picture, Ticks90k(0));
        sound.place(tone, Ticks90k(0));
        pictures.report(100 << 32, 0, at_ms(0));
        sound.report(0, 0, at_ms(0));
        assert!(!sound.follow_reports(&pictures));
        assert_eq!(sound.time(tone), Ticks90k(0));
    }

    #[test]
    fn arrivals_put_sound_in_step_with_pictures() {
        let (mut pictures, mut sound) = (TrackClock::new(90_000), TrackClock::new(48_000));
        let (picture, tone) = (pictures.unwrap(0, at_ms(40)), sound.unwrap(0, at_ms(0)));
        pictures.place(picture, Ticks90k::from_ms(40));
        sound.place(tone, Ticks90k(0));
        assert!(!sound.follow_arrivals(&pictures));
        // The first picture took 40 ms longer on its way than the second.
        pictures.arrived(pictures.time(picture), Ticks90k::from_ms(40));
        pictures.arrived(pictures.time(picture + 3600), Ticks90k::from_ms(41));
        sound.arrived(sound.time(tone), Ticks90k::from_ms(1));
        assert!(sound.follow_arrivals(&pictures));
        assert_eq!(sound.time(tone), Ticks90k::from_ms(40));
    }

    #[test]
    fn losses_and_delays_are_reported() {
        let mut reception = Reception::default();
        for sequence in [10, 11, 13] {
            reception.packet(sequence, sequence * 3000, 90_000, at_ms(u64::from(sequence) * 33));
        }
        reception.sender_report(0x0001_2345_6789_0000, at_ms(1000));
        let block = reception.block(13, at_ms(1500));
        assert_eq!((block.cumulative_lost, block.fraction_lost), (1, 64));
        assert_eq!((block.last_report, block.delay), (0x2345_6789, 32_768));
        assert_eq!(reception.block(13, at_ms(1500)).fraction_lost, 0);
    }
}
