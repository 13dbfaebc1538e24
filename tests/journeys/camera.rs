//! A camera that speaks as `docs/publish-websocket.md` has it: a clip's pictures and sound, each as a message, sent at
//! their own speed; and whatever else one wants to say.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use crate::clip::{Clip, FRAME_RATE, SAMPLE_RATE};
use crate::gateway::PATIENCE;
use crate::program;
use crate::web::{Client, Request};

/// Samples of a piece of AAC.
const PIECE: usize = 1024;
/// Where the clip's clock stands at its first picture: any number will do, and is not 0.
const BEGINNING_US: i64 = -3_000_000;

/// A clip as a camera has it: messages and when they are due, in order.
#[derive(Clone, Debug)]
pub struct Film {
    /// Microseconds since the first picture, and the message.
    pub messages: Vec<(i64, Bytes)>,
    /// What is said first.
    pub start: Value,
}

/// A frame's message.
pub fn message(kind: u8, flags: u8, time_us: i64, data: &[u8]) -> Bytes {
    [&[kind, flags, 0, 0][..], &time_us.to_be_bytes(), data].concat().into()
}

fn ffmpeg(clip: &Clip, arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("stream");
    let mut ffmpeg = program::command("ffmpeg", ["-nostdin", "-v", "error", "-i"]);
    ffmpeg.arg(clip.file()).args(arguments).arg(&path);
    program::run(ffmpeg, PATIENCE).ok();
    std::fs::read(path).expect("ffmpeg wrote it")
}

impl Film {
    pub fn of(clip: &Clip) -> Self {
        let bytes = ffmpeg(
            clip,
            &["-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264"],
        );
        let mut starts: Vec<_> = (0..bytes.len() - 5).filter(|at| bytes[*at..].starts_with(&[0, 0, 0, 1, 9])).collect();
        starts.push(bytes.len());
        assert_eq!(starts.len(), clip.pictures() + 1, "each picture has its delimiter");
        let mut messages = Vec::new();
        for (n, two) in starts.windows(2).enumerate() {
            let at_us = (n * 1_000_000 / FRAME_RATE) as i64;
            let key = n % FRAME_RATE == 0;
            messages.push((at_us, message(1, u8::from(key), BEGINNING_US + at_us, &bytes[two[0]..two[1]])));
        }
        let mut sound = None;
        if clip.sound {
            let bytes = ffmpeg(clip, &["-map", "0:a", "-c", "copy", "-f", "adts"]);
            let (mut rest, mut n) = (&bytes[..], 0);
            while rest.len() > 7 {
                // ADTS (ISO/IEC 13818-7, 6.2): the clip's is of seven bytes, 48 kHz, mono.
                let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5] >> 5);
                // The first piece is the encoder's run-up, from before the first picture.
                let at_us = (n * PIECE * 1_000_000 / SAMPLE_RATE) as i64 - (PIECE * 1_000_000 / SAMPLE_RATE) as i64;
                messages.push((at_us, message(2, 0, BEGINNING_US + at_us, &rest[7..length])));
                (rest, n) = (&rest[length..], n + 1);
            }
            sound = Some("EYg=".to_owned());
        }
        messages.sort_by_key(|(at_us, _)| *at_us);
        let audio = sound.map(|description| {
            json!({ "codec": "mp4a.40.2", "sample_rate": SAMPLE_RATE, "channels": 1, "description": description })
        });
        let start = json!({ "type": "start", "version": 1, "video": { "codec": "avc1.42c01e" }, "audio": audio });
        Self { messages, start }
    }

    /// The clip as a recorder hands it on: an MP4 file in fragments of a second, each when it is over, cut anywhere.
    pub fn recorded(clip: &Clip) -> Self {
        // Without a delayed description ffmpeg has no edit list yet, and makes the first picture longer by the run-up of AAC.
        let fragments = "frag_keyframe+empty_moov+default_base_moof+delay_moov";
        let bytes = ffmpeg(clip, &["-c", "copy", "-movflags", fragments, "-f", "mp4"]);
        let starts: Vec<_> = (4..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"moof")).collect();
        assert_eq!(starts.len(), clip.seconds, "a fragment for each key frame");
        let ends = starts.iter().skip(1).map(|at| at - 4).chain([bytes.len()]);
        let (mut messages, mut begin) = (Vec::new(), 0);
        for (n, end) in ends.enumerate() {
            let at_us = (n as i64 + 1) * 1_000_000;
            messages.extend(bytes[begin..end].chunks(10_007).map(|piece| (at_us, message(3, 0, at_us, piece))));
            begin = end;
        }
        Self { messages, start: json!({ "type": "start", "version": 1, "container": "mp4" }) }
    }

    /// The first key frame's message.
    pub fn key_frame(&self) -> Bytes {
        self.messages.iter().find(|(_, message)| message[0] == 1).expect("a picture").1.clone()
    }
}

/// A camera's connection.
#[derive(Debug)]
pub struct Camera {
    pub socket: WebSocket<TcpStream>,
    /// Acknowledgements heard so far.
    pub acks: Vec<Value>,
    /// Other messages heard and not asked for yet.
    waiting: Vec<Value>,
    /// The code it was closed with, once it is.
    pub closed: Option<u16>,
}

