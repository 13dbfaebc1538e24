//! Films of others (ISO/IEC 14496-12): any bytes, as a file that is opened, remuxed and read back, and as a stream in pieces.
#![no_main]

use bytes::Bytes;
use lareira::codec::Recoding;
use lareira::ground::frame::Frame;
use lareira::wire::fmp4::fragment::ReferenceTime;
use lareira::wire::fmp4::muxer::Muxed;
use lareira::wire::fmp4::read::read_init_segment;
use lareira::wire::fmp4::remux::Remux;
use lareira::wire::mp4::{Ask, Cuts, Demuxer, Opener};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((portion, bytes)) = data.split_first() else { return };
    stream(bytes, usize::from(*portion) * 8 + 1);
    file(bytes);
});

fn stream(bytes: &[u8], portion: usize) {
    let (mut demuxer, mut frames) = (Demuxer::new(), Vec::new());
    for piece in bytes.chunks(portion) {
        if demuxer.push(piece, &mut frames).is_err() {
            break;
        }
    }
    for frame in &frames {
        if let Frame::Video(picture) = frame {
            assert!(picture.dts <= picture.pts, "shown before it is decoded");
            assert!(!picture.params.pps.is_empty() && picture.params.width > 0, "a frame without parameters");
        }
    }
}

fn file(bytes: &[u8]) {
    let mut opener = Opener::new(bytes.len() as u64, Cuts::Recoded);
    let movie = loop {
        let Ask { offset, length } = opener.ask();
        match opener.answer(Bytes::copy_from_slice(&bytes[offset as usize..][..length])) {
            Ok(None) => {}
            Ok(Some(movie)) => break movie,
            Err(_) => return,
        }
    };
    let _ = movie.duration();
    let mut remux = Remux::new(&movie, ReferenceTime(0), Recoding::default());
    let mut out = Vec::new();
    // A small file may tell of many samples that are all in one place: a few are enough.
    for _ in 0..1000 {
        let Some(Ask { offset, length }) = remux.ask() else { break };
        if remux.answer(&bytes[offset as usize..][..length], &mut out).is_err() {
            break;
        }
    }
    for item in &out {
        if let Muxed::Init(init, _) = item {
            assert!(read_init_segment(init).is_some(), "what we write we read");
        }
    }
}
