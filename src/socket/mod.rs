//! A client's socket, with TLS or without: both are read and written alike, and neither waits by itself. And its
//! WebSocket, where it has become one. For every door that faces the network; no door's protocol here, and no
//! certificates.

mod channel;
mod connection;
mod handshakes;
mod low_water;
mod reading;
mod records;
mod tls;
mod websocket;

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use async_io::Async;

pub use channel::MessageChannel;
pub use connection::{ClientConnection, write_all, write_some};
pub use handshakes::Handshakes;
pub use low_water::LowWater;
pub use reading::READ_BYTES;
pub use tls::{ServerConfig, Tls, is_not_yet};
pub use websocket::{TakeOver, WebSocket, WebSocketDoor};

/// A client's socket. One task reads it and one writes it; whoever sets deadlines shuts it from elsewhere.
pub struct Socket {
    stream: Async<TcpStream>,
    /// TLS, once hands are shaken; never on a plain connection.
    tls: OnceLock<Box<Tls>>,
}

impl Socket {
    /// A socket without TLS.
    pub fn new(stream: Async<TcpStream>) -> Self {
        Self { stream, tls: OnceLock::new() }
    }

    /// Shakes hands with the client at `peer`, as one of `handshakes`: from now on everything goes through TLS.
    pub async fn secure(
        &self,
        peer: IpAddr,
        config: Arc<ServerConfig>,
        handshakes: &Arc<Handshakes>,
    ) -> io::Result<()> {
        let tls = Tls::accept(&self.stream, peer, config, handshakes).await?;
        let is_first = self.tls.set(Box::new(tls)).is_ok();
        debug_assert!(is_first, "hands are shaken once");
        Ok(())
    }

    /// Whether it goes through TLS.
    pub fn is_secure(&self) -> bool {
        self.tls.get().is_some()
    }

    /// What is below.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// The first byte that the client says, which is still to be read. Before hands are shaken.
    pub async fn first_byte(&self) -> io::Result<u8> {
        let mut first = [0];
        loop {
            match self.tcp().peek(&mut first) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(first[0]),
                Err(error) if is_not_yet(&error) => poll_fn(|cx| self.stream.poll_readable(cx)).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether there may be something to read.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_plaintext() {
            return Poll::Ready(Ok(()));
        }
        self.stream.poll_readable(cx)
    }

    /// Waits until there may be something to read.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_readable(cx)).await
    }

    /// Whether something may be written.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_writable(cx)
    }

    /// Waits until something may be written.
    pub async fn writable(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_writable(cx)).await
    }

    /// Whether TLS has taken in something that the socket no longer tells of.
    fn has_plaintext(&self) -> bool {
        self.tls.get().is_some_and(|tls| tls.has_plaintext())
    }

    /// Whether part of something was read that is of no use before its rest comes.
    pub fn is_inside_record(&self) -> bool {
        self.tls.get().is_some_and(|tls| tls.is_inside_record())
    }

    /// Says that nothing more will come.
    pub fn say_goodbye(&self) {
        if let Some(tls) = self.tls.get() {
            tls.say_goodbye(self.tcp());
        }
    }

    /// Ends the sending half: nothing more will come, and what came was all.
    pub fn end_writing(&self) {
        self.say_goodbye();
        self.shut(Shutdown::Write);
    }

    /// Shuts it, which wakes whoever waits on it.
    pub fn shut(&self, how: Shutdown) {
        // An error means that it is shut already.
        let _ = self.tcp().shutdown(how);
    }
}

impl Read for &Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.tls.get() {
            Some(tls) => tls.read(self.tcp(), into),
            None => self.tcp().read(into),
        }
    }
}

impl Write for &Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.tls.get() {
            Some(tls) => tls.write(self.tcp(), slices),
            None => self.tcp().write_vectored(slices),
        }
    }

    /// Says "not yet" while something that was taken is not in the kernel's hands.
    fn flush(&mut self) -> io::Result<()> {
        self.tls.get().map_or(Ok(()), |tls| tls.flush(self.tcp()))
    }
}
