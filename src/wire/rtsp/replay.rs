//! Captured exchanges of real publishers, replayed whole, cut anywhere, ended anywhere and damaged.

use std::time::Duration;

use proptest::prelude::*;

use super::session::{Event, Kind, Session, Step};
use crate::ground::frame::Frame;
use crate::ground::limits::{RTSP_BODY_BYTES, RTSP_HEAD_BYTES};
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::Moment;
use crate::wire::rtp::{Delivery, Receiver};

const NOW: Moment = Moment(1_000_000);

macro_rules! captures {
    ($($name:literal),*) => {
        &[$(($name, include_bytes!(concat!("../../../tests/captures/rtsp/", $name, ".client")))),*]
    };
}

const CAPTURES: &[(&str, &[u8])] = captures![
    "ffmpeg-tcp",
    "ffmpeg-udp",
    "ffmpeg-digest",
    "gstreamer-tcp",
    "gstreamer-udp",
    "gstreamer-digest",
    "gstreamer-latm",
    "larix-tcp"
];

/// What a session told, in order, and what it answered.
#[derive(Debug, Default, PartialEq)]
struct Told {
    events: Vec<String>,
    packets: usize,
    malformed: u64,
    sounds: usize,
    closed: bool,
    answers: Vec<u8>,
}

/// A session that publishers reach, with its connection's unread bytes.
struct Server {
    session: Session,
    receiver: Option<Receiver>,
    unread: Vec<u8>,
    password: Option<&'static str>,
    told: Told,
}

impl Server {
    fn new(name: &str) -> Self {
        let password = name.ends_with("digest").then_some("secret");
        let session = Session::new([0; 16]);
        Self { session, receiver: None, unread: Vec::new(), password, told: Told::default() }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        let mut start = 0;
        while !self.told.closed {
            let (used, step) = self.session.take(&self.unread[start..], NOW);
            start += used;
            let event = match step {
                Step::More => break,
                Step::Waiting => panic!("every event is answered at once"),
                Step::Done => continue,
                Step::Close => {
                    self.told.closed = true;
                    continue;
                }
                Step::Packet { track, kind, packet } => {
                    assert!(track < 2, "a track that was recorded");
                    self.told.packets += 1;
                    if let Some(receiver) = &mut self.receiver {
                        let mut frames = Vec::new();
                        match kind {
                            Kind::Rtp => receiver.rtp(track, packet, NOW, &mut frames),
                            Kind::Rtcp => receiver.rtcp(track, packet, true, NOW),
                        }
                        self.told.sounds += frames.iter().filter(|frame| matches!(frame, Frame::Audio(_))).count();
                        self.told.malformed = receiver.counts().malformed;
                    }
                    continue;
                }
                Step::Event(event) => event,
            };
            self.told.events.push(match &event {
                Event::Announce { path, .. } => format!("announce {path}"),
                Event::Bind { medium, .. } => format!("bind {medium}"),
                Event::Record(tracks) => format!("record {}", tracks.len()),
                Event::Teardown => "teardown".to_owned(),
            });
            match event {
                Event::Announce { credentials, .. } => match self.password {
                    Some(password) if !credentials.is_some_and(|given| given.prove(password)) => {
                        self.session.refuse(&PublishRefusal::Authenticate, NOW);
                    }
                    _ => self.session.accept(),
                },
                Event::Bind { .. } => self.session.bound((6000, 6001)),
                Event::Record(tracks) => {
                    let media: Vec<_> = tracks.into_iter().map(|track| track.media).collect();
                    self.receiver = Receiver::new(&media, Delivery::Reliable).ok();
                    self.session.accept();
                }
                Event::Teardown => {}
            }
        }
        self.unread.drain(..start.min(self.unread.len()));
        assert!(self.unread.len() <= RTSP_HEAD_BYTES + RTSP_BODY_BYTES + 4, "what waits is bounded");
        self.told.answers.append(self.session.output());
    }
}

fn replay<'a>(name: &str, chunks: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let mut server = Server::new(name);
    chunks.into_iter().for_each(|chunk| server.receive(chunk));
    // What the first moment's sound waits for comes with time.
    if let Some(receiver) = &mut server.receiver {
        let mut frames = Vec::new();
        receiver.handle_timeout(NOW + Duration::from_secs(1), &mut frames);
        server.told.sounds += frames.iter().filter(|frame| matches!(frame, Frame::Audio(_))).count();
    }
    server.told
}

