//! How much of a picture's way is waiting: what it took longer than the quickest picture of the last ten seconds.
//!
//! Web camera and gateway have no common clock, so no single way can be measured; but the quickest one shows what the
//! way takes when nothing waits. The clocks' drift is less than what ten seconds can show.

use std::collections::VecDeque;

use crate::ground::time::Moment;

/// Seconds that are looked back.
const WINDOW_S: u64 = 10;

/// Measures waiting.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The least difference between arrival and capture, by second of arrival; the oldest first.
    least_us: VecDeque<(u64, i64)>,
}

impl Queue {
    /// Notes a picture of `time_us` on the timeline that came at `now`; gives how long it waited, in milliseconds.
    pub fn arrived(&mut self, time_us: i64, now: Moment) -> u64 {
        let second = now.0 / 1_000_000;
        let way_us = now.0 as i64 - time_us;
        match self.least_us.back_mut() {
            Some((last, least)) if *last == second => *least = (*least).min(way_us),
            _ => self.least_us.push_back((second, way_us)),
        }
        while self.least_us.front().is_some_and(|(first, _)| first + WINDOW_S < second) {
            self.least_us.pop_front();
        }
        let least = self.least_us.iter().map(|(_, least)| *least).min().unwrap_or(way_us);
        ((way_us - least) / 1000).max(0) as u64
    }

    /// The web camera's clock began anew: what was measured says nothing any more.
    pub fn forget(&mut self) {
        self.least_us.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_and_forgotten_after_ten_seconds() {
        let mut queue = Queue::default();
        let mut arrived =
            |captured_ms: u64, came_ms: u64| queue.arrived(captured_ms as i64 * 1000, Moment(came_ms * 1000));
        assert_eq!(arrived(0, 40), 0);
        assert_eq!(arrived(100, 120), 0, "quicker than any before");
        assert_eq!(arrived(200, 300), 80);
        assert_eq!(arrived(300, 1320), 1000);
        // From now on the way itself is longer; that is known once the quick one is ten seconds old.
        for n in 1..10 {
            assert_eq!(arrived(n * 1000, n * 1000 + 320), 300, "{n}");
        }
        assert_eq!(arrived(11_000, 11_320), 0);
    }

    #[test]
    fn little_is_kept_however_much_comes() {
        let mut queue = Queue::default();
        for n in 0..100_000 {
            queue.arrived(0, Moment(n * 1000));
        }
        assert!(queue.least_us.len() <= WINDOW_S as usize + 1);
    }
}
