//! Where a stream is cut (draft-pantos-hls-rfc8216bis, 3 and 4.4.4.9): a segment a second or so, a part every tenth of one,
//! as `targets` has promised.
//!
//! A part is closed by its own last picture: nobody waits for the next one to learn that it was the last. Pictures that
//! take longer than a part lie in segments that are offered whole.

use std::collections::VecDeque;

use crate::ground::limits;
use crate::ground::time::Ticks90k;
use crate::wire::playlist::targets::{LONGEST_BEFORE, MEASURED, PAUSE, Rate, Targets};

/// Where less than this is missing between two segments, the second goes on where the first stops.
const BREAK: Ticks90k = Ticks90k::from_ms(100);
/// Parts are listed for the segments of the last three target durations (4.4.4.9), of a tenth of it less at times.
const SEGMENTS_WITH_PARTS: usize = 6;
/// Bytes of a playlist's lines on a segment, and on a break before one, at most.
const SEGMENT_LINES_BYTES: usize = 48;
const BREAK_LINES_BYTES: usize = 112;

/// What the cutter needs to know of a fragment.
#[derive(Clone, Copy, Debug)]
pub struct FragmentMeta {
    /// Its number: one more than the fragment's before.
    pub number: u64,
    /// Where it starts on the timeline.
    pub start: Ticks90k,
    /// How long it lasts, as far as known.
    pub duration: Ticks90k,
    /// Whether it has a picture; sound alone opens, closes and lengthens nothing: it goes with the next picture.
    pub picture: bool,
    /// Whether decoding can start here.
    pub key: bool,
    /// Where its bytes are in the recording.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u64,
    /// Which init segment holds for it, counted from 0.
    pub init_segment: u32,
}

/// A stretch of a stream: consecutive fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSpan {
    /// Where its first picture starts on the timeline.
    pub start: Ticks90k,
    /// How long its pictures last.
    pub duration: Ticks90k,
    /// Number of its first fragment.
    pub first_fragment: u64,
    /// Number of its last fragment.
    pub last_fragment: u64,
    /// Where its bytes are in the recording.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u64,
    /// Whether decoding can start at its first picture.
    pub independent: bool,
}

impl SegmentSpan {
    fn of(fragment: &FragmentMeta) -> Self {
        Self {
            start: fragment.start,
            duration: fragment.duration,
            first_fragment: fragment.number,
            last_fragment: fragment.number,
            offset: fragment.offset,
            size: fragment.size,
            independent: fragment.key,
        }
    }

    /// Where its time ends.
    pub fn end(&self) -> Ticks90k {
        self.start + self.duration
    }

    /// Adds what follows.
    fn add(&mut self, next: &Self) {
        self.duration = next.end() - self.start;
        self.add_bytes(next);
    }

    /// Adds the bytes of what follows, which is sound alone.
    fn add_bytes(&mut self, next: &Self) {
        self.last_fragment = next.last_fragment;
        self.size += next.size;
    }
}

/// A segment: its measure, its init segment, and its parts while they are of use.
#[derive(Clone, Debug)]
pub struct Segment {
    /// What it spans.
    pub span: SegmentSpan,
    /// Which init segment holds for it, counted from 0.
    pub init_segment: u32,
    /// Whether it goes on where the segment before it stops: no pause, nothing left out and no
    /// other init segment lies between.
    pub continuous: bool,
    /// Whether it is offered in parts while it grows.
    pub in_parts: bool,
    /// Its closed parts; emptied when the segment is old.
    pub parts: Vec<SegmentSpan>,
}

impl Segment {
    /// Where its time ends.
    pub fn end(&self) -> Ticks90k {
        self.span.end()
    }
}

/// What bounds a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// [`limits::RECORDING_TIME`].
    Time,
    /// [`limits::PLAYLIST_BYTES`].
    Playlist,
}

