//! A finished MP4 or MOV file, as phones record it: opened by asking for the bytes that are needed, wherever they are.
//!
//! [`Opener`] finds the description, which many phones put at the end, and the fragments behind it; [`Movie`] is what they
//! say, cut as the edit list has it (`plan`).

use std::iter::Peekable;
use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::AudioParams;
use crate::ground::limits;
use crate::ground::time::Ticks90k;
use crate::wire::mp4::boxes::{BoxHeader, find};
use crate::wire::mp4::edits::{Piece, Side};
use crate::wire::mp4::fragment::{self, Told};
use crate::wire::mp4::gather::Gather;
use crate::wire::mp4::plan::{Cuts, Keys, Part, Plan, Planned};
use crate::wire::mp4::tables::{Rows, Tables};
use crate::wire::mp4::track::{Entry, Track, timescale};
use crate::wire::mp4::{Mp4Error, Pictures, plan};

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

/// Opens a file.
#[derive(Debug)]
pub struct Opener {
    file_bytes: u64,
    cuts: Cuts,
    stage: Stage,
}

/// How far a file is open.
#[derive(Debug)]
enum Stage {
    /// The description is looked for among the boxes; this many were passed over.
    Boxes { offset: u64, passed: usize },
    /// It was found here.
    Description { offset: u64, header: BoxHeader },
    /// Fragments come behind it; the header of the next box is wanted, or the body of a `moof`.
    Fragments { draft: Box<Draft>, offset: u64, passed: usize, found: Option<BoxHeader> },
    /// Key pictures are looked at.
    Keys(Box<Planning>),
}

/// What a description says.
#[derive(Debug)]
struct Draft {
    pictures: Described,
    sound: Option<Described>,
    left_out: Option<String>,
}

/// A track of it.
#[derive(Debug)]
struct Described {
    timescale: u32,
    pieces: Vec<Piece>,
    entries: Vec<Entry>,
    tables: Option<Tables>,
    told: Told,
    gathered: Gather,
}

/// A film of which all samples are known, and what is shown of it not yet.
#[derive(Debug)]
struct Planning {
    pictures: Part,
    entries: Vec<Entry>,
    sound: Option<(Part, Vec<Entry>)>,
    left_out: Option<String>,
    seen: plan::Pictures,
    keys: Keys,
    /// Key pictures that are to be looked at.
    wanted: Vec<u32>,
}

impl Opener {
    /// For a file of so many bytes.
    pub fn new(file_bytes: u64, cuts: Cuts) -> Self {
        Self { file_bytes, cuts, stage: Stage::Boxes { offset: 0, passed: 0 } }
    }

    /// What to read for [`Self::answer`].
    pub fn ask(&self) -> Ask {
        let (offset, length) = match &self.stage {
            Stage::Boxes { offset, .. } | Stage::Fragments { offset, found: None, .. } => (*offset, MAX_HEADER_BYTES),
            Stage::Description { offset, header } | Stage::Fragments { offset, found: Some(header), .. } => {
                (*offset, header.size)
            }
            Stage::Keys(planning) => return planning.ask(),
        };
        Ask { offset, length: length.min(self.file_bytes.saturating_sub(offset)) as usize }
    }

    /// Takes the bytes that were asked for; `None`: more are wanted. After an error it is of no more use.
    pub fn answer(&mut self, bytes: Bytes) -> Result<Option<Movie>, Mp4Error> {
        let file_bytes = self.file_bytes;
        let stage = std::mem::replace(&mut self.stage, Stage::Boxes { offset: 0, passed: 0 });
        self.stage = match stage {
            Stage::Boxes { offset, passed } => next_box(offset, passed, &bytes, file_bytes)?,
            Stage::Description { offset, header } => {
                let body = header.header as usize;
                if bytes.len() < body {
                    return Err(Mp4Error::NotMp4);
                }
                let moov = bytes.slice(body..);
                let draft = Box::new(describe(&moov)?);
                if find(&moov, &[b"mvex"]).is_none() {
                    return self.plan(*draft);
                }
                let offset = offset + header.size;
                Stage::Fragments { draft, offset, passed: 0, found: None }
            }
            Stage::Fragments { mut draft, offset, passed, found: Some(header) } => {
                let body = bytes.get(header.header as usize..).ok_or(Mp4Error::NotMp4)?;
                draft.fragment(body, offset, file_bytes)?;
                Stage::Fragments { draft, offset: offset + header.size, passed, found: None }
            }
            Stage::Fragments { draft, offset, passed, found: None } => {
                // A recording that was broken off ends with what is whole.
                let header = BoxHeader::read(&bytes);
                let whole = |header: &BoxHeader| offset.checked_add(header.size).is_some_and(|end| end <= file_bytes);
                let Some(header) = header.filter(whole) else { return self.plan(*draft) };
                if passed >= limits::MP4_FRAGMENTS || header.size > limits::MP4_MOOV_BYTES && header.kind == *b"moof" {
                    return Err(Mp4Error::TooLarge("samples"));
                }
                let (offset, found) =
                    if header.kind == *b"moof" { (offset, Some(header)) } else { (offset + header.size, None) };
                Stage::Fragments { draft, offset, passed: passed + 1, found }
            }
            Stage::Keys(mut planning) => {
                planning.look(&bytes);
                if planning.wanted.is_empty() {
                    return self.go_on(planning);
                }
                Stage::Keys(planning)
            }
        };
        Ok(None)
    }

