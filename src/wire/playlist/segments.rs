//! Where a stream is cut (draft-pantos-hls-rfc8216bis, 3 and 4.4.4.9): a segment a group of pictures, a part every
//! tenth of a second or so.
//!
//! A part is closed by its own last picture: nobody waits for the next one to learn that it was the last.

use std::collections::VecDeque;

use crate::ground::limits;
use crate::ground::time::Ticks90k;

/// Parts are about this long: whole pictures, at least one.
const PART: Ticks90k = Ticks90k::from_ms(100);
/// A key frame begins a new segment if the current one has this much, or did not begin with one itself.
const SHORT_SEGMENT: Ticks90k = Ticks90k::from_ms(900);
/// A segment without a key frame is cut here. What segments are said to last at most so grows to the stream's own
/// distance between key frames, once, with its first group: nobody can know it before, and cutting groups apart would
/// leave players without a key frame to begin at.
const LONG_SEGMENT: Ticks90k = Ticks90k::from_ms(4000);
/// A picture that comes this much later than the one before it said is no slow picture: the stream has paused.
const PAUSE: Ticks90k = Ticks90k::from_ms(1500);
/// Parts are listed for the segments of the last three target durations (4.4.4.9); kept for one segment more.
const SEGMENTS_WITH_PARTS: usize = 5;
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
    /// Whether it has a picture; sound alone never opens or closes anything.
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
    /// Where it starts on the timeline.
    pub start: Ticks90k,
    /// How long it lasts.
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

    fn add(&mut self, fragment: &FragmentMeta) {
        self.last_fragment = fragment.number;
        self.size += fragment.size;
        if fragment.picture {
            self.duration = fragment.start + fragment.duration - self.start;
        }
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
    /// Its closed parts; emptied when the segment is old.
    pub parts: Vec<SegmentSpan>,
}

