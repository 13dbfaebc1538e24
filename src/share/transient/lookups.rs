//! How many people a sender may look for: so many contacts a day, counted each once, so that an address book can be asked
//! for again and again, and the numbers of a whole country cannot. Each household has a budget of its own besides, and so
//! have guests together: nobody else's phones use up a member's. Pure; forgotten at a restart.
//!
//! What is kept are hashes with a key that no disk has seen: nobody can read an address book out of them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::ground::id::{AccountId, SenderId};
use crate::ground::limits;
use crate::ground::time::Moment;

/// What was looked for of late.
#[derive(Debug, Default)]
pub struct Lookups {
    hasher: RandomState,
    senders: HashMap<SenderId, Day>,
}

/// A sender's day: it begins with the first contact they look for.
#[derive(Debug)]
struct Day {
    began: Moment,
    /// The household that this counts for.
    of: Option<AccountId>,
    seen: HashSet<u64>,
}

/// Who of a list may be looked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// For each of the list, whether they may.
    pub each: Vec<bool>,
    /// Where some may not: when the sender's next day begins.
    pub again_at: Option<Moment>,
}

impl Lookups {
    /// Counts the contacts that `sender`, of this household or none, looks for, by their numbers and addresses, written as
    /// they are compared. Those that were looked for today cost nothing.
    pub fn admit(
        &mut self,
        sender: SenderId,
        of: Option<AccountId>,
        now: Moment,
        contacts: &[(&str, &str)],
    ) -> Admitted {
        self.senders.retain(|_, day| now.since(day.began) < limits::LOOKUPS_TIME);
        let others = self.senders.iter().filter(|(other, day)| **other != sender && day.of == of);
        let of_others: usize = others.map(|(_, day)| day.seen.len()).sum();
        let together = if of.is_some() { limits::LOOKUPS_OF_HOUSEHOLD } else { limits::LOOKUPS_OF_GUESTS };
        let most = limits::LOOKUPS.min(together.saturating_sub(of_others));
        let day = self.senders.entry(sender).or_insert_with(|| Day { began: now, of, seen: HashSet::new() });
        day.of = of;
        let mut is_admitted = |contact: &(&str, &str)| {
            if contact.0.is_empty() && contact.1.is_empty() {
                return true;
            }
            let hash = self.hasher.hash_one(contact);
            day.seen.contains(&hash) || (day.seen.len() < most && day.seen.insert(hash))
        };
        let each: Vec<bool> = contacts.iter().map(&mut is_admitted).collect();
        let again_at = each.contains(&false).then(|| day.began + limits::LOOKUPS_TIME);
        Admitted { each, again_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUI: SenderId = SenderId([1; 10]);
    const HOME: Option<AccountId> = Some(AccountId([1; 10]));

    fn ask(lookups: &mut Lookups, sender: SenderId, now: Moment, numbers: std::ops::Range<usize>) -> usize {
        let numbers: Vec<String> = numbers.map(|n| format!("+3519{n:08}")).collect();
        let contacts: Vec<_> = numbers.iter().map(|number| (number.as_str(), "")).collect();
        lookups.admit(sender, HOME, now, &contacts).each.into_iter().filter(|admitted| *admitted).count()
    }

    /// How many of 1,000 contacts of each of so many senders may be looked for.
    fn ask_for_many(lookups: &mut Lookups, of: Option<AccountId>, senders: std::ops::Range<u8>) -> usize {
        let numbers: Vec<String> = (0..1000).map(|n| format!("+3519{n:08}")).collect();
        let contacts: Vec<_> = numbers.iter().map(|number| (number.as_str(), "")).collect();
        let mut ask = |n| lookups.admit(SenderId([n; 10]), of, Moment(1), &contacts).each;
        senders.flat_map(&mut ask).filter(|admitted| *admitted).count()
    }

    #[test]
    fn a_familys_address_book_passes_and_a_countrys_numbers_do_not() {
        let mut lookups = Lookups::default();
        for again in 0..100 {
            assert_eq!(ask(&mut lookups, RUI, Moment(again), again as usize..500 + again as usize), 500);
        }
        let found: usize = (0..100).map(|n| ask(&mut lookups, RUI, Moment(200), 500 * n..500 * (n + 1))).sum();
        assert_eq!(found, limits::LOOKUPS, "those of before, and what was left of the day");
        let tomorrow = Moment(200) + limits::LOOKUPS_TIME;
        assert_eq!(ask(&mut lookups, RUI, tomorrow, 50_000..50_500), 500);
    }

    #[test]
    fn who_has_asked_for_too_many_is_told_when_to_ask_again() {
        let mut lookups = Lookups::default();
        assert_eq!(lookups.admit(RUI, HOME, Moment(7), &[("+351912345678", "")]).again_at, None);
        assert_eq!(ask(&mut lookups, RUI, Moment(9), 0..limits::LOOKUPS), limits::LOOKUPS - 1);
        let last = lookups.admit(RUI, HOME, Moment(9), &[("+351912345678", ""), ("", ""), ("+351912345678", "a@b")]);
        assert_eq!(last.each, [true, true, false], "a pair counts by both");
        assert_eq!(last.again_at, Some(Moment(7) + limits::LOOKUPS_TIME));
    }

    #[test]
    fn many_phones_together_have_a_budget_that_no_others_use_up() {
        let mut lookups = Lookups::default();
        assert_eq!(ask_for_many(&mut lookups, None, 0..100), limits::LOOKUPS_OF_GUESTS);
        let neighbours = Some(AccountId([2; 10]));
        assert_eq!(ask_for_many(&mut lookups, neighbours, 100..200), limits::LOOKUPS_OF_HOUSEHOLD);
        assert_eq!(ask_for_many(&mut lookups, HOME, 200..210), 10 * limits::LOOKUPS, "each member has their own");
        assert_eq!(ask_for_many(&mut lookups, HOME, 0..1), limits::LOOKUPS, "one who becomes a member too");
        assert_eq!(ask_for_many(&mut lookups, None, 220..230), limits::LOOKUPS, "and leaves theirs to other guests");
    }
}
