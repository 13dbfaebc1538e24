//! When pictures are decoded: evenly, whatever jitter their own times have.
//!
//! A picture's time of showing is the source's, and never changed for the sake of even steps. Its decoding time is ours
//! (14496-12, 8.6.1.2 and 8.6.1.3: the composition offset is what lies between the two), and so is how long it takes: said
//! when the picture goes out, and kept, for the next one is decoded exactly then. So the lengths of parts and segments are
//! known when they close, and add up.
//!
//! The clock follows the source's rate slowly, and runs behind it by as much as pictures were seen to come early: those
//! first few are shown later by that much. Where a picture comes late it falls further behind, and catches up by pictures
//! that take as long as a part may; where it is too far behind, it *leaps*. Pictures that take longer than a part ([`Targets`]) can't be in parts: for them it is no clock, and
//! each is decoded at its own time.

use crate::ground::time::Ticks90k;
use crate::wire::playlist::targets::{LONGEST_BEFORE, PAUSE, Targets};

/// The clock runs no further behind the source than this for jitter.
const MAX_BEHIND: Ticks90k = Ticks90k::from_ms(50);
/// What a picture takes where nothing tells yet.
const USUAL_FRAME: Ticks90k = Ticks90k(3000);
/// A clock that is this far behind the source catches up by one picture, which lies in no part.
const FAR_BEHIND: Ticks90k = Ticks90k::from_ms(1000);
/// So many of the last distances between pictures tell whether the source's rate has changed.
const RECENT: usize = 7;
/// Of which so many of the longest are left out: gaps.
const LONGEST: usize = 2;

/// When a picture is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoding {
    /// Its decoding time.
    pub start: Ticks90k,
    /// How long it takes: the next one is decoded then, where nothing breaks off.
    pub duration: Ticks90k,
    /// What a picture took when the stream's targets were chosen; `None` where none are.
    pub usual: Option<Ticks90k>,
}

/// The decoding times of one stream.
#[derive(Debug)]
pub struct DecodeClock {
    /// When the next picture is decoded; `None` before the first, and where pictures were left out.
    next: Option<Ticks90k>,
    /// The newest picture: its own time, and its decoding time.
    newest: Option<(Ticks90k, Ticks90k)>,
    /// What a picture takes.
    frame: Ticks90k,
    /// How far behind the source the clock runs.
    behind: Ticks90k,
    /// The last distances between pictures, the newest first.
    recent: [Ticks90k; RECENT],
    /// How many of them there are.
    known: usize,
    /// Whether something has been promised of its parts.
    promised: bool,
    /// Whether the newest picture lies in no part: the next one need not begin where it ends.
    was_slow: bool,
}

impl Default for DecodeClock {
    fn default() -> Self {
        Self {
            next: None,
            newest: None,
            frame: USUAL_FRAME,
            behind: Ticks90k(0),
            recent: [Ticks90k(0); RECENT],
            known: 0,
            promised: false,
            was_slow: true,
        }
    }
}

impl DecodeClock {
    /// Pictures are left out here.
    pub fn skip(&mut self) {
        self.next = None;
        self.newest = None;
    }

    /// When the next picture is decoded, which the source decodes at `own`.
    pub fn start(&mut self, own: Ticks90k, targets: Option<Targets>) -> Ticks90k {
        self.follow(own, targets);
        let earliest = self.newest.map_or(Ticks90k(0), |(_, start)| start + Ticks90k(1));
        match self.next {
            Some(_) if self.was_slow => own.max(earliest),
            Some(next) if own - next <= PAUSE => next,
            Some(next) => (own - self.behind).max(next),
            None => own,
        }
    }

    /// How long it takes; a part that it is to end in has room for `room`.
    pub fn take(&mut self, own: Ticks90k, start: Ticks90k, room: Ticks90k, targets: Option<Targets>) -> Decoding {
        let frame = self.frame;
        let excess = own - start - self.behind;
        self.was_slow = self.is_slow(targets) || excess > FAR_BEHIND;
        let duration = if self.was_slow {
            (frame + excess.max(Ticks90k(0))).min(targets.map_or(LONGEST_BEFORE, Targets::longest_segment))
        } else {
            self.behind = self.behind.max((start - own).min(MAX_BEHIND));
            let wished = if excess > frame + self.behind {
                frame + excess
            } else if excess < -(frame + MAX_BEHIND) {
                Ticks90k(frame.0 / 2)
            } else {
                // A loop of the second order: it follows the place, and by what is left of that the rate.
                self.frame = Ticks90k((frame.0 + (excess.0 / 128).clamp(-frame.0 / 1024, frame.0 / 1024)).max(1));
                frame + Ticks90k((excess.0 / 8).clamp(-frame.0 / 32, frame.0 / 32))
            };
            wished.min(room)
        };
        let duration = duration.max(Ticks90k(1));
        self.next = Some(start + duration);
        self.newest = Some((own, start));
        Decoding { start, duration, usual: targets.map(|targets| targets.frame) }
    }