/// Cuts one stream.
#[derive(Debug, Default)]
pub struct Segments {
    targets: Option<Targets>,
    /// The rate of the first pictures, until the targets are chosen.
    rate: Rate,
    /// The closed segments from number `gone` on.
    closed: VecDeque<Segment>,
    gone: usize,
    /// Breaks before segment `gone`, and before all closed ones.
    gone_breaks: usize,
    breaks: usize,
    open: Option<Segment>,
    open_part: Option<SegmentSpan>,
    /// Fragments of sound alone, which go with the next picture.
    sound: Option<SegmentSpan>,
    longest: Ticks90k,
    /// What the newest picture takes, and where it starts.
    frame: Ticks90k,
    newest: Option<Ticks90k>,
    /// Where the newest key frame is, and how far it is from the one before.
    key: Ticks90k,
    group: Option<Ticks90k>,
    /// Fragments were left out before the next segment.
    broken: bool,
    /// The next picture is a segment by itself.
    alone: bool,
}

impl Segments {
    /// The coder says that each of the stream's pictures takes this long: believed, where it can be true and nothing has
    /// been promised yet.
    pub fn describe(&mut self, frame: Option<Ticks90k>) {
        if self.targets.is_none() && self.newest.is_none() {
            self.targets = frame.and_then(Targets::said);
        }
    }

    /// What is promised of segments and parts; `None` before it is chosen.
    pub fn targets(&self) -> Option<Targets> {
        self.targets
    }

    /// Promises this from here on: by what the stream has promised before, or because it is slow. What is open is closed.
    pub fn promise(&mut self, targets: Targets) {
        if self.targets != Some(targets) {
            if let Some(end) = self.open.as_ref().map(Segment::end) {
                self.close_segment(end);
            }
            self.targets = Some(targets);
        }
    }

    /// What to promise of a stream whose next picture has been awaited in vain: by the rate of those that came, where that
    /// is a low one.
    pub fn slow_targets(&self) -> Targets {
        self.rate.slow_targets()
    }

    /// How long the picture that comes at `start` may take, for its part to be no longer than promised.
    pub fn room(&self, start: Ticks90k, key: bool, init_segment: u32) -> Ticks90k {
        let Some(part) = self.targets.and_then(|targets| targets.part) else { return PAUSE };
        match &self.open_part {
            Some(open) if !self.begins_segment(start, Ticks90k(0), key, init_segment) => part - open.duration,
            _ => part,
        }
    }

    /// Takes the next fragment. Returns whether a part or a segment was closed by it: there is something new to fetch.
    pub fn push(&mut self, fragment: &FragmentMeta) -> bool {
        let Some(next) = self.with_sound(fragment) else { return false };
        let closed_before = self.next_number();
        // Where the rate has to be measured, the pictures of that time are a segment of their own, or several.
        let distance = self.newest.map(|newest| fragment.start - newest);
        let measured = self.targets.is_none() && self.rate.take(distance);
        if measured || self.begins_segment(fragment.start, fragment.duration, fragment.key, fragment.init_segment) {
            self.close_before(fragment.start);
        }
        if measured {
            self.targets = Some(std::mem::take(&mut self.rate).targets());
        }
        if fragment.key {
            self.group = self.newest.map(|_| fragment.start - self.key).filter(|group| group.0 > 0);
            self.key = fragment.start;
        }
        let opens_in_parts = !measured && self.is_for_parts(fragment.duration);
        let in_parts = self.open.as_ref().map_or(opens_in_parts, |open| open.in_parts);
        match &mut self.open {
            Some(open) => open.span.add(&next),
            None => {
                let broken = std::mem::take(&mut self.broken);
                let continuous = self.closed.back().is_none_or(|last| {
                    !broken && last.init_segment == fragment.init_segment && fragment.start - last.end() <= BREAK
                });
                let init_segment = fragment.init_segment;
                self.open = Some(Segment { span: next, init_segment, continuous, in_parts, parts: Vec::new() });
            }
        }
        match &mut self.open_part {
            _ if !in_parts => {}
            Some(part) => part.add(&next),
            none => *none = Some(next),
        }
        self.newest = Some(fragment.start);
        self.frame = fragment.duration;
        // The stream's very first picture, or the first after a rest, is a segment by itself: whoever waits for it sees it
        // at once, and plain players, which refuse a playlist without segments, find one.
        if self.targets.is_some() && self.next_number() == 0 || std::mem::take(&mut self.alone) {
            self.close_segment(next.end());
        } else if let (Some(part), Some(Targets { frame, part: Some(target), .. })) = (&self.open_part, self.targets)
            && part.duration + fragment.duration.min(frame) > target
        {
            self.close_part();
            return true;
        }
        self.next_number() > closed_before
    }

