//! A connection that has become a WebSocket (RFC 6455): the handshake's answer, and messages over the socket.
//!
//! Whoever takes it over decides what is said; here bytes are moved, and no more is waited for than was asked.

use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{self, Framing};
use super::connections::Connection;
use super::head::Head;
use crate::ground::limits;
use crate::ground::reply::Reply;
use crate::socket::READ_BYTES;
use crate::wire::websocket::{self, Codec, Message, WebSocketError};

/// A client's WebSocket.
pub struct WebSocket {
    connection: Arc<Connection>,
    codec: Codec,
    /// Whether bytes may lie in the codec that were not looked at.
    unread: bool,
    /// Whether media may come; until then messages are short, and looked at one by one.
    is_let_in: bool,
    /// Whether the last read left no room: there may be more that is too little to wake for.
    filled: bool,
    patience: Duration,
}

/// The head of the answer that makes a connection a WebSocket, or why it does not become one (RFC 6455, section 4.2).
pub(super) fn handshake(head: &Head) -> Result<Vec<u8>, Reply> {
    let asked = &head.websocket;
    let wanted =
        asked.upgrade && asked.connection && !head.http10 && asked.version.as_deref() == Some(websocket::VERSION);
    if !wanted {
        let reply =
            Reply::error(426, "upgrade_required", "a WebSocket (RFC 6455, version 13) is spoken at this address");
        return Err(reply.with("Upgrade", "websocket").with("Sec-WebSocket-Version", websocket::VERSION));
    }
    let Some(accept) = asked.key.as_deref().and_then(websocket::accept) else {
        return Err(Reply::error(400, "bad_request", "the Sec-WebSocket-Key field is doubtful"));
    };
    let fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept.as_str())];
    Ok(answer::head(101, "", fields.into_iter(), Framing::None, false))
}

impl WebSocket {
    /// The WebSocket of a connection whose handshake is done; `received` came behind the request.
    pub(super) fn new(connection: Arc<Connection>, received: &[u8]) -> Self {
        let mut codec = Codec::new(limits::WEB_CAMERA_TEXT_BYTES);
        codec.feed(received);
        Self {
            connection,
            codec,
            unread: true,
            is_let_in: false,
            filled: false,
            patience: limits::WEB_CAMERA_WRITE_TIME,
        }
    }

    /// Where the client is.
    pub fn peer(&self) -> IpAddr {
        self.connection.peer
    }

    /// From now on messages may be as long as media are.
    pub fn let_in(&mut self) {
        self.is_let_in = true;
        self.codec.set_limit(limits::WEB_CAMERA_MESSAGE_BYTES);
    }

    /// Waits until something comes and adds the messages that are whole by it, which may be none. Nothing is lost if it
    /// is dropped before.
    pub async fn receive(&mut self, messages: &mut Vec<Message>) -> Result<(), WebSocketError> {
        if !std::mem::take(&mut self.unread) {
            self.connection.rest(true);
            let codec = &mut self.codec;
            let read = self.connection.socket.take(|bytes| {
                codec.feed(bytes);
                bytes.len()
            });
            let read = read.await;
            self.connection.rest(false);
            self.has_read(read.ok())?;
        }
        self.take(messages)
    }

    /// Adds the messages that have come, without waiting; whether anything has.
    pub fn receive_now(&mut self, messages: &mut Vec<Message>) -> Result<bool, WebSocketError> {
        let codec = &mut self.codec;
        let read = self.connection.socket.take_now(|bytes| {
            codec.feed(bytes);
            bytes.len()
        });
        if let Ok(None) = read {
            return Ok(false);
        }
        self.has_read(read.ok().flatten())?;
        self.take(messages).map(|()| true)
    }

    /// The socket below.
    pub fn socket(&self) -> &TcpStream {
        self.connection.socket.tcp()
    }

    /// Whether part of a message was read whose rest is to be waited for, however little it is.
    pub fn is_inside_message(&self) -> bool {
        self.filled || self.codec.is_inside_message() || self.connection.socket.is_inside_record()
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

    /// Says a text. It goes out with [`Self::flush`].
    pub fn say(&mut self, text: String) {
        self.codec.text(text);
    }

    /// Asks whether the client is there. It goes out with [`Self::flush`].
    pub fn ping(&mut self) {
        self.codec.ping();
    }

    /// Says that it is over (RFC 6455, section 7.4.1). It goes out with [`Self::flush`].
    pub fn close(&mut self, code: u16) {
        self.codec.close(code);
    }

    /// Sends what was said, answers to pings too.
    pub async fn flush(&mut self) -> Result<(), WebSocketError> {
        let output = std::mem::take(self.codec.output());
        if output.is_empty() {
            return Ok(());
        }
        self.connection.write_all(&output, &[], self.patience).await.map_err(|_| WebSocketError::Closed)
    }
}
