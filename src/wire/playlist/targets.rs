//! What is promised of a stream's segments and parts (draft-pantos-hls-rfc8216bis, 4.4.3.1 and 4.4.3.7).
//!
//! It is chosen once ([`Targets`]), from the rate of the stream's pictures, and never changes: players may stop for good
//! where it does. The rate is what the coder says of it, or is measured over the first pictures (`Rate`); nothing is
//! promised before.

use crate::ground::time::Ticks90k;

/// Parts are about this long: whole pictures, at least one.
const PART: Ticks90k = Ticks90k::from_ms(100);
/// Where a picture takes longer than this, parts are of no use: the stream has none.
const SLOWEST_IN_PARTS: Ticks90k = Ticks90k::from_ms(250);
/// A rate that a coder says is believed from 5 to 120 pictures a second.
const CREDIBLE: std::ops::RangeInclusive<i64> = Ticks90k::PER_SECOND / 120..=Ticks90k::PER_SECOND / 5;
/// The rate is measured over this many distances between pictures and this long; over two after `MEASURED_AT_MOST`.
const MEASURED_DISTANCES: i64 = 4;
pub(super) const MEASURED: Ticks90k = Ticks90k::from_ms(400);
const MEASURED_AT_MOST: Ticks90k = Ticks90k::from_ms(1000);
/// And over no more distances than this, whatever they are.
const MEASURED_DISTANCES_AT_MOST: usize = 256;
/// A pause of the pictures is longer than this: [`Targets::pause`].
pub const PAUSE: Ticks90k = Ticks90k::from_ms(1500);
/// What a picture or a segment lasts at most while nothing is promised yet: it keeps the shortest promise there is.
pub const LONGEST_BEFORE: Ticks90k = Ticks90k::from_ms(1490);

/// What is promised of a stream's segments and parts, from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// What a picture took when they were chosen.
    pub frame: Ticks90k,
    /// What a part lasts at most (4.4.3.7); `None` where pictures come too seldom for parts.
    pub part: Option<Ticks90k>,
    /// What a segment lasts at most, rounded, in seconds (4.4.3.1).
    pub segment_s: u64,
}

impl Targets {
    /// Those of a stream whose pictures take this long.
    pub fn of(frame: Ticks90k) -> Self {
        // A part has room for its pictures at a rate that is a little lower than it was said to be, or measured.
        let pictures = ((5 * PART.0 + frame.0) / (5 * frame.0)).max(1);
        let part = Ticks90k::from_ms((pictures * frame.0 * 108 + 8999) / 9000);
        let segment_s = if frame.0 <= Ticks90k::PER_SECOND * 6 / 5 {
            1
        } else {
            (frame.0 as u64 * 6).div_ceil(Ticks90k::PER_SECOND as u64 * 5)
        };
        Self { frame, part: (frame <= SLOWEST_IN_PARTS).then_some(part), segment_s }
    }

    /// The same by what their coder says; `None` where that can't be true.
    pub fn said(frame: Ticks90k) -> Option<Self> {
        CREDIBLE.contains(&frame.0).then(|| Self::of(frame))
    }

    /// What segments are meant to last.
    pub(super) fn segment(self) -> Ticks90k {
        Ticks90k(self.segment_s as i64 * Ticks90k::PER_SECOND)
    }

    /// A picture that comes this much later than the one before it said is no late picture: the stream has paused.
    pub fn pause(self) -> Ticks90k {
        PAUSE.max(self.segment())
    }

    /// What a segment may last: it is rounded before it is compared.
    pub fn longest_segment(self) -> Ticks90k {
        self.segment() + Ticks90k::from_ms(490)
    }
}

/// The rate of a stream's first pictures.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// The distances between them, the shortest first.
    distances: Vec<Ticks90k>,
}

impl Rate {
    /// Takes the distance between two pictures. Returns whether that is enough.
    pub fn take(&mut self, distance: Option<Ticks90k>) -> bool {
        self.distances.extend(distance.map(|distance| distance.max(Ticks90k(1))));
        self.distances.sort_unstable();
        let (number, long) = self.usual();
        number >= MEASURED_DISTANCES && long >= MEASURED
            || number >= 2 && long >= MEASURED_AT_MOST
            || self.distances.len() >= MEASURED_DISTANCES_AT_MOST
    }

    /// The targets of pictures that come so.
    pub fn targets(&self) -> Targets {
        let (number, long) = self.usual();
        Targets::of(Ticks90k(long.0 / number.max(1)).max(Ticks90k(1)))
    }

    /// The same of a stream whose next picture has been awaited for long: it goes on as it was, if anything is known of that,
    /// or else it is slow.
    pub fn slow_targets(&self) -> Targets {
        let known = self.targets();
        if self.distances.is_empty() { Targets::of(PAUSE) } else { known }
    }

    /// How many of the distances are no pauses, which a beginning may have, and how long those are.
    fn usual(&self) -> (i64, Ticks90k) {
        let median = self.distances.get(self.distances.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        let usual = self.distances.iter().filter(|distance| distance.0 * 5 <= median.0 * 8);
        usual.fold((0, Ticks90k(0)), |(number, long), distance| (number + 1, long + *distance))
    }
}