    fn plan(&mut self, draft: Draft) -> Result<Option<Movie>, Mp4Error> {
        let planning = Box::new(draft.planned(self.file_bytes)?);
        self.go_on(planning)
    }

    fn go_on(&mut self, mut planning: Box<Planning>) -> Result<Option<Movie>, Mp4Error> {
        let cuts = if self.cuts == Cuts::Recoded { &[Cuts::Recoded, Cuts::AtKeys][..] } else { &[Cuts::AtKeys] };
        for cuts in cuts {
            let Planning { pictures, sound, seen, keys, .. } = &mut *planning;
            let sound = sound.as_ref().map(|(sound, _)| sound.span());
            match seen.plan(pictures, *cuts, keys, sound)? {
                Planned::Keys(mut wanted) => {
                    wanted.dedup();
                    planning.wanted = wanted;
                    self.stage = Stage::Keys(planning);
                    return Ok(None);
                }
                Planned::Done(plan) if *cuts == Cuts::Recoded && planning.is_too_much(&plan) => {}
                Planned::Done(plan) => {
                    let Planning { pictures, entries, sound, left_out, .. } = *planning;
                    return Ok(Some(Movie(Arc::new(Whole { pictures, entries, sound, left_out, plan }))));
                }
            }
        }
        Err(Mp4Error::Uncut)
    }
}

fn next_box(offset: u64, passed: usize, bytes: &[u8], file_bytes: u64) -> Result<Stage, Mp4Error> {
    // A box of size 0 reaches to the file's end: nothing comes behind it.
    let header = BoxHeader::read(bytes).ok_or(Mp4Error::NotMp4)?;
    if passed >= limits::MP4_TOP_BOXES {
        return Err(Mp4Error::TooLarge("boxes"));
    }
    if offset == 0 && !matches!(&header.kind, b"ftyp" | b"wide" | b"mdat" | b"moov" | b"free" | b"skip") {
        return Err(Mp4Error::NotMp4);
    }
    let end = offset.checked_add(header.size).filter(|end| *end <= file_bytes).ok_or(Mp4Error::NotMp4)?;
    if header.kind == *b"moov" {
        if header.size > limits::MP4_MOOV_BYTES {
            return Err(Mp4Error::TooLarge("samples"));
        }
        return Ok(Stage::Description { offset, header });
    }
    if end == file_bytes { Err(Mp4Error::NotMp4) } else { Ok(Stage::Boxes { offset: end, passed: passed + 1 }) }
}

/// Reads a description: the first track of pictures and the first of sound that are understood.
fn describe(moov: &Bytes) -> Result<Draft, Mp4Error> {
    let is_fragmented = find(moov, &[b"mvex"]).is_some();
    let scale = find(moov, &[b"mvhd"]).and_then(timescale).ok_or(Mp4Error::Broken("head of the description"))?;
    let (mut pictures, mut sound, mut foreign) = (None, None, [None, None]);
    for track in Track::shown(moov, scale)? {
        if let Some(name) = track.foreign() {
            foreign[usize::from(track.is_video)].get_or_insert(name.to_owned());
            continue;
        }
        let place = if track.is_video { &mut pictures } else { &mut sound };
        if place.is_some() {
            continue;
        }
        let tables = match Tables::parse(moov, track.tables) {
            // They may be left out where there are fragments.
            Err(_) if is_fragmented => None,
            tables => Some(tables?).filter(|tables| tables.count() > 0),
        };
        if tables.is_none() && !is_fragmented {
            continue;
        }
        let Track { id, timescale, pieces, entries, .. } = track;
        let (told, gathered) = (Told::of(moov, id), Gather::default());
        *place = Some(Described { timescale, pieces, entries, tables, told, gathered });
    }
    let [other_sound, other_pictures] = foreign;
    let Some(pictures) = pictures else { return Err(other_pictures.map_or(Mp4Error::NoVideo, Mp4Error::Codec)) };
    let left_out = other_sound.filter(|_| sound.is_none());
    let mut draft = Draft { pictures, sound, left_out };
    if is_fragmented {
        draft.tracks().try_for_each(Described::begin)?;
    }
    Ok(draft)
}

