//! A recording that is over, as the rooms hand it to each other: where its bytes are, and what they are.

use std::path::PathBuf;

use bytes::Bytes;

use crate::ground::time::{Ticks90k, UnixMs};
use crate::wire::playlist::hls::{MediaPlaylist, Past};
use crate::wire::playlist::segments::Segments;

/// A finished recording.
#[derive(Debug)]
pub struct FinishedRecording {
    /// Its file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub size: u64,
    /// What to send before the file, so that both together are a plain MP4 file with all tables first.
    pub header: Bytes,
    /// The init segments.
    pub descriptions: Vec<Bytes>,
    /// Its segments.
    pub segments: Segments,
}

impl FinishedRecording {
    /// How long it is.
    pub fn duration(&self) -> Ticks90k {
        self.segments.closed().last().map_or(Ticks90k(0), |last| last.span.start + last.span.duration)
    }

    /// The HLS playlist of the whole recording, which began at `began`.
    pub fn playlist(&self, began: UnixMs) -> Bytes {
        MediaPlaylist { segments: &self.segments, first: 0, began, ended: true, others: &[] }
            .write(&mut Past::default())
            .into()
    }
}
