//! Lareira: a phone's live video on the family TV.
//!
//! The house has floors; a room imports only from floors below its own. `ARCHITECTURE.md` walks through
//! them with one frame and one share, and `tests/tidy.rs` keeps the laws.

pub mod ground;

pub mod wire;

pub mod codec;
pub mod executor;
pub mod fetch;
pub mod live;
pub mod package;
pub mod private;
pub mod share;
pub mod socket;

pub mod album;
pub mod authority;
pub mod http;
pub mod iptv;
pub mod mdns;
pub mod playback;
pub mod recording;
pub mod rtsp;
pub mod store;
pub mod thumbnail;
pub mod web_camera;

pub mod admin;
pub mod lifecycle;
pub mod node;

pub mod cli;
pub mod config;
pub mod gateway;
