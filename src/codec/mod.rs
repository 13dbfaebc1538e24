//! H.264 pictures decoded and encoded: OpenH264 behind types that cannot be misused.
//!
//! The only room that knows the `openh264` crate, and only its safe part: what would need its raw interface (CABAC when
//! encoding, decoder threads) is done without. What a stranger's stream says is checked by `gate` before a byte of it
//! reaches the decoder. No clock and no stream enters. A decoder
//! exists for the time of one picture, and one at a time, so a stream costs nothing here between its pictures.

use std::fmt;

mod decode;
mod encode;
mod gate;
mod recode;

pub use decode::decode_key_frame;
pub use encode::{Encoded, Encoder, EncoderSettings};
pub use recode::Recoding;

/// Why there is no picture, or no encoded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The sequence parameter set can't be read.
    BadParameterSets,
    /// The stream is of a kind that TVs of this house can't be shown.
    Unsupported(Unsupported),
    /// The access unit has no IDR picture, or its NAL units are cut off.
    NotAKeyFrame,
    /// The decoder found the picture damaged; says how, in words of ours.
    Damaged(&'static str),
    /// The encoder can't make pictures of that size: both sides are even, from 16 up, 3840 × 2160 at most.
    BadSize {
        /// Width asked for, in pixels.
        width: usize,
        /// Height asked for, in pixels.
        height: usize,
    },
    /// A picture that isn't of the encoder's size, or whose planes aren't of the picture's size.
    WrongPicture,
    /// The encoder failed; what it said is in the log.
    Encoder,
}

/// Kinds of H.264 that can't be shown, in words for the one who sent them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// More than 8 bits a sample.
    BitDepth(u8),
    /// Colour that is not sampled 4:2:0; the name of how it is.
    Chroma(&'static str),
    /// Fields instead of frames.
    Interlaced,
    /// Lossless coding.
    Lossless,
    /// A profile (`profile_idc`) that is none of baseline, main and high.
    Profile(u8),
    /// Larger than [`crate::ground::limits::PICTURE_SIDE`] or [`crate::ground::limits::PICTURE_MACROBLOCKS`].
    Size {
        /// Width of the stream, in pixels.
        width: u32,
        /// Height of the stream, in pixels.
        height: u32,
    },
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BitDepth(bits) => write!(f, "{bits}-bit video can't be shown: set the camera to 8 bits (no HDR)"),
            Self::Chroma(name) => write!(f, "{name} video can't be shown: set the encoder to 4:2:0"),
            Self::Interlaced => f.write_str("interlaced video can't be shown: set the encoder to progressive"),
            Self::Lossless => f.write_str("lossless video can't be shown: give the encoder a bitrate"),
            Self::Profile(idc) => {
                write!(f, "H.264 profile {idc} can't be shown: set the encoder to baseline, main or high")
            }
            Self::Size { width, height } => {
                write!(f, "{width}×{height} video is too large to be shown: send 4096×2304 or less")
            }
        }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadParameterSets => f.write_str("the stream's parameter sets can't be read"),
            Self::Unsupported(kind) => kind.fmt(f),
            Self::NotAKeyFrame => f.write_str("not a whole key frame"),
            Self::Damaged(why) => write!(f, "the key frame is damaged: {why}"),
            Self::BadSize { width, height } => {
                write!(
                    f,
                    "pictures of {width}×{height} can't be encoded: both sides must be even, from 16 to 3840×2160"
                )
            }
            Self::WrongPicture => f.write_str("the picture isn't of the size the encoder was made for"),
            Self::Encoder => f.write_str("the encoder failed"),
        }
    }
}

impl std::error::Error for CodecError {}
