//! Who may stay at a door where there is not room for all: strangers by where they come from, known devices in places of
//! their own, and whoever holds most makes room for whoever comes. Pure.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ground::crypto;
use crate::ground::origin::Origin;
use crate::ground::time::Moment;

/// How many may be there at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// In all.
    pub all: usize,
    /// Strangers and those who show tickets, all together: the other places are for devices.
    pub strangers: usize,
    /// Of one known device; what it has more counts as strangers.
    pub device: usize,
    /// Of all who show tickets from one place, in the same way: they may be a household's screens.
    pub viewers: usize,
    /// Of all who show tickets, from wherever. They have their places of the strangers': those that are kept for the known
    /// are for devices.
    pub viewers_all: usize,
}

impl Caps {
    /// `all` places: a quarter is kept for devices, and no device has more than a fourth of that. All who show tickets have
    /// half of them at most, so that a quarter is left to whoever comes; those in one place have half of that half.
    pub const fn of(all: usize) -> Self {
        Self { all, strangers: all - all / 4, device: all / 16, viewers: all / 4, viewers_all: all / 2 }
    }
}

/// As whom someone is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A device of the house.
    Device(u64),
    /// Someone with a ticket, which many may show: counted by where they come from.
    Viewer,
}

/// The number of a device, by what kind it is of and what tells it from the others of that kind.
pub fn number(kind: &str, name: &str) -> u64 {
    let hash = crypto::sha256(format!("{kind} {name}").as_bytes());
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Whose places are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Strangers(Origin),
    Viewers(Origin),
    Device(u64),
}

/// Since when someone does nothing: the longer, the sooner they make room.
#[derive(Debug)]
pub struct Idle(AtomicU64);

/// Not idle.
const BUSY: u64 = u64::MAX;

