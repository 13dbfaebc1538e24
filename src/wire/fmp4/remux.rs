//! A finished film of a phone becomes a recording of ours: its samples in, init segments and fragments out.
//!
//! Unlike a live stream's, all durations are known: a fragment a picture, with the sound that is heard before the next one
//! is decoded. The pictures are not touched, nor how they are turned. A sound that another film would wait for is not put
//! in: where there is none, there is a gap.

mod size;

use std::sync::Arc;

use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
use crate::wire::fmp4::init::init_segment;
use crate::wire::fmp4::muxer::{Fragment, Muxed};
use crate::wire::mp4::{Ask, Movie, MovieSample, MovieSamples, Mp4Error, Pictures};
use crate::wire::opus::samples_in;
pub use size::Size;

/// Sound that waited this long for a picture goes without.
const MAX_SOUND_WAIT: Ticks90k = Ticks90k::from_ms(1000);

/// Makes fragments of a film.
#[derive(Debug)]
pub struct Remux {
    samples: MovieSamples,
    /// The sample whose bytes are wanted.
    next: Option<MovieSample>,
    entries: Vec<Option<Pictures>>,
    audio: Option<AudioParams>,
    params: Option<Arc<VideoParams>>,
    /// When the film was taken.
    began: ReferenceTime,
    sequence: u32,
    /// What is added to a time to get its place in the recording; `None` before the first key frame.
    shift: Option<Ticks90k>,
    first_picture: Ticks90k,
    sound: AudioRun,
    sound_end: i64,
}

impl Remux {
    /// Of this film, which was taken at `began`.
    pub fn new(movie: &Movie, began: ReferenceTime) -> Result<Self, Mp4Error> {
        let mut samples = movie.samples();
        Ok(Self {
            next: samples.next().transpose()?,
            samples,
            entries: movie.pictures().map(Option::<&Pictures>::cloned).collect(),
            // What a decoder would leave out lies before the first picture, and is left out with what is there.
            audio: movie.sound().cloned().map(AudioParams::without_pre_skip),
            params: None,
            began,
            sequence: 0,
            shift: None,
            first_picture: Ticks90k(0),
            sound: AudioRun::default(),
            sound_end: 0,
        })
    }

    /// What to read for [`Self::answer`]; `None` when the film is over.
    pub fn ask(&self) -> Option<Ask> {
        self.next.map(|sample| sample.bytes)
    }

    /// Takes the bytes that were asked for; adds what is ready to `out`.
    pub fn answer(&mut self, bytes: &[u8], out: &mut Vec<Muxed>) -> Result<(), Mp4Error> {
        let Some(sample) = self.next else { return Ok(()) };
        if bytes.len() != sample.bytes.length {
            return Err(Mp4Error::Broken("bytes of a sample"));
        }
        if sample.is_picture {
            self.picture(&sample, bytes, out)?
        } else {
            self.sound(&sample, bytes, out)
        }
        self.next = self.samples.next().transpose()?;
        if self.next.is_none() {
            self.give_sound(out);
        }
        Ok(())
    }

    fn picture(&mut self, sample: &MovieSample, bytes: &[u8], out: &mut Vec<Muxed>) -> Result<(), Mp4Error> {
        let pictures = self.entries.get_mut(sample.entry).and_then(Option::as_mut);
        let pictures = pictures.ok_or(Mp4Error::Broken("description of a sample"))?;
        let picture = pictures.read(bytes).map_err(|_| Mp4Error::Broken("a picture"))?;
        let shift = match self.shift {
            Some(shift) => shift,
            None if !picture.key => return Ok(()),
            None => {
                self.first_picture = sample.pts;
                *self.shift.insert(-sample.dts)
            }
        };
        let changed = self.params.as_ref().is_none_or(|params| **params != *picture.params);
        if changed && (picture.key || self.params.is_none()) {
            self.params = Some(picture.params.clone());
            out.push(Muxed::Init(init_segment(&picture.params, self.audio.as_ref()), picture.params));
        }
        let start = sample.dts + shift;
        let video = VideoSample {
            decode_time: start.0 as u64,
            duration: u32::try_from(sample.duration.0).unwrap_or(u32::MAX),
            usual_duration: None,
            composition_offset: u32::try_from((sample.pts - sample.dts).0).unwrap_or(u32::MAX),
            key: picture.key,
            data: &picture.data,
        };
        self.give(Some(&video), start, sample.duration, out);
        Ok(())
    }

    fn sound(&mut self, sample: &MovieSample, bytes: &[u8], out: &mut Vec<Muxed>) {
        let (Some(params), Some(shift)) = (&self.audio, self.shift) else { return };
        let Some(duration) = samples_in(params, bytes).filter(|_| sample.pts >= self.first_picture) else { return };
        let rate = params.sample_rate;
        // The timescale of some films is coarser than the sound's rate: what is not out by a millisecond goes on.
        let said = (sample.pts + shift).to_units(rate);
        let start = if (said - self.sound_end).abs() <= i64::from(rate / 1000) { self.sound_end } else { said };
        if start < self.sound_end {
            return;
        }
        // A sound lasts until the next one; but not through a gap of a second, which may be one of weeks.
        let late = match u32::try_from(start - self.sound_end) {
            Ok(late) if late <= rate => late,
            _ => {
                self.give_sound(out);
                0
            }
        };
        match self.sound.samples.last_mut() {
            Some((last, _)) => *last += late,
            None => self.sound.decode_time = start as u64,
        }
        self.sound.samples.push((duration, bytes.to_vec().into()));
        self.sound_end = start + i64::from(duration);
        let waiting_since = Ticks90k::from_units(self.sound.decode_time as i64, rate);
        if Ticks90k::from_units(self.sound_end, rate) - waiting_since > MAX_SOUND_WAIT {
            self.give_sound(out);
        }
    }

    /// Gives out the sound that waits, without a picture.
    fn give_sound(&mut self, out: &mut Vec<Muxed>) {
        let Some(rate) = self.audio.as_ref().map(|params| params.sample_rate) else { return };
        if self.sound.samples.is_empty() {
            return;
        }
        let start = Ticks90k::from_units(self.sound.decode_time as i64, rate);
        self.give(None, start, Ticks90k::from_units(self.sound_end, rate) - start, out);
    }

    fn give(&mut self, video: Option<&VideoSample<'_>>, start: Ticks90k, duration: Ticks90k, out: &mut Vec<Muxed>) {
        self.sequence = self.sequence.wrapping_add(1);
        let since_began = (i128::from(start.0) << 32) / i128::from(Ticks90k::PER_SECOND);
        let reference = ReferenceTime(self.began.0.wrapping_add(since_began as u64));
        let bytes = fragment(self.sequence, reference, video, &self.sound);
        self.sound.samples.clear();
        let key = video.is_some_and(|video| video.key);
        out.push(Muxed::Fragment(Fragment { bytes, start, duration, picture: video.is_some(), key }));
    }
}

#[cfg(test)]
mod tests;
