//! A few places that many want who take long to use one: so many in all, so many for each, some that guests leave to the
//! household. Where there is none, whoever wants one waits, and the slowest who has had theirs for a while makes room. Pure.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::ground::time::Moment;

/// Before whom someone goes: the later, the sooner they have a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nobody knows them.
    Stranger,
    /// They may share, and belong to no household.
    Guest,
    /// They belong to a household; so does each of its TVs.
    Member,
    /// The owner.
    Owner,
}

/// How places are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLimits {
    /// How many there are.
    pub all: usize,
    /// How many one has or waits for at most.
    pub each: usize,
    /// How many guests and strangers leave to others.
    pub kept: usize,
    /// How long a place is safe from others of the same standing.
    pub safe: Duration,
}

/// Places, and who waits for one.
#[derive(Debug)]
pub struct Shares<K> {
    limits: SlotLimits,
    taken: HashMap<u64, Taken<K>>,
    waiting: Vec<Waiting<K>>,
    last: u64,
}

#[derive(Debug)]
struct Taken<K> {
    whose: K,
    standing: Standing,
    since: Moment,
    bytes: u64,
    /// Whether more is to come. What is whole makes no room: it is being worked on.
    comes: bool,
}

#[derive(Debug)]
struct Waiting<K> {
    number: u64,
    whose: K,
    standing: Standing,
}

/// Whoever asks has as many places as they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enough;