    /// A picture with the sound that came before it; `None` where that is all that came.
    fn with_sound(&mut self, fragment: &FragmentMeta) -> Option<SegmentSpan> {
        let next = SegmentSpan::of(fragment);
        let mut all = match self.sound.take() {
            Some(mut sound) => {
                sound.add_bytes(&next);
                sound
            }
            None => next,
        };
        if !fragment.picture {
            self.sound = Some(all);
            return None;
        }
        (all.start, all.duration, all.independent) = (next.start, next.duration, next.independent);
        Some(all)
    }

    /// Whether pictures that take this long lie in parts.
    fn is_for_parts(&self, duration: Ticks90k) -> bool {
        self.part_target().is_some_and(|target| duration <= target)
    }

    fn begins_segment(&self, start: Ticks90k, duration: Ticks90k, key: bool, init_segment: u32) -> bool {
        let Some(open) = &self.open else { return false };
        let length = start - open.span.start;
        let pause = self.targets.map_or(PAUSE, Targets::pause);
        let is_another = init_segment != open.init_segment || start - open.end() > pause;
        let Some(targets) = self.targets else { return is_another || length >= MEASURED };
        is_another
            || open.in_parts && !self.is_for_parts(duration)
            || key && (length >= self.short(targets) || !open.span.independent)
            || self.is_full(targets, length, duration)
    }

    /// From which length on a segment is long enough for a key frame to begin another: as many groups of pictures as come
    /// nearest to what segments are meant to last.
    fn short(&self, targets: Targets) -> Ticks90k {
        let target = targets.segment();
        match self.group {
            Some(group) if group.0 * 10 < target.0 * 9 => {
                let groups = ((target.0 + group.0 / 2) / group.0).max(1);
                Ticks90k(group.0 * groups * 19 / 20)
            }
            _ => Ticks90k(target.0 * 9 / 10),
        }
    }

    /// Whether a segment of this length is so long that a picture that takes this long begins another, be it no key frame.
    ///
    /// Groups of pictures that are a little too long stay together; longer ones are cut in equal pieces.
    fn is_full(&self, targets: Targets, length: Ticks90k, duration: Ticks90k) -> bool {
        let target = targets.segment();
        let full = match self.group {
            Some(group) if group.0 * 5 <= target.0 * 7 => Ticks90k(target.0 * 7 / 5),
            Some(group) => Ticks90k(group.0 / (1 + (group.0 - 1) * 10 / (target.0 * 11))),
            None => target,
        };
        length.0 + duration.0 / 2 > full.0 || length + duration > targets.longest_segment()
    }

    /// Closes what is open, for something else begins at `start`.
    fn close_before(&mut self, start: Ticks90k) {
        let Some(open) = &self.open else { return };
        let (longest, pause) =
            self.targets.map_or((LONGEST_BEFORE, PAUSE), |targets| (targets.longest_segment(), targets.pause()));
        // What parts have been said to last is what they last.
        let keeps_its_end = open.in_parts || start - open.end() > pause || start - open.span.start > longest;
        self.close_segment(if keeps_its_end { open.end().min(start) } else { start });
    }

    fn close_part(&mut self) {
        let Some(part) = self.open_part.take() else { return };
        if let Some(open) = &mut self.open {
            open.parts.push(part);
        }
    }

