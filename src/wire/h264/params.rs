//! Parameter sets (H.264, 7.3.2.1 and 7.3.2.2): what holds for the pictures that follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use h264_reader::nal::sps::{BitstreamRestrictions, FrameMbsFlags, PicOrderCntType, SeqParameterSet};

use crate::ground::frame::{Rotation, VideoParams};
use crate::ground::not_ready::NotReady;
use crate::ground::time::Ticks90k;
use crate::wire::h264::format::read_sps;
use crate::wire::h264::{kind, nal_type};

/// A parameter set larger than this is none (the standard's own bound is far below).
const MAX_SET_BYTES: usize = 4096;
/// Picture parameter sets that are held at once; the standard allows 256, encoders use one or two.
const MAX_PPS: usize = 32;
/// The largest id of an SPS (H.264, 7.4.2.1.1).
const MAX_SPS_ID: u32 = 31;

/// Numbers at the beginning of some bytes, such as the ids of sets; none is far behind.
struct Numbers(u64);

impl Numbers {
    /// Without the bytes that prevent emulation (H.264, 7.4.1).
    fn of(bytes: &[u8]) -> Self {
        let (mut word, mut zeros) = ([0; 8], 0);
        let emulated = bytes.iter().filter(|byte| {
            let prevents = zeros >= 2 && **byte == 3;
            zeros = if **byte == 0 { zeros + 1 } else { 0 };
            !prevents
        });
        for (into, byte) in word.iter_mut().zip(emulated) {
            *into = *byte;
        }
        Self(u64::from_be_bytes(word))
    }

    /// The next `count` bits, at most 16.
    fn bits(&mut self, count: u8) -> u32 {
        let number = (self.0 >> 48) as u32 >> (16 - count);
        self.0 <<= count;
        number
    }

    /// The next Exp-Golomb number (9.1), if it is below 256.
    fn next(&mut self) -> Option<u32> {
        let zeros = self.0.leading_zeros();
        if zeros > 8 {
            return None;
        }
        let number = (self.0 >> (63 - 2 * zeros)) as u32 - 1;
        self.0 <<= 2 * zeros + 1;
        Some(number)
    }
}

/// The ids of a PPS and of the SPS it builds on (H.264, 7.3.2.2).
pub(super) fn pps_ids(pps: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = Numbers::of(pps.get(1..)?);
    Some((numbers.next()?, numbers.next().filter(|id| *id <= MAX_SPS_ID)?))
}

/// The id of an SPS: behind its header, profile, constraints and level (H.264, 7.3.2.1.1).
pub(super) fn sps_id(sps: &[u8]) -> Option<u32> {
    Numbers::of(sps.get(4..)?).next().filter(|id| *id <= MAX_SPS_ID)
}

/// Bits of `frame_num` in a slice whose picture builds on this SPS; `None` where it can't be read, or pictures may be fields
/// or planes: their slices say other things before it, and count otherwise.
fn frame_num_bits(sps: &[u8]) -> Option<u8> {
    let sps = read_sps(sps)?;
    let is_plain = matches!(sps.frame_mbs_flags, FrameMbsFlags::Frames) && !sps.chroma_info.separate_colour_plane_flag;
    is_plain.then_some(sps.log2_max_frame_num_minus4 + 4).filter(|bits| *bits <= 16)
}

/// The parameter sets seen so far, and the description they make.
#[derive(Clone, Debug, Default)]
pub struct ParameterSets {
    sps: BTreeMap<u32, Bytes>,
    /// Bits of `frame_num` in slices of pictures that build on the SPS of this id, where those are frames in one plane.
    frame_num_bits: BTreeMap<u32, u8>,
    /// Each with the id of its SPS.
    pps: BTreeMap<u32, (u32, Bytes)>,
    /// The SPS that the last key frame used.
    used: Option<u32>,
    current: Option<Arc<VideoParams>>,
    stale: bool,
}

