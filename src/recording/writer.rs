//! The disk's thread: takes what streams have for it, and writes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{IoSlice, Seek as _, SeekFrom, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::live::{Backlog, RecordingState, Stream};
use crate::private;
use crate::recording::index::{Indexer, NotAPiece, RECORD_BYTES, Record, Records};
use crate::recording::{Folder, repair};

/// After this time what was written is forced to the disk: all a power cut can take.
const SYNC_INTERVAL: Duration = Duration::from_secs(2);
/// What streams have for the disk is gathered for this long and written at once: a wake-up and a call for each picture
/// of each stream would cost more than all the rest of a recording. It is what a killed process may lose.
const GATHER: Duration = Duration::from_millis(100);
/// Index records are gathered to this size before they are written.
const INDEX_BYTES: usize = 16 * 1024;

/// What people are told of a recording that has come to [`limits::RECORDING_TIME`], or to the other bounds of one.
const FULL: &str = "a recording has an end after 24 hours: share again to record what comes";

/// Told of what happened to a recording.
pub trait Witness: Send {
    /// The recording of `share` is complete.
    fn complete(&self, share: ShareId);
    /// The disk takes no more of `share`, for now or for good; `reason` is for people.
    fn failed(&self, share: ShareId, reason: &str);
    /// The disk takes the stream of `share` again, and the recording goes on.
    fn resumed(&self, share: ShareId);
}

/// One recording that is being written.
struct Open {
    video: File,
    index: File,
    indexer: Indexer,
    records: Vec<Record>,
    synced: Instant,
}

/// Writes recordings until the backlog is closed and empty. Blocks: give it a thread.
pub fn run(folder: &Folder, backlog: &Backlog, witness: &dyn Witness) {
    let mut open: HashMap<ShareId, Open> = HashMap::new();
    while let Some(streams) = backlog.wait() {
        for stream in streams {
            // Whatever is wrong with one recording, the others go on.
            let turn = AssertUnwindSafe(|| take(folder, &mut open, &stream, witness));
            if catch_unwind(turn).is_err() {
                log::error!("recording broke off share={}", stream.share());
                open.remove(&stream.share());
                stream.set_recording(RecordingState::Failed("the recording broke off".into()));
            }
        }
        std::thread::sleep(GATHER);
    }
}

/// Takes what one stream has.
fn take(folder: &Folder, open: &mut HashMap<ShareId, Open>, stream: &Arc<Stream>, witness: &dyn Witness) {
    let share = stream.share();
    let (pieces, over) = stream.take_unrecorded();
    if stream.recording() != RecordingState::On {
        open.remove(&share);
        if stream.takes_wish() {
            resume(folder, stream, witness);
        } else if let RecordingState::Failed(reason) | RecordingState::Paused(reason) = stream.recording() {
            witness.failed(share, &reason);
        }
        return;
    }
    let full = stream.recording_is_full();
    match write(folder, open, stream, &pieces, over || full) {
        Ok(false) => {}
        Ok(true) if !over => {
            open.remove(&share);
            log::warn!("recording is as long as one may be share={share}");
            stream.set_recording(RecordingState::Failed(FULL.into()));
            witness.failed(share, FULL);
        }
        Ok(true) => {
            open.remove(&share);
            stream.set_recording(RecordingState::Complete);
            witness.complete(share);
        }
        Err(error) => {
            open.remove(&share);
            let reason = reason(&error);
            log::warn!("recording stopped share={share} reason=\"{reason}\"");
            let state = if is_full(&error) { RecordingState::Paused } else { RecordingState::Failed };
            stream.set_recording(state(reason.clone()));
            witness.failed(share, &reason);
        }
    }
}

/// Goes on with a recording that stopped for want of room, in the same file: what was written in part is cut off before.
fn resume(folder: &Folder, stream: &Stream, witness: &dyn Witness) {
    let share = stream.share();
    match repair(folder, share) {
        Ok(bytes) => {
            log::info!("recording goes on share={share}");
            stream.resume_recording(bytes.unwrap_or(0));
            witness.resumed(share);
        }
        Err(error) => log::warn!("recording can't go on yet share={share} error=\"{error}\""),
    }
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        _ if is_full(error) => "the disk is full: delete shares or give the gateway a larger disk".into(),
        std::io::ErrorKind::FileTooLarge => "the recording has the largest size this disk allows".into(),
        std::io::ErrorKind::ReadOnlyFilesystem => "the disk can only be read: check it for errors".into(),
        _ => format!("the disk reported an error: {error}"),
    }
}

/// Writes pieces; returns whether the recording is closed: because the stream is over, or its index as long as one may be.
fn write(
    folder: &Folder,
    open: &mut HashMap<ShareId, Open>,
    stream: &Arc<Stream>,
    pieces: &[Bytes],
    over: bool,
) -> std::io::Result<bool> {
    let share = stream.share();
    if pieces.is_empty() && !open.contains_key(&share) {
        return Ok(over);
    }
    let recording = match open.entry(share) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(Open::at(folder, share, stream.recorded_bytes())?)
        }
    };
    if !pieces.is_empty() {
        let bytes = write_all(&mut recording.video, pieces)?;
        stream.recorded(bytes);
        recording.index(pieces)?;
    }
    if over || recording.indexer.samples() > limits::RECORDING_SAMPLES {
        recording.records.push(Record::End { size: recording.indexer.offset() });
        recording.flush_index()?;
        recording.video.sync_all()?;
        recording.index.sync_all()?;
        return Ok(true);
    }
    if recording.synced.elapsed() >= SYNC_INTERVAL {
        recording.video.sync_data()?;
        recording.synced = Instant::now();
    }
    Ok(false)
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

impl Open {
    /// Opens a recording that has `length` bytes: a new one, or one to go on with.
    fn at(folder: &Folder, share: ShareId, length: u64) -> std::io::Result<Self> {
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
