//! Messages to and from a client, however they travel: on a WebSocket today, on whatever keeps messages whole and in order
//! tomorrow. Whoever talks with clients asks for this alone, and need not know how they came.

use std::future::Future;
use std::net::{IpAddr, TcpStream};

use crate::wire::websocket::{Message, WebSocketError};

/// A client that messages are exchanged with.
pub trait MessageChannel: Send {
    /// Where the client is.
    fn peer(&self) -> IpAddr;

    /// Waits until something comes and adds the messages that are whole by it, which may be none. Nothing may be lost if
    /// it is dropped before.
    fn receive(&mut self, messages: &mut Vec<Message>) -> impl Future<Output = Result<(), WebSocketError>> + Send;

    /// Adds the messages that have come, without waiting; whether anything has.
    fn receive_now(&mut self, messages: &mut Vec<Message>) -> Result<bool, WebSocketError>;

    /// The socket that [`Self::receive`] waits for, if it is one.
    fn socket(&self) -> Option<&TcpStream>;

    /// Whether part of a message was received whose rest is to be waited for, however little it is.
    fn is_inside_message(&self) -> bool;

    /// From now on messages may have so many bytes; until then they are short, and looked at one by one.
    fn let_in(&mut self, message_bytes: usize);

    /// Says a text; it goes out with [`Self::flush`].
    fn say(&mut self, text: String);

    /// Asks whether the client is there; it goes out with [`Self::flush`], and the answer carries `number`.
    fn ping(&mut self, number: u64);

    /// Says that it is over, with this code (RFC 6455, section 7.4.1); it goes out with [`Self::flush`].
    fn close(&mut self, code: u16);

    /// Sends what was said, answers to pings too.
    fn flush(&mut self) -> impl Future<Output = Result<(), WebSocketError>> + Send;
}
