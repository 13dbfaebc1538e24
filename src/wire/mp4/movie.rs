//! A finished MP4 or MOV file, as phones record it: opened by asking for the bytes that are needed, wherever they are.
//!
//! [`Opener`] finds the description, which many phones put at the end; [`Movie`] is what it says. What the edit list cuts
//! off is left out: what was trimmed away is not to be seen.

use std::iter::Peekable;

use bytes::Bytes;

use crate::ground::frame::AudioParams;
use crate::ground::limits;
use crate::ground::time::Ticks90k;
use crate::wire::mp4::boxes::{BoxHeader, boxes, find};
use crate::wire::mp4::tables::{Row, Rows, Tables};
use crate::wire::mp4::track::{Edit, Entry, Track, is_plausible, timescale};
use crate::wire::mp4::{Mp4Error, Pictures};

/// Bytes of the longest box header.
const MAX_HEADER_BYTES: u64 = 16;

/// Bytes of the file that are wanted next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Where they are.
    pub offset: u64,
    /// How many.
    pub length: usize,
}

/// What a file turned out to be.
#[derive(Debug)]
pub enum Opened {
    /// A film with tables of its samples.
    Movie(Box<Movie>),
    /// A film in fragments: it is read from its beginning by a `Demuxer`.
    Fragmented,
}

/// Finds a file's description.
#[derive(Debug)]
pub struct Opener {
    file_bytes: u64,
    offset: u64,
    boxes: usize,
    /// The description that was found, and has yet to be read.
    found: Option<BoxHeader>,
}

impl Opener {
    /// For a file of so many bytes.
    pub fn new(file_bytes: u64) -> Self {
        Self { file_bytes, offset: 0, boxes: 0, found: None }
    }

    /// What to read for [`Self::answer`].
    pub fn ask(&self) -> Ask {
        let wanted = self.found.map_or(MAX_HEADER_BYTES, |header| header.size);
        Ask { offset: self.offset, length: wanted.min(self.file_bytes.saturating_sub(self.offset)) as usize }
    }

    /// Takes the bytes that were asked for; `None`: more are wanted.
    pub fn answer(&mut self, bytes: Bytes) -> Result<Option<Opened>, Mp4Error> {
        if let Some(header) = self.found {
            let head_bytes = header.header as usize;
            if bytes.len() < head_bytes {
                return Err(Mp4Error::NotMp4);
            }
            return open(&bytes.slice(head_bytes..), self.file_bytes).map(Some);
        }
        // A box of size 0 reaches to the file's end: nothing comes behind it.
        let header = BoxHeader::read(&bytes).ok_or(Mp4Error::NotMp4)?;
        self.boxes += 1;
        if self.boxes > limits::MP4_TOP_BOXES {
            return Err(Mp4Error::TooLarge("boxes"));
        }
        if self.offset == 0 && !matches!(&header.kind, b"ftyp" | b"wide" | b"mdat" | b"moov" | b"free" | b"skip") {
            return Err(Mp4Error::NotMp4);
        }
        let end = self.offset.checked_add(header.size).filter(|end| *end <= self.file_bytes).ok_or(Mp4Error::NotMp4)?;
        if header.kind != *b"moov" {
            self.offset = end;
            return if end == self.file_bytes { Err(Mp4Error::NotMp4) } else { Ok(None) };
        }
        if header.size > limits::MP4_MOOV_BYTES {
            return Err(Mp4Error::TooLarge("samples"));
        }
        self.found = Some(header);
        Ok(None)
    }
}

/// A film: what its pictures and its sound are, and where.
#[derive(Debug)]
pub struct Movie {
    pictures: Part,
    sound: Option<Part>,
    left_out: Option<String>,
    /// Where the pictures begin that are shown: the number of the key sample, and the times of what is shown.
    first: u32,
    /// How much later than its decoding time a picture must be shown, so that none is shown before it is decoded.
    delay: i64,
    file_bytes: u64,
}

#[derive(Debug)]
struct Part {
    timescale: u32,
    edit: Edit,
    entries: Vec<Entry>,
    tables: Tables,
}

/// A sample of a film, and where its bytes are; times on the film's timeline, which may begin before zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovieSample {
    /// Whether it is a picture.
    pub is_picture: bool,
    /// Which of the pictures' sample entries holds for it, counted from 0.
    pub entry: usize,
    /// Its bytes.
    pub bytes: Ask,
    /// When it is decoded.
    pub dts: Ticks90k,
    /// When it is shown or heard; never before `dts`.
    pub pts: Ticks90k,
    /// How long after `dts` the next one is decoded.
    pub duration: Ticks90k,
    /// Whether the file says that decoding can start here.
    pub key: bool,
}

fn open(moov: &Bytes, file_bytes: u64) -> Result<Opened, Mp4Error> {
    if find(moov, &[b"mvex"]).is_some() {
        return Ok(Opened::Fragmented);
    }
    let scale = find(moov, &[b"mvhd"]).and_then(timescale).ok_or(Mp4Error::Broken("head of the description"))?;
    let (mut pictures, mut sound, mut foreign) = (None, None, [None, None]);
    for (_, trak) in boxes(moov).filter(|(kind, _)| kind == b"trak") {
        let Some(track) = Track::parse(trak, scale)? else { continue };
        if let Some(name) = track.foreign() {
            foreign[usize::from(track.is_video)].get_or_insert(name.to_owned());
            continue;
        }
        let place = if track.is_video { &mut pictures } else { &mut sound };
        if place.is_some() {
            continue;
        }
        let tables = Tables::parse(moov, track.tables)?;
        let Track { timescale, edit, entries, .. } = track;
        *place = (tables.count() > 0).then_some(Part { timescale, edit, entries, tables });
    }
    let [other_sound, other_pictures] = foreign;
    let Some(pictures) = pictures else { return Err(other_pictures.map_or(Mp4Error::NoVideo, Mp4Error::Codec)) };
    let left_out = other_sound.filter(|_| sound.is_none());
    let (first, delay) = beginning(&pictures)?;
    Ok(Opened::Movie(Box::new(Movie { pictures, sound, left_out, first, delay, file_bytes })))
}

