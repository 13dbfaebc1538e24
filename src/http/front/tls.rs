//! How a client begins at the secure door: with TLS, or without, as one does that came to the wrong port.

use std::io;
use std::sync::Arc;

use super::connections::Connection;
use crate::socket::ServerConfig;

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
        if self.socket.first_byte().await?.is_ascii_alphabetic() {
            self.rest(false);
            return Ok(Beginning::Plain);
        }
        self.socket.secure(self.peer, config, self.handshakes()).await?;
        self.rest(false);
        Ok(Beginning::Secure)
    }
}
