//! Writing to a client without a step too many: try first, wait only when the kernel says so.
//!
//! All waiting is by the reactor's two slots of a socket (readable, writable); deadlines are the sweep's business.

use std::future::poll_fn;
use std::io::{self, IoSlice, Write as _};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_lite::Stream;
use rustix::net::sockopt;

use super::answer::chunk_head;
use super::connections::Connection;
use crate::ground::limits;
use crate::socket::{self, ClientConnection, Socket, is_not_yet, write_some};

/// Pieces of an endless body sent before other connections get their turn.
const PIECES_A_TURN: usize = 32;

impl ClientConnection for Connection {
    fn socket(&self) -> &Socket {
        &self.socket
    }

    fn peer(&self) -> IpAddr {
        self.peer
    }

    fn rest(&self, resting: bool) {
        self.rest(resting);
    }

    fn expect_within(&self, limit: Duration) {
        self.expect_within(limit);
    }

    fn take_your_time(&self) {
        self.take_your_time();
    }
}

impl Connection {
    /// Writes all of `head` and `pieces`.
    pub async fn write_all(&self, head: &[u8], pieces: &[Bytes], timeout: Duration) -> io::Result<()> {
        socket::write_all(self, head, pieces, timeout).await
    }

    /// Sends `pieces` as they come, each with one write, until there are no more, the client goes away or the door
    /// closes. In chunks the end is said, so that the connection can go on.
    pub async fn write_endless(
        &self,
        mut pieces: Pin<&mut (dyn Stream<Item = Bytes> + Send)>,
        chunked: bool,
        timeout: Duration,
    ) -> io::Result<()> {
        // The kernel would let many seconds of video wait for a slow client. Where it refuses, that is all it costs.
        let _ = sockopt::set_socket_send_buffer_size(self.socket.tcp(), limits::HTTP_ENDLESS_BYTES);
        let mut current = Outgoing::default();
        let mut watching = true;
        self.rest(true);
        let result: io::Result<()> = poll_fn(|cx| {
            for _ in 0..PIECES_A_TURN {
                ready!(current.poll_write(self, chunked, timeout, cx))?;
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
        if chunked { self.write_all(b"0\r\n\r\n", &[], timeout).await } else { Ok(()) }
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
        timeout: Duration,
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
            match write_some(&connection.socket, &slices) {
                Ok(bytes) => {
                    self.written += bytes;
                    if std::mem::take(&mut self.stuck) {
                        connection.take_your_time();
                    }
                }
                Err(error) if is_not_yet(&error) => {
                    if !std::mem::replace(&mut self.stuck, true) {
                        connection.expect_within(timeout);
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
                connection.expect_within(timeout);
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