    fn close_segment(&mut self, end: Ticks90k) {
        self.close_part();
        let Some(mut segment) = self.open.take() else { return };
        segment.span.duration = (end - segment.span.start).max(Ticks90k(1));
        self.longest = self.longest.max(segment.span.duration);
        self.breaks += usize::from(!segment.continuous);
        self.closed.push_back(segment);
        if let Some(old) = self.closed.len().checked_sub(SEGMENTS_WITH_PARTS + 1) {
            self.closed[old].parts = Vec::new();
        }
    }

    /// The stream has ended: what is open is closed.
    pub fn finish(&mut self) {
        if let Some(sound) = self.sound.take() {
            // It goes with the last picture, for there is no next one.
            let (open, part) = match &mut self.open {
                Some(open) => (Some(open), self.open_part.as_mut()),
                None => (self.closed.back_mut(), None),
            };
            if let Some(segment) = open {
                segment.span.add_bytes(&sound);
                if let Some(part) = part.or(segment.parts.last_mut()) {
                    part.add_bytes(&sound);
                }
            }
        }
        if let Some(end) = self.open.as_ref().map(Segment::end) {
            self.close_segment(end);
        }
    }

    /// Nothing of what is closed can be had any more: the next picture is a segment by itself.
    pub fn begin_anew(&mut self) {
        self.finish();
        self.alone = true;
    }

    /// Fragments are left out here: what is open is closed, and what comes next does not go on where it stops.
    pub fn break_off(&mut self) {
        self.finish();
        self.broken = true;
    }

    /// Lets go of the closed segments before number `first`, but for the newest.
    pub fn forget(&mut self, first: usize) {
        while self.gone < first && self.closed.len() > 1 {
            let oldest = self.closed.pop_front();
            self.gone_breaks += oldest.map_or(0, |segment| usize::from(!segment.continuous));
            self.gone += 1;
        }
    }

    /// The closed segments that are held, oldest first, each with its media sequence number, from number `from` on.
    pub fn closed_from(&self, from: usize) -> impl Iterator<Item = (usize, &Segment)> {
        let skipped = from.saturating_sub(self.gone).min(self.closed.len());
        (self.gone + skipped..).zip(self.closed.range(skipped..))
    }

    /// A closed segment, by its media sequence number; the stream's first has 0.
    pub fn closed(&self, number: usize) -> Option<&Segment> {
        self.closed.get(number.checked_sub(self.gone)?)
    }

    /// The newest closed segment.
    pub fn last_closed(&self) -> Option<&Segment> {
        self.closed.back()
    }

    /// The media sequence number of the segment that comes after the closed ones.
    pub fn next_number(&self) -> usize {
        self.gone + self.closed.len()
    }

    /// The first closed segment that is held and of which `is_old` is not true; it is true of the older ones alone.
    pub fn first_where_not(&self, is_old: impl Fn(&Segment) -> bool) -> usize {
        self.gone + self.closed.partition_point(is_old)
    }

    /// Breaks up to the beginning of the segment of this number: pauses and other init segments.
    pub fn breaks_before(&self, number: usize) -> usize {
        let held = self.closed_from(0).chain(std::iter::once(self.next_number()).zip(self.open()));
        let held = held.take_while(|(held, _)| *held <= number);
        self.gone_breaks + held.filter(|(_, segment)| !segment.continuous).count()
    }

    /// In what a recording that is cut so is as long as one may be, if it is.
    pub fn bound(&self) -> Option<Bound> {
        let playlist = self.next_number() * SEGMENT_LINES_BYTES + self.breaks * BREAK_LINES_BYTES;
        let long = |last: &Segment| last.end() > Ticks90k::from_ms(limits::RECORDING_TIME.as_millis() as i64);
        match self.last_closed() {
            Some(last) if long(last) => Some(Bound::Time),
            _ => (playlist > limits::PLAYLIST_BYTES).then_some(Bound::Playlist),
        }
    }