impl Draft {
    fn tracks(&mut self) -> impl Iterator<Item = &mut Described> {
        std::iter::once(&mut self.pictures).chain(&mut self.sound)
    }

    /// Takes a fragment's `moof` (its body). What of its media isn't in the file any more is left out.
    fn fragment(&mut self, moof: &[u8], offset: u64, file_bytes: u64) -> Result<(), Mp4Error> {
        let mut tracks: Vec<_> = self.tracks().collect();
        let (mut told, mut gathered) = (Vec::new(), Vec::new());
        for track in &mut tracks {
            let Described { told: of_track, gathered: into, .. } = &mut **track;
            told.push(std::mem::take(of_track));
            gathered.push(into);
        }
        let read = fragment::samples(moof, offset, &mut told, limits::MP4_SAMPLES as usize, &mut |track, row| {
            let is_there = row.offset.checked_add(u64::from(row.size)).is_some_and(|end| end <= file_bytes);
            if is_there { gathered[track].push(&row) } else { Ok(()) }
        });
        for (track, told) in tracks.into_iter().zip(told) {
            track.told = told;
        }
        read
    }

    fn planned(self, file_bytes: u64) -> Result<Planning, Mp4Error> {
        let Self { pictures, sound, left_out } = self;
        let mut named = 0;
        let mut seen = plan::Pictures::default();
        let (pictures, entries) = pictures.part(file_bytes, &mut |row| {
            named += u64::from(row.size);
            seen.push(row);
        })?;
        seen.settle_durations();
        let sound = sound.map(|sound| sound.part(file_bytes, &mut |row| named += u64::from(row.size))).transpose()?;
        // Samples may share bytes; but together they have no more than the film, or a small one would fill the disk.
        if named > file_bytes {
            return Err(Mp4Error::Repeats);
        }
        if pictures.count() == 0 {
            return Err(Mp4Error::NoVideo);
        }
        let sound = sound.filter(|(sound, _)| sound.count() > 0);
        Ok(Planning { pictures, entries, sound, left_out, seen, keys: Keys::default(), wanted: Vec::new() })
    }
}

impl Described {
    /// Fragments follow: what the description's own tables tell is the first of them (ffmpeg's `-movflags frag_keyframe`).
    fn begin(&mut self) -> Result<(), Mp4Error> {
        for row in self.tables.take().iter().flat_map(Tables::rows) {
            let row = row?;
            self.told.next_time = row.time + i64::from(row.duration);
            self.gathered.push(&row)?;
        }
        // An edit list that knows of no more than them says nothing of what follows.
        let known = self.told.next_time;
        if let Some(last) = self.pieces.last_mut()
            && known > 0
            && !last.still
            && last.end(self.timescale).abs_diff(known) <= u64::from(self.timescale) / 5
        {
            last.length = None;
        }
        Ok(())
    }

    fn part(
        self,
        file_bytes: u64,
        take: &mut dyn FnMut(&crate::wire::mp4::tables::Row),
    ) -> Result<(Part, Vec<Entry>), Mp4Error> {
        let tables = self.tables.unwrap_or_else(|| self.gathered.finish());
        Ok((Part::new((self.timescale, self.pieces, tables), file_bytes, take)?, self.entries))
    }
}

impl Planning {
    /// The key picture that is looked at next.
    fn ask(&self) -> Ask {
        let row = self.wanted.last().and_then(|number| self.pictures.rows_from(*number).next()?.ok());
        row.map_or(Ask { offset: 0, length: 0 }, |row| Ask { offset: row.offset, length: row.size as usize })
    }

    fn look(&mut self, bytes: &[u8]) {
        let Some(number) = self.wanted.pop() else { return };
        let entry = self.pictures.rows_from(number).next().and_then(|row| self.entries.get(row.ok()?.entry));
        let is_key = match entry {
            Some(Entry::Pictures(pictures)) => pictures.clone().read(bytes).is_ok_and(|picture| picture.key),
            _ => false,
        };
        self.keys.known.insert(number, is_key);
    }

