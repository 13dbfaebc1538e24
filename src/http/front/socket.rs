//! Reading from and writing to a client without a step too many: try first, wait only when the kernel says so.
//!
//! All waiting is by the reactor's two slots of a socket (readable, writable); deadlines are the sweep's business.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_lite::Stream;
use futures_lite::future::yield_now;
use rustix::net::sockopt;

use super::answer::chunk_head;
use super::connections::Connection;
use crate::ground::limits;
use crate::socket::is_not_yet;

thread_local! {
    /// Where requests are read to: one for all connections of the event loop, so that none needs one of its own.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; limits::HTTP_HEAD_BYTES]);
}

/// Pieces handed to the kernel in one call.
const SLICES: usize = 16;
/// Pieces of an endless body sent before other connections get their turn.
const PIECES_A_TURN: usize = 32;

impl Connection {
    /// Waits for bytes and gives them to `take`; an empty slice is the end. Holds no memory while it waits.
    pub async fn read<T>(&self, mut take: impl FnMut(&[u8]) -> T) -> io::Result<T> {
        loop {
            if self.tls.get().is_none_or(|tls| !tls.has_plaintext()) {
                poll_fn(|cx| self.stream.poll_readable(cx)).await?;
            }
            if let Some(taken) = self.read_now(&mut take)? {
                return Ok(taken);
            }
        }
    }

