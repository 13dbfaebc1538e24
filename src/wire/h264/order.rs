//! When frames are decoded. Streams carry presentation times alone; with B-frames the two differ.
//!
//! With a reorder depth of n, the decoding time of a frame is the (n+1)-th largest presentation time seen so far:
//! known at once, rising, and never later than the frame's own presentation time (H.264, C.4.5.3).

use crate::ground::time::Ticks90k;

/// Gives each frame of a stream its decoding time.
#[derive(Debug)]
pub struct DecodeOrder {
    /// The largest presentation times so far, largest first: one more than the reorder depth.
    largest: Vec<Ticks90k>,
    depth: usize,
    last: Option<Ticks90k>,
}

impl DecodeOrder {
    /// For streams of this reorder depth. Where it is unknown, 0 is right until a frame shows otherwise.
    pub fn new(depth: Option<u8>) -> Self {
        Self { largest: Vec::new(), depth: usize::from(depth.unwrap_or(0)), last: None }
    }

    /// The pictures that follow have this depth (a new SPS). Where it is unknown, what was learnt stays.
    pub fn set_depth(&mut self, depth: Option<u8>) {
        if let Some(depth) = depth {
            self.depth = usize::from(depth);
        }
    }

    /// The decoding time of the next frame, shown at `pts`; `frame_duration` is what a frame takes.
    ///
    /// Returns `(pts, dts)`: `pts` is moved only where it contradicts what was said of the stream before.
    pub fn next(&mut self, pts: Ticks90k, frame_duration: Ticks90k) -> (Ticks90k, Ticks90k) {
        let before = self.largest.iter().filter(|seen| **seen > pts).count();
        self.depth = self.depth.max(before.min(16));
        self.largest.insert(before, pts);
        self.largest.truncate(self.depth + 1);
        let missing = (self.depth + 1 - self.largest.len()) as i64;
        let oldest = *self.largest.last().expect("a time was just put in");
        let mut dts = Ticks90k(oldest.0 - missing * frame_duration.0);
        if let Some(last) = self.last {
            dts = dts.max(last + Ticks90k(1));
        }
        self.last = Some(dts);
        (pts.max(dts), dts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Ticks90k = Ticks90k(3000);

    fn decode_times(depth: Option<u8>, shown: &[i64]) -> Vec<i64> {
        let mut order = DecodeOrder::new(depth);
        shown.iter().map(|n| order.next(Ticks90k(n * 3000), FRAME).1.0 / 3000).collect()
    }

    #[test]
    fn without_b_frames_both_times_are_one() {
        assert_eq!(decode_times(Some(0), &[0, 1, 2, 3]), [0, 1, 2, 3]);
        assert_eq!(decode_times(None, &[0, 1, 2, 3]), [0, 1, 2, 3]);
    }

    #[test]
    fn b_frames_are_decoded_a_frame_each_in_turn() {
        assert_eq!(decode_times(Some(1), &[0, 3, 1, 2, 6, 4, 5]), [-1, 0, 1, 2, 3, 4, 5]);
        // A pyramid: B-frames that others refer to.
        assert_eq!(decode_times(Some(2), &[0, 4, 2, 1, 3, 8, 6, 5, 7]), [-2, -1, 0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn an_unknown_depth_is_learnt() {
        let times = decode_times(None, &[0, 3, 1, 2, 6, 4, 5, 9, 7, 8]);
        assert_eq!(times[4..], [3, 4, 5, 6, 7, 8]);
    }

    proptest! {
        #[test]
        fn decoding_rises_and_is_never_late(shown: Vec<i16>, depth in 0_u8..4) {
            let mut order = DecodeOrder::new(Some(depth));
            let mut last = None;
            for n in shown {
                let (pts, dts) = order.next(Ticks90k(i64::from(n) * 100), FRAME);
                prop_assert!(dts <= pts);
                prop_assert!(last.is_none_or(|last| dts > last));
                last = Some(dts);
            }
        }
    }
}
