//! Finished recordings, opened for playback: the plain MP4 file they make, and their segments.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::id::ShareId;
use crate::live::FinishedRecording;
use crate::recording::Folder;
use crate::recording::index::{Record, decode, fragments};
use crate::wire::fmp4::progressive;
use crate::wire::fmp4::read::description;
use crate::wire::playlist::segments::Segments;

/// Recordings that are kept open; the one used longest ago goes first.
const OPEN_RECORDINGS: usize = 4;
/// A description is never larger.
const MAX_DESCRIPTION_BYTES: u32 = 1 << 20;

/// Opens recordings, and keeps the last ones open.
#[derive(Debug)]
pub struct Library {
    folder: Folder,
    open: Mutex<VecDeque<(ShareId, Arc<FinishedRecording>)>>,
    /// Recordings that streams go on with. Held while files are mended or read, so that nobody does both.
    written: Mutex<HashSet<ShareId>>,
}

impl Library {
    /// The library of the recordings in `folder`.
    pub fn new(folder: Folder) -> Self {
        Self { folder, open: Mutex::default(), written: Mutex::default() }
    }

    /// Where the recordings are.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Opens the finished recording of a share. Blocks. A recording whose index is missing or unfinished is mended first.
    pub fn open(&self, share: ShareId) -> std::io::Result<Arc<FinishedRecording>> {
        if let Some(open) = self.take_open(share) {
            return Ok(open);
        }
        let written = self.written.lock().expect("no one panics while holding the set");
        if written.contains(&share) {
            return Err(ErrorKind::WouldBlock.into());
        }
        let recording = Arc::new(self.read(share)?);
        let mut open = self.open.lock().expect("no one panics while holding the list");
        open.push_back((share, recording.clone()));
        if open.len() > OPEN_RECORDINGS {
            open.pop_front();
        }
        Ok(recording)
    }

    fn take_open(&self, share: ShareId) -> Option<Arc<FinishedRecording>> {
        let mut open = self.open.lock().expect("no one panics while holding the list");
        let index = open.iter().position(|(known, _)| *known == share)?;
        let entry = open.remove(index)?;
        open.push_back(entry.clone());
        Some(entry.1)
    }

    /// The recording of a share whose stream goes on after the gateway was stopped; `None` if there is none. Blocks.
    ///
    /// From then on it is the stream's, until [`Self::release`]; whoever else asks is told `WouldBlock`.
    pub fn past(&self, share: ShareId) -> std::io::Result<Option<FinishedRecording>> {
        let mut written = self.written.lock().expect("no one panics while holding the set");
        if written.contains(&share) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.open.lock().expect("no one panics while holding the list").retain(|(known, _)| *known != share);
        match crate::recording::repair(&self.folder, share)? {
            Some(_) => {
                let past = self.read(share)?;
                written.insert(share);
                Ok(Some(past))
            }
            None => Ok(None),
        }
    }

    /// No stream writes the recording of `share` any more.
    pub fn release(&self, share: ShareId) {
        self.written.lock().expect("no one panics while holding the set").remove(&share);
    }

    /// Deletes all there is of a share.
    pub fn delete(&self, share: ShareId) -> std::io::Result<()> {
        self.open.lock().expect("no one panics while holding the list").retain(|(known, _)| *known != share);
        self.folder.delete(share)
    }

    fn read(&self, share: ShareId) -> std::io::Result<FinishedRecording> {
        let path = self.folder.video(share);
        let size = std::fs::metadata(&path)?.len();
        let mut records = self.records(share);
        if records.last() != Some(&Record::End { size }) {
            crate::recording::repair(&self.folder, share)?;
            records = self.records(share);
        }
        let size = std::fs::metadata(&path)?.len();
        let file = File::open(&path)?;
        let mut descriptions = Vec::new();
        for record in &records {
            if let Record::Description { offset, size } = record {
                let mut bytes = vec![0; (*size).min(MAX_DESCRIPTION_BYTES) as usize];
                file.read_exact_at(&mut bytes, *offset)?;
                descriptions.push(Bytes::from(bytes));
            }
        }
        let parsed: Vec<(VideoParams, Option<AudioParams>)> =
            descriptions.iter().filter_map(|bytes| description(bytes)).collect();
        if parsed.is_empty() || parsed.len() != descriptions.len() {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the recording has no description"));
        }
        let audio = parsed[0].1.clone();
        let videos: Vec<VideoParams> = parsed.into_iter().map(|(video, _)| video).collect();
        let samples: Vec<_> = records
            .iter()
            .filter_map(|record| match record {
                Record::Sample(sample) => Some(*sample),
                _ => None,
            })
            .collect();
        let mut segments = Segments::default();
        for fragment in fragments(&records, audio.as_ref().map_or(1, |audio| audio.sample_rate)) {
            segments.push(&fragment);
        }
        segments.finish();
        let header = progressive::header(&videos, audio.as_ref(), &samples, size).into();
        Ok(FinishedRecording { path, size, header, descriptions, segments })
    }

    fn records(&self, share: ShareId) -> Vec<Record> {
        std::fs::read(self.folder.index(share)).map(|bytes| decode(&bytes)).unwrap_or_default()
    }
}
