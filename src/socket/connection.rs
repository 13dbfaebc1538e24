//! A client's connection as the door that took it in keeps it: with a place there and one deadline, which that door looks
//! after. Whoever takes a connection over reads and writes it by this alone.

use std::io::{self, IoSlice, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_lite::future::yield_now;

use super::{Socket, is_not_yet};
use crate::ground::limits;

/// Pieces handed to the kernel in one call.
const SLICES: usize = 16;

/// A client's connection.
pub trait ClientConnection: Send + Sync {
    /// Its socket.
    fn socket(&self) -> &Socket;

    /// Where the client is.
    fn peer(&self) -> IpAddr;

    /// Says whether the connection rests: nothing is lost then if its reading half is closed.
    fn rest(&self, resting: bool);

    /// The connection is shut when `limit` has passed.
    fn expect_within(&self, limit: Duration);

    /// No deadline holds any more.
    fn take_your_time(&self);
}

/// Writes all of `head` and `pieces`. A write that is stuck for `timeout` ends the connection.
pub async fn write_all(
    connection: &(impl ClientConnection + ?Sized),
    head: &[u8],
    pieces: &[Bytes],
    timeout: Duration,
) -> io::Result<()> {
    let socket = connection.socket();
    let total = head.len() + pieces.iter().map(Bytes::len).sum::<usize>();
    let (mut written, mut in_turn) = (0, 0);
    let turn = if socket.is_secure() { limits::TLS_TURN_BYTES } else { limits::TURN_BYTES };
    while written < total {
        match write_from(socket, head, pieces, written) {
            Ok(bytes) => {
                written += bytes;
                in_turn += bytes;
            }
            Err(error) if is_not_yet(&error) => {
                wait_writable(connection, timeout).await?;
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
        match (&*socket).flush() {
            Err(error) if is_not_yet(&error) => wait_writable(connection, timeout).await?,
            result => return result,
        }
    }
}

/// Writes some of `head` and `pieces`, of which `skip` bytes were written already.
fn write_from(socket: &Socket, head: &[u8], pieces: &[Bytes], skip: usize) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let (mut count, mut skip, mut room) = (0, skip, limits::TURN_BYTES);
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
    write_some(socket, &slices[..count])
}

async fn wait_writable(connection: &(impl ClientConnection + ?Sized), timeout: Duration) -> io::Result<()> {
    connection.expect_within(timeout);
    let result = connection.socket().writable().await;
    connection.take_your_time();
    result
}

/// Writes some of `slices`, or says "not yet"; nothing at all is an error.
pub fn write_some(mut socket: &Socket, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match socket.write_vectored(slices) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        result => result,
    }
}
