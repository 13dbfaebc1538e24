//! What may reach the decoder, judged by the sequence parameter set alone (H.264, 7.3.2.1.1 and 7.4.2.1.1).
//!
//! OpenH264 decodes 8-bit 4:2:0 progressive streams of the baseline, main and high profiles; on others it fails late
//! and in words nobody understands, and it allocates what the stream asks for.

use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp::{BitReader, decode_nal};

use super::{CodecError, Unsupported};
use crate::ground::limits::{PICTURE_MACROBLOCKS, PICTURE_SIDE};

/// `profile_idc` of baseline, main and high (H.264, A.2).
const PROFILES: [u8; 3] = [66, 77, 100];

/// `level_idc` of level 6.2 (H.264, table A-1).
const HIGHEST_LEVEL: u8 = 62;

/// The size shown of a stream that can be decoded, in pixels.
pub(super) fn admit(sps: &[u8]) -> Result<(usize, usize), CodecError> {
    if sps.first().is_none_or(|header| header & 0x1f != 7) {
        return Err(CodecError::BadParameterSets);
    }
    let mut rbsp = decode_nal(sps).map_err(|_| CodecError::BadParameterSets)?.into_owned();
    // Encoders announce levels their own pictures exceed; the parser would refuse those, the decoder doesn't mind.
    *rbsp.get_mut(2).ok_or(CodecError::BadParameterSets)? = HIGHEST_LEVEL;
    let sps = SeqParameterSet::from_bits(BitReader::new(&rbsp[..])).map_err(|_| CodecError::BadParameterSets)?;
    let (width, height) = sps.pixel_dimensions().map_err(|_| CodecError::BadParameterSets)?;
    if let Some(kind) = refusal(&sps, width, height) {
        return Err(CodecError::Unsupported(kind));
    }
    if width == 0 || height == 0 || sps.max_num_ref_frames > 16 {
        return Err(CodecError::BadParameterSets);
    }
    Ok((width as usize, height as usize))
}

/// Why a stream can't be shown; the reason that says most comes first.
fn refusal(sps: &SeqParameterSet, width: u32, height: u32) -> Option<Unsupported> {
    let info = &sps.chroma_info;
    let bits = 8 + info.bit_depth_luma_minus8.max(info.bit_depth_chroma_minus8);
    let across = sps.pic_width_in_mbs();
    let frames_only = matches!(sps.frame_mbs_flags, FrameMbsFlags::Frames);
    let down = u64::from(sps.pic_height_in_map_units()) * if frames_only { 1 } else { 2 };
    let side = u64::from(PICTURE_SIDE / 16);
    if bits > 8 {
        Some(Unsupported::BitDepth(bits))
    } else if info.chroma_format != ChromaFormat::YUV420 {
        Some(Unsupported::Chroma(match info.chroma_format {
            ChromaFormat::Monochrome => "black-and-white (4:0:0)",
            ChromaFormat::YUV422 => "4:2:2",
            _ => "4:4:4",
        }))
    } else if info.qpprime_y_zero_transform_bypass_flag {
        Some(Unsupported::Lossless)
    } else if !frames_only {
        Some(Unsupported::Interlaced)
    } else if !PROFILES.contains(&u8::from(sps.profile_idc)) {
        Some(Unsupported::Profile(sps.profile_idc.into()))
    } else if u64::from(across) > side || down > side || u64::from(across) * down > PICTURE_MACROBLOCKS {
        Some(Unsupported::Size { width, height })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A baseline SPS of so many macroblocks each way: the fields of 7.3.2.1.1 one after the other.
    fn sps(across: u32, down: u32, reference_frames: u32) -> Vec<u8> {
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
    fn sizes_up_to_the_limit_pass() {
        assert_eq!(admit(&sps(80, 45, 1)), Ok((1280, 720)));
        assert_eq!(admit(&sps(256, 144, 1)), Ok((4096, 2304)));
        assert_eq!(admit(&sps(144, 256, 1)), Ok((2304, 4096)));
        let too_large = |width, height| Err(CodecError::Unsupported(Unsupported::Size { width, height }));
        assert_eq!(admit(&sps(257, 10, 1)), too_large(4112, 160));
        assert_eq!(admit(&sps(256, 145, 1)), too_large(4096, 2320));
        assert_eq!(admit(&sps(10, 1000, 1)), too_large(160, 16000));
    }

    #[test]
    fn what_is_no_sps_is_refused() {
        for bad in [&[][..], &[0x67], &[0x68, 66, 0xc0, 40, 0xff], &[0x67, 66, 0xc0, 40, 0, 0, 0, 0]] {
            assert_eq!(admit(bad), Err(CodecError::BadParameterSets));
        }
        assert_eq!(admit(&sps(80, 45, 17)), Err(CodecError::BadParameterSets));
    }

    #[test]
    fn other_profiles_are_named() {
        let mut extended = sps(80, 45, 1);
        extended[1] = 88;
        assert_eq!(admit(&extended), Err(CodecError::Unsupported(Unsupported::Profile(88))));
    }
}
