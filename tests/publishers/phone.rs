//! A scripted phone: it does what no real publisher can be made to do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use lareira::wire::rtsp::client::{Answer, Client, Step};
use lareira::wire::rtsp::{Route, interleave};

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
    client: Client,
    /// What was read and not taken yet.
    received: Vec<u8>,
    /// Pictures sent: their sequence numbers and timestamps.
    sent: u16,
}

impl Phone {
    pub fn connect(address: SocketAddr) -> Self {
        Self::connect_for(address, "live/TOKEN")
    }

    /// Connects to publish at `path`.
    pub fn connect_for(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the door is open");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
        let client = Client::new(&format!("rtsp://gateway/{path}"), "a phone of tests", [7; 16]);
        Self { stream, client, received: Vec::new(), sent: 0 }
    }

    /// Sends a request for the share, and gives the answer's status.
    pub fn request(&mut self, method: &'static str, headers: &str, body: &str) -> u16 {
        self.ask(|client| client.ask(method, "", headers, body)).status
    }

    fn ask(&mut self, request: impl FnOnce(&mut Client)) -> Answer {
        request(&mut self.client);
        loop {
            self.stream.write_all(&std::mem::take(self.client.output())).expect("sent");
            let (used, step) = self.client.take(&self.received).expect("RTSP");
            let more = match step {
                Step::Answer(answer) => {
                    self.received.drain(..used);
                    return answer;
                }
                Step::Done | Step::Packet { .. } => false,
                Step::More => true,
            };
            self.received.drain(..used);
            if more {
                let mut bytes = [0; 4096];
                let count = self.stream.read(&mut bytes).expect("an answer");
                assert!(count > 0, "the gateway closed the connection");
                self.received.extend_from_slice(&bytes[..count]);
            }
        }
    }

    /// Brings the connection to where media are sent.
    pub fn record(&mut self) {
        assert_eq!(self.ask(|client| client.announce(SDP)).status, 200);
        for track in 0..2 {
            let route = Route::Interleaved(2 * track, 2 * track + 1);
            assert_eq!(self.ask(|client| client.set_up(&format!("trackID={track}"), route)).status, 200);
        }
        assert_eq!(self.ask(Client::record).status, 200);
    }

    /// Brings the connection to where pictures are sent over UDP, from the ports of these sockets; gives the gateway's ports.
    pub fn record_over_udp(&mut self, rtp: &UdpSocket, rtcp: &UdpSocket) -> (u16, u16) {
        let (sdp, _) = SDP.split_once("m=audio").expect("it has sound");
        assert_eq!(self.ask(|client| client.announce(sdp)).status, 200);
        let port = |socket: &UdpSocket| socket.local_addr().expect("bound").port();
        let granted = self.ask(|client| client.set_up("trackID=0", Route::Udp(port(rtp), port(rtcp))));
        assert_eq!(granted.status, 200);
        let ports = granted.parameter("Transport", "server_port").and_then(|ports| ports.split_once('-'));
        let ports = ports.map(|(rtp, rtcp)| (rtp.parse().expect("a port"), rtcp.parse().expect("a port")));
        assert_eq!(self.ask(Client::record).status, 200);
        ports.expect("two ports")
    }

    /// Sends `count` pictures: key pictures of one small slice each, which nobody decodes.
    pub fn send_pictures(&mut self, count: u16) {
        for _ in 0..count {
            self.sent += 1;
            let packet = picture(self.sent, 1);
            let mut bytes = Vec::new();
            interleave(0, &[&packet], &mut bytes);
            self.stream.write_all(&bytes).expect("sent");
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