impl ParameterSets {
    /// Takes an SPS or PPS NAL unit; others, and broken ones, are left alone.
    pub fn take(&mut self, nal: &[u8]) {
        if nal.len() < 2 || nal.len() > MAX_SET_BYTES {
            return;
        }
        match kind(nal[0]) {
            nal_type::SPS => {
                let Some(id) = sps_id(nal) else { return };
                if self.sps.get(&id).is_none_or(|known| &known[..] != nal) {
                    self.sps.insert(id, Bytes::copy_from_slice(nal));
                    self.frame_num_bits.remove(&id);
                    self.frame_num_bits.extend(frame_num_bits(nal).map(|bits| (id, bits)));
                    self.stale = true;
                }
            }
            nal_type::PPS => {
                let Some((id, sps)) = pps_ids(nal) else { return };
                if self.pps.get(&id).is_some_and(|(_, known)| &known[..] == nal) {
                    return;
                }
                if self.pps.len() < MAX_PPS || self.pps.contains_key(&id) {
                    self.pps.insert(id, (sps, Bytes::copy_from_slice(nal)));
                    self.stale = true;
                }
            }
            _ => {}
        }
    }

    /// Whether this SPS is the one that is known by its id.
    pub fn knows_sps(&self, nal: &[u8]) -> bool {
        sps_id(nal).and_then(|id| self.sps.get(&id)).is_some_and(|known| &known[..] == nal)
    }

    /// Takes the beginning of a slice of a key frame: it says which of the sets hold from here on (H.264, 7.3.3).
    pub fn use_for(&mut self, slice: &[u8]) {
        let mut numbers = Numbers::of(slice.get(1..).unwrap_or_default());
        let (_first_macroblock, _slice_type) = (numbers.next(), numbers.next());
        let Some((sps, _)) = numbers.next().and_then(|pps| self.pps.get(&pps)) else { return };
        if self.used != Some(*sps) {
            self.used = Some(*sps);
            self.stale = true;
        }
    }

    /// `frame_num` of a picture (H.264, 7.4.3), of whose first slice these are the first bytes, and how many such numbers
    /// there are. `None` where its sets are not known, or it may be a field.
    pub fn frame_num(&self, slice: &[u8]) -> Option<(u32, u32)> {
        let mut numbers = Numbers::of(slice.get(1..)?);
        let (_first_macroblock, _slice_type, pps) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let bits = *self.frame_num_bits.get(&self.pps.get(&pps)?.0)?;
        Some((numbers.bits(bits), 1 << bits))
    }

    /// What the sets say now: the same `Arc` until they change. `None` while one is missing or can't be read.
    pub fn current(&mut self) -> Option<Arc<VideoParams>> {
        if self.stale {
            self.stale = false;
            self.current = self.describe().map(Arc::new);
        }
        self.current.clone()
    }

    /// Why the sets say nothing; `None` where they do.
    pub fn trouble(&mut self) -> Option<NotReady> {
        let unread = |sps: &Bytes| read_sps(sps).is_none_or(|sps| sps.pixel_dimensions().is_err());
        match self.current() {
            Some(_) => None,
            None if self.sps.values().any(unread) => {
                let why = "its SPS can't be read; set the encoder to H.264 main or baseline";
                Some(NotReady::Unsupported(why.into()))
            }
            None => Some(NotReady::NoParameterSets),
        }
    }

    /// The sets that `described` leaves out, since its pictures don't name them: SPS, then PPS.
    pub fn others(&self, described: &VideoParams) -> Vec<Bytes> {
        let sps = self.sps.values().filter(|sps| **sps != described.sps);
        let pps = self.pps.values().map(|(_, pps)| pps).filter(|pps| !described.pps.contains(pps));
        sps.chain(pps).cloned().collect()
    }

