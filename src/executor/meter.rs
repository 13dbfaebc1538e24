//! How long tasks hold the event loop: the loop's own processor time, so that a busy machine accuses nobody.
//!
//! Asking for the processor time is a call of the kernel, asking for the time is none. Processor time is never more than
//! time: so a turn that was short by the clock is not looked at further.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::ground::limits;

/// Turns after which the processor time is asked for again: what a turn is charged with too much is at most that of so
/// many short ones.
const TURNS: u32 = 32;
/// Time between two lines in the log, at least.
const LOG_PAUSE: Duration = Duration::from_secs(10);

thread_local! {
    /// What the running task is about.
    static ABOUT: Cell<&'static str> = const { Cell::new("") };
    /// The processor time when it was asked for last, and the turns since.
    static ASKED: Cell<(Duration, u32)> = Cell::new((processor_time(), 0));
}

/// Says what the running task is about in this turn, for the log.
pub fn about(what: &'static str) {
    ABOUT.set(what);
}

/// What has been measured.
#[derive(Debug)]
pub struct Meter {
    longest_us: AtomicU64,
    long: AtomicU64,
    started: Instant,
    /// Milliseconds since then, at which the log may be written to again.
    log_from_ms: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        let (longest_us, long, log_from_ms) = Default::default();
        Self { longest_us, long, started: Instant::now(), log_from_ms }
    }
}

/// When a turn began.
pub(super) struct Watch(Instant);

impl Watch {
    /// At the beginning of a round.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Meter {
    /// The longest turn of a task so far, in processor time.
    pub fn longest(&self) -> Duration {
        Duration::from_micros(self.longest_us.load(Ordering::Relaxed))
    }

    /// Turns so far that took longer than [`limits::LOOP_TURN`].
    pub fn long_turns(&self) -> u64 {
        self.long.load(Ordering::Relaxed)
    }

    /// The task `name` has had its turn.
    pub(super) fn turn(&self, watch: &mut Watch, name: &'static str) {
        let now = Instant::now();
        let took = now - std::mem::replace(&mut watch.0, now);
        let (before, turns) = ASKED.get();
        if took > limits::LOOP_TURN.min(self.longest()) {
            let processor = processor_time();
            self.note(took.min(processor - before), name);
            ASKED.set((processor, 0));
        } else if turns == TURNS {
            ASKED.set((processor_time(), 0));
        } else {
            ASKED.set((before, turns + 1));
        }
        ABOUT.set("");
    }

    fn note(&self, took: Duration, name: &str) {
        self.longest_us.fetch_max(took.as_micros() as u64, Ordering::Relaxed);
        if took <= limits::LOOP_TURN {
            return;
        }
        self.long.fetch_add(1, Ordering::Relaxed);
        let now_ms = self.started.elapsed().as_millis() as u64;
        if now_ms >= self.log_from_ms.load(Ordering::Relaxed) {
            self.log_from_ms.store(now_ms + LOG_PAUSE.as_millis() as u64, Ordering::Relaxed);
            let took_ms = took.as_secs_f64() * 1000.0;
            let about = ABOUT.get();
            log::warn!("the event loop was held up took_ms={took_ms:.1} task={name} about=\"{about}\"");
        }
    }
}

/// The processor time of this thread so far.
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(time: Duration) {
        let until = processor_time() + time;
        while processor_time() < until {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_turn_that_works_long_is_told_and_one_that_sleeps_is_not() {
        let meter = Meter::default();
        let mut watch = Watch::start();
        std::thread::sleep(limits::LOOP_TURN * 2);
        meter.turn(&mut watch, "sleeps");
        assert_eq!(meter.long_turns(), 0, "it had no processor: {:?}", meter.longest());
        work(limits::LOOP_TURN * 2);
        meter.turn(&mut watch, "works");
        assert_eq!(meter.long_turns(), 1);
        assert!(meter.longest() >= limits::LOOP_TURN * 2);
    }

    #[test]
    fn many_short_turns_are_no_long_one() {
        let meter = Meter::default();
        let mut watch = Watch::start();
        for _ in 0..100 {
            work(limits::LOOP_TURN / 50);
            meter.turn(&mut watch, "short");
        }
        assert_eq!(meter.long_turns(), 0, "{:?}", meter.longest());
    }
}
