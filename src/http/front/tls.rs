//! How a client begins at the secure door: with TLS, or without, as one does that came to the wrong port.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use super::connections::Connection;
use crate::socket::{ServerConfig, Tls, is_not_yet};

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
        let tls = Tls::accept(&self.stream, self.peer, config, self.handshakes()).await?;
        let is_first = self.tls.set(Box::new(tls)).is_ok();
        debug_assert!(is_first, "a connection begins once");
        self.rest(false);
        Ok(Beginning::Secure)
    }
}
