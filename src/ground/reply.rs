//! What a door answers over HTTP, as values: how it reaches the socket is the HTTP door's business.

use std::path::PathBuf;
use std::pin::Pin;

use bytes::Bytes;
use futures_lite::Stream;

/// An answer: status, headers, body.
pub struct Reply {
    /// Status code (RFC 9110, section 15).
    pub status: u16,
    /// Media type of the body; empty for none.
    pub content_type: &'static str,
    /// Further headers. Names and values are our own: no line breaks in them.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
pub enum Body {
    /// These pieces one after the other: shared, never copied.
    Pieces(Vec<Bytes>),
    /// Files and memory, one after the other.
    Portions(Vec<Portion>),
    /// Pieces as they come, without end or length: sent chunked, each piece flushed at once.
    Endless(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
    /// Pieces as they come from elsewhere, `length` bytes in all. Fewer mean that the source failed: the connection is
    /// ended then, so that nobody takes a part for the whole.
    Passing {
        /// Bytes in all.
        length: u64,
        /// The pieces; not more than `length` says.
        pieces: Pin<Box<dyn Stream<Item = Bytes> + Send>>,
    },
}

/// Bytes of memory, or a stretch of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Portion {
    /// These bytes.
    Memory(Bytes),
    /// A stretch of a file.
    File {
        /// The file, opened when the answer is sent.
        path: PathBuf,
        /// Where the stretch starts, in bytes.
        offset: u64,
        /// How long the stretch is, in bytes.
        length: u64,
    },
}

impl Portion {
    /// Bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }
}

impl Body {
    /// A stretch of a file: where it starts, and how long it is, in bytes.
    pub fn of_file(path: PathBuf, offset: u64, length: u64) -> Self {
        Self::Portions(vec![Portion::File { path, offset, length }])
    }
}

impl Reply {
    /// An answer of one piece of memory.
    pub fn bytes(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: Body::Pieces(vec![body.into()]) }
    }

    /// An error: `{"error":{"code":…,"message":…}}`. `code` is stable; `message` says what to do.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "error": { "code": code, "message": message } }).to_string();
        Self::bytes(status, "application/json", body)
    }

    /// The same answer with one header more.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Whether a header's name or value can stand in a head: one line of visible text (RFC 9110, section 5.5).
pub fn is_clean(value: &str) -> bool {
    !value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f)
}