    /// Bytes of memory it takes.
    pub fn held_bytes(&self) -> usize {
        self.closed.capacity() * size_of::<Segment>()
    }

    /// The segment that still grows.
    pub fn open(&self) -> Option<&Segment> {
        self.open.as_ref()
    }

    /// A segment, closed or open, by its media sequence number.
    pub fn segment(&self, number: u64) -> Option<&Segment> {
        let index = usize::try_from(number).ok()?;
        self.closed(index).or_else(|| self.open.as_ref().filter(|_| index == self.next_number()))
    }

    /// Media sequence number and part number of the next part to come, where one is expected.
    ///
    /// Where the open segment is full by then, or the last groups of pictures were as long as it is, that is the next
    /// segment's first.
    pub fn next_part(&self) -> Option<(u64, usize)> {
        let targets = self.targets?;
        targets.part?;
        let number = self.next_number() as u64;
        let Some(open) = &self.open else { return self.is_for_parts(self.frame).then_some((number, 0)) };
        if !open.in_parts {
            return None;
        }
        let start = open.end();
        let key = self.group.is_some_and(|group| group - (start - self.key) <= Ticks90k(self.frame.0 / 2));
        let full = self.open_part.is_none() && self.begins_segment(start, self.frame, key, open.init_segment);
        Some(if full { (number + 1, 0) } else { (number, open.parts.len()) })
    }

    /// Whether this part, or what comes after it, has been closed.
    pub fn has_part(&self, number: u64, part: usize) -> bool {
        let open = self.next_number() as u64;
        let parts = |number| self.segment(number).map_or(0, |segment| segment.parts.len());
        match number {
            _ if number > open => false,
            _ if number == open => part < parts(open),
            // A part beyond its segment's last is the next segment's first (6.2.5.2).
            _ if number + 1 == open && part >= parts(number) && parts(number) > 0 => parts(open) > 0,
            _ => true,
        }
    }

    /// What parts are promised to last at most; `None` where there are none, or nothing is promised yet.
    pub fn part_target(&self) -> Option<Ticks90k> {
        self.targets.and_then(|targets| targets.part)
    }

