//! `lareira demo`, and its built-in phone: it draws a test picture, ticks, and publishes both over real RTSP.
//!
//! The phone stands outside the gateway and knows it only by its RTSP address: whatever it does, a phone can do too.
//! `run` alone knows the gateway.

use std::fmt;
use std::io;

use crate::codec::CodecError;
use crate::wire::rtsp::Broken;

mod canvas;
mod folder;
mod font;
mod packet;
mod phone;
mod picture;
mod rtsp;
mod run;
mod scene;
mod timeline;
mod tone;

pub use phone::Phone;
pub use picture::TestPicture;
pub(in crate::cli) use run::run;

/// Why the phone does not publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneError {
    /// The address is not `rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH`.
    BadAddress,
    /// The connection could not be made or was lost.
    Lost(io::ErrorKind),
    /// The server said no.
    Refused {
        /// Status code (RFC 2326, section 7.1.1).
        status: u16,
        /// What the server said with it.
        reason: String,
    },
    /// The server does not keep to RTSP.
    Protocol(&'static str),
    /// What the server says can't be read.
    Unreadable(Broken),
    /// The test picture could not be encoded.
    Codec(CodecError),
}

impl PhoneError {
    fn lost(error: io::Error) -> Self {
        Self::Lost(error.kind())
    }
}

impl fmt::Display for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadAddress => {
                f.write_str("the address to publish to must be rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH")
            }
            Self::Lost(kind) => write!(f, "the connection was lost: {kind}"),
            Self::Refused { status, reason } => write!(f, "the server refused the stream: {status} {reason}"),
            Self::Protocol(what) => write!(f, "the server does not keep to RTSP: {what}"),
            Self::Unreadable(broken) => write!(f, "the server does not keep to RTSP: {broken}"),
            Self::Codec(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PhoneError {}
