//! Finds its way in what was written: boxes, fragments and descriptions (14496-12, 4.2, 8.8; 14496-15, 5.3.3).
//!
//! It reads what this house wrote, also after a power cut: whatever doesn't add up is `None`, never a panic.

use bytes::Bytes;

use crate::ground::frame::{AudioParams, VideoParams};
use crate::wire::aac::parse_config;
use crate::wire::fmp4::fragment::KEY_SAMPLE;
use crate::wire::h264::params::ParameterSets;

/// Bytes of the longest box header.
pub const MAX_HEADER_BYTES: usize = 16;
/// Samples a fragment of ours may have.
const MAX_SAMPLES: u32 = 4096;

/// A box's kind and measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxHeader {
    /// Its four letters.
    pub kind: [u8; 4],
    /// Bytes of the header.
    pub header: u64,
    /// Bytes of the whole box.
    pub size: u64,
}

impl BoxHeader {
    /// Reads a header; `None` if it is cut short or contradicts itself.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (header, size) = match u32::from_be_bytes(*size) {
            1 => (16, u64::from_be_bytes(*rest.first_chunk::<8>()?)),
            size => (8, u64::from(size)),
        };
        (size >= header).then_some(Self { kind: *kind, header, size })
    }
}

/// The boxes in `bytes`: kinds and bodies. Ends at the first that isn't whole.
pub fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let header = BoxHeader::read(bytes)?;
        let whole = bytes.get(..usize::try_from(header.size).ok()?)?;
        bytes = &bytes[whole.len()..];
        Some((header.kind, &whole[header.header as usize..]))
    })
}

/// The body of the box at this path of kinds.
fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| boxes(bytes).find(|(found, _)| found == *kind).map(|(_, body)| body))
}

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

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (value, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*value))
    }

    fn u64(&mut self) -> Option<u64> {
        let (value, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*value))
    }
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

/// Reads an init segment back (`ftyp` and `moov`): the pictures' parameters, and the sound's.
pub fn description(init: &[u8]) -> Option<(VideoParams, Option<AudioParams>)> {
    let moov = find(init, &[b"moov"])?;
    let (mut video, mut audio) = (None, None);
    for (kind, trak) in boxes(moov) {
        if kind != *b"trak" {
            continue;
        }
        let entries = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?.get(8..)?;
        let (kind, entry) = boxes(entries).next()?;
        match &kind {
            b"avc1" => video = Some(avc_parameters(find(entry.get(78..)?, &[b"avcC"])?)?),
            b"mp4a" => audio = Some(aac_parameters(find(entry.get(28..)?, &[b"esds"])?)?),
            _ => {}
        }
    }
    Some((video?, audio))
}

fn avc_parameters(configuration: &[u8]) -> Option<VideoParams> {
    let mut sets = ParameterSets::default();
    let mut rest = configuration.get(5..)?;
    for mask in [31, 255] {
        let (count, after) = rest.split_first()?;
        rest = after;
        for _ in 0..count & mask {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (nal, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            sets.take(nal);
            rest = after;
        }
    }
    sets.current().map(|params| (*params).clone())
}

fn aac_parameters(esds: &[u8]) -> Option<AudioParams> {
    let mut rest = esds.get(4..)?;
    loop {
        let (tag, after) = rest.split_first()?;
        let (length, body) = after.split_first_chunk::<4>()?;
        let length = length.iter().fold(0_usize, |length, byte| length << 7 | usize::from(byte & 0x7F));
        match tag {
            3 => rest = body.get(3..)?,
            4 => rest = body.get(13..)?,
            5 => return parse_config(&Bytes::copy_from_slice(body.get(..length)?)).ok(),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
    use crate::wire::fmp4::init::init_segment;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use proptest::prelude::*;

    fn params() -> (VideoParams, AudioParams) {
        let mut sets = ParameterSets::default();
        sets.take(SPS_360);
        sets.take(PPS);
        let audio = parse_config(&Bytes::from_static(&[0x11, 0x88])).expect("a good configuration");
        ((*sets.current().expect("good sets")).clone(), audio)
    }

    fn a_fragment() -> Bytes {
        let picture =
            VideoSample { decode_time: 9000, duration: 3000, composition_offset: 6000, key: true, data: &[1; 50] };
        let sound = AudioRun {
            decode_time: 4800,
            samples: vec![(1024, Bytes::from_static(&[2; 7])), (1024, vec![3; 9].into())],
        };
        fragment(1, ReferenceTime(5), Some(&picture), &sound)
    }

    #[test]
    fn descriptions_are_read_back() {
        let (video, audio) = params();
        let init = init_segment(&video, Some(&audio));
        assert_eq!(description(&init), Some((video.clone(), Some(audio))));
        assert_eq!(description(&init_segment(&video, None)), Some((video, None)));
    }

    #[test]
    fn fragments_are_read_back() {
        let bytes = a_fragment();
        let kinds: Vec<_> = boxes(&bytes).map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [*b"prft", *b"moof", *b"mdat"]);
        let moof_at = 32;
        let found = samples(find(&bytes, &[b"moof"]).expect("a moof")).expect("our own fragment");
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
                let _ = description(&bytes);
                for (_, body) in boxes(&bytes) {
                    let _ = samples(body);
                }
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _ = (description(&bytes), samples(&bytes), BoxHeader::read(&bytes));
        }
    }
}