#[test]
fn real_publishers_are_understood() {
    for (name, bytes) in CAPTURES {
        let told = replay(name, [*bytes]);
        let udp = name.ends_with("udp");
        let mut expected = vec!["announce live/TOKEN"];
        if name.ends_with("digest") {
            expected.push("announce live/TOKEN");
        }
        if udp {
            expected.extend(["bind 0", "bind 1"]);
        }
        expected.push("record 2");
        // GStreamer 1.22 closes the connection without it, after an RTCP BYE.
        if !name.starts_with("gstreamer") {
            expected.push("teardown");
        }
        assert_eq!(told.events, expected, "{name}");
        assert_eq!(told.packets, if udp { 0 } else { 5 }, "{name}");
        assert_eq!(told.malformed, 0, "{name}");
        assert!(!told.closed, "{name}");
        let answers = String::from_utf8(told.answers).unwrap();
        let refused: Vec<_> =
            answers.lines().filter(|line| line.starts_with("RTSP/1.0 ") && !line.contains("200")).collect();
        let unauthorized: &[&str] = if name.ends_with("digest") { &["RTSP/1.0 401 Unauthorized"] } else { &[] };
        assert_eq!(refused, unauthorized, "{name}");
    }
}

#[test]
fn sound_in_latm_is_read() {
    let (name, bytes) = CAPTURES.iter().find(|(name, _)| *name == "gstreamer-latm").unwrap();
    assert_eq!(replay(name, [*bytes]).sounds, 1);
}

#[test]
fn it_does_not_matter_where_reads_are_cut() {
    for (name, bytes) in CAPTURES {
        let whole = replay(name, [*bytes]);
        assert_eq!(replay(name, bytes.chunks(1)), whole, "{name} byte by byte");
        for cut in 0..bytes.len() {
            assert_eq!(replay(name, [&bytes[..cut], &bytes[cut..]]), whole, "{name} cut at {cut}");
        }
    }
}

#[test]
fn every_truncation_tells_the_beginning() {
    for (name, bytes) in CAPTURES {
        let whole = replay(name, [*bytes]);
        for end in 0..bytes.len() {
            let told = replay(name, [&bytes[..end]]);
            assert!(whole.events.starts_with(&told.events) && told.packets <= whole.packets, "{name} ended at {end}");
            assert!(whole.answers.starts_with(&told.answers) && !told.closed, "{name} ended at {end}");
        }
    }
}

proptest! {
    #[test]
    fn garbage_is_refused_or_waited_for(bytes: Vec<u8>) {
        let told = replay("", [&bytes[..]]);
        prop_assert_eq!(told.events.len(), 0);
        prop_assert!(told.answers.is_empty() || told.answers.starts_with(b"RTSP/1.0 "));
    }

    #[test]
    fn damaged_exchanges_do_no_harm(
        capture in 0..CAPTURES.len(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0..8usize, prop::collection::vec(any::<u8>(), 0..8)), 1..6),
        size in 1..2000usize,
    ) {
        let (name, bytes) = CAPTURES[capture];
        let mut bytes = bytes.to_vec();
        for (at, gone, new) in damages {
            let start = at.index(bytes.len());
            let end = (start + gone).min(bytes.len());
            bytes.splice(start..end, new);
        }
        let whole = replay(name, [&bytes[..]]);
        prop_assert_eq!(replay(name, bytes.chunks(size)), whole);
    }

    #[test]
    fn requests_of_any_text_are_answered(
        method in "[A-Z_]{1,12}", uri in "[!-~]{0,40}", name in "[A-Za-z-]{1,16}", value in "[ -~]{0,40}",
    ) {
        let text = format!("{method} {uri} RTSP/1.0\r\nCSeq: 1\r\n{name}: {value}\r\n\r\n");
        let told = replay("", [text.as_bytes()]);
        let waits = name.eq_ignore_ascii_case("content-length");
        prop_assert!(waits || told.answers.starts_with(b"RTSP/1.0 "));
    }
}
