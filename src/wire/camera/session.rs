//! One camera: what it says and sends, in order; what it is to be told. Sans-IO: messages and moments go in.
//!
//! Before `start` nothing is taken. After it each message is a whole picture or piece of sound, or the camera is wrong
//! and is sent away: on a WebSocket nothing is lost or damaged on its way.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::{AudioFrame, AudioParams, Frame, VideoFrame};
use crate::ground::limits;
use crate::ground::time::{Moment, Ticks90k};
use crate::wire::camera::CameraError;
use crate::wire::camera::message::{self, Heard, Said, Sound};
use crate::wire::camera::queue::Queue;
use crate::wire::camera::timeline::{Kind, Timeline};
use crate::wire::h264::access_unit::{AccessUnit, AccessUnitBuilder};
use crate::wire::h264::annex_b;

/// Bytes of a binary message's head.
const HEAD_BYTES: usize = 12;
/// Units of the camera's clock in a second.
const MICROSECONDS: u32 = 1_000_000;
/// Pictures that share a time, or tremble, are this much apart.
const LEAST_STEP: Ticks90k = Ticks90k::from_ms(1);

/// What has to be done about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The camera will send pictures, and this sound: its stream is to be opened, then [`Session::opened`] called.
    Start(Option<Arc<AudioParams>>),
    /// It is over.
    End,
}

/// What did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// `start`.
    Start,
    /// Media.
    Media,
}

/// What has been seen of a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pictures that came.
    pub pictures: u64,
    /// Pieces of sound that came.
    pub sounds: u64,
    /// Bytes of binary messages.
    pub bytes: u64,
    /// Pictures that were dropped, because they build on what was not there.
    pub dropped_pictures: u64,
}

/// The newest picture, to be acknowledged.
#[derive(Clone, Copy, Debug)]
struct Newest {
    timestamp_us: i64,
    queue_ms: u64,
}

/// One camera.
#[derive(Debug)]
pub struct Session {
    /// Its sound, once it said `start`.
    sound: Option<Sound>,
    /// When it connected, or its stream was opened, or media last came.
    heard: Moment,
    timeline: Timeline,
    queue: Queue,
    builder: AccessUnitBuilder,
    units: Vec<AccessUnit>,
    last_picture: Option<Ticks90k>,
    /// The picture that is to be acknowledged, and when one was last.
    newest: Option<Newest>,
    acknowledged: Option<Moment>,
    /// When a key frame was last asked for.
    asked: Option<Moment>,
    counts: Counts,
}

impl Session {
    /// A camera that connected at `now`.
    pub fn new(now: Moment) -> Self {
        Self {
            sound: None,
            heard: now,
            timeline: Timeline::default(),
            queue: Queue::default(),
            builder: AccessUnitBuilder::new(&[]),
            units: Vec::new(),
            last_picture: None,
            newest: None,
            acknowledged: None,
            asked: None,
            counts: Counts::default(),
        }
    }

    /// Takes a text.
    pub fn text(&mut self, text: &str) -> Result<Event, CameraError> {
        if text.len() > limits::CAMERA_TEXT_BYTES {
            return Err(CameraError::TooLarge);
        }
        match (message::read(text)?, &self.sound) {
            (Heard::Start(sound), None) => {
                let params = match &sound {
                    Sound::Track(params) => Some(params.clone()),
                    Sound::None => None,
                };
                self.sound = Some(sound);
                Ok(Event::Start(params))
            }
            (Heard::End, Some(_)) => Ok(Event::End),
            (Heard::Start(_), Some(_)) => Err(CameraError::BadMessage("start is said once: connect again")),
            (Heard::End, None) => Err(CameraError::BadMessage("the first message is start")),
        }
    }

    /// Its stream is open: media are expected from `now` on.
    pub fn opened(&mut self, now: Moment) {
        self.heard = now;
    }

