//! A description (RFC 8866) inside an ANNOUNCE: read or refused, then set up and received with.
#![no_main]

use lareira::ground::time::Moment;
use lareira::wire::rtp::{Delivery, Receiver};
use lareira::wire::rtsp::{Event, Session, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let length = data.len();
    let head = format!(
        "ANNOUNCE rtsp://h/live/t RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut bytes = [head.as_bytes(), data].concat();
    for track in 0..3 {
        let setup = format!(
            "SETUP rtsp://h/live/t/streamid={track} RTSP/1.0\r\nCSeq: 2\r\n\
             Transport: RTP/AVP/TCP;unicast;interleaved={}-{};mode=record\r\n\r\n",
            2 * track,
            2 * track + 1
        );
        bytes.extend_from_slice(setup.as_bytes());
    }
    bytes.extend_from_slice(b"RECORD rtsp://h/live/t RTSP/1.0\r\nCSeq: 3\r\n\r\n");

    let mut session = Session::new([7; 16]);
    let mut start = 0;
    while start < bytes.len() {
        let (used, step) = session.take(&bytes[start..], Moment(0));
        start += used;
        match step {
            Step::Event(Event::Record(tracks)) => {
                let media: Vec<_> = tracks.into_iter().map(|track| track.media).collect();
                // Refused or received with: both are fine, a panic is not.
                if let Ok(mut receiver) = Receiver::new(&media, Delivery::Reliable) {
                    receiver.rtp(0, data, Moment(0), &mut Vec::new());
                }
                return;
            }
            Step::Event(Event::Teardown) | Step::Done | Step::Packet { .. } => {}
            Step::Event(Event::Bind { .. }) => session.bound((40_000, 40_001)),
            Step::Event(Event::Announce { .. }) => session.accept(),
            Step::More | Step::Waiting | Step::Close => return,
        }
    }
});
