//! A publisher over RTSP 1.0 and TCP (RFC 2326, 10.12), as a phone's camera program is one: H.264 in FU-A packets
//! (RFC 6184), AAC-hbr (RFC 3640), sender reports (RFC 3550).

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lareira::wire::rtsp::client::{Address, Client, Step};
use lareira::wire::rtsp::{Route, interleave};

use crate::clip::{AUDIO_CONFIG, AUDIO_FRAME, AUDIO_RATE, Clip, Picture, RATE};

const PAYLOAD_BYTES: usize = 1400;
const NTP_TO_UNIX_S: u64 = 2_208_988_800;
const REPORT_US: u64 = 5_000_000;

#[derive(Default)]
struct Track {
    sequence: u16,
    ssrc: u32,
    packets: u32,
    bytes: u32,
}

/// What is to be sent on one connection.
pub struct Rtsp {
    tracks: Vec<Track>,
    began_us: u64,
    reported_us: u64,
}

impl Rtsp {
    /// Connects and goes on to RECORD.
    pub fn open(url: &str, clip: &Clip, sound: bool, number: u32) -> io::Result<(TcpStream, Self)> {
        let address = Address::parse(url).expect("an address");
        let mut stream = TcpStream::connect((address.host.as_str(), address.port))?;
        stream.set_nodelay(true)?;
        let profile: String = clip.sps[1..4].iter().map(|byte| format!("{byte:02X}")).collect();
        let (sps, pps) = (STANDARD.encode(&clip.sps), STANDARD.encode(&clip.pps));
        let mut sdp = format!(
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n\
             a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets={sps},{pps}; \
             profile-level-id={profile}\r\na=control:streamid=0\r\n"
        );
        if sound {
            let config: String = AUDIO_CONFIG.iter().map(|byte| format!("{byte:02X}")).collect();
            sdp += &format!(
                "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/{AUDIO_RATE}/1\r\na=fmtp:97 profile-level-id=1;\
                 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config={config}\r\n\
                 a=control:streamid=1\r\n"
            );
        }
        let tracks = 1 + u8::from(sound);
        let mut client = Client::new(&address.uri, "bench", [0; 16]);
        let mut ask = |request: &dyn Fn(&mut Client)| ask(&mut stream, &mut client, request);
        ask(&Client::options)?;
        ask(&|client| client.announce(&sdp))?;
        for track in 0..tracks {
            let route = Route::Interleaved(2 * track, 2 * track + 1);
            ask(&|client| client.set_up(&format!("streamid={track}"), route))?;
        }
        ask(&Client::record)?;
        let track = |track| Track { ssrc: 0x1000_0000 + number * 2 + u32::from(track), ..Track::default() };
        Ok((stream, Self { tracks: (0..tracks).map(track).collect(), began_us: 0, reported_us: 0 }))
    }

    /// Writes a picture to `out`: each of its NAL units, `stamp` before the last.
    pub fn video(&mut self, picture: &Picture, stamp: Option<&[u8]>, number: u64, now_us: u64, out: &mut Vec<u8>) {
        let ts = (number * 90_000 / RATE) as u32;
        let last = picture.nals.len() - 1;
        for (index, nal) in picture.nals.iter().enumerate() {
            if let Some(stamp) = stamp.filter(|_| index == last) {
                self.packet(0, false, ts, [stamp, &[], &[]], out);
            }
            if nal.len() <= PAYLOAD_BYTES {
                self.packet(0, index == last, ts, [nal, &[], &[]], out);
                continue;
            }
            let pieces = nal[1..].chunks(PAYLOAD_BYTES - 2);
            let count = pieces.len();
            for (at, piece) in pieces.enumerate() {
                let (start, end) = (at == 0, at + 1 == count);
                let head = [nal[0] & 0xe0 | 28, u8::from(start) << 7 | u8::from(end) << 6 | nal[0] & 0x1f];
                self.packet(0, index == last && end, ts, [&head, piece, &[]], out);
            }
        }
        if self.began_us == 0 {
            self.began_us = now_us;
        }
        if now_us > self.reported_us + REPORT_US {
            self.reported_us = now_us;
            self.reports(now_us, out);
        }
    }

    /// Writes a frame of sound to `out`.
    pub fn audio(&mut self, frame: &[u8], number: u64, out: &mut Vec<u8>) {
        let size = ((frame.len() as u16) << 3).to_be_bytes();
        self.packet(1, true, (number * AUDIO_FRAME) as u32, [&[0, 16], &size, frame], out);
    }

    fn packet(&mut self, track: usize, marker: bool, ts: u32, [a, b, c]: [&[u8]; 3], out: &mut Vec<u8>) {
        let state = &mut self.tracks[track];
        let mut head = [0x80; 12];
        head[1] = u8::from(marker) << 7 | (96 + track as u8);
        head[2..4].copy_from_slice(&state.sequence.to_be_bytes());
        head[4..8].copy_from_slice(&ts.to_be_bytes());
        head[8..].copy_from_slice(&state.ssrc.to_be_bytes());
        interleave(2 * track as u8, &[&head, a, b, c], out);
        state.sequence = state.sequence.wrapping_add(1);
        state.packets += 1;
        state.bytes = state.bytes.wrapping_add((a.len() + b.len() + c.len()) as u32);
    }

    fn reports(&mut self, now_us: u64, out: &mut Vec<u8>) {
        for (index, track) in self.tracks.iter().enumerate() {
            let rate = if index == 0 { 90_000 } else { AUDIO_RATE };
            let fraction = ((now_us % 1_000_000) << 32) / 1_000_000;
            let words: [u32; 7] = [
                0x80c8_0006,
                track.ssrc,
                (now_us / 1_000_000 + NTP_TO_UNIX_S) as u32,
                fraction as u32,
                ((now_us - self.began_us) * rate / 1_000_000) as u32,
                track.packets,
                track.bytes,
            ];
            let report = words.map(u32::to_be_bytes);
            interleave(2 * index as u8 + 1, &[report.as_flattened()], out);
        }
    }
}

fn ask(stream: &mut TcpStream, client: &mut Client, request: impl FnOnce(&mut Client)) -> io::Result<()> {
    request(client);
    stream.write_all(&std::mem::take(client.output()))?;
    let mut received = Vec::new();
    loop {
        match client.take(&received).map_err(io::Error::other)? {
            (_, Step::Answer(answer)) if answer.status == 200 => return Ok(()),
            (_, Step::Answer(answer)) => return Err(io::Error::other(format!("{answer:?}"))),
            (used, _) => drop(received.drain(..used)),
        }
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => received.extend_from_slice(&bytes[..count]),
        }
    }
}