impl Segment {
    /// Where its time ends.
    pub fn end(&self) -> Ticks90k {
        self.span.start + self.span.duration
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
#[derive(Debug)]
pub struct Segments {
    /// The closed segments from number `gone` on.
    closed: VecDeque<Segment>,
    gone: usize,
    /// Breaks before segment `gone`, and before all closed ones.
    gone_breaks: usize,
    breaks: usize,
    open: Option<Segment>,
    open_part: Option<SegmentSpan>,
    part_target: Ticks90k,
    longest: Ticks90k,
    /// Where the newest key frame is, and how far it is from the one before.
    key: Ticks90k,
    group: Option<Ticks90k>,
    /// Fragments were left out before the next segment.
    broken: bool,
    /// The next picture is a segment by itself.
    alone: bool,
}

impl Default for Segments {
    fn default() -> Self {
        Self {
            closed: VecDeque::new(),
            gone: 0,
            gone_breaks: 0,
            breaks: 0,
            open: None,
            open_part: None,
            part_target: PART,
            alone: false,
            longest: Ticks90k(0),
            key: Ticks90k(0),
            group: None,
            broken: false,
        }
    }
}

impl Segments {
    /// Takes the next fragment. Returns whether a part was closed by it: there is something new to fetch.
    pub fn push(&mut self, fragment: &FragmentMeta) -> bool {
        if fragment.picture && self.begins_segment(fragment) {
            let paused = self.open.as_ref().filter(|open| is_pause(open.end(), fragment)).map(Segment::end);
            self.close_segment(paused.unwrap_or(fragment.start));
        }
        if fragment.key {
            self.group = Some(fragment.start - self.key).filter(|group| group.0 > 0);
            self.key = fragment.start;
        }
        match &mut self.open {
            Some(open) => open.span.add(fragment),
            None if fragment.picture || !self.closed.is_empty() => {
                let (span, init_segment) = (SegmentSpan::of(fragment), fragment.init_segment);
                let broken = std::mem::take(&mut self.broken);
                let continuous = self.closed.back().is_none_or(|last| {
                    !broken
                        && last.init_segment == init_segment
                        && !(fragment.picture && is_pause(last.end(), fragment))
                });
                self.open = Some(Segment { span, init_segment, continuous, parts: Vec::new() });
                if self.closed.is_empty() {
                    let pictures = (PART.0 as f64 / fragment.duration.0.max(1) as f64).round().max(1.0);
                    self.part_target = Ticks90k(pictures as i64 * fragment.duration.0);
                }
            }
            None => return false,
        }
        match &mut self.open_part {
            Some(part) => part.add(fragment),
            none => *none = Some(SegmentSpan::of(fragment)),
        }
        if self.closed.is_empty() || fragment.picture && std::mem::take(&mut self.alone) {
            // The stream's very first picture, or the first after a rest, is a segment and a part by itself: whoever waits for it sees it at once,
            // and plain players, which refuse a playlist without segments, find one.
            self.close_segment(fragment.start + fragment.duration);
            return true;
        }
        let full = |part: &SegmentSpan| part.duration + fragment.duration > self.part_target + Ticks90k::from_ms(2);
        let closes = fragment.picture && self.open_part.as_ref().is_some_and(full);
        if closes {
            self.close_part();
        }
        closes
    }

    fn begins_segment(&self, fragment: &FragmentMeta) -> bool {
        self.open.as_ref().is_some_and(|open| {
            let length = fragment.start - open.span.start;
            fragment.init_segment != open.init_segment
                || fragment.key && (length >= SHORT_SEGMENT || !open.span.independent)
                || length + fragment.duration > LONG_SEGMENT
                || is_pause(open.end(), fragment)
        })
    }

    fn close_part(&mut self) {
        let Some(part) = self.open_part.take() else { return };
        self.part_target = self.part_target.max(part.duration);
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
        let end = self.open.as_ref().map_or(Ticks90k(0), |open| open.span.start + open.span.duration);
        self.close_segment(end);
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

    /// Media sequence number and part number of the next part to come.
    ///
    /// Where the last groups of pictures were as long as the open segment is now, that is the next segment's first.
    pub fn next_part(&self) -> (u64, usize) {
        let number = self.next_number() as u64;
        let Some(open) = &self.open else { return (number, 0) };
        let closed_until = open.parts.last().map_or(open.span.start, |part| part.start + part.duration);
        let long_enough = closed_until - open.span.start >= SHORT_SEGMENT || !open.span.independent;
        let full = self.group.is_some_and(|group| (group - (closed_until - self.key)).0 <= 450);
        if full && long_enough { (number + 1, 0) } else { (number, open.parts.len()) }
    }

    /// Whether this part, or what comes after it, has been closed.
    pub fn has_part(&self, number: u64, part: usize) -> bool {
        let open = self.next_number() as u64;
        let parts = |number| self.segment(number).map_or(0, |segment| segment.parts.len());
        match number {
            _ if number > open => false,
            _ if number == open => part < parts(open),
            // A part beyond its segment's last is the next segment's first (6.2.5.2).
            _ if number + 1 == open && part >= parts(number) => parts(open) > 0,
            _ => true,
        }
    }

    /// What parts are said to last at most.
    pub fn part_target(&self) -> Ticks90k {
        self.part_target
    }

    /// What segments are said to last at most, in whole seconds (4.4.3.1).
    pub fn target_duration_s(&self) -> u64 {
        (self.longest.to_seconds().round() as u64).max(1)
    }
}

/// Whether the stream has paused between `end` and this picture.
fn is_pause(end: Ticks90k, fragment: &FragmentMeta) -> bool {
    fragment.start - end > PAUSE
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pictures of `frame` ticks with a key frame every `group`; returns the cutter and the numbers that closed a part.
    pub(crate) fn cut(frames: u64, frame: i64, group: u64) -> (Segments, Vec<u64>) {
        let mut segments = Segments::default();
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
        assert_eq!(segments.part_target(), Ticks90k(9000));
        assert_eq!(segments.next_part(), (1, 3));
        let (segments, closing) = cut(10, 3600, 25);
        assert_eq!((closing, segments.part_target()), (vec![0, 3, 6, 9], Ticks90k(10_800)), "25 pictures a second");
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
        assert_eq!(segments.target_duration_s(), 1);
    }

    #[test]
    fn short_groups_are_joined_and_long_ones_cut() {
        let (segments, _) = cut(100, 3000, 10);
        assert!(segments.closed.range(2..).all(|segment| segment.span.duration == Ticks90k(90_000)));
        let (segments, _) = cut(1000, 3000, 1000);
        assert!(segments.closed.range(1..).all(|segment| segment.span.duration == LONG_SEGMENT));
        assert_eq!(segments.target_duration_s(), 4);
    }

    #[test]
    fn the_end_of_a_regular_group_is_foreseen() {
        let (segments, _) = cut(60, 3000, 30);
        assert_eq!(segments.next_part(), (3, 0), "the second group has all its pictures");
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
        assert_eq!(segments.target_duration_s(), 1);
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
