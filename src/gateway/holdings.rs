//! What there is of shares, as the API asks: the streams that flow, and the files on the disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::ground::id::ShareId;
use crate::http::{Held, Holdings};
use crate::live::{Hub, RecordingState, Status, Stream};
use crate::recording::Folder;

/// Looks at streams and files.
pub(super) struct Kept {
    pub hub: Arc<Hub>,
    pub folder: Folder,
    /// Whether what comes is recorded.
    pub records: bool,
}

impl Holdings for Kept {
    fn of(&self, share: ShareId, is_over: bool) -> Held {
        let on_disk = || has_bytes(&self.folder.video(share));
        let video = match self.hub.get(share) {
            Some(stream) => is_recorded(&stream) || stream.status() == Status::Ended && on_disk(),
            None => on_disk() || self.records && !is_over,
        };
        Held { video, still: has_bytes(&self.folder.thumbnail(share)) }
    }
}

/// Whether there is, or is about to be, something on the disk of a stream that flows or has just ended.
fn is_recorded(stream: &Stream) -> bool {
    match stream.recording() {
        RecordingState::On | RecordingState::Resuming(_) | RecordingState::Complete => true,
        RecordingState::Off => false,
        RecordingState::Paused(_) | RecordingState::Failed(_) => stream.recorded_bytes() > 0,
    }
}

fn has_bytes(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.len() > 0)
}
