//! A publisher's socket, with TLS or without: both are read and written alike, and neither waits by itself.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_io::Async;

use crate::tls::{Handshakes, ServerConfig, Tls};

/// A publisher's socket.
pub(super) struct Socket {
    stream: Arc<Async<TcpStream>>,
    tls: Option<Tls>,
}

impl Socket {
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

    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.tls.as_ref().is_some_and(Tls::has_plaintext) {
            return Poll::Ready(Ok(()));
        }
        self.stream.poll_readable(cx)
    }

    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_readable(cx)).await
    }

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
