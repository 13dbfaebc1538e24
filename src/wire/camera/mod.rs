//! What a browser speaks to be a camera (`docs/publish-websocket.md`, version 1): messages in, frames on one timeline
//! out, and what the camera is to be told. How messages travel is another's business (`wire/websocket`).
//!
//! `message` has the texts, `timeline` and `queue` what the camera's clock tells, `session` puts them together.

mod message;
mod queue;
mod session;
mod timeline;

use std::fmt;

pub use message::{EndReason, Said};
pub use session::{Counts, Event, Overdue, Session};

/// Why a camera is sent away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraError {
    /// It sent what is not in the book.
    BadMessage(&'static str),
    /// It speaks another version.
    UnsupportedVersion,
    /// It would send what can't be played: the codec's name.
    UnsupportedCodec(String),
    /// A message is over its limit.
    TooLarge,
    /// It did not say in time what it will send.
    LateStart,
    /// It may not publish, or not now: the reason, for people.
    Refused(String),
}

impl CameraError {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadMessage(_) => "bad_message",
            Self::UnsupportedVersion => "unsupported_version",
            Self::UnsupportedCodec(_) => "unsupported_codec",
            Self::TooLarge => "too_large",
            Self::LateStart => "late_start",
            Self::Refused(_) => "refused",
        }
    }

    /// The WebSocket's close code (RFC 6455, section 7.4.1).
    pub fn close_code(&self) -> u16 {
        match self {
            Self::BadMessage(_) | Self::UnsupportedVersion => 1002,
            Self::UnsupportedCodec(_) => 1003,
            Self::TooLarge => 1009,
            Self::LateStart | Self::Refused(_) => 1008,
        }
    }
}

impl fmt::Display for CameraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMessage(what) => f.write_str(what),
            Self::UnsupportedVersion => f.write_str("only version 1 is spoken here: reload the page"),
            Self::UnsupportedCodec(codec) => {
                write!(f, "{codec} can't be played: send H.264 (avc1) pictures with Opus or mp4a.40.2 sound")
            }
            Self::TooLarge => f.write_str("the message is too large: 4 MiB of media, or 16 KiB of text, at most"),
            Self::LateStart => f.write_str("nothing was started within ten seconds: connect again"),
            Self::Refused(reason) => f.write_str(reason),
        }
    }
}
impl std::error::Error for CameraError {}
