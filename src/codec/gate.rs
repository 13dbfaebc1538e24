//! What may reach the decoder, judged by the sequence parameter set alone.
//!
//! OpenH264 decodes 8-bit 4:2:0 progressive streams of the baseline, main and high profiles; on others it fails late
//! and in words nobody understands, and it allocates what the stream asks for.

use super::{CodecError, Unsupported};
use crate::ground::limits::{PICTURE_MACROBLOCKS, PICTURE_SIDE};
use crate::wire::h264::format::{Chroma, PictureFormat};

/// `profile_idc` of baseline, main and high (H.264, A.2).
const PROFILES: [u8; 3] = [66, 77, 100];
/// `level_idc` of level 5.1 (H.264, table A-1): the lowest that has all sizes up to the limit.
const LEVEL: u8 = 51;

/// A stream that can be decoded.
pub(super) struct Admitted {
    /// Width shown, in pixels.
    pub width: usize,
    /// Height shown, in pixels.
    pub height: usize,
    /// The SPS as a decoder of key frames gets it.
    pub sps: Vec<u8>,
    /// Macroblocks of a picture.
    pub macroblocks: u64,
    /// Macroblocks of all pictures that a decoder of the whole stream must hold.
    pub held_macroblocks: u64,
}

/// Lets a stream pass, or says why not.
pub(super) fn admit(sps: &[u8]) -> Result<Admitted, CodecError> {
    let format = PictureFormat::read(sps).ok_or(CodecError::BadParameterSets)?;
    match refusal(&format) {
        Some(kind) => Err(CodecError::Unsupported(kind)),
        None => Ok(Admitted {
            width: format.width as usize,
            height: format.height as usize,
            sps: format.key_frame_sps(LEVEL),
            macroblocks: u64::from(format.macroblocks.0) * u64::from(format.macroblocks.1),
            held_macroblocks: u64::from(format.macroblocks.0)
                * u64::from(format.macroblocks.1)
                * u64::from(format.reference_frames),
        }),
    }
}

/// Why a stream can't be shown; the reason that says most comes first.
fn refusal(format: &PictureFormat) -> Option<Unsupported> {
    let (across, down) = format.macroblocks;
    let side = PICTURE_SIDE / 16;
    if format.bit_depth > 8 {
        Some(Unsupported::BitDepth(format.bit_depth))
    } else if format.chroma != Chroma::Yuv420 {
        Some(Unsupported::Chroma(match format.chroma {
            Chroma::Monochrome => "black-and-white (4:0:0)",
            Chroma::Yuv422 => "4:2:2",
            _ => "4:4:4",
        }))
    } else if format.lossless {
        Some(Unsupported::Lossless)
    } else if format.interlaced {
        Some(Unsupported::Interlaced)
    } else if !PROFILES.contains(&format.profile) {
        Some(Unsupported::Profile(format.profile))
    } else if across > side || down > side || u64::from(across) * u64::from(down) > PICTURE_MACROBLOCKS {
        Some(Unsupported::Size { width: format.width, height: format.height })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::h264::format::tests::sps;

    fn size(sps: &[u8]) -> Result<(usize, usize), CodecError> {
        admit(sps).map(|admitted| (admitted.width, admitted.height))
    }

    #[test]
    fn sizes_up_to_the_limit_pass() {
        assert_eq!(size(&sps(80, 45, 1)), Ok((1280, 720)));
        assert_eq!(size(&sps(256, 144, 1)), Ok((4096, 2304)));
        assert_eq!(size(&sps(144, 256, 1)), Ok((2304, 4096)));
        let too_large = |width, height| Err(CodecError::Unsupported(Unsupported::Size { width, height }));
        assert_eq!(size(&sps(257, 10, 1)), too_large(4112, 160));
        assert_eq!(size(&sps(256, 145, 1)), too_large(4096, 2320));
        assert_eq!(size(&sps(10, 1000, 1)), too_large(160, 16000));
    }

    #[test]
    fn what_is_no_sps_is_refused() {
        assert_eq!(size(&[0x68, 66, 0xc0, 40, 0xff]), Err(CodecError::BadParameterSets));
    }

    #[test]
    fn other_profiles_are_named() {
        let mut extended = sps(80, 45, 1);
        extended[1] = 88;
        assert_eq!(size(&extended), Err(CodecError::Unsupported(Unsupported::Profile(88))));
    }
}
