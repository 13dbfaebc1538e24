//! Whether the pictures that a next one builds on have come (H.264, 7.4.3): `frame_num` counts those that others build on.
//!
//! Lost packets may have held anything: a picture that nothing builds on, a note, or one that all up to the next key frame
//! build on. The next picture's number tells. It is believed as far as it tells the truth where nothing is lost, and where
//! fewer packets were lost than there are numbers: nobody loses sixteen pictures in fewer packets.

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

    /// Parameter sets came, as they do before a key frame: if packets were lost since, it may have been in them.
    pub fn sets_came(&mut self) {
        if self.doubt > 0 {
            self.miss();
        }
    }

    /// A picture begins: a key frame, or one that others build on or not, with this number of so many.
    pub fn begin(&mut self, is_key: bool, is_reference: bool, number: Option<(u32, u32)>) {
        self.current = Some(Current { number: number.map(|(number, _)| number), is_reference });
        if is_key {
            self.doubt = 0;
            return;
        }
        let follows = match (number, self.last) {
            (Some((number, of)), Some(last)) => number == (last + 1) % of && self.doubt < u64::from(of),
            _ => false,
        };
        if self.doubt == 0 {
            self.are_numbers_wrong |= self.are_there && self.last.is_some() && !follows;
        } else if follows && !self.are_numbers_wrong {
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
        assert_eq!(run(&[(0, true, 1), (0, false, 2), (1, true, 2), (3, true, 3)]), [true; 4]);
        assert_eq!(run(&[(0, true, 1), (1, true, 3), (0, true, 4)]), [true, false, false], "one that is built on");
        assert_eq!(run(&[(0, true, 1), (0, false, 2), (2, false, 2), (0, true, 2), (0, true, 3)]), [true; 5]);
    }

    #[test]
    fn numbers_wrap() {
        let all: Vec<_> = (1..40).map(|number| (0, true, number % 16)).collect();
        assert_eq!(run(&all), [true; 39]);
        assert_eq!(run(&[(15, true, 1)]), [true]);
        assert_eq!(run(&[(16, true, 1)]), [false], "sixteen may have been lost");
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
