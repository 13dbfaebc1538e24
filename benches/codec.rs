//! How fast pictures are decoded, encoded, scaled and drawn: `cargo bench --bench codec`. Medians of processor time.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use lareira::cli::demo::TestPicture;
use lareira::codec::{Encoder, EncoderSettings, decode_key_frame};
use lareira::ground::frame::{Rotation, VideoParams};
use lareira::ground::picture::Picture;
use lareira::ground::time::{Ticks90k, UnixMs};
use lareira::thumbnail;
use rustix::time::{ClockId, clock_gettime};

/// A picture with some texture everywhere, shifted by `at`, as a hand-held camera would see it.
fn textured(width: usize, height: usize, at: usize) -> Picture {
    let mut picture = Picture::grey(width, height);
    for (index, luma) in picture.y.iter_mut().enumerate() {
        let (x, y) = (index % width + at * 2, index / width + at);
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7 & 15;
        *luma = (40 + (x / 5 + y / 7) % 140 + (((x / 64) ^ (y / 64)) & 1) * 20 + grain) as u8;
    }
    let chroma_width = picture.chroma_width();
    for (index, (u, v)) in picture.u.iter_mut().zip(&mut picture.v).enumerate() {
        *u = (96 + (index % chroma_width) / 16 % 64) as u8;
        *v = (96 + (index / chroma_width) / 16 % 64) as u8;
    }
    picture
}

fn encoder(width: usize, height: usize, bits_per_second: u32) -> Encoder {
    let settings = EncoderSettings { width, height, frame_rate: 30.0, bits_per_second, key_interval: 30 };
    Encoder::new(settings).expect("good settings")
}

fn key_frame(nals: &[Bytes]) -> (VideoParams, Vec<u8>) {
    let of_type = |wanted: u8| nals.iter().filter(move |nal| nal[0] & 0x1f == wanted);
    let sps = of_type(7).next().cloned().expect("an SPS");
    let pps = of_type(8).cloned().collect();
    let (width, height, rotation) = (0, 0, Rotation::None);
    let (others, reorder_depth, frame_duration) = (Vec::new(), None, None);
    let params = VideoParams { sps, pps, others, width, height, reorder_depth, frame_duration, rotation };
    (params, of_type(5).flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), &nal[..]].concat()).collect())
}

/// What this process has used of its processors: unlike a clock's time, it doesn't depend on what else runs.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn median(times: usize, mut work: impl FnMut()) -> Duration {
    let mut spans: Vec<Duration> = (0..times)
        .map(|_| {
            let start = used();
            work();
            used() - start
        })
        .collect();
    spans.sort();
    spans[times / 2]
}

fn say(name: &str, span: Duration, more: &str) {
    let ms = span.as_secs_f64() * 1000.0;
    writeln!(std::io::stdout(), "{name:<44} {ms:8.2} ms  {more}").expect("stdout is open");
}

fn main() {
    for (name, width, height, rate) in [("720p", 1280, 720, 2_500_000), ("1080p", 1920, 1080, 5_000_000)] {
        let pictures: Vec<Picture> = (0..30).map(|at| textured(width, height, at)).collect();
        let mut at = 0;
        let mut running = encoder(width, height, rate);
        let span = median(150, || {
            running.encode(&pictures[at % 30], Ticks90k(at as i64 * 3000)).expect("encodes");
            at += 1;
        });
        say(&format!("encode {name}"), span, &format!("{:.0} pictures a second", 1.0 / span.as_secs_f64()));
        let nals = encoder(width, height, rate).encode(&pictures[0], Ticks90k(0)).expect("encodes").nals;
        let (params, data) = key_frame(&nals);
        let span = median(31, || drop(decode_key_frame(&params, &data).expect("decodes")));
        say(&format!("decode a {name} key frame"), span, &format!("{} bytes, decoder made for it", data.len()));
        let large =
            median(31, || drop(thumbnail::jpeg(&pictures[0], Rotation::None, (320, 180)).expect("a thumbnail")));
        say(&format!("thumbnail 320×180 of {name}"), large, "scale, RGB, JPEG");
    }
    let small = textured(320, 180, 0);
    let span = median(31, || drop(thumbnail::jpeg(&small, Rotation::None, (320, 180)).expect("a thumbnail")));
    say("thumbnail 320×180 of 320×180", span, "RGB, JPEG: the rest of the above is scaling");
    let start = used();
    let mut test_picture = TestPicture::default();
    say("test picture: the background", used() - start, "once");
    let mut date = 1_767_323_045_678;
    let span = median(150, || {
        date += 33;
        test_picture.draw(UnixMs(date));
    });
    say("test picture: the next one", span, "720p");
    let mut running = encoder(1280, 720, 2_500_000);
    let mut bytes = 0;
    let span = median(300, || {
        date += 33;
        let nals = running.encode(test_picture.draw(UnixMs(date)), Ticks90k(date * 90)).expect("encodes").nals;
        bytes += nals.iter().map(Bytes::len).sum::<usize>();
    });
    say("test picture: drawn and encoded", span, &format!("{} kbit/s", bytes * 8 / 10_000));
}
