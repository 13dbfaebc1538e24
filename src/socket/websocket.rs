//! A client's connection that has become a WebSocket (RFC 6455): messages over its socket, whichever door took it in.
//!
//! Whoever takes it over decides what is said; here bytes are moved, and no more is waited for than was asked.

use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

use super::READ_BYTES;
use super::channel::MessageChannel;
use super::connection::{ClientConnection, write_all};
use crate::executor::BoxFuture;
use crate::ground::limits;
use crate::ground::publish_refusal::PublishRefusal;
use crate::wire::websocket::{Codec, Message, WebSocketError};

/// Talks with a client over its WebSocket until that is over.
pub type TakeOver = Box<dyn FnOnce(WebSocket) -> BoxFuture<'static, ()> + Send>;

/// A door whose clients come over WebSockets: another has their connections, and asks here who takes them over.
pub trait WebSocketDoor: Send + Sync {
    /// Who talks with the client that comes with `token`, or why nobody does. `name`: which client it says it is.
    fn admit_client<'a>(
        self: Arc<Self>,
        token: &'a str,
        name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<TakeOver, PublishRefusal>>;
}

/// A client's WebSocket.
pub struct WebSocket {
    connection: Arc<dyn ClientConnection>,
    codec: Codec,
    /// Whether bytes may lie in the codec that were not looked at.
    unread: bool,
    /// Whether media may come; until then messages are short, and looked at one by one.
    is_let_in: bool,
    /// Whether the last read left no room: there may be more that is too little to wake for.
    filled: bool,
}

impl WebSocket {
    /// The WebSocket of a connection whose handshake is done; `received` came behind the request.
    pub fn new(connection: Arc<dyn ClientConnection>, received: &[u8]) -> Self {
        let mut codec = Codec::new(limits::WEBSOCKET_SHORT_BYTES);
        codec.feed(received);
        Self { connection, codec, unread: true, is_let_in: false, filled: false }
    }

    fn has_read(&mut self, bytes: Option<usize>) -> Result<(), WebSocketError> {
        let bytes = bytes.filter(|bytes| *bytes > 0).ok_or(WebSocketError::Closed)?;
        self.filled = bytes == READ_BYTES;
        Ok(())
    }

    fn take(&mut self, messages: &mut Vec<Message>) -> Result<(), WebSocketError> {
        while let Some(message) = self.codec.message()? {
            messages.push(message);
            if !self.is_let_in {
                // It may be the one after which the next may be long.
                self.unread = true;
                break;
            }
        }
        Ok(())
    }
}

impl MessageChannel for WebSocket {
    fn peer(&self) -> IpAddr {
        self.connection.peer()
    }

    async fn receive(&mut self, messages: &mut Vec<Message>) -> Result<(), WebSocketError> {
        if !std::mem::take(&mut self.unread) {
            self.connection.rest(true);
            let codec = &mut self.codec;
            let read = self.connection.socket().take(|bytes| {
                codec.feed(bytes);
                bytes.len()
            });
            let read = read.await;
            self.connection.rest(false);
            self.has_read(read.ok())?;
        }
        self.take(messages)
    }

    fn receive_now(&mut self, messages: &mut Vec<Message>) -> Result<bool, WebSocketError> {
        let codec = &mut self.codec;
        let read = self.connection.socket().take_now(|bytes| {
            codec.feed(bytes);
            bytes.len()
        });
        if let Ok(None) = read {
            return Ok(false);
        }
        self.has_read(read.ok().flatten())?;
        self.take(messages).map(|()| true)
    }

    fn socket(&self) -> Option<&TcpStream> {
        Some(self.connection.socket().tcp())
    }

    fn is_inside_message(&self) -> bool {
        self.filled || self.codec.is_inside_message() || self.connection.socket().is_inside_record()
    }

    fn let_in(&mut self, message_bytes: usize) {
        self.is_let_in = true;
        self.codec.set_limit(message_bytes);
    }

    fn say(&mut self, text: String) {
        self.codec.text(text);
    }

    fn ping(&mut self, number: u64) {
        self.codec.ping(number);
    }

    fn close(&mut self, code: u16) {
        self.codec.close(code);
    }

    async fn flush(&mut self) -> Result<(), WebSocketError> {
        let output = std::mem::take(self.codec.output());
        if output.is_empty() {
            return Ok(());
        }
        let written = write_all(&*self.connection, &output, &[], limits::WEBSOCKET_WRITE_TIME);
        written.await.map_err(|_| WebSocketError::Closed)
    }
}
