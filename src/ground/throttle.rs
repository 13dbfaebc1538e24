//! How often something is told that outsiders can cause at will: the first few times of each kind, then how many more
//! there were. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ground::time::Moment;

/// Counts what happens by `K`, and says which of it is told. Within one span it lets through `each` of one kind and `all`
/// of all kinds together, so what it remembers is bounded too.
#[derive(Debug)]
pub struct Throttle<K> {
    span: Duration,
    each: u32,
    all: u32,
    /// When the span under way began.
    since: Option<Moment>,
    told: u32,
    kinds: BTreeMap<K, Count>,
    /// What was not told of kinds for which there was no place.
    others: u64,
}

#[derive(Debug, Default)]
struct Count {
    told: u32,
    untold: u64,
}

/// What was kept quiet in a span that is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Untold<K> {
    /// By kind, where some of it was told.
    pub kinds: Vec<(K, u64)>,
    /// Of all other kinds together.
    pub others: u64,
}

impl<K> Default for Untold<K> {
    fn default() -> Self {
        Self { kinds: Vec::new(), others: 0 }
    }
}

impl<K: Ord> Throttle<K> {
    /// Lets through `each` of one kind and `all` in all within one `span`.
    pub const fn new(span: Duration, each: u32, all: u32) -> Self {
        Self { span, each, all, since: None, told: 0, kinds: BTreeMap::new(), others: 0 }
    }

    /// Something of this kind happened: whether it is told.
    pub fn may_tell(&mut self, kind: K, now: Moment) -> bool {
        self.since.get_or_insert(now);
        let has_room = self.told < self.all;
        match self.kinds.get_mut(&kind) {
            Some(count) if has_room && count.told < self.each => count.told += 1,
            Some(count) => {
                count.untold += 1;
                return false;
            }
            None if has_room => drop(self.kinds.insert(kind, Count { told: 1, untold: 0 })),
            None => {
                self.others += 1;
                return false;
            }
        }
        self.told += 1;
        true
    }

    /// What was kept quiet, once its span is over; nothing before. To be called now and then, and before
    /// [`Self::may_tell`].
    pub fn untold(&mut self, now: Moment) -> Untold<K> {
        if self.since.is_none_or(|since| now.since(since) < self.span) {
            return Untold::default();
        }
        let ended = std::mem::replace(self, Self::new(self.span, self.each, self.all));
        let kinds = ended.kinds.into_iter().map(|(kind, count)| (kind, count.untold));
        Untold { kinds: kinds.filter(|(_, untold)| *untold > 0).collect(), others: ended.others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(60);

    #[test]
    fn the_first_few_are_told_and_the_rest_is_counted() {
        let mut throttle = Throttle::new(SPAN, 2, 10);
        let now = Moment(5);
        let told = |throttle: &mut Throttle<&'static str>, kind| throttle.may_tell(kind, now);
        assert_eq!(
            [told(&mut throttle, "code"), told(&mut throttle, "code"), told(&mut throttle, "code")],
            [true, true, false]
        );
        assert!(told(&mut throttle, "pin"), "another kind is told");
        assert!(!told(&mut throttle, "code"));
        assert_eq!(throttle.untold(now), Untold::default(), "the span is not over");
        let later = now + SPAN;
        assert_eq!(throttle.untold(later), Untold { kinds: vec![("code", 2)], others: 0 });
        assert_eq!(throttle.untold(later), Untold::default(), "said once");
        assert!(throttle.may_tell("code", later));
    }

    #[test]
    fn many_kinds_tell_no_more_than_one_log_can_take() {
        let mut throttle = Throttle::new(SPAN, 2, 10);
        let told = (0..24_000).filter(|kind| throttle.may_tell(kind % 1000, Moment(0))).count();
        assert_eq!((told, throttle.kinds.len()), (10, 10));
        let Untold { kinds, others } = throttle.untold(Moment(0) + SPAN);
        let untold: u64 = kinds.iter().map(|(_, untold)| untold).sum();
        assert_eq!(untold + others + 10, 24_000, "all are counted");
    }
}
