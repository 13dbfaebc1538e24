//! RTP (RFC 3550): packets of a publisher's tracks in, frames on one timeline out.

use bytes::Bytes;

use crate::ground::frame::Frame;
use crate::ground::time::Moment;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RtpError {
    /// The AudioSpecificConfig is none, or not of AAC.
    BadAudioConfig,
}

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

/// Receives all tracks of one publisher.
#[derive(Debug)]
pub struct Receiver {
    counts: Counts,
}

impl Receiver {
    /// A receiver for tracks described by `media`, in the order of the SDP.
    pub fn new(_media: &[Media], _delivery: Delivery) -> Result<Self, RtpError> {
        Ok(Self { counts: Counts::default() })
    }

    /// Takes one RTP packet of track `track`; frames that are complete are added to `frames`.
    pub fn rtp(&mut self, _track: usize, _packet: &[u8], _now: Moment, _frames: &mut Vec<Frame>) {}

    /// Takes one compound RTCP packet of track `track`.
    pub fn rtcp(&mut self, _track: usize, _packet: &[u8], _now: Moment) {}

    /// When [`Self::handle_timeout`] is next due.
    pub fn next_timeout(&self) -> Option<Moment> {
        None
    }

    /// Gives up waiting for packets that are late.
    pub fn handle_timeout(&mut self, _now: Moment, _frames: &mut Vec<Frame>) {}

    /// The receiver report for track `track` (RFC 3550, section 6.4.2).
    pub fn report(&mut self, _track: usize, _now: Moment) -> Vec<u8> {
        Vec::new()
    }

    /// What has been seen so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