/// What becomes of whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// They have a place now.
    Slot {
        /// Whoever made room for it, and has lost theirs.
        instead_of: Option<u64>,
    },
    /// There is none yet. With a time: somebody has to make room then.
    Wait(Option<Moment>),
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Free places.
    pub fn new(limits: SlotLimits) -> Self {
        Self { limits, taken: HashMap::new(), waiting: Vec::new(), last: 0 }
    }

    /// Someone wants a place: the number by which they ask for their [`Turn`].
    pub fn want(&mut self, whose: K, standing: Standing) -> Result<u64, Enough> {
        let has = self.taken.values().filter(|taken| taken.whose == whose).count();
        if has + self.waiting.iter().filter(|waiting| waiting.whose == whose).count() >= self.limits.each {
            return Err(Enough);
        }
        self.last += 1;
        self.waiting.push(Waiting { number: self.last, whose, standing });
        Ok(self.last)
    }

    /// Whether it is their turn who wait.
    pub fn turn(&mut self, number: u64, now: Moment) -> Turn {
        let Some(at) = self.waiting.iter().position(|waiting| waiting.number == number) else {
            return Turn::Wait(None);
        };
        let standing = self.waiting[at].standing;
        let before = |other: &Waiting<K>| (Reverse(other.standing), other.number) < (Reverse(standing), number);
        if self.waiting.iter().any(before) {
            return Turn::Wait(None);
        }
        let instead_of = if self.is_free_for(standing) {
            None
        } else {
            match self.slowest(standing, now) {
                Some(slowest) => Some(slowest),
                None => return Turn::Wait(self.safe_until(standing)),
            }
        };
        if let Some(slowest) = instead_of {
            self.taken.remove(&slowest);
        }
        let Waiting { whose, .. } = self.waiting.remove(at);
        self.taken.insert(number, Taken { whose, standing, since: now, bytes: 0, comes: true });
        Turn::Slot { instead_of }
    }

    /// So much has come of theirs.
    pub fn came(&mut self, number: u64, bytes: usize) {
        if let Some(taken) = self.taken.get_mut(&number) {
            taken.bytes += bytes as u64;
        }
    }

    /// All of theirs has come: they keep their place until they leave it.
    pub fn is_whole(&mut self, number: u64) {
        if let Some(taken) = self.taken.get_mut(&number) {
            taken.comes = false;
        }
    }

    /// Whether they have a place.
    pub fn has(&self, number: u64) -> bool {
        self.taken.contains_key(&number)
    }

    /// They leave, or wait no more.
    pub fn leave(&mut self, number: u64) {
        self.taken.remove(&number);
        self.waiting.retain(|waiting| waiting.number != number);
    }

    fn is_free_for(&self, standing: Standing) -> bool {
        let guests = self.taken.values().filter(|taken| taken.standing <= Standing::Guest).count();
        self.taken.len() < self.limits.all
            && (standing > Standing::Guest || guests < self.limits.all.saturating_sub(self.limits.kept))
    }

    /// Those who may have to make room for someone of such a standing, and from when on.
    fn may_yield(&self, standing: Standing) -> impl Iterator<Item = (u64, &Taken<K>, Moment)> {
        let safe = move |taken: &Taken<K>| if taken.standing < standing { Duration::ZERO } else { self.limits.safe };
        let below = self.taken.iter().filter(move |(_, taken)| taken.comes && taken.standing <= standing);
        below.map(move |(number, taken)| (*number, taken, taken.since + safe(taken)))
    }

    /// Who makes room: of the lowest standing the slowest, of those the one who came first.
    fn slowest(&self, standing: Standing, now: Moment) -> Option<u64> {
        let rate =
            |taken: &Taken<K>| taken.bytes.saturating_mul(1_000_000) / now.since(taken.since).as_micros().max(1) as u64;
        let may = self.may_yield(standing).filter(|(_, _, from)| *from <= now);
        may.min_by_key(|(number, taken, _)| (taken.standing, rate(taken), *number)).map(|(number, ..)| number)
    }

    fn safe_until(&self, standing: Standing) -> Option<Moment> {
        self.may_yield(standing).map(|(_, _, from)| from).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAFE: Duration = Duration::from_secs(4);
    const LIMITS: SlotLimits = SlotLimits { all: 3, each: 2, kept: 1, safe: SAFE };

    fn at(seconds: u64) -> Moment {
        Moment(0) + Duration::from_secs(seconds)
    }

    /// Wants a place at that time, and has their turn: their number.
    fn enter(shares: &mut Shares<&'static str>, whose: &'static str, standing: Standing, now: u64) -> (u64, Turn) {
        let number = shares.want(whose, standing).expect("not too many");
        (number, shares.turn(number, at(now)))
    }

    const FREE: Turn = Turn::Slot { instead_of: None };

    #[test]
    fn each_has_a_share_and_gives_it_back() {
        let mut shares = Shares::new(LIMITS);
        let (first, turn) = enter(&mut shares, "Ana", Standing::Member, 0);
        assert_eq!(turn, FREE);
        enter(&mut shares, "Ana", Standing::Member, 0);
        assert_eq!(shares.want("Ana", Standing::Member), Err(Enough));
        shares.leave(first);
        assert_eq!(enter(&mut shares, "Ana", Standing::Member, 0).1, FREE);
        assert_eq!(enter(&mut shares, "Rui", Standing::Member, 0).1, FREE);
        let waits = shares.want("Eva", Standing::Member).expect("may wait");
        shares.want("Eva", Standing::Member).expect("may wait");
        assert_eq!(shares.want("Eva", Standing::Member), Err(Enough), "who waits counts");
        shares.leave(waits);
        assert!(shares.want("Eva", Standing::Member).is_ok());
    }

    #[test]
    fn the_slowest_makes_room_once_it_had_its_time() {
        let mut shares = Shares::new(SlotLimits { kept: 0, ..LIMITS });
        let held: Vec<u64> =
            ["1", "2", "3"].map(|whose| enter(&mut shares, whose, Standing::Stranger, 0).0).into_iter().collect();
        for (number, bytes) in held.iter().zip([50_000, 9_000, 20_000]) {
            shares.came(*number, bytes);
        }
        let (fourth, turn) = enter(&mut shares, "4", Standing::Stranger, 1);
        assert_eq!(turn, Turn::Wait(Some(at(4))), "all had their place a moment ago");
        assert_eq!(shares.turn(fourth, at(4)), Turn::Slot { instead_of: Some(held[1]) });
        assert!(!shares.has(held[1]) && shares.has(fourth));
        shares.is_whole(held[2]);
        let (fifth, turn) = enter(&mut shares, "5", Standing::Stranger, 5);
        assert_eq!(turn, Turn::Slot { instead_of: Some(held[0]) }, "what is whole is being worked on");
        shares.is_whole(fourth);
        shares.is_whole(fifth);
        let (sixth, turn) = enter(&mut shares, "6", Standing::Stranger, 99);
        assert_eq!(turn, Turn::Wait(None), "nothing but an end makes room");
        shares.leave(fifth);
        assert_eq!(shares.turn(sixth, at(99)), FREE);
    }

    #[test]
    fn whoever_waits_longest_is_next_and_the_household_before_guests() {
        let mut shares = Shares::new(SlotLimits { kept: 0, ..LIMITS });
        let held = ["1", "2", "3"].map(|whose| enter(&mut shares, whose, Standing::Guest, 0).0);
        let (first, _) = enter(&mut shares, "4", Standing::Guest, 1);
        let (second, _) = enter(&mut shares, "5", Standing::Guest, 1);
        assert_eq!(shares.turn(second, at(4)), Turn::Wait(None), "another was before");
        held.iter().for_each(|number| shares.is_whole(*number));
        let (member, turn) = enter(&mut shares, "Ana", Standing::Member, 5);
        assert_eq!(turn, Turn::Wait(None));
        shares.leave(held[0]);
        assert_eq!(shares.turn(first, at(5)), Turn::Wait(None));
        assert_eq!(shares.turn(member, at(5)), FREE);
        shares.leave(held[1]);
        assert_eq!(shares.turn(first, at(5)), FREE);
    }

    #[test]
    fn guests_leave_places_and_make_room_for_the_household_at_once() {
        let mut shares = Shares::new(LIMITS);
        let guests = ["1", "2"].map(|whose| enter(&mut shares, whose, Standing::Guest, 0).0);
        let (third, turn) = enter(&mut shares, "3", Standing::Guest, 0);
        assert_eq!(turn, Turn::Wait(Some(at(4))), "one place is not for guests");
        shares.leave(third);
        assert_eq!(enter(&mut shares, "Ana", Standing::Member, 0).1, FREE);
        shares.came(guests[1], 1);
        let (rui, turn) = enter(&mut shares, "Rui", Standing::Member, 0);
        assert_eq!(turn, Turn::Slot { instead_of: Some(guests[0]) }, "the slower guest");
        shares.came(rui, 1_000_000);
        let (_, turn) = enter(&mut shares, "the owner", Standing::Owner, 1);
        assert_eq!(turn, Turn::Slot { instead_of: Some(guests[1]) }, "no member while there is a guest");
        let (_, turn) = enter(&mut shares, "Eva", Standing::Guest, 99);
        assert_eq!(turn, Turn::Wait(None), "nobody of the household makes room for a guest");
    }

    #[test]
    fn those_who_drip_keep_nobody_out_for_long() {
        let mut shares = Shares::new(SlotLimits { all: 2, each: 1, kept: 0, safe: SAFE });
        let mut now = 0;
        let mut drips: [Option<u64>; 2] = [None; 2];
        for _ in 0..100 {
            for (whose, place) in ["a", "b"].into_iter().zip(&mut drips) {
                *place = place.filter(|number| shares.has(*number));
                let number = place.unwrap_or_else(|| shares.want(whose, Standing::Stranger).expect("may wait"));
                shares.turn(number, at(now));
                shares.came(number, 4096);
                *place = Some(number);
            }
            let honest = shares.want("c", Standing::Stranger).expect("may wait");
            let came = now;
            while !matches!(shares.turn(honest, at(now)), Turn::Slot { .. }) {
                now += 1;
                assert!(now - came <= SAFE.as_secs(), "it waits too long");
            }
            shares.leave(honest);
            now += 1;
        }
    }

    proptest! {
        #[test]
        fn places_are_never_too_many(steps in proptest::collection::vec((0..4_u8, 0..6_u64, 0..3_u64), 0..200)) {
            let mut shares = Shares::new(LIMITS);
            let standings = [Standing::Stranger, Standing::Guest, Standing::Member, Standing::Owner];
            let (mut now, mut numbers) = (0, Vec::new());
            for (what, whose, passes) in steps {
                now += passes;
                match what {
                    0 => numbers.extend(shares.want(whose, standings[(whose % 4) as usize])),
                    1 => numbers.iter().for_each(|number| {
                        shares.turn(*number, at(now));
                    }),
                    2 => shares.leave(whose),
                    _ => shares.is_whole(whose),
                }
                let guests = shares.taken.values().filter(|taken| taken.standing <= Standing::Guest).count();
                prop_assert!(shares.taken.len() <= LIMITS.all && guests <= LIMITS.all - LIMITS.kept);
                for whose in 0..6 {
                    prop_assert!(shares.taken.values().filter(|taken| taken.whose == whose).count() <= LIMITS.each);
                }
            }
        }
    }
}
