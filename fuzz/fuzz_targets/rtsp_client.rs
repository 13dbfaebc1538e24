//! A server that a publisher asks: any bytes, in any portions (RFC 2326).
#![no_main]

use lareira::wire::rtsp::client::{Client, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first byte tells how much comes at once, the second what is asked next.
    let [portion, asks, bytes @ ..] = data else { return };
    let mut client = Client::new("rtsp://ana:pass@h/live/T", "fuzz", [7; 16]);
    client.announce("v=0");
    let (mut start, mut end, mut answers) = (0, 0, 0_u32);
    while end < bytes.len() {
        end = bytes.len().min(end + 1 + usize::from(*portion));
        loop {
            let offered = &bytes[start..end];
            let Ok((used, step)) = client.take(offered) else { return };
            assert!(used <= offered.len(), "took more than there is");
            start += used;
            match step {
                Step::More => break,
                Step::Done | Step::Packet { .. } => assert!(used > 0, "a step without progress"),
                Step::Answer(answer) => {
                    assert!(!answer.reason.contains('\n'), "{answer:?}");
                    answers += 1;
                    match asks >> (answers % 8) & 1 {
                        0 => client.record(),
                        _ => client.tear_down(),
                    }
                }
            }
            client.output().clear();
        }
    }
});