    /// What segments are promised to last at most, in whole seconds (4.4.3.1); once it is `over`, what they did.
    pub fn target_duration_s(&self, over: bool) -> u64 {
        let promised = self.targets.map_or(0, |targets| targets.segment_s).max(1);
        if over { promised.max(self.longest.to_seconds().round() as u64) } else { promised }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pictures of `frame` ticks, as their coder says, with a key frame every `group`; returns the cutter and the numbers
    /// that closed a part.
    pub(crate) fn cut(frames: u64, frame: i64, group: u64) -> (Segments, Vec<u64>) {
        let mut segments = Segments::default();
        segments.describe(Some(Ticks90k(frame)));
        let closing = (0..frames).filter(|number| {
            segments.push(&FragmentMeta {
                number: *number,
                start: Ticks90k(*number as i64 * frame),
                duration: Ticks90k(frame),
                picture: true,
                key: number % group == 0,
                offset: number * 100,
                size: 100,
                init_segment: 0,
            })
        });
        let closing = closing.collect();
        (segments, closing)
    }

    #[test]
    fn parts_close_with_their_own_last_picture() {
        let (segments, closing) = cut(10, 3000, 30);
        assert_eq!(closing, [0, 3, 6, 9], "the first picture is a part by itself");
        assert_eq!(segments.part_target(), Some(Ticks90k::from_ms(108)));
        assert_eq!(segments.next_part(), Some((1, 3)));
        let (segments, closing) = cut(7, 3600, 25);
        let target = Some(Ticks90k::from_ms(87));
        assert_eq!((closing, segments.part_target()), (vec![0, 2, 4, 6], target), "25 pictures a second");
    }

    #[test]
    fn targets_follow_the_rate() {
        let targets = |per_second: f64| {
            let targets = Targets::of(Ticks90k((90_000.0 / per_second) as i64));
            (targets.part.map(Ticks90k::to_ms), targets.segment_s)
        };
        let rates = [60.0, 50.0, 30.0, 29.97, 25.0, 24.0, 20.0, 15.0, 10.0, 5.0, 4.0, 3.9, 1.0, 0.5];
        let found: Vec<_> = rates.into_iter().map(targets).collect();
        let parts = [108, 108, 108, 109, 87, 90, 108, 72, 108, 216, 270].map(|ms| (Some(ms), 1));
        assert_eq!(found, [&parts[..], &[(None, 1), (None, 1), (None, 3)]].concat());
    }

    /// Pictures that come at these times, of which the coder says nothing; each lasts as long as the one before.
    fn unsaid(starts: &[i64]) -> Segments {
        let mut segments = Segments::default();
        let mut duration = 3000;
        for (number, start) in (0..).zip(starts) {
            let picture = FragmentMeta {
                number,
                start: Ticks90k(*start),
                duration: Ticks90k(duration),
                picture: true,
                key: number == 0,
                offset: number * 100,
                size: 100,
                init_segment: 0,
            };
            segments.push(&picture);
            let next = starts.get(number as usize + 1).unwrap_or(start);
            duration = (next - start).max(1);
        }
        segments
    }

    #[test]
    fn a_rate_that_nobody_says_is_measured_first() {
        let starts: Vec<_> = (0..20).map(|n| n * 3600 + [0, 700, -700][n as usize % 3]).collect();
        assert_eq!((unsaid(&starts[..10]).targets(), unsaid(&starts[..10]).next_number()), (None, 0));
        let segments = unsaid(&starts);
        assert_eq!(segments.part_target(), Some(Ticks90k::from_ms(89)));
        assert_eq!(segments.closed[0].span.last_fragment, 9, "the pictures of that time are a segment");
        assert!(segments.closed[0].parts.is_empty() && !segments.closed[0].in_parts);
        let slow = unsaid(&[0, 180_000, 360_000, 540_000]);
        assert_eq!(slow.targets(), Some(Targets::of(Ticks90k(180_000))), "two distances are enough");
        assert!(slow.closed_from(2).all(|(_, closed)| closed.continuous && closed.span.duration == Ticks90k(180_000)));
        let frozen = unsaid(&starts[..2]);
        assert!(frozen.slow_targets().part.is_some(), "a freeze takes no parts away");
        assert_eq!(unsaid(&[0]).slow_targets().part, None);
        let late = unsaid(&(0..20).map(|n| (n + 60 * n.min(1)) * 3000).collect::<Vec<_>>());
        assert_eq!(late.targets(), Some(Targets::of(Ticks90k(3000))), "the second picture alone was late");
        let mut short = unsaid(&starts[..3]);
        short.finish();
        assert_eq!((short.targets(), short.target_duration_s(true)), (None, 1), "the end comes first");
        assert!(unsaid(&[0; 1000]).targets().is_some(), "times that stand still are no reason to measure for ever");
    }

    #[test]
    fn sound_goes_with_the_picture_after_it() {
        let (mut segments, _) = cut(30, 3000, 30);
        let mut fragment = |number: u64, start: i64, picture: bool, key: bool| {
            segments.push(&FragmentMeta {
                number,
                start: Ticks90k(start),
                duration: Ticks90k(if picture { 3000 } else { 50_000 }),
                picture,
                key,
                offset: number * 100,
                size: 100,
                init_segment: 0,
            })
        };
        assert!(!fragment(30, 40_000, false, false), "half a second late, and half a second at once");
        assert!(fragment(31, 90_000, true, true));
        assert!(!fragment(32, 91_000, false, false));
        fragment(33, 93_000, true, false);
        let open = segments.open().expect("the second group");
        assert_eq!((open.span.start, open.span.duration), (Ticks90k(90_000), Ticks90k(6000)));
        assert_eq!((open.span.first_fragment, open.span.offset, open.span.size), (30, 3000, 400));
        let closed = segments.last_closed().expect("the first group");
        let parts: i64 = closed.parts.iter().map(|part| part.duration.0).sum();
        assert_eq!((closed.span.duration.0, parts), (87_000, 87_000));
    }

    #[test]
    fn slow_pictures_lie_in_whole_segments() {
        let (mut segments, _) = cut(40, 3000, 40);
        let mut start = 40 * 3000 + 60_000;
        for number in 40..46 {
            segments.push(&FragmentMeta {
                number,
                start: Ticks90k(start),
                duration: Ticks90k(90_000),
                picture: true,
                key: false,
                offset: number * 100,
                size: 100,
                init_segment: 0,
            });
            start += 90_000;
        }
        let closed: Vec<_> = segments.closed_from(2).map(|(_, closed)| closed).collect();
        assert_eq!(closed[0].span.duration, Ticks90k(27_000), "what parts have been said to last stays so");
        assert!(closed[1..].iter().all(|slow| slow.span.duration == Ticks90k(90_000) && slow.parts.is_empty()));
        assert_eq!(
            closed.iter().map(|closed| closed.continuous).collect::<Vec<_>>(),
            [true, false, true, true, true, true]
        );
        assert_eq!((segments.next_part(), segments.target_duration_s(false)), (None, 1));
        let newest = segments.next_number() as u64 - 1;
        assert!(
            segments.has_part(newest, 0) && !segments.has_part(newest + 1, 0),
            "who waits for a part gets the whole"
        );
    }

    #[test]
    fn segments_are_groups_of_pictures() {
        let (segments, _) = cut(95, 3000, 30);
        assert_eq!(segments.next_number(), 4);
        assert_eq!(segments.closed[0].span.duration, Ticks90k(3000), "the first picture is a segment by itself");
        let third = &segments.closed[2];
        assert_eq!((third.span.start, third.span.duration), (Ticks90k(90_000), Ticks90k(90_000)));
        assert_eq!((third.span.first_fragment, third.span.last_fragment), (30, 59));
        assert_eq!((third.span.offset, third.span.size), (3000, 3000));
        assert!(third.span.independent && third.parts[0].independent && !third.parts[1].independent);
        assert_eq!(segments.target_duration_s(false), 1);
    }

    #[test]
    fn short_groups_are_joined_and_long_ones_cut() {
        let (segments, _) = cut(100, 3000, 10);
        assert!(segments.closed.range(2..).all(|segment| segment.span.duration == Ticks90k(90_000)));
        let durations = |group, from| {
            let (segments, _) = cut(2000, 3000, group);
            assert_eq!(segments.target_duration_s(false), 1);
            let pictures = segments.closed.range(from..from + 6).map(|segment| segment.span.duration.0 / 3000);
            pictures.collect::<Vec<_>>()
        };
        assert_eq!(durations(1000, 5), [30; 6], "a second each");
        assert_eq!(durations(36, 40), [36; 6], "a little more is one");
        assert_eq!(durations(16, 40), [32; 6], "short ones are joined");
        assert_eq!(durations(24, 40), [24; 6], "or stay alone");
        assert_eq!(durations(60, 40), [30; 6], "two seconds are two");
        assert_eq!(durations(75, 40), [25; 6], "two and a half are three");
    }

    #[test]
    fn the_end_of_a_regular_group_is_foreseen() {
        let (segments, _) = cut(60, 3000, 30);
        assert_eq!(segments.next_part(), Some((3, 0)), "the second group has all its pictures");
        assert!(!segments.has_part(2, 10), "so its eleventh part is the next segment's first");
        let (segments, _) = cut(63, 3000, 30);
        assert!(segments.has_part(2, 10) && segments.has_part(3, 0) && !segments.has_part(3, 1));
    }

    #[test]
    fn a_pause_lengthens_no_segment() {
        let (mut segments, _) = cut(45, 3000, 30);
        let picture = |number: u64, start| FragmentMeta {
            number,
            start: Ticks90k(start),
            duration: Ticks90k(3000),
            picture: true,
            key: false,
            offset: number * 100,
            size: 100,
            init_segment: 0,
        };
        segments.push(&picture(45, 45 * 3000 + 20 * 90_000));
        let closed = segments.last_closed().expect("closed before the pause");
        assert_eq!((closed.span.duration, closed.continuous), (Ticks90k(45_000), true));
        let open = segments.open().expect("begun after it");
        assert_eq!((open.span.start, open.continuous), (Ticks90k(45 * 3000 + 20 * 90_000), false));
        assert_eq!(segments.target_duration_s(false), 1);
    }

    #[test]
    fn what_is_forgotten_keeps_its_numbers() {
        let (whole, _) = cut(30 * 20, 3000, 30);
        let (mut segments, _) = cut(30 * 20, 3000, 30);
        segments.forget(12);
        assert_eq!((segments.next_number(), segments.closed_from(0).count()), (whole.next_number(), 8));
        assert!(segments.closed(11).is_none() && segments.segment(11).is_none());
        for number in 12..whole.next_number() {
            assert_eq!(segments.closed(number).map(|s| s.span), whole.closed(number).map(|s| s.span));
        }
        assert_eq!(segments.next_part(), whole.next_part());
        assert_eq!(segments.first_where_not(|segment| segment.span.first_fragment < 500), 18);
        segments.forget(1000);
        assert_eq!(segments.closed_from(0).count(), 1, "the newest says whether the next goes on");
    }

    #[test]
    fn a_recording_has_its_bounds() {
        let (hours_6, _) = cut(6 * 3600, 90_000, 1);
        assert_eq!(hours_6.bound(), None);
        let (days_30, _) = cut(30 * 24 * 1800, 180_000, 1);
        assert_eq!(days_30.bound(), Some(Bound::Time));
        let mut restless = Segments::default();
        let fragments = (0..60_000).map(|number| FragmentMeta {
            number,
            start: Ticks90k(number as i64 * 90_000),
            duration: Ticks90k(90_000),
            picture: true,
            key: true,
            offset: 0,
            size: 0,
            init_segment: number as u32 % 2,
        });
        for fragment in fragments {
            restless.push(&fragment);
        }
        assert_eq!(restless.bound(), Some(Bound::Playlist));
    }

    #[test]
    fn the_end_closes_everything() {
        let (mut segments, _) = cut(40, 3000, 30);
        segments.finish();
        assert_eq!(segments.next_number(), 3);
        assert_eq!(segments.closed[2].span.duration, Ticks90k(30_000));
        assert_eq!(segments.closed[2].parts.len(), 4);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_spans(
            pictures in proptest::collection::vec((1_i64..30_000, any::<bool>(), any::<bool>(), 1_u64..9), 1..300)
        ) {
            let (mut segments, mut start, mut offset) = (Segments::default(), 0, 0);
            for (number, (duration, key, picture, size)) in (0..).zip(pictures) {
                segments.push(&FragmentMeta {
                    number,
                    start: Ticks90k(start),
                    duration: Ticks90k(duration),
                    picture: picture || number == 0,
                    key,
                    offset,
                    size,
                    init_segment: 0,
                });
                start += duration;
                offset += size;
            }
            segments.finish();
            let mut expected = (0, 0);
            for segment in &segments.closed {
                prop_assert_eq!((segment.span.first_fragment, segment.span.offset), expected);
                expected = (segment.span.last_fragment + 1, segment.span.offset + segment.span.size);
                let parts: u64 = segment.parts.iter().map(|part| part.size).sum();
                prop_assert!(segment.parts.is_empty() || parts == segment.span.size);
            }
            prop_assert_eq!(expected.1, offset);
        }
    }
}