    fn describe(&self) -> Option<VideoParams> {
        let (id, sps) = match self.used.and_then(|used| self.sps.get_key_value(&used)) {
            Some(used) => used,
            None => self.sps.first_key_value()?,
        };
        let parsed = read_sps(sps)?;
        let (width, height) = parsed.pixel_dimensions().ok()?;
        let pps: Vec<Bytes> = self.pps.values().filter(|(of, _)| of == id).map(|(_, pps)| pps.clone()).collect();
        if pps.is_empty() || width == 0 || height == 0 {
            return None;
        }
        let restrictions = parsed.vui_parameters.as_ref().and_then(|vui| vui.bitstream_restrictions.as_ref());
        let timing = parsed.vui_parameters.as_ref().and_then(|vui| vui.timing_info.as_ref());
        Some(VideoParams {
            sps: sps.clone(),
            pps,
            others: Vec::new(),
            width,
            height,
            reorder_depth: reorder_depth(&parsed, restrictions),
            frame_duration: timing.and_then(|timing| {
                let ticks = i64::from(timing.num_units_in_tick) * 2 * Ticks90k::PER_SECOND;
                let duration = ticks.checked_div(i64::from(timing.time_scale))?;
                (duration > 0 && duration <= Ticks90k::PER_SECOND).then_some(Ticks90k(duration))
            }),
            rotation: Rotation::None,
        })
    }
}

