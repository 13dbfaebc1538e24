//! A recording that is over, as the rooms hand it to each other: where its bytes are, and what they are.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::ground::frame::{AudioParams, VideoParams};
use crate::ground::time::{Ticks90k, UnixMs};
use crate::wire::fmp4::progressive::Plan;
use crate::wire::playlist::hls::{MediaPlaylist, Past};
use crate::wire::playlist::segments::Segments;

/// What is asked for of a finished recording, beyond what it is and where its segments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing more.
    Segments,
    /// Its playlist; it began then.
    Playlist(UnixMs),
    /// Its head.
    Head,
}

/// What to send before the file, so that both together are a plain MP4 file with all tables first.
#[derive(Clone, Debug)]
pub enum Head {
    /// It is short.
    Short(Bytes),
    /// It is this file.
    File(PathBuf),
}

/// A finished recording.
#[derive(Debug)]
pub struct FinishedRecording {
    /// Its file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub size: u64,
    /// How its head will be.
    pub plan: Plan,
    /// Its head, once it was made.
    pub head: OnceLock<Head>,
    /// The init segments, and what they say of the pictures.
    pub init_segments: Vec<(Bytes, Arc<VideoParams>)>,
    /// What its sound is.
    pub audio: Option<Arc<AudioParams>>,
    /// Its segments.
    pub segments: Segments,
    /// Where its last picture or sound ends: the decode clock, and so the last segment, may end before that.
    end: Ticks90k,
    /// Its HLS playlist in pieces, once it was written.
    playlist: OnceLock<Vec<Bytes>>,
    /// What a stream that goes on with it has of its playlist.
    past: Past,
}

impl FinishedRecording {
    /// The recording at `path`, of which neither head nor playlist has been made.
    pub fn new(
        path: PathBuf,
        size: u64,
        plan: Plan,
        init_segments: Vec<(Bytes, Arc<VideoParams>)>,
        audio: Option<Arc<AudioParams>>,
        segments: Segments,
        end: Ticks90k,
    ) -> Self {
        let (head, playlist, past) = Default::default();
        Self { path, size, plan, head, init_segments, audio, segments, end, playlist, past }
    }

    /// The same, ready for a stream that goes on with it at `date`. Takes its time: the stream then need not.
    pub fn going_on(mut self, date: UnixMs) -> Self {
        let began = UnixMs(date.0 - self.end().to_ms());
        MediaPlaylist { segments: &self.segments, first: 0, began, ended: true, others: &[] }.keep(&mut self.past);
        self
    }

    /// What a stream that goes on with it has of its playlist.
    pub(super) fn take_past(&mut self) -> Past {
        std::mem::take(&mut self.past)
    }

    /// Where its last picture or sound ends on its timeline: a stream that goes on with it begins there.
    pub(super) fn end(&self) -> Ticks90k {
        self.end.max(self.duration())
    }

    /// How long it is.
    pub fn duration(&self) -> Ticks90k {
        self.segments.last_closed().map_or(Ticks90k(0), |last| last.end())
    }

    /// Whether what is wanted has been made.
    pub fn has(&self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Segments => true,
            Wanted::Playlist(_) => self.playlist.get().is_some(),
            Wanted::Head => self.head.get().is_some(),
        }
    }

    /// The HLS playlist of the whole recording in pieces, which began at `began`. Takes its time once, where
    /// [`Self::has`] does not say that it is there.
    pub fn playlist(&self, began: UnixMs) -> &[Bytes] {
        self.playlist.get_or_init(|| {
            MediaPlaylist { segments: &self.segments, first: 0, began, ended: true, others: &[] }
                .write(&mut Past::default())
        })
    }

    /// Bytes of memory it takes.
    pub fn held_bytes(&self) -> usize {
        let init_segments = self.init_segments.iter().map(|(bytes, _)| bytes);
        let playlist = self.playlist.get().into_iter().flatten();
        let head = match self.head.get() {
            Some(Head::Short(bytes)) => bytes.len(),
            _ => 0,
        };
        self.segments.held_bytes()
            + self.plan.held_bytes()
            + head
            + init_segments.chain(playlist).map(Bytes::len).sum::<usize>()
    }
}