/// The number of the key sample with which the pictures begin that are shown, and how much later pictures must be shown.
fn beginning(pictures: &Part) -> Result<(u32, i64), Mp4Error> {
    let mut first = None;
    let mut delay = 0;
    for (number, row) in (0..).zip(pictures.tables.rows()) {
        let row = row?;
        let offset = i64::from(row.composition_offset);
        delay = delay.max(-offset);
        if row.key && (first.is_none() || row.time.saturating_add(offset) <= pictures.edit.start) {
            first = Some(number);
        }
    }
    Ok((first.ok_or(Mp4Error::Broken("no key frame"))?, delay))
}

impl Movie {
    /// The pictures' sample entries, by the numbers that samples name.
    pub fn pictures(&self) -> impl Iterator<Item = Option<&Pictures>> {
        self.pictures.entries.iter().map(|entry| match entry {
            Entry::Pictures(pictures) => Some(pictures),
            _ => None,
        })
    }

    /// The sound's description, where there is any that is taken.
    pub fn sound(&self) -> Option<&AudioParams> {
        match self.sound.as_ref()?.entries.first()? {
            Entry::Sound(params) => Some(params),
            _ => None,
        }
    }

    /// What sound is coded in that can't be taken, where there is no other.
    pub fn left_out(&self) -> Option<&str> {
        self.left_out.as_deref()
    }

    /// How long the pictures are shown.
    pub fn duration(&self) -> Result<Ticks90k, Mp4Error> {
        let mut first = None;
        let mut end = Ticks90k(0);
        for sample in self.part_samples(&self.pictures, true) {
            let sample = sample?;
            first.get_or_insert(sample.dts);
            end = end.max(sample.dts + sample.duration);
        }
        Ok(end - first.unwrap_or(end))
    }

    /// All samples of pictures and sound that are shown, in decoding order, one among the other by time. Ends after the
    /// first error.
    pub fn samples(&self) -> MovieSamples {
        let sound = self.sound.as_ref().filter(|_| self.sound().is_some());
        MovieSamples {
            pictures: self.part_samples(&self.pictures, true).peekable(),
            sound: sound.map(|sound| self.part_samples(sound, false).peekable()),
            failed: false,
        }
    }

    fn part_samples(&self, part: &Part, is_picture: bool) -> PartSamples {
        PartSamples {
            rows: part.tables.rows(),
            is_picture,
            timescale: part.timescale,
            edit: part.edit,
            skip: if is_picture { self.first } else { 0 },
            delay: if is_picture { self.delay } else { 0 },
            file_bytes: self.file_bytes,
        }
    }
}

/// The samples of one track that are shown.
#[derive(Clone, Debug)]
struct PartSamples {
    rows: Rows,
    is_picture: bool,
    timescale: u32,
    edit: Edit,
    skip: u32,
    delay: i64,
    file_bytes: u64,
}

impl Iterator for PartSamples {
    type Item = Result<MovieSample, Mp4Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.rows.next()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            match self.sample(&row) {
                Ok(sample) if row.size == 0 || self.is_cut_off(&sample) => {}
                sample => return Some(sample),
            }
        }
    }
}

impl PartSamples {
    fn sample(&self, row: &Row) -> Result<MovieSample, Mp4Error> {
        let end = row.time + i64::from(row.duration);
        if !is_plausible(end, self.timescale) {
            return Err(Mp4Error::Broken("time of a sample"));
        }
        if row.offset.checked_add(u64::from(row.size)).is_none_or(|end| end > self.file_bytes) {
            return Err(Mp4Error::Broken("place of a sample"));
        }
        if row.size as usize > limits::ACCESS_UNIT_BYTES {
            return Err(Mp4Error::TooLarge("bytes in one picture"));
        }
        let place = |time: i64| self.edit.place(time, self.timescale);
        let dts = place(row.time - self.delay);
        let pts = place(row.time + i64::from(row.composition_offset)).max(dts);
        let duration = place(end - self.delay) - dts;
        let bytes = Ask { offset: row.offset, length: row.size as usize };
        Ok(MovieSample { is_picture: self.is_picture, entry: row.entry, bytes, dts, pts, duration, key: row.key })
    }

    /// Whether a sample lies outside of what the edit list shows. Pictures before it, and those decoded before its last,
    /// are needed for decoding.
    fn is_cut_off(&self, sample: &MovieSample) -> bool {
        let Edit { delay, length, .. } = self.edit;
        let after = length.is_some_and(|length| sample.dts >= delay + length);
        after || !self.is_picture && sample.pts + sample.duration <= delay
    }
}

/// The samples of a film.
#[derive(Clone, Debug)]
pub struct MovieSamples {
    pictures: Peekable<PartSamples>,
    sound: Option<Peekable<PartSamples>>,
    failed: bool,
}

impl Iterator for MovieSamples {
    type Item = Result<MovieSample, Mp4Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let time = |part: &mut Peekable<PartSamples>| {
            part.peek().map(|sample| sample.as_ref().map_or(Ticks90k(i64::MIN), |sample| sample.dts))
        };
        let picture = time(&mut self.pictures);
        let next = match self.sound.as_mut().and_then(|sound| Some((time(sound)?, sound))) {
            Some((heard, sound)) if picture.is_none_or(|shown| heard < shown) => sound.next(),
            _ => self.pictures.next(),
        };
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

#[cfg(test)]
mod tests;
