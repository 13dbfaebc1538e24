//! The life of shares, and of the files they leave: when a stream is ready, how long it is waited for, what becomes of its
//! recording, who makes room for whom, what a restored backup doesn't know.
//!
//! What may be is decided by the pure rules of `share`; here they meet streams, threads and the disk. No HTTP, no RTSP.

pub mod clips;
pub mod follow;
pub mod gallery;
mod ready;
pub mod recording_outcomes;
pub mod retention;
pub mod room;
pub mod strays;

/// What the owner allows recordings.
#[derive(Clone, Copy, Debug)]
pub struct RecordingLimits {
    /// Whether there are recordings at all.
    pub enabled: bool,
    /// MiB all recordings may take; 0 for all the disk has.
    pub quota_mib: u64,
    /// MiB of the disk that stay free.
    pub keep_free_mib: u64,
    /// MiB of a video that a phone sends whole.
    pub max_clip_mib: u64,
}
