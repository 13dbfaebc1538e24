//! How a stream's pictures are coded, as its SPS says (H.264, 7.3.2.1.1 and 7.4.2.1.1): what its decoder must be able to do.

use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet, SpsError};
use h264_reader::nal::{NalHeader, WritableNal as _};
use h264_reader::rbsp::{BitReader, BitReaderError, decode_nal};

use super::nal_type;

/// `level_idc` of level 6.2 (H.264, table A-1).
const HIGHEST_LEVEL: u8 = 62;
/// The standard's own bound for `max_num_ref_frames` (H.264, A.3.1).
const MAX_REFERENCE_FRAMES: u32 = 16;

/// Bytes behind the end of an SPS that are passed over.
const MAX_BEHIND: usize = 32;

/// How colour is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// There is none (4:0:0).
    Monochrome,
    /// Half as often both ways (4:2:0): what cameras and phones send.
    Yuv420,
    /// Half as often across (4:2:2).
    Yuv422,
    /// As often as luma (4:4:4).
    Yuv444,
}

/// What an SPS says of the pictures.
#[derive(Clone, Debug)]
pub struct PictureFormat {
    /// `profile_idc` (H.264, A.2).
    pub profile: u8,
    /// Width shown, in pixels (after cropping).
    pub width: u32,
    /// Height shown, in pixels (after cropping).
    pub height: u32,
    /// Macroblocks (16 × 16 pixels) in a row, and rows of them, before cropping.
    pub macroblocks: (u32, u32),
    /// Bits of a sample, the larger of luma's and chroma's.
    pub bit_depth: u8,
    /// How colour is sampled.
    pub chroma: Chroma,
    /// Pictures that others may refer to, at once.
    pub reference_frames: u32,
    /// Whether pictures may be fields.
    pub interlaced: bool,
    /// Whether pictures may be coded without loss.
    pub lossless: bool,
    header: NalHeader,
    sps: SeqParameterSet,
}

/// Reads an SPS NAL unit; `None` if it is none.
///
/// The level is left out of account: encoders announce levels their own pictures exceed, and no decoder minds. So are
/// bytes behind its end, which Reolink's cameras send.
pub(super) fn read_sps(nal: &[u8]) -> Option<SeqParameterSet> {
    let header = NalHeader::new(*nal.first()?).ok()?;
    let mut rbsp = decode_nal(nal).ok().filter(|_| header.nal_unit_type().id() == nal_type::SPS)?.into_owned();
    *rbsp.get_mut(2)? = HIGHEST_LEVEL;
    for _ in 0..=MAX_BEHIND {
        match SeqParameterSet::from_bits(BitReader::new(&rbsp[..])) {
            Err(SpsError::RbspReaderError(BitReaderError::RemainingData)) => drop(rbsp.pop()),
            read => return read.ok(),
        }
    }
    None
}

impl PictureFormat {
    /// Reads an SPS; `None` if it is none, or describes no picture.
    pub fn read(nal: &[u8]) -> Option<Self> {
        let header = NalHeader::new(*nal.first()?).ok()?;
        let sps = read_sps(nal)?;
        let (width, height) = sps.pixel_dimensions().ok()?;
        if width == 0 || height == 0 || sps.max_num_ref_frames > MAX_REFERENCE_FRAMES {
            return None;
        }
        let info = &sps.chroma_info;
        let interlaced = !matches!(sps.frame_mbs_flags, FrameMbsFlags::Frames);
        Some(Self {
            profile: sps.profile_idc.into(),
            width,
            height,
            macroblocks: (
                sps.pic_width_in_mbs(),
                sps.pic_height_in_map_units().checked_mul(if interlaced { 2 } else { 1 })?,
            ),
            bit_depth: 8u8.checked_add(info.bit_depth_luma_minus8.max(info.bit_depth_chroma_minus8))?,
            chroma: match info.chroma_format {
                ChromaFormat::Monochrome => Chroma::Monochrome,
                ChromaFormat::YUV420 => Chroma::Yuv420,
                ChromaFormat::YUV422 => Chroma::Yuv422,
                _ => Chroma::Yuv444,
            },
            reference_frames: sps.max_num_ref_frames,
            interlaced,
            lossless: info.qpprime_y_zero_transform_bypass_flag,
            header,
            sps,
        })
    }

    /// The SPS written anew for a decoder of single key frames: one reference picture, the level `level_idc`, no VUI.
    /// A key frame needs no more, the decoder holds less memory, and sees nothing that has not been read here.
    pub fn key_frame_sps(&self, level_idc: u8) -> Vec<u8> {
        let sps = SeqParameterSet { level_idc, max_num_ref_frames: 1, vui_parameters: None, ..self.sps.clone() };
        sps.to_vec_with_header(self.header)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A baseline SPS of so many macroblocks each way: the fields of 7.3.2.1.1 one after the other.
    pub(crate) fn sps(across: u32, down: u32, reference_frames: u32) -> Vec<u8> {
        let mut bits = String::new();
        let ue = |value: u32| {
            let code = format!("{:b}", value + 1);
            "0".repeat(code.len() - 1) + &code
        };
        for value in [0, 0, 2, reference_frames] {
            bits += &ue(value); // id, log2_max_frame_num, pic_order_cnt_type 2, max_num_ref_frames
        }
        bits += "0";
        bits += &ue(across - 1);
        bits += &ue(down - 1);
        bits += "11001"; // frame_mbs_only, direct_8x8, no cropping, no VUI, stop bit
        bits += &"0".repeat((8 - bits.len() % 8) % 8);
        let mut nal = vec![0x67, 66, 0xc0, 40];
        for byte in bits.as_bytes().chunks(8) {
            let byte = byte.iter().fold(0, |value, bit| value << 1 | (bit - b'0'));
            if nal.ends_with(&[0, 0]) && byte <= 3 {
                nal.push(3); // emulation prevention (7.4.1)
            }
            nal.push(byte);
        }
        nal
    }

    #[test]
    fn an_sps_is_read_whatever_level_it_claims() {
        let mut low = sps(256, 144, 1);
        low[3] = 10;
        let format = PictureFormat::read(&low).expect("good");
        assert_eq!((format.profile, format.width, format.height), (66, 4096, 2304));
        assert_eq!((format.bit_depth, format.chroma, format.interlaced), (8, Chroma::Yuv420, false));
    }

    #[test]
    fn what_is_no_sps_is_refused() {
        for bad in [&[][..], &[0x67], &[0x68, 66, 0xc0, 40, 0xff], &[0x67, 66, 0xc0, 40, 0, 0, 0, 0]] {
            assert!(PictureFormat::read(bad).is_none());
        }
        assert!(PictureFormat::read(&sps(80, 45, 17)).is_none());
    }

    #[test]
    fn key_frames_get_an_sps_of_their_own() {
        let written = PictureFormat::read(&sps(80, 45, 4)).expect("good").key_frame_sps(51);
        let ours = sps(80, 45, 1);
        assert_eq!((written[3], &written[4..]), (51, &ours[4..]));
    }
}