    /// Whether coding pictures again would take too long.
    fn is_too_much(&self, plan: &Plan) -> bool {
        let largest = self.entries.iter().filter_map(|entry| match entry {
            Entry::Pictures(pictures) => pictures.clone().params(),
            _ => None,
        });
        let macroblocks =
            largest.map(|params| u64::from(params.width.div_ceil(16)) * u64::from(params.height.div_ceil(16)));
        // Parameters may come with the pictures: then they are as large as most.
        plan.recoded() * macroblocks.max().unwrap_or(8_160) > limits::RECODED_MACROBLOCKS
    }
}

/// A film: what its pictures and its sound are, and where. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Movie(Arc<Whole>);

#[derive(Debug)]
struct Whole {
    pictures: Part,
    entries: Vec<Entry>,
    sound: Option<(Part, Vec<Entry>)>,
    left_out: Option<String>,
    plan: Plan,
}

/// What is done with a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is heard.
    Sound,
    /// A picture that is shown as it is.
    Picture,
    /// A picture that is decoded; what is shown of its stretch is coded again.
    Recoded(Recoding),
}

/// A picture's place in a stretch of those that are decoded one after the other, from a key picture on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recoding {
    /// Whether it is the first, and whether it is the last.
    pub ends: [bool; 2],
    /// So many pictures of the stretch come before those that are shown, in the order in which they are shown.
    pub hidden: u32,
    /// So many are shown.
    pub shown: u32,
    /// The number of the first that is shown, among all that the film shows.
    pub base: usize,
}

/// A sample of a film, and where its bytes are; times on the film's timeline, which may begin before zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovieSample {
    /// What it is for.
    pub purpose: Purpose,
    /// Which of the track's sample entries holds for it, counted from 0.
    pub entry: usize,
    /// Its bytes.
    pub bytes: Ask,
    /// When it is decoded.
    pub dts: Ticks90k,
    /// When it is shown or heard; never before `dts`.
    pub pts: Ticks90k,
    /// How long after `dts` the next one is decoded; nothing for a picture that isn't shown.
    pub duration: Ticks90k,
    /// Whether the file says that decoding can start here.
    pub key: bool,
}

impl Movie {
    /// The pictures' sample entries, by the numbers that samples name.
    pub fn pictures(&self) -> impl Iterator<Item = Option<&Pictures>> {
        self.0.entries.iter().map(|entry| match entry {
            Entry::Pictures(pictures) => Some(pictures),
            _ => None,
        })
    }

    /// The sound's description, where there is any that is taken.
    pub fn sound(&self) -> Option<&AudioParams> {
        match self.0.sound.as_ref()?.1.first()? {
            Entry::Sound(params) => Some(params),
            _ => None,
        }
    }

    /// What sound is coded in that can't be taken, where there is no other.
    pub fn left_out(&self) -> Option<&str> {
        self.0.left_out.as_deref()
    }

    /// Whether pictures are coded again.
    pub fn is_recoded(&self) -> bool {
        self.0.plan.recoded() > 0
    }

    /// Whether pictures are missing that the edit list shows.
    pub fn is_shortened(&self) -> bool {
        self.0.plan.is_shortened
    }

    /// How long the pictures are shown.
    pub fn duration(&self) -> Ticks90k {
        let Plan { times, end, .. } = &self.0.plan;
        *end - times.first().copied().unwrap_or(*end)
    }

    /// When the picture of this number (of all that are shown, as they are shown) is decoded, when it is shown, and how long
    /// it is until the next.
    pub fn shown(&self, number: usize) -> Option<(Ticks90k, Ticks90k, Ticks90k)> {
        let plan = &self.0.plan;
        let shown = *plan.times.get(number)?;
        let (dts, duration) = plan.turn(number);
        Some((dts, shown, duration))
    }

    /// The first key picture that is read: what can be decoded of the film, it can be of this. It may have been cut away.
    pub fn first_key(&self) -> Option<MovieSample> {
        PictureSamples::of(&self.0).next()
    }

    /// All samples of pictures and sound that are shown, or needed for that, in decoding order, one among the other by time.
    pub fn samples(&self) -> MovieSamples {
        let sound = self.sound().is_some().then(|| SoundSamples::of(&self.0).peekable());
        MovieSamples { pictures: PictureSamples::of(&self.0).peekable(), sound }
    }
}

/// The samples of the pictures.
#[derive(Clone, Debug)]
struct PictureSamples {
    whole: Arc<Whole>,
    /// The stretches that have begun, and of the last: its samples, how many were given out, and how many are left.
    begun: usize,
    rows: Option<Rows>,
    given: u32,
    left: u32,
}

