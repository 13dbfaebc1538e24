//! Frames in, fragments out: each picture with the sound that came before it, the moment it is there.
//!
//! No frame waits for the next one: its duration is taken from the one before, and the next fragment's own time
//! corrects it. The timeline starts at the first key frame; sound from before it is left out.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::{AudioFrame, AudioParams, Frame, VideoFrame, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
use crate::wire::fmp4::init::init_segment;

/// Sound that waited this long for a picture goes without.
const MAX_SOUND_WAIT: Ticks90k = Ticks90k::from_ms(60);
/// What a picture takes where nothing tells.
const USUAL_FRAME: Ticks90k = Ticks90k(3000);
/// A picture is never said to last longer, whatever the one before it took.
const LONGEST_FRAME: Ticks90k = Ticks90k::from_ms(500);

/// A fragment, ready for every reader.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// `prft`, `moof` and `mdat`.
    pub bytes: Bytes,
    /// Where it starts on the stream's timeline (decoding time).
    pub start: Ticks90k,
    /// How long it lasts, as far as known when it was made.
    pub duration: Ticks90k,
    /// Whether it has a picture.
    pub picture: bool,
    /// Whether decoding can start here.
    pub key: bool,
}

/// What the muxer gives out.
#[derive(Clone, Debug)]
pub enum Muxed {
    /// The description of what follows: first of all, and again when the pictures' parameters change.
    Init(Bytes, Arc<VideoParams>),
    /// A fragment.
    Fragment(Fragment),
}

/// Makes fragments of one stream.
#[derive(Debug)]
pub struct Muxer {
    audio: Option<Arc<AudioParams>>,
    params: Option<Arc<VideoParams>>,
    sequence: u32,
    /// What is added to a frame's times to get its place on the timeline; `None` until the next key frame sets it.
    shift: Option<Ticks90k>,
    /// The time up to which the timeline is filled.
    end: Ticks90k,
    first_picture: Ticks90k,
    last_picture: Option<Ticks90k>,
    frame_duration: Ticks90k,
    sound: AudioRun,
    /// The sample at which the next piece of sound is expected.
    sound_end: Option<i64>,
}

impl Muxer {
    /// A muxer for a stream with this sound.
    pub fn new(audio: Option<Arc<AudioParams>>) -> Self {
        Self {
            audio,
            params: None,
            sequence: 0,
            shift: None,
            end: Ticks90k(0),
            first_picture: Ticks90k(0),
            last_picture: None,
            frame_duration: USUAL_FRAME,
            sound: AudioRun::default(),
            sound_end: None,
        }
    }

    /// The sound's description.
    pub fn audio(&self) -> Option<&Arc<AudioParams>> {
        self.audio.as_ref()
    }

    /// The next frames come from another connection, with times of their own: they go on where the timeline ends.
    pub fn resume(&mut self) {
        self.shift = None;
        self.last_picture = None;
    }

    /// Takes a frame that was there at `reference`; adds what is ready to `out`.
    pub fn push(&mut self, frame: &Frame, reference: ReferenceTime, out: &mut Vec<Muxed>) {
        match frame {
            Frame::Video(frame) => self.video(frame, reference, out),
            Frame::Audio(frame) => self.audio_frame(frame, reference, out),
        }
    }

    fn video(&mut self, frame: &VideoFrame, reference: ReferenceTime, out: &mut Vec<Muxed>) {
        let Some(shift) = self.shift.or_else(|| self.start(frame)) else { return };
        if self.params.as_ref().is_none_or(|params| !Arc::ptr_eq(params, &frame.params) && **params != *frame.params) {
            self.params = Some(frame.params.clone());
            out.push(Muxed::Init(init_segment(&frame.params, self.audio.as_deref()), frame.params.clone()));
        }
        let start = frame.dts + shift;
        match self.last_picture {
            Some(last) => {
                self.frame_duration = Ticks90k((start - last).0.clamp(1, LONGEST_FRAME.0));
            }
            None => self.frame_duration = frame.params.frame_duration.unwrap_or(self.frame_duration),
        }
        self.last_picture = Some(start);
        let sample = VideoSample {
            decode_time: start.0 as u64,
            duration: self.frame_duration.0 as u32,
            composition_offset: (frame.pts - frame.dts).0 as u32,
            key: frame.key,
            data: &frame.data,
        };
        self.end = self.end.max(start + self.frame_duration);
        self.give(Some(&sample), start, self.frame_duration, reference, out);
    }

    /// Places the first key frame of a connection where the timeline ends.
    fn start(&mut self, frame: &VideoFrame) -> Option<Ticks90k> {
        if !frame.key {
            return None;
        }
        let shift = self.end - frame.dts;
        self.first_picture = frame.pts + shift;
        self.shift = Some(shift);
        self.shift
    }

    fn audio_frame(&mut self, frame: &AudioFrame, reference: ReferenceTime, out: &mut Vec<Muxed>) {
        let (Some(params), Some(shift)) = (self.audio.clone(), self.shift) else { return };
        let time = frame.pts + shift;
        if time < self.first_picture || time.0 < 0 {
            return;
        }
        let (rate, duration) = (params.sample_rate, params.samples_per_frame);
        let mut start = time.to_units(rate);
        if let Some(expected) = self.sound_end {
            let late = start - expected;
            if late.abs() <= i64::from(rate / 200) {
                start = expected;
            } else if late < 0 {
                return;
            } else if let Some((last, _)) = self.sound.samples.last_mut() {
                *last += late as u32;
            }
        }
        if self.sound.samples.is_empty() {
            self.sound.decode_time = start as u64;
        }
        self.sound.samples.push((duration, frame.data.clone()));
        self.sound_end = Some(start + i64::from(duration));
        let sound_end = Ticks90k::from_units(start + i64::from(duration), rate);
        self.end = self.end.max(sound_end);
        let waiting_since = Ticks90k::from_units(self.sound.decode_time as i64, rate);
        if sound_end - waiting_since > MAX_SOUND_WAIT {
            self.give(None, waiting_since, sound_end - waiting_since, reference, out);
        }
    }

    fn give(
        &mut self,
        video: Option<&VideoSample<'_>>,
        start: Ticks90k,
        duration: Ticks90k,
        reference: ReferenceTime,
        out: &mut Vec<Muxed>,
    ) {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = fragment(self.sequence, reference, video, &self.sound);
        self.sound.samples.clear();
        let key = video.is_some_and(|video| video.key);
        out.push(Muxed::Fragment(Fragment { bytes, start, duration, picture: video.is_some(), key }));
    }
}
