//! RTP (RFC 3550): packets of a publisher's tracks in, frames on one timeline out; receiver reports back.
//!
//! `reorder` gives packets their order, `h264`, `aac` and `latm` take them apart (Opus needs none: a payload is a packet,
//! RFC 7587, section 4.2), `clock` gives them time. `latch` says whose datagrams are taken. Bad packets are counted, never fatal: a phone on a bad network goes on.

mod aac;
mod clock;
mod h264;
mod latch;
mod latm;
mod patience;
mod receiver;
mod reorder;

use bytes::Bytes;

use crate::ground::frame::AudioParams;
use crate::wire::aac::parse_config;
use crate::wire::opus;

pub use latch::{Heard, Latch};
pub use receiver::Receiver;

/// One medium as its SDP describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Payload type of its packets (RFC 3550, section 5.1).
    pub payload_type: u8,
    /// Units a second of its timestamps.
    pub clock_rate: u32,
    /// How its packets are read.
    pub format: Format,
}

/// A payload format with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// H.264 (RFC 6184), packetization modes 0 and 1.
    H264 {
        /// NAL units of `sprop-parameter-sets`; may be empty.
        parameter_sets: Vec<Bytes>,
    },
    /// AAC in mode AAC-hbr (RFC 3640, section 3.3.6).
    Aac {
        /// AudioSpecificConfig.
        config: Bytes,
        /// Bits of an AU-size field.
        size_length: u8,
        /// Bits of the first AU-index field.
        index_length: u8,
        /// Bits of further AU-index-delta fields.
        index_delta_length: u8,
    },
    /// AAC in LATM, its multiplex described beforehand (RFC 6416, section 6, with `cpresent=0`).
    Latm {
        /// AudioSpecificConfig, out of the StreamMuxConfig.
        config: Bytes,
        /// Access units of one AudioMuxElement.
        units: u8,
    },
    /// Opus (RFC 7587): always 48,000 units a second, mono and stereo as each packet says.
    Opus,
}

impl Format {
    /// What the sound is; `None` for pictures.
    pub fn sound(&self) -> Option<Result<AudioParams, RtpError>> {
        match self {
            Self::H264 { .. } => None,
            Self::Aac { config, .. } | Self::Latm { config, .. } => {
                Some(parse_config(config).map_err(|_| RtpError::BadAudioConfig))
            }
            // A decoder of two channels plays packets of one in both.
            Self::Opus => Some(opus::params(2, 0).ok_or(RtpError::BadAudioConfig)),
        }
    }
}

/// What may happen to packets on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In order and whole: RTP inside the RTSP connection.
    Reliable,
    /// Late, twice or never: RTP over UDP.
    Datagrams,
}

/// Media that can't be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpError {
    /// The AudioSpecificConfig is none, or not of AAC.
    BadAudioConfig,
}

impl std::fmt::Display for RtpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadAudioConfig => f.write_str("the sound's AAC configuration can't be read; send AAC-LC"),
        }
    }
}
impl std::error::Error for RtpError {}

/// What has been seen of a publisher's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets taken.
    pub packets: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that could not be read.
    pub malformed: u64,
    /// Access units dropped because a part of them, or what they build on, was lost.
    pub dropped_access_units: u64,
}
