//! Who makes room when recordings fill theirs. A rule over what is held: no clock, no disk, no books.
//!
//! 1. What its people have all seen goes first. Of that, first what guests sent, who belong to no household, then what the
//!    household did; first of the one who holds most at that moment; of theirs the oldest.
//! 2. What someone has yet to see goes only for the sake of the very sender who sent it: their oldest make room for their
//!    newest. Nobody's unseen videos ever go because of what another filled in.
//! 3. Where that doesn't suffice nothing goes at all, and what is new is refused.
//!
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

/// The recordings that go so that `needed` bytes are free, in order; `None` where that can't be, and nothing goes.
/// `filler` is who needs them, where it is a sender's videos that fill the room.
pub fn let_go(held: &[Held], needed: u64, filler: Option<SenderId>) -> Option<Vec<ShareId>> {
    let (mut seen, unseen): (Vec<Held>, Vec<Held>) = held.iter().copied().partition(|held| held.seen);
    let mut own = unseen.iter().filter(|held| Some(held.sender) == filler);
    let mut holds: HashMap<SenderId, u64> = HashMap::new();
    for held in held {
        *holds.entry(held.sender).or_default() += held.bytes;
    }
    let (mut gone, mut freed) = (Vec::new(), 0);
    while freed < needed {
        // Of those who are equal `max_by_key` takes the last, and the oldest stand first.
        let next = (0..seen.len()).max_by_key(|at| (seen[*at].is_guest, holds[&seen[*at].sender], Reverse(*at)));
        let next = match next {
            Some(at) => seen.remove(at),
            None => *own.next()?,
        };
        if let Some(holds) = holds.get_mut(&next.sender) {
            *holds -= next.bytes;
        }
        freed += next.bytes;
        gone.push(next.share);
    }
    Some(gone)
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

    #[test]
    fn a_guests_film_displaces_no_unseen_video_of_the_family() {
        let family = all([(2, false, 10); 8]);
        assert_eq!(let_go(&family, 1, Some(sender(0))), None);
        assert_eq!(let_go(&family, 1, None), None, "nor does the disk");
        assert_eq!(numbers(let_go(&family, 15, Some(sender(2)))), Some(vec![0, 1]), "its own newer one does");
    }

    #[test]
    fn whoever_holds_most_goes_first() {
        let some = all([(2, true, 10), (3, true, 50), (0, true, 5), (3, false, 40), (2, true, 10), (1, true, 6)]);
        assert_eq!(numbers(let_go(&some, 1, None)), Some(vec![5]), "a guest");
        assert_eq!(numbers(let_go(&some, 12, None)), Some(vec![5, 2, 1]), "then who holds most");
        assert_eq!(numbers(let_go(&some, 80, None)), Some(vec![5, 2, 1, 0, 4]), "then the others, the oldest first");
        assert_eq!(let_go(&some, 82, None), None);
        assert_eq!(numbers(let_go(&some, 82, Some(sender(3)))), Some(vec![5, 2, 1, 0, 4, 3]));
        assert_eq!(let_go(&some, 0, None), Some(vec![]));
    }

    proptest! {
        #[test]
        fn nothing_unseen_goes_for_anothers_sake(
            facts in prop::collection::vec((0_u8..5, any::<bool>(), 0_u64..1000), 0..40),
            needed in 0_u64..20_000,
            filler in prop::option::of(0_u8..5),
        ) {
            let held = all(facts);
            let filler = filler.map(sender);
            let may_go = |held: &&Held| held.seen || Some(held.sender) == filler;
            let could_be_freed: u64 = held.iter().filter(may_go).map(|held| held.bytes).sum();
            let Some(gone) = let_go(&held, needed, filler) else {
                prop_assert!(could_be_freed < needed, "refused only where it can't be");
                return Ok(());
            };
            let gone: Vec<&Held> =
                gone.iter().map(|share| held.iter().find(|held| held.share == *share).expect("it was held")).collect();
            prop_assert!(gone.iter().all(may_go), "nothing unseen of another sender");
            let freed = |gone: &[&Held]| gone.iter().map(|held| held.bytes).sum::<u64>();
            prop_assert!(freed(&gone) >= needed, "enough");
            prop_assert!(gone.is_empty() || freed(&gone[..gone.len() - 1]) < needed, "and no more");
            let unseen = gone.iter().position(|held| !held.seen).unwrap_or(gone.len());
            prop_assert!(gone[unseen..].iter().all(|held| !held.seen), "seen before unseen");
            prop_assert!(unseen == gone.len() || held.iter().filter(|held| held.seen).count() == unseen);
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
            let guests = gone[..unseen].iter().position(|held| !held.is_guest).unwrap_or(unseen);
            prop_assert!(gone[guests..unseen].iter().all(|held| !held.is_guest), "guests before the household");
        }
    }
}
