//! The newest frames of a stream: its newest group of pictures, and a little more for whoever is about to read it.
//!
//! A frame's bytes are shared, and lie wherever they were copied to last: once a sink has put them into what it makes, the
//! frame is told so ([`Frames::moved`]), and what they lay in before is let go.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::ground::frame::Frame;
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};

/// Frames are kept for this long beyond the newest group of pictures.
const KEPT: Ticks90k = Ticks90k::from_ms(500);

/// A frame that is kept.
#[derive(Debug)]
pub struct KeptFrame {
    /// The frame, its times on the stream's timeline.
    pub frame: Frame,
    /// How long it lasts, as far as known when it came.
    pub duration: Ticks90k,
    /// When it came.
    pub date: UnixMs,
}

impl KeptFrame {
    /// Whether decoding can start here.
    pub fn is_key(&self) -> bool {
        matches!(&self.frame, Frame::Video(picture) if picture.key)
    }

    /// When it is decoded.
    pub fn start(&self) -> Ticks90k {
        match &self.frame {
            Frame::Video(picture) => picture.dts,
            Frame::Audio(sound) => sound.pts,
        }
    }
}

/// The newest frames. Each has a number, one more than the frame's before; the stream's first has 0.
#[derive(Debug, Default)]
pub struct Frames {
    ring: VecDeque<KeptFrame>,
    first: u64,
    newest_key: Option<u64>,
    bytes: usize,
}

impl Frames {
    /// The number of the oldest that is kept.
    pub fn first_number(&self) -> u64 {
        self.first
    }

    /// The number of the frame that comes next.
    pub fn next_number(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// The number of the newest key frame, while it is kept.
    pub fn newest_key(&self) -> Option<u64> {
        self.newest_key.filter(|key| *key >= self.first)
    }

    /// The newest frame.
    pub fn newest(&self) -> Option<&KeptFrame> {
        self.ring.back()
    }

    /// The frame of this number, if it is kept.
    pub fn get(&self, number: u64) -> Option<&KeptFrame> {
        self.ring.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The bytes of the frame of this number lie here now, the very same.
    pub fn moved(&mut self, number: u64, data: Bytes) {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(kept) = place.and_then(|place| self.ring.get_mut(place)) {
            *data_of(&mut kept.frame) = data;
        }
    }

    /// Takes the next frame, and lets go of what is too old or too much.
    pub(super) fn push(&mut self, mut kept: KeptFrame) {
        if kept.is_key() {
            self.newest_key = Some(self.next_number());
        }
        self.bytes += data_of(&mut kept.frame).len();
        let horizon = kept.start() - KEPT;
        self.ring.push_back(kept);
        let key = self.newest_key.unwrap_or(u64::MAX);
        while self.ring.len() > 1
            && let Some(oldest) = self.ring.front()
            && (self.bytes > limits::STREAM_BYTES
                || self.ring.len() > limits::STREAM_FRAMES
                || self.first < key && oldest.start() < horizon)
        {
            self.bytes -= self.ring.pop_front().map_or(0, |mut oldest| data_of(&mut oldest.frame).len());
            self.first += 1;
        }
    }
}

fn data_of(frame: &mut Frame) -> &mut Bytes {
    match frame {
        Frame::Video(picture) => &mut picture.data,
        Frame::Audio(sound) => &mut sound.data,
    }
}
