//! How long a picture is on its way from the camera to the gateway. Pure: moments go in, milliseconds come out.
//!
//! Camera and gateway have no common clock. What is known: how much longer a picture was on its way than the quickest of
//! the last ten seconds (`queue`), and how long the quickest round trip took (pings, RFC 6455, section 5.5.2). The
//! quickest picture was on its way between nothing and that round trip. Where the camera's clock counts from 1970, or it
//! said what it counts from, and what follows from it lies in these bounds, both clocks are right and it holds; else the
//! way is taken for half of the round trip, as NTP does (RFC 5905, section 8).

use std::collections::VecDeque;

use crate::ground::limits;
use crate::ground::time::{Moment, UnixMs};

/// Seconds that are looked back: as far as for what waits.
const WINDOW_S: u64 = 10;
/// By how much clocks that are set by the same time may differ, and what a picture takes to be encoded.
const SLACK_US: i64 = 100_000;

/// The least of some values of the last seconds, one kept for each second.
#[derive(Debug, Default)]
struct Least(VecDeque<(u64, i64)>);

impl Least {
    fn add(&mut self, value_us: i64, now: Moment) {
        let second = now.0 / 1_000_000;
        match self.0.back_mut() {
            Some((last, least)) if *last == second => *least = (*least).min(value_us),
            _ => self.0.push_back((second, value_us)),
        }
        while self.0.front().is_some_and(|(first, _)| first + WINDOW_S < second) {
            self.0.pop_front();
        }
    }

    fn get(&self) -> Option<i64> {
        self.0.iter().map(|(_, least)| *least).min()
    }
}

/// Measures the way of one web camera's pictures.
#[derive(Debug)]
pub(super) struct Uplink {
    /// What is added to a moment to get a date, in microseconds since 1970.
    date_us: i64,
    /// The same for the camera's own times, where it said so.
    epoch_us: i64,
    /// The ping that is not answered yet, and when the last one was sent.
    asked: Option<Moment>,
    last: Option<Moment>,
    trips: Least,
    /// How long pictures were on their way, if the camera's clock is right.
    by_clock: Least,
    newest: Option<u64>,
}

impl Uplink {
    /// For a camera that came at `now`, which is `date`.
    pub fn new(now: Moment, date: UnixMs) -> Self {
        let date_us = date.0.saturating_mul(1000).saturating_sub_unsigned(now.0);
        Self {
            date_us,
            epoch_us: 0,
            asked: None,
            last: None,
            trips: Least::default(),
            by_clock: Least::default(),
            newest: None,
        }
    }

    /// The camera's times count from this: microseconds since 1970.
    pub fn counts_from(&mut self, epoch_us: i64) {
        self.epoch_us = epoch_us;
    }

    /// What the next ping carries, if one is due. One is asked at a time.
    pub fn ping(&mut self, now: Moment) -> Option<u64> {
        let due = self.last.is_none_or(|last| now.since(last) >= limits::WEB_CAMERA_TRIP_TIME);
        if self.asked.is_some() || !due {
            return None;
        }
        (self.asked, self.last) = (Some(now), Some(now));
        Some(now.0)
    }

    /// A ping was answered with `number`.
    pub fn pong(&mut self, number: u64, now: Moment) {
        if self.asked.is_some_and(|asked| asked.0 == number) {
            self.asked = None;
            self.trips.add(now.0.saturating_sub(number) as i64, now);
        }
    }

    /// A picture of the camera's time `captured_us` came, `queue_ms` later than the quickest of late.
    pub fn arrived(&mut self, captured_us: i64, queue_ms: u64, now: Moment) {
        let came_us = self.date_us.saturating_add_unsigned(now.0);
        let way_us = came_us.saturating_sub(self.epoch_us.saturating_add(captured_us));
        self.by_clock.add(way_us, now);
        self.newest = match (self.trips.get(), self.by_clock.get()) {
            (Some(trip_us), Some(least_us)) if (-SLACK_US..=trip_us + SLACK_US).contains(&least_us) => {
                Some((way_us / 1000).max(0) as u64)
            }
            (Some(trip_us), _) => Some((trip_us / 2000).max(0) as u64 + queue_ms),
            (None, _) => None,
        };
    }

