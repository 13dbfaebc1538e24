//! Live streams: what flows now. The newest pictures, and everyone who reads them.
//!
//! A [`Hub`] has the streams; each [`Stream`] has one [`Publisher`] at a time and any number of readers. Frames are
//! wrapped once, and every reader is handed the same bytes. Readers keep no queue: one that falls behind goes on at the
//! newest key frame, and is counted. What must reach the disk waits in a queue of its own (`backlog`).
//!
//! No sockets, no files, no clock: whoever writes says what time it is.

mod backlog;
mod finished;
mod gaps;
mod hub;
mod publisher;
mod reader;
mod state;
mod stream;
#[cfg(test)]
mod tests;

pub use backlog::{Backlog, Unrecorded};
pub use finished::{FinishedRecording, Head, Wanted};
pub use hub::{Hub, OpenError};
pub use publisher::Publisher;
pub use reader::Reader;
pub use state::{RecordingState, Status};
pub use stream::{KeyFrame, MediaInfo, Stream, StreamCounts};
