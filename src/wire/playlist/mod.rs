//! Playlists: how a stream is cut into segments and parts, and how that is written down for players.
//!
//! `targets` chooses what is promised, `segments` decides where to cut, `hls` writes HTTP Live Streaming (RFC 8216, and draft-pantos-hls-rfc8216bis for
//! low latency), `ts` the plain live playlist of MPEG-TS segments; `relay` passes on what others have written.

pub mod hls;
pub mod relay;
pub mod segments;
pub mod targets;
pub mod ts;