    /// The camera's clock began anew.
    pub fn forget(&mut self) {
        self.by_clock = Least::default();
    }

    /// How long the newest picture was on its way, once that is known.
    pub fn newest_ms(&self) -> Option<u64> {
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixMs = UnixMs(1_700_000_000_000);

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1000)
    }

    /// A camera whose line takes so long each way, and whose clock is off by `off_ms`; what is known of it after a while.
    fn told(up_ms: u64, down_ms: u64, counts_from: Option<i64>, off_ms: i64) -> Option<u64> {
        let mut uplink = Uplink::new(at_ms(0), NOON);
        if let Some(epoch_us) = counts_from {
            uplink.counts_from(epoch_us);
        }
        let mut answers: VecDeque<(u64, u64)> = VecDeque::new();
        for ms in (0..30_000).step_by(40) {
            let now = at_ms(ms);
            while answers.front().is_some_and(|(at, _)| *at <= ms) {
                uplink.pong(answers.pop_front().expect("an answer").1, now);
            }
            if let Some(number) = uplink.ping(now) {
                answers.push_back((ms + up_ms + down_ms, number));
            }
            let captured_ms = NOON.0 + ms as i64 - up_ms as i64 + off_ms;
            uplink.arrived(captured_ms * 1000 - counts_from.unwrap_or(0), 0, now);
        }
        uplink.newest_ms()
    }

    #[test]
    fn a_clock_that_fits_the_round_trip_is_believed() {
        let boot = Some(1_699_999_000_000_000);
        for (up, down) in [(2000, 0), (2000, 2000), (30, 20), (0, 2000)] {
            for epoch in [None, boot] {
                assert_eq!(told(up, down, epoch, 0), Some(up), "{up} ms up, {down} ms down");
            }
        }
    }

    #[test]
    fn a_clock_that_does_not_is_not_and_half_of_the_round_trip_counts() {
        for off in [-3_600_000, 3_600_000, 5000, -400_000_000_000] {
            let known = told(2000, 2000, None, off).expect("known");
            assert!((2000..=2040).contains(&known), "{known} with a clock that is {off} ms off");
            assert!(told(20, 20, None, off).is_some_and(|known| known <= 40));
        }
    }

    #[test]
    fn nothing_is_told_before_a_ping_was_answered_and_no_answer_is_made_up() {
        let mut uplink = Uplink::new(at_ms(0), NOON);
        uplink.arrived(0, 7, at_ms(5));
        uplink.pong(0, at_ms(5));
        assert_eq!(uplink.newest_ms(), None);
        let number = uplink.ping(at_ms(10)).expect("due");
        assert_eq!(uplink.ping(at_ms(9000)), None, "one at a time");
        uplink.pong(number + 1, at_ms(20));
        uplink.arrived(0, 7, at_ms(30));
        assert_eq!(uplink.newest_ms(), None);
        uplink.pong(number, at_ms(50));
        uplink.arrived(0, 7, at_ms(60));
        assert_eq!(uplink.newest_ms(), Some(20 + 7), "what waits counts too");
    }

    #[test]
    fn what_is_remembered_is_little_and_any_number_is_taken() {
        let mut uplink = Uplink::new(Moment(u64::MAX), UnixMs(i64::MIN));
        uplink.counts_from(i64::MAX);
        for n in 0..100_000_u64 {
            uplink.arrived(if n % 2 == 0 { i64::MIN } else { i64::MAX }, u64::from(u32::MAX), at_ms(n * 1000));
        }
        assert!(uplink.by_clock.0.len() as u64 <= WINDOW_S + 2);
    }
}