/// How many pictures may precede one that is shown earlier (H.264, E.2.1), or `None` where the stream does not tell.
fn reorder_depth(sps: &SeqParameterSet, restrictions: Option<&BitstreamRestrictions>) -> Option<u8> {
    let baseline = sps.profile().profile_idc() == 66;
    if baseline || matches!(sps.pic_order_cnt, PicOrderCntType::TypeTwo) {
        return Some(0);
    }
    restrictions.map(|known| known.max_num_reorder_frames.min(16) as u8)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 640×360, baseline, from x264.
    pub(crate) const SPS_360: &[u8] = &[
        0x67, 0x42, 0xC0, 0x1E, 0xD9, 0x00, 0xA0, 0x2F, 0xF9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00,
        0x03, 0x00, 0x3C, 0x0F, 0x16, 0x2E, 0x48,
    ];
    pub(crate) const PPS: &[u8] = &[0x68, 0xCB, 0x83, 0xCB, 0x20];

    #[test]
    fn sets_become_a_description() {
        let mut sets = ParameterSets::default();
        sets.take(SPS_360);
        assert!(sets.current().is_none(), "the PPS is missing");
        sets.take(PPS);
        let params = sets.current().expect("both sets are there");
        assert_eq!((params.width, params.height), (640, 360));
        assert_eq!(params.codec_string(), "avc1.42c01e");
        assert_eq!(params.reorder_depth, Some(0));
        assert_eq!(params.frame_duration, Some(Ticks90k(3000)));
    }

    #[test]
    fn the_same_sets_again_change_nothing() {
        let mut sets = ParameterSets::default();
        sets.take(SPS_360);
        sets.take(PPS);
        let before = sets.current().expect("both sets are there");
        sets.take(SPS_360);
        sets.take(PPS);
        assert!(Arc::ptr_eq(&before, &sets.current().expect("still there")));
    }

    #[test]
    fn ids_are_read() {
        assert_eq!(pps_ids(PPS), Some((0, 0)));
        assert_eq!(pps_ids(&[0x68, 0b0101_0000]), Some((1, 0)));
        assert_eq!(pps_ids(&[0x68, 0b0001_0100, 0b1000_0000]), Some((9, 1)));
        assert_eq!(pps_ids(&[0x68, 0b0000_0000, 0b1000_0000, 0b0100_0000]), Some((255, 0)));
        assert_eq!(pps_ids(&[0x68, 0b1000_0010, 0b0001_0000]), None, "an SPS of id 32");
        for none in [&[0x68][..], &[0x68, 0, 0], &[0x68, 0b0100_0000]] {
            assert_eq!(pps_ids(none), None);
        }
        assert_eq!(sps_id(SPS_360), Some(0));
        assert_eq!(sps_id(&[0x67, 66, 0xC0]), None);
    }

    #[test]
    fn bytes_behind_an_sps_mean_nothing() {
        // Reolink's cameras send these in-band.
        for sps in [
            &[
                0x67, 0x64, 0x00, 0x33, 0xac, 0x15, 0x14, 0xa0, 0xa0, 0x3d, 0xa1, 0x00, 0x00, 0x04, 0xf6, 0x00, 0x00,
                0x63, 0x38, 0x04, 0x04,
            ],
            &[
                0x67, 0x64, 0x00, 0x33, 0xac, 0x15, 0x14, 0xa0, 0xa0, 0x3d, 0xa1, 0x00, 0x00, 0x04, 0xf6, 0x00, 0x00,
                0x94, 0xd4, 0x04, 0x04,
            ],
        ] {
            let mut sets = ParameterSets::default();
            sets.take(sps);
            sets.take(PPS);
            let params = sets.current().expect("as ffmpeg reads it");
            assert_eq!((params.width, params.height), (640, 480));
        }
    }

    #[test]
    fn the_sets_that_pictures_name_hold() {
        let small = crate::wire::h264::format::tests::sps(20, 15, 1);
        let mut large = crate::wire::h264::format::tests::sps(80, 45, 1);
        // Id 0 is one bit; written anew as 1, with what follows two bits later.
        large = with_id_1(&large);
        let pps_of_1: &[u8] = &[0x68, 0b0100_1011, 0b1100_1011, 0x80];
        let mut sets = ParameterSets::default();
        for nal in [&small[..], &large, PPS, pps_of_1] {
            sets.take(nal);
        }
        let size = |sets: &mut ParameterSets| sets.current().map(|params| (params.width, params.pps.len()));
        // First macroblock 0, an I slice of all, PPS 0 or 1.
        sets.use_for(&[0x65, 0b1000_1000, 0b1000_0000]);
        assert_eq!(size(&mut sets), Some((320, 1)));
        sets.use_for(&[0x65, 0b1000_1000, 0b0100_0000]);
        assert_eq!(size(&mut sets), Some((1280, 1)));
        sets.use_for(&[0x65, 0b1000_1000, 0b0110_0000]);
        assert_eq!(size(&mut sets), Some((1280, 1)), "one that nobody knows");
    }

    #[test]
    fn pictures_are_numbered() {
        let mut sets = ParameterSets::default();
        assert_eq!(sets.frame_num(&[0x41, 0x9A, 7]), None, "its sets are not known");
        sets.take(SPS_360);
        sets.take(PPS);
        // First macroblock 0, a P slice of all, PPS 0, then four bits.
        assert_eq!(sets.frame_num(&[0x41, 0b1001_1010, 0b1010_0000]), Some((5, 16)));
        assert_eq!(sets.frame_num(&[0x41, 0b1001_1011, 0b1110_0000]), Some((15, 16)));
        assert_eq!(sets.frame_num(&[0x41]), None);
        assert_eq!(Numbers::of(&[0x80, 0, 0, 3, 1, 0, 0, 3]).0, 0x8000_0001_0000_0000);
    }

    /// An SPS of id 0 with the id 1.
    fn with_id_1(sps: &[u8]) -> Vec<u8> {
        let bits: String = sps[4..].iter().map(|byte| format!("{byte:08b}")).collect();
        let bits = format!("010{}", &bits[1..]);
        let bits = format!("{bits:0<width$}", width = bits.len().div_ceil(8) * 8);
        let bytes = bits.as_bytes().chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | (bit - b'0')));
        sps[..4].iter().copied().chain(bytes).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(nals: Vec<Vec<u8>>) {
            let mut sets = ParameterSets::default();
            for mut nal in nals {
                if let Some(first) = nal.first_mut() {
                    *first = if *first & 1 == 0 { 0x67 } else { 0x68 };
                }
                sets.take(&nal);
                let _ = sets.current();
            }
        }
    }
}
