//! How slowly someone may send: a rest now and then is nothing, but over time it has to come at a least rate, and what is
//! held in memory meanwhile has to be whole in a given time. Pure.

use std::time::Duration;

use crate::ground::time::Moment;

/// The time someone has left to send more. Each byte earns some; nobody can save up more than a grace.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    grace: Duration,
    bytes_per_second: u64,
    until: Moment,
    /// When all of it has to be there.
    end: Option<Moment>,
}

impl Pace {
    /// From `now` on at least `bytes_per_second`, after a `grace` that is given once and earned back by being faster.
    pub fn new(grace: Duration, bytes_per_second: u64, now: Moment) -> Self {
        Self { grace, bytes_per_second, until: now + grace, end: None }
    }

    /// All of it has to come within `limit` of `now`, at whatever rate.
    pub fn within(self, limit: Duration, now: Moment) -> Self {
        Self { end: Some(now + limit), ..self }
    }

    /// So many bytes came: until when more have to come.
    pub fn came(&mut self, bytes: usize, now: Moment) -> Moment {
        let earned = Duration::from_micros((bytes as u64).saturating_mul(1_000_000) / self.bytes_per_second.max(1));
        self.until = (self.until + earned.min(self.grace)).min(now + self.grace);
        self.until()
    }

    /// Waiting that was not theirs, from `since` to `now`, is not held against them.
    pub fn excuse(&mut self, since: Moment, now: Moment) {
        self.until = self.until + now.since(since);
    }

    /// Until when more has to come.
    pub fn until(&self) -> Moment {
        self.end.map_or(self.until, |end| end.min(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> Moment {
        Moment(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn drops_at_long_intervals_are_no_sending() {
        let mut pace = Pace::new(GRACE, 1000, at(0));
        for second in [2, 4] {
            assert!(pace.came(1, at(second)) > at(second));
        }
        assert!(pace.until() < at(6), "two bytes earned two milliseconds");
    }

    #[test]
    fn slow_and_steady_may_take_for_ever_and_rest_a_little() {
        let mut pace = Pace::new(GRACE, 1000, at(0));
        for second in 1..1000 {
            assert!(pace.came(1000, at(second)) > at(second));
        }
        assert_eq!(pace.until(), at(1004), "as it began");
        pace.came(1_000_000, at(1000));
        assert_eq!(pace.until(), at(1005), "nobody saves up for a long rest");
    }

    #[test]
    fn what_is_held_meanwhile_may_not_take_for_ever() {
        let mut pace = Pace::new(GRACE, 1000, at(0)).within(Duration::from_secs(60), at(0));
        let shown_out = (1..).find(|second| pace.came(1000, at(*second)) <= at(*second));
        assert_eq!(shown_out, Some(60));
    }

    #[test]
    fn time_in_which_nobody_could_send_is_excused() {
        let mut pace = Pace::new(GRACE, 1000, at(0));
        pace.excuse(at(1), at(11));
        assert_eq!(pace.until(), at(15));
    }
}
