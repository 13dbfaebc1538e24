//! The lanes to the back: how many calls of TVs, of the owner and of everybody else are answered at once.
//!
//! A call waits here, where it can still be called off, never in the back: there are as many threads as slots. Those
//! who are known in a lane (`callers`) go before strangers, who have one slot of their own: so the known wait for a
//! call that runs, never for strangers who wait. Among the one as among the other the next slot goes to the network
//! that has the fewest and had its last one longest ago, and no network has all of them: a family behind one address
//! has enough, and a hundred calls of one guest don't hold up another's.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smol::channel::{self, Sender};

use crate::ground::origin::Origin;
use crate::http::route::Lane;

/// All lanes.
pub(super) struct Lanes([Arc<LaneSlots>; Lane::ALL.len()]);

/// A slot in a lane. Free again when dropped.
pub(super) struct LaneSlot {
    slots: Arc<LaneSlots>,
    origin: Origin,
    is_known: bool,
}

/// The slots of one lane.
struct LaneSlots {
    all: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Of those, how many by the known.
    taken_by_known: usize,
    /// Counts whoever comes and whoever is let in.
    turn: u64,
    /// Those who have a slot or wait for one.
    askers: HashMap<Origin, Asker>,
}

/// One network.
#[derive(Default)]
struct Asker {
    taken: usize,
    /// The turn of its last slot.
    served: u64,
    known: Queue,
    strangers: Queue,
}

/// The turns in which calls came, and how they are told.
type Queue = VecDeque<(u64, Sender<LaneSlot>)>;

/// Calls of one network that wait before those that were called off are looked for.
const MANY: usize = 32;

impl Lanes {
    pub fn new() -> Self {
        Self(Lane::ALL.map(|lane| Arc::new(LaneSlots { all: lane.slots(), state: Mutex::default() })))
    }

    /// A slot in `lane` for a call from `origin`, of one who is known in it or a stranger, as soon as it is its turn.
    /// Dropped before, it is called off.
    pub async fn enter(&self, lane: Lane, origin: Origin, is_known: bool) -> LaneSlot {
        let slots = &self.0[lane as usize];
        let told = {
            let mut state = slots.state();
            state.turn += 1;
            let turn = state.turn;
            let is_free = state.taken < slots.all;
            let asker = state.askers.entry(origin).or_default();
            // Where a slot is free, whoever waits may have no more.
            if is_free && asker.taken < slots.each() {
                state.serve(origin, is_known);
                return LaneSlot { slots: slots.clone(), origin, is_known };
            }
            let (tell, told) = channel::bounded(1);
            let waiting = asker.queue(is_known);
            if waiting.len() >= MANY {
                waiting.retain(|(_, waiting)| !waiting.is_closed());
            }
            waiting.push_back((turn, tell));
            told
        };
        told.recv().await.expect("whoever waits is kept until it is told or gone")
    }
}

impl Asker {
    fn queue(&mut self, is_known: bool) -> &mut Queue {
        if is_known { &mut self.known } else { &mut self.strangers }
    }

    fn is_waiting(&self) -> bool {
        !self.known.is_empty() || !self.strangers.is_empty()
    }
}

impl State {
    /// A slot is taken from `origin`.
    fn serve(&mut self, origin: Origin, is_known: bool) {
        self.taken += 1;
        self.taken_by_known += usize::from(is_known);
        let asker = self.askers.entry(origin).or_default();
        asker.taken += 1;
        asker.served = self.turn;
    }

    /// Whose turn it is of the known, or of strangers, where a network may have `each`.
    fn due(&self, is_known: bool, each: usize) -> Option<Origin> {
        let waiting = self.askers.iter().filter(|(_, asker)| asker.taken < each);
        let due = waiting.filter_map(|(origin, asker)| {
            let queue = if is_known { &asker.known } else { &asker.strangers };
            Some(((asker.taken, asker.served, queue.front()?.0), *origin))
        });
        due.min().map(|(_, origin)| origin)
    }
}

impl LaneSlots {
    /// How many one network may have.
    fn each(&self) -> usize {
        self.all - 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in whoever is next while there are free slots.
    fn let_in(self: &Arc<Self>) {
        while let Some((origin, is_known, tell)) = self.next() {
            // Whoever has gone in this moment gives it back.
            let _ = tell.try_send(LaneSlot { slots: self.clone(), origin, is_known });
        }
    }

    /// Takes a free slot for whoever is next.
    fn next(&self) -> Option<(Origin, bool, Sender<LaneSlot>)> {
        let mut state = self.state();
        if state.taken >= self.all {
            return None;
        }
        state.askers.retain(|_, asker| {
            for queue in [&mut asker.known, &mut asker.strangers] {
                while queue.front().is_some_and(|(_, waiting)| waiting.is_closed()) {
                    queue.pop_front();
                }
            }
            asker.taken > 0 || asker.is_waiting()
        });
        // The known have all slots but one before strangers, and strangers that one.
        let known_first = state.taken_by_known + 1 < self.all;
        let due = |is_known| Some((state.due(is_known, self.each())?, is_known));
        let (origin, is_known) = due(known_first).or_else(|| due(!known_first))?;
        let (_, tell) = state.askers.get_mut(&origin)?.queue(is_known).pop_front()?;
        state.turn += 1;
        state.serve(origin, is_known);
        Some((origin, is_known, tell))
    }
}

impl Drop for LaneSlot {
    fn drop(&mut self) {
        {
            let mut state = self.slots.state();
            state.taken -= 1;
            state.taken_by_known -= usize::from(self.is_known);
            if let Some(asker) = state.askers.get_mut(&self.origin) {
                asker.taken -= 1;
                if asker.taken == 0 && !asker.is_waiting() {
                    state.askers.remove(&self.origin);
                }
            }
        }
        self.slots.let_in();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;

    use futures_lite::FutureExt as _;
    use futures_lite::future::{block_on, poll_once};

    type Waiting<'a> = Pin<Box<dyn Future<Output = LaneSlot> + Send + 'a>>;

    fn address(last: u8) -> Origin {
        Origin::of([192, 168, 1, last].into())
    }

    fn enter(lanes: &Lanes, lane: Lane, origin: Origin, is_known: bool) -> Result<LaneSlot, Waiting<'_>> {
        let mut entering = lanes.enter(lane, origin, is_known).boxed();
        block_on(poll_once(&mut entering)).ok_or(entering)
    }

