//! TLS between a socket and whoever reads and writes it (RFC 8446, RFC 5246), for every door that has a secure one. No
//! certificates here: whoever opens the door brings the configuration. No HTTP, no RTSP.
//!
//! Nothing waits in here once hands are shaken: like the socket itself, everything says "not yet", and whoever uses it
//! waits for the socket.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write as _};
use std::net::{IpAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_io::Async;
use futures_lite::future;
use futures_rustls::rustls::{self, ServerConnection};

use super::handshakes::Handshakes;
use super::records::Records;
use crate::ground::limits;
pub use futures_rustls::rustls::ServerConfig;

/// Whether nothing went wrong: there is nothing to read, or no room to write, for the moment.
pub fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Times the socket may be asked in one call for what turns out to be nothing to read: a record may be empty, and many
/// are no reason to keep everyone else waiting.
const TURNS: usize = 8;
/// Bytes that came out in this call for which it may be asked once more.
const BYTES_A_TURN: usize = 1024;

/// The state of TLS on one connection. One task uses it; the lock is never waited for.
#[derive(Debug)]
pub struct Tls(Mutex<State>);

#[derive(Debug)]
struct State {
    tls: ServerConnection,
    /// What was read of the socket.
    records: Records,
}

impl Tls {
    /// Shakes hands with the client of `stream`, who is at `peer`, as `config` says, as one of `handshakes`; one that has
    /// said nothing yet is none of them. Whoever asks sets the deadline.
    pub async fn accept(
        stream: &Async<TcpStream>,
        peer: IpAddr,
        config: Arc<ServerConfig>,
        handshakes: &Arc<Handshakes>,
    ) -> io::Result<Self> {
        wait_for_words(stream).await?;
        let too_many = || io::Error::new(io::ErrorKind::QuotaExceeded, "too many handshakes at once");
        let mut handshake = handshakes.begin(peer).ok_or_else(too_many)?;
        let shaken = shake(stream, config);
        let made_room = async {
            (&mut handshake.ended).await;
            Err(too_many())
        };
        future::or(shaken, made_room).await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A connection whose task panicked is used by nobody.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to read that the socket no longer has.
    pub fn has_plaintext(&self) -> bool {
        self.lock().tls.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
    }

    /// Whether part of a record has been read, and its rest has yet to come.
    pub fn is_inside_record(&self) -> bool {
        self.lock().records.is_inside()
    }

    /// As the socket's, but reads all that has come and has room: a small read would cost as much as a large one. 0 is
    /// the end, said by the client (close_notify); an end without a word is an error. Where much comes that is nothing,
    /// it says "not yet" with the rest still in the socket, which makes that readable as soon as it is waited for.
    pub fn read(&self, socket: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.lock();
        let (mut count, mut turns) = (0, 0);
        loop {
            let read = match state.tls.reader().read(&mut into[count..]) {
                Err(error) if is_not_yet(&error) && turns < TURNS + count / BYTES_A_TURN => {
                    turns += 1;
                    state.receive(socket).map(|_| None)
                }
                result => result.map(Some),
            };
            match read {
                Ok(None) => {}
                Ok(Some(more)) => {
                    count += more;
                    if more == 0 || count == into.len() {
                        return Ok(count);
                    }
                }
                // What is wrong now will be wrong the next time.
                Err(_) if count > 0 => return Ok(count),
                Err(error) => return Err(error),
            }
        }
    }

    /// Bytes that can be read at once, at least: 0 is the end. Takes in no more than it takes to know, and says "not yet"
    /// where [`Self::read`] does.
    pub fn peek(&self, socket: &TcpStream) -> io::Result<usize> {
        let mut state = self.lock();
        for _ in 0..TURNS {
            let seen = state.tls.process_new_packets().map_err(broken)?;
            if seen.plaintext_bytes_to_read() > 0 {
                return Ok(1);
            }
            if seen.peer_has_closed() || state.receive(socket)? == 0 {
                return Ok(0);
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// As the socket's. What was taken may wait here: [`Self::flush`] says when it is gone.
    pub fn write(&self, socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.lock();
        state.flush(socket)?;
        let taken = state.tls.writer().write_vectored(slices)?;
        match state.flush(socket) {
            Err(error) if !is_not_yet(&error) => Err(error),
            _ => Ok(taken),
        }
    }

    /// Hands what waits to the socket; "not yet" if it does not take all.
    pub fn flush(&self, socket: &TcpStream) -> io::Result<()> {
        self.lock().flush(socket)
    }

    /// Says that nothing more will come (close_notify), as far as the socket takes it at once.
    pub fn say_goodbye(&self, socket: &TcpStream) {
        let mut state = self.lock();
        state.tls.send_close_notify();
        // Whoever does not take it has been sent everything else.
        let _ = state.flush(socket);
    }
}

impl State {
    /// Takes in what the socket has; 0 is its end.
    fn receive(&mut self, socket: &TcpStream) -> io::Result<usize> {
        let bytes = self.tls.read_tls(&mut Followed { socket, records: &mut self.records })?;
        let processed = self.tls.process_new_packets();
        // Answers of TLS itself: the rest of a handshake, or what was wrong.
        let answered = if self.tls.wants_write() { self.flush(socket) } else { Ok(()) };
        processed.map_err(broken)?;
        match answered {
            Err(error) if !is_not_yet(&error) => Err(error),
            _ => Ok(bytes),
        }
    }

    fn flush(&mut self, mut socket: &TcpStream) -> io::Result<()> {
        while self.tls.wants_write() {
            if self.tls.write_tls(&mut socket)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

/// Shakes hands.
async fn shake(stream: &Async<TcpStream>, config: Arc<ServerConfig>) -> io::Result<Tls> {
    let mut tls = ServerConnection::new(config).map_err(broken)?;
    tls.set_buffer_limit(Some(limits::TLS_WRITE_BYTES));
    let mut state = State { tls, records: Records::default() };
    loop {
        match state.flush(stream.get_ref()) {
            Err(error) if is_not_yet(&error) => poll_fn(|cx| stream.poll_writable(cx)).await?,
            result => result?,
        }
        if state.tls.wants_write() {
            continue;
        }
        if !state.tls.is_handshaking() {
            return Ok(Tls(state.into()));
        }
        match state.receive(stream.get_ref()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            // Others have their turn before what this one says next.
            Ok(_) => future::yield_now().await,
            Err(error) if is_not_yet(&error) => poll_fn(|cx| stream.poll_readable(cx)).await?,
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the client has said something.
async fn wait_for_words(stream: &Async<TcpStream>) -> io::Result<()> {
    loop {
        match stream.get_ref().peek(&mut [0]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(()),
            Err(error) if is_not_yet(&error) => poll_fn(|cx| stream.poll_readable(cx)).await?,
            Err(error) => return Err(error),
        }
    }
}

/// The socket, and what is read of it.
struct Followed<'a> {
    socket: &'a TcpStream,
    records: &'a mut Records,
}

impl Read for Followed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.socket.read(into)?;
        self.records.pass(&into[..count]);
        Ok(count)
    }
}

fn broken(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
