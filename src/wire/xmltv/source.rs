//! What the XML reader reads from: text in UTF-8 whatever it was before, and never too much of it in one token.

use std::io::{self, BufRead, Read};

use crate::ground::text;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 8 * 1024;

/// A source in UTF-8.
pub(super) struct Source<R> {
    inner: R,
    ready: String,
    taken: usize,
    /// A character that was only begun.
    rest: Vec<u8>,
    over: bool,
    /// Bytes the token under way may still have.
    token_left: usize,
    token_limit: usize,
}

impl<R: BufRead> Source<R> {
    /// Reads from `inner`; no token may have more than `token_limit` bytes.
    pub fn new(inner: R, token_limit: usize) -> Self {
        let ready = String::new();
        Self { inner, ready, taken: 0, rest: Vec::new(), over: false, token_left: token_limit, token_limit }
    }

    /// A new token begins.
    pub fn begin_token(&mut self) {
        self.token_left = self.token_limit;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.taken = 0;
        while self.ready.is_empty() && !self.over {
            let chunk = self.inner.fill_buf()?;
            let chunk = &chunk[..chunk.len().min(CHUNK_BYTES)];
            self.over = chunk.is_empty();
            let length = chunk.len();
            self.rest.extend_from_slice(chunk);
            self.inner.consume(length);
            let used = text::add(&mut self.ready, &self.rest, !self.over);
            self.rest.drain(..used);
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.token_left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "one of its tags or texts is far too long"));
        }
        if self.taken == self.ready.len() {
            self.fill()?;
        }
        Ok(&self.ready.as_bytes()[self.taken..])
    }

    fn consume(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.ready.len());
        self.token_left = self.token_left.saturating_sub(bytes);
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let bytes = ready.len().min(into.len());
        into[..bytes].copy_from_slice(&ready[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}
