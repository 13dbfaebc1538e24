//! A publisher over RTMP, for the peer that takes nothing else: the handshake without signatures, AMF 0 commands, and
//! FLV's AVC and AAC bodies (Adobe's Real Time Messaging Protocol 1.0; Video File Format 10.1, annex E).

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::clip::{AUDIO_CONFIG, AUDIO_FRAME, AUDIO_RATE, Clip, Picture, RATE};

/// Our chunks: large enough that few messages take two.
const CHUNK: usize = 65_536;

enum Amf<'a> {
    Null,
    Number(f64),
    Text(&'a str),
    Object(&'a [(&'a str, Amf<'a>)]),
}

fn amf(values: &[Amf<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&(text.len() as u16).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    for value in values {
        match value {
            Amf::Null => out.push(5),
            Amf::Number(number) => {
                out.push(0);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Amf::Text(words) => {
                out.push(2);
                text(&mut out, words);
            }
            Amf::Object(fields) => {
                out.push(3);
                for (name, value) in *fields {
                    text(&mut out, name);
                    out.extend(amf(std::slice::from_ref(value)));
                }
                out.extend_from_slice(&[0, 0, 9]);
            }
        }
    }
    out
}

/// A message in as many chunks of `size` as it takes.
fn message(size: usize, channel: u8, kind: u8, stream: u32, ms: u64, body: &[u8], out: &mut Vec<u8>) {
    out.push(channel);
    out.extend_from_slice(&(ms as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
    out.push(kind);
    out.extend_from_slice(&stream.to_le_bytes());
    for (index, chunk) in body.chunks(size).enumerate() {
        if index > 0 {
            out.push(0xc0 | channel);
        }
        out.extend_from_slice(chunk);
    }
}

/// What is to be sent on one connection.
pub struct Rtmp;

impl Rtmp {
    /// Connects and publishes `rtmp://HOST:PORT/APP/NAME`.
    pub fn open(url: &str, clip: &Clip, sound: bool) -> io::Result<(TcpStream, Self)> {
        let mut parts = url.trim_start_matches("rtmp://").splitn(3, '/');
        let (authority, app, name) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let mut stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut hello = vec![3];
        hello.resize(1 + 1536, 0);
        stream.write_all(&hello)?;
        let mut answer = vec![0; 1 + 1536 + 1536];
        stream.read_exact(&mut answer)?;
        stream.write_all(&answer[1..1537])?;

        let mut out = Vec::new();
        message(128, 2, 1, 0, 0, &(CHUNK as u32).to_be_bytes(), &mut out);
        let address = format!("rtmp://{authority}/{app}");
        let fields = [("app", Amf::Text(app)), ("type", Amf::Text("nonprivate")), ("tcUrl", Amf::Text(&address))];
        let connect = amf(&[Amf::Text("connect"), Amf::Number(1.0), Amf::Object(&fields)]);
        message(CHUNK, 3, 20, 0, 0, &connect, &mut out);
        ask(&mut stream, &mut out, "_result")?;
        message(CHUNK, 3, 20, 0, 0, &amf(&[Amf::Text("createStream"), Amf::Number(2.0), Amf::Null]), &mut out);
        ask(&mut stream, &mut out, "_result")?;
        let publish = amf(&[Amf::Text("publish"), Amf::Number(3.0), Amf::Null, Amf::Text(name), Amf::Text("live")]);
        message(CHUNK, 4, 20, 1, 0, &publish, &mut out);
        ask(&mut stream, &mut out, "onStatus")?;

        let mut config = vec![0x17, 0, 0, 0, 0, 1];
        config.extend_from_slice(&clip.sps[1..4]);
        config.extend_from_slice(&[0xff, 0xe1]);
        config.extend_from_slice(&(clip.sps.len() as u16).to_be_bytes());
        config.extend_from_slice(&clip.sps);
        config.push(1);
        config.extend_from_slice(&(clip.pps.len() as u16).to_be_bytes());
        config.extend_from_slice(&clip.pps);
        message(CHUNK, 6, 9, 1, 0, &config, &mut out);
        if sound {
            message(CHUNK, 5, 8, 1, 0, &[&[0xaf, 0][..], &AUDIO_CONFIG].concat(), &mut out);
        }
        stream.write_all(&out)?;
        Ok((stream, Self))
    }

    /// Writes a picture to `out`; parameter sets were sent at the beginning.
    pub fn video(&self, picture: &Picture, stamp: Option<&[u8]>, number: u64, out: &mut Vec<u8>) {
        let mut body = vec![if picture.key { 0x17 } else { 0x27 }, 1, 0, 0, 0];
        let nals = picture.nals.iter().map(Vec::as_slice).filter(|nal| !matches!(nal[0] & 0x1f, 7 | 8));
        for nal in stamp.into_iter().chain(nals) {
            body.extend_from_slice(&(nal.len() as u32).to_be_bytes());
            body.extend_from_slice(nal);
        }
        message(CHUNK, 6, 9, 1, number * 1000 / RATE, &body, out);
    }

    /// Writes a frame of sound to `out`.
    pub fn audio(&self, frame: &[u8], number: u64, out: &mut Vec<u8>) {
        let ms = number * AUDIO_FRAME * 1000 / AUDIO_RATE;
        message(CHUNK, 5, 8, 1, ms, &[&[0xaf, 1][..], frame].concat(), out);
    }
}

/// Sends what is in `out` and reads until the answer of this name.
fn ask(stream: &mut TcpStream, out: &mut Vec<u8>, name: &str) -> io::Result<()> {
    stream.write_all(out)?;
    out.clear();
    let mut answer = Vec::new();
    while !answer.windows(name.len()).any(|window| window == name.as_bytes()) {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => answer.extend_from_slice(&bytes[..count]),
        }
    }
    Ok(())
}
