//! Seats: so many streams at once for each device. Whoever comes when all are taken gets the one of whoever came first,
//! so that a device that lost its connections is never kept out by them.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

/// The seats of all devices.
pub struct Seats<D> {
    each: usize,
    taken: Mutex<HashMap<D, VecDeque<Arc<SeatState>>>>,
}

/// Where one sits.
#[derive(Default)]
struct SeatState {
    is_wanted: AtomicBool,
    bell: Event,
}

impl<D: Copy + Eq + Hash> Seats<D> {
    /// `each` for every device.
    pub fn new(each: usize) -> Self {
        Self { each, taken: Mutex::default() }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<D, VecDeque<Arc<SeatState>>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for one more stream of `device`.
    pub fn take(self: &Arc<Self>, device: D) -> Seat<D> {
        let mut taken = self.taken();
        let states = taken.entry(device).or_default();
        while states.len() >= self.each {
            let Some(oldest) = states.pop_front() else { break };
            oldest.is_wanted.store(true, Ordering::SeqCst);
            oldest.bell.notify(usize::MAX);
        }
        let state = Arc::new(SeatState::default());
        states.push_back(state.clone());
        drop(taken);
        Seat { seats: Arc::clone(self), device, state }
    }
}

/// A seat; given back when it is dropped.
pub struct Seat<D: Copy + Eq + Hash> {
    seats: Arc<Seats<D>>,
    device: D,
    state: Arc<SeatState>,
}

impl<D: Copy + Eq + Hash> Seat<D> {
    /// Waits until another takes it.
    pub async fn is_wanted(&self) {
        loop {
            let listener = self.state.bell.listen();
            if self.state.is_wanted.load(Ordering::SeqCst) {
                return;
            }
            listener.await;
        }
    }
}

impl<D: Copy + Eq + Hash> Drop for Seat<D> {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(states) = taken.get_mut(&self.device) {
            states.retain(|state| !Arc::ptr_eq(state, &self.state));
            if states.is_empty() {
                taken.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    fn is_wanted(seat: &Seat<u8>) -> bool {
        block_on(poll_once(seat.is_wanted())).is_some()
    }

    #[test]
    fn the_newest_of_a_device_stay() {
        let seats = Arc::new(Seats::new(2));
        let (first, second, other) = (seats.take(1), seats.take(1), seats.take(2));
        assert!(!is_wanted(&first) && !is_wanted(&second));
        let third = seats.take(1);
        assert_eq!([&first, &second, &third, &other].map(is_wanted), [true, false, false, false]);
        drop((second, third));
        let fourth = seats.take(1);
        assert!(!is_wanted(&fourth));
        drop((first, fourth, other));
        assert!(seats.taken().is_empty(), "nothing is kept of who is gone");
    }
}
