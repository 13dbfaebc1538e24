//! A publisher's connection: any bytes, in any portions, with any answers of the gateway (RFC 2326).
#![no_main]

use lareira::ground::publish_refusal::PublishRefusal;
use lareira::ground::time::Moment;
use lareira::wire::rtsp::{Event, Session, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first byte tells how much comes at once, the second what is refused.
    let [portion, refusals, bytes @ ..] = data else { return };
    let mut session = Session::new([7; 16]);
    let (mut start, mut end, mut decisions) = (0, 0, 0_u32);
    let mut now = Moment(0);
    while end < bytes.len() {
        end = bytes.len().min(end + 1 + usize::from(*portion));
        now.0 += 1000;
        loop {
            let offered = &bytes[start..end];
            let (used, step) = session.take(offered, now);
            assert!(used <= offered.len(), "took more than there is");
            match step {
                Step::More => {
                    start += used;
                    break;
                }
                Step::Waiting => unreachable!("every event is answered at once"),
                Step::Close => return,
                Step::Done | Step::Packet { .. } => assert!(used > 0, "a step without progress"),
                Step::Event(event) => {
                    decisions += 1;
                    let refuse = refusals >> (decisions % 8) & 1 == 1;
                    match event {
                        Event::Teardown => {}
                        _ if refuse => session.refuse(&PublishRefusal::NotFound, now),
                        Event::Announce { path, .. } => {
                            assert!(!path.starts_with('/') && !path.ends_with('/'), "{path:?}");
                            session.accept();
                        }
                        Event::Bind { .. } => session.bound((40_000, 40_001)),
                        Event::Record(tracks) => {
                            assert!(!tracks.is_empty(), "a recording of nothing");
                            session.accept();
                        }
                    }
                }
            }
            start += used;
            session.output().clear();
        }
    }
});
