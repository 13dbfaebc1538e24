//! A film that has arrived whole, read from its file: init segments and fragments out, as a recording has them.
//!
//! Files with tables are read sample by sample, wherever they lie (`wire/fmp4/remux`); files in fragments from their
//! beginning to their end, as a browser's stream would be (`wire/mp4/demuxer`). Blocks.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::{AudioParams, Frame, VideoParams};
use crate::ground::limits;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::{KeyFrame, Timeline};
use crate::recording::index::RECORD_BYTES;
use crate::wire::fmp4::VIDEO_TRACK;
use crate::wire::fmp4::decode_clock::Decoding;
use crate::wire::fmp4::fragment::ReferenceTime;
use crate::wire::fmp4::muxer::{Fragment, Muxed, Muxer};
use crate::wire::fmp4::read::samples;
use crate::wire::fmp4::remux::{Remux, Size};
use crate::wire::mp4::boxes::BoxHeader;
use crate::wire::mp4::{Ask, Demuxer, Movie, MovieSample, Mp4Error, Opened, Opener};
use crate::wire::playlist::segments::{Bound, FragmentMeta, Segments};

/// Bytes of a file in fragments that are read at once.
const PORTION_BYTES: usize = 256 * 1024;

/// Why a film can't be taken.
#[derive(Debug)]
pub enum FilmError {
    /// It is not a film that every TV plays.
    Mp4(Mp4Error),
    /// The disk failed, or has no room.
    Disk(io::Error),
}

impl fmt::Display for FilmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mp4(error) => error.fmt(f),
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

impl From<io::Error> for FilmError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A film that is being read.
pub struct Film {
    file: File,
    file_bytes: u64,
    began: ReferenceTime,
    source: Source,
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
    /// How large its recording will be, its index included; `None` where that is known only once it is read.
    pub size: Option<u64>,
}

enum Source {
    Tables(Box<Remux>),
    Fragments {
        demuxer: Box<Demuxer>,
        muxer: Option<Box<(Timeline, Muxer)>>,
        offset: u64,
        portion: Vec<u8>,
        frames: Vec<Frame>,
    },
}

impl Film {
    /// Opens the film at `path`, which was sent at `date`.
    pub fn open(path: &Path, date: UnixMs) -> Result<Self, FilmError> {
        let file = File::open(path)?;
        let file_bytes = file.metadata()?.len();
        let began = ReferenceTime::at(date);
        let mut opener = Opener::new(file_bytes);
        let (source, audio, size) = loop {
            match opener.answer(read(&file, opener.ask())?.into())? {
                None => {}
                Some(Opened::Movie(movie)) => {
                    if let Some(codec) = movie.left_out() {
                        log::info!("a film's sound is left out: it is coded in {codec}");
                    }
                    measure(&movie, file_bytes)?;
                    let remux = Box::new(Remux::new(&movie, began)?);
                    let Size { bytes, parts } = Size::of(&movie)?;
                    let size = bytes + (parts + 1) * RECORD_BYTES as u64;
                    break (Source::Tables(remux), movie.sound().cloned(), Some(size));
                }
                Some(Opened::Fragmented) => {
                    let demuxer = Box::default();
                    let portion = vec![0; PORTION_BYTES];
                    break (
                        Source::Fragments { demuxer, muxer: None, offset: 0, portion, frames: Vec::new() },
                        None,
                        None,
                    );
                }
            }
        };
        Ok(Self { file, file_bytes, began, source, about: About { audio, size, ..About::default() } })
    }

    /// Bytes that its recording is promised: as reckoned, or what the film has itself, and more as it grows.
    pub fn promised(&self) -> u64 {
        self.about.size.unwrap_or(self.file_bytes)
    }

    /// What is known of what has been read.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Adds what comes next to `out`; false when the film is over.
    pub fn next(&mut self, out: &mut Vec<Muxed>) -> Result<bool, FilmError> {
        let known = out.len();
        let more = match &mut self.source {
            Source::Tables(remux) => match remux.ask() {
                Some(ask) => {
                    remux.answer(&read(&self.file, ask)?, out)?;
                    true
                }
                None => false,
            },
            Source::Fragments { demuxer, muxer, offset, portion, frames } => {
                let left = usize::try_from(self.file_bytes - *offset).unwrap_or(usize::MAX);
                let portion = &mut portion[..left.min(PORTION_BYTES)];
                self.file.read_exact_at(portion, *offset)?;
                *offset += portion.len() as u64;
                demuxer.push(portion, frames)?;
                if muxer.is_none() {
                    let sound = demuxer.tracks().map(|tracks| tracks.audio);
                    self.about.audio = sound.clone().flatten().map(|params| (*params).clone());
                    *muxer = sound.map(|sound| Box::new((Timeline::behind(Ticks90k(0)), Muxer::new(sound))));
                }
                if let Some((timeline, muxer)) = muxer.as_deref_mut() {
                    for mut frame in frames.drain(..) {
                        if let Some(duration) = timeline.place(&mut frame, muxer.audio().map(|audio| &**audio)) {
                            match &frame {
                                Frame::Video(picture) => {
                                    let decoding = Decoding { start: picture.dts, duration, usual: None };
                                    muxer.picture(0, picture, decoding, self.began, out);
                                }
                                Frame::Audio(sound) => muxer.sound(0, sound, self.began, out),
                            }
                        }
                    }
                }
                *offset < self.file_bytes
            }
        };
        out[known..].iter().for_each(|item| self.about.take(item));
        Ok(more)
    }

    /// The film's first key frame; reads no further than that.
    pub fn first_key_frame(&mut self) -> Result<KeyFrame, FilmError> {
        let (mut out, mut more) = (Vec::new(), true);
        loop {
            match self.about.key_frame.clone() {
                Some(key_frame) => return Ok(key_frame),
                None if !more => return Err(Mp4Error::NoVideo.into()),
                None => more = self.next(&mut out)?,
            }
            out.clear();
        }
    }
}

/// Whether the recording of a film of so many bytes will be within the bounds of one, as its tables have it: said before
/// anything is written. Samples may share bytes; but together they have no more than the film, or a small one would fill
/// the disk.
fn measure(movie: &Movie, file_bytes: u64) -> Result<(), Mp4Error> {
    let mut bounds = Bounds::default();
    let mut named = 0;
    for sample in movie.samples() {
        let MovieSample { is_picture, entry, bytes, dts, duration, key, .. } = sample?;
        named += bytes.length as u64;
        if named > file_bytes {
            return Err(Mp4Error::Repeats);
        }
        bounds.samples(1)?;
        bounds.fragment(dts, duration, is_picture, key, entry as u32)?;
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
                    let params = self.video.clone();
                    self.key_frame = params.zip(picture_of(fragment)).map(|(params, data)| KeyFrame { params, data });
                }
            }
        }
    }
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
