//! What was read from a connection and is not done with yet. Small while publishers say hello, and grown only for
//! those that send much, so that many idle connections cost little.

use std::io::{self, Read};

use crate::ground::limits::{RTSP_BODY_BYTES, RTSP_HEAD_BYTES};

/// Size of a new buffer.
const FIRST_BYTES: usize = 2 * 1024;
/// Size up to which a buffer grows because reads fill it.
const READ_BYTES: usize = 64 * 1024;
/// Size beyond which no message can be: the longest request, or the longest interleaved packet.
const MOST_BYTES: usize = RTSP_HEAD_BYTES + RTSP_BODY_BYTES + 4;

/// Bytes between `start` and `end` of `bytes` are to be taken.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the last read left no room: there is more than the buffer takes at once.
    filled: bool,
}

impl Buffer {
    pub fn new() -> Self {
        Self { bytes: vec![0; FIRST_BYTES], start: 0, end: 0, filled: false }
    }

    /// What is to be taken.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether the last read left no room: there may be more to read.
    pub fn is_filled(&self) -> bool {
        self.filled
    }

    /// `used` bytes are done with.
    pub fn advance(&mut self, used: usize) {
        self.start = (self.start + used).min(self.end);
    }

    /// Reads once. Says how many bytes came; 0 is the end.
    pub fn read(&mut self, mut source: impl Read) -> io::Result<usize> {
        self.make_room();
        self.filled = false;
        let count = source.read(&mut self.bytes[self.end..])?;
        self.end += count;
        self.filled = self.end == self.bytes.len();
        Ok(count)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = self.bytes.len();
        if self.end == size {
            // One message larger than the buffer: the session ends those that are too long before this.
            self.bytes.resize((2 * size).min(MOST_BYTES.max(size + 1)), 0);
        } else if self.filled && size < READ_BYTES {
            self.bytes.resize(2 * size, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_and_room_grows_with_need() {
        let input: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
        let mut source = &input[..];
        let (mut buffer, mut output) = (Buffer::new(), Vec::new());
        assert_eq!(buffer.bytes.len(), FIRST_BYTES);
        while buffer.read(&mut source).unwrap() > 0 {
            let used = buffer.unread().len() * 2 / 3;
            output.extend_from_slice(&buffer.unread()[..used]);
            buffer.advance(used);
        }
        output.extend_from_slice(buffer.unread());
        assert!(output == input);
        assert_eq!(buffer.bytes.len(), READ_BYTES);
    }

    #[test]
    fn one_long_message_has_room() {
        let mut buffer = Buffer::new();
        while buffer.unread().len() < MOST_BYTES {
            assert!(buffer.read(std::io::repeat(7)).unwrap() > 0);
        }
        assert_eq!(buffer.bytes.len(), MOST_BYTES);
    }
}