impl PictureSamples {
    fn of(whole: &Arc<Whole>) -> Self {
        Self { whole: whole.clone(), begun: 0, rows: None, given: 0, left: 0 }
    }
}

impl Iterator for PictureSamples {
    type Item = MovieSample;

    fn next(&mut self) -> Option<MovieSample> {
        let Whole { pictures, plan, .. } = &*self.whole;
        if self.left == 0 {
            let stretch = plan.stretches.get(self.begun)?;
            self.begun += 1;
            self.rows = Some(pictures.rows_from(stretch.first));
            (self.given, self.left) = (0, stretch.end - stretch.first);
        }
        let stretch = plan.stretches[self.begun - 1];
        // All were walked when the film was opened.
        let row = self.rows.as_mut()?.next()?.ok()?;
        let number = self.given;
        self.given += 1;
        self.left -= 1;
        let bytes = Ask { offset: row.offset, length: row.size as usize };
        let (entry, key) = (row.entry, row.key);
        let Some(recoded) = stretch.recoded else {
            let number = stretch.base + number as usize;
            let (dts, duration) = plan.turn(number);
            let placed = stretch.piece.place(row.time + i64::from(row.composition_offset), pictures.timescale);
            let pts = if number == 0 { plan.times[0] } else { placed.max(dts).max(stretch.piece.at) };
            return Some(MovieSample { purpose: Purpose::Picture, entry, bytes, dts, pts, duration, key });
        };
        // As many turns as pictures that are shown: those that are decoded first have none.
        let lead_in = stretch.end - stretch.first - recoded.shown;
        let turn = stretch.base + number.saturating_sub(lead_in) as usize;
        let (dts, duration) = plan.turn(turn);
        let duration = if number < lead_in { Ticks90k(0) } else { duration };
        let ends = [number == 0, self.left == 0];
        let recoding = Recoding { ends, hidden: recoded.hidden, shown: recoded.shown, base: stretch.base };
        let purpose = Purpose::Recoded(recoding);
        Some(MovieSample { purpose, entry, bytes, dts, pts: plan.times[turn], duration, key })
    }
}

/// The samples of the sound.
#[derive(Clone, Debug)]
struct SoundSamples {
    whole: Arc<Whole>,
    begun: usize,
    rows: Option<Rows>,
}

impl SoundSamples {
    fn of(whole: &Arc<Whole>) -> Self {
        Self { whole: whole.clone(), begun: 0, rows: None }
    }
}

impl Iterator for SoundSamples {
    type Item = MovieSample;

    fn next(&mut self) -> Option<MovieSample> {
        let (sound, _) = self.whole.sound.as_ref()?;
        loop {
            let Some(rows) = &mut self.rows else {
                let piece = sound.pieces.get(self.begun)?;
                self.begun += 1;
                self.rows = Some(sound.rows_before(piece.start));
                continue;
            };
            let piece = &sound.pieces[self.begun - 1];
            // All were walked when the film was opened.
            let Some(Ok(row)) = rows.next() else {
                self.rows = None;
                continue;
            };
            // While a picture stands still, nothing is heard.
            let side =
                if piece.still { Side::Behind } else { piece.side_of_sound(row.time, row.duration, sound.timescale) };
            match side {
                Side::Behind => self.rows = None,
                Side::Inside if row.size > 0 => {
                    let dts = piece.place(row.time, sound.timescale);
                    let duration = piece.place(row.time + i64::from(row.duration), sound.timescale) - dts;
                    let bytes = Ask { offset: row.offset, length: row.size as usize };
                    let (purpose, entry) = (Purpose::Sound, row.entry);
                    return Some(MovieSample { purpose, entry, bytes, dts, pts: dts, duration, key: true });
                }
                Side::Inside | Side::Before => {}
            }
        }
    }
}

/// The samples of a film.
#[derive(Clone, Debug)]
pub struct MovieSamples {
    pictures: Peekable<PictureSamples>,
    sound: Option<Peekable<SoundSamples>>,
}

impl Iterator for MovieSamples {
    type Item = MovieSample;

    fn next(&mut self) -> Option<MovieSample> {
        let shown = self.pictures.peek().map(|sample| sample.dts);
        match self.sound.as_mut().and_then(|sound| Some((sound.peek()?.dts, sound))) {
            Some((heard, sound)) if shown.is_none_or(|shown| heard < shown) => sound.next(),
            _ => self.pictures.next(),
        }
    }
}

#[cfg(test)]
mod tests;
