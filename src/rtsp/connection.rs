//! One publisher's connection: what is read from it, what is sent on it, and why it ends.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::sync::Arc;

use async_io::Timer;
use futures_lite::future;

use super::Shared;
use super::buffer::Buffer;
use super::connection_slots::Slot;
use crate::ground::crypto;
use crate::ground::limits::NO_MEDIA;
use crate::socket::{Socket, is_not_yet};
use crate::wire::rtsp::Session;

/// Answers that wait for a client which does not read them; more ends the connection.
pub(super) const UNREAD_ANSWER_BYTES: usize = 64 * 1024;

/// Why a connection ended, or only the receiving on it.
#[derive(Debug)]
pub(super) enum End {
    /// The publisher said so: TEARDOWN.
    Teardown,
    /// The publisher closed the connection.
    Closed,
    /// The connection failed.
    Failed(io::Error),
    /// No media came for [`NO_MEDIA`].
    Silent,
    /// The publisher did not get to RECORD in time.
    NotRecording,
    /// The publisher does not read answers.
    NotReading,
    /// The publisher sent what is no RTSP, or guessed passwords.
    Refused,
    /// The share was ended by someone else.
    Revoked,
    /// The gateway stops.
    Stopped,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Teardown => f.write_str("the publisher stopped"),
            Self::Closed => f.write_str("closed by the publisher"),
            Self::Failed(error) => write!(f, "the connection failed: {error}"),
            Self::Silent => write!(f, "no media for {} s", NO_MEDIA.as_secs()),
            Self::NotRecording => f.write_str("nothing was published in time"),
            Self::NotReading => f.write_str("the publisher does not read answers"),
            Self::Refused => f.write_str("the publisher sent what can't be answered further"),
            Self::Revoked => f.write_str("the share was ended"),
            Self::Stopped => f.write_str("the gateway stops"),
        }
    }
}

/// One publisher's connection.
pub(super) struct Connection {
    pub socket: Arc<Socket>,
    pub slot: Slot,
    pub shared: Arc<Shared>,
    pub session: Session,
    pub buffer: Buffer,
}

impl Connection {
    pub fn new(socket: Arc<Socket>, slot: Slot, shared: Arc<Shared>) -> Self {
        let mut seed = [0; 16];
        crypto::fill_random(&mut seed);
        Self { socket, slot, shared, session: Session::new(seed), buffer: Buffer::new() }
    }

    /// Reads once. Nothing may have come; the end and errors are the connection's end.
    pub fn read(&mut self) -> Result<(), End> {
        match self.buffer.read(&*self.socket) {
            Ok(0) => Err(End::Closed),
            Ok(_) => Ok(()),
            Err(error) if is_not_yet(&error) => Ok(()),
            Err(error) => Err(End::Failed(error)),
        }
    }

    /// Sends what can be sent without waiting. What is left is tried again later, up to a limit.
    pub fn send(&mut self) -> Result<(), End> {
        let output = self.session.output();
        while !output.is_empty() {
            match (&*self.socket).write(output) {
                Ok(0) => return Err(End::Closed),
                Ok(count) => drop(output.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && output.len() <= UNREAD_ANSWER_BYTES => {
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(End::NotReading),
                Err(error) => return Err(End::Failed(error)),
            }
        }
        match (&*self.socket).flush() {
            Err(error) if !is_not_yet(&error) => Err(End::Failed(error)),
            _ => Ok(()),
        }
    }

    /// Sends all that is to be sent before the deadline.
    pub async fn send_all(&mut self, deadline: &mut Timer) -> Result<(), End> {
        loop {
            self.send()?;
            if self.session.output().is_empty() && (&*self.socket).flush().is_ok() {
                return Ok(());
            }
            within(deadline, self.socket.writable()).await?.map_err(End::Failed)?;
        }
    }
}

/// What `work` gives, unless the deadline is earlier.
pub(super) async fn within<T>(deadline: &mut Timer, work: impl Future<Output = T>) -> Result<T, End> {
    let late = async {
        deadline.await;
        Err(End::NotRecording)
    };
    future::or(async { Ok(work.await) }, late).await
}
