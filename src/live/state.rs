//! What a stream is doing, and what becomes of its bytes on the disk.

/// What a stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A publisher is connected.
    Flowing,
    /// The publisher was lost; it may come back.
    Interrupted,
    /// It is over: readers get what is left, then their end.
    Ended,
}

/// What became of the bytes on disk. `live/backlog.rs` has every step from one to another: each is taken under the stream's
/// own lock, where its end is known as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingState {
    /// Nothing is recorded.
    Off,
    /// Every fragment goes to the disk.
    On,
    /// All of it is on the disk and closed.
    Complete,
    /// There is no room for more at the moment; the reason is for people. It goes on once there is.
    Paused(String),
    /// There is room again, and the disk makes its file ready; the reason of the pause is for people.
    Resuming(String),
    /// The disk took no more; the reason is for people.
    Failed(String),
}
