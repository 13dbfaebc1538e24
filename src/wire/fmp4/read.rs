//! Finds its way in what was written: fragments and init segments (14496-12, 8.8 and 8.2).
//!
//! It reads what this house wrote, also after a power cut: whatever doesn't add up is `None`, never a panic.

use crate::ground::frame::{AudioParams, VideoParams};
use crate::wire::fmp4::VIDEO_TRACK;
use crate::wire::fmp4::fragment::{KEY_SAMPLE, USUAL_DURATION};
use crate::wire::fmp4::init::MOVIE_TIMESCALE;
use crate::wire::mp4::boxes::{Fields, boxes, find};
use crate::wire::mp4::track::{Entry, Track};

/// Samples a fragment of ours may have.
const MAX_SAMPLES: u32 = 4096;

/// One picture or piece of sound in a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Track id.
    pub track: u32,
    /// Decoding time, in the track's units.
    pub decode_time: u64,
    /// Duration, in the track's units.
    pub duration: u32,
    /// From decoding to showing, in the track's units.
    pub composition_offset: u32,
    /// Whether decoding can start here (sound always can).
    pub key: bool,
    /// Where its bytes are, counted from the start of the `moof`.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u32,
}

/// Reads the samples of a `moof` (its body, without header).
pub fn samples(moof: &[u8]) -> Option<Vec<Sample>> {
    let mut samples = Vec::new();
    for (kind, traf) in boxes(moof) {
        if kind != *b"traf" {
            continue;
        }
        let track = Fields(find(traf, &[b"tfhd"])?.get(4..)?).u32()?;
        let mut decode_time = Fields(find(traf, &[b"tfdt"])?.get(4..)?).u64()?;
        let mut run = Fields(find(traf, &[b"trun"])?);
        let flags = run.u32()? & 0xFF_FFFF;
        let count = run.u32()?;
        if count > MAX_SAMPLES || flags & 0x301 != 0x301 {
            return None;
        }
        let mut offset = u64::from(run.u32()?);
        for _ in 0..count {
            let (duration, size) = (run.u32()?, run.u32()?);
            let sample_flags = if flags & 0x400 != 0 { run.u32()? } else { KEY_SAMPLE };
            let composition_offset = if flags & 0x800 != 0 { run.u32()? } else { 0 };
            let key = sample_flags == KEY_SAMPLE;
            samples.push(Sample { track, decode_time, duration, composition_offset, key, offset, size });
            offset += u64::from(size);
            decode_time = decode_time.checked_add(u64::from(duration))?;
        }
    }
    Some(samples)
}

/// What a picture of a `moof` (its body, without header) usually takes, in ticks, where that is said: by this it was chosen
/// what is promised of the stream's segments.
pub fn usual_duration(moof: &[u8]) -> Option<u32> {
    let mut header = Fields(find(moof, &[b"traf", b"tfhd"])?);
    let (flags, track) = (header.u32()?, header.u32()?);
    if track == VIDEO_TRACK && flags & USUAL_DURATION != 0 { header.u32() } else { None }
}

/// Reads an init segment back (`ftyp` and `moov`): the pictures' parameters, and the sound's.
pub fn read_init_segment(init: &[u8]) -> Option<(VideoParams, Option<AudioParams>)> {
    let moov = find(init, &[b"moov"])?;
    let (mut video, mut audio) = (None, None);
    for track in boxes(moov).filter(|(kind, _)| kind == b"trak").map(|(_, trak)| Track::parse(trak, MOVIE_TIMESCALE)) {
        match track.ok()??.entries.into_iter().next()? {
            Entry::Pictures(mut pictures) => video = Some(pictures.params()?.as_ref().clone()),
            Entry::Sound(params) => audio = Some(params),
            Entry::Other(_) => {}
        }
    }
    Some((video?, audio))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    use crate::ground::frame::Rotation;
    use crate::wire::aac::parse_config;
    use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
    use crate::wire::fmp4::init::init_segment;
    use crate::wire::h264::params::ParameterSets;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use crate::wire::mp4::boxes::BoxHeader;
    use crate::wire::opus;
    use proptest::prelude::*;

    fn params() -> (VideoParams, AudioParams) {
        let mut sets = ParameterSets::default();
        sets.take(SPS_360);
        sets.take(PPS);
        let audio = parse_config(&Bytes::from_static(&[0x11, 0x88])).expect("a good configuration");
        ((*sets.current().expect("good sets")).clone(), audio)
    }

    fn a_fragment() -> Bytes {
        let picture = VideoSample {
            decode_time: 9000,
            duration: 3000,
            usual_duration: Some(3003),
            composition_offset: 6000,
            key: true,
            data: &[1; 50],
        };
        let sound = AudioRun {
            decode_time: 4800,
            samples: vec![(1024, Bytes::from_static(&[2; 7])), (1024, vec![3; 9].into())],
        };
        fragment(1, ReferenceTime(5), Some(&picture), &sound)
    }

    #[test]
    fn init_segments_are_read_back() {
        let (video, audio) = params();
        let init = init_segment(&video, Some(&audio));
        assert_eq!(read_init_segment(&init), Some((video.clone(), Some(audio))));
        assert_eq!(read_init_segment(&init_segment(&video, None)), Some((video.clone(), None)));
        for channels in [1, 2] {
            let sound = opus::params(channels, 312).expect("one channel or two");
            assert_eq!(read_init_segment(&init_segment(&video, Some(&sound))), Some((video.clone(), Some(sound))));
        }
    }

    #[test]
    fn how_pictures_are_turned_is_read_back() {
        for rotation in [Rotation::Right, Rotation::Half, Rotation::Left] {
            let turned = VideoParams { rotation, ..params().0 };
            assert_eq!(read_init_segment(&init_segment(&turned, None)), Some((turned, None)));
        }
    }

    #[test]
    fn fragments_are_read_back() {
        let bytes = a_fragment();
        let kinds: Vec<_> = boxes(&bytes).map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [*b"prft", *b"moof", *b"mdat"]);
        let moof_at = 32;
        let moof = find(&bytes, &[b"moof"]).expect("a moof");
        assert_eq!(usual_duration(moof), Some(3003));
        let found = samples(moof).expect("our own fragment");
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].track, found[0].decode_time, found[0].composition_offset), (1, 9000, 6000));
        assert_eq!((found[2].track, found[2].decode_time), (2, 4800 + 1024));
        for (sample, byte) in found.iter().zip([1, 2, 3]) {
            let data = &bytes[moof_at + sample.offset as usize..][..sample.size as usize];
            assert!(data.iter().all(|found| *found == byte), "sample {byte}");
        }
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_answered(at in 0_usize..200, byte: u8, cut in 0_usize..300) {
            let (video, audio) = params();
            for whole in [a_fragment(), init_segment(&video, Some(&audio))] {
                let mut bytes = whole.to_vec();
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
                bytes.truncate(cut);
                let _ = read_init_segment(&bytes);
                for (_, body) in boxes(&bytes) {
                    let _ = (samples(body), usual_duration(body));
                }
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = (read_init_segment(&bytes), samples(&bytes), usual_duration(&bytes), BoxHeader::read(&bytes));
        }
    }
}