    /// A stranger asks for a slot, and begins to wait where there is none.
    fn ask(lanes: &Lanes, lane: Lane, last: u8) -> Result<LaneSlot, Waiting<'_>> {
        enter(lanes, lane, address(last), false)
    }

    /// Whether it is this one's turn now.
    fn turn(waiting: &mut Waiting<'_>) -> Option<LaneSlot> {
        block_on(poll_once(waiting))
    }

    fn fill(lanes: &Lanes, last: u8) -> Vec<LaneSlot> {
        let slots = (0..Lane::Guest.slots() - 1).map(|_| ask(lanes, Lane::Guest, last).ok().expect("free"));
        slots.collect()
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
            held.push(turn(waiting).expect("those without a slot come first, in the order they came"));
        }
        drop(held.remove(0));
        // Address 1 has slots still, address 2 and 3 one each: whoever has the fewest, and then had one longest ago.
        let next = turn(&mut again).expect("it has fewer");
        assert!(greedy.iter_mut().all(|waiting| turn(waiting).is_none()));
        drop((next, held));
        let got: Vec<_> = greedy.iter_mut().filter_map(turn).collect();
        assert_eq!(got.len(), Lane::Guest.slots() - 1);
    }

    #[test]
    fn whoever_has_gone_is_passed_over() {
        let lanes = Lanes::new();
        let held = fill(&lanes, 1);
        let gone: Vec<_> = (0..3 * MANY).map(|_| ask(&lanes, Lane::Guest, 1).err().expect("waits")).collect();
        drop(gone);
        let mut patient = ask(&lanes, Lane::Guest, 1).err().expect("waits");
        let waiting = |lanes: &Lanes| lanes.0[Lane::Guest as usize].state().askers[&address(1)].strangers.len();
        assert!(waiting(&lanes) <= 3, "the others are forgotten: {}", waiting(&lanes));
        // Gone with its turn granted and not taken yet: it is passed on.
        let hasty = ask(&lanes, Lane::Guest, 1).err().expect("waits");
        drop(held);
        drop(hasty);
        drop(turn(&mut patient).expect("its turn"));
        is_empty(&lanes);
    }

    fn is_empty(lanes: &Lanes) {
        for state in lanes.0.iter().map(|slots| slots.state()) {
            assert!(state.askers.is_empty() && (state.taken, state.taken_by_known) == (0, 0));
        }
    }

    #[test]
    fn addresses_that_one_machine_chooses_itself_are_one() {
        let lanes = Lanes::new();
        let origin = |text: String| Origin::of(text.parse().expect("an address"));
        let asked: Vec<_> =
            (0..100).map(|number| enter(&lanes, Lane::Guest, origin(format!("2001:db8::{number:x}")), false)).collect();
        assert_eq!(asked.iter().filter(|asked| asked.is_ok()).count(), Lane::Guest.slots() - 1);
        assert!(enter(&lanes, Lane::Guest, origin("2001:db8:0:1::1".into()), false).is_ok(), "another has the last");
        drop(asked);
        is_empty(&lanes);
    }

    #[test]
    fn the_known_wait_for_no_stranger_who_waits() {
        for lane in Lane::ALL {
            let lanes = Lanes::new();
            let slots = lane.slots();
            let known = |last| enter(&lanes, lane, address(last), true);
            // Strangers of many addresses have all slots, and many more wait; then come the known.
            let mut held: Vec<_> = (0..slots).map(|n| ask(&lanes, lane, 100 + n as u8).ok().expect("free")).collect();
            let mut strangers: Vec<_> = (0..90).map(|n| ask(&lanes, lane, n).err().expect("waits")).collect();
            let mut family: Vec<_> = (0..slots).map(|n| known(200 + n as u8).err().expect("waits")).collect();
            let mut served = Vec::new();
            for waiting in &mut family[..slots - 1] {
                drop(held.pop());
                served.push(turn(waiting).expect("the next slot is theirs"));
            }
            assert!(strangers.iter_mut().all(|waiting| turn(waiting).is_none()));
            // One slot is the strangers': the known can't keep them out either.
            drop(held.pop());
            assert!(turn(&mut family[slots - 1]).is_none());
            let let_in: Vec<_> = strangers.iter_mut().filter_map(turn).collect();
            assert_eq!(let_in.len(), 1);
            drop(served.pop());
            served.push(turn(&mut family[slots - 1]).expect("theirs again"));
            drop((let_in, strangers, family, served));
            is_empty(&lanes);
        }
    }
}
