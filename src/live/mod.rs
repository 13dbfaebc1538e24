//! Live streams: what flows now. The newest group of pictures, and everyone who reads it.

use crate::ground::frame::Frame;
use crate::ground::id::ShareId;
use crate::ground::time::{Moment, UnixMs};

/// The one who writes a stream. Dropping it without [`Publisher::end`] means the stream was lost.
#[derive(Debug)]
pub struct Publisher {
    share: ShareId,
}

impl Publisher {
    /// The share this stream belongs to.
    pub fn share(&self) -> ShareId {
        self.share
    }

    /// Takes the frames out of `frames`. Never waits for readers.
    pub fn write(&mut self, frames: &mut Vec<Frame>, _now: Moment, _date: UnixMs) {
        frames.clear();
    }

    /// The publisher stopped by itself: the share ends now.
    pub fn end(self) {}

    /// Whether the share was ended or withdrawn by someone else.
    pub fn is_revoked(&self) -> bool {
        false
    }

    /// Resolves when the share was ended or withdrawn by someone else: close the connection then.
    pub async fn revoked(&self) {
        std::future::pending::<()>().await;
    }
}
