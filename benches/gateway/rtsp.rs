//! A publisher over RTSP 1.0 and TCP (RFC 2326, 10.12), as a phone's camera program is one: H.264 in FU-A packets
//! (RFC 6184), AAC-hbr (RFC 3640), sender reports (RFC 3550).

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
        let authority = url.trim_start_matches("rtsp://").split('/').next().unwrap();
        let mut stream = TcpStream::connect(authority)?;
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
        let tracks = 1 + u32::from(sound);
        let mut asked = 0;
        let mut session = String::new();
        let mut ask = |method: &str, url: &str, more: &str, body: &str| {
            asked += 1;
            let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
            write!(stream, "{method} {url} RTSP/1.0\r\nCSeq: {asked}\r\n{session}{more}{length}\r\n{body}")?;
            let answer = read_answer(&mut stream)?;
            if !answer.starts_with("RTSP/1.0 200") {
                return Err(io::Error::other(format!("{method}: {answer}")));
            }
            if let Some(line) = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("session:")) {
                session = format!("{}\r\n", line.split(';').next().unwrap());
            }
            Ok(())
        };
        ask("OPTIONS", url, "", "")?;
        ask("ANNOUNCE", url, "Content-Type: application/sdp\r\n", &sdp)?;
        for track in 0..tracks {
            let channels = format!("{}-{}", 2 * track, 2 * track + 1);
            let transport = format!("Transport: RTP/AVP/TCP;unicast;interleaved={channels};mode=record\r\n");
            ask("SETUP", &format!("{url}/streamid={track}"), &transport, "")?;
        }
        ask("RECORD", url, "Range: npt=0.000-\r\n", "")?;
        let track = |track| Track { ssrc: 0x1000_0000 + number * 2 + track, ..Track::default() };
        Ok((stream, Self { tracks: (0..tracks).map(track).collect(), began_us: 0, reported_us: 0 }))
    }

    /// Writes a picture to `out`: each of its NAL units, `stamp` before the last.
    pub fn video(&mut self, picture: &Picture, stamp: Option<&[u8]>, number: u64, now_us: u64, out: &mut Vec<u8>) {
        let ts = (number * 90_000 / RATE) as u32;
        let last = picture.nals.len() - 1;
        for (index, nal) in picture.nals.iter().enumerate() {
            if let Some(stamp) = stamp.filter(|_| index == last) {
                self.packet(0, false, ts, &[stamp], out);
            }
            if nal.len() <= PAYLOAD_BYTES {
                self.packet(0, index == last, ts, &[nal], out);
                continue;
            }
            let pieces = nal[1..].chunks(PAYLOAD_BYTES - 2);
            let count = pieces.len();
            for (at, piece) in pieces.enumerate() {
                let (start, end) = (at == 0, at + 1 == count);
                let head = [nal[0] & 0xe0 | 28, u8::from(start) << 7 | u8::from(end) << 6 | nal[0] & 0x1f];
                self.packet(0, index == last && end, ts, &[&head, piece], out);
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
        self.packet(1, true, (number * AUDIO_FRAME) as u32, &[&[0, 16], &size, frame], out);
    }

    fn packet(&mut self, track: usize, marker: bool, ts: u32, payload: &[&[u8]], out: &mut Vec<u8>) {
        let state = &mut self.tracks[track];
        let bytes: usize = payload.iter().map(|piece| piece.len()).sum();
        out.extend_from_slice(&[b'$', 2 * track as u8]);
        out.extend_from_slice(&(12 + bytes as u16).to_be_bytes());
        out.extend_from_slice(&[0x80, u8::from(marker) << 7 | (96 + track as u8)]);
        out.extend_from_slice(&state.sequence.to_be_bytes());
        out.extend_from_slice(&ts.to_be_bytes());
        out.extend_from_slice(&state.ssrc.to_be_bytes());
        payload.iter().for_each(|piece| out.extend_from_slice(piece));
        state.sequence = state.sequence.wrapping_add(1);
        state.packets += 1;
        state.bytes = state.bytes.wrapping_add(bytes as u32);
    }

    fn reports(&mut self, now_us: u64, out: &mut Vec<u8>) {
        for (index, track) in self.tracks.iter().enumerate() {
            let rate = if index == 0 { 90_000 } else { AUDIO_RATE };
            let fraction = ((now_us % 1_000_000) << 32) / 1_000_000;
            let words = [
                0x80c8_0006,
                track.ssrc,
                (now_us / 1_000_000 + NTP_TO_UNIX_S) as u32,
                fraction as u32,
                ((now_us - self.began_us) * rate / 1_000_000) as u32,
                track.packets,
                track.bytes,
            ];
            out.extend_from_slice(&[b'$', 2 * index as u8 + 1, 0, 28]);
            words.iter().for_each(|word: &u32| out.extend_from_slice(&word.to_be_bytes()));
        }
    }
}

fn read_answer(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => answer.extend_from_slice(&bytes[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
