//! A scripted phone: it does what no real publisher can be made to do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

pub const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
    a=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 sprop-parameter-sets=Z0LADNoFBn58BEAAAAMAQAAAB6PFCqg=,aM48gA==\r\na=control:trackID=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/44100/1\r\n\
    a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1208\r\na=control:trackID=1\r\n";

/// A packet with picture `number` of source `ssrc`: a key picture of one small slice, which nobody decodes.
pub fn picture(number: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0x80 | 96];
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(&(u32::from(number) * 3000).to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0x65, 0x88, 0x84, 0x00]);
    packet
}

/// A goodbye of source `ssrc`, behind an empty report as the RFC wants it (RFC 3550, sections 6.1 and 6.6).
pub fn goodbye(ssrc: u32) -> Vec<u8> {
    let ssrc = ssrc.to_be_bytes();
    [&[0x80, 201, 0, 1][..], &ssrc, &[0x81, 203, 0, 1], &ssrc].concat()
}

pub struct Phone {
    stream: TcpStream,
    pub path: String,
    session: String,
    /// The last answer's head.
    answer: String,
    /// Pictures sent: their sequence numbers and timestamps.
    sent: u16,
}

impl Phone {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the door is open");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
        Self { stream, path: "live/TOKEN".to_owned(), session: String::new(), answer: String::new(), sent: 0 }
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
        self.answer = self.answer();
        let answer = &self.answer;
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

    /// Brings the connection to where pictures are sent over UDP, from the ports of these sockets; gives the gateway's ports.
    pub fn record_over_udp(&mut self, rtp: &UdpSocket, rtcp: &UdpSocket) -> (u16, u16) {
        let (sdp, _) = SDP.split_once("m=audio").expect("it has sound");
        assert_eq!(self.request("ANNOUNCE", "Content-Type: application/sdp\r\n", sdp), 200);
        let port = |socket: &UdpSocket| socket.local_addr().expect("bound").port();
        let transport =
            format!("Transport: RTP/AVP/UDP;unicast;client_port={}-{};mode=record\r\n", port(rtp), port(rtcp));
        assert_eq!(self.request_for("/trackID=0", "SETUP", &transport, ""), 200);
        let (_, ports) = self.answer.split_once("server_port=").expect("ports");
        let ports = ports.split(';').next().and_then(|ports| ports.split_once('-')).expect("two of them");
        let ports = (ports.0.parse().expect("a port"), ports.1.trim().parse().expect("a port"));
        assert_eq!(self.request("RECORD", "Range: npt=0.000-\r\n", ""), 200);
        ports
    }

    /// Sends `count` pictures: key pictures of one small slice each, which nobody decodes.
    pub fn send_pictures(&mut self, count: u16) {
        for _ in 0..count {
            self.sent += 1;
            let packet = picture(self.sent, 1);
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
