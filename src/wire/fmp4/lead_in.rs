//! Pictures that are decoded but not watched: all that a later one builds on, for players that join in the middle of a long
//! group of pictures. Each is decoded at its turn and shown for a moment too short to be seen (14496-12, 8.8.8: sample
//! durations), so that what comes at once is also over at once, and the player is where the stream is.
//!
//! Sound has no such need: it is left out, and begins where the pictures do.

use bytes::Bytes;

use crate::ground::time::Ticks90k;
use crate::wire::fmp4::VIDEO_TRACK;
use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
use crate::wire::fmp4::read::samples;
use crate::wire::mp4::boxes::boxes;

/// How long a picture of a lead-in is shown: a thousand of them take a tenth of a second.
pub const MOMENT: Ticks90k = Ticks90k(9);

/// Of one of our own fragments its picture alone, which is decoded and shown at `time`, for a [`MOMENT`]; `None` where it has
/// none. A picture that is to be shown no earlier than `join` keeps its time: those after it are shown around it.
pub fn lead_in(own: &[u8], time: Ticks90k, join: Ticks90k) -> Option<Bytes> {
    let of = |wanted: &[u8; 4]| boxes(own).find(|(kind, _)| kind == wanted).map(|(_, body)| body);
    let (prft, moof, mdat) = (of(b"prft")?, of(b"moof")?, of(b"mdat")?);
    let picture = samples(moof)?.into_iter().find(|sample| sample.track == VIDEO_TRACK)?;
    let reference = prft.get(8..16)?.try_into().ok().map(u64::from_be_bytes)?;
    let sequence = moof.get(12..16)?.try_into().ok().map(u32::from_be_bytes)?;
    let shown = Ticks90k(picture.decode_time as i64 + i64::from(picture.composition_offset));
    let sample = VideoSample {
        decode_time: time.0 as u64,
        duration: MOMENT.0 as u32,
        usual_duration: None,
        composition_offset: if shown >= join { (shown - time).0 as u32 } else { 0 },
        key: picture.key,
        // A fragment's picture stands before its sound.
        data: mdat.get(..picture.size as usize)?,
    };
    Some(fragment(sequence, ReferenceTime(reference), Some(&sample), &AudioRun::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_moved_and_its_sound_left_out() {
        let run = AudioRun { decode_time: 7, samples: vec![(1024, Bytes::from_static(&[4, 5]))] };
        let picture = |offset| {
            let sample = VideoSample {
                decode_time: 90_000,
                duration: 3000,
                usual_duration: None,
                composition_offset: offset,
                key: false,
                data: &[1, 2, 3],
            };
            fragment(12, ReferenceTime(99), Some(&sample), &run)
        };
        for (offset, shown) in [(6000, 500), (60_000, 150_000)] {
            let moved = lead_in(&picture(offset), Ticks90k(500), Ticks90k(120_000)).expect("it has a picture");
            let sample = VideoSample {
                decode_time: 500,
                duration: MOMENT.0 as u32,
                usual_duration: None,
                composition_offset: shown - 500,
                key: false,
                data: &[1, 2, 3],
            };
            assert_eq!(moved, fragment(12, ReferenceTime(99), Some(&sample), &AudioRun::default()));
        }
        assert_eq!(lead_in(&fragment(1, ReferenceTime(0), None, &run), Ticks90k(0), Ticks90k(0)), None);
    }
}
