//! A track of pictures: packets in their order go in, pictures with both of their times come out (RFC 6184).
//!
//! What a loss costs is for the access units' builder to say; timestamps that stand still are mended here.

use bytes::Bytes;
use rtp_types::RtpPacket;

use crate::ground::frame::{Frame, VideoFrame};
use crate::ground::not_ready::NotReady;
use crate::ground::time::{Moment, Ticks90k};
use crate::wire::h264::access_unit::{AccessUnit, AccessUnitBuilder};
use crate::wire::h264::order::DecodeOrder;
use crate::wire::rtp::clock::TrackClock;
use crate::wire::rtp::h264;

/// What a frame takes where nothing tells: 1/30 s.
const USUAL_FRAME: Ticks90k = Ticks90k(3000);

/// Puts access units together, and gives each its times.
#[derive(Debug)]
pub(super) struct VideoTrack {
    builder: AccessUnitBuilder,
    units: Vec<AccessUnit>,
    order: DecodeOrder,
    last: Option<LastPicture>,
}

#[derive(Clone, Copy, Debug)]
struct LastPicture {
    timestamp: i64,
    pts: Ticks90k,
    at: Moment,
}

impl VideoTrack {
    /// A track with the parameter sets of the SDP.
    pub fn new(parameter_sets: &[Bytes]) -> Self {
        Self {
            builder: AccessUnitBuilder::new(parameter_sets),
            units: Vec::new(),
            order: DecodeOrder::new(None),
            last: None,
        }
    }

    /// Whether a picture has begun whose end has yet to come.
    pub fn is_inside_picture(&self) -> bool {
        self.builder.is_inside()
    }

    /// Whether pictures have come that are of no use, up to the next key frame.
    pub fn is_dropping(&self) -> bool {
        self.builder.is_seeking() && self.builder.dropped() > 0
    }

    /// Access units dropped so far.
    pub fn dropped(&self) -> u64 {
        self.builder.dropped()
    }

    /// Why no picture comes out, where packets of some do.
    pub fn trouble(&mut self) -> NotReady {
        self.builder.trouble().unwrap_or(NotReady::NoKeyFrame)
    }

    /// Nothing is known of what lies between what came and what comes.
    pub fn break_off(&mut self) {
        self.builder.break_off();
    }

    /// Takes the next packet, `lost` packets after the last one; false if it can't be read.
    pub fn take(
        &mut self,
        packet: &RtpPacket<'_>,
        timestamp: i64,
        lost: u64,
        clock: &TrackClock,
        now: Moment,
        frames: &mut Vec<Frame>,
    ) -> bool {
        if lost > 0 {
            self.builder.lost(lost);
        }
        let readable =
            h264::depacketize(packet.payload(), timestamp, packet.marker_bit(), &mut self.builder, &mut self.units)
                .is_ok();
        if !readable {
            self.builder.lost(1);
        }
        let mut units = std::mem::take(&mut self.units);
        frames.extend(units.drain(..).map(|unit| Frame::Video(self.frame(unit, clock, now))));
        self.units = units;
        readable
    }

    fn frame(&mut self, unit: AccessUnit, clock: &TrackClock, now: Moment) -> VideoFrame {
        let AccessUnit { timestamp, key, params, data } = unit;
        if key {
            self.order.set_depth(params.reorder_depth);
        }
        let mut pts = clock.time(timestamp);
        let mut duration = params.frame_duration.unwrap_or(USUAL_FRAME);
        if let Some(last) = self.last {
            let stuck = timestamp == last.timestamp
                || params.reorder_depth == Some(0) && timestamp < last.timestamp
                || params.reorder_depth == Some(0) && pts <= last.pts;
            if stuck {
                // Timestamps that stand still: the time at the gateway is all there is.
                let passed = Ticks90k::from_duration(now.since(last.at));
                pts = last.pts + passed.max(Ticks90k::from_ms(1));
            } else if params.frame_duration.is_none() {
                duration = Ticks90k((pts - last.pts).0.abs().clamp(1, Ticks90k::PER_SECOND));
            }
        }
        let (pts, dts) = self.order.next(pts, duration);
        self.last = Some(LastPicture { timestamp, pts, at: now });
        VideoFrame { pts, dts, key, params, data }
    }
}
