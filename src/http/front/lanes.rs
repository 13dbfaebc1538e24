//! The lanes to the back: how many calls of TVs, of the owner and of everybody else are answered at once.
//!
//! A call waits here, where it can still be called off, never in the back: there are as many threads as places. Within a
//! lane the next place goes to the address that has the fewest and had its last one longest ago, and no address has
//! all of them: a family behind one address has enough, and a hundred calls of one guest don't hold up another's.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smol::channel::{self, Sender};

use crate::http::route::Lane;

/// All lanes.
pub(super) struct Lanes([Arc<Places>; Lane::ALL.len()]);

/// A place in a lane. Free again when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

/// The places of one lane.
struct Places {
    all: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Counts whoever comes and whoever is let in.
    turn: u64,
    /// Those who have a place or wait for one.
    askers: HashMap<IpAddr, Asker>,
}

/// One address.
#[derive(Default)]
struct Asker {
    taken: usize,
    /// The turn of its last place.
    served: u64,
    /// The turns in which they came, and how they are told.
    waiting: VecDeque<(u64, Sender<Place>)>,
}

/// Calls of one address that wait before those that were called off are looked for.
const MANY: usize = 32;

impl Lanes {
    pub fn new() -> Self {
        Self(Lane::ALL.map(|lane| Arc::new(Places { all: lane.places(), state: Mutex::default() })))
    }

    /// A place in `lane` for a call from `address`, as soon as it is its turn. Dropped before, it is called off.
    pub async fn enter(&self, lane: Lane, address: IpAddr) -> Place {
        let places = &self.0[lane as usize];
        let told = {
            let mut state = places.state();
            state.turn += 1;
            let turn = state.turn;
            let free = state.taken < places.all;
            let asker = state.askers.entry(address).or_default();
            // Where a place is free, whoever waits may have no more.
            if free && asker.taken < places.each() {
                asker.taken += 1;
                asker.served = turn;
                state.taken += 1;
                return Place { places: places.clone(), address };
            }
            let (tell, told) = channel::bounded(1);
            if asker.waiting.len() >= MANY {
                asker.waiting.retain(|(_, waiting)| !waiting.is_closed());
            }
            asker.waiting.push_back((turn, tell));
            told
        };
        told.recv().await.expect("whoever waits is kept until it is told or gone")
    }
}

