//! A finished recording as players of plain files like it best: all sample tables first (14496-12, 8.5 to 8.7), then
//! the recording's own bytes as one `mdat`.
//!
//! Nothing is rewritten: the tables point at the samples where the fragments have them. A player that asks for the
//! middle gets there with one request.

use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::time::Ticks90k;
use crate::wire::fmp4::init::{MOVIE_TIMESCALE, audio_track, file_type, movie_header, video_track};
use crate::wire::fmp4::{AUDIO_TRACK, BoxWriter, VIDEO_TRACK};

/// One picture or piece of sound of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedSample {
    /// Track id.
    pub track: u32,
    /// Decoding time, in the track's units.
    pub decode_time: u64,
    /// From decoding to showing, in the track's units.
    pub composition_offset: u32,
    /// Duration as the fragment has it; used for a track's last sample.
    pub duration: u32,
    /// Whether decoding can start here.
    pub key: bool,
    /// Where its bytes are in the recording.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u32,
    /// Which description holds for it, counted from 0.
    pub description: u32,
}

/// What a track's tables are made of.
struct Tables<'a> {
    samples: Vec<&'a IndexedSample>,
    /// Duration of each sample: up to the next one's decoding time.
    durations: Vec<u32>,
    /// Time of the first sample, as an empty edit, in the movie's units.
    delay: u64,
    /// Where the media starts to be shown, in the track's units.
    media_start: u64,
}

impl<'a> Tables<'a> {
    fn new(all: &'a [IndexedSample], track: u32, timescale: u32, movie_start: Ticks90k) -> Self {
        let samples: Vec<_> = all.iter().filter(|sample| sample.track == track).collect();
        let durations = samples
            .iter()
            .enumerate()
            .map(|(i, sample)| {
                let next = samples.get(i + 1).map(|next| next.decode_time.saturating_sub(sample.decode_time));
                next.map_or(sample.duration, |next| u32::try_from(next).unwrap_or(u32::MAX))
            })
            .collect();
        let first = samples.first();
        let media_start = first.map_or(0, |first| u64::from(first.composition_offset));
        let shown = first.map_or(0, |first| first.decode_time + media_start);
        let delay = (Ticks90k::from_units(shown as i64, timescale) - movie_start).0.max(0) as u64;
        Self { samples, durations, delay, media_start }
    }

    fn duration(&self) -> u64 {
        self.durations.iter().map(|duration| u64::from(*duration)).sum()
    }

    /// How long the track is shown. Uneven pictures that are shown in another order than they are decoded in may be shown
    /// well after all have been decoded.
    fn shown(&self) -> u64 {
        let mut decoded = 0;
        let end = self.samples.iter().zip(&self.durations).map(|(sample, duration)| {
            let shown = decoded + u64::from(sample.composition_offset);
            decoded += u64::from(*duration);
            shown + u64::from(*duration)
        });
        end.max().unwrap_or(0).saturating_sub(self.media_start)
    }

    /// `stts`, `ctts`, `stss`, `stsc`, `stsz` and `co64`: every sample is a chunk of its own. `base` is where the
    /// recording's first byte will be.
    fn write(&self, out: &mut BoxWriter, base: u64) {
        let runs = |out: &mut BoxWriter, kind: &[u8; 4], values: &mut dyn Iterator<Item = u32>| {
            let mut runs: Vec<(u32, u32)> = Vec::new();
            for value in values {
                match runs.last_mut() {
                    Some((count, last)) if *last == value => *count += 1,
                    _ => runs.push((1, value)),
                }
            }
            out.full(kind, 0, 0, |out| {
                out.u32(runs.len() as u32);
                for (count, value) in runs {
                    out.u32(count);
                    out.u32(value);
                }
            });
        };
        runs(out, b"stts", &mut self.durations.iter().copied());
        if self.samples.iter().any(|sample| sample.composition_offset != 0) {
            runs(out, b"ctts", &mut self.samples.iter().map(|sample| sample.composition_offset));
        }
        if self.samples.iter().any(|sample| !sample.key) {
            let keys: Vec<u32> = (1..).zip(&self.samples).filter(|(_, sample)| sample.key).map(|(n, _)| n).collect();
            out.full(b"stss", 0, 0, |out| {
                out.u32(keys.len() as u32);
                keys.iter().for_each(|key| out.u32(*key));
            });
        }
        let mut changes: Vec<(u32, u32)> = Vec::new();
        for (chunk, sample) in (1..).zip(&self.samples) {
            if changes.last().is_none_or(|(_, last)| *last != sample.description) {
                changes.push((chunk, sample.description));
            }
        }
        out.full(b"stsc", 0, 0, |out| {
            out.u32(changes.len() as u32);
            for (chunk, description) in changes {
                out.u32(chunk);
                out.u32(1);
                out.u32(description + 1);
            }
        });
        out.full(b"stsz", 0, 0, |out| {
            out.u32(0);
            out.u32(self.samples.len() as u32);
            self.samples.iter().for_each(|sample| out.u32(sample.size));
        });
        out.full(b"co64", 0, 0, |out| {
            out.u32(self.samples.len() as u32);
            self.samples.iter().for_each(|sample| out.u64(base + sample.offset));
        });
    }

