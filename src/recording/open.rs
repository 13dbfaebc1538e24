//! One recording that is being written: its file, and its index beside it. Which stream has a turn, and what becomes of a
//! recording that fails, is not known here.

use std::fs::File;
use std::io::{IoSlice, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::live::Stream;
use crate::private;
use crate::recording::Folder;
use crate::recording::index::{Indexer, NotAPiece, RECORD_BYTES, Record, Records};

/// After this time what was written is forced to the disk: all a power cut can take.
const SYNC_INTERVAL: Duration = Duration::from_secs(2);
/// Index records are gathered to this size before they are written.
const INDEX_BYTES: usize = 16 * 1024;

/// One recording that is being written.
pub(super) struct Open {
    video: File,
    index: File,
    indexer: Indexer,
    records: Vec<Record>,
    synced: Instant,
}

impl Open {
    /// Opens a recording that has `length` bytes: a new one, or one to go on with.
    pub(super) fn at(folder: &Folder, share: ShareId, length: u64) -> std::io::Result<Self> {
        let mut video = private::file();
        // A new recording never takes an old one's place.
        if length == 0 {
            video.write(true).create_new(true)
        } else {
            video.append(true)
        };
        let video = video.open(folder.video(share))?;
        let mut index =
            private::file().read(true).write(true).create(true).truncate(length == 0).open(folder.index(share))?;
        let (indexer, records) = Indexer::resume(Records::of(&index)?);
        if video.metadata()?.len() != length || indexer.offset() != length {
            return Err(std::io::Error::other("the recording is not as it was left"));
        }
        let indexed_bytes = records * RECORD_BYTES as u64;
        index.set_len(indexed_bytes)?;
        index.seek(SeekFrom::Start(indexed_bytes))?;
        Ok(Self { video, index, indexer, records: Vec::new(), synced: Instant::now() })
    }

    /// How many bytes it has.
    pub(super) fn bytes(&self) -> u64 {
        self.indexer.offset()
    }

    /// Writes pieces of `stream`, which is `over` with them; returns whether the recording is closed: because the stream is
    /// over, or its index as long as one may be.
    pub(super) fn write(&mut self, stream: &Stream, pieces: &[Bytes], over: bool) -> std::io::Result<bool> {
        if !pieces.is_empty() {
            let bytes = write_all(&mut self.video, pieces)?;
            stream.recorded(bytes);
            self.index(pieces)?;
        }
        if over || self.indexer.samples() > limits::RECORDING_SAMPLES {
            self.records.push(Record::End { size: self.bytes() });
            self.flush_index()?;
            self.video.sync_all()?;
            self.index.sync_all()?;
            return Ok(true);
        }
        if self.synced.elapsed() >= SYNC_INTERVAL {
            self.video.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(false)
    }

    fn index(&mut self, pieces: &[Bytes]) -> std::io::Result<()> {
        for piece in pieces {
            self.indexer
                .piece(piece, piece.len() as u64, &mut self.records)
                .map_err(|NotAPiece| std::io::Error::other("a fragment can't be indexed"))?;
        }
        if self.records.len() * RECORD_BYTES >= INDEX_BYTES {
            self.flush_index()?;
        }
        Ok(())
    }

    fn flush_index(&mut self) -> std::io::Result<()> {
        let bytes: Vec<u8> = self.records.drain(..).flat_map(|record| record.encode()).collect();
        self.index.write_all(&bytes)
    }
}

/// Writes all pieces, with as few calls as they take.
fn write_all(file: &mut File, pieces: &[Bytes]) -> std::io::Result<u64> {
    let total = pieces.iter().map(|piece| piece.len() as u64).sum();
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut slices = &mut slices[..];
    while !slices.is_empty() {
        match file.write_vectored(slices) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}
