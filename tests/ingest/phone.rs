//! A scripted phone: it does what no real publisher can be made to do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 sprop-parameter-sets=Z0LADNoFBn58BEAAAAMAQAAAB6PFCqg=,aM48gA==\r\na=control:trackID=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/44100/1\r\n\
    a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1208\r\na=control:trackID=1\r\n";

pub struct Phone {
    stream: TcpStream,
    pub path: String,
    session: String,
    /// Pictures sent: their sequence numbers and timestamps.
    sent: u16,
}

impl Phone {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the door is open");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
        Self { stream, path: "live/TOKEN".to_owned(), session: String::new(), sent: 0 }
    }

    /// Sends a request for the share, or for a medium of it, and gives the answer's status.
    pub fn request(&mut self, method: &str, headers: &str, body: &str) -> u16 {
        self.request_for("", method, headers, body)
    }

    fn request_for(&mut self, medium: &str, method: &str, headers: &str, body: &str) -> u16 {
        let (path, session) = (&self.path, &self.session);
        let length = body.len();
        let text = format!(
            "{method} rtsp://gateway/{path}{medium} RTSP/1.0\r\nCSeq: 1\r\n{session}{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(text.as_bytes()).expect("sent");
        let answer = self.answer();
        if let Some(line) = answer.lines().find(|line| line.starts_with("Session: ")) {
            self.session = format!("{line}\r\n");
        }
        if method == "TEARDOWN" {
            self.session.clear();
        }
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    /// The next answer's head; packets before it are passed over.
    fn answer(&mut self) -> String {
        let mut byte = [0];
        loop {
            self.stream.read_exact(&mut byte).expect("an answer");
            if byte[0] != b'$' {
                break;
            }
            let mut head = [0; 3];
            self.stream.read_exact(&mut head).expect("a packet");
            let mut packet = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            self.stream.read_exact(&mut packet).expect("a packet");
        }
        let mut text = vec![byte[0]];
        while !text.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).expect("an answer");
            text.push(byte[0]);
        }
        String::from_utf8(text).expect("text")
    }

    /// Brings the connection to where media are sent.
    pub fn record(&mut self) {
        assert_eq!(self.request("ANNOUNCE", "Content-Type: application/sdp\r\n", SDP), 200);
        for track in 0..2 {
            let transport =
                format!("Transport: RTP/AVP/TCP;unicast;interleaved={}-{};mode=record\r\n", 2 * track, 2 * track + 1);
            assert_eq!(self.request_for(&format!("/trackID={track}"), "SETUP", &transport, ""), 200);
        }
        assert_eq!(self.request("RECORD", "Range: npt=0.000-\r\n", ""), 200);
    }

    /// Sends `count` pictures: key pictures of one small slice each, which nobody decodes.
    pub fn send_pictures(&mut self, count: u16) {
        for _ in 0..count {
            self.sent += 1;
            let timestamp = u32::from(self.sent) * 3000;
            let mut packet = vec![0x80, 0x80 | 96];
            packet.extend_from_slice(&self.sent.to_be_bytes());
            packet.extend_from_slice(&timestamp.to_be_bytes());
            packet.extend_from_slice(&[0, 0, 0, 1, 0x65, 0x88, 0x84, 0x00]);
            self.stream.write_all(&[b'$', 0, 0, packet.len() as u8]).expect("sent");
            self.stream.write_all(&packet).expect("sent");
        }
    }

    /// Sends one byte of a request that never ends.
    pub fn dawdle(&mut self) {
        let _ = self.stream.write_all(b"O");
    }

    /// Whether the server closes the connection; waits some seconds for it.
    pub fn is_closed(&mut self) -> bool {
        let mut bytes = [0; 512];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
    }
}
