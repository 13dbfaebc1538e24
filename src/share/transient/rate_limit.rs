//! How often each sender may do something: some times at once, and then as often as time goes by. Pure; forgotten at a
//! restart.

use std::collections::HashMap;
use std::time::Duration;

use crate::ground::id::SenderId;
use crate::ground::time::Moment;
use crate::share::model::error::ShareError;

/// Senders that are kept in mind before those are forgotten who have rested.
const SENDERS: usize = 1024;

/// What each sender did of late.
#[derive(Debug)]
pub struct RateLimit {
    at_once: u32,
    every: Duration,
    /// From when on each could do it `at_once` times again.
    rested: HashMap<SenderId, Moment>,
}

impl RateLimit {
    /// `at_once` times, and then once in `every`.
    pub fn new(at_once: u32, every: Duration) -> Self {
        Self { at_once, every, rested: HashMap::new() }
    }

    /// Counts that `sender` does it once more, or says how long to wait.
    pub fn take(&mut self, sender: SenderId, now: Moment) -> Result<(), ShareError> {
        if self.rested.len() >= SENDERS {
            self.rested.retain(|_, rested| *rested > now);
        }
        let rested = self.rested.entry(sender).or_insert(now);
        let after = (*rested).max(now) + self.every;
        let retry_after = after.since(now).saturating_sub(self.every * self.at_once);
        if retry_after > Duration::ZERO {
            return Err(ShareError::TooOften { retry_after });
        }
        *rested = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUI: SenderId = SenderId([1; 10]);
    const EVA: SenderId = SenderId([2; 10]);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn some_at_once_and_then_one_by_one() {
        let mut limit = RateLimit::new(3, SECOND);
        let now = Moment(5_000_000);
        assert_eq!((0..10).filter(|_| limit.take(RUI, now).is_ok()).count(), 3);
        let refused = limit.take(RUI, now).expect_err("too often");
        assert_eq!((refused.code(), refused.retry_after()), ("too_often", Some(SECOND)));
        assert_eq!((0..10).filter(|_| limit.take(EVA, now).is_ok()).count(), 3, "each for themselves");
        assert_eq!((0..10).filter(|_| limit.take(RUI, now + SECOND).is_ok()).count(), 1);
        assert_eq!((0..10).filter(|_| limit.take(RUI, now + 60 * SECOND).is_ok()).count(), 3);
    }

    #[test]
    fn it_stays_small() {
        let mut limit = RateLimit::new(1, SECOND);
        for n in 0..10 * SENDERS as u64 {
            let mut id = [0; 10];
            id[..8].copy_from_slice(&n.to_be_bytes());
            limit.take(SenderId(id), Moment(n * 10_000)).expect("their first");
        }
        assert!(limit.rested.len() <= SENDERS);
    }
}
