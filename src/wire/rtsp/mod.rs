//! RTSP 1.0 (RFC 2326): what a publisher sends becomes events and packets, and what one asks.
//!
//! [`Session`] is the server's side: bytes and a time go in, [`Step`]s come out, answers wait as bytes. [`client::Client`]
//! is the other side. Packets inside are not looked at: that is the `rtp` room's business. Playing over RTSP is not done
//! here yet.

mod answer;
mod auth;
pub mod client;
mod message;
mod proof;
mod sdp;
mod session;
mod transport;
mod uri;

pub use answer::status as refusal_status;
pub use auth::Credentials;
pub use message::{Broken, interleave};
pub use session::{Event, Kind, Route, Session, Step, Track};

#[cfg(test)]
mod replay;
#[cfg(test)]
mod session_tests;
