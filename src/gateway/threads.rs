//! The gateway's threads: one that breaks off is begun again, and until it works again the gateway says what is down.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long one that broke off rests, so that one that always does leaves the processor to others.
const REST: Duration = Duration::from_secs(1);

/// The threads that have broken off and not been begun again.
#[derive(Clone, Default)]
pub(super) struct Down(Arc<Mutex<BTreeSet<&'static str>>>);

impl Down {
    fn names(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first of them.
    pub fn first(&self) -> Option<&'static str> {
        self.names().first().copied()
    }

    /// Starts a thread that does `work` until it returns: it has been told to stop then. After a panic it is done again.
    pub fn start(&self, name: &'static str, work: impl FnMut() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        let down = self.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || down.keep_doing(name, work, || thread::sleep(REST)))
    }

    fn keep_doing(&self, name: &'static str, mut work: impl FnMut(), rest: impl Fn()) {
        while catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
            log::error!("thread {name} broke off: a fault of the program; it is begun again");
            self.names().insert(name);
            rest();
            self.names().remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_off_is_said_and_done_again() {
        let down = Down::default();
        let mut tries = 0;
        let seen = Mutex::new(Vec::new());
        let rest = || seen.lock().expect("seen").push(down.first());
        let work = || {
            tries += 1;
            assert!(tries > 2, "a fault (this belongs to the test)");
        };
        down.keep_doing("keeper", work, rest);
        assert_eq!((tries, down.first()), (3, None));
        assert_eq!(*seen.lock().expect("seen"), [Some("keeper"), Some("keeper")]);
    }
}
