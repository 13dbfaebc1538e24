//! Coded pictures of two encoders under one description (14496-15, 5.3.3.1): the parameter sets of the second get ids that
//! the first has not, and its slices name them (H.264, 7.3.2.1.1, 7.3.2.2 and 7.3.3).
//!
//! A slice's bits behind the id must not move within their bytes, where samples without compression lie: so the new id is
//! one that takes exactly a byte more than the old one, 0.

use std::borrow::Cow;

use bytes::Bytes;
use h264_reader::nal::sps::{
    BitstreamRestrictions, OverscanAppropriate, SeqParamSetId, SeqParameterSet, VuiParameters,
};
use h264_reader::nal::{NalHeader, WritableNal as _};
use h264_reader::rbsp::decode_nal;

use super::format::read_sps;
use super::params::{pps_ids, sps_id};
use super::{kind, nal_type};
use crate::ground::frame::VideoParams;

/// Ids of PPS that take nine bits, where 0 takes one.
const PPS_IDS: std::ops::RangeInclusive<u32> = 15..=30;
/// The largest id of an SPS.
const MAX_SPS_ID: u32 = 31;

/// The ids that an encoder's sets get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renumbering {
    sps: u32,
    pps: u32,
}

impl Renumbering {
    /// Ids that nothing described by `params` has; `None` if all are taken.
    pub fn beside(params: &VideoParams) -> Option<Self> {
        let all = || std::iter::once(&params.sps).chain(&params.pps).chain(&params.others);
        let of = |wanted| all().filter(move |set| set.first().is_some_and(|head| kind(*head) == wanted));
        let is_sps = |id: u32| of(nal_type::SPS).any(|sps| sps_id(sps) == Some(id));
        let is_pps = |id: u32| of(nal_type::PPS).any(|pps| pps_ids(pps).is_some_and(|(pps, _)| pps == id));
        Some(Self { sps: (1..=MAX_SPS_ID).rev().find(|id| !is_sps(*id))?, pps: PPS_IDS.rev().find(|id| !is_pps(*id))? })
    }

    /// The SPS `coded`, with what `source` says of how its pictures are shown, and for players that can do what the source
    /// needs; `None` if one of them can't be read.
    pub fn sps(&self, coded: &[u8], source: &[u8]) -> Option<Bytes> {
        let (sps, of_source) = (read_sps(coded)?, read_sps(source)?);
        let usual = VuiParameters {
            aspect_ratio_info: None,
            overscan_appropriate: OverscanAppropriate::Unspecified,
            video_signal_type: None,
            chroma_loc_info: None,
            timing_info: None,
            nal_hrd_parameters: None,
            vcl_hrd_parameters: None,
            low_delay_hrd_flag: None,
            pic_struct_present_flag: false,
            bitstream_restrictions: None,
        };
        let vui = VuiParameters {
            nal_hrd_parameters: None,
            vcl_hrd_parameters: None,
            low_delay_hrd_flag: None,
            pic_struct_present_flag: false,
            // They are shown as they come.
            bitstream_restrictions: Some(BitstreamRestrictions {
                motion_vectors_over_pic_boundaries_flag: true,
                max_bytes_per_pic_denom: 0,
                max_bits_per_mb_denom: 0,
                log2_max_mv_length_horizontal: 16,
                log2_max_mv_length_vertical: 16,
                max_num_reorder_frames: 0,
                max_dec_frame_buffering: sps.max_num_ref_frames,
            }),
            ..of_source.vui_parameters.unwrap_or(usual)
        };
        let level_idc = *coded.get(3)?.max(source.get(3)?);
        let seq_parameter_set_id = SeqParamSetId::from_u32(self.sps).ok()?;
        let sps = SeqParameterSet { level_idc, seq_parameter_set_id, vui_parameters: Some(vui), ..sps };
        Some(sps.to_vec_with_header(NalHeader::new(*coded.first()?).ok()?).into())
    }

    /// The PPS `coded`, of ids 0 for both; `None` if it is of others.
    pub fn pps(&self, coded: &[u8]) -> Option<Bytes> {
        let rbsp = rbsp(coded).filter(|_| pps_ids(coded) == Some((0, 0)))?;
        let mut bits = Bits::default();
        [self.pps, self.sps].into_iter().for_each(|id| bits.number(id));
        let last = rbsp.iter().rposition(|byte| *byte != 0)?;
        let stop = last * 8 + 7 - rbsp[last].trailing_zeros() as usize;
        // Behind both ids, a bit each, up to the stop bit.
        (2..=stop).for_each(|at| bits.push(rbsp[at / 8] >> (7 - at % 8) & 1 == 1));
        Some(escaped(*coded.first()?, &bits.bytes))
    }

    /// The slice `coded`, of the PPS 0; `None` if it is of another.
    pub fn slice(&self, coded: &[u8]) -> Option<Bytes> {
        let rbsp = rbsp(coded)?;
        // The first macroblock and the slice's type come before the id.
        let mut at = 0;
        for _ in 0..2 {
            let zeros = (at..rbsp.len().min(16) * 8).take_while(|at| rbsp[at / 8] >> (7 - at % 8) & 1 == 0).count();
            at += 2 * zeros + 1;
        }
        let (byte, bit) = (at / 8, at % 8);
        let split = *rbsp.get(byte)?;
        if split >> (7 - bit) & 1 == 0 {
            return None;
        }
        let mut bits = Bits::default();
        (0..bit).for_each(|at| bits.push(split >> (7 - at) & 1 == 1));
        bits.number(self.pps);
        (bit + 1..8).for_each(|at| bits.push(split >> (7 - at) & 1 == 1));
        Some(escaped(*coded.first()?, &[&rbsp[..byte], &bits.bytes, &rbsp[byte + 1..]].concat()))
    }
}

