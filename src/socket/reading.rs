//! Reading from a client without a step too many, and without memory of its own while it waits.

use std::cell::RefCell;
use std::io::{self, Read as _};
use std::task::{Context, Poll};

use super::{Socket, is_not_yet};
use crate::ground::limits;

/// Bytes that one read takes, at most.
pub const READ_BYTES: usize = limits::HTTP_HEAD_BYTES;

thread_local! {
    /// Where bytes are read to: one for all connections of the event loop, so that none needs one of its own.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

impl Socket {
    /// Waits for bytes and gives them to `take`; an empty slice is the end. Holds no memory while it waits.
    pub async fn take<T>(&self, mut take: impl FnMut(&[u8]) -> T) -> io::Result<T> {
        loop {
            self.readable().await?;
            if let Some(taken) = self.take_now(&mut take)? {
                return Ok(taken);
            }
        }
    }

    /// Gives the bytes that have come to `take`, an empty slice at the end; `None` if there are none.
    pub fn take_now<T>(&self, take: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        let mut scratch = SCRATCH.take();
        let taken = match self.read_into(&mut scratch) {
            Err(error) if is_not_yet(&error) => Ok(None),
            result => result.map(|bytes| Some(take(&scratch[..bytes]))),
        };
        SCRATCH.set(scratch);
        taken
    }

    /// Gives bytes that have come already to `take`, again and again until it has had enough, there are no more or the
    /// client is gone: a large body costs no wake-up for each read. Whether the client is still there.
    pub fn take_what_is_there(&self, mut take: impl FnMut(&[u8]) -> bool) -> bool {
        let mut scratch = SCRATCH.take();
        let there = loop {
            match self.read_into(&mut scratch) {
                Ok(bytes) if bytes > 0 => {
                    if take(&scratch[..bytes]) {
                        break true;
                    }
                }
                Err(error) if is_not_yet(&error) => break true,
                Ok(_) | Err(_) => break false,
            }
        };
        SCRATCH.set(scratch);
        there
    }

    fn read_into(mut self: &Self, scratch: &mut Vec<u8>) -> io::Result<usize> {
        scratch.resize(READ_BYTES, 0);
        self.read(scratch)
    }

    fn peek(&self) -> io::Result<usize> {
        match self.tls.get() {
            None => self.tcp().peek(&mut [0]),
            Some(tls) => tls.peek(self.tcp()),
        }
    }

    /// Whether the client has gone away, as far as can be known without reading. Costs next to nothing when polled
    /// again and again by one task. `watching` is cleared once the client has sent something: that hides its going.
    pub fn poll_gone(&self, cx: &mut Context<'_>, watching: &mut bool) -> Poll<()> {
        // What TLS has taken in already, the socket no longer tells of.
        if *watching && self.has_plaintext() {
            *watching = false;
        }
        while *watching {
            match self.stream.poll_readable(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => match self.peek() {
                    Ok(0) => return Poll::Ready(()),
                    Ok(_) => *watching = false,
                    Err(error) if is_not_yet(&error) => {}
                    Err(_) => return Poll::Ready(()),
                },
            }
        }
        Poll::Pending
    }
}
