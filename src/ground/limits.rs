//! Every limit that is not a setting, in one place: what is held, for how long, and what happens beyond it.

use std::time::Duration;

/// Bytes of one RTSP request's head; more ends the connection with 400.
pub const RTSP_HEAD_BYTES: usize = 16 * 1024;
/// Bytes of one RTSP request's body (an SDP); more ends the connection with 413.
pub const RTSP_BODY_BYTES: usize = 64 * 1024;
/// How long an RTSP session may stay without a byte, as it is told to publishers. One that records ends long before, at
/// [`NO_MEDIA`]; one that does not, at [`RTSP_SETUP_TIME`].
pub const RTSP_IDLE: Duration = Duration::from_secs(60);
/// Times a publisher may be asked for its password on one connection; then it is ended.
pub const RTSP_AUTH_TRIES: u32 = 5;
/// How long a connection may take to get to RECORD.
pub const RTSP_SETUP_TIME: Duration = Duration::from_secs(15);
/// How long a publisher may send nothing that is media before its stream counts as lost.
pub const NO_MEDIA: Duration = Duration::from_secs(5);
/// Bytes of one access unit; a larger one is dropped up to the next key frame.
pub const ACCESS_UNIT_BYTES: usize = 4 * 1024 * 1024;
/// Packets that wait for an earlier one that is late (UDP).
pub const REORDER_PACKETS: usize = 128;
/// How long packets wait for an earlier one that is late (UDP).
pub const REORDER_WAIT: Duration = Duration::from_millis(60);
/// Bytes a stream keeps in memory: its newest group of pictures and what the disk has not taken yet.
pub const STREAM_BYTES: usize = 24 * 1024 * 1024;
/// Bytes of one HTTP request's head; more is 431.
pub const HTTP_HEAD_BYTES: usize = 16 * 1024;
/// How long a client may take to send a request's head.
pub const HTTP_HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a keep-alive connection may stay without a request.
pub const HTTP_IDLE: Duration = Duration::from_secs(75);
/// How long one write may be stuck before the connection is ended.
pub const HTTP_WRITE_TIME: Duration = Duration::from_secs(20);
/// Bytes of one API call's body; more is 413.
pub const HTTP_BODY_BYTES: usize = 1024 * 1024;
/// HTTP connections at once, in all; further ones are closed.
pub const HTTP_CONNECTIONS: usize = 2048;
/// HTTP connections at once from one address; further ones are closed.
pub const HTTP_CONNECTIONS_PER_ADDRESS: usize = 1024;
/// RTSP connections at once, in all; further ones are closed.
pub const RTSP_CONNECTIONS: usize = 2048;
/// RTSP connections at once from one address; further ones are closed.
pub const RTSP_CONNECTIONS_PER_ADDRESS: usize = 1200;
/// How long a playback request waits for its share to become ready.
pub const PLAY_WAIT: Duration = Duration::from_secs(10);
/// Pixels of a picture's longer side; larger ones are refused.
pub const PICTURE_SIDE: u32 = 4096;
/// Macroblocks (16 × 16 pixels) of a picture, those of 4096 × 2304 (H.264, table A-1, level 5.1); more are refused.
pub const PICTURE_MACROBLOCKS: u64 = 36_864;