    /// Whether pictures take longer than a part may.
    fn is_slow(&self, targets: Option<Targets>) -> bool {
        targets.and_then(|targets| targets.part).is_none_or(|part| self.frame > part)
    }

    /// Follows the source's rate at once, where most of the last distances say another.
    fn follow(&mut self, own: Ticks90k, targets: Option<Targets>) {
        if let Some(targets) = targets.filter(|_| !self.promised) {
            self.promised = true;
            self.frame = targets.frame;
        }
        let frame = self.frame;
        let Some((newest, _)) = self.newest else { return };
        let distance = (own - newest).max(Ticks90k(1));
        self.recent.rotate_right(1);
        self.recent[0] = distance;
        self.known = (self.known + 1).min(RECENT);
        let mut sorted = self.recent;
        sorted.sort_unstable();
        let median = sorted[RECENT / 2];
        let mean =
            sorted[..RECENT - LONGEST].iter().map(|distance| distance.0).sum::<i64>() / (RECENT - LONGEST) as i64;
        // Jitter moves the one or the other; both, a change of the rate alone.
        let part = targets.and_then(|targets| targets.part);
        let is_another = |found: i64| {
            (found - frame.0).abs() > frame.0 / 3 || part.is_some_and(|part| (found > part.0) != (frame > part))
        };
        self.frame = match targets {
            // Nothing has been promised yet: each lasts as long as the one before it.
            None => distance,
            Some(_) if self.known == RECENT && is_another(median.0) && is_another(mean) => median,
            Some(_) => frame,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::playlist::segments::{FragmentMeta, Segment, Segments};
    use proptest::prelude::*;

    /// A picture as it comes, and when it is decoded.
    struct Seen {
        own: Ticks90k,
        decoding: Decoding,
    }

    /// One stream: clock and cutter, as a packager has them.
    #[derive(Default)]
    struct Line {
        clock: DecodeClock,
        segments: Segments,
        seen: Vec<Seen>,
        /// Every part there ever was: of which segment, how long, and after how many pictures.
        parts: Vec<(u64, Ticks90k, usize)>,
        promised: Option<Targets>,
    }

    impl Line {
        fn picture(&mut self, own: i64, key: bool) {
            let own = Ticks90k(own);
            let targets = self.segments.targets();
            let start = self.clock.start(own, targets);
            let room = self.segments.room(start, key, 0);
            let decoding = self.clock.take(own, start, room, targets);
            self.segments.push(&FragmentMeta {
                number: self.seen.len() as u64,
                start,
                duration: decoding.duration,
                picture: true,
                key,
                offset: self.seen.len() as u64,
                size: 1,
                init_segment: 0,
            });
            self.seen.push(Seen { own, decoding });
            assert!(self.promised.is_none() || self.promised == self.segments.targets(), "promises are kept");
            self.promised = self.segments.targets();
            let newest = self.segments.next_number() as u64;
            for number in newest.saturating_sub(2)..=newest {
                let known = self.parts.iter().filter(|(segment, ..)| *segment == number).count();
                let parts = self.segments.segment(number).map_or(&[][..], |segment| &segment.parts);
                self.parts.extend(parts.iter().skip(known).map(|part| (number, part.duration, self.seen.len())));
            }
        }

        fn part(&self) -> Ticks90k {
            self.promised.and_then(|promised| promised.part).unwrap_or(Ticks90k(0))
        }

        fn closed(&self) -> Vec<(u64, Segment)> {
            self.segments.closed_from(0).map(|(number, closed)| (number as u64, closed.clone())).collect()
        }
    }

    /// Jitter of a camera, in ticks; the same each time.
    fn jitter(number: i64, most: i64) -> i64 {
        let noise = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64) >> 33) % (2 * most + 1);
        noise.abs() - most
    }

