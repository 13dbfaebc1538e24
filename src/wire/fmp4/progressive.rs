//! A finished recording as players of plain files like it best: all sample tables first (14496-12, 8.5 to 8.7), then
//! the recording's own bytes as one `mdat`.
//!
//! Nothing is rewritten: the tables point at the samples where the fragments have them. A player that asks for the
//! middle gets there with one request.
//!
//! The samples of a long recording fill more memory than there is. So they are walked twice: [`Measure`] finds how long
//! each table will be, and the [`Plan`] that comes of it writes all tables side by side.

use std::convert::Infallible;

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
    /// Which init segment holds for it, counted from 0.
    pub init_segment: u32,
}

/// The tables of a track, in the order of the file: `stts`, `ctts`, `stss`, `stsc`, `stsz` and `co64`. Every sample is a
/// chunk of its own.
const KINDS: [&[u8; 4]; 6] = [b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"co64"];
/// Bytes of a row of each.
const ROW_BYTES: [u64; 6] = [8, 8, 4, 12, 4, 8];
const STTS: usize = 0;
const CTTS: usize = 1;
const STSS: usize = 2;
const STSC: usize = 3;
const STSZ: usize = 4;
const CO64: usize = 5;
/// Bytes of a table that are gathered before they are given out.
const GATHERED_BYTES: usize = 16 * 1024;

/// Equal values that follow each other.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    count: u32,
    value: u32,
}

impl Run {
    /// Takes the next value; gives the run that it ends.
    fn take(&mut self, value: u32) -> Option<Self> {
        let ended = (self.count > 0 && self.value != value).then_some(*self);
        *self = Self { count: if ended.is_some() { 1 } else { self.count + 1 }, value };
        ended
    }

    fn row(self) -> [u8; 8] {
        (u64::from(self.count) << 32 | u64::from(self.value)).to_be_bytes()
    }
}

/// Walks the samples of one track and tells the rows of its tables.
#[derive(Clone, Debug, Default)]
struct Walk {
    first: Option<IndexedSample>,
    /// The newest, whose duration the next one tells.
    previous: Option<IndexedSample>,
    count: u32,
    keys: u32,
    durations: Run,
    compositions: Run,
    init_segment: Option<u32>,
    /// Whether any sample is shown at another time than it is decoded.
    composed: bool,
    duration: u64,
    /// When the last one has been shown, in the track's units after the first one's decoding. Uneven pictures that are shown
    /// in another order than they are decoded in may be shown well after all have been decoded.
    shown_until: u64,
}

impl Walk {
    /// Takes the next sample; `base` is where the recording's first byte will be. `put` is given table and row.
    fn push<E>(
        &mut self,
        sample: &IndexedSample,
        base: u64,
        put: &mut impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(previous) = self.previous.replace(*sample) else {
            self.first = Some(*sample);
            return Ok(());
        };
        let duration = sample.decode_time.saturating_sub(previous.decode_time);
        self.settle(&previous, u32::try_from(duration).unwrap_or(u32::MAX), base, put)
    }

    fn settle<E>(
        &mut self,
        sample: &IndexedSample,
        duration: u32,
        base: u64,
        put: &mut impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.count += 1;
        if let Some(run) = self.durations.take(duration) {
            put(STTS, &run.row())?;
        }
        self.composed |= sample.composition_offset != 0;
        if let Some(run) = self.compositions.take(sample.composition_offset) {
            put(CTTS, &run.row())?;
        }
        if sample.key {
            self.keys += 1;
            put(STSS, &self.count.to_be_bytes())?;
        }
        if self.init_segment.replace(sample.init_segment) != Some(sample.init_segment) {
            let row = [self.count, 1, sample.init_segment + 1].map(u32::to_be_bytes);
            put(STSC, row.as_flattened())?;
        }
        put(STSZ, &sample.size.to_be_bytes())?;
        put(CO64, &(base + sample.offset).to_be_bytes())?;
        let shown = self.duration + u64::from(sample.composition_offset) + u64::from(duration);
        self.shown_until = self.shown_until.max(shown);
        self.duration += u64::from(duration);
        Ok(())
    }

