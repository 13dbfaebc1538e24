//! Live streams: what flows now. The newest frames, and everyone who makes something of them.
//!
//! A [`Hub`] has the streams; each [`Stream`] has one [`Publisher`] at a time and any number of [`Sink`]s, which bring its
//! frames into the forms that readers want (`package/`). It is one continuous timeline, however often its publisher is
//! lost and comes back. What must reach the disk waits in a queue of its own (`recording`), of which the
//! disk's thread learns by one list (`backlog`).
//!
//! No sockets, no files, no clock: whoever writes says what time it is. No container, no playlist: what frames become is
//! their sinks' business.

mod backlog;
mod frames;
mod gaps;
mod hub;
mod publisher;
mod recording;
mod sink;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod timeline;

pub use backlog::Backlog;
pub use frames::{Frames, KeptFrame};
pub use hub::{Hub, OpenError};
pub use publisher::Publisher;
pub use recording::Recording;
pub use sink::{News, Past, Recorder, Sink, Source};
pub use state::{KeyFrame, Line, MediaInfo, RecordingState, Status, StreamCounts};
pub use stream::Stream;
pub use timeline::Timeline;