    #[test]
    fn a_late_picture_makes_no_part_longer_and_no_gap() {
        let mut line = Line::default();
        line.segments.describe(Some(Ticks90k(3000)));
        for number in 0..300 {
            let late = if number >= 100 { 54_000 } else { 0 };
            line.picture(number * 3000 + late, number % 60 == 0);
        }
        assert!(
            line.seen.windows(2).all(|two| two[0].decoding.start + two[0].decoding.duration == two[1].decoding.start)
        );
        assert!(line.parts.iter().all(|(_, duration, _)| *duration <= line.part()));
        let behind = |at: usize| (line.seen[at].own - line.seen[at].decoding.start).to_ms();
        assert_eq!((behind(99), behind(100)), (0, 600));
        assert!((0..=70).contains(&behind(115)), "half a second later it has caught up: {}", behind(115));
        assert!(line.closed().iter().all(|(_, closed)| closed.continuous));
    }

    #[test]
    fn after_a_pause_the_clock_leaps() {
        let mut line = Line::default();
        line.segments.describe(Some(Ticks90k(3000)));
        for number in 0..90 {
            let pause = if number >= 45 { 900_000 } else { 0 };
            line.picture(number * 3000 + pause, number % 30 == 0);
        }
        assert_eq!((line.seen[45].own - line.seen[45].decoding.start).to_ms(), 0);
        let broken: Vec<_> = line.closed().into_iter().filter(|(_, closed)| !closed.continuous).collect();
        assert_eq!(broken.len(), 1);
    }

    #[test]
    fn another_rate_is_followed_at_once() {
        let small = [(6000, 7200), (9000, 11_700), (6000, 6900), (3000, 3600), (3600, 3000)];
        let large = [(3000, 6000), (6000, 3000), (3000, 90_000), (90_000, 3000), (1500, 9000)];
        for (before, after) in small.into_iter().chain(large) {
            let mut line = Line::default();
            line.segments.describe(Some(Ticks90k(before)));
            let mut own = 0;
            for number in 0..600 {
                line.picture(own, number % 30 == 0);
                own += if number < 60 { before } else { after };
            }
            let (newest, older) = (&line.seen[599], &line.seen[598]);
            let behind = (newest.own - newest.decoding.start).to_ms();
            assert!((0..=200).contains(&behind), "{before} to {after}: {behind} ms behind");
            assert!((newest.decoding.start - older.decoding.start - Ticks90k(after)).0.abs() <= after / 16 + 9000);
            assert!(line.parts.iter().all(|(_, duration, _)| *duration <= line.part()));
            let breaks = line.closed().iter().filter(|(_, closed)| !closed.continuous).count();
            assert!(breaks <= 3, "{before} to {after}: {breaks} breaks");
        }
    }

    #[test]
    fn what_slows_down_for_a_while_has_parts_again_after_it() {
        let mut line = Line::default();
        line.segments.describe(Some(Ticks90k(6000)));
        let mut own = 0;
        for number in 0..900 {
            line.picture(own, number % 30 == 0);
            own += if (100..400).contains(&number) { 7200 } else { 6000 };
        }
        assert!(line.closed().iter().all(|(_, closed)| closed.continuous));
        assert!(line.closed().iter().rev().take(10).all(|(_, closed)| closed.in_parts));
    }

    /// A camera that leaves out every fifth picture, at random: what a part promises is less than pictures take on average.
    #[test]
    fn pictures_that_are_missing_at_random_break_nothing() {
        let mut line = Line::default();
        line.segments.describe(Some(Ticks90k(6000)));
        for number in 0..3000 {
            if jitter(number, 50) < 30 {
                line.picture(number * 6000, number % 15 == 0);
            }
        }
        assert!(line.closed().iter().all(|(_, closed)| closed.continuous));
        assert!(line.parts.iter().all(|(_, duration, _)| *duration <= line.part()));
    }

    #[derive(Clone, Debug)]
    struct Case {
        frame: i64,
        said: bool,
        most: i64,
        group: i64,
        /// After which picture nothing comes for how long.
        gaps: Vec<(i64, i64)>,
        /// After which picture each takes how long.
        other: Option<(i64, i64)>,
    }

