//! What a browser speaks to be a camera, a *web camera* (`docs/publish-websocket.md`, version 1): messages in, frames
//! on one timeline out, and what the web camera is to be told. How messages travel is another's business
//! (`wire/websocket`).
//!
//! `message` has the texts, `file` the pieces of an MP4, `timeline`, `queue` and `uplink` what the web camera's clock tells,
//! `session` puts them together.

mod file;
mod message;
mod queue;
mod session;
mod timeline;
mod uplink;

use std::fmt;

pub use message::{EndReason, Said};
pub use session::{Counts, Event, Overdue, Session};

use crate::ground::not_ready::NotReady;
use crate::ground::publish_refusal::PublishRefusal;
use crate::wire::mp4::Mp4Error;

/// Why a web camera is sent away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebCameraError {
    /// It sent what is not in the book.
    BadMessage(&'static str),
    /// It speaks another version.
    UnsupportedVersion,
    /// It would send what can't be played: the codec's name.
    UnsupportedCodec(String),
    /// The file it sends can't be taken.
    File(Mp4Error),
    /// A message is over its limit.
    TooLarge,
    /// It did not say in time what it will send.
    LateStart,
    /// It may not publish, or not now.
    Refused(PublishRefusal),
    /// Nothing of what it sent could be shown.
    NotPlayable(NotReady),
}

impl WebCameraError {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedVersion => "unsupported_version",
            Self::UnsupportedCodec(_) | Self::File(Mp4Error::Codec(_)) => "unsupported_codec",
            Self::TooLarge | Self::File(Mp4Error::TooLarge(_)) => "too_large",
            Self::BadMessage(_) | Self::File(_) => "bad_message",
            Self::LateStart => "late_start",
            Self::Refused(_) => "refused",
            Self::NotPlayable(_) => "not_playable",
        }
    }

    /// Why it may not publish, or can't be shown, by its stable name, where that is the matter.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.code()),
            Self::NotPlayable(why) => Some(why.word()),
            _ => None,
        }
    }

    /// The WebSocket's close code (RFC 6455, section 7.4.1).
    pub fn close_code(&self) -> u16 {
        match self {
            Self::UnsupportedCodec(_) | Self::File(Mp4Error::Codec(_)) => 1003,
            Self::TooLarge | Self::File(Mp4Error::TooLarge(_)) => 1009,
            Self::BadMessage(_) | Self::UnsupportedVersion | Self::File(_) => 1002,
            Self::LateStart | Self::Refused(_) | Self::NotPlayable(_) => 1008,
        }
    }
}

impl fmt::Display for WebCameraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMessage(what) => f.write_str(what),
            Self::UnsupportedVersion => f.write_str("only version 1 is spoken here: reload the page"),
            Self::UnsupportedCodec(codec) | Self::File(Mp4Error::Codec(codec)) => {
                write!(f, "{codec} can't be played: send H.264 (avc1) pictures with Opus or mp4a.40.2 sound")
            }
            Self::File(Mp4Error::TooLarge(what)) => {
                write!(f, "the MP4 file has more {what} than is taken: a key frame a second makes fragments small")
            }
            Self::File(Mp4Error::Broken(what)) => {
                write!(f, "this is no MP4 file in fragments ({what}): connect again, and begin a new file")
            }
            Self::File(_) => f.write_str("this is no MP4 file in fragments with pictures: connect again with one"),
            Self::TooLarge => f.write_str("the message is too large: 4 MiB of media, or 16 KiB of text, at most"),
            Self::LateStart => f.write_str("nothing was started within ten seconds: connect again"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotPlayable(why) => why.fmt(f),
        }
    }
}
impl std::error::Error for WebCameraError {}
