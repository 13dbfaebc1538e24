//! After a power cut: what is whole is kept, what isn't is cut off, and the index is mended.
//!
//! Old parts of the index are believed: what they tell of has long been forced to the disk. The rest is read again.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;

use crate::ground::id::ShareId;
use crate::private;
use crate::recording::Folder;
use crate::recording::index::{Indexer, NotAPiece, RECORD_BYTES, Record, Records};
use crate::wire::mp4::boxes::BoxHeader;

/// A fragment's boxes before its media are never larger.
const MAX_START_BYTES: usize = 64 * 1024;

/// The newest records of an index that are made anew: those of more seconds than the disk may be behind.
const DOUBTED_RECORDS: usize = 4096;

/// Mends the recording of a share. Returns the bytes it has now; `None` if nothing of it can be played, in which case
/// it is deleted.
pub fn repair(folder: &Folder, share: ShareId) -> std::io::Result<Option<u64>> {
    let video = match File::options().read(true).write(true).open(folder.video(share)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = video.metadata()?.len();
    let index = private::file().read(true).write(true).create(true).truncate(false).open(folder.index(share))?;
    let (mut indexer, believed) = believed(&index, length)?;
    let mut index = Appending::behind(index, believed)?;
    let mut start = vec![0; MAX_START_BYTES];
    let mut records = Vec::new();
    while let Some(size) = whole_piece(&video, indexer.offset(), length, &mut start)? {
        if let Err(NotAPiece) = indexer.piece(&start, size, &mut records) {
            break;
        }
        index.append(&mut records)?;
    }
    if indexer.samples() == 0 {
        folder.delete(share)?;
        return Ok(None);
    }
    let size = indexer.offset();
    if size < length {
        video.set_len(size)?;
        log::info!("recording mended share={share} bytes={size} cut={}", length - size);
    }
    folder.delete_head(share)?;
    video.sync_all()?;
    index.append(&mut vec![Record::End { size }])?;
    index.close()?;
    Ok(Some(size))
}

/// An index that records are added to.
struct Appending(BufWriter<File>);

impl Appending {
    /// Adds behind the first `count` records.
    fn behind(mut index: File, count: u64) -> io::Result<Self> {
        let bytes = count * RECORD_BYTES as u64;
        index.set_len(bytes)?;
        index.seek(SeekFrom::Start(bytes))?;
        Ok(Self(BufWriter::new(index)))
    }

    fn append(&mut self, records: &mut Vec<Record>) -> io::Result<()> {
        records.drain(..).try_for_each(|record| self.0.write_all(&record.encode()))
    }

    fn close(self) -> io::Result<()> {
        self.0.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// The size of the piece that starts at `offset`, if all of it is there; its first bytes are put into `start`.
fn whole_piece(video: &File, offset: u64, length: u64, start: &mut [u8]) -> std::io::Result<Option<u64>> {
    let available = usize::try_from(length - offset).unwrap_or(usize::MAX).min(start.len());
    let start = &mut start[..available];
    video.read_exact_at(&mut start[..available.min(1024)], offset)?;
    let mut filled = available.min(1024);
    let mut at = 0;
    loop {
        if filled < available && at + 16 > filled {
            video.read_exact_at(&mut start[filled..], offset + filled as u64)?;
            filled = available;
        }
        let Some(header) = start.get(at..).and_then(BoxHeader::read) else { return Ok(None) };
        let end = (at as u64).checked_add(header.size).filter(|end| *end <= length - offset);
        let Some(end) = end else { return Ok(None) };
        match &header.kind {
            // An init segment ends with its `moov`, a fragment with its `mdat`.
            b"moov" | b"free" => return Ok(Some(end)),
            b"mdat" => {
                let media = at + header.header as usize;
                if end < media as u64 + 4 {
                    return Ok(None);
                }
                if filled < media + 4 && filled < available {
                    video.read_exact_at(&mut start[filled..], offset + filled as u64)?;
                }
                // Blocks that were promised but never written are full of zeros: no access unit begins so.
                let begins = start.get(media..media + 4);
                return Ok(begins.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0)).then_some(end));
            }
            b"ftyp" | b"prft" | b"moof" => at = end as usize,
            _ => return Ok(None),
        }
    }
}

/// The records of an index that are believed: whole fragments, well before the recording's end. What comes behind them,
/// and how many they are.
fn believed(index: &File, length: u64) -> io::Result<(Indexer, u64)> {
    let first = Records::of(index)?.count().saturating_sub(DOUBTED_RECORDS);
    let begins_piece = |record: &Record| matches!(record, Record::Fragment { .. } | Record::InitSegment { .. });
    // The last piece may have further samples behind the cut: it is read again.
    let begun = (0..).zip(Records::of(index)?.take(first)).filter(|(_, record)| begins_piece(record));
    let cut = begun.last().map_or(0, |(number, _)| number);
    let (indexer, count) = Indexer::resume(Records::of(index)?.take(cut));
    Ok(if indexer.offset() <= length { (indexer, count) } else { Default::default() })
}
