//! A recording that is made in one go, of a film that is there already: written, indexed and closed. Blocks.
//!
//! Until [`FilmRecording::finish`] it is nobody's: one that a stop broke off is begun anew.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::private;
use crate::recording::Folder;
use crate::recording::film::{Bounds, FilmError};
use crate::recording::index::{Indexer, NotAPiece, RECORD_BYTES, Record};
use crate::wire::fmp4::init::free_box;
use crate::wire::fmp4::muxer::{Fragment, Muxed};
use crate::wire::mp4::Mp4Error;

/// Bytes of the recording and of its index that are gathered before they are written.
const GATHERED_BYTES: usize = 512 * 1024;

/// A recording that is being made.
pub struct FilmRecording {
    folder: Folder,
    video: BufWriter<File>,
    index: BufWriter<File>,
    indexer: Indexer,
    records: Vec<Record>,
    init_segments: usize,
    bounds: Bounds,
    records_written: u64,
}

impl FilmRecording {
    /// Begins the recording of `share`; one that was broken off makes room.
    pub fn create(folder: &Folder, share: ShareId) -> io::Result<Self> {
        folder.delete_recording(share)?;
        let create = |path| private::file().write(true).create_new(true).open(path);
        Ok(Self {
            folder: folder.clone(),
            video: BufWriter::with_capacity(GATHERED_BYTES, create(folder.video(share))?),
            index: BufWriter::with_capacity(GATHERED_BYTES, create(folder.index(share))?),
            indexer: Indexer::default(),
            records: Vec::new(),
            init_segments: 0,
            bounds: Bounds::default(),
            records_written: 0,
        })
    }

    /// Bytes so far, its index included.
    pub fn bytes(&self) -> u64 {
        self.indexer.offset() + self.records_written * RECORD_BYTES as u64
    }

    /// Takes what comes next.
    pub fn take(&mut self, item: &Muxed) -> Result<(), FilmError> {
        let piece = match item {
            Muxed::Init(bytes, _) => {
                self.init_segments += 1;
                if self.init_segments > limits::STREAM_INIT_SEGMENTS {
                    return Err(Mp4Error::TooLarge("changes of its coding").into());
                }
                // Only the first may be seen by players of the plain file.
                if self.init_segments == 1 { bytes.clone() } else { free_box(bytes) }
            }
            Muxed::Fragment(fragment) => {
                let Fragment { bytes, start, duration, picture, key } = fragment;
                let init_segment = self.init_segments.saturating_sub(1) as u32;
                self.bounds.fragment(*start, *duration, *picture, *key, init_segment)?;
                bytes.clone()
            }
        };
        self.video.write_all(&piece)?;
        self.indexer
            .piece(&piece, piece.len() as u64, &mut self.records)
            .map_err(|NotAPiece| io::Error::other("a fragment can't be indexed"))?;
        let samples = self.records.iter().filter(|record| matches!(record, Record::Sample(_)));
        self.bounds.samples(samples.count() as u64)?;
        Ok(self.write_records()?)
    }

    /// Closes the recording: it is durable, and can be played.
    pub fn finish(mut self) -> io::Result<()> {
        self.records.push(Record::End { size: self.indexer.offset() });
        self.write_records()?;
        for file in [self.video, self.index] {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        }
        self.folder.sync()
    }

    fn write_records(&mut self) -> io::Result<()> {
        self.records_written += self.records.len() as u64;
        self.records.drain(..).try_for_each(|record| self.index.write_all(&record.encode()))
    }
}
