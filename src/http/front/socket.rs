//! Writing to a client without a step too many: try first, wait only when the kernel says so.
//!
//! All waiting is by the reactor's two slots of a socket (readable, writable); deadlines are the sweep's business.

use std::future::poll_fn;
use std::io::{self, IoSlice, Write as _};
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
use crate::socket::{Socket, is_not_yet};

/// Pieces handed to the kernel in one call.
const SLICES: usize = 16;
/// Pieces of an endless body sent before other connections get their turn.
const PIECES_A_TURN: usize = 32;

impl Connection {
    /// Writes all of `head` and `pieces`.
    pub async fn write_all(&self, head: &[u8], pieces: &[Bytes], patience: Duration) -> io::Result<()> {
        let total = head.len() + pieces.iter().map(Bytes::len).sum::<usize>();
        let (mut written, mut in_turn) = (0, 0);
        let turn = if self.socket.is_secure() { limits::TLS_TURN_BYTES } else { limits::HTTP_TURN_BYTES };
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
            match (&self.socket).flush() {
                Err(error) if is_not_yet(&error) => self.wait_writable(patience).await?,
                result => return result,
            }
        }
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
        write(&self.socket, &slices[..count])
    }

    async fn wait_writable(&self, patience: Duration) -> io::Result<()> {
        self.expect_within(patience);
        let result = self.socket.writable().await;
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
        let _ = sockopt::set_socket_send_buffer_size(self.socket.tcp(), limits::HTTP_ENDLESS_BYTES);
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
                        ready!(self.socket.poll_gone(cx, &mut watching));
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
            match write(&connection.socket, &slices) {
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
                    ready!(connection.socket.poll_writable(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        while let Err(error) = (&connection.socket).flush() {
            if !is_not_yet(&error) {
                return Poll::Ready(Err(error));
            }
            if !std::mem::replace(&mut self.stuck, true) {
                connection.expect_within(patience);
            }
            ready!(connection.socket.poll_writable(cx))?;
        }
        if std::mem::take(&mut self.stuck) {
            connection.take_your_time();
        }
        *self = Self::default();
        Poll::Ready(Ok(()))
    }
}

fn write(mut socket: &Socket, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match socket.write_vectored(slices) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        result => result,
    }
}
