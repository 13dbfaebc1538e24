//! A finished film of a phone becomes a recording of ours: its samples in, init segments and fragments out.
//!
//! Unlike a live stream's, all durations are known: a fragment a picture, with the sound that is heard before the next one
//! is decoded. The pictures are not touched, nor how they are turned, but where a group was cut: those that are shown of it
//! are coded again, by whoever is given for that ([`Recoder`]). A sound that another film would wait for is not put in:
//! where there is none, there is a gap.

mod size;

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::fragment::{AudioRun, ReferenceTime, VideoSample, fragment};
use crate::wire::fmp4::init::init_segment;
use crate::wire::fmp4::muxer::{Fragment, Muxed};
use crate::wire::mp4::{Ask, Movie, MovieSample, MovieSamples, Mp4Error, Picture, Pictures, Purpose, Recoding};
use crate::wire::opus::samples_in;
pub use size::Size;

/// Sound that waited this long for a picture goes without.
const MAX_SOUND_WAIT: Ticks90k = Ticks90k::from_ms(1000);

/// Decodes pictures and codes them again.
pub trait Recoder {
    /// The parameter sets of what it codes of pictures with these parameters, SPS and PPS: of ids that those have not, so
    /// that both can stand in one description.
    fn sets(&mut self, params: &Arc<VideoParams>) -> Result<Vec<Bytes>, CannotRecode>;

    /// Begins with a key picture of these parameters.
    fn begin(&mut self, params: &Arc<VideoParams>, pictures: Spell) -> Result<(), CannotRecode>;

    /// Takes the next access unit, in decoding order, NAL units behind their lengths in four bytes; `out` gets what is ready
    /// of the pictures that are shown, in the order in which they are shown, in the same form. The first is a key picture
    /// and brings its parameter sets.
    fn take(&mut self, data: &[u8], out: &mut Vec<Bytes>) -> Result<(), CannotRecode>;

    /// The last one has come.
    fn finish(&mut self, out: &mut Vec<Bytes>) -> Result<(), CannotRecode>;
}

/// What is to be coded again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spell {
    /// So many pictures come before those that are shown, in the order in which they are shown.
    pub hidden: u32,
    /// So many are shown.
    pub shown: u32,
    /// Pictures a second.
    pub frame_rate: f32,
}

/// Pictures can't be decoded or coded; says why, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotRecode(pub String);

impl std::fmt::Display for CannotRecode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for CannotRecode {}

/// Why a film does not become a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemuxError {
    /// It is not one that can be taken.
    Mp4(Mp4Error),
    /// Its cut groups can't be coded again: it is to be opened with [`crate::wire::mp4::Cuts::AtKeys`].
    Recoding(CannotRecode),
}

impl From<Mp4Error> for RemuxError {
    fn from(error: Mp4Error) -> Self {
        Self::Mp4(error)
    }
}

impl From<CannotRecode> for RemuxError {
    fn from(error: CannotRecode) -> Self {
        Self::Recoding(error)
    }
}

/// Makes fragments of a film.
pub struct Remux<R> {
    movie: Movie,
    samples: MovieSamples,
    /// The sample whose bytes are wanted.
    next: Option<MovieSample>,
    entries: Vec<Option<Pictures>>,
    audio: Option<AudioParams>,
    recoder: R,
    recoded: Recoded,
    params: Option<Arc<VideoParams>>,
    /// When the film was taken.
    began: ReferenceTime,
    sequence: u32,
    /// What is added to a time to get its place in the recording.
    shift: Ticks90k,
    first_picture: Ticks90k,
    sound: AudioRun,
    sound_end: i64,
}

/// The stretch that is coded again.
#[derive(Default)]
struct Recoded {
    params: Option<Arc<VideoParams>>,
    /// Pictures that came out.
    given: usize,
    ready: Vec<Bytes>,
}

impl<R: Recoder> Remux<R> {
    /// Of this film, which was taken at `began`.
    pub fn new(movie: &Movie, began: ReferenceTime, recoder: R) -> Self {
        let mut samples = movie.samples();
        let (first_decoded, first_picture, _) = movie.shown(0).unwrap_or_default();
        Self {
            movie: movie.clone(),
            next: samples.next(),
            samples,
            entries: movie.pictures().map(Option::<&Pictures>::cloned).collect(),
            // What a decoder would leave out lies before the first picture, and is left out with what is there.
            audio: movie.sound().cloned().map(AudioParams::without_pre_skip),
            recoder,
            recoded: Recoded::default(),
            params: None,
            began,
            sequence: 0,
            shift: -first_decoded,
            first_picture,
            sound: AudioRun::default(),
            sound_end: 0,
        }
    }

    /// What to read for [`Self::answer`]; `None` when the film is over.
    pub fn ask(&self) -> Option<Ask> {
        self.next.map(|sample| sample.bytes)
    }

