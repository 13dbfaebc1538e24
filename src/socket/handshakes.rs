//! How many clients shake hands at once. Each costs far more than a connection that stands: up to 64 KiB of what it says,
//! and signatures. Where there are too many, one of those makes room who come from where most do (`ground/crowd.rs`).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::{Event, EventListener};

use crate::ground::crowd::{Caps, Crowd};
use crate::ground::limits;
use crate::ground::origin::Origin;
use crate::ground::time::Moment;

/// The handshakes of one door.
#[derive(Debug)]
pub struct Handshakes(Mutex<All>);

#[derive(Debug)]
struct All {
    crowd: Crowd,
    /// Of each that goes on, rung when it has to make room.
    bells: HashMap<u64, Event>,
}

/// One that goes on; dropped when it is over.
#[derive(Debug)]
pub(super) struct Handshake {
    all: Arc<Handshakes>,
    number: u64,
    /// Heard when it has to make room for another.
    pub ended: EventListener,
}

impl Default for Handshakes {
    fn default() -> Self {
        // Nobody is known before hands are shaken.
        let all = limits::TLS_HANDSHAKES;
        let caps = Caps { strangers: all, ..Caps::of(all) };
        Self(Mutex::new(All { crowd: Crowd::new(caps), bells: HashMap::new() }))
    }
}

impl Handshakes {
    fn all(&self) -> MutexGuard<'_, All> {
        // Counts stay true whatever panicked: each change is one statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handshake with a client at `address`. All are idle, so one of them always makes room.
    pub(super) fn begin(self: &Arc<Self>, address: IpAddr) -> Option<Handshake> {
        let mut all = self.all();
        // The order in which they came is all that counts.
        let entered = all.crowd.enter(Origin::of(address), Moment(0))?;
        if let Some(bell) = entered.instead_of.and_then(|number| all.bells.remove(&number)) {
            bell.notify(usize::MAX);
        }
        let bell = Event::new();
        let ended = bell.listen();
        all.bells.insert(entered.number, bell);
        drop(all);
        Some(Handshake { all: self.clone(), number: entered.number, ended })
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut all = self.all.all();
        all.crowd.leave(self.number);
        all.bells.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::FutureExt as _;
    use futures_lite::future::{block_on, ready};

    use super::*;

    #[test]
    fn whoever_shakes_most_hands_makes_room_for_others() {
        let all = Arc::new(Handshakes::default());
        let begin = |text: &str| all.begin(text.parse().expect("an address")).expect("a place");
        let is_ended = |handshake: &mut Handshake| {
            let ended = async {
                (&mut handshake.ended).await;
                true
            };
            block_on(ended.or(ready(false)))
        };
        let mut other = begin("10.0.0.9");
        let mut many: Vec<_> = (1..limits::TLS_HANDSHAKES).map(|_| begin("10.0.0.1")).collect();
        let mut newcomers: Vec<_> = (0..8).map(|last| begin(&format!("10.0.1.{last}"))).collect();
        assert!(many[..8].iter_mut().all(is_ended), "the oldest of those who have most");
        assert!(!many[8..].iter_mut().chain(&mut newcomers).any(is_ended) && !is_ended(&mut other));
        let mut again = begin("::ffff:10.0.0.1");
        assert!(is_ended(&mut many[8]) && !is_ended(&mut again), "their own, however the address is written");
        drop((many, newcomers, again, other));
        assert!(all.all().crowd.is_empty() && all.all().bells.is_empty());
    }
}
