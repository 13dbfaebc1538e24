//! Who may stay at a door where there is not room for all: strangers by where they come from, known devices in places of
//! their own, and whoever holds most makes room for whoever comes. Pure.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ground::origin::Origin;
use crate::ground::secret;
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
    let hash = secret::sha256(format!("{kind} {name}").as_bytes());
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
    idle: Arc<Idle>,
}

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
    counts: HashMap<Holder, usize>,
    strangers: usize,
    viewers: usize,
    last: u64,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(caps: Caps) -> Self {
        Self { caps, taken: HashMap::new(), counts: HashMap::new(), strangers: 0, viewers: 0, last: 0 }
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
        let instead_of = if full { Some(self.to_leave(origin)?) } else { None };
        if let Some(number) = instead_of {
            self.leave(number);
        }
        self.last += 1;
        let (number, idle) = (self.last, Arc::new(Idle(now.0.into())));
        self.count_in(Holder::Strangers(origin));
        self.taken.insert(number, Taken { origin, holder: Holder::Strangers(origin), idle: idle.clone() });
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
        if self.counts.get(&holder).is_some_and(|count| *count >= cap) {
            return false;
        }
        let before = std::mem::replace(&mut taken.holder, holder);
        self.count_out(before);
        self.count_in(holder);
        true
    }

    /// Someone is no device any more: a stranger, until they show who they are.
    pub fn forget(&mut self, number: u64) {
        if let Some(taken) = self.taken.get_mut(&number)
            && let Holder::Device(_) = taken.holder
        {
            let stranger = Holder::Strangers(taken.origin);
            let before = std::mem::replace(&mut taken.holder, stranger);
            self.count_out(before);
            self.count_in(stranger);
        }
    }

    /// Someone has left; says nothing of whoever had to make room before.
    pub fn leave(&mut self, number: u64) {
        if let Some(taken) = self.taken.remove(&number) {
            self.count_out(taken.holder);
        }
    }

    fn count_in(&mut self, holder: Holder) {
        self.strangers += usize::from(matches!(holder, Holder::Strangers(_)));
        self.viewers += usize::from(matches!(holder, Holder::Viewers(_)));
        *self.counts.entry(holder).or_default() += 1;
    }

    fn count_out(&mut self, holder: Holder) {
        self.strangers -= usize::from(matches!(holder, Holder::Strangers(_)));
        self.viewers -= usize::from(matches!(holder, Holder::Viewers(_)));
        if let Some(count) = self.counts.get_mut(&holder) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&holder);
            }
        }
    }

    /// Who makes room for a stranger from `origin`: of those who hold most, the newcomer counted in, whoever has been idle
    /// longest; where none is idle, the one longest there of those who hold more than the newcomer's. The known are left
    /// alone while there are strangers, and at work always.
    fn to_leave(&self, origin: Origin) -> Option<u64> {
        let own = Holder::Strangers(origin);
        let weight = |holder: &Holder| self.counts.get(holder).copied().unwrap_or(0) + usize::from(*holder == own);
        let is_asked = |holder: &Holder| matches!(holder, Holder::Strangers(_)) == (self.strangers > 0);
        let most = self.counts.keys().filter(|holder| is_asked(holder)).map(weight).max()?;
        let candidates = || self.taken.iter().filter(|(_, of)| is_asked(&of.holder) && weight(&of.holder) == most);
        let idle = candidates().filter(|(_, of)| of.idle.since() != BUSY);
        let longest_idle = idle.min_by_key(|(number, of)| (of.idle.since(), **number)).map(|(number, _)| *number);
        longest_idle.or_else(|| {
            let may_be_cut_off = self.strangers > 0 && most > weight(&own);
            candidates().map(|(number, _)| *number).min().filter(|_| may_be_cut_off)
        })
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
                (holder(&crowd), crowd.counts.len(), crowd.viewers),
                (becomes, 1, crowd.counts.keys().filter(|of| matches!(of, Holder::Viewers(_))).count())
            );
        }
        crowd.forget(tv.number);
        assert_eq!((holder(&crowd), crowd.strangers), (Holder::Strangers(from(1)), 1));
        assert!(crowd.know(tv.number, Known::Viewer));
        crowd.forget(tv.number);
        assert_eq!(holder(&crowd), Holder::Viewers(from(1)), "the ticket was not the device's");
        crowd.leave(tv.number);
        assert_eq!((crowd.len(), crowd.strangers, crowd.viewers, crowd.counts.len()), (0, 0, 0, 0));
    }

    proptest! {
        #[test]
        fn counts_stay_true_and_nobody_who_holds_little_makes_room(
            steps in proptest::collection::vec((0..6_u8, 0..4_u8, 0..12_u64), 0..200),
        ) {
            let (mut crowd, mut forgotten) = (Crowd::new(CAPS), 0);
            for (ms, (what, origin, number)) in (0..).zip(steps) {
                match what {
                    0..=2 => {
                        let before: HashMap<_, _> = crowd.taken.iter().map(|(number, of)| (*number, of.holder)).collect();
                        let counts = crowd.counts.clone();
                        let Some(entered) = crowd.enter(from(origin), Moment(ms)) else { continue };
                        if let Some(left) = entered.instead_of {
                            let most = counts.iter().filter(|(holder, _)| matches!(holder, Holder::Strangers(_))).map(|(_, count)| *count).max();
                            let of = counts[&before[&left]];
                            prop_assert!(most.is_none_or(|most| of + 1 >= most), "{of} of {most:?}");
                        }
                        if number % 2 == 0 {
                            entered.idle.end();
                        }
                    }
                    3 => drop(crowd.know(number, if origin == 0 { Known::Viewer } else { Known::Device(origin.into()) })),
                    4 => crowd.leave(number),
                    _ => {
                        crowd.forget(number);
                        forgotten += 1;
                    }
                }
                prop_assert_eq!(crowd.counts.values().sum::<usize>(), crowd.len());
                let strangers = crowd.counts.iter().filter(|(holder, _)| matches!(holder, Holder::Strangers(_)));
                prop_assert_eq!(strangers.map(|(_, count)| count).sum::<usize>(), crowd.strangers);
                let viewers = crowd.counts.iter().filter(|(holder, _)| matches!(holder, Holder::Viewers(_)));
                prop_assert_eq!(viewers.map(|(_, count)| count).sum::<usize>(), crowd.viewers);
                prop_assert!(crowd.len() <= CAPS.all && crowd.viewers <= CAPS.viewers_all);
                prop_assert!(crowd.strangers + crowd.viewers <= CAPS.strangers + forgotten);
                prop_assert!(crowd.counts.iter().all(|(holder, count)| matches!(holder, Holder::Strangers(_)) || *count <= CAPS.device.max(CAPS.viewers)));
            }
        }
    }
}
