//! Slow work on a thread of its own: drawing a photo, looking at a PIN. A few places, one for each asker at a time;
//! whoever finds none is refused at once. A place is kept as long as its work.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::own_thread::{Busy, OwnThread};

/// A thread for one kind of slow work, started when the first comes. `W` says whose work it is.
pub struct Workbench<W> {
    places: usize,
    taken: Mutex<Vec<W>>,
    thread: OwnThread,
}

/// A place at the workbench.
pub struct WorkSlot<'a, W: PartialEq> {
    bench: &'a Workbench<W>,
    whose: W,
}

impl<W: Clone + PartialEq> Workbench<W> {
    /// A workbench with so many places: one to work at, the others to wait at. Its thread is called `name`.
    pub fn new(name: &'static str, places: usize) -> Self {
        Self { places, taken: Mutex::default(), thread: OwnThread::new(name) }
    }

    /// A place for `whose` work, which leaves `spare` places to others.
    pub fn place(&self, whose: W, spare: usize) -> Result<WorkSlot<'_, W>, Busy> {
        let mut taken = self.taken();
        if taken.len() + spare >= self.places || taken.contains(&whose) {
            return Err(Busy);
        }
        taken.push(whose.clone());
        Ok(WorkSlot { bench: self, whose })
    }
}

impl<W: PartialEq> Workbench<W> {
    fn taken(&self) -> MutexGuard<'_, Vec<W>> {
        // Each change is one statement.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: PartialEq> WorkSlot<'_, W> {
    /// Has `work` done in its turn, and waits for what it gives. Blocks. A panic of it is the asker's.
    pub fn work<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (tell, told) = mpsc::sync_channel(1);
        self.bench.thread.hand_over(Box::new(move || {
            // Whoever asked waits for it.
            let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
        }))?;
        match told.recv().map_err(|_| Busy)? {
            Ok(done) => Ok(done),
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl<W: PartialEq> Drop for WorkSlot<'_, W> {
    fn drop(&mut self) {
        self.bench.taken().retain(|whose| *whose != self.whose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn places_are_few_and_one_for_each_asker() {
        let bench = Workbench::new("test", 3);
        let first = bench.place("Ana", 1).expect("free");
        assert!(bench.place("Ana", 0).is_err(), "one is hers already");
        let second = bench.place("Rui", 1).expect("free");
        assert!(bench.place("Eva", 1).is_err(), "the last is kept for those who leave none spare");
        let third = bench.place("owner", 0).expect("kept");
        assert!(bench.place("Eva", 0).is_err(), "all are taken");
        drop((first, second));
        assert!(bench.place("Ana", 1).is_ok(), "hers is free again");
        drop(third);
    }

    #[test]
    fn work_is_done_in_turn_and_keeps_its_place_until_then() {
        let bench = Workbench::new("test", 2);
        let (open, gate) = mpsc::channel::<()>();
        let (begun, is_begun) = mpsc::channel();
        thread::scope(|scope| {
            let bench = &bench;
            let held = bench.place(1, 0).expect("free");
            let first = scope.spawn(move || {
                held.work(move || {
                    begun.send(()).expect("told");
                    gate.recv().expect("opened");
                    1
                })
            });
            is_begun.recv().expect("begun");
            let waits = bench.place(2, 0).expect("free");
            let second = scope.spawn(move || waits.work(|| 2));
            assert!(bench.place(3, 0).is_err() && bench.place(1, 0).is_err());
            open.send(()).expect("it waits");
            assert_eq!((first.join().expect("done"), second.join().expect("done")), (Ok(1), Ok(2)));
            assert!(bench.place(1, 0).is_ok());
        });
    }

    #[test]
    fn a_panic_is_its_askers_alone() {
        let bench = Workbench::new("test", 1);
        let panics = || bench.place(1, 0).expect("free").work(|| panic!("a fault of the work"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(bench.place(1, 0).expect("free again").work(|| 7), Ok(7));
    }
}