    /// There are no more.
    fn end<E>(&mut self, base: u64, put: &mut impl FnMut(usize, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let Some(last) = self.previous.take() else { return Ok(()) };
        self.settle(&last, last.duration, base, put)?;
        put(STTS, &self.durations.row())?;
        put(CTTS, &self.compositions.row())
    }
}

/// A track, measured.
#[derive(Clone, Debug, Default)]
struct Track {
    walk: Walk,
    table_bytes: [u64; 6],
}

impl Track {
    fn first_shown(&self, timescale: u32) -> Option<Ticks90k> {
        let first = self.walk.first?;
        let shown = first.decode_time + u64::from(first.composition_offset);
        Some(Ticks90k::from_units(shown as i64, timescale))
    }

    /// Where the media start to be shown, in the track's units.
    fn media_start(&self) -> u64 {
        self.walk.first.map_or(0, |first| u64::from(first.composition_offset))
    }

    /// Whether the table is needed.
    fn has(&self, table: usize) -> bool {
        match table {
            CTTS => self.walk.composed,
            STSS => self.walk.keys < self.walk.count,
            _ => true,
        }
    }

    /// Writes the tables, with gaps for their rows.
    fn tables(&self, out: &mut BoxWriter) {
        for table in (0..KINDS.len()).filter(|table| self.has(*table)) {
            out.full(KINDS[table], 0, 0, |out| {
                if table == STSZ {
                    out.u32(0);
                }
                out.u32((self.table_bytes[table] / ROW_BYTES[table]) as u32);
                out.gap(self.table_bytes[table]);
            });
        }
    }

    /// An edit list: how long to wait, then where to start (14496-12, 8.6.6). Both durations in the movie's units.
    fn edits(&self, out: &mut BoxWriter, delay: u64, duration: u64) {
        out.boxed(b"edts", |out| {
            out.full(b"elst", 1, 0, |out| {
                out.u32(1 + u32::from(delay > 0));
                if delay > 0 {
                    out.u64(delay);
                    out.u64(u64::MAX);
                    out.u32(0x0001_0000);
                }
                out.u64(duration);
                out.u64(self.media_start());
                out.u32(0x0001_0000);
            });
        });
    }
}

/// Finds how long the tables of a recording will be.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    pictures: Track,
    sound: Track,
}

impl Measure {
    /// Takes the next sample of the recording.
    pub fn push(&mut self, sample: &IndexedSample) {
        let track = if sample.track == VIDEO_TRACK { &mut self.pictures } else { &mut self.sound };
        let Ok(()) = track.walk.push(sample, 0, &mut counting(&mut track.table_bytes));
    }

