//! A film that has arrived whole, read from its file: init segments and fragments out, as a recording has them.
//!
//! It is read sample by sample, wherever they lie (`wire/fmp4/remux`). Blocks, and where a film was trimmed inside of a group
//! of pictures it takes long.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::codec::Recoding;
use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::KeyFrame;
use crate::recording::index::RECORD_BYTES;
use crate::wire::fmp4::VIDEO_TRACK;
use crate::wire::fmp4::fragment::ReferenceTime;
use crate::wire::fmp4::muxer::{Fragment, Muxed};
use crate::wire::fmp4::read::samples;
use crate::wire::fmp4::remux::{Remux, RemuxError, Size};
use crate::wire::h264::params::ParameterSets;
use crate::wire::h264::{kind, nal_type, nal_units};
use crate::wire::mp4::boxes::BoxHeader;
use crate::wire::mp4::{Ask, Cuts, Movie, Mp4Error, Opener, Purpose};
use crate::wire::playlist::segments::{Bound, FragmentMeta, Segments};

/// Why a film can't be taken.
#[derive(Debug)]
pub enum FilmError {
    /// It is not a film that every TV plays.
    Mp4(Mp4Error),
    /// A group of pictures that was cut can't be coded again; says why, for the log. [`Cuts::AtKeys`] helps.
    Recoding(String),
    /// The disk failed, or has no room.
    Disk(io::Error),
}

impl fmt::Display for FilmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mp4(error) => error.fmt(f),
            Self::Recoding(why) => write!(f, "a group of pictures that was cut can't be coded again: {why}"),
            Self::Disk(error) => write!(f, "the disk reported an error: {error}"),
        }
    }
}
impl std::error::Error for FilmError {}

impl From<Mp4Error> for FilmError {
    fn from(error: Mp4Error) -> Self {
        Self::Mp4(error)
    }
}

impl From<RemuxError> for FilmError {
    fn from(error: RemuxError) -> Self {
        match error {
            RemuxError::Mp4(error) => Self::Mp4(error),
            RemuxError::Recoding(why) => Self::Recoding(why.0),
        }
    }
}

impl From<io::Error> for FilmError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A film that is being read.
pub struct Film {
    file: File,
    movie: Movie,
    remux: Box<Remux<Recoding>>,
    about: About,
}

/// What is known of a film, of what has been read so far.
#[derive(Default)]
pub struct About {
    /// The newest parameters of its pictures.
    pub video: Option<Arc<VideoParams>>,
    /// What its sound is.
    pub audio: Option<AudioParams>,
    /// Its pictures.
    pub pictures: u64,
    /// Bytes of its fragments.
    pub bytes: u64,
    /// Its first key frame.
    pub key_frame: Option<KeyFrame>,
    /// How large its recording will be, its index included; more where pictures are coded again.
    pub size: u64,
}

impl Film {
    /// Opens the film at `path`, which was sent at `date`.
    pub fn open(path: &Path, date: UnixMs, cuts: Cuts) -> Result<Self, FilmError> {
        let file = File::open(path)?;
        let file_bytes = file.metadata()?.len();
        let mut opener = Opener::new(file_bytes, cuts);
        let movie = loop {
            if let Some(movie) = opener.answer(read(&file, opener.ask())?.into())? {
                break movie;
            }
        };
        measure(&movie, file_bytes)?;
        let remux = Box::new(Remux::new(&movie, ReferenceTime::at(date), Recoding::default()));
        let Size { bytes, parts } = Size::of(&movie)?;
        let size = bytes + (parts + 1) * RECORD_BYTES as u64;
        let about = About { audio: movie.sound().cloned(), size, ..About::default() };
        Ok(Self { file, movie, remux, about })
    }

    /// Bytes that its recording is promised, and more as it grows.
    pub fn promised(&self) -> u64 {
        self.about.size
    }

    /// What its sender is told of.
    pub fn movie(&self) -> &Movie {
        &self.movie
    }

    /// What is known of what has been read.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Adds what comes next to `out`; false when the film is over.
    pub fn next(&mut self, out: &mut Vec<Muxed>) -> Result<bool, FilmError> {
        let Some(ask) = self.remux.ask() else { return Ok(false) };
        let known = out.len();
        self.remux.answer(&read(&self.file, ask)?, out)?;
        out[known..].iter().for_each(|item| self.about.take(item));
        Ok(true)
    }

    /// The first key frame of the film's file that matters: whether it can be decoded says whether the film can be shown.
    /// It may have been trimmed away, and is for nobody to see.
    pub fn proof(&self) -> Result<KeyFrame, FilmError> {
        let Some(sample) = self.movie.first_key() else { return Err(Mp4Error::NoVideo.into()) };
        let pictures = self.movie.pictures().nth(sample.entry).flatten().cloned();
        let mut pictures = pictures.ok_or(Mp4Error::Broken("description of a sample"))?;
        let picture = pictures.read(&read(&self.file, sample.bytes)?).map_err(|_| Mp4Error::Broken("a picture"))?;
        Ok(KeyFrame { params: picture.params, data: picture.data })
    }
}

