//! The order of packets (RFC 3550, 5.1 and A.1): late ones are waited for, lost ones noticed, wrapped numbers unwrapped.
//!
//! A packet in its order passes at once. Where one is missing, those behind it wait for as long as late ones have been late on
//! this line (`patience`); so does the very first, where it doesn't look like a beginning.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use crate::ground::limits;
use crate::ground::time::Moment;
use crate::wire::rtp::Delivery;
use crate::wire::rtp::patience::Patience;

/// A jump this far is another numbering, not a loss (RFC 3550, A.1: MAX_DROPOUT).
const MAX_DROPOUT: i64 = 3000;

/// What a packet's number says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It comes next; this many before it are given up.
    Next {
        /// Packets that never came.
        lost: u64,
    },
    /// It is the first of another numbering: the sender has begun anew, and nothing is known of what lies between.
    Anew,
    /// It is kept until the ones before it have come or are given up.
    Later,
    /// It was here before, or comes too late.
    Useless,
}

/// Packets of one track that wait for earlier ones.
#[derive(Debug)]
pub struct Reorder {
    delivery: Delivery,
    /// The number that comes next, unwrapped; `None` before the first.
    next: Option<i64>,
    /// A number before that, by which others are unwrapped.
    anchor: Option<i64>,
    /// What waits, and when it came.
    waiting: BTreeMap<i64, (Moment, Vec<u8>)>,
    /// When the first of those came.
    waiting_since: Option<Moment>,
    /// How many bytes wait.
    waiting_bytes: usize,
    /// The highest number that has come; `None` before the first.
    highest: Option<i64>,
    strays: u8,
    patience: Patience,
}

