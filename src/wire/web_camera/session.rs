//! One web camera: what it says and sends, in order; what it is to be told. Sans-IO: messages and moments go in.
//!
//! Before `start` nothing is taken. After it each message is a whole picture or piece of sound, or the next piece of a
//! file, or the web camera is wrong and is sent away: on a WebSocket nothing is lost or damaged on its way.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::{AudioFrame, AudioParams, Frame, VideoFrame};
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::ground::time::{Moment, Ticks90k, UnixMs};
use crate::wire::h264::access_unit::{AccessUnit, AccessUnitBuilder, Pictures};
use crate::wire::h264::annex_b;
use crate::wire::web_camera::WebCameraError;
use crate::wire::web_camera::file::File;
use crate::wire::web_camera::message::{self, Carried, Heard, Said};
use crate::wire::web_camera::queue::Queue;
use crate::wire::web_camera::timeline::{Kind, LEAST_STEP, MICROSECONDS, Timeline};
use crate::wire::web_camera::uplink::Uplink;

/// Bytes of a binary message's head.
const HEAD_BYTES: usize = 12;

/// What has to be done about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The web camera will send a file: it may go on, and [`Session::opened`] is to be called. [`Event::Start`] comes
    /// once the file has told what is in it.
    StartFile,
    /// The web camera will send pictures, and this sound: its stream is to be opened, then [`Session::opened`] called.
    Start(Option<Arc<AudioParams>>),
    /// It is over.
    End,
}

/// What did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// `start`, or the description of the file that it told of.
    Start,
    /// A picture.
    Picture,
}

/// What has been seen of a web camera.
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

/// What is taken from a web camera.
#[derive(Debug)]
enum Intake {
    /// Nothing: it has yet to say `start`.
    Nothing,
    /// Pictures, and this sound.
    Frames(Option<Arc<AudioParams>>),
    /// The pieces of a file.
    File(Box<File>),
}