/// How often a film may show the same, on average: beyond, a small one would fill the disk.
const REPEATS: u64 = 8;

/// Whether the recording of a film of so many bytes will be within the bounds of one, as its tables have it: said before
/// anything is written.
fn measure(movie: &Movie, file_bytes: u64) -> Result<(), Mp4Error> {
    let mut bounds = Bounds::default();
    let mut named = 0;
    for sample in movie.samples() {
        named += sample.bytes.length as u64;
        if named / REPEATS > file_bytes {
            return Err(Mp4Error::Repeats);
        }
        bounds.samples(1)?;
        let (is_picture, begins) = match sample.purpose {
            Purpose::Sound => (false, false),
            Purpose::Picture => (true, sample.key),
            Purpose::Recoded(recoding) => (true, recoding.ends[0]),
        };
        bounds.fragment(sample.dts, sample.duration, is_picture, begins, sample.entry as u32)?;
    }
    Ok(())
}

/// Says when a recording gets longer than one may be.
#[derive(Default)]
pub(super) struct Bounds {
    samples: u64,
    fragments: u64,
    began: Option<Ticks90k>,
    segments: Segments,
}

impl Bounds {
    /// Counts pictures and pieces of sound.
    pub(super) fn samples(&mut self, more: u64) -> Result<(), Mp4Error> {
        self.samples += more;
        if self.samples > limits::RECORDING_SAMPLES { Err(Mp4Error::TooLarge("pictures")) } else { Ok(()) }
    }

    /// Takes the next fragment.
    pub(super) fn fragment(
        &mut self,
        start: Ticks90k,
        duration: Ticks90k,
        picture: bool,
        key: bool,
        init_segment: u32,
    ) -> Result<(), Mp4Error> {
        let start = start - *self.began.get_or_insert(start);
        let number = self.fragments;
        self.fragments += 1;
        self.segments.push(&FragmentMeta { number, start, duration, picture, key, offset: 0, size: 0, init_segment });
        self.segments.forget(self.segments.next_number());
        let too_late = (start + duration).to_ms() > limits::RECORDING_TIME.as_millis() as i64;
        match self.segments.bound() {
            _ if too_late => Err(Mp4Error::TooLong),
            Some(Bound::Time) => Err(Mp4Error::TooLong),
            Some(Bound::Playlist) => Err(Mp4Error::TooLarge("key pictures and pauses")),
            None => Ok(()),
        }
    }
}

impl About {
    fn take(&mut self, item: &Muxed) {
        match item {
            Muxed::Init(_, params) => self.video = Some(params.clone()),
            Muxed::Fragment(fragment) => {
                self.bytes += fragment.bytes.len() as u64;
                self.pictures += u64::from(fragment.picture);
                if self.key_frame.is_none() && fragment.key {
                    let described = self.video.as_ref().zip(picture_of(fragment));
                    self.key_frame = described.map(|(params, data)| key_frame(params, data));
                }
            }
        }
    }
}

/// A key picture with its parameters: those that it brings itself hold.
fn key_frame(params: &Arc<VideoParams>, data: Bytes) -> KeyFrame {
    let mut sets = ParameterSets::default();
    for nal in nal_units(&data) {
        sets.take(nal);
        if nal.first().is_some_and(|head| kind(*head) == nal_type::IDR) {
            sets.use_for(nal);
        }
    }
    let own = sets.current().map(|own| Arc::new(VideoParams { rotation: params.rotation, ..(*own).clone() }));
    KeyFrame { params: own.unwrap_or_else(|| params.clone()), data }
}

/// The access unit in a fragment of ours.
fn picture_of(fragment: &Fragment) -> Option<Bytes> {
    let bytes = &fragment.bytes;
    let mut at = 0;
    loop {
        let header = BoxHeader::read(bytes.get(at..)?)?;
        let end = at + header.size as usize;
        if header.kind == *b"moof" {
            let found = samples(bytes.get(at + header.header as usize..end)?)?;
            let picture = found.into_iter().find(|sample| sample.track == VIDEO_TRACK)?;
            let start = at + picture.offset as usize;
            return (start + picture.size as usize <= bytes.len())
                .then(|| bytes.slice(start..start + picture.size as usize));
        }
        at = end;
    }
}

fn read(file: &File, ask: Ask) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; ask.length];
    file.read_exact_at(&mut bytes, ask.offset)?;
    Ok(bytes)
}