    /// An edit list: how long to wait, then where to start (14496-12, 8.6.6). `duration` in the movie's units.
    fn edits(&self, out: &mut BoxWriter, duration: u64) {
        out.boxed(b"edts", |out| {
            out.full(b"elst", 1, 0, |out| {
                out.u32(1 + u32::from(self.delay > 0));
                if self.delay > 0 {
                    out.u64(self.delay);
                    out.u64(u64::MAX);
                    out.u32(0x0001_0000);
                }
                out.u64(duration);
                out.u64(self.media_start);
                out.u32(0x0001_0000);
            });
        });
    }
}

/// The bytes to send before a recording of `recording_bytes` bytes, so that both together are a plain MP4 file.
///
/// `videos` are the descriptions in their order; `audio` is the sound's, where there is any.
pub fn header(
    videos: &[VideoParams],
    audio: Option<&AudioParams>,
    samples: &[IndexedSample],
    recording_bytes: u64,
) -> Vec<u8> {
    let measured = write(videos, audio, samples, recording_bytes, 0).len() as u64;
    write(videos, audio, samples, recording_bytes, measured)
}

fn write(
    videos: &[VideoParams],
    audio: Option<&AudioParams>,
    samples: &[IndexedSample],
    recording_bytes: u64,
    base: u64,
) -> Vec<u8> {
    let first_shown = |sample: &IndexedSample, rate| {
        Ticks90k::from_units((sample.decode_time + u64::from(sample.composition_offset)) as i64, rate)
    };
    let first_of = |track, rate| samples.iter().find(|s| s.track == track).map(|sample| first_shown(sample, rate));
    let audio_rate = audio.map_or(1, |audio| audio.sample_rate);
    let starts = [first_of(VIDEO_TRACK, MOVIE_TIMESCALE), first_of(AUDIO_TRACK, audio_rate)];
    let movie_start = starts.into_iter().flatten().min().unwrap_or_default();
    let pictures = Tables::new(samples, VIDEO_TRACK, MOVIE_TIMESCALE, movie_start);
    let sound = Tables::new(samples, AUDIO_TRACK, audio_rate, movie_start);
    let shown = pictures.shown();
    let sound_duration = Ticks90k::from_units(sound.duration() as i64, audio_rate).0 as u64;
    let mut out = BoxWriter::with_capacity(4096 + samples.len() * 24);
    file_type(&mut out);
    out.boxed(b"moov", |out| {
        movie_header(out, (pictures.delay + shown).max(sound.delay + sound_duration));
        let all: Vec<&VideoParams> = videos.iter().collect();
        let tables = |out: &mut BoxWriter| pictures.write(out, base);
        video_track(out, &all, [pictures.duration(), shown], &tables, |out| pictures.edits(out, shown));
        if let Some(audio) = audio.filter(|_| !sound.samples.is_empty()) {
            let tables = |out: &mut BoxWriter| sound.write(out, base);
            audio_track(out, audio, sound.duration(), &tables, |out| sound.edits(out, sound_duration));
        }
    });
    out.u32(1);
    out.put(b"mdat");
    out.u64(16 + recording_bytes);
    out.bytes
}
