//! The one currency between all protocols: tracks and their frames.
//!
//! Whatever a phone speaks becomes these values, and whatever a TV is sent is made of them. Video is H.264 in the
//! form of ISO/IEC 14496-15 (each NAL unit behind its length in four bytes); audio is raw AAC access units or Opus packets.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::time::Ticks90k;

/// What describes the pictures of a stream until the next change: the parameter sets, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoParams {
    /// Sequence parameter set NAL unit, without start code (H.264, 7.3.2.1).
    pub sps: Bytes,
    /// Picture parameter set NAL units, without start codes (H.264, 7.3.2.2). At least one.
    pub pps: Vec<Bytes>,
    /// Sets of other ids, which pictures in between may name: SPS and PPS NAL units.
    pub others: Vec<Bytes>,
    /// Width shown, in pixels (after cropping).
    pub width: u32,
    /// Height shown, in pixels (after cropping).
    pub height: u32,
    /// How many pictures may come before one that is shown earlier; `None` where the SPS does not say.
    pub reorder_depth: Option<u8>,
    /// How long a frame is shown, where the SPS has timing information.
    pub frame_duration: Option<Ticks90k>,
    /// How the pictures are to be turned to stand upright.
    pub rotation: Rotation,
}

/// How pictures are turned when they are shown, clockwise: phones held upright write them lying. A mirrored one has left
/// and right swapped before it is turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Shown as they are coded.
    #[default]
    None,
    /// By a quarter.
    Right,
    /// Upside down.
    Half,
    /// By three quarters.
    Left,
    /// Mirrored, and not turned.
    Mirrored,
    /// Mirrored, and turned by a quarter.
    MirroredRight,
    /// Mirrored, and upside down.
    MirroredHalf,
    /// Mirrored, and turned by three quarters.
    MirroredLeft,
}

impl Rotation {
    /// Each with where it takes a point: `x' = a·x + c·y`, `y' = b·x + d·y` (14496-12, 6.2.2), as `a, b, c, d`.
    const MATRICES: [(Self, [i32; 4]); 8] = [
        (Self::None, [1, 0, 0, 1]),
        (Self::Right, [0, 1, -1, 0]),
        (Self::Half, [-1, 0, 0, -1]),
        (Self::Left, [0, -1, 1, 0]),
        (Self::Mirrored, [-1, 0, 0, 1]),
        (Self::MirroredRight, [0, -1, -1, 0]),
        (Self::MirroredHalf, [1, 0, 0, -1]),
        (Self::MirroredLeft, [0, 1, 1, 0]),
    ];

    /// Where it takes a point: `x' = a·x + c·y`, `y' = b·x + d·y`, as `a, b, c, d`.
    pub fn matrix(self) -> [i32; 4] {
        Self::MATRICES.into_iter().find(|(rotation, _)| *rotation == self).map_or([1, 0, 0, 1], |(_, matrix)| matrix)
    }

    /// The one with these signs; pictures that are put askew are left as they are.
    pub fn of_matrix(matrix: [i32; 4]) -> Self {
        let signs = matrix.map(i32::signum);
        Self::MATRICES.into_iter().find(|(_, matrix)| *matrix == signs).map_or(Self::None, |(rotation, _)| rotation)
    }
}

impl VideoParams {
    /// The codec's name for MSE and HLS, such as `avc1.42c01f` (RFC 6381, section 3.3).
    pub fn codec_string(&self) -> String {
        let sps = |i| self.sps.get(i).copied().unwrap_or(0);
        format!("avc1.{:02x}{:02x}{:02x}", sps(1), sps(2), sps(3))
    }
}

/// What describes the sound of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioParams {
    /// How it is coded.
    pub codec: AudioCodec,
    /// Samples a second of the decoder's core.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
}

/// How sound is coded, with what its decoder must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioCodec {
    /// AAC (ISO/IEC 14496-3).
    Aac {
        /// AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
        config: Bytes,
        /// MPEG-4 audio object type, 2 for AAC-LC.
        object_type: u8,
        /// Samples in a frame: 1024, or 960.
        samples_per_frame: u32,
    },
    /// Opus (RFC 6716) with one or two channels, at 48,000 samples a second. A packet tells its own duration.
    Opus {
        /// Samples a decoder gives out before the sound begins (RFC 7845, section 5.1).
        pre_skip: u16,
    },
}

impl AudioParams {
    /// The codec's name for MSE and HLS: `opus`, or such as `mp4a.40.2` (RFC 6381, section 3.3).
    pub fn codec_string(&self) -> String {
        match self.codec {
            AudioCodec::Aac { object_type, .. } => format!("mp4a.40.{object_type}"),
            AudioCodec::Opus { .. } => "opus".to_owned(),
        }
    }

    /// The same sound where nothing is to be left out at its beginning: as a stream that is joined anywhere has it.
    pub fn without_pre_skip(self) -> Self {
        match self.codec {
            AudioCodec::Opus { .. } => Self { codec: AudioCodec::Opus { pre_skip: 0 }, ..self },
            AudioCodec::Aac { .. } => self,
        }
    }
}

/// The tracks of a stream: one of pictures, perhaps one of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracks {
    /// The pictures; `None` until the parameter sets are known.
    pub video: Option<Arc<VideoParams>>,
    /// The sound, where there is any.
    pub audio: Option<Arc<AudioParams>>,
}

/// One picture or one piece of sound on the stream's timeline.
#[derive(Clone, Debug)]
pub enum Frame {
    /// An access unit of H.264.
    Video(VideoFrame),
    /// An access unit of AAC, or a packet of Opus.
    Audio(AudioFrame),
}

/// An access unit of H.264: one picture with all that came with it, SEI and other NAL units untouched.
#[derive(Clone, Debug)]
pub struct VideoFrame {
    /// When it is shown.
    pub pts: Ticks90k,
    /// When it is decoded; rises from frame to frame, never later than `pts`.
    pub dts: Ticks90k,
    /// Whether decoding can start here (an IDR picture).
    pub key: bool,
    /// The parameters that hold from this frame on; the same `Arc` until they change.
    pub params: Arc<VideoParams>,
    /// NAL units, each behind its length in four bytes, big endian.
    pub data: Bytes,
}

/// An access unit of AAC, without ADTS header, or a packet of Opus.
#[derive(Clone, Debug)]
pub struct AudioFrame {
    /// When it is heard.
    pub pts: Ticks90k,
    /// The access unit or packet.
    pub data: Bytes,
}