impl Camera {
    /// Connects, or gives the status it was refused with.
    #[track_caller]
    pub fn connect(url: &str) -> Result<Self, u16> {
        let rest = url.strip_prefix("ws://").unwrap_or_else(|| panic!("{url} is no ws: address"));
        let (host, path) = rest.split_at(rest.find('/').expect("a path"));
        let mut client = Client::connect(host).expect("the gateway listens");
        client.begin(Request::get(path).host(host).websocket());
        match client.head().status {
            101 => {}
            status => return Err(status),
        }
        let stream = client.into_stream();
        let config = WebSocketConfig::default().write_buffer_size(0);
        let socket = WebSocket::from_raw_socket(stream, Role::Client, Some(config));
        Ok(Self { socket, acks: Vec::new(), waiting: Vec::new(), closed: None })
    }

    /// Connects and starts; gives the share's id that the gateway tells.
    #[track_caller]
    pub fn publish(url: &str, film: &Film) -> (Self, String) {
        let mut camera = Self::connect(url).unwrap_or_else(|status| panic!("{url} answers {status}"));
        camera.say(&film.start);
        let started = camera.hear("started");
        assert_eq!(started["version"], 1, "{started}");
        (camera, started["share_id"].as_str().expect("a share's id").to_owned())
    }

    /// Says a text.
    pub fn say(&mut self, value: &Value) {
        self.socket.send(Message::text(value.to_string())).expect("the gateway reads");
    }

    /// Sends a binary message; whether the gateway still takes it.
    pub fn send(&mut self, message: &Bytes) -> bool {
        self.listen();
        self.closed.is_none() && self.socket.send(Message::Binary(message.clone())).is_ok()
    }

    /// Sends the messages of `film` that are due in `part`, each when it is due; whether all were taken.
    pub fn play(&mut self, film: &Film, part: std::ops::Range<Duration>) -> bool {
        let began = Instant::now();
        let due = |at_us: i64| Duration::from_micros(at_us.max(0) as u64);
        for (at_us, message) in film.messages.iter().filter(|(at_us, _)| part.contains(&due(*at_us))) {
            std::thread::sleep((due(*at_us) - part.start).saturating_sub(began.elapsed()));
            if !self.send(message) {
                return false;
            }
        }
        true
    }

    /// Takes what has come, without waiting.
    fn listen(&mut self) {
        self.socket.get_mut().set_nonblocking(true).expect("a socket");
        while self.closed.is_none() && self.take_one().is_some() {}
        self.socket.get_mut().set_nonblocking(false).expect("a socket");
    }

    /// Takes a message; `None` if there is none now.
    fn take_one(&mut self) -> Option<()> {
        match self.socket.read() {
            Ok(Message::Text(text)) => {
                let value: Value = serde_json::from_str(&text).expect("the gateway says JSON");
                if value["type"] == "ack" { self.acks.push(value) } else { self.waiting.push(value) }
            }
            Ok(Message::Close(frame)) => self.closed = Some(frame.map_or(1005, |frame| frame.code.into())),
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return None,
            // Gone without a word.
            Err(_) => self.closed = self.closed.or(Some(1006)),
        }
        Some(())
    }

    /// Waits for a message of this type; others but acknowledgements are wrong.
    #[track_caller]
    pub fn hear(&mut self, kind: &str) -> Value {
        while self.waiting.is_empty() {
            assert!(self.closed.is_none(), "closed with {:?} before {kind}", self.closed);
            assert!(self.take_one().is_some(), "no {kind} within {PATIENCE:?}");
        }
        let value = self.waiting.remove(0);
        assert_eq!(value["type"], kind, "{value}");
        value
    }

    /// The next message of this kind that the gateway says; others are passed over.
    #[track_caller]
    pub fn hear_at_last(&mut self, kind: &str) -> Value {
        loop {
            while self.waiting.first().is_some_and(|value| value["type"] != kind) {
                self.waiting.remove(0);
            }
            if !self.waiting.is_empty() {
                return self.hear(kind);
            }
            assert!(self.closed.is_none(), "closed with {:?} before {kind}", self.closed);
            assert!(self.take_one().is_some(), "no {kind} within {PATIENCE:?}");
        }
    }

    /// Waits for the close and gives its code.
    #[track_caller]
    pub fn close_code(&mut self) -> u16 {
        loop {
            if let Some(code) = self.closed {
                return code;
            }
            assert!(self.take_one().is_some(), "no close within {PATIENCE:?}");
        }
    }

    /// Fails unless it is sent away with this code of an error and this code of a close.
    #[track_caller]
    pub fn is_sent_away(&mut self, code: &str, close: u16) {
        let error = self.hear("error");
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
        assert_eq!(self.close_code(), close);
    }

    /// Ends the share and waits until that is agreed.
    #[track_caller]
    pub fn end(&mut self) {
        self.say(&json!({ "type": "end" }));
        assert_eq!(self.hear("end")["reason"], "ended");
        assert_eq!(self.close_code(), 1000);
    }
}