    /// Takes a binary message; frames that come of it are added to `frames`.
    pub fn binary(&mut self, message: &[u8], now: Moment, frames: &mut Vec<Frame>) -> Result<(), CameraError> {
        if message.len() > limits::CAMERA_MESSAGE_BYTES {
            return Err(CameraError::TooLarge);
        }
        let Some(sound) = &self.sound else {
            return Err(CameraError::BadMessage("frames came before start"));
        };
        let Some(([kind, flags, 0, 0, time @ ..], data)) = message.split_first_chunk::<HEAD_BYTES>() else {
            return Err(CameraError::BadMessage(
                "a frame begins with twelve bytes: kind, flags, two zeros, eight of time",
            ));
        };
        if *flags > 1 {
            return Err(CameraError::BadMessage("only the first flag, of key frames, may be set"));
        }
        let timestamp_us = i64::from_be_bytes(*time);
        match (kind, sound) {
            (1, _) => self.picture(timestamp_us, data, now, frames)?,
            (2, Sound::None) => return Err(CameraError::BadMessage("sound came that start did not announce")),
            (2, Sound::Track(_)) => self.sound(timestamp_us, data, now, frames)?,
            (3, _) => return Err(CameraError::BadMessage("pieces of a file came that start did not announce")),
            _ => return Err(CameraError::BadMessage("a frame's kind is 1, 2 or 3")),
        }
        self.counts.bytes += message.len() as u64;
        self.heard = now;
        Ok(())
    }

    fn picture(
        &mut self,
        timestamp_us: i64,
        data: &[u8],
        now: Moment,
        frames: &mut Vec<Frame>,
    ) -> Result<(), CameraError> {
        if !annex_b::begins_with_start_code(data) {
            return Err(CameraError::BadMessage("a picture is H.264 in annex B: NAL units behind start codes"));
        }
        self.counts.pictures += 1;
        let placed = self.timeline.place(Kind::Picture, timestamp_us, now);
        if placed.jumped {
            self.queue.forget();
        }
        self.newest = Some(Newest { timestamp_us, queue_ms: self.queue.arrived(placed.time_us, now) });
        // Each message is a picture of its own, whatever its time says.
        let message = self.counts.pictures as i64;
        for nal in annex_b::nal_units(data) {
            self.builder.nal(message, nal, &mut self.units);
        }
        self.builder.marker(&mut self.units);
        for AccessUnit { key, params, data, .. } in self.units.drain(..) {
            let due = Ticks90k::from_units(placed.time_us, MICROSECONDS);
            let pts = self.last_picture.map_or(due, |last| due.max(last + LEAST_STEP));
            self.last_picture = Some(pts);
            frames.push(Frame::Video(VideoFrame { pts, dts: pts, key, params, data }));
        }
        Ok(())
    }

    fn sound(
        &mut self,
        timestamp_us: i64,
        data: &[u8],
        now: Moment,
        frames: &mut Vec<Frame>,
    ) -> Result<(), CameraError> {
        if data.is_empty() || data.len() > limits::CAMERA_SOUND_BYTES {
            return Err(CameraError::BadMessage("a piece of sound has 1 to 8192 bytes"));
        }
        self.counts.sounds += 1;
        let placed = self.timeline.place(Kind::Sound, timestamp_us, now);
        if placed.jumped {
            self.queue.forget();
        }
        let pts = Ticks90k::from_units(placed.time_us, MICROSECONDS);
        frames.push(Frame::Audio(AudioFrame { pts, data: Bytes::copy_from_slice(data) }));
        Ok(())
    }

    /// What the camera is to be told now, after what came. `viewers` is asked only where it is told.
    pub fn said(&mut self, now: Moment, viewers: impl FnOnce() -> usize) -> Vec<Said<'static>> {
        let is_due = |last: Option<Moment>, every| last.is_none_or(|last| now.since(last) >= every);
        let mut said = Vec::new();
        if self.counts.pictures > 0 && self.builder.is_seeking() && is_due(self.asked, limits::CAMERA_KEY_FRAME_TIME) {
            self.asked = Some(now);
            said.push(Said::KeyFrame);
        }
        if is_due(self.acknowledged, limits::CAMERA_ACK_TIME)
            && let Some(Newest { timestamp_us, queue_ms }) = self.newest.take()
        {
            self.acknowledged = Some(now);
            let (received_bytes, viewers) = (self.counts.bytes, viewers());
            said.push(Said::Ack { timestamp_us, received_bytes, queue_ms, viewers });
        }
        said
    }

    /// Whether something is overdue at `now`.
    pub fn overdue(&self, now: Moment) -> Option<Overdue> {
        let waited = now.since(self.heard);
        match self.sound {
            None => (waited >= limits::CAMERA_START_TIME).then_some(Overdue::Start),
            Some(_) => (waited >= limits::NO_MEDIA).then_some(Overdue::Media),
        }
    }

    /// Whether sound was announced.
    pub fn has_sound(&self) -> bool {
        matches!(self.sound, Some(Sound::Track(_)))
    }

    /// What has been seen so far.
    pub fn counts(&self) -> Counts {
        Counts { dropped_pictures: self.builder.dropped(), ..self.counts }
    }
}

#[cfg(test)]
mod tests;
