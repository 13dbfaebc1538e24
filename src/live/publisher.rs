//! The one who writes a stream.

use std::sync::Arc;

use crate::ground::frame::{AudioParams, Frame};
use crate::ground::id::ShareId;
use crate::ground::not_ready::NotReady;
use crate::ground::time::UnixMs;
use crate::live::backlog::Backlog;
use crate::live::state::Line;
use crate::live::stream::Stream;

/// The one who writes a stream. Dropping it without [`Publisher::end`] means the stream was lost.
#[derive(Debug)]
pub struct Publisher {
    stream: Arc<Stream>,
    backlog: Arc<Backlog>,
    /// Whether its sound is another than the stream was begun with: players were told of that one, so it stays away.
    mute: bool,
}

impl Publisher {
    pub(super) fn new(stream: Arc<Stream>, audio: Option<&AudioParams>, backlog: Arc<Backlog>) -> Self {
        stream.set_uplink(None);
        let mute = stream.lock().source.audio.as_deref() != audio;
        Self { stream, backlog, mute }
    }

    /// The share this stream belongs to.
    pub fn share(&self) -> ShareId {
        self.stream.share()
    }

    /// Takes the frames out of `frames`, which arrived at `date`. Never waits for readers or the disk.
    pub fn write(&mut self, frames: &mut Vec<Frame>, date: UnixMs) {
        if self.mute {
            frames.retain(|frame| matches!(frame, Frame::Video(_)));
        }
        if !frames.is_empty() && self.stream.write(frames, date) {
            self.backlog.add(self.stream.clone());
        }
    }

    /// Says how long the newest picture was on its way here, where that is known.
    pub fn tell_uplink(&self, uplink_ms: Option<u64>) {
        self.stream.set_uplink(uplink_ms);
    }

    /// The publisher stopped by itself: the stream ends now.
    pub fn end(self) {
        self.stream.stop(true);
    }

    /// Whether somebody waits for a key frame, and none has come since: a publisher that can be asked is asked for one, at
    /// most once a second. Looked at whenever something has come.
    pub fn is_key_frame_wanted(&self) -> bool {
        self.stream.is_key_frame_wanted()
    }

    /// Whether a key frame of the stream has been decoded.
    pub fn is_ready(&self) -> bool {
        self.stream.is_ready()
    }

    /// Why nothing of the stream can be shown yet, as its door sees it.
    pub fn set_not_ready(&self, why: NotReady) {
        self.stream.set_not_ready(why);
    }

    /// Why nothing of the stream can be shown yet, as far as anybody knows.
    pub fn not_ready(&self) -> Option<NotReady> {
        self.stream.not_ready()
    }

    /// What the line costs so far.
    pub fn tell_line(&self, line: Line) {
        self.stream.lock().source.counts.line = line;
    }

    /// Whether the share was ended or withdrawn by someone else.
    pub fn is_revoked(&self) -> bool {
        self.stream.is_revoked()
    }

    /// Resolves when the share was ended or withdrawn by someone else: close the connection then.
    pub async fn revoked(&self) {
        loop {
            let listener = self.stream.listen_revoked();
            if self.stream.is_revoked() {
                return;
            }
            listener.await;
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stream.stop(false);
    }
}
