//! A stream as fragmented MP4, with HLS over it: the endless body, segments and parts, and what the disk records.
//!
//! [`Fmp4`] is what readers see; behind it a `Packager` wraps each picture into one fragment, while somebody reads: the
//! recording, an endless body, or a player that has fetched something of late (`packager`). [`FinishedRecording`] is the
//! same once it is over. How fragments and playlists are written is `wire/fmp4` and `wire/playlist`.

mod finished;
mod packager;
mod reader;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use event_listener::EventListener;
use futures_lite::future::yield_now;

use crate::live::{Recorder, Sink, Source, Stream};
use crate::wire::playlist::hls::{BadReload, Reload};
use crate::wire::playlist::segments::SegmentSpan;
pub use finished::{FinishedRecording, Head, Wanted};
use packager::Packager;
pub use reader::Reader;

/// Has streams recorded as fragmented MP4.
pub const RECORDER: Recorder = |source| -> Box<dyn Sink> { Box::new(Packager::new(source)) };

/// The fragmented MP4 of a stream.
#[derive(Clone, Debug)]
pub struct Fmp4(Arc<Stream>);

impl Fmp4 {
    /// That of `stream`.
    pub fn of(stream: &Arc<Stream>) -> Self {
        Self(stream.clone())
    }

    /// Looks at the packager, as it is.
    fn with<R>(&self, work: impl FnOnce(&mut Packager, &mut Source) -> R) -> R {
        self.0.with(Packager::new, work)
    }

    /// Has the packager work, and wraps what the stream keeps: a step in each turn of the event loop. Whoever asks for
    /// something does this first, or may find but the beginning of it.
    pub async fn begin(&self) {
        while self.ask(|packager, source| packager.is_behind(source)) {
            yield_now().await;
        }
    }

    /// Asks the packager for something: it works from now on.
    fn ask<R>(&self, work: impl FnOnce(&mut Packager, &mut Source) -> R) -> R {
        self.with(|packager, source| {
            packager.ask(source);
            work(packager, source)
        })
    }

    /// The init segment of this number (`init-N.mp4`).
    pub fn init_segment(&self, number: usize) -> Option<Bytes> {
        self.ask(|packager, source| {
            // A player asks for it when it begins.
            source.want_key_frame();
            packager.init_segment(number)
        })
    }

    /// The HLS playlist in pieces, if what is asked for is there: written once for all who ask.
    pub fn playlist(&self, reload: Reload) -> Result<Option<Vec<Bytes>>, BadReload> {
        self.ask(|packager, source| packager.playlist(source, reload))
    }

    /// Whether there are pictures that aren't dropped, and nothing tells their rate yet: there is no playlist before.
    pub fn awaits_rate(&self) -> bool {
        self.ask(|packager, source| packager.awaits_rate(source))
    }

    /// Its pictures have been awaited for so long that their rate must be a low one.
    pub fn promise_slow(&self) {
        self.ask(|packager, _| packager.promise_slow());
    }

    /// Where a closed segment, or with `part` a part of a segment, is; `Ok(None)` if it has yet to come.
    pub fn span(&self, number: u64, part: Option<usize>) -> Result<Option<SegmentSpan>, BadReload> {
        self.ask(|packager, source| packager.span(source, number, part))
    }

    /// The bytes of a span, if they are still in memory.
    pub fn pieces(&self, span: &SegmentSpan) -> Option<Vec<Bytes>> {
        self.ask(|packager, _| packager.pieces(span))
    }

    /// Where in the recording the bytes of a span are, if the disk has them all.
    pub fn recorded_at(&self, span: &SegmentSpan) -> Option<u64> {
        self.0.recorded_at(span.offset, span.size)
    }

    /// Whether the recording is as long as one may be.
    pub fn recording_is_full(&self) -> bool {
        self.with(|packager, _| packager.is_full())
    }

    /// Resolves when the next part is closed, or the stream's status changes. Get the listener first, then look.
    pub fn listen_parts(&self) -> EventListener {
        self.0.listen_pieces()
    }
}
