//! What became of recordings, as the disk's thread tells it: written down with their shares, and told in the log.

use std::sync::Arc;

use crate::ground::id::ShareId;
use crate::recording::library::Library;
use crate::recording::writer::RecordingObserver;
use crate::share::Steward;

/// Hears from the disk what became of recordings.
pub(crate) struct RecordingOutcomes {
    pub steward: Arc<Steward>,
    pub library: Arc<Library>,
}

impl RecordingObserver for RecordingOutcomes {
    fn complete(&self, share: ShareId) {
        self.library.release(share);
        log::info!("recording complete share={share}");
    }

    fn resumed(&self, share: ShareId) {
        if let Err(error) = self.steward.recording_resumed(share) {
            log::error!("that the recording of share={share} goes on can't be written down: {error}");
        }
    }

    fn failed(&self, share: ShareId, reason: &str) {
        self.library.release(share);
        if let Err(error) = self.steward.recording_failed(share, reason) {
            log::error!("the failed recording of share={share} can't be written down: {error}");
        }
    }
}
