//! The gateway's threads: one that breaks off is begun again, and until it has worked well for a while the gateway says
//! that it did.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::ground::time::{Clock, Moment};

/// How long one that broke off rests, so that one that always does leaves the processor to others.
const REST: Duration = Duration::from_secs(1);
/// How long one must work before it counts as well again: what a thread does now and then comes round in this time.
const WELL: Duration = Duration::from_secs(300);

/// The threads that have broken off, and when they last did.
#[derive(Clone)]
pub(crate) struct Down {
    clock: Arc<dyn Clock>,
    broke_off: Arc<Mutex<BTreeMap<&'static str, Moment>>>,
}

impl Down {
    /// None has broken off by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, broke_off: Arc::default() }
    }

    /// The first of those that have not worked well since for long enough.
    pub fn first(&self) -> Option<&'static str> {
        let mut broke_off = self.broke_off.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        broke_off.retain(|_, at| now.since(*at) < WELL);
        broke_off.keys().next().copied()
    }

    /// Starts a thread that does `work` until it returns: it has been told to stop then. After a panic it is done again.
    pub fn start(&self, name: &'static str, work: impl FnMut() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        let down = self.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || down.keep_doing(name, work, || thread::sleep(REST)))
    }

    fn keep_doing(&self, name: &'static str, mut work: impl FnMut(), rest: impl Fn()) {
        while catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
            log::error!("thread {name} broke off: a fault of the program; it is begun again");
            self.broke_off.lock().unwrap_or_else(PoisonError::into_inner).insert(name, self.clock.now());
            rest();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::set_clock::SetClock;

    /// A thread that breaks off again and again, after working for a while each time.
    #[test]
    fn what_breaks_off_is_done_again_and_said_until_it_has_worked_well() {
        let clock = SetClock::new();
        let down = Down::new(clock.clone());
        let seen = Mutex::new(Vec::new());
        let mut tries = 0;
        let work = || {
            tries += 1;
            clock.advance(WELL - Duration::from_secs(1));
            seen.lock().expect("seen").push(down.first());
            assert!(tries > 3, "a fault (this belongs to the test)");
        };
        down.keep_doing("keeper", work, || clock.advance(Duration::from_millis(500)));
        assert_eq!(*seen.lock().expect("seen"), [None, Some("keeper"), Some("keeper"), Some("keeper")]);
        clock.advance(Duration::from_secs(1));
        assert_eq!((tries, down.first()), (4, None), "it has worked well now");
    }
}
