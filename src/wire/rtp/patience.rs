//! How long a missing packet is worth waiting for: as long as late ones have been late on this line.
//!
//! How late one is, is counted from when another first showed that it was missing, also where nobody waits for it any more.
//! RFC 3550's jitter (6.4.1) tells less: where packets come unevenly but in their order, there is nothing to wait for.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::ground::limits::{REORDER_WAIT_FIRST, REORDER_WAIT_LEAST, REORDER_WAIT_MAX};
use crate::ground::time::Moment;

/// Nothing is known of a line in its first seconds.
const FIRST: Duration = Duration::from_secs(2);
/// What was seen counts for this long, and up to twice as long.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Packets that never came are remembered for this long: one that comes later still is a stray.
const MISSED: Duration = Duration::from_secs(1);
/// So many gaps are remembered.
const MAX_GAPS: usize = 256;

/// The largest of what was seen of late: it grows at once, and shrinks when what was large is long past.
#[derive(Debug, Default)]
struct Largest {
    now: Duration,
    before: Duration,
    /// When `now` began.
    since: Option<Moment>,
}

impl Largest {
    fn take(&mut self, value: Duration, at: Moment) {
        let since = *self.since.get_or_insert(at);
        if at.since(since) >= REMEMBERED {
            self.before = if at.since(since) >= REMEMBERED * 2 { Duration::ZERO } else { self.now };
            self.now = Duration::ZERO;
            self.since = Some(at);
        }
        self.now = self.now.max(value);
    }

    fn get(&self, at: Moment) -> Duration {
        match self.since.map(|since| at.since(since)) {
            Some(passed) if passed < REMEMBERED => self.now.max(self.before),
            Some(passed) if passed < REMEMBERED * 2 => self.now,
            _ => Duration::ZERO,
        }
    }
}

/// What a line has shown of itself.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Numbers that were missing, and since when; the oldest first.
    gaps: VecDeque<(Range<i64>, Moment)>,
    late: Largest,
    held: Largest,
    /// When the first packet was missing.
    began: Option<Moment>,
}

impl Patience {
    /// These are missing: a packet behind them has come.
    pub fn missing(&mut self, numbers: Range<i64>, now: Moment) {
        if numbers.is_empty() {
            return;
        }
        self.began.get_or_insert(now);
        if self.gaps.len() >= MAX_GAPS || self.gaps.front().is_some_and(|(_, since)| now.since(*since) > MISSED) {
            self.gaps.pop_front();
        }
        self.gaps.push_back((numbers, now));
    }

    /// This one, of which others were before, has come.
    pub fn came(&mut self, number: i64, now: Moment) {
        let Some(index) = self.gaps.iter().rposition(|(numbers, _)| numbers.contains(&number)) else { return };
        let (numbers, since) = &mut self.gaps[index];
        let (since, rest) = (*since, number + 1..numbers.end);
        if now.since(since) <= MISSED {
            self.late.take(now.since(since), now);
        }
        // Should it come again, it is not late: it isn't missing any more.
        numbers.end = number;
        if numbers.is_empty() {
            self.gaps[index].0 = rest;
        } else if !rest.is_empty() {
            self.gaps.insert(index + 1, (rest, since));
        }
        self.gaps.truncate(MAX_GAPS);
    }

    /// Another numbering has begun.
    pub fn forget(&mut self) {
        self.gaps.clear();
    }

    /// How long to wait for what is missing since `since`.
    pub fn wait(&self, since: Moment) -> Duration {
        let is_new = self.began.is_none_or(|began| since.since(began) < FIRST);
        let least = if is_new { REORDER_WAIT_FIRST } else { REORDER_WAIT_LEAST };
        (self.late.get(since) * 5 / 4 + REORDER_WAIT_LEAST / 2).clamp(least, REORDER_WAIT_MAX)
    }

    /// A packet has waited since then.
    pub fn held_since(&mut self, since: Moment, now: Moment) {
        self.held.take(now.since(since), now);
    }

    /// The longest that packets have waited of late.
    pub fn held(&self, now: Moment) -> Duration {
        self.held.get(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Moment {
        Moment(ms * 1000)
    }

    /// A packet that is missing from `ms` on, and comes so late.
    fn late(patience: &mut Patience, number: i64, ms: u64, by: u64) {
        patience.missing(number..number + 1, at_ms(ms));
        patience.came(number, at_ms(ms + by));
    }

    fn wait_ms(patience: &Patience, ms: u64) -> u128 {
        patience.wait(at_ms(ms)).as_millis()
    }

    #[test]
    fn it_grows_at_once_and_shrinks_slowly() {
        let mut patience = Patience::default();
        assert_eq!(wait_ms(&patience, 0), 200, "nothing is known");
        late(&mut patience, 1, 0, 5);
        assert_eq!(wait_ms(&patience, 1999), 200);
        assert_eq!(wait_ms(&patience, 2000), 30, "5 ms, and some");
        late(&mut patience, 9, 3000, 100);
        assert_eq!(wait_ms(&patience, 3100), 140, "it came when nobody waited any more");
        for second in 4..10 {
            late(&mut patience, second * 100, second as u64 * 1000, 10);
        }
        assert_eq!(wait_ms(&patience, 10_000), 140);
        late(&mut patience, 5000, 10_500, 10);
        assert_eq!(wait_ms(&patience, 20_000), 140);
        late(&mut patience, 6000, 20_600, 40);
        assert_eq!(wait_ms(&patience, 20_700), 65, "those 100 ms are long past");
        assert_eq!(wait_ms(&patience, 60_000), 30);
    }

    #[test]
    fn it_has_an_end() {
        let mut patience = Patience::default();
        late(&mut patience, 1, 0, 900);
        assert_eq!(wait_ms(&patience, 1000), 400);
        late(&mut patience, 2, 30_000, 1100);
        assert_eq!(wait_ms(&patience, 31_200), 30, "a stray tells nothing");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut patience = Patience::default();
        for number in 0..10_000 {
            patience.missing(number * 2..number * 2 + 1, at_ms(0));
        }
        assert_eq!(patience.gaps.len(), MAX_GAPS);
    }
}
