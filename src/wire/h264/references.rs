//! Whether the pictures that a next one builds on have come (H.264, 7.4.3): `frame_num` counts those that others build on.
//!
//! Lost packets may have held anything: a picture that nothing builds on, a note, or one that all up to the next key frame
//! build on. The next picture's number tells. It is believed as far as it tells the truth where nothing is lost, and where
//! too few packets were lost for a key frame, with which numbers begin anew, and all up to that number.

/// What is known of the pictures that the next one builds on.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Whether all since a key frame were given out.
    are_there: bool,
    /// Whether a key frame was ever given out.
    were_there: bool,
    /// Packets that were lost since then, of which no picture has told what was in them.
    doubt: u64,
    /// The number of the last picture that others build on.
    last: Option<u32>,
    /// The picture that has begun.
    current: Option<Current>,
    /// The sender's numbers don't rise as they should.
    are_numbers_wrong: bool,
    /// Parameter sets have come since the last picture began: the next one may be a key frame.
    key_announced: bool,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    number: Option<u32>,
    is_reference: bool,
}

impl References {
    /// Whether one is missing, or none has come yet: what comes is dropped, up to the next key frame.
    pub fn are_missing(&self) -> bool {
        !self.are_there
    }

    /// Whether a key frame was ever given out.
    pub fn were_there(&self) -> bool {
        self.were_there
    }

    /// One is missing for certain, or may be and nothing will tell.
    pub fn miss(&mut self) {
        self.are_there = false;
    }

    /// So many packets were lost.
    pub fn lost(&mut self, packets: u64) {
        self.doubt = self.doubt.saturating_add(packets);
    }

    /// Something lacks its beginning: if no packet is known to be lost, one was.
    pub fn suspect(&mut self) {
        self.doubt = self.doubt.max(1);
    }

    /// What comes may be of another coder, whose numbers may be right.
    pub fn numbers_begin_anew(&mut self) {
        self.are_numbers_wrong = false;
    }

    /// Parameter sets came, as they do before a key frame: if packets were lost since, it may have been in them.
    pub fn sets_came(&mut self) {
        self.key_announced = true;
        if self.doubt > 0 {
            self.miss();
        }
    }

    /// A picture begins: a key frame, or one that others build on or not, with this number of so many.
    pub fn begin(&mut self, is_key: bool, is_reference: bool, number: Option<(u32, u32)>) {
        self.current = Some(Current { number: number.map(|(number, _)| number), is_reference });
        let key_announced = std::mem::take(&mut self.key_announced);
        if is_key {
            self.doubt = 0;
            return;
        }
        let follows = match (number, self.last) {
            (Some((number, of)), Some(last)) => number == (last + 1) % of,
            _ => false,
        };
        // A key frame, and those that build on it up to this one, need a packet each at least.
        let most = number.map_or(0, |(number, of)| u64::from(if number == 0 { of } else { number }));
        if self.doubt == 0 {
            self.are_numbers_wrong |= self.are_there && self.last.is_some() && !follows;
        } else if follows && self.doubt < most && !self.are_numbers_wrong && !key_announced {
            self.doubt = 0;
        } else {
            self.miss();
        }
    }

    /// The picture that began was left out, and nothing that comes needs it: whatever number it had.
    pub fn left_out(&mut self) {
        self.last = None;
    }

    /// The picture that began was given out.
    pub fn given_out(&mut self, is_key: bool) {
        self.are_there = true;
        self.were_there = true;
        self.doubt = 0;
        match self.current {
            _ if is_key => self.last = Some(0),
            Some(Current { number, is_reference: true }) => self.last = number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures as they come: how many packets were lost before, whether others build on it, its number. Which are given out.
    fn run(pictures: &[(u64, bool, u32)]) -> Vec<bool> {
        let mut references = References::default();
        references.begin(true, true, Some((0, 16)));
        references.given_out(true);
        let given = pictures.iter().map(|(lost, is_reference, number)| {
            if *lost > 0 {
                references.lost(*lost);
            }
            references.begin(false, *is_reference, Some((*number, 16)));
            if !references.are_missing() {
                references.given_out(false);
            }
            !references.are_missing()
        });
        given.collect()
    }

    #[test]
    fn what_nothing_builds_on_may_be_lost() {
        // Two between each two that others build on.
        assert_eq!(run(&[(0, true, 1), (0, false, 2), (1, true, 2), (2, true, 3)]), [true; 4]);
        assert_eq!(run(&[(0, true, 1), (1, true, 3), (0, true, 4)]), [true, false, false], "one that is built on");
        assert_eq!(run(&[(0, true, 1), (0, false, 2), (1, false, 2), (0, true, 2), (0, true, 3)]), [true; 5]);
    }

    #[test]
    fn numbers_wrap() {
        let all: Vec<_> = (1..40).map(|number| (0, true, number % 16)).collect();
        assert_eq!(run(&all), [true; 39]);
        let after_15 = |lost| {
            let numbers = (1..17).map(|number| (if number == 16 { lost } else { 0 }, true, number % 16));
            run(&numbers.collect::<Vec<_>>())[15]
        };
        assert!(after_15(15));
        assert!(!after_15(16), "sixteen may have been lost");
    }

    /// The last of its group has the number 0 again, as key frames have: which of the two came before doesn't show.
    #[test]
    fn a_key_frame_that_is_lost_is_missing() {
        for group in [17, 33, 49] {
            for lost in 1..8 {
                let mut pictures: Vec<_> = (1..group).map(|number| (0, true, number % 16)).collect();
                // The key frame in so many packets, and then what builds on it.
                pictures.extend((1..group).map(|number| (if number == 1 { lost } else { 0 }, true, number % 16)));
                let given = run(&pictures);
                let (before, after) = given.split_at(group as usize - 1);
                assert!(before.iter().all(|given| *given));
                assert!(!after.iter().any(|given| *given), "groups of {group}, {lost} packets");
            }
        }
        // So is one with the first pictures that build on it.
        let mut pictures: Vec<_> = (1..20).map(|number| (0, true, number % 16)).collect();
        pictures.push((4, true, 4));
        assert_eq!(run(&pictures).last(), Some(&false));
    }

    #[test]
    fn a_key_frame_lost_behind_its_sets_is_missing() {
        for announced in [false, true] {
            let mut references = References::default();
            references.begin(true, true, Some((0, 16)));
            references.given_out(true);
            for number in 1..6 {
                references.begin(false, true, Some((number, 16)));
                references.given_out(false);
            }
            if announced {
                references.sets_came();
            }
            references.lost(2);
            references.begin(false, true, Some((6, 16)));
            assert_eq!(references.are_missing(), announced);
        }
    }

    #[test]
    fn numbers_that_are_wrong_are_not_believed() {
        assert_eq!(run(&[(0, true, 0), (0, true, 0), (1, true, 1)]), [true, true, false]);
    }

    #[test]
    fn a_key_frame_may_have_been_before_its_sets_were_lost() {
        let mut references = References::default();
        references.begin(true, true, Some((0, 16)));
        references.given_out(true);
        references.lost(1);
        references.sets_came();
        assert!(references.are_missing());
        references.begin(true, true, Some((0, 16)));
        references.given_out(true);
        references.begin(false, true, Some((1, 16)));
        assert!(!references.are_missing());
    }
}