    /// There are no more samples: how the head of the recording, which has `recording_bytes` bytes, will be.
    ///
    /// `videos` are what the init segments say, in their order; `audio` is the sound's, where there is any.
    pub fn plan(mut self, videos: &[&VideoParams], audio: Option<&AudioParams>, recording_bytes: u64) -> Plan {
        for track in [&mut self.pictures, &mut self.sound] {
            let Ok(()) = track.walk.end(0, &mut counting(&mut track.table_bytes));
        }
        let Self { pictures, sound } = &self;
        let audio_rate = audio.map_or(1, |audio| audio.sample_rate);
        let starts = [pictures.first_shown(MOVIE_TIMESCALE), sound.first_shown(audio_rate)];
        let movie_start = starts.into_iter().flatten().min().unwrap_or_default();
        let [pictures_delay, sound_delay] =
            starts.map(|start| (start.unwrap_or_default() - movie_start).0.max(0) as u64);
        let shown = pictures.walk.shown_until.saturating_sub(pictures.media_start());
        let sound_duration = Ticks90k::from_units(sound.walk.duration as i64, audio_rate).0 as u64;
        let mut out = BoxWriter::with_capacity(4096);
        file_type(&mut out);
        out.boxed(b"moov", |out| {
            movie_header(out, (pictures_delay + shown).max(sound_delay + sound_duration));
            let edits = |out: &mut BoxWriter| pictures.edits(out, pictures_delay, shown);
            video_track(out, videos, [pictures.walk.duration, shown], &|out| pictures.tables(out), edits);
            if let Some(audio) = audio.filter(|_| sound.walk.count > 0) {
                let edits = |out: &mut BoxWriter| sound.edits(out, sound_delay, sound_duration);
                audio_track(out, audio, sound.walk.duration, &|out| sound.tables(out), edits);
            }
        });
        out.u32(1);
        out.put(b"mdat");
        out.u64(16 + recording_bytes);
        let places = |track: &Track| std::array::from_fn(|table| track.has(table));
        let tables = [places(pictures), places(sound)];
        Plan { bytes: out.bytes.len() as u64 + out.gap_bytes, frame: out.bytes, gaps: out.gaps, tables }
    }
}

fn counting(table_bytes: &mut [u64; 6]) -> impl FnMut(usize, &[u8]) -> Result<(), Infallible> {
    |table, row| {
        table_bytes[table] += row.len() as u64;
        Ok(())
    }
}

/// What to send before a recording, so that both together are a plain MP4 file: all but the rows of its tables.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The boxes without the rows.
    frame: Vec<u8>,
    /// Where in `frame` rows are left out, each with how many bytes, in the order of the tables that there are.
    gaps: Vec<(usize, u64)>,
    /// Which tables pictures and sound have.
    tables: [[bool; 6]; 2],
    bytes: u64,
}

/// Rows of a table that wait to be given out, and where they belong.
#[derive(Default)]
struct Rows {
    at: u64,
    waiting: Vec<u8>,
}

impl Plan {
    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of memory the plan takes.
    pub fn held_bytes(&self) -> usize {
        self.frame.capacity()
    }

    /// Writes the head in pieces: each with its place is given to `put`. `samples` are those that were measured.
    pub fn write<E>(
        &self,
        samples: impl Iterator<Item = IndexedSample>,
        mut put: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut from, mut at) = (0, 0);
        let mut places = Vec::with_capacity(self.gaps.len());
        for (end, gap) in self.gaps.iter().copied().chain([(self.frame.len(), 0)]) {
            put(at, &self.frame[from..end])?;
            at += (end - from) as u64;
            places.push(at);
            (from, at) = (end, at + gap);
        }
        let mut places = places.into_iter();
        let mut columns = self.tables.map(|track| {
            let mut rows = |there| if there { places.next() } else { None };
            track.map(|there| rows(there).map(|at| Rows { at, waiting: Vec::new() }))
        });
        let mut walks = [Walk::default(), Walk::default()];
        let mut give = |column: &mut Option<Rows>, row: &[u8], at_least: usize| {
            let Some(rows) = column else { return Ok(()) };
            rows.waiting.extend_from_slice(row);
            if rows.waiting.len() >= at_least {
                put(rows.at, &rows.waiting)?;
                rows.at += rows.waiting.len() as u64;
                rows.waiting.clear();
            }
            Ok(())
        };
        for sample in samples {
            let track = usize::from(sample.track == AUDIO_TRACK);
            let columns = &mut columns[track];
            let mut row = |table: usize, row: &[u8]| give(&mut columns[table], row, GATHERED_BYTES);
            walks[track].push(&sample, self.bytes, &mut row)?;
        }
        for (walk, columns) in walks.iter_mut().zip(&mut columns) {
            walk.end(self.bytes, &mut |table: usize, row: &[u8]| give(&mut columns[table], row, GATHERED_BYTES))?;
            columns.iter_mut().try_for_each(|column| give(column, &[], 0))?;
        }
        Ok(())
    }
}
