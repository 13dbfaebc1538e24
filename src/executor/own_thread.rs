//! A thread that does one thing after the other, started when the first comes. Large work in turn on one thread takes the
//! memory of one: an allocator that keeps a heap for each thread would keep it as often as there are threads. It is nice:
//! where the processor is short, large work waits for pictures, and not they for it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use smol::channel;

use crate::ground::limits;

/// Nothing more is taken: all places are, the asker has one already, or there is no thread to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// What is to be done.
pub type Job = Box<dyn FnOnce() + Send>;

/// A thread of its own for one kind of work.
#[derive(Debug)]
pub struct OwnThread {
    name: &'static str,
    jobs: Mutex<Option<Sender<Job>>>,
}

impl OwnThread {
    /// A thread called `name`, once there is work for it.
    pub fn new(name: &'static str) -> Self {
        Self { name, jobs: Mutex::default() }
    }

    /// Hands `job`, which must not panic, to the thread, which is started if there is none yet.
    pub fn hand_over(&self, job: Job) -> Result<(), Busy> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.is_none() {
            let (sender, receiver) = mpsc::channel::<Job>();
            let thread = thread::Builder::new().name(self.name.into());
            let started = thread.spawn(move || {
                // Of this thread alone, on Linux (nice(2), "C library/kernel differences").
                if let Err(error) = rustix::process::nice(limits::LARGE_WORK_NICE) {
                    log::warn!("a thread for large work can't be made nice: {error}");
                }
                receiver.into_iter().for_each(|job| job());
            });
            started.map_err(|error| {
                log::error!("no thread for {} can be started: {error}", self.name);
                Busy
            })?;
            *jobs = Some(sender);
        }
        jobs.as_ref().ok_or(Busy)?.send(job).map_err(|_| Busy)
    }

    /// Has `work` done in its turn, even if nobody waits for it any more. A panic of it is the asker's.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (tell, told) = channel::bounded(1);
        self.hand_over(Box::new(move || {
            // Whoever asked may have gone.
            let _ = tell.try_send(catch_unwind(AssertUnwindSafe(work)));
        }))?;
        match told.recv().await.map_err(|_| Busy)? {
            Ok(done) => Ok(done),
            Err(panic) => resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;

    #[test]
    fn large_work_is_nice_and_who_asks_for_it_is_not() {
        let nice = || rustix::process::nice(0).expect("asked");
        let own = OwnThread::new("test");
        assert_eq!(block_on(own.work(nice)), Ok(nice() + limits::LARGE_WORK_NICE));
    }

    #[test]
    fn work_is_done_in_turn_on_one_thread_that_outlives_a_panic() {
        let own = OwnThread::new("test");
        let here = || thread::current().id();
        let first = block_on(own.work(here)).expect("done");
        assert!(catch_unwind(AssertUnwindSafe(|| block_on(own.work(|| panic!("on purpose"))))).is_err());
        drop(own.work(|| unreachable!("nobody waited, and it was not begun")));
        assert_eq!(block_on(own.work(here)), Ok(first));
        assert_ne!(first, here());
    }
}
