//! Playlists: how a stream is cut into segments and parts, and how that is written down for players.
//!
//! `segments` decides where to cut, `hls` writes HTTP Live Streaming (RFC 8216, and draft-pantos-hls-rfc8216bis for
//! low latency).

pub mod hls;
pub mod segments;
