//! A client's socket, with TLS or without: both are read and written alike, and neither waits by itself. For every door
//! that faces the network; no door's protocol here, and no certificates.

mod handshakes;
mod low_water;
mod records;
mod tls;

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_io::Async;

pub use handshakes::Handshakes;
pub use low_water::Patience;
pub use tls::{ServerConfig, Tls, is_not_yet};

/// A client's socket.
pub struct Socket {
    stream: Arc<Async<TcpStream>>,
    tls: Option<Tls>,
}

impl Socket {
    /// A socket without TLS.
    pub fn new(stream: Arc<Async<TcpStream>>) -> Self {
        Self { stream, tls: None }
    }

    /// Shakes hands with the client at `peer`, as one of `handshakes`: from now on everything goes through TLS.
    pub async fn secure(
        &mut self,
        peer: IpAddr,
        config: Arc<ServerConfig>,
        handshakes: &Arc<Handshakes>,
    ) -> io::Result<()> {
        self.tls = Some(Tls::accept(&self.stream, peer, config, handshakes).await?);
        Ok(())
    }

    /// Whether it goes through TLS.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// What is below.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Whether there may be something to read.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.tls.as_ref().is_some_and(Tls::has_plaintext) {
            return Poll::Ready(Ok(()));
        }
        self.stream.poll_readable(cx)
    }

    /// Waits until there may be something to read.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_readable(cx)).await
    }

    /// Waits until something may be written.
    pub async fn writable(&self) -> io::Result<()> {
        poll_fn(|cx| self.stream.poll_writable(cx)).await
    }

    /// Whether part of something was read that is of no use before its rest comes.
    pub fn is_inside_record(&self) -> bool {
        self.tls.as_ref().is_some_and(Tls::is_inside_record)
    }

    /// Says that nothing more will come.
    pub fn say_goodbye(&self) {
        if let Some(tls) = &self.tls {
            tls.say_goodbye(self.tcp());
        }
    }
}

impl Read for &Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            Some(tls) => tls.read(self.tcp(), into),
            None => self.tcp().read(into),
        }
    }
}

impl Write for &Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            Some(tls) => tls.write(self.tcp(), &[IoSlice::new(bytes)]),
            None => self.tcp().write(bytes),
        }
    }

    /// Says "not yet" while something that was taken is not in the kernel's hands.
    fn flush(&mut self) -> io::Result<()> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.flush(self.tcp()))
    }
}
