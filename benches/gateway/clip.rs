//! The clips that are published: made once with ffmpeg, taken apart into pictures and sound, and stamped on their way.
//!
//! A stamp is an SEI of user data (H.264, D.1.7: `user_data_unregistered`) with the wall clock in digits. Whoever passes
//! video through passes it on, so that every byte stream a viewer reads tells how old its pictures are.

use std::path::Path;
use std::process::Command;

/// Pictures a second of every clip.
pub const RATE: u64 = 30;
/// Samples a second of the sound.
pub const AUDIO_RATE: u64 = 48_000;
/// Samples of one AAC frame.
pub const AUDIO_FRAME: u64 = 1024;
/// AudioSpecificConfig of the sound: AAC-LC, 48 kHz, one channel.
pub const AUDIO_CONFIG: [u8; 2] = [0x11, 0x88];

const MARK: &[u8; 16] = b"LAREIRABENCH-SEI";
/// The mark, 16 digits of microseconds since 1970 and 8 of the picture's number.
const STAMP_BYTES: usize = MARK.len() + 24;

/// What a clip is made of.
pub struct Recipe {
    pub name: &'static str,
    size: &'static str,
    kbit: u32,
    /// Pictures from one key frame to the next.
    pub gop: u64,
    seconds: u32,
}

/// 720p, 2 Mbit/s, a key frame a second.
pub const HD: &Recipe = &Recipe { name: "720p-gop1", size: "1280x720", kbit: 2000, gop: 30, seconds: 20 };
/// The same with a key frame every two seconds.
pub const HD_GOP2: &Recipe = &Recipe { name: "720p-gop2", size: "1280x720", kbit: 2000, gop: 60, seconds: 20 };
/// 360p, 500 kbit/s, a key frame a second.
pub const SMALL: &Recipe = &Recipe { name: "360p-gop1", size: "640x360", kbit: 500, gop: 30, seconds: 10 };

/// A picture: its NAL units, with parameter sets before a key frame.
pub struct Picture {
    pub key: bool,
    pub nals: Vec<Vec<u8>>,
}

/// A clip of whole groups of pictures, to be played in a loop.
pub struct Clip {
    pub pictures: Vec<Picture>,
    pub sound: Vec<Vec<u8>>,
    pub sps: Vec<u8>,
    pub pps: Vec<u8>,
}

/// Makes what is missing of `recipe` in `folder`.
pub fn make(folder: &Path, recipe: &Recipe) {
    std::fs::create_dir_all(folder).unwrap();
    let Recipe { size, kbit, gop, seconds, .. } = recipe;
    let x264 = format!("keyint={gop}:min-keyint={gop}:scenecut=0:slices=1:sliced-threads=0:threads=1");
    let pictures = format!(
        "-f lavfi -i testsrc2=size={size}:rate={RATE} -t {seconds} -pix_fmt yuv420p -c:v libx264 -profile:v baseline \
         -preset veryfast -tune zerolatency -b:v {kbit}k -maxrate {kbit}k -bufsize {}k -g {gop} -x264-params {x264} \
         -bsf:v dump_extra=freq=keyframe -f h264",
        kbit / 2
    );
    ffmpeg(&folder.join(format!("{}.h264", recipe.name)), &pictures);
    let sound =
        format!("-f lavfi -i sine=frequency=440:sample_rate={AUDIO_RATE} -t 20 -ac 1 -c:a aac -b:a 64k -f adts");
    ffmpeg(&folder.join("tone.aac"), &sound);
}

fn ffmpeg(file: &Path, arguments: &str) {
    if file.exists() {
        return;
    }
    let unfinished = file.with_extension("unfinished");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(&unfinished)
        .status()
        .expect("ffmpeg makes the clips: install it");
    assert!(status.success(), "ffmpeg could not make {}", file.display());
    std::fs::rename(unfinished, file).unwrap();
}

/// Reads the clip of this name.
pub fn load(folder: &Path, name: &str) -> Clip {
    let stream = std::fs::read(folder.join(format!("{name}.h264"))).unwrap();
    let (mut pictures, mut nals) = (Vec::new(), Vec::new());
    let (mut sps, mut pps) = (Vec::new(), Vec::new());
    for nal in annex_b(&stream) {
        match nal[0] & 0x1f {
            6 | 9 => continue,
            7 => sps = nal.to_vec(),
            8 => pps = nal.to_vec(),
            _ => {}
        }
        nals.push(nal.to_vec());
        if matches!(nal[0] & 0x1f, 1 | 5) {
            pictures.push(Picture { key: nal[0] & 0x1f == 5, nals: std::mem::take(&mut nals) });
        }
    }
    let gop = pictures.iter().skip(1).position(|picture| picture.key).unwrap() + 1;
    pictures.truncate(pictures.len() / gop * gop);
    let sound = adts(&std::fs::read(folder.join("tone.aac")).unwrap());
    Clip { pictures, sound, sps, pps }
}

/// The NAL units of a byte stream (H.264, annex B).
fn annex_b(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> =
        stream.windows(3).enumerate().filter(|(_, three)| three == &[0, 0, 1]).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let cut = |(start, end): (&usize, usize)| {
        let nal = &stream[start + 3..end];
        &nal[..nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)]
    };
    starts.iter().zip(ends).map(cut).filter(|nal| !nal.is_empty()).collect()
}

/// The frames of an ADTS stream, without their headers.
fn adts(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while stream.len() > 7 {
        let length = usize::from(stream[3] & 3) << 11 | usize::from(stream[4]) << 3 | usize::from(stream[5]) >> 5;
        let head = if stream[1] & 1 == 1 { 7 } else { 9 };
        frames.push(stream[head..length].to_vec());
        stream = &stream[length..];
    }
    frames
}

/// Microseconds since 1970.
pub fn now_us() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros() as u64
}

/// The stamp of a picture sent at `us`: an SEI NAL unit.
pub fn stamp(us: u64, number: u64) -> Vec<u8> {
    let mut nal = vec![6, 5, STAMP_BYTES as u8];
    nal.extend_from_slice(MARK);
    nal.extend_from_slice(format!("{us:016}{:08}", number % 100_000_000).as_bytes());
    nal.push(0x80);
    nal
}

/// A picture that has arrived.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub received_us: u64,
    pub sent_us: u64,
    pub number: u64,
}

/// Finds stamps in a stream of bytes.
#[derive(Default)]
pub struct Scanner {
    bytes: Vec<u8>,
    pub arrivals: Vec<Arrival>,
}

impl Scanner {
    /// Takes bytes that were there at `received_us`.
    pub fn feed(&mut self, bytes: &[u8], received_us: u64) {
        self.bytes.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(at) = self.bytes[from..].windows(MARK.len()).position(|window| window == MARK) {
            let start = from + at;
            let Some(stamp) = self.bytes.get(start..start + STAMP_BYTES) else {
                self.bytes.drain(..start);
                return;
            };
            let digits = |range: std::ops::Range<usize>| std::str::from_utf8(&stamp[range]).unwrap().parse().unwrap();
            self.arrivals.push(Arrival { received_us, sent_us: digits(16..32), number: digits(32..40) });
            from = start + STAMP_BYTES;
        }
        let keep = (self.bytes.len() - from).min(MARK.len() - 1);
        self.bytes.drain(..self.bytes.len() - keep);
    }
}
