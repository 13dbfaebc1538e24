//! Every limit that is not a setting, in one place: what is held, for how long, and what happens beyond it.

use std::time::Duration;

/// Bytes of one RTSP request's head; more ends the connection with 400.
pub const RTSP_HEAD_BYTES: usize = 16 * 1024;
/// Bytes of one RTSP request's body (an SDP); more ends the connection with 413.
pub const RTSP_BODY_BYTES: usize = 64 * 1024;
/// How long an RTSP session may stay without a byte before it is ended.
pub const RTSP_IDLE: Duration = Duration::from_secs(60);
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
pub const HTTP_CONNECTIONS_PER_ADDRESS: usize = 1536;
/// How long a client may take to send a request's body.
pub const HTTP_BODY_TIME: Duration = Duration::from_secs(30);
/// Bytes of a body that counts as small; only [`HTTP_LARGE_BODIES`] larger ones are held at once.
pub const HTTP_SMALL_BODY_BYTES: usize = 16 * 1024;
/// Larger request bodies held at once; further ones are 503.
pub const HTTP_LARGE_BODIES: usize = 8;
/// Bytes of an upload that measures the way here; they are counted, never kept. More is 413.
pub const HTTP_PROBE_BYTES: u64 = 32 * 1024 * 1024;
/// Calls in the hands of the threads behind the front at once; further ones wait.
pub const HTTP_CALLS: usize = 16;
/// How long a call may take, waiting included; then it is 503 or 504.
pub const HTTP_CALL_TIME: Duration = Duration::from_secs(15);
/// Bytes of a call's answer; more is 502.
pub const HTTP_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Time between two looks at who is past a deadline.
pub const HTTP_SWEEP: Duration = Duration::from_secs(1);
/// Time between two signs of life on a stream of events.
pub const EVENTS_HEARTBEAT: Duration = Duration::from_secs(15);
/// RTSP connections at once, in all; further ones are closed.
pub const RTSP_CONNECTIONS: usize = 2048;
/// RTSP connections at once from one address; further ones are closed.
pub const RTSP_CONNECTIONS_PER_ADDRESS: usize = 1200;
/// How long a playback request waits for its share to become ready.
pub const PLAY_WAIT: Duration = Duration::from_secs(10);
