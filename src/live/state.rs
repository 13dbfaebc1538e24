//! What a stream is doing, what it carries, and what becomes of it on the disk.

use std::sync::Arc;

use bytes::Bytes;

use crate::ground::frame::VideoParams;

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

/// A key frame that can be decoded by itself.
#[derive(Clone, Debug)]
pub struct KeyFrame {
    /// Its parameters.
    pub params: Arc<VideoParams>,
    /// The access unit, NAL units behind their lengths.
    pub data: Bytes,
}

/// What the stream carries, for people and for players.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaInfo {
    /// The pictures' codec, such as `avc1.42c01f` (RFC 6381).
    pub codec: String,
    /// The sound's codec, such as `mp4a.40.2`; `None` without sound.
    pub audio_codec: Option<String>,
    /// Width of the pictures in pixels.
    pub width: u32,
    /// Height of the pictures in pixels.
    pub height: u32,
    /// Pictures a second.
    pub frame_rate: f64,
    /// Bits a second, over the whole stream.
    pub bits_per_second: u64,
}

/// What the line costs by which a stream comes, where its packets may come late or never (UDP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How long packets have waited for late ones of late, at most: by as much all is later than it might be.
    pub wait_ms: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Pictures that were left out, because a part of them or what they build on was lost.
    pub pictures_dropped: u64,
    /// Whether all pictures are left out now, up to the next key frame.
    pub is_dropping: bool,
}

/// What has been counted of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Pictures published.
    pub pictures: u64,
    /// Bytes of its pictures and sound.
    pub bytes: u64,
    /// Readers now.
    pub readers: u64,
    /// Times a slow reader was sent on to a key frame.
    pub skips: u64,
    /// Pieces of sound that came so late that readers got silence instead.
    pub late_sound: u64,
    /// What its publisher's line costs.
    pub line: Line,
}
