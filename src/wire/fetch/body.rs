//! How long an answer's body is, and what of it is content (RFC 9112, sections 6 and 7).

use std::fmt;

use bytes::{Buf as _, Bytes};

/// Bytes of a chunk's head or of a trailer line; more is an error.
const LINE_BYTES: usize = 1024;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Its head is none.
    Head,
    /// Its length is odd, or said twice.
    Length,
    /// It is coded in a way that wasn't asked for.
    Coding,
    /// A chunk is broken.
    Chunk,
    /// It ended before its time.
    CutOff,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "the server's answer is not HTTP",
            Self::Length => "the server's answer has an odd length",
            Self::Coding => "the server's answer is coded in a way that wasn't asked for",
            Self::Chunk => "the server's answer is broken",
            Self::CutOff => "the server broke off its answer",
        })
    }
}
impl std::error::Error for BodyError {}

/// A body's framing, and where in it the reading is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// So many bytes are still to come.
    Length(u64),
    /// So many bytes of a chunk are still to come.
    Chunk(u64),
    /// Between chunks: the start of a line.
    Between(Vec<u8>),
    /// Behind the last chunk: the start of a trailer's line.
    Trailer(Vec<u8>),
    /// Until the connection ends.
    UntilClose,
    /// Nothing more.
    #[default]
    Over,
}

impl Body {
    /// The whole body's length, where it is known before anything of it was read.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(*length),
            Self::Over => Some(0),
            _ => None,
        }
    }

    /// Whether nothing more is to come.
    pub fn is_over(&self) -> bool {
        *self == Self::Over
    }

    /// The next piece of content in `received`, which loses it; nothing if `received` holds none.
    pub fn take(&mut self, received: &mut Bytes) -> Result<Option<Bytes>, BodyError> {
        loop {
            match self {
                Self::Over => return Ok(None),
                _ if received.is_empty() => return Ok(None),
                Self::UntilClose => return Ok(Some(std::mem::take(received))),
                Self::Length(left) => {
                    let piece = received.split_to(fits(*left, received.len()));
                    *left -= piece.len() as u64;
                    if *left == 0 {
                        *self = Self::Over;
                    }
                    return Ok(Some(piece));
                }
                Self::Chunk(left) => {
                    let piece = received.split_to(fits(*left, received.len()));
                    *left -= piece.len() as u64;
                    if *left == 0 {
                        *self = Self::Between(Vec::new());
                    }
                    return Ok(Some(piece));
                }
                Self::Between(line) => {
                    let Some(line) = line_of(line, received)? else { return Ok(None) };
                    let text = std::str::from_utf8(&line).map_err(|_| BodyError::Chunk)?;
                    let text = text.split(';').next().unwrap_or_default().trim();
                    // Behind a chunk there is an empty line, and then the next one's head.
                    if text.is_empty() {
                        *self = Self::Between(Vec::new());
                        continue;
                    }
                    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
                    *self = match (hex, u64::from_str_radix(text, 16)) {
                        (true, Ok(0)) => Self::Trailer(Vec::new()),
                        (true, Ok(size)) => Self::Chunk(size),
                        _ => return Err(BodyError::Chunk),
                    };
                }
                Self::Trailer(line) => {
                    let Some(line) = line_of(line, received)? else { return Ok(None) };
                    *self = if line.is_empty() { Self::Over } else { Self::Trailer(Vec::new()) };
                }
            }
        }
    }

    /// The connection has ended: whether the body may end here.
    pub fn end(&self) -> Result<(), BodyError> {
        if matches!(self, Self::Over | Self::UntilClose) { Ok(()) } else { Err(BodyError::CutOff) }
    }
}

fn fits(left: u64, bytes: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(bytes)
}

/// A whole line, without its end, if `received` completes it.
fn line_of(begun: &mut Vec<u8>, received: &mut Bytes) -> Result<Option<Vec<u8>>, BodyError> {
    let end = received.iter().position(|byte| *byte == b'\n');
    let length = end.map_or(received.len(), |end| end + 1);
    begun.extend_from_slice(&received[..length]);
    received.advance(length);
    if begun.len() > LINE_BYTES {
        return Err(BodyError::Chunk);
    }
    if end.is_none() {
        return Ok(None);
    }
    let mut line = std::mem::take(begun);
    while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        line.pop();
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(mut body: Body, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, Body), BodyError> {
        let mut content = Vec::new();
        for piece in bytes.chunks(piece) {
            let mut received = Bytes::copy_from_slice(piece);
            while let Some(piece) = body.take(&mut received)? {
                content.extend_from_slice(&piece);
            }
        }
        Ok((content, body))
    }

    #[test]
    fn each_framing_has_its_end() {
        let chunks = b"5;x=y\r\nhello\r\nA\r\n, stranger\r\n0\r\nX: y\r\n\r\n";
        for piece in 1..chunks.len() {
            let (content, body) = read(Body::Between(Vec::new()), chunks, piece).expect("chunks");
            assert_eq!((content.as_slice(), body), (&b"hello, stranger"[..], Body::Over));
        }
        assert_eq!(read(Body::Length(5), b"hello, stranger", 4), Ok((b"hello".to_vec(), Body::Over)));
        assert_eq!(read(Body::UntilClose, b"hello", 2), Ok((b"hello".to_vec(), Body::UntilClose)));
        let (_, half) = read(Body::Length(9), b"hello", 2).expect("so far so good");
        assert_eq!(half.end(), Err(BodyError::CutOff));
        for broken in ["x\r\n", "-1\r\n", "11111111111111111\r\n", &"1".repeat(2000)] {
            assert_eq!(read(Body::Between(Vec::new()), broken.as_bytes(), 100), Err(BodyError::Chunk), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, text in "([0-9a-f]|\r\n|;|x){0,30}", piece in 1_usize..9) {
            let _ = read(Body::Between(Vec::new()), &bytes, piece);
            let _ = read(Body::Between(Vec::new()), text.as_bytes(), piece);
        }
    }
}
