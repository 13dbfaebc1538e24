//! TLS between a client's socket and what is read and written (RFC 8446, RFC 5246), and how a client of the secure
//! door begins. No certificates here: whoever opens the door brings the configuration.
//!
//! Nothing waits in here: like the socket itself, everything says "not yet", and the connection waits for the socket.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_rustls::rustls::{self, ServerConfig, ServerConnection};

use super::connections::Connection;
use super::socket::is_not_yet;
use crate::ground::limits;

/// The state of TLS on one connection. One task uses it; the lock is never waited for.
pub(super) struct Tls(Mutex<ServerConnection>);

impl Tls {
    fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(config).map_err(broken)?;
        tls.set_buffer_limit(Some(limits::TLS_WRITE_BYTES));
        Ok(Self(tls.into()))
    }

    fn lock(&self) -> MutexGuard<'_, ServerConnection> {
        // A connection whose task panicked is used by nobody.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to read that the socket no longer has.
    pub fn has_plaintext(&self) -> bool {
        self.lock().process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
    }

    /// As the socket's: 0 is the end, said by the client (close_notify); an end without a word is an error.
    pub fn read(&self, socket: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
        let mut tls = self.lock();
        loop {
            match tls.reader().read(into) {
                Err(error) if is_not_yet(&error) => {}
                result => return result,
            }
            receive(&mut tls, socket)?;
        }
    }

    /// Bytes that can be read at once, at least: 0 is the end. Takes in no more than it takes to know.
    pub fn peek(&self, socket: &TcpStream) -> io::Result<usize> {
        let mut tls = self.lock();
        loop {
            let state = tls.process_new_packets().map_err(broken)?;
            if state.plaintext_bytes_to_read() > 0 {
                return Ok(1);
            }
            if state.peer_has_closed() || receive(&mut tls, socket)? == 0 {
                return Ok(0);
            }
        }
    }

    /// As the socket's. What was taken may wait here: [`Self::flush`] says when it is gone.
    pub fn write(&self, socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut tls = self.lock();
        flush(&mut tls, socket)?;
        let taken = tls.writer().write_vectored(slices)?;
        match flush(&mut tls, socket) {
            Err(error) if !is_not_yet(&error) => Err(error),
            _ => Ok(taken),
        }
    }

    /// Hands what waits to the socket; "not yet" if it does not take all.
    pub fn flush(&self, socket: &TcpStream) -> io::Result<()> {
        flush(&mut self.lock(), socket)
    }

    /// Says that nothing more will come (close_notify), as far as the socket takes it at once.
    pub fn say_goodbye(&self, socket: &TcpStream) {
        let mut tls = self.lock();
        tls.send_close_notify();
        // Whoever does not take it has been sent everything else.
        let _ = flush(&mut tls, socket);
    }
}

/// Takes in what the socket has; 0 is its end.
fn receive(tls: &mut ServerConnection, mut socket: &TcpStream) -> io::Result<usize> {
    let bytes = tls.read_tls(&mut socket)?;
    let processed = tls.process_new_packets();
    // Answers of TLS itself: the rest of a handshake, or what was wrong.
    let answered = if tls.wants_write() { flush(tls, socket) } else { Ok(()) };
    processed.map_err(broken)?;
    match answered {
        Err(error) if !is_not_yet(&error) => Err(error),
        _ => Ok(bytes),
    }
}

fn flush(tls: &mut ServerConnection, mut socket: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        if tls.write_tls(&mut socket)? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

fn broken(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// How a client begins at the secure door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// With TLS; the handshake is done.
    Secure,
    /// With a letter, as plain HTTP does and TLS never: its first byte is 22 (RFC 8446, section 5.1).
    Plain,
}

impl Connection {
    /// Waits for the client's first bytes and shakes hands.
    pub async fn begin(&self, config: Arc<ServerConfig>) -> io::Result<Beginning> {
        self.rest(true);
        if self.is_closing() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let socket = self.stream.get_ref();
        let mut first = [0];
        loop {
            poll_fn(|cx| self.stream.poll_readable(cx)).await?;
            match socket.peek(&mut first) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => break,
                Err(error) if is_not_yet(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if first[0].is_ascii_alphabetic() {
            self.rest(false);
            return Ok(Beginning::Plain);
        }
        let tls = Tls::new(config)?;
        loop {
            match tls.flush(socket) {
                Err(error) if is_not_yet(&error) => poll_fn(|cx| self.stream.poll_writable(cx)).await?,
                result => result?,
            }
            if tls.lock().wants_write() {
                continue;
            }
            if !tls.lock().is_handshaking() {
                break;
            }
            match receive(&mut tls.lock(), socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => continue,
                Err(error) if is_not_yet(&error) => {}
                Err(error) => return Err(error),
            }
            poll_fn(|cx| self.stream.poll_readable(cx)).await?;
        }
        let is_first = self.tls.set(Box::new(tls)).is_ok();
        debug_assert!(is_first, "a connection begins once");
        self.rest(false);
        Ok(Beginning::Secure)
    }
}