/// What is in a NAL unit, without its header and emulation prevention.
fn rbsp(nal: &[u8]) -> Option<Cow<'_, [u8]>> {
    if nal.is_empty() { None } else { decode_nal(nal).ok() }
}

/// Bits that are written one after the other; the last byte is filled up with zeros.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.count.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.count % 8);
        }
        self.count += 1;
    }

    /// An Exp-Golomb number (H.264, 9.1).
    fn number(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let bits = 64 - code.leading_zeros();
        (0..bits - 1).for_each(|_| self.push(false));
        (0..bits).rev().for_each(|bit| self.push(code >> bit & 1 == 1));
    }
}

/// A NAL unit of this header byte and RBSP, with emulation prevention (H.264, 7.4.1).
fn escaped(header: u8, rbsp: &[u8]) -> Bytes {
    let mut nal = Vec::with_capacity(rbsp.len() + rbsp.len() / 64 + 8);
    nal.push(header);
    let mut zeros = 0;
    for byte in rbsp {
        if zeros == 2 && *byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        nal.push(*byte);
    }
    nal.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::frame::Rotation;
    use crate::wire::h264::format::PictureFormat;
    use crate::wire::h264::format::tests::sps;
    use crate::wire::h264::params::ParameterSets;
    use crate::wire::h264::params::tests::{PPS, SPS_360};
    use proptest::prelude::*;

    fn source() -> VideoParams {
        let mut sets = ParameterSets::default();
        [SPS_360, PPS].into_iter().for_each(|set| sets.take(set));
        VideoParams { rotation: Rotation::Right, ..(*sets.current().expect("good sets")).clone() }
    }

    #[test]
    fn ids_are_those_that_nobody_has() {
        let source = source();
        let first = Renumbering::beside(&source).expect("there are free ones");
        assert_eq!(first, Renumbering { sps: 31, pps: 30 });
        let sets = vec![first.sps(&sps(40, 23, 1), SPS_360).expect("good"), first.pps(PPS).expect("good")];
        let second = Renumbering::beside(&VideoParams { others: sets, ..source });
        assert_eq!(second, Some(Renumbering { sps: 30, pps: 29 }));
    }

    #[test]
    fn sets_say_the_same_under_other_ids() {
        let ids = Renumbering { sps: 31, pps: 30 };
        let renumbered = ids.sps(&sps(40, 23, 1), SPS_360).expect("good");
        let format = PictureFormat::read(&renumbered).expect("good");
        assert_eq!((sps_id(&renumbered), format.width, format.height), (Some(31), 640, 368));
        let of_source = read_sps(SPS_360).and_then(|sps| sps.vui_parameters).expect("it has some");
        let vui = read_sps(&renumbered).and_then(|sps| sps.vui_parameters).expect("it has some");
        assert_eq!(vui.video_signal_type, of_source.video_signal_type);
        assert_eq!(vui.bitstream_restrictions.map(|known| known.max_num_reorder_frames), Some(0));
        let pps = ids.pps(PPS).expect("good");
        assert_eq!(pps_ids(&pps), Some((30, 31)));
        assert_eq!(ids.pps(&pps), None, "it has other ids already");
        // The bits behind the ids: of the one from the third on, of the other from the twenty-first.
        let bits = |bytes: &[u8], skip: usize| {
            let bits: String = bytes[1..].iter().map(|byte| format!("{byte:08b}")).collect();
            bits[skip..].trim_end_matches('0').to_owned()
        };
        assert_eq!(bits(&pps, 9 + 11), bits(PPS, 2));
    }

    proptest! {
        #[test]
        fn slices_keep_what_follows(first in 0_u32..9000, of in 0_u32..10, rest in proptest::collection::vec(any::<u8>(), 0..60), pps in PPS_IDS) {
            let mut bits = Bits::default();
            [first, of, 0].into_iter().for_each(|number| bits.number(number));
            while !bits.count.is_multiple_of(8) {
                bits.push(true);
            }
            let coded = escaped(0x41, &[&bits.bytes[..], &rest, &[0x80]].concat());
            let slice = Renumbering { sps: 31, pps }.slice(&coded).expect("it is of PPS 0");
            let (before, after) = (decode_nal(&coded).expect("good"), decode_nal(&slice).expect("good"));
            prop_assert_eq!(after.len(), before.len() + 1);
            prop_assert!(after.ends_with(&[&rest[..], &[0x80]].concat()));
            prop_assert!(!slice.windows(3).any(|bytes| matches!(bytes, [0, 0, 0..=2])));
            let mut sets = ParameterSets::default();
            [SPS_360, PPS].into_iter().for_each(|set| sets.take(set));
            let ids = Renumbering { sps: 5, pps };
            [ids.sps(&sps(20, 15, 1), SPS_360), ids.pps(PPS)].iter().flatten().for_each(|set| sets.take(set));
            sets.use_for(&slice);
            // Larger numbers of a first macroblock are not read there.
            prop_assert_eq!(sets.current().map(|params| params.width), Some(if first <= 510 { 320 } else { 640 }));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let ids = Renumbering { sps: 31, pps: 30 };
            let _ = (ids.slice(&bytes), ids.pps(&bytes), ids.sps(&bytes, &bytes), ids.sps(&bytes, SPS_360));
        }
    }
}
