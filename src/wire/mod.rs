//! Floor 1: protocols as pure cores. Bytes and a time go in, values come out.
//!
//! No sockets, files, clocks, threads or async here: every protocol is tested without a network and without waiting.

pub mod aac;
pub mod fetch;
pub mod fmp4;
pub mod h264;
pub mod m3u;
pub mod mp4;
pub mod mpegts;
pub mod opus;
pub mod playlist;
pub mod rtp;
pub mod rtsp;
pub mod web_camera;
pub mod websocket;
pub mod xmltv;
