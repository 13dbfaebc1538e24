//! WebSocket, the gateway's side (RFC 6455): the handshake's key, and bytes to messages and back. Sans-IO.
//!
//! `tungstenite` knows the frames; it is fed from memory here, so that it meets no socket. Frames of clients are masked,
//! extensions are not spoken, and pings are answered as they are met.

mod frames;

use std::fmt;
use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes, BytesMut};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message as Frame, WebSocket};

use crate::ground::crypto;
use frames::Frames;

/// The version that is spoken (RFC 6455, section 4.1).
pub const VERSION: &str = "13";
/// What is put behind a client's key (RFC 6455, section 1.3).
const KEY_END: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Bytes of a client's key (RFC 6455, section 4.1).
const KEY_BYTES: usize = 16;
/// Bytes that are taken into a frame at once.
const TAKEN_BYTES: usize = 16 * 1024;

/// Why there will be no further messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSocketError {
    /// The other side closed, or is gone.
    Closed,
    /// It sent what is no WebSocket.
    Malformed,
    /// A message is over the limit.
    TooLarge,
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection was closed",
            Self::Malformed => "this is not spoken on a WebSocket (RFC 6455)",
            Self::TooLarge => "the message is over the limit",
        })
    }
}
impl std::error::Error for WebSocketError {}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// The answer to a ping: what that carried (RFC 6455, section 5.5.3).
    Pong(Bytes),
}

/// The answer to a client's key (RFC 6455, section 4.2.2); `None` if it is no key.
pub fn accept(key: &str) -> Option<String> {
    let bytes = STANDARD.decode(key).ok()?;
    let hash = || STANDARD.encode(crypto::sha1(format!("{key}{KEY_END}").as_bytes()));
    (bytes.len() == KEY_BYTES).then(hash)
}

/// One WebSocket.
#[derive(Debug)]
pub struct Codec {
    socket: WebSocket<Memory>,
    frames: Frames,
}

/// What came and is to go.
#[derive(Debug, Default)]
struct Memory {
    incoming: BytesMut,
    outgoing: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = into.len().min(self.incoming.len());
        self.incoming.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Codec {
    /// A WebSocket whose handshake is done; `message_bytes` is the longest message it takes.
    pub fn new(message_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(TAKEN_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes))
            .max_frame_size(Some(message_bytes));
        let socket = WebSocket::from_raw_socket(Memory::default(), Role::Server, Some(config));
        Self { socket, frames: Frames::default() }
    }

    /// Takes messages of so many bytes from now on.
    pub fn set_limit(&mut self, message_bytes: usize) {
        self.socket.set_config(|config| {
            config.max_message_size = Some(message_bytes);
            config.max_frame_size = Some(message_bytes);
        });
    }

    /// Takes bytes that came; they are read by [`Self::message`].
    pub fn feed(&mut self, bytes: &[u8]) {
        self.frames.pass(bytes);
        self.socket.get_mut().incoming.extend_from_slice(bytes);
    }

    /// Whether part of a message has come, and its rest has not.
    pub fn is_inside_message(&self) -> bool {
        self.frames.is_inside()
    }