    /// Gives the bytes that have come to `take`, an empty slice at the end; `None` if there are none.
    pub fn read_now<T>(&self, take: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
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
    pub fn read_what_is_there(&self, mut take: impl FnMut(&[u8]) -> bool) -> bool {
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

    fn read_into(&self, scratch: &mut Vec<u8>) -> io::Result<usize> {
        scratch.resize(limits::HTTP_HEAD_BYTES, 0);
        match self.tls.get() {
            None => self.stream.get_ref().read(scratch),
            Some(tls) => tls.read(self.stream.get_ref(), scratch),
        }
    }

    fn peek(&self) -> io::Result<usize> {
        match self.tls.get() {
            None => self.stream.get_ref().peek(&mut [0]),
            Some(tls) => tls.peek(self.stream.get_ref()),
        }
    }

    /// Whether the client has gone away, as far as can be known without reading. Costs next to nothing when polled
    /// again and again by one task. `watching` is cleared once the client has sent something: that hides its going.
    pub fn poll_gone(&self, cx: &mut Context<'_>, watching: &mut bool) -> Poll<()> {
        // What TLS has taken in already, the socket no longer tells of.
        if *watching && self.tls.get().is_some_and(|tls| tls.has_plaintext()) {
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

    /// Writes all of `head` and `pieces`.
    pub async fn write_all(&self, head: &[u8], pieces: &[Bytes], patience: Duration) -> io::Result<()> {
        let total = head.len() + pieces.iter().map(Bytes::len).sum::<usize>();
        let (mut written, mut in_turn) = (0, 0);
        let turn = if self.tls.get().is_some() { limits::TLS_TURN_BYTES } else { limits::HTTP_TURN_BYTES };
        while written < total {
            match self.try_write(head, pieces, written) {
                Ok(bytes) => {
                    written += bytes;
                    in_turn += bytes;
                }
                Err(error) if is_not_yet(&error) => {
                    self.wait_writable(patience).await?;
                    in_turn = 0;
                }
                Err(error) => return Err(error),
            }
            // A client that reads as fast as this writes must not keep others waiting.
            if in_turn >= turn {
                yield_now().await;
                in_turn = 0;
            }
        }
        loop {
            match flush(self) {
                Err(error) if is_not_yet(&error) => self.wait_writable(patience).await?,
                result => return result,
            }
        }
    }

    /// Ends the sending half: nothing more will come, and what came was all.
    pub fn end_writing(&self) {
        if let Some(tls) = self.tls.get() {
            tls.say_goodbye(self.stream.get_ref());
        }
        // An error means that it is shut already.
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
    }

    fn try_write(&self, head: &[u8], pieces: &[Bytes], skip: usize) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let (mut count, mut skip, mut room) = (0, skip, limits::HTTP_TURN_BYTES);
        for part in std::iter::once(head).chain(pieces.iter().map(|piece| &piece[..])) {
            let rest = &part[skip.min(part.len())..];
            skip -= part.len() - rest.len();
            let rest = &rest[..rest.len().min(room)];
            room -= rest.len();
            if room == 0 && rest.is_empty() || count == SLICES {
                break;
            }
            if !rest.is_empty() {
                slices[count] = IoSlice::new(rest);
                count += 1;
            }
        }
        write(self, &slices[..count])
    }

    async fn wait_writable(&self, patience: Duration) -> io::Result<()> {
        self.expect_within(patience);
        let result = poll_fn(|cx| self.stream.poll_writable(cx)).await;
        self.take_your_time();
        result
    }

    /// Sends `pieces` as they come, each with one write, until there are no more, the client goes away or the door
    /// closes. In chunks the end is said, so that the connection can go on.
    pub async fn write_endless(
        &self,
        mut pieces: Pin<&mut (dyn Stream<Item = Bytes> + Send)>,
        chunked: bool,
        patience: Duration,
    ) -> io::Result<()> {
        // The kernel would let many seconds of video wait for a slow client. Where it refuses, that is all it costs.
        let _ = sockopt::set_socket_send_buffer_size(self.stream.get_ref(), limits::HTTP_ENDLESS_BYTES);
        let mut current = Outgoing::default();
        let mut watching = true;
        self.rest(true);
        let result: io::Result<()> = poll_fn(|cx| {
            for _ in 0..PIECES_A_TURN {
                ready!(current.poll_write(self, chunked, patience, cx))?;
                match pieces.as_mut().poll_next(cx) {
                    Poll::Ready(Some(piece)) => current = Outgoing { piece, written: 0, stuck: false },
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending if self.is_closing() => return Poll::Ready(Ok(())),
                    Poll::Pending => {
                        ready!(self.poll_gone(cx, &mut watching));
                        let end = if self.is_closing() { Ok(()) } else { Err(io::ErrorKind::ConnectionAborted.into()) };
                        return Poll::Ready(end);
                    }
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.rest(false);
        result?;
        if chunked { self.write_all(b"0\r\n\r\n", &[], patience).await } else { Ok(()) }
    }
}

/// A piece of an endless body on its way out.
#[derive(Default)]
struct Outgoing {
    piece: Bytes,
    written: usize,
    stuck: bool,
}

impl Outgoing {
    fn poll_write(
        &mut self,
        connection: &Connection,
        chunked: bool,
        patience: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        // An empty chunk would be the end of the body.
        if self.piece.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut room = [0; 18];
        let (head, tail): (&[u8], &[u8]) =
            if chunked { (chunk_head(self.piece.len(), &mut room), b"\r\n") } else { (b"", b"") };
        let total = head.len() + self.piece.len() + tail.len();
        while self.written < total {
            let mut slices = [IoSlice::new(&[]); 3];
            let mut skip = self.written;
            for (slice, part) in slices.iter_mut().zip([head, &self.piece, tail]) {
                let rest = &part[skip.min(part.len())..];
                skip -= part.len() - rest.len();
                *slice = IoSlice::new(rest);
            }
            match write(connection, &slices) {
                Ok(bytes) => {
                    self.written += bytes;
                    if std::mem::take(&mut self.stuck) {
                        connection.take_your_time();
                    }
                }
                Err(error) if is_not_yet(&error) => {
                    if !std::mem::replace(&mut self.stuck, true) {
                        connection.expect_within(patience);
                    }
                    ready!(connection.stream.poll_writable(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        while let Err(error) = flush(connection) {
            if !is_not_yet(&error) {
                return Poll::Ready(Err(error));
            }
            if !std::mem::replace(&mut self.stuck, true) {
                connection.expect_within(patience);
            }
            ready!(connection.stream.poll_writable(cx))?;
        }
        if std::mem::take(&mut self.stuck) {
            connection.take_your_time();
        }
        *self = Self::default();
        Poll::Ready(Ok(()))
    }
}

fn write(connection: &Connection, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let result = match connection.tls.get() {
        None => connection.stream.get_ref().write_vectored(slices),
        Some(tls) => tls.write(connection.stream.get_ref(), slices),
    };
    match result {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        result => result,
    }
}

/// Whether all that was written is in the kernel's hands.
fn flush(connection: &Connection) -> io::Result<()> {
    connection.tls.get().map_or(Ok(()), |tls| tls.flush(connection.stream.get_ref()))
}
