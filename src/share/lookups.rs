//! How many people a sender may look for: so many contacts a day, counted each once, so that an address book can be asked
//! for again and again, and the numbers of a whole country cannot. Pure; forgotten at a restart.
//!
//! What is kept are hashes with a key that no disk has seen: nobody can read an address book out of them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::ground::id::SenderId;
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
    /// Counts the contacts that `sender` looks for, by their numbers and addresses, written as they are compared. Those
    /// that were looked for today cost nothing.
    pub fn admit(&mut self, sender: SenderId, now: Moment, contacts: &[(&str, &str)]) -> Admitted {
        self.senders.retain(|_, day| now.since(day.began) < limits::LOOKUPS_TIME);
        let elsewhere: usize =
            self.senders.iter().filter(|(of, _)| **of != sender).map(|(_, day)| day.seen.len()).sum();
        let most = limits::LOOKUPS.min(limits::LOOKUPS_IN_ALL.saturating_sub(elsewhere));
        let day = self.senders.entry(sender).or_insert_with(|| Day { began: now, seen: HashSet::new() });
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

    fn ask(lookups: &mut Lookups, sender: SenderId, now: Moment, numbers: std::ops::Range<usize>) -> usize {
        let numbers: Vec<String> = numbers.map(|n| format!("+3519{n:08}")).collect();
        let contacts: Vec<_> = numbers.iter().map(|number| (number.as_str(), "")).collect();
        lookups.admit(sender, now, &contacts).each.into_iter().filter(|admitted| *admitted).count()
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
        assert_eq!(lookups.admit(RUI, Moment(7), &[("+351912345678", "")]).again_at, None);
        assert_eq!(ask(&mut lookups, RUI, Moment(9), 0..limits::LOOKUPS), limits::LOOKUPS - 1);
        let last = lookups.admit(RUI, Moment(9), &[("+351912345678", ""), ("", ""), ("+351912345678", "a@b")]);
        assert_eq!(last.each, [true, true, false], "a pair counts by both");
        assert_eq!(last.again_at, Some(Moment(7) + limits::LOOKUPS_TIME));
    }

    #[test]
    fn many_phones_together_have_a_budget_too() {
        let mut lookups = Lookups::default();
        let found: usize = (0..50)
            .map(|n: usize| ask(&mut lookups, SenderId([n as u8; 10]), Moment(1), 1000 * n..1000 * (n + 1)))
            .sum();
        assert_eq!(found, limits::LOOKUPS_IN_ALL);
    }
}