impl Idle {
    /// They wait, or keep others waiting, since `now`.
    pub fn begin(&self, now: Moment) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    /// They are at work.
    pub fn end(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    fn since(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Taken {
    origin: Origin,
    holder: Holder,
    /// Since when they did nothing when that was last looked at: their place in [`Held`]. No later than the truth.
    seen: u64,
}

/// Those who are counted together, with the one first who has done nothing for longest, as far as that was looked at.
type Held = BTreeMap<(u64, u64), Arc<Idle>>;

/// Someone was taken in.
#[derive(Debug)]
pub struct Entered {
    /// Their number, which no other gets.
    pub number: u64,
    /// Whether they are idle: they are, at first.
    pub idle: Arc<Idle>,
    /// Whoever has to leave for it: their place is gone already.
    pub instead_of: Option<u64>,
}

/// All who are there.
#[derive(Debug)]
pub struct Crowd {
    caps: Caps,
    taken: HashMap<u64, Taken>,
    held: HashMap<Holder, Held>,
    strangers: usize,
    viewers: usize,
    last: u64,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(caps: Caps) -> Self {
        Self { caps, taken: HashMap::new(), held: HashMap::new(), strangers: 0, viewers: 0, last: 0 }
    }

    /// How many are there.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Takes a stranger in who comes from `origin`; nothing if there is no room and nobody who has to make any.
    pub fn enter(&mut self, origin: Origin, now: Moment) -> Option<Entered> {
        let full = self.taken.len() >= self.caps.all || self.strangers + self.viewers >= self.caps.strangers;
        let instead_of = if full { Some(self.who_leaves(origin)?) } else { None };
        if let Some(number) = instead_of {
            self.leave(number);
        }
        self.last += 1;
        let number = self.last;
        let idle = Arc::new(Idle(now.0.into()));
        self.taken.insert(number, Taken { origin, holder: Holder::Strangers(origin), seen: now.0 });
        self.count_in(number, idle.clone());
        Some(Entered { number, idle, instead_of })
    }

    /// Someone has shown who they are: whether they have a place among those who are known. A device is more than a ticket.
    pub fn know(&mut self, number: u64, as_whom: Known) -> bool {
        let Some(taken) = self.taken.get_mut(&number) else { return false };
        let (holder, cap) = match (as_whom, taken.holder) {
            (Known::Viewer, Holder::Viewers(_) | Holder::Device(_)) => return true,
            (Known::Viewer, Holder::Strangers(_)) if self.viewers >= self.caps.viewers_all => return false,
            (Known::Viewer, Holder::Strangers(origin)) => (Holder::Viewers(origin), self.caps.viewers),
            (Known::Device(device), before) if before == Holder::Device(device) => return true,
            (Known::Device(device), _) => (Holder::Device(device), self.caps.device),
        };
        if self.held.get(&holder).is_some_and(|held| held.len() >= cap) {
            return false;
        }
        self.count_as(number, holder);
        true
    }

    /// Someone is no device any more: a stranger, until they show who they are.
    pub fn forget(&mut self, number: u64) {
        if let Some(taken) = self.taken.get_mut(&number)
            && let Holder::Device(_) = taken.holder
        {
            let stranger = Holder::Strangers(taken.origin);
            self.count_as(number, stranger);
        }
    }

    /// Someone has left; says nothing of whoever had to make room before.
    pub fn leave(&mut self, number: u64) {
        self.count_out(number);
        self.taken.remove(&number);
    }

    /// Someone who is there is counted among others than before.
    fn count_as(&mut self, number: u64, holder: Holder) {
        let idle = self.count_out(number);
        if let (Some(taken), Some(idle)) = (self.taken.get_mut(&number), idle) {
            taken.holder = holder;
            self.count_in(number, idle);
        }
    }

    fn count_in(&mut self, number: u64, idle: Arc<Idle>) {
        let Some(Taken { holder, seen, .. }) = self.taken.get(&number) else { return };
        self.strangers += usize::from(matches!(holder, Holder::Strangers(_)));
        self.viewers += usize::from(matches!(holder, Holder::Viewers(_)));
        self.held.entry(*holder).or_default().insert((*seen, number), idle);
    }

    fn count_out(&mut self, number: u64) -> Option<Arc<Idle>> {
        let Taken { holder, seen, .. } = self.taken.get(&number)?;
        self.strangers -= usize::from(matches!(holder, Holder::Strangers(_)));
        self.viewers -= usize::from(matches!(holder, Holder::Viewers(_)));
        let held = self.held.get_mut(holder)?;
        let idle = held.remove(&(*seen, number));
        if held.is_empty() {
            self.held.remove(holder);
        }
        idle
    }

    /// Who makes room for a stranger from `origin`: of those who hold most, the newcomer counted in, whoever has been idle
    /// longest; where none is idle, the one longest there of those who hold more than the newcomer's. The known are left
    /// alone while there are strangers, and at work always.
    fn who_leaves(&mut self, origin: Origin) -> Option<u64> {
        let own = Holder::Strangers(origin);
        let are_strangers = self.strangers > 0;
        let weight = |holder: &Holder, held: &Held| held.len() + usize::from(*holder == own);
        let asked = self.held.iter().filter(|(holder, _)| matches!(holder, Holder::Strangers(_)) == are_strangers);
        let most = asked.clone().map(|(holder, held)| weight(holder, held)).max()?;
        let heaviest: Vec<Holder> =
            asked.filter(|(holder, held)| weight(holder, held) == most).map(|(holder, _)| *holder).collect();
        if let Some((_, number)) = heaviest.iter().filter_map(|holder| self.longest_idle(holder)).min() {
            return Some(number);
        }
        let own_weight = self.held.get(&own).map_or(0, Held::len) + 1;
        let may_be_cut_off = are_strangers && most > own_weight;
        let numbers = heaviest.iter().filter_map(|holder| self.held.get(holder)).flat_map(Held::keys);
        numbers.map(|(_, number)| *number).min().filter(|_| may_be_cut_off)
    }

    /// Whoever of these has been idle longest, and since when. Looks no further than it must, however many they are: who
    /// keeps a house full knocks a thousand times a second.
    fn longest_idle(&mut self, holder: &Holder) -> Option<(u64, u64)> {
        let held = self.held.get_mut(holder)?;
        let mut longest: Option<(u64, u64)> = None;
        let mut later = Vec::new();
        for ((seen, number), idle) in &*held {
            if longest.is_some_and(|longest| longest < (*seen, *number)) {
                break;
            }
            let since = idle.since();
            if since == BUSY {
                continue;
            }
            longest = longest.min(Some((since, *number))).or(Some((since, *number)));
            if since > *seen {
                later.push((*seen, *number, since));
            }
        }
        for (seen, number, since) in later {
            if let (Some(idle), Some(taken)) = (held.remove(&(seen, number)), self.taken.get_mut(&number)) {
                taken.seen = since;
                held.insert((since, number), idle);
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAPS: Caps = Caps { all: 8, strangers: 6, device: 3, viewers: 2, viewers_all: 3 };

    fn from(last: u8) -> Origin {
        Origin::of([10, 0, 0, last].into())
    }

    fn counts(crowd: &Crowd) -> HashMap<Holder, usize> {
        crowd.held.iter().map(|(holder, held)| (*holder, held.len())).collect()
    }

    /// Fills a crowd with `count` strangers from each origin; their numbers.
    fn fill(crowd: &mut Crowd, counts: &[(u8, usize)]) -> Vec<Entered> {
        let origins = counts.iter().flat_map(|(origin, count)| std::iter::repeat_n(*origin, *count));
        origins.zip(1..).map(|(origin, ms)| crowd.enter(from(origin), Moment(ms)).expect("a place")).collect()
    }

    #[test]
    fn whoever_holds_most_makes_room() {
        let mut crowd = Crowd::new(CAPS);
        let there = fill(&mut crowd, &[(1, 2), (2, 4)]);
        assert_eq!(crowd.enter(from(3), Moment(9)).expect("a place").instead_of, Some(there[2].number));
        there[3].idle.end();
        assert_eq!(
            crowd.enter(from(4), Moment(9)).expect("a place").instead_of,
            Some(there[4].number),
            "whoever works stays, if another has nothing to do"
        );
        assert_eq!(
            crowd.enter(from(1), Moment(9)).expect("a place").instead_of,
            Some(there[0].number),
            "they would hold most: it is one of their own"
        );
        assert_eq!(crowd.len(), 6);
    }

    #[test]
    fn looking_busy_is_of_no_use_to_those_who_hold_more() {
        let mut crowd = Crowd::new(CAPS);
        let there = fill(&mut crowd, &[(1, 6)]);
        there.iter().for_each(|one| one.idle.end());
        assert!(crowd.enter(from(1), Moment(9)).is_none(), "their own are at work: the house is full for them");
        assert_eq!(crowd.enter(from(2), Moment(9)).expect("a place").instead_of, Some(there[0].number));
    }

    #[test]
    fn the_known_have_places_of_their_own() {
        let mut crowd = Crowd::new(CAPS);
        let tv = crowd.enter(from(1), Moment(0)).expect("a place");
        assert!(crowd.know(tv.number, Known::Device(7)));
        let phone = crowd.enter(from(1), Moment(0)).expect("a place");
        assert!(crowd.know(phone.number, Known::Viewer));
        fill(&mut crowd, &[(1, 6)]);
        for ms in 10..50 {
            let left = crowd.enter(from(1), Moment(ms)).expect("a place").instead_of;
            assert!(left.is_some_and(|left| left != tv.number && left != phone.number));
        }
        assert_eq!(crowd.len(), 7, "whoever shows a ticket has a place of the strangers'");
    }

    #[test]
    fn a_device_takes_no_more_than_its_own_places() {
        let mut crowd = Crowd::new(CAPS);
        let there = fill(&mut crowd, &[(1, 6)]);
        let known: Vec<_> = there.iter().filter(|one| crowd.know(one.number, Known::Device(7))).collect();
        assert_eq!(known.len(), CAPS.device, "what it has more counts as strangers");
        for (device, more) in [(8, 3), (9, 2)] {
            for _ in 0..more {
                if let Some(one) = crowd.enter(from(2), Moment(9)) {
                    crowd.know(one.number, Known::Device(device));
                }
            }
        }
        assert_eq!((crowd.len(), crowd.strangers), (8, 0), "all places are taken by those who are known");
        let newcomer = crowd.enter(from(3), Moment(20)).expect("a place");
        assert!(known.iter().any(|one| Some(one.number) == newcomer.instead_of), "one that has nothing to do");
    }

    #[test]
    fn nobody_known_is_cut_off_at_work() {
        let mut crowd = Crowd::new(Caps { all: 2, strangers: 2, device: 2, viewers: 0, viewers_all: 0 });
        for one in fill(&mut crowd, &[(1, 2)]) {
            assert!(crowd.know(one.number, Known::Device(7)));
            one.idle.end();
        }
        assert!(crowd.enter(from(2), Moment(9)).is_none());
    }

    #[test]
    fn tickets_take_no_place_that_is_kept_for_devices() {
        let caps = Caps::of(64);
        let mut crowd = Crowd::new(caps);
        // From many addresses, each of which has as many screens as it may; all of them play.
        for (ms, last) in (0..400).zip((0..20_u8).cycle()) {
            let one = crowd.enter(from(last), Moment(ms)).expect("a place");
            if crowd.know(one.number, Known::Viewer) {
                one.idle.end();
            }
        }
        assert_eq!(crowd.viewers, caps.viewers_all);
        for device in 0..(caps.all - caps.strangers) as u64 {
            let one = crowd.enter(from(99), Moment(1000)).expect("whoever comes finds a place");
            assert!(crowd.know(one.number, Known::Device(device)), "device {device}");
            one.idle.end();
        }
        assert_eq!((crowd.len(), crowd.viewers), (caps.all - 1, caps.viewers_all), "one is left to whoever comes next");
    }

    #[test]
    fn a_screen_that_is_a_tv_is_counted_as_one_and_forgotten_with_it() {
        let mut crowd = Crowd::new(CAPS);
        let tv = crowd.enter(from(1), Moment(0)).expect("a place");
        let holder = |crowd: &Crowd| crowd.taken[&tv.number].holder;
        for (as_whom, becomes) in [
            (Known::Viewer, Holder::Viewers(from(1))),
            (Known::Device(7), Holder::Device(7)),
            (Known::Viewer, Holder::Device(7)),
            (Known::Device(8), Holder::Device(8)),
        ] {
            assert!(crowd.know(tv.number, as_whom));
            assert_eq!(
                (holder(&crowd), crowd.held.len(), crowd.viewers),
                (becomes, 1, crowd.held.keys().filter(|of| matches!(of, Holder::Viewers(_))).count())
            );
        }
        crowd.forget(tv.number);
        assert_eq!((holder(&crowd), crowd.strangers), (Holder::Strangers(from(1)), 1));
        assert!(crowd.know(tv.number, Known::Viewer));
        crowd.forget(tv.number);
        assert_eq!(holder(&crowd), Holder::Viewers(from(1)), "the ticket was not the device's");
        crowd.leave(tv.number);
        assert_eq!((crowd.len(), crowd.strangers, crowd.viewers, crowd.held.len()), (0, 0, 0, 0));
    }

    /// Who makes room, told by looking at everybody.
    fn to_leave(crowd: &Crowd, since: &HashMap<u64, u64>, origin: Origin) -> Option<u64> {
        let own = Holder::Strangers(origin);
        let weight = |holder: &Holder| crowd.held.get(holder).map_or(0, Held::len) + usize::from(*holder == own);
        let is_asked = |holder: &Holder| matches!(holder, Holder::Strangers(_)) == (crowd.strangers > 0);
        let most = crowd.held.keys().filter(|holder| is_asked(holder)).map(weight).max()?;
        let heaviest = || crowd.taken.iter().filter(|(_, of)| is_asked(&of.holder) && weight(&of.holder) == most);
        let idle = heaviest().filter(|(number, _)| since[number] != BUSY);
        idle.map(|(number, _)| *number).min_by_key(|number| (since[number], *number)).or_else(|| {
            heaviest().map(|(number, _)| *number).min().filter(|_| crowd.strangers > 0 && most > weight(&own))
        })
    }

    proptest! {
        #[test]
        fn counts_stay_true_and_whoever_is_due_makes_room(
            steps in proptest::collection::vec((0..8_u8, 0..4_u8, 0..12_u64), 0..200),
        ) {
            let (mut crowd, mut forgotten) = (Crowd::new(CAPS), 0);
            let (mut idle, mut since) = (HashMap::<u64, Arc<Idle>>::new(), HashMap::new());
            for (ms, (what, origin, number)) in (0..).zip(steps) {
                // One of those who came last: they are there still, or left a moment ago.
                let number = (crowd.last + 1).saturating_sub(number);
                match what {
                    0..=2 => {
                        let full = crowd.len() >= CAPS.all || crowd.strangers + crowd.viewers >= CAPS.strangers;
                        let due = if full { to_leave(&crowd, &since, from(origin)) } else { None };
                        let entered = crowd.enter(from(origin), Moment(ms));
                        prop_assert_eq!(entered.is_none(), full && due.is_none());
                        let Some(entered) = entered else { continue };
                        prop_assert_eq!(entered.instead_of, due);
                        since.insert(entered.number, ms);
                        idle.insert(entered.number, entered.idle);
                    }
                    3 => drop(crowd.know(number, if origin == 0 { Known::Viewer } else { Known::Device(origin.into()) })),
                    4 => crowd.leave(number),
                    5 => {
                        crowd.forget(number);
                        forgotten += 1;
                    }
                    _ => if let Some(idle) = idle.get(&number) {
                        if what == 6 { idle.end() } else { idle.begin(Moment(ms)) }
                        since.insert(number, if what == 6 { BUSY } else { ms });
                    },
                }
                let counts = counts(&crowd);
                prop_assert_eq!(counts.values().sum::<usize>(), crowd.len());
                let strangers = counts.iter().filter(|(holder, _)| matches!(holder, Holder::Strangers(_)));
                prop_assert_eq!(strangers.map(|(_, count)| count).sum::<usize>(), crowd.strangers);
                let viewers = counts.iter().filter(|(holder, _)| matches!(holder, Holder::Viewers(_)));
                prop_assert_eq!(viewers.map(|(_, count)| count).sum::<usize>(), crowd.viewers);
                prop_assert!(crowd.len() <= CAPS.all && crowd.viewers <= CAPS.viewers_all);
                prop_assert!(crowd.strangers + crowd.viewers <= CAPS.strangers + forgotten);
                prop_assert!(counts.iter().all(|(holder, count)| matches!(holder, Holder::Strangers(_)) || *count <= CAPS.device.max(CAPS.viewers)));
            }
        }
    }
}