    /// Takes the bytes that were asked for; adds what is ready to `out`.
    pub fn answer(&mut self, bytes: &[u8], out: &mut Vec<Muxed>) -> Result<(), RemuxError> {
        let Some(sample) = self.next else { return Ok(()) };
        if bytes.len() != sample.bytes.length {
            return Err(Mp4Error::Broken("bytes of a sample").into());
        }
        match sample.purpose {
            Purpose::Sound => self.sound(&sample, bytes, out),
            // QuickTime's way to say that nothing changes.
            Purpose::Picture if bytes.is_empty() => {}
            Purpose::Picture => self.picture(&sample, bytes, out)?,
            Purpose::Recoded(recoding) => self.recode(&sample, recoding, bytes, out)?,
        }
        self.next = self.samples.next();
        if self.next.is_none() {
            self.give_sound(out);
        }
        Ok(())
    }

    fn read(&mut self, sample: &MovieSample, bytes: &[u8]) -> Result<Picture, Mp4Error> {
        let pictures = self.entries.get_mut(sample.entry).and_then(Option::as_mut);
        let pictures = pictures.ok_or(Mp4Error::Broken("description of a sample"))?;
        pictures.read(bytes).map_err(|_| Mp4Error::Broken("a picture"))
    }

    fn picture(&mut self, sample: &MovieSample, bytes: &[u8], out: &mut Vec<Muxed>) -> Result<(), RemuxError> {
        let picture = self.read(sample, bytes)?;
        self.describe(&picture.params, picture.key, out)?;
        let MovieSample { dts, pts, duration, .. } = *sample;
        self.give_picture((dts, pts, duration), picture.key, &picture.data, out);
        Ok(())
    }

    fn recode(
        &mut self,
        sample: &MovieSample,
        recoding: Recoding,
        bytes: &[u8],
        out: &mut Vec<Muxed>,
    ) -> Result<(), RemuxError> {
        let picture = self.read(sample, bytes)?;
        let Recoding { ends: [begins, ends], hidden, shown, base } = recoding;
        if begins {
            let (.., duration) = self.movie.shown(base).unwrap_or_default();
            let frame_rate = Ticks90k::PER_SECOND as f32 / duration.0.max(1) as f32;
            self.recoder.begin(&picture.params, Spell { hidden, shown, frame_rate })?;
            self.recoded = Recoded { params: Some(picture.params.clone()), given: base, ready: Vec::new() };
        } else if self.recoded.params.as_ref().is_none_or(|params| **params != *picture.params) {
            return Err(CannotRecode("its parameters change within a group that was cut".to_owned()).into());
        }
        self.recoder.take(&picture.data, &mut self.recoded.ready)?;
        if ends {
            self.recoder.finish(&mut self.recoded.ready)?;
        }
        for data in std::mem::take(&mut self.recoded.ready) {
            let number = self.recoded.given;
            let times = self.movie.shown(number).filter(|_| number < base + shown as usize);
            let times = times.ok_or_else(|| CannotRecode("more pictures came out than went in".to_owned()))?;
            self.recoded.given += 1;
            self.describe(&picture.params, number == base, out)?;
            self.give_picture(times, number == base, &data, out);
        }
        if ends && self.recoded.given != base + shown as usize {
            let missing = base + shown as usize - self.recoded.given;
            return Err(CannotRecode(format!("{missing} of {shown} pictures didn't come out")).into());
        }
        Ok(())
    }

    /// Says what the pictures are from here on, where that has changed at a key picture.
    fn describe(&mut self, params: &Arc<VideoParams>, key: bool, out: &mut Vec<Muxed>) -> Result<(), RemuxError> {
        if !key && self.params.is_some() {
            return Ok(());
        }
        let mut params = params.clone();
        if self.movie.is_recoded() {
            let more = self.recoder.sets(&params)?;
            let all = Arc::make_mut(&mut params);
            all.others.extend(more);
        }
        if self.params.as_ref().is_none_or(|known| **known != *params) {
            self.params = Some(params.clone());
            out.push(Muxed::Init(init_segment(&params, self.audio.as_ref()), params));
        }
        Ok(())
    }

    fn give_picture(
        &mut self,
        (dts, pts, duration): (Ticks90k, Ticks90k, Ticks90k),
        key: bool,
        data: &[u8],
        out: &mut Vec<Muxed>,
    ) {
        let start = dts + self.shift;
        let video = VideoSample {
            decode_time: start.0 as u64,
            duration: u32::try_from(duration.0).unwrap_or(u32::MAX),
            usual_duration: None,
            composition_offset: u32::try_from((pts - dts).0).unwrap_or(u32::MAX),
            key,
            data,
        };
        self.give(Some(&video), start, duration, out);
    }

    fn sound(&mut self, sample: &MovieSample, bytes: &[u8], out: &mut Vec<Muxed>) {
        let Some(params) = &self.audio else { return };
        let Some(duration) = samples_in(params, bytes).filter(|_| sample.pts >= self.first_picture) else { return };
        let rate = params.sample_rate;
        // The timescale of some films is coarser than the sound's rate: what is not out by a millisecond goes on.
        let said = (sample.pts + self.shift).to_units(rate);
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
        // The first picture may be late, where it is coded again.
        if self.sound.samples.is_empty() || self.params.is_none() {
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
