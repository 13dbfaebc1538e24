//! A track of sound: packets in their order go in, access units with their time come out (RFC 3640, RFC 6416, RFC 7587).
//!
//! At first they are held back ([`AudioTrack::is_held`]), since a track is moved into step with the pictures and what was
//! played can't be. The receiver says when its place is known ([`AudioTrack::let_go`]); from then on nothing is held.

use std::collections::VecDeque;

use bytes::Bytes;
use rtp_types::RtpPacket;

use crate::ground::frame::{AudioCodec, AudioFrame, AudioParams, Frame};
use crate::ground::time::Ticks90k;
use crate::wire::opus;
use crate::wire::rtp::aac::AacDepacketizer;
use crate::wire::rtp::clock::TrackClock;
use crate::wire::rtp::latm::LatmDepacketizer;
use crate::wire::rtp::{Format, RtpError};

/// Access units of sound that are held back; the oldest make room.
const MAX_HELD: usize = 128;

/// Takes payloads apart, and gives each access unit its time.
#[derive(Debug)]
pub(super) struct AudioTrack {
    depacketizer: AudioDepacketizer,
    params: AudioParams,
    last_pts: Option<Ticks90k>,
    /// Access units that are held back, with their timestamps, until the track's place is known for good.
    held: Option<VecDeque<(i64, Bytes)>>,
}

#[derive(Debug)]
enum AudioDepacketizer {
    Hbr(AacDepacketizer),
    Latm(LatmDepacketizer),
    /// A payload is a packet.
    Opus,
}

impl AudioTrack {
    /// A track of `format`, which is one of sound.
    pub fn new(format: &Format) -> Result<Self, RtpError> {
        let depacketizer = match format {
            Format::Aac { size_length, index_length, index_delta_length, .. } => {
                AudioDepacketizer::Hbr(AacDepacketizer::new(*size_length, *index_length, *index_delta_length))
            }
            Format::Latm { units, .. } => AudioDepacketizer::Latm(LatmDepacketizer::new(*units)),
            Format::Opus => AudioDepacketizer::Opus,
            Format::H264 { .. } => return Err(RtpError::BadAudioConfig),
        };
        let params = format.sound().unwrap_or(Err(RtpError::BadAudioConfig))?;
        Ok(Self { depacketizer, params, last_pts: None, held: Some(VecDeque::new()) })
    }

    /// The packet before the one that comes is missing.
    pub fn lost(&mut self) {
        match &mut self.depacketizer {
            AudioDepacketizer::Hbr(hbr) => hbr.lost(),
            AudioDepacketizer::Latm(latm) => latm.lost(),
            AudioDepacketizer::Opus => {}
        }
    }

    /// Whether sound is held back.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Takes the next packet, `lost` packets after the last one. Gives whether it could be read, and the timestamp of its
    /// last access unit.
    pub fn take(
        &mut self,
        packet: &RtpPacket<'_>,
        timestamp: i64,
        lost: u64,
        clock: &TrackClock,
        rate: u32,
        frames: &mut Vec<Frame>,
    ) -> (bool, Option<i64>) {
        if lost > 0 {
            self.lost();
        }
        let Self { depacketizer, params, last_pts, held } = self;
        let units_in_frame = match params.codec {
            AudioCodec::Aac { samples_per_frame, .. } => {
                i64::from(samples_per_frame) * i64::from(rate) / i64::from(params.sample_rate)
            }
            AudioCodec::Opus { .. } => 0,
        };
        let mut newest = None;
        let mut unit = |place: usize, data: Bytes| {
            let timestamp = timestamp + units_in_frame * place as i64;
            newest = Some(timestamp);
            match held {
                Some(held) => {
                    held.push_back((timestamp, data));
                    if held.len() > MAX_HELD {
                        held.pop_front();
                    }
                }
                None => give(last_pts, clock.time(timestamp), data, frames),
            }
        };
        let (payload, marker) = (packet.payload(), packet.marker_bit());
        let readable = match depacketizer {
            AudioDepacketizer::Hbr(hbr) => hbr.depacketize(payload, marker, unit).is_ok(),
            AudioDepacketizer::Latm(latm) => latm.depacketize(payload, marker, unit).is_ok(),
            AudioDepacketizer::Opus => {
                let readable = opus::samples(payload).is_some();
                if readable {
                    unit(0, Bytes::copy_from_slice(payload));
                }
                readable
            }
        };
        (readable, newest)
    }

    /// Gives out what was held back; from now on nothing is.
    pub fn let_go(&mut self, clock: &TrackClock, frames: &mut Vec<Frame>) {
        for (timestamp, data) in self.held.take().into_iter().flatten() {
            give(&mut self.last_pts, clock.time(timestamp), data, frames);
        }
    }
}

/// Gives out one access unit of sound. What was heard already (the sound was moved back into step) is left out.
fn give(last_pts: &mut Option<Ticks90k>, pts: Ticks90k, data: Bytes, frames: &mut Vec<Frame>) {
    if last_pts.is_none_or(|last| pts > last) {
        *last_pts = Some(pts);
        frames.push(Frame::Audio(AudioFrame { pts, data }));
    }
}
