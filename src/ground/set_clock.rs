//! A clock for tests: it goes when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::ground::time::{Clock, Moment, UnixMs};

/// A clock that goes when it is told to.
pub struct SetClock {
    now: AtomicU64,
    date: AtomicI64,
}

impl SetClock {
    /// A clock at noon of some day.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicU64::new(0), date: AtomicI64::new(1_700_000_000_000) })
    }

    /// Time goes by.
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(span.as_micros() as u64, Ordering::SeqCst);
        self.date.fetch_add(span.as_millis() as i64, Ordering::SeqCst);
    }

    /// Somebody sets the clock.
    pub fn set_date(&self, by_ms: i64) {
        self.date.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }
    fn date(&self) -> UnixMs {
        UnixMs(self.date.load(Ordering::SeqCst))
    }
}