impl Places {
    /// How many one address may have.
    fn each(&self) -> usize {
        self.all - 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in whoever is next while there are free places.
    fn let_in(self: &Arc<Self>) {
        while let Some((address, tell)) = self.next() {
            // Whoever has gone in this moment gives it back.
            let _ = tell.try_send(Place { places: self.clone(), address });
        }
    }

    /// Takes a free place for whoever is next.
    fn next(&self) -> Option<(IpAddr, Sender<Place>)> {
        let mut state = self.state();
        if state.taken >= self.all {
            return None;
        }
        state.askers.retain(|_, asker| {
            while asker.waiting.front().is_some_and(|(_, waiting)| waiting.is_closed()) {
                asker.waiting.pop_front();
            }
            asker.taken > 0 || !asker.waiting.is_empty()
        });
        let waiting = state.askers.iter().filter(|(_, asker)| asker.taken < self.each());
        let due = waiting
            .filter_map(|(address, asker)| Some(((asker.taken, asker.served, asker.waiting.front()?.0), *address)));
        let (_, address) = due.min()?;
        state.turn += 1;
        let turn = state.turn;
        let asker = state.askers.get_mut(&address)?;
        let (_, tell) = asker.waiting.pop_front()?;
        asker.taken += 1;
        asker.served = turn;
        state.taken += 1;
        Some((address, tell))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.places.state();
            state.taken -= 1;
            if let Some(asker) = state.askers.get_mut(&self.address) {
                asker.taken -= 1;
                if asker.taken == 0 && asker.waiting.is_empty() {
                    state.askers.remove(&self.address);
                }
            }
        }
        self.places.let_in();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;

    use futures_lite::FutureExt as _;
    use futures_lite::future::{block_on, poll_once};

    type Waiting<'a> = Pin<Box<dyn Future<Output = Place> + Send + 'a>>;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, last])
    }

    /// Asks for a place, and begins to wait where there is none.
    fn ask(lanes: &Lanes, lane: Lane, last: u8) -> Result<Place, Waiting<'_>> {
        let mut entering = lanes.enter(lane, address(last)).boxed();
        block_on(poll_once(&mut entering)).ok_or(entering)
    }

    /// Whether it is this one's turn now.
    fn turn(waiting: &mut Waiting<'_>) -> Option<Place> {
        block_on(poll_once(waiting))
    }

    fn fill(lanes: &Lanes, last: u8) -> Vec<Place> {
        let places = (0..Lane::Guest.places() - 1).map(|_| ask(lanes, Lane::Guest, last).ok().expect("free"));
        places.collect()
    }

    #[test]
    fn no_lane_takes_anothers_places_and_no_address_all_of_a_lane() {
        let lanes = Lanes::new();
        let held = fill(&lanes, 1);
        let mut more = ask(&lanes, Lane::Guest, 1).err().expect("it has enough");
        let another = ask(&lanes, Lane::Guest, 2).ok().expect("the last");
        let mut third = ask(&lanes, Lane::Guest, 3).err().expect("all are taken");
        for lane in [Lane::Tv, Lane::Owner] {
            assert!(ask(&lanes, lane, 1).is_ok(), "{lane:?} has its own");
        }
        drop(another);
        assert!(turn(&mut more).is_none(), "it still has enough");
        let third = turn(&mut third).expect("its turn");
        drop(held);
        assert!(turn(&mut more).is_some());
        drop(third);
    }

    #[test]
    fn addresses_take_turns_whoever_asks_most() {
        let lanes = Lanes::new();
        let mut held = fill(&lanes, 1);
        held.push(ask(&lanes, Lane::Guest, 9).ok().expect("the last"));
        let mut greedy: Vec<_> = (0..50).map(|_| ask(&lanes, Lane::Guest, 1).err().expect("waits")).collect();
        let mut modest: Vec<_> = [2, 3].map(|last| ask(&lanes, Lane::Guest, last).err().expect("waits")).into();
        let mut again = ask(&lanes, Lane::Guest, 2).err().expect("waits");
        for waiting in &mut modest {
            drop(held.remove(0));
            held.push(turn(waiting).expect("those without a place come first, in the order they came"));
        }
        drop(held.remove(0));
        // Address 1 has places still, address 2 and 3 one each: whoever has the fewest, and then had one longest ago.
        let next = turn(&mut again).expect("it has fewer");
        assert!(greedy.iter_mut().all(|waiting| turn(waiting).is_none()));
        drop((next, held));
        let got: Vec<_> = greedy.iter_mut().filter_map(turn).collect();
        assert_eq!(got.len(), Lane::Guest.places() - 1);
    }

    #[test]
    fn whoever_has_gone_is_passed_over() {
        let lanes = Lanes::new();
        let held = fill(&lanes, 1);
        let gone: Vec<_> = (0..3 * MANY).map(|_| ask(&lanes, Lane::Guest, 1).err().expect("waits")).collect();
        drop(gone);
        let mut patient = ask(&lanes, Lane::Guest, 1).err().expect("waits");
        let waiting = |lanes: &Lanes| lanes.0[Lane::Guest as usize].state().askers[&address(1)].waiting.len();
        assert!(waiting(&lanes) <= 3, "the others are forgotten: {}", waiting(&lanes));
        // Gone with its turn granted and not taken yet: it is passed on.
        let hasty = ask(&lanes, Lane::Guest, 1).err().expect("waits");
        drop(held);
        drop(hasty);
        drop(turn(&mut patient).expect("its turn"));
        assert!(lanes.0.iter().all(|places| places.state().askers.is_empty() && places.state().taken == 0));
    }
}
