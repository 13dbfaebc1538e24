//! The publishing side of RTSP 1.0 (RFC 2326) as far as the built-in phone speaks it: TCP, interleaved, blocking.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::PhoneError;

/// How long the server may take to connect, to answer, and to take what is written.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer at most.
const ANSWER_BYTES: usize = 64 * 1024;

/// Where to publish. Holds a token: not shown.
#[derive(Clone)]
pub(super) struct Address {
    host: String,
    port: u16,
    uri: String,
}

impl Address {
    /// Reads `rtsp://HOST[:PORT]/PATH`.
    pub(super) fn parse(uri: &str) -> Result<Self, PhoneError> {
        let bad = || PhoneError::BadAddress;
        let rest = uri.strip_prefix("rtsp://").ok_or_else(bad)?;
        if uri.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(bad());
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| bad())?),
            _ => (authority, 554),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port, uri: uri.trim_end_matches('/').to_owned() })
    }
}

/// A connection on which media may be sent.
pub(super) struct Session {
    stream: TcpStream,
    uri: String,
    requests: u32,
    id: String,
    /// Half of what the server allows between two signs of life.
    pub keep_alive: Duration,
    /// Ends when the server closes the connection.
    closed: mpsc::Receiver<()>,
    reader: Option<JoinHandle<()>>,
}

impl Session {
    /// Connects and goes through OPTIONS, ANNOUNCE, SETUP for each of `tracks` and RECORD. Track n is sent on channel
    /// 2n, its reports on 2n + 1.
    pub(super) fn open(address: &Address, sdp: &str, tracks: u8) -> Result<Self, PhoneError> {
        let mut handshake = Handshake::connect(address)?;
        let uri = address.uri.as_str();
        handshake.ask("OPTIONS", uri, "", "")?;
        handshake.ask("ANNOUNCE", uri, "Content-Type: application/sdp\r\n", sdp)?;
        for track in 0..tracks {
            let channels = format!("{}-{}", 2 * track, 2 * track + 1);
            let transport = format!("Transport: RTP/AVP/TCP;unicast;interleaved={channels};mode=record\r\n");
            let answer = handshake.ask("SETUP", &format!("{uri}/streamid={track}"), &transport, "")?;
            if let Some(given) = answer.parameter("Transport", "interleaved")
                && given != channels
            {
                return Err(PhoneError::Protocol("the server wants other channels"));
            }
            if let Some(session) = answer.header("Session") {
                let id = session.split(';').next().unwrap_or_default().trim();
                handshake.session = Some(id.to_owned());
            }
            if let Some(timeout) = answer.parameter("Session", "timeout").and_then(|text| text.parse().ok()) {
                handshake.timeout = Duration::from_secs(timeout);
            }
        }
        handshake.ask("RECORD", uri, "Range: npt=0.000-\r\n", "")?;
        handshake.into_session(address)
    }

    /// Sends interleaved packets.
    pub(super) fn send(&mut self, packets: &[u8]) -> Result<(), PhoneError> {
        self.stream.write_all(packets).map_err(PhoneError::lost)
    }

    /// Says that the phone is still there. The answer is not waited for.
    pub(super) fn keep_alive(&mut self) -> Result<(), PhoneError> {
        self.tell("GET_PARAMETER")
    }

