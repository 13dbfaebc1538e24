//! Who makes room when recordings fill theirs. A rule over what is held: no clock, no disk, no database.
//!
//! 1. What its people have all seen goes first. Of that, first what guests sent, who belong to no household, then what the
//!    household did; first of the one who holds most at that moment; of theirs the oldest.
//! 2. Guests together have a part of the room, and no more. What they hold beyond it makes way for what the household
//!    records, seen or not: first of the guest who holds most, of theirs the oldest.
//! 3. What else someone has yet to see goes only for the sake of the very sender who sent it: their oldest make room for
//!    their newest. Nobody's unseen videos ever go because of what another filled in, within their part.
//! 4. Where that doesn't suffice nothing goes at all, and what is new is refused.
//!
//! Of those whose recordings grow, guests give way before the household, and then whoever records most just now.
//! What the owner keeps isn't looked at here: it is held, and never goes.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::ground::id::{SenderId, ShareId};

/// A recording that is over and may be let go. Lists of them are in order, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its share.
    pub share: ShareId,
    /// Who sent it.
    pub sender: SenderId,
    /// Whether they belong to no household.
    pub is_guest: bool,
    /// Whether everyone it came to has seen it.
    pub seen: bool,
    /// What it takes of the disk.
    pub bytes: u64,
}

/// What is needed, and for whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes that have to become free.
    pub bytes: u64,
    /// Bytes of them, or besides, that have to be guests': theirs must become less by so much.
    pub of_guests: u64,
    /// Bytes that guests hold beyond their part, where it is the household that needs room.
    pub beyond: u64,
    /// Who needs it, where it is a sender's videos that fill the room.
    pub filler: Option<SenderId>,
}

/// The recordings that go for `need`, in order; `None` where that can't be, and nothing goes.
pub fn let_go(held: &[Held], need: Need) -> Option<Vec<ShareId>> {
    let mut left: Vec<Held> = held.to_vec();
    let mut holds: HashMap<SenderId, u64> = HashMap::new();
    for held in held {
        *holds.entry(held.sender).or_default() += held.bytes;
    }
    let (mut gone, mut freed, mut freed_of_guests) = (Vec::new(), 0, 0);
    while freed < need.bytes || freed_of_guests < need.of_guests {
        let guests_alone = freed_of_guests < need.of_guests;
        // Of those who are equal `max_by_key` takes the last, and the oldest stand first.
        let most = |may_go: &dyn Fn(&Held) -> bool| {
            let going = (0..left.len()).filter(|at| may_go(&left[*at]) && (left[*at].is_guest || !guests_alone));
            going.max_by_key(|at| (left[*at].is_guest, holds[&left[*at].sender], Reverse(*at)))
        };
        let is_beyond = freed_of_guests < need.beyond;
        let next = most(&|held| held.seen)
            .or_else(|| most(&|held| held.is_guest && is_beyond))
            .or_else(|| most(&|held| Some(held.sender) == need.filler))?;
        let next = left.remove(next);
        if let Some(holds) = holds.get_mut(&next.sender) {
            *holds -= next.bytes;
        }
        freed += next.bytes;
        freed_of_guests += if next.is_guest { next.bytes } else { 0 };
        gone.push(next.share);
    }
    Some(gone)
}

/// A sender whose recordings grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growing {
    /// Who; `None` where nobody can be named.
    pub sender: Option<SenderId>,
    /// Whether they belong to no household.
    pub is_guest: bool,
    /// What their recordings have that grow now, and what their films were promised.
    pub now_bytes: u64,
    /// What they hold besides.
    pub held_bytes: u64,
    /// The shares whose streams are recorded.
    pub shares: Vec<ShareId>,
}

