//! The child that publishes: any number of streams from one thread, each picture and each frame of sound at its time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::child;
use crate::clip::{self, AUDIO_FRAME, AUDIO_RATE, Clip, RATE, now_us};
use crate::report::percentile;
use crate::rtmp::Rtmp;
use crate::rtsp::Rtsp;

/// What is published where.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub clips: PathBuf,
    pub clip: String,
    pub sound: bool,
    /// `rtsp://` or `rtmp://`, one a stream.
    pub urls: Vec<String>,
}

/// All streams are open.
#[derive(Serialize, Deserialize)]
pub struct Opened {
    /// When the first stream's connection was begun.
    pub connect_us: u64,
}

/// What has become of it.
#[derive(Serialize, Deserialize)]
pub struct Published {
    pub lost: Vec<String>,
    /// How late pictures were sent: what the machine kept from the publisher.
    pub late_p99_ms: f64,
}

/// What is to be sent when: the time, which stream, and whether it is sound.
type Agenda = BinaryHeap<Reverse<(u64, usize, bool)>>;

enum Wire {
    Rtsp(Rtsp),
    Rtmp(Rtmp),
}

struct Stream {
    socket: TcpStream,
    wire: Wire,
    began_us: u64,
    pictures: u64,
    sounds: u64,
    /// What the socket has not taken yet.
    waiting: Vec<u8>,
    lost: Option<String>,
}

impl Stream {
    fn open(url: &str, clip: &Clip, sound: bool, number: usize) -> Self {
        let opened = match url.starts_with("rtmp") {
            true => Rtmp::open(url, clip, sound).map(|(socket, wire)| (socket, Wire::Rtmp(wire))),
            false => Rtsp::open(url, clip, sound, number as u32).map(|(socket, wire)| (socket, Wire::Rtsp(wire))),
        };
        let (socket, wire) = opened.unwrap_or_else(|error| panic!("stream {number} can't be published: {error}"));
        socket.set_nonblocking(true).unwrap();
        Self { socket, wire, began_us: 0, pictures: 0, sounds: 0, waiting: Vec::new(), lost: None }
    }

    fn picture_at(&self) -> u64 {
        self.began_us + self.pictures * 1_000_000 / RATE
    }

    fn sound_at(&self) -> u64 {
        self.began_us + 100 + self.sounds * AUDIO_FRAME * 1_000_000 / AUDIO_RATE
    }

    fn send_picture(&mut self, clip: &Clip) {
        let now_us = now_us();
        let picture = &clip.pictures[self.pictures as usize % clip.pictures.len()];
        let stamp = clip::stamp(now_us, self.pictures);
        match &mut self.wire {
            Wire::Rtsp(rtsp) => rtsp.video(picture, Some(&stamp), self.pictures, now_us, &mut self.waiting),
            Wire::Rtmp(rtmp) => rtmp.video(picture, Some(&stamp), self.pictures, &mut self.waiting),
        }
        self.pictures += 1;
        self.flush();
    }

    fn send_sound(&mut self, clip: &Clip) {
        let frame = &clip.sound[self.sounds as usize % clip.sound.len()];
        match &mut self.wire {
            Wire::Rtsp(rtsp) => rtsp.audio(frame, self.sounds, &mut self.waiting),
            Wire::Rtmp(rtmp) => rtmp.audio(frame, self.sounds, &mut self.waiting),
        }
        self.sounds += 1;
        self.flush();
    }

    fn flush(&mut self) {
        if self.lost.is_some() {
            return self.waiting.clear();
        }
        match self.socket.write(&self.waiting) {
            Ok(written) => drop(self.waiting.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.lost = Some(error.to_string()),
        }
    }

    /// Reads what the server says: reports, which must not pile up.
    fn drain(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            match self.socket.read(&mut bytes) {
                Ok(0) => return self.lost = self.lost.take().or(Some("closed by the server".into())),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

/// The child's life.
pub fn run() {
    let job: Job = child::job();
    let clip = clip::load(&job.clips, &job.clip);
    let stop = child::stop_flag();
    let gop_us = clip.pictures.iter().skip(1).position(|picture| picture.key).unwrap() as u64 * 1_000_000 / RATE;
    let connect_us = now_us();
    let mut streams: Vec<Stream> = Vec::new();
    let mut due = Agenda::new();
    let mut late_ms = Vec::new();
    let step = |streams: &mut Vec<Stream>, due: &mut Agenda, late_ms: &mut Vec<f64>| {
        let Some(Reverse((at, index, is_sound))) = due.pop() else { return };
        let stream = &mut streams[index];
        if is_sound {
            stream.send_sound(&clip);
            due.push(Reverse((stream.sound_at(), index, true)));
        } else {
            late_ms.push((now_us() - at) as f64 / 1000.0);
            stream.send_picture(&clip);
            due.push(Reverse((stream.picture_at(), index, false)));
        }
    };
    let is_due = |due: &Agenda| due.peek().is_some_and(|next| next.0.0 <= now_us());
    for (index, url) in job.urls.iter().enumerate() {
        let mut stream = Stream::open(url, &clip, job.sound, index);
        // Many streams have their key frames at different times, as phones would.
        stream.began_us = now_us() + gop_us * index as u64 / job.urls.len() as u64;
        due.push(Reverse((stream.picture_at(), index, false)));
        if job.sound {
            due.push(Reverse((stream.sound_at(), index, true)));
        }
        streams.push(stream);
        while is_due(&due) {
            step(&mut streams, &mut due, &mut late_ms);
        }
    }
    child::answer(&Opened { connect_us });
    // A handshake holds up the streams that are open already: that is not the machine's fault.
    late_ms.clear();
    let mut drained_us = 0;
    while !stop.load(Ordering::SeqCst) {
        let now = now_us();
        if now > drained_us + 200_000 {
            drained_us = now;
            streams.iter_mut().for_each(Stream::drain);
        }
        match due.peek().map(|next| next.0.0) {
            Some(at) if at > now => std::thread::sleep(Duration::from_micros((at - now).min(200_000))),
            _ => step(&mut streams, &mut due, &mut late_ms),
        }
    }
    let lost = streams.iter().filter_map(|stream| stream.lost.clone()).collect();
    child::answer(&Published { lost, late_p99_ms: percentile(&mut late_ms, 99) });
}
