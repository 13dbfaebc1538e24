//! Parameter sets (H.264, 7.3.2.1 and 7.3.2.2): what holds for the pictures that follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use h264_reader::nal::sps::{BitstreamRestrictions, PicOrderCntType, SeqParameterSet};

use crate::ground::frame::{Rotation, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::h264::format::read_sps;
use crate::wire::h264::{kind, nal_type};

/// A parameter set larger than this is none (the standard's own bound is far below).
const MAX_SET_BYTES: usize = 4096;
/// Picture parameter sets that are held at once; the standard allows 256, encoders use one or two.
const MAX_PPS: usize = 32;

/// The id of a PPS: the Exp-Golomb number behind its header, at most 255.
fn pps_id(pps: &[u8]) -> Option<u32> {
    let mut word = [0; 4];
    for (into, byte) in word.iter_mut().zip(pps.iter().skip(1)) {
        *into = *byte;
    }
    let word = u32::from_be_bytes(word);
    let zeros = word.leading_zeros();
    (zeros <= 8).then(|| (word >> (31 - 2 * zeros)) - 1)
}

/// The parameter sets seen so far, and the description they make.
#[derive(Clone, Debug, Default)]
pub struct ParameterSets {
    sps: Option<Bytes>,
    pps: BTreeMap<u32, Bytes>,
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
            nal_type::SPS if nal.len() >= 4 && self.sps.as_deref() != Some(nal) => {
                self.sps = Some(Bytes::copy_from_slice(nal));
                self.stale = true;
            }
            nal_type::PPS => {
                let Some(id) = pps_id(nal) else { return };
                if self.pps.get(&id).map(|known| &known[..]) == Some(nal) {
                    return;
                }
                if self.pps.len() < MAX_PPS || self.pps.contains_key(&id) {
                    self.pps.insert(id, Bytes::copy_from_slice(nal));
                    self.stale = true;
                }
            }
            _ => {}
        }
    }

    /// What the sets say now: the same `Arc` until they change. `None` while one is missing or can't be read.
    pub fn current(&mut self) -> Option<Arc<VideoParams>> {
        if self.stale {
            self.stale = false;
            self.current = self.describe().map(Arc::new);
        }
        self.current.clone()
    }

    fn describe(&self) -> Option<VideoParams> {
        let sps = self.sps.clone()?;
        let parsed = read_sps(&sps)?;
        let (width, height) = parsed.pixel_dimensions().ok()?;
        if self.pps.is_empty() || width == 0 || height == 0 {
            return None;
        }
        let restrictions = parsed.vui_parameters.as_ref().and_then(|vui| vui.bitstream_restrictions.as_ref());
        let timing = parsed.vui_parameters.as_ref().and_then(|vui| vui.timing_info.as_ref());
        Some(VideoParams {
            sps,
            pps: self.pps.values().cloned().collect(),
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
    fn pps_ids_are_read() {
        assert_eq!(pps_id(PPS), Some(0));
        assert_eq!(pps_id(&[0x68, 0b0100_0000]), Some(1));
        assert_eq!(pps_id(&[0x68, 0b0001_0100]), Some(9));
        assert_eq!(pps_id(&[0x68, 0, 0]), None);
        assert_eq!(pps_id(&[0x68]), None);
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
