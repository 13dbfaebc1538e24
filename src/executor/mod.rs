//! Where async code runs: one event loop for every socket and timer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::ground::time::{Clock, Moment, UnixMs};

/// A running piece of async work: detach it or it is cancelled when dropped.
pub type Task<T> = smol::Task<T>;

/// The event loop's tasks.
#[derive(Clone, Default)]
pub struct Executor(Arc<smol::Executor<'static>>);

impl Executor {
    /// Starts `future`.
    pub fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Task<T> {
        self.0.spawn(future)
    }

    /// Runs tasks on this thread until `future` is done.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        async_io::block_on(self.0.run(future))
    }
}

/// The system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(self.0.elapsed().as_micros() as u64)
    }

    fn date(&self) -> UnixMs {
        SystemTime::now().into()
    }
}