/// Puts those first who give way first where there is too little room for all.
pub fn order_of_yielding(growing: &mut [Growing]) {
    growing.sort_by_key(|one| Reverse((one.is_guest, one.now_bytes, one.held_bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sender(number: u8) -> SenderId {
        SenderId([number; 10])
    }

    /// Senders 0 and 1 are guests.
    fn held(number: usize, (of, seen, bytes): (u8, bool, u64)) -> Held {
        Held { share: ShareId([number as u8; 10]), sender: sender(of), is_guest: of < 2, seen, bytes }
    }

    fn all(facts: impl IntoIterator<Item = (u8, bool, u64)>) -> Vec<Held> {
        facts.into_iter().enumerate().map(|(number, facts)| held(number, facts)).collect()
    }

    fn numbers(gone: Option<Vec<ShareId>>) -> Option<Vec<u8>> {
        gone.map(|gone| gone.iter().map(|share| share.0[0]).collect())
    }

    fn needed(bytes: u64, filler: Option<u8>) -> Need {
        Need { bytes, filler: filler.map(sender), ..Need::default() }
    }

    #[test]
    fn a_guests_film_displaces_no_unseen_video_of_the_family() {
        let family = all([(2, false, 10); 8]);
        assert_eq!(let_go(&family, needed(1, Some(0))), None);
        assert_eq!(let_go(&family, needed(1, None)), None, "nor does the disk");
        assert_eq!(numbers(let_go(&family, needed(15, Some(2)))), Some(vec![0, 1]), "its own newer one does");
    }

    #[test]
    fn whoever_holds_most_goes_first() {
        let some = all([(2, true, 10), (3, true, 50), (0, true, 5), (3, false, 40), (2, true, 10), (1, true, 6)]);
        assert_eq!(numbers(let_go(&some, needed(1, None))), Some(vec![5]), "a guest");
        assert_eq!(numbers(let_go(&some, needed(12, None))), Some(vec![5, 2, 1]), "then who holds most");
        assert_eq!(
            numbers(let_go(&some, needed(80, None))),
            Some(vec![5, 2, 1, 0, 4]),
            "then the others, the oldest first"
        );
        assert_eq!(let_go(&some, needed(82, None)), None);
        assert_eq!(numbers(let_go(&some, needed(82, Some(3)))), Some(vec![5, 2, 1, 0, 4, 3]));
        assert_eq!(let_go(&some, needed(0, None)), Some(vec![]));
    }

    #[test]
    fn what_guests_hold_beyond_their_part_makes_way_for_the_household_and_for_nobody_else() {
        let some = all([(2, false, 10), (0, false, 10), (1, false, 5), (0, false, 10), (1, true, 1)]);
        let beyond = |bytes, beyond| Need { beyond, ..needed(bytes, Some(2)) };
        assert_eq!(numbers(let_go(&some, beyond(1, 10))), Some(vec![4]), "what was seen goes first all the same");
        assert_eq!(numbers(let_go(&some, beyond(12, 12))), Some(vec![4, 1, 3]), "then theirs, of who holds most");
        assert_eq!(numbers(let_go(&some, beyond(12, 11))), Some(vec![4, 1, 0]), "then the household's own");
        assert_eq!(numbers(let_go(&some, beyond(2, 1))), Some(vec![4, 0]), "what is not beyond it stays");
        assert_eq!(let_go(&some, needed(12, Some(3))), None, "within it nothing of theirs goes");
    }

    #[test]
    fn guests_become_less_by_what_is_their_own() {
        let some = all([(2, true, 10), (0, true, 4), (1, false, 5), (0, false, 5)]);
        let of_guests = |of_guests, bytes, filler| Need { of_guests, ..needed(bytes, Some(filler)) };
        assert_eq!(numbers(let_go(&some, of_guests(3, 0, 0))), Some(vec![1]), "nothing of the household's");
        assert_eq!(numbers(let_go(&some, of_guests(5, 0, 0))), Some(vec![1, 3]), "then their own");
        assert_eq!(let_go(&some, of_guests(10, 0, 0)), None, "and no other guest's");
        assert_eq!(numbers(let_go(&some, of_guests(3, 10, 0))), Some(vec![1, 0]), "all need room besides");
    }

    #[test]
    fn guests_give_way_first_and_then_whoever_records_most_now() {
        let one = |of, is_guest, now_bytes, held_bytes| Growing {
            sender: Some(sender(of)),
            is_guest,
            now_bytes,
            held_bytes,
            shares: Vec::new(),
        };
        // Who has recorded for years gives way for nobody's sake; who is equal now by what they have from before.
        let mut growing = [one(2, false, 10, 9000), one(3, false, 20, 0), one(0, true, 5, 0), one(4, false, 10, 9001)];
        order_of_yielding(&mut growing);
        assert_eq!(growing.map(|one| one.sender), [0, 3, 4, 2].map(|of| Some(sender(of))));
    }

    proptest! {
        #[test]
        fn nothing_unseen_goes_for_anothers_sake(
            facts in prop::collection::vec((0_u8..5, any::<bool>(), 0_u64..1000), 0..40),
            needed in 0_u64..20_000,
            of_guests in prop_oneof![Just(0_u64), 0_u64..5_000],
            beyond in prop_oneof![Just(0_u64), 0_u64..5_000],
            filler in prop::option::of(0_u8..5),
        ) {
            let held = all(facts);
            // Guests make nobody else's part of the room smaller; who is none, needs nothing of theirs alone.
            let by_guest = filler.is_some_and(|filler| filler < 2);
            let (of_guests, beyond) = if by_guest { (of_guests, 0) } else { (0, beyond) };
            let filler = filler.map(sender);
            let sum = |held: &[&Held]| held.iter().map(|held| held.bytes).sum::<u64>();
            let of_all_guests = |held: &[&Held]| held.iter().filter(|held| held.is_guest).map(|held| held.bytes).sum::<u64>();
            let is_enough = |gone: &[&Held]| sum(gone) >= needed && of_all_guests(gone) >= of_guests;
            let may_go = |held: &&Held| held.seen || Some(held.sender) == filler;
            let Some(gone) = let_go(&held, Need { bytes: needed, of_guests, beyond, filler }) else {
                let could: Vec<&Held> = held.iter().filter(may_go).collect();
                prop_assert!(!is_enough(&could), "refused only where it can't be");
                return Ok(());
            };
            let gone: Vec<&Held> =
                gone.iter().map(|share| held.iter().find(|held| held.share == *share).expect("it was held")).collect();
            for (at, one) in gone.iter().enumerate() {
                let is_beyond = one.is_guest && of_all_guests(&gone[..at]) < beyond;
                prop_assert!(may_go(one) || is_beyond, "nothing unseen of another, but what guests hold beyond their part");
                prop_assert!(one.is_guest || of_all_guests(&gone[..at]) >= of_guests, "guests become less by their own");
            }
            prop_assert!(is_enough(&gone), "enough");
            prop_assert!(gone.is_empty() || !is_enough(&gone[..gone.len() - 1]), "and no more");
            for (at, one) in gone.iter().enumerate().filter(|(_, one)| !one.seen) {
                let stays = |held: &&Held| !gone[..at].contains(held);
                let guests_alone = of_all_guests(&gone[..at]) < of_guests;
                let seen = held.iter().filter(stays).filter(|held| held.seen && (held.is_guest || !guests_alone)).count();
                prop_assert_eq!(seen, 0, "seen before unseen: {:?}", one);
                let goes_beyond = |held: &&Held| held.is_guest && of_all_guests(&gone[..at]) < beyond;
                prop_assert!(one.is_guest || !held.iter().filter(stays).any(|held| goes_beyond(&held)), "guests' before its own");
            }
            for sender in (0..5).map(sender) {
                for seen in [true, false] {
                    let shares: Vec<_> = gone
                        .iter()
                        .filter(|held| held.sender == sender && held.seen == seen)
                        .map(|held| held.share)
                        .collect();
                    prop_assert!(shares.is_sorted(), "of one sender the oldest first");
                }
            }
            let seen: Vec<_> = gone.iter().filter(|held| held.seen).collect();
            let guests = seen.iter().position(|held| !held.is_guest).unwrap_or(seen.len());
            prop_assert!(seen[guests..].iter().all(|held| !held.is_guest), "guests before the household");
        }
    }
}