    /// The next whole message, if there is one. After an error there are no more.
    pub fn message(&mut self) -> Result<Option<Message>, WebSocketError> {
        loop {
            match self.socket.read() {
                Ok(Frame::Text(text)) => return Ok(Some(Message::Text(text.to_string()))),
                Ok(Frame::Binary(bytes)) => return Ok(Some(Message::Binary(bytes))),
                Ok(Frame::Pong(bytes)) => return Ok(Some(Message::Pong(bytes))),
                Ok(Frame::Ping(_) | Frame::Close(_) | Frame::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_)) => {
                    return Err(WebSocketError::Closed);
                }
                Err(Error::Capacity(_)) => return Err(WebSocketError::TooLarge),
                Err(_) => return Err(WebSocketError::Malformed),
            }
        }
    }

    /// Says a text.
    pub fn text(&mut self, text: String) {
        self.put(Frame::Text(text.into()));
    }

    /// Asks whether the other side is there; its answer carries `number`.
    pub fn ping(&mut self, number: u64) {
        self.put(Frame::Ping(Bytes::copy_from_slice(&number.to_be_bytes())));
    }

    /// Says that it is over (RFC 6455, section 7.4.1).
    pub fn close(&mut self, code: u16) {
        self.put(Frame::Close(Some(CloseFrame { code: CloseCode::from(code), reason: "".into() })));
    }

    fn put(&mut self, frame: Frame) {
        // Memory takes everything; what fails is saying something after the close, which nobody would hear.
        let _ = self.socket.send(frame);
    }

    /// Bytes to be sent. Whoever sends them takes them out.
    pub fn output(&mut self) -> &mut Vec<u8> {
        // Pongs may still be on their way there.
        let _ = self.socket.flush();
        &mut self.socket.get_mut().outgoing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 100_000;

    /// A client, of whom what it says comes out as bytes.
    fn client() -> WebSocket<Memory> {
        WebSocket::from_raw_socket(Memory::default(), Role::Client, None)
    }

    fn said(client: &mut WebSocket<Memory>, frame: Frame) -> Vec<u8> {
        client.send(frame).unwrap();
        std::mem::take(&mut client.get_mut().outgoing)
    }

    fn all(codec: &mut Codec) -> Result<Vec<Message>, WebSocketError> {
        let mut messages = Vec::new();
        while let Some(message) = codec.message()? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn keys_are_answered_as_the_rfc_has_it() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ==").as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for bad in ["", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZQ", "?"] {
            assert_eq!(accept(bad), None, "{bad}");
        }
    }

    #[test]
    fn messages_go_both_ways_and_pings_are_answered() {
        let (mut codec, mut client) = (Codec::new(LIMIT), client());
        codec.feed(&said(&mut client, Frame::text("hello")));
        codec.feed(&said(&mut client, Frame::Ping(Bytes::from_static(b"there?"))));
        codec.feed(&said(&mut client, Frame::binary(vec![7; 70_000])));
        let binary = Message::Binary(vec![7; 70_000].into());
        assert_eq!(all(&mut codec), Ok(vec![Message::Text("hello".to_owned()), binary]));
        codec.text("welcome".to_owned());
        codec.close(1008);
        client.get_mut().incoming.extend_from_slice(codec.output());
        assert_eq!(client.read().unwrap(), Frame::Pong(Bytes::from_static(b"there?")));
        assert_eq!(client.read().unwrap(), Frame::text("welcome"));
        let Frame::Close(Some(close)) = client.read().unwrap() else { panic!("closed") };
        assert_eq!(close.code, CloseCode::Policy);
    }

    #[test]
    fn a_close_is_answered_and_ends_it() {
        let (mut codec, mut client) = (Codec::new(LIMIT), client());
        codec.feed(&said(&mut client, Frame::Close(None)));
        assert_eq!(all(&mut codec), Err(WebSocketError::Closed));
        assert!(!codec.output().is_empty());
    }

    #[test]
    fn a_long_message_is_refused_by_its_head_alone() {
        let mut codec = Codec::new(LIMIT);
        codec.feed(&[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa1, 1, 2, 3, 4]);
        assert_eq!(codec.message(), Err(WebSocketError::TooLarge));
        codec.text("too large".to_owned());
        codec.close(1009);
        assert!(codec.output().windows(9).any(|nine| nine == b"too large"));
        let (mut codec, mut client) = (Codec::new(LIMIT), client());
        let mut pieces = said(&mut client, Frame::binary(vec![7; LIMIT]));
        pieces[0] = 0x02;
        let mut more = said(&mut client, Frame::binary(vec![7; 1]));
        more[0] = 0x80;
        codec.feed(&[pieces, more].concat());
        assert_eq!(codec.message(), Err(WebSocketError::TooLarge), "in pieces");
    }

    #[test]
    fn the_limit_rises_before_the_next_message_is_looked_at() {
        let (mut codec, mut client) = (Codec::new(100), client());
        let large = || Frame::binary(vec![7; 1000]);
        codec.feed(&[said(&mut client, Frame::text("start")), said(&mut client, large())].concat());
        assert_eq!(codec.message(), Ok(Some(Message::Text("start".to_owned()))));
        codec.set_limit(1000);
        assert_eq!(codec.message(), Ok(Some(Message::Binary(vec![7; 1000].into()))));
        codec.feed(&said(&mut client, Frame::binary(vec![7; 1001])));
        assert_eq!(codec.message(), Err(WebSocketError::TooLarge));
    }

    #[test]
    fn what_breaks_the_rfc_is_told() {
        let mut unmasked = Codec::new(LIMIT);
        unmasked.feed(&[0x82, 1, 7]);
        assert_eq!(unmasked.message(), Err(WebSocketError::Malformed));
        for first in [0xc2, 0x83, 0x80, 0x09] {
            let mut codec = Codec::new(LIMIT);
            codec.feed(&[first, 0x81, 1, 2, 3, 4, 5]);
            assert_eq!(codec.message(), Err(WebSocketError::Malformed), "{first:x}");
        }
        let mut no_text = Codec::new(LIMIT);
        no_text.feed(&[0x81, 0x81, 0, 0, 0, 0, 0xff]);
        assert_eq!(no_text.message(), Err(WebSocketError::Malformed));
    }

    proptest! {
        #[test]
        fn portions_do_not_matter(sizes in proptest::collection::vec(0..3000_usize, 0..8), portion in 1..500_usize) {
            let mut client = client();
            let (mut codec, mut expected, mut bytes, mut messages) = (Codec::new(LIMIT), Vec::new(), Vec::new(), Vec::new());
            for size in sizes {
                bytes.extend(said(&mut client, Frame::binary(vec![size as u8; size])));
                expected.push(Message::Binary(vec![size as u8; size].into()));
            }
            for part in bytes.chunks(portion) {
                codec.feed(part);
                messages.extend(all(&mut codec).unwrap());
            }
            prop_assert_eq!(messages, expected);
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let mut codec = Codec::new(LIMIT);
            codec.feed(&bytes);
            let _ = all(&mut codec);
            codec.close(1002);
            let _ = codec.output();
        }
    }
}