    /// Whether the server has closed the connection.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.try_recv() != Err(mpsc::TryRecvError::Empty)
    }

    /// Ends the publishing in order.
    pub(super) fn tear_down(mut self) {
        if self.tell("TEARDOWN").is_ok() && self.stream.shutdown(Shutdown::Write).is_ok() {
            // Sent means only handed to the kernel: the server closes once it has read it all.
            let _ = self.closed.recv_timeout(Duration::from_secs(1));
        }
    }

    fn tell(&mut self, method: &str) -> Result<(), PhoneError> {
        self.requests += 1;
        let session = format!("Session: {}\r\n", self.id);
        let text = request(method, &self.uri, self.requests, &session, "");
        self.stream.write_all(text.as_bytes()).map_err(PhoneError::lost)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn request(method: &str, uri: &str, number: u32, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{method} {uri} RTSP/1.0\r\nCSeq: {number}\r\nUser-Agent: Lareira demo\r\n{headers}{length}\r\n{body}")
}

/// The connection until media flows: every request waits for its answer.
struct Handshake {
    stream: TcpStream,
    received: Vec<u8>,
    requests: u32,
    session: Option<String>,
    timeout: Duration,
}

impl Handshake {
    fn connect(address: &Address) -> Result<Self, PhoneError> {
        let mut addresses = (address.host.as_str(), address.port).to_socket_addrs().map_err(PhoneError::lost)?;
        let to = addresses.next().ok_or(PhoneError::BadAddress)?;
        let stream = TcpStream::connect_timeout(&to, PATIENCE).map_err(PhoneError::lost)?;
        stream.set_nodelay(true).map_err(PhoneError::lost)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(PhoneError::lost)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(PhoneError::lost)?;
        Ok(Self { stream, received: Vec::new(), requests: 0, session: None, timeout: Duration::from_secs(60) })
    }

    fn ask(&mut self, method: &str, uri: &str, headers: &str, body: &str) -> Result<Answer, PhoneError> {
        self.requests += 1;
        let session = self.session.as_ref().map(|id| format!("Session: {id}\r\n")).unwrap_or_default();
        let text = request(method, uri, self.requests, &(session + headers), body);
        self.stream.write_all(text.as_bytes()).map_err(PhoneError::lost)?;
        loop {
            if let Some((answer, length)) = Answer::parse(&self.received)? {
                self.received.drain(..length);
                return if answer.status == 200 {
                    Ok(answer)
                } else {
                    Err(PhoneError::Refused { status: answer.status, reason: answer.reason })
                };
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).map_err(PhoneError::lost)? {
                0 => return Err(PhoneError::lost(io::ErrorKind::UnexpectedEof.into())),
                count => self.received.extend_from_slice(&bytes[..count]),
            }
        }
    }

    fn into_session(self, address: &Address) -> Result<Session, PhoneError> {
        let mut reader = self.stream.try_clone().map_err(PhoneError::lost)?;
        reader.set_read_timeout(None).map_err(PhoneError::lost)?;
        let (end, closed) = mpsc::channel();
        // What the server says while media flows (answers, receiver reports) is of no interest, but must be read.
        let read_on = move || {
            let mut bytes = [0; 4096];
            while reader.read(&mut bytes).is_ok_and(|count| count > 0) {}
            drop(end);
        };
        let reader = thread::Builder::new().name("demo-phone-read".to_owned()).spawn(read_on);
        Ok(Session {
            stream: self.stream,
            uri: address.uri.clone(),
            requests: self.requests,
            id: self.session.ok_or(PhoneError::Protocol("the server gave no session"))?,
            keep_alive: (self.timeout / 2).max(Duration::from_secs(1)),
            closed,
            reader: Some(reader.map_err(PhoneError::lost)?),
        })
    }
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// The first answer in `bytes` and how long it is, once it is whole. Interleaved packets before it are skipped.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, PhoneError> {
        let mut start = 0;
        while let [b'$', _, high, low, ..] = bytes[start..] {
            start = (start + 4 + usize::from(u16::from_be_bytes([high, low]))).min(bytes.len());
        }
        let text = &bytes[start..];
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else {
            let endless = text.len() > ANSWER_BYTES;
            return if endless { Err(PhoneError::Protocol("an answer without end")) } else { Ok(None) };
        };
        let head = std::str::from_utf8(&text[..end]).map_err(|_| PhoneError::Protocol("an answer that is no text"))?;
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let mut words = status_line.splitn(3, ' ');
        let version = words.next().unwrap_or_default();
        let status = words.next().and_then(|word| word.parse().ok());
        let (true, Some(status)) = (version.starts_with("RTSP/"), status) else {
            return Err(PhoneError::Protocol("an answer that is not RTSP"));
        };
        let reason = words.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        let answer = Self { status, reason, headers };
        let body = answer.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0usize);
        if body > ANSWER_BYTES {
            return Err(PhoneError::Protocol("an answer that is too long"));
        }
        let length = start + end + 4 + body;
        Ok((length <= bytes.len()).then_some((answer, length)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The value of `name=value` among a header's parts between semicolons.
    fn parameter(&self, header: &str, name: &str) -> Option<&str> {
        let mut parts = self.header(header)?.split(';');
        parts.find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |uri| Address::parse(uri).map(|address| (address.host, address.port)).ok();
        assert_eq!(read("rtsp://127.0.0.1:8554/live/abc"), Some(("127.0.0.1".to_owned(), 8554)));
        assert_eq!(read("rtsp://box.local/live/abc"), Some(("box.local".to_owned(), 554)));
        assert_eq!(read("rtsp://[::1]:8554/live"), Some(("::1".to_owned(), 8554)));
        assert_eq!(read("rtsp://[::1]/live"), Some(("::1".to_owned(), 554)));
        for bad in ["http://x/", "rtsp://", "rtsp:///live", "rtsp://x:99999/", "rtsp://x/a b", "rtsp://x/\r\n"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn answers_are_read_at_every_split() {
        let bytes =
            b"$\x01\x00\x02xyRTSP/1.0 200 OK\r\nCSeq: 3\r\nsession: 77;timeout=30\r\nContent-Length: 2\r\n\r\nab$";
        for length in 0..bytes.len() - 1 {
            assert_eq!(Answer::parse(&bytes[..length]).expect("good so far"), None, "{length} bytes");
        }
        let (answer, length) = Answer::parse(bytes).expect("good").expect("whole");
        assert_eq!((answer.status, length), (200, bytes.len() - 1));
        assert_eq!(answer.parameter("Session", "timeout"), Some("30"));
        assert_eq!(answer.header("CSEQ"), Some("3"));
    }

    #[test]
    fn what_is_not_rtsp_is_an_error() {
        for bad in ["HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n", "RTSP/1.0 many\r\n\r\n"] {
            assert!(matches!(Answer::parse(bad.as_bytes()), Err(PhoneError::Protocol(_))), "{bad}");
        }
        assert!(Answer::parse(&[b'x'; ANSWER_BYTES + 1]).is_err());
    }
}