impl Reorder {
    /// For packets that come by this delivery.
    pub fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            next: None,
            anchor: None,
            waiting: BTreeMap::new(),
            waiting_since: None,
            waiting_bytes: 0,
            highest: None,
            strays: 0,
            patience: Patience::default(),
        }
    }

    /// The highest number seen, with its wraps in the upper bits (RFC 3550, 6.4.1).
    pub fn highest(&self) -> u32 {
        self.highest.unwrap_or_default() as u32
    }

    /// The longest that packets have waited for others of late.
    pub fn held(&self, now: Moment) -> Duration {
        self.patience.held(now)
    }

    /// The number `sequence` without wraps: the one nearest to what is expected.
    fn unwrap(&self, sequence: u16) -> i64 {
        match self.next.or(self.anchor) {
            None => i64::from(sequence),
            Some(next) => next + i64::from(sequence.wrapping_sub(next as u16) as i16),
        }
    }

    /// Says what to do with a packet; one that is [`Verdict::Later`] is copied and given back by [`Self::pop`]. Where it is the
    /// first, it may be late ones' turn, unless it `begins` something.
    pub fn push(&mut self, sequence: u16, packet: &[u8], begins: bool, now: Moment) -> Verdict {
        let number = self.unwrap(sequence);
        let Some(next) = self.next.or((begins || self.delivery == Delivery::Reliable).then_some(number)) else {
            self.anchor.get_or_insert(number);
            self.rise_to(number);
            return self.keep(number, packet, now);
        };
        if self.next.is_none() {
            self.next = Some(next);
            // What was before the beginning is of no use.
            self.waiting.retain(|waits, _| *waits > number);
            self.waiting_since = self.waiting.values().map(|(came, _)| *came).min();
            self.waiting_bytes = self.waiting.values().map(|(_, packet)| packet.len()).sum();
        }
        let ahead = number - next;
        if ahead.abs() > MAX_DROPOUT {
            // Two in a row of another numbering: the sender has begun anew.
            self.strays += 1;
            if self.strays < 2 && self.delivery == Delivery::Datagrams {
                return Verdict::Useless;
            }
            self.waiting.clear();
            self.waiting_since = None;
            self.waiting_bytes = 0;
            self.patience.forget();
            self.highest = None;
            self.take(i64::from(sequence));
            return Verdict::Anew;
        }
        self.strays = 0;
        if self.delivery == Delivery::Reliable {
            if ahead >= 0 {
                self.take(number);
            }
            return if ahead < 0 { Verdict::Useless } else { Verdict::Next { lost: ahead as u64 } };
        }
        if self.waiting.contains_key(&number) {
            return Verdict::Useless;
        }
        match self.highest {
            Some(highest) if number > highest => self.patience.missing(highest + 1..number, now),
            _ => self.patience.came(number, now),
        }
        self.rise_to(number);
        if ahead < 0 {
            return Verdict::Useless;
        }
        if ahead == 0 {
            self.take(number);
            return Verdict::Next { lost: 0 };
        }
        self.keep(number, packet, now)
    }

    fn keep(&mut self, number: i64, packet: &[u8], now: Moment) -> Verdict {
        let Entry::Vacant(place) = self.waiting.entry(number) else { return Verdict::Useless };
        place.insert((now, packet.to_vec()));
        self.waiting_bytes += packet.len();
        self.waiting_since.get_or_insert(now);
        Verdict::Later
    }

    fn take(&mut self, number: i64) {
        self.next = Some(number + 1);
        self.rise_to(number);
        self.strays = 0;
    }

    fn rise_to(&mut self, number: i64) {
        self.highest = Some(self.highest.map_or(number, |highest| highest.max(number)));
    }

    /// When packets that wait are given out without the ones before them.
    pub fn deadline(&self) -> Option<Moment> {
        self.waiting_since.map(|since| since + self.patience.wait(since))
    }

    /// The next packet that waited, if its turn has come, or the wait is over: with how many were lost before it.
    pub fn pop(&mut self, now: Moment) -> Option<(u64, Vec<u8>)> {
        self.pop_if(now, self.deadline().is_some_and(|deadline| now >= deadline))
    }

    /// The same where nothing comes any more.
    pub fn pop_rest(&mut self, now: Moment) -> Option<(u64, Vec<u8>)> {
        self.pop_if(now, true)
    }

    fn pop_if(&mut self, now: Moment, overdue: bool) -> Option<(u64, Vec<u8>)> {
        let (&number, _) = self.waiting.first_key_value()?;
        let lost = self.next.map_or(0, |next| (number - next).max(0) as u64);
        let is_full = self.waiting.len() > limits::REORDER_PACKETS || self.waiting_bytes > limits::REORDER_BYTES;
        if (lost > 0 || self.next.is_none()) && !overdue && !is_full {
            return None;
        }
        let (_, (came, packet)) = self.waiting.pop_first()?;
        self.waiting_bytes -= packet.len();
        self.take(number);
        self.patience.held_since(came, now);
        if self.waiting_since == Some(came) {
            self.waiting_since = self.waiting.values().map(|(came, _)| *came).min();
        }
        Some((lost, packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pushes packets that carry their own number; returns what comes out, with losses as `None`.
    fn run(delivery: Delivery, numbers: &[u16], after: Duration) -> Vec<Option<u16>> {
        let (mut reorder, mut out) = (Reorder::new(delivery), Vec::new());
        let mut give = |lost: u64, packet: &[u8]| {
            out.extend((0..lost).map(|_| None));
            out.push(Some(u16::from_be_bytes([packet[0], packet[1]])));
        };
        let mut now = Moment(0);
        for number in numbers {
            let packet = number.to_be_bytes();
            match reorder.push(*number, &packet, true, now) {
                Verdict::Next { lost } => give(lost, &packet),
                Verdict::Anew => give(1, &packet),
                Verdict::Later | Verdict::Useless => {}
            }
            while let Some((lost, packet)) = reorder.pop(now) {
                give(lost, &packet);
            }
            now = now + Duration::from_millis(1);
        }
        while let Some((lost, packet)) = reorder.pop(now + after) {
            give(lost, &packet);
        }
        out
    }

    fn all(numbers: &[u16]) -> Vec<Option<u16>> {
        numbers.iter().copied().map(Some).collect()
    }

    #[test]
    fn late_packets_are_waited_for() {
        let wait = Duration::ZERO;
        assert_eq!(run(Delivery::Datagrams, &[7, 9, 8, 11, 10, 12], wait), all(&[7, 8, 9, 10, 11, 12]));
        assert_eq!(run(Delivery::Datagrams, &[65_534, 0, 65_535, 1], wait), all(&[65_534, 65_535, 0, 1]));
        assert_eq!(run(Delivery::Datagrams, &[5, 5, 6, 5, 6], wait), all(&[5, 6]), "twice is once");
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let numbers = [1, 2, 4, 5];
        assert_eq!(run(Delivery::Datagrams, &numbers, Duration::ZERO), all(&[1, 2]));
        let after = run(Delivery::Datagrams, &numbers, limits::REORDER_WAIT_MAX);
        assert_eq!(after, [Some(1), Some(2), None, Some(4), Some(5)]);
        assert_eq!(run(Delivery::Reliable, &[1, 3], Duration::ZERO), [Some(1), None, Some(3)]);
    }

    #[test]
    fn what_begins_nothing_waits_for_its_beginning() {
        let mut reorder = Reorder::new(Delivery::Datagrams);
        let push = |reorder: &mut Reorder, number, begins| reorder.push(number, &[number as u8], begins, Moment(0));
        for number in [0, 2, 65_534] {
            assert_eq!(push(&mut reorder, number, false), Verdict::Later);
        }
        assert_eq!(reorder.pop(Moment(0)), None);
        assert_eq!(push(&mut reorder, 65_535, true), Verdict::Next { lost: 0 });
        assert_eq!(reorder.pop(Moment(0)), Some((0, vec![0])), "the one before the beginning is gone");
        assert_eq!(push(&mut reorder, 1, false), Verdict::Next { lost: 0 });
        assert_eq!(reorder.pop(Moment(0)), Some((0, vec![2])));

        let mut reorder = Reorder::new(Delivery::Datagrams);
        push(&mut reorder, 9, false);
        push(&mut reorder, 8, false);
        let deadline = reorder.deadline().expect("it waits");
        assert_eq!((deadline, reorder.pop(deadline)), (Moment(200_000), Some((0, vec![8]))), "nothing began");
        assert_eq!(reorder.pop(deadline), Some((0, vec![9])));
    }

    #[test]
    fn a_new_numbering_is_followed() {
        let out = run(Delivery::Datagrams, &[1, 2, 40_000, 40_001, 40_002], Duration::ZERO);
        assert_eq!(out[..2], all(&[1, 2]));
        assert_eq!(out[out.len() - 2..], all(&[40_001, 40_002]));
    }

    #[test]
    fn the_wait_is_bounded_in_packets() {
        let numbers: Vec<u16> = [0].into_iter().chain(2..2 + limits::REORDER_PACKETS as u16 + 2).collect();
        assert!(run(Delivery::Datagrams, &numbers, Duration::ZERO).len() > 2);
    }

    #[test]
    fn the_wait_is_bounded_in_bytes() {
        let (mut reorder, packet) = (Reorder::new(Delivery::Datagrams), vec![0; 64_000]);
        reorder.push(0, &packet, true, Moment(0));
        for number in 2..200 {
            reorder.push(number, &packet, true, Moment(0));
            while reorder.pop(Moment(0)).is_some() {}
            assert!(reorder.waiting_bytes <= limits::REORDER_BYTES);
            let waits: usize = reorder.waiting.values().map(|(_, packet)| packet.len()).sum();
            assert_eq!(reorder.waiting_bytes, waits);
        }
    }

    /// How late packets are is learnt after it, too, though its numbers are lower.
    #[test]
    fn a_numbering_that_begins_lower_is_waited_for_as_long() {
        for (old, new) in [(20_000, 10), (2, 60_000)] {
            let mut reorder = Reorder::new(Delivery::Datagrams);
            reorder.push(old, &[], true, Moment(0));
            reorder.push(new, &[], true, Moment(0));
            assert_eq!(reorder.push(new + 1, &[], true, Moment(0)), Verdict::Anew);
            assert_eq!(reorder.highest(), u32::from(new) + 1);
            let mut now = Moment(3_000_000);
            reorder.push(new + 3, &[], true, Moment(0));
            reorder.push(new + 2, &[], true, now);
            while reorder.pop(now).is_some() {}
            // A packet of each two comes 100 ms late.
            for number in (new + 4..new + 40).step_by(2) {
                reorder.push(number + 1, &[], true, now);
                now = now + Duration::from_millis(100);
                while reorder.pop(now).is_some() {}
                reorder.push(number, &[], true, now);
                while reorder.pop(now).is_some() {}
            }
            reorder.push(new + 41, &[], true, now);
            let wait = reorder.deadline().expect("one is missing").since(now);
            assert!(wait >= Duration::from_millis(100), "{wait:?}");
        }
    }

    #[test]
    fn what_comes_twice_tells_nothing_of_how_late_packets_are() {
        let (mut reorder, mut now) = (Reorder::new(Delivery::Datagrams), Moment(0));
        for number in 0..200 {
            // Each second one is 5 ms late, and all come again 300 ms later.
            let late = number * 2;
            reorder.push(late + 1, &[], number == 0, now);
            now = now + Duration::from_millis(5);
            reorder.push(late, &[], number == 0, now);
            while reorder.pop(now).is_some() {}
            now = now + Duration::from_millis(15);
            if number >= 15 {
                assert_eq!(reorder.push(late - 30, &[], false, now), Verdict::Useless);
                assert_eq!(reorder.push(late - 29, &[], false, now), Verdict::Useless);
            }
        }
        reorder.push(402, &[], false, now);
        assert_eq!(reorder.deadline().expect("two are missing").since(now), limits::REORDER_WAIT_LEAST);
        let deadline = reorder.deadline();
        for _ in 0..3 {
            assert_eq!(reorder.push(402, &[], false, now + Duration::from_millis(20)), Verdict::Useless);
        }
        assert_eq!(reorder.deadline(), deadline);
    }

    /// A deadline that nothing waits for would be due for ever.
    #[test]
    fn a_new_numbering_leaves_nothing_to_wait_for() {
        let mut reorder = Reorder::new(Delivery::Datagrams);
        for number in [1, 3, 40_000, 40_001] {
            reorder.push(number, &[], true, Moment(0));
        }
        assert_eq!((reorder.deadline(), reorder.pop(Moment(1_000_000))), (None, None));
    }

    proptest! {
        #[test]
        fn there_is_a_deadline_while_something_waits(
            packets in proptest::collection::vec((prop_oneof![0..9_u16, 40_000..40_009_u16], any::<bool>(), 0..60_u64), 0..60),
        ) {
            let (mut reorder, mut now) = (Reorder::new(Delivery::Datagrams), Moment(0));
            for (number, begins, ms) in packets {
                now = now + Duration::from_millis(ms);
                reorder.push(number, &[], begins, now);
                while reorder.pop(now).is_some() {}
                prop_assert_eq!(reorder.deadline().is_none(), reorder.waiting.is_empty());
                prop_assert!(reorder.deadline().is_none_or(|deadline| deadline > now));
            }
        }

        #[test]
        fn what_comes_out_rises(numbers: Vec<u8>, reliable: bool) {
            let numbers: Vec<u16> = numbers.into_iter().map(u16::from).collect();
            let delivery = if reliable { Delivery::Reliable } else { Delivery::Datagrams };
            let out: Vec<u16> = run(delivery, &numbers, limits::REORDER_WAIT_MAX).into_iter().flatten().collect();
            prop_assert!(out.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