/// One web camera.
#[derive(Debug)]
pub struct Session {
    intake: Intake,
    /// When it connected, or its stream was opened, or a picture last came that can be shown.
    heard: Moment,
    timeline: Timeline,
    queue: Queue,
    uplink: Uplink,
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
    /// A web camera that connected at `now`, which is `date`.
    pub fn new(now: Moment, date: UnixMs) -> Self {
        Self {
            intake: Intake::Nothing,
            heard: now,
            timeline: Timeline::default(),
            queue: Queue::default(),
            uplink: Uplink::new(now, date),
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
    pub fn text(&mut self, text: &str) -> Result<Event, WebCameraError> {
        if text.len() > limits::WEB_CAMERA_TEXT_BYTES {
            return Err(WebCameraError::TooLarge);
        }
        let heard = message::read(text)?;
        if let Heard::Start(_, Some(epoch_us)) = &heard {
            self.uplink.counts_from(*epoch_us);
        }
        match (heard, &self.intake) {
            (Heard::Start(Carried::Frames(sound), _), Intake::Nothing) => {
                self.intake = Intake::Frames(sound.clone());
                Ok(Event::Start(sound))
            }
            (Heard::Start(Carried::File, _), Intake::Nothing) => {
                self.intake = Intake::File(Box::default());
                Ok(Event::StartFile)
            }
            (Heard::Start(..), _) => Err(WebCameraError::BadMessage("start is said once: connect again")),
            (Heard::End, Intake::Nothing) => Err(WebCameraError::BadMessage("the first message is start")),
            (Heard::End, _) => Ok(Event::End),
        }
    }

    /// Its stream is open, or it may send its file: media are expected from `now` on.
    pub fn opened(&mut self, now: Moment) {
        self.heard = now;
    }

    /// Takes a binary message; frames that come of it are added to `frames`. Something is to be done only where a file
    /// has told what is in it: the frames come behind that.
    pub fn binary(
        &mut self,
        message: &[u8],
        now: Moment,
        frames: &mut Vec<Frame>,
    ) -> Result<Option<Event>, WebCameraError> {
        if message.len() > limits::WEB_CAMERA_MESSAGE_BYTES {
            return Err(WebCameraError::TooLarge);
        }
        if matches!(self.intake, Intake::Nothing) {
            return Err(WebCameraError::BadMessage("frames came before start"));
        }
        let Some(([kind, flags, 0, 0, time @ ..], data)) = message.split_first_chunk::<HEAD_BYTES>() else {
            return Err(WebCameraError::BadMessage(
                "a frame begins with twelve bytes: kind, flags, two zeros, eight of time",
            ));
        };
        if *flags > 1 {
            return Err(WebCameraError::BadMessage("only the first flag, of key frames, may be set"));
        }
        let timestamp_us = i64::from_be_bytes(*time);
        let mut event = None;
        let known = frames.len();
        match (kind, &self.intake) {
            (1, Intake::Frames(_)) => self.picture(timestamp_us, data, now, frames)?,
            (2, Intake::Frames(Some(_))) => self.sound(timestamp_us, data, now, frames)?,
            (2, Intake::Frames(None)) => {
                return Err(WebCameraError::BadMessage("sound came that start did not announce"));
            }
            (3, Intake::File(_)) => event = self.piece(timestamp_us, data, now, frames)?,
            (3, _) => return Err(WebCameraError::BadMessage("pieces of a file came that start did not announce")),
            (1 | 2, _) => return Err(WebCameraError::BadMessage("start announced a file: only its pieces may come")),
            _ => return Err(WebCameraError::BadMessage("a frame's kind is 1, 2 or 3")),
        }
        self.counts.bytes += message.len() as u64;
        // Sound alone would show the picture of before for ever.
        if frames[known..].iter().any(|frame| matches!(frame, Frame::Video(_))) {
            self.heard = now;
        }
        Ok(event)
    }

    fn picture(
        &mut self,
        timestamp_us: i64,
        data: &[u8],
        now: Moment,
        frames: &mut Vec<Frame>,
    ) -> Result<(), WebCameraError> {
        if !annex_b::begins_with_start_code(data) {
            return Err(WebCameraError::BadMessage("a picture is H.264 in annex B: NAL units behind start codes"));
        }
        self.counts.pictures += 1;
        let placed = self.timeline.place(Kind::Picture, timestamp_us, now);
        if placed.jumped {
            self.queue.forget();
            self.uplink.forget();
        }
        let queue_ms = self.queue.arrived(placed.time_us, now);
        self.uplink.arrived(timestamp_us, queue_ms, now);
        self.newest = Some(Newest { timestamp_us, queue_ms });
        // Each message is a picture of its own, whatever its time says.
        let message = self.counts.pictures as i64;
        let mut pictures = Pictures::default();
        for nal in annex_b::nal_units(data) {
            // Before anything is made of it: a small message could hold a hundred thousand.
            if pictures.take(nal) > 1 {
                return Err(WebCameraError::BadMessage(
                    "a message holds one picture (one access unit), and this one more",
                ));
            }
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
    ) -> Result<(), WebCameraError> {
        if data.is_empty() || data.len() > limits::WEB_CAMERA_SOUND_BYTES {
            return Err(WebCameraError::BadMessage("a piece of sound has 1 to 8192 bytes"));
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

    fn piece(
        &mut self,
        timestamp_us: i64,
        data: &[u8],
        now: Moment,
        frames: &mut Vec<Frame>,
    ) -> Result<Option<Event>, WebCameraError> {
        let Intake::File(file) = &mut self.intake else { return Ok(None) };
        let taken = file.take(data, now, frames).map_err(WebCameraError::File)?;
        self.counts.pictures += taken.pictures;
        self.counts.sounds += taken.sounds;
        // What waits is told by when pieces were handed over: the times in the file say when its pictures are shown.
        let queue_ms = match timestamp_us {
            0 => 0,
            handed_over_us => {
                let placed = self.timeline.place(Kind::Picture, handed_over_us, now);
                if placed.jumped {
                    self.queue.forget();
                    self.uplink.forget();
                }
                let queue_ms = self.queue.arrived(placed.time_us, now);
                self.uplink.arrived(handed_over_us, queue_ms, now);
                queue_ms
            }
        };
        self.newest = Some(Newest { timestamp_us, queue_ms });
        Ok(taken.described.map(Event::Start))
    }

    /// Whether it is known what comes.
    fn is_described(&self) -> bool {
        match &self.intake {
            Intake::Nothing => false,
            Intake::Frames(_) => true,
            Intake::File(file) => file.is_described(),
        }
    }

    /// Whether pictures are of no use up to the next key frame.
    fn is_seeking(&self) -> bool {
        match &self.intake {
            Intake::File(file) => file.is_seeking(),
            _ => self.builder.is_seeking(),
        }
    }

    /// Why no picture has come yet that can be shown; `None` where one has, or it is not known yet what will come.
    pub fn not_ready(&mut self) -> Option<NotReady> {
        if !self.is_described() || !self.is_seeking() {
            return None;
        }
        let silent = if self.counts.sounds > 0 { NotReady::OnlySound } else { NotReady::NoMedia };
        let seeking = match &mut self.intake {
            Intake::File(_) => None,
            _ => self.builder.trouble(),
        };
        Some(if self.counts.pictures == 0 { silent } else { seeking.unwrap_or(NotReady::NoKeyFrame) })
    }

    /// What the web camera is to be told now, after what came. `key_frame_wanted`: somebody waits for a key frame. `viewers`
    /// is asked only where it is told.
    pub fn said(&mut self, now: Moment, key_frame_wanted: bool, viewers: impl FnOnce() -> usize) -> Vec<Said<'static>> {
        let is_due = |last: Option<Moment>, every| last.is_none_or(|last| now.since(last) >= every);
        let mut said = Vec::new();
        // A file would be begun anew for it: those who watch would wait longer than for its next key frame.
        let is_wanted = key_frame_wanted && matches!(self.intake, Intake::Frames(_));
        if self.counts.pictures > 0
            && (is_wanted || self.is_seeking())
            && is_due(self.asked, limits::WEB_CAMERA_KEY_FRAME_TIME)
        {
            self.asked = Some(now);
            said.push(Said::KeyFrame);
        }
        if is_due(self.acknowledged, limits::WEB_CAMERA_ACK_TIME)
            && let Some(Newest { timestamp_us, queue_ms }) = self.newest.take()
        {
            self.acknowledged = Some(now);
            let (received_bytes, viewers) = (self.counts.bytes, viewers());
            said.push(Said::Ack { timestamp_us, received_bytes, queue_ms, viewers });
        }
        said
    }

    /// What the next ping carries, where the way to the web camera and back is to be measured.
    pub fn ping(&mut self, now: Moment) -> Option<u64> {
        if self.is_described() { self.uplink.ping(now) } else { None }
    }

    /// A ping was answered, with what it carried.
    pub fn pong(&mut self, carried: &[u8], now: Moment) {
        if let Ok(number) = carried.try_into() {
            self.uplink.pong(u64::from_be_bytes(number), now);
        }
    }

    /// How long the newest picture was on its way from the web camera, once that is known.
    pub fn uplink_ms(&self) -> Option<u64> {
        self.uplink.newest_ms()
    }

    /// Whether something is overdue at `now`.
    pub fn overdue(&self, now: Moment) -> Option<Overdue> {
        let waited = now.since(self.heard);
        if self.is_described() {
            (waited >= limits::NO_MEDIA).then_some(Overdue::Picture)
        } else {
            (waited >= limits::WEB_CAMERA_START_TIME).then_some(Overdue::Start)
        }
    }

    /// What has been seen so far.
    pub fn counts(&self) -> Counts {
        let dropped_pictures = match &self.intake {
            Intake::File(file) => file.dropped(),
            _ => self.builder.dropped(),
        };
        Counts { dropped_pictures, ..self.counts }
    }
}

#[cfg(test)]
mod tests;