    fn cases() -> impl Strategy<Value = Case> {
        let frame = (1.0_f64..=60.0).prop_map(|per_second| (90_000.0 / per_second) as i64);
        let gaps = proptest::collection::vec((1_i64..600, 9000_i64..450_000), 0..3);
        let other = proptest::option::of((50_i64..600, (1.0_f64..=60.0).prop_map(|rate| (90_000.0 / rate) as i64)));
        (frame, any::<bool>(), 0_i64..=720, 5_i64..=100, gaps, other).prop_map(
            |(frame, said, most, tenths, gaps, other)| Case {
                frame,
                said,
                most: most.min(frame / 4),
                group: (tenths * 9000 / frame).max(1),
                gaps,
                other,
            },
        )
    }

    /// A picture alone between two pauses, before anything is promised.
    #[test]
    fn what_comes_before_the_promise_keeps_it() {
        for most in (0..=720).step_by(8) {
            let gaps = vec![(6, 131_603), (7, 131_603)];
            kept(&Case { frame: 3397, said: false, most, group: 13, gaps, other: None }).expect("as promised");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn what_is_promised_is_kept(case in cases()) {
            kept(&case)?;
        }
    }

    /// Whether a stream like this keeps what is promised of it.
    fn kept(case: &Case) -> Result<(), TestCaseError> {
        let mut line = Line::default();
        if case.said {
            line.segments.describe(Some(Ticks90k(case.frame)));
        }
        let mut at = 0;
        let mut unsteady = vec![0_usize];
        for number in 0..700_i64 {
            line.picture(at + case.most + jitter(number, case.most), number % case.group == 0);
            let gap: i64 = case.gaps.iter().filter(|(after, _)| *after == number).map(|(_, gap)| *gap).sum();
            let changed = case.other.is_some_and(|(after, _)| number >= after);
            at += gap + if changed { case.other.map_or(0, |(_, frame)| frame) } else { case.frame };
            if gap > 0 || changed || !case.said && line.promised.is_none() {
                unsteady.push(number as usize);
            }
        }
        let target = line.part();
        // A part is closed within what is promised, and is nearly as long while the source keeps its rate.
        // What was measured while something was missing is measured wrong.
        let mismeasured = !case.said && case.gaps.iter().any(|(after, _)| after * case.frame < 180_000);
        let settled =
            |pictures: usize| !mismeasured && unsteady.iter().all(|from| pictures <= *from || pictures > from + 90);
        for (at, (segment, duration, pictures)) in line.parts.iter().enumerate() {
            prop_assert!(*duration <= target && duration.0 > 0, "{duration:?} of {target:?}");
            let is_last = line.parts.get(at + 1).is_none_or(|(next, ..)| next != segment);
            if settled(*pictures) && !is_last && case.other.is_none() {
                prop_assert!(duration.0 * 100 >= target.0 * 85, "{duration:?} of {target:?} after {pictures}");
            }
        }
        let closed = line.closed();
        for (number, segment) in &closed {
            let parts: Vec<_> =
                line.parts.iter().filter(|(of, ..)| of == number).map(|(_, duration, _)| duration.0).collect();
            let sum: i64 = parts.iter().sum();
            prop_assert!(parts.is_empty() || (sum - segment.span.duration.0).abs() <= 90, "{parts:?} in {segment:?}");
            prop_assert!(parts.is_empty() || segment.in_parts);
            let promised = line.promised.map_or(1, |targets| targets.segment_s);
            prop_assert!(segment.span.duration.to_seconds().round() as u64 <= promised, "{segment:?} of {promised}");
        }
        for two in closed.windows(2) {
            let (before, after) = (&two[0].1, &two[1].1);
            let missing = (after.span.start - before.end()).0;
            prop_assert!(
                !after.continuous || missing.abs() <= 9000,
                "{missing} ticks are missing, and nothing says so"
            );
            prop_assert!(missing >= -1 || !before.in_parts, "{missing}");
        }
        // Pictures are shown when the source says, or later by less than its jitter, while it keeps its rate.
        for (number, seen) in line.seen.iter().enumerate() {
            prop_assert!(seen.own - seen.decoding.start <= PAUSE);
            if settled(number) && case.other.is_none() {
                let late = (seen.decoding.start - seen.own).0;
                prop_assert!(late <= case.most + case.frame / 8, "{number} is late by {late} of {}", case.most);
            }
        }
        Ok(())
    }
}
