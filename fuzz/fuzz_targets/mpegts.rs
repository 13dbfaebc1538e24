//! A transport stream: any bytes in any portions give segments of whole packets, within their limits.
#![no_main]

use lareira::ground::time::Ticks90k;
use lareira::wire::mpegts::packet;
use lareira::wire::mpegts::segmenter::{Cut, Segmenter};
use libfuzzer_sys::fuzz_target;

const CUT: Cut = Cut {
    first: Ticks90k::from_ms(500),
    usual: Ticks90k::from_ms(2000),
    longest: Ticks90k::from_ms(8000),
    bytes: 64 * 1024,
};

fuzz_target!(|data: &[u8]| {
    let Some((portion, bytes)) = data.split_first() else { return };
    let mut segmenter = Segmenter::new(CUT);
    let mut total = 0;
    let mut check = |segment: lareira::wire::mpegts::Segment| {
        assert!(segment.duration > Ticks90k(0), "a segment of no length");
        assert!(segment.bytes.len() % packet::BYTES == 0 && !segment.bytes.is_empty());
        assert!(segment.bytes.len() <= CUT.bytes / 4 * 5 + 8 * packet::BYTES);
        assert!(segment.bytes.chunks(packet::BYTES).all(|packet| packet[0] == packet::SYNC));
        total += segment.bytes.len();
    };
    for piece in bytes.chunks(usize::from(*portion) * 16 + 1) {
        segmenter.push(piece, &mut check);
    }
    segmenter.interrupt(&mut check);
});
