//! Test clips that can be measured: every picture carries its number, every second begins with a flash and a beep.
//!
//! The number is written as 32 black or white blocks across the top (24 bits of number, 8 of checksum), 16 rows high;
//! below, 32 rows are white while the flash lasts. Both survive any encoder at any size from 320 pixels of width up.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Blocks of the number.
pub const BLOCKS: usize = 32;
/// Rows of the number.
pub const NUMBER_ROWS: usize = 16;
/// Rows of the number and the flash together.
pub const MARK_ROWS: usize = 48;
/// Pictures a second.
pub const FRAME_RATE: usize = 30;
/// Samples a second.
pub const SAMPLE_RATE: usize = 48_000;
/// How long flash and beep last: three pictures, a tenth of a second.
const MARK_FRAMES: usize = 3;
/// A new name for every change of what is drawn or how it is encoded: clips are kept between runs.
const EDITION: u32 = 2;

/// What a clip is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    pub width: usize,
    pub height: usize,
    pub seconds: usize,
    pub b_frames: usize,
    pub sound: bool,
    /// Whether its sound is Opus rather than AAC.
    pub opus: bool,
    pub kilobits_per_second: usize,
}

/// 360p with sound: what most journeys need.
pub const SMALL: Clip =
    Clip { width: 640, height: 360, seconds: 6, b_frames: 0, sound: true, opus: false, kilobits_per_second: 600 };

impl Clip {
    pub fn pictures(&self) -> usize {
        self.seconds * FRAME_RATE
    }

    /// The clip as an MP4 file with a key frame a second, made on first use.
    pub fn file(&self) -> PathBuf {
        static MAKING: Mutex<()> = Mutex::new(());
        let Self { width, height, seconds, b_frames, sound, opus, kilobits_per_second: rate } = *self;
        let sound = if opus { "opus".to_owned() } else { sound.to_string() };
        let name = format!("clip-{EDITION}-{width}x{height}-{seconds}s-b{b_frames}-{sound}-{rate}k.mp4");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _making = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !path.exists() {
            let part = path.with_extension(format!("{}.part", std::process::id()));
            self.make(&part);
            fs::rename(&part, &path).expect("the clip can be put in its place");
        }
        path
    }

    fn make(&self, path: &Path) {
        let beeps = path.with_extension("pcm");
        fs::write(&beeps, self.samples()).expect("the sound can be written");
        let size = format!("{}x{}", self.width, self.height);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size]);
        ffmpeg.args(["-r", &FRAME_RATE.to_string(), "-i", "pipe:0"]);
        if self.sound {
            ffmpeg.args(["-f", "s16le", "-ac", "1", "-ar", &SAMPLE_RATE.to_string(), "-i"]).arg(&beeps);
            ffmpeg.args(["-c:a", if self.opus { "libopus" } else { "aac" }, "-b:a", "64k"]);
        }
        let rate = format!("{}k", self.kilobits_per_second);
        let gop = FRAME_RATE.to_string();
        ffmpeg.args(["-c:v", "libx264", "-preset", "veryfast", "-b:v", &rate, "-maxrate", &rate, "-bufsize", &rate]);
        ffmpeg.args(["-g", &gop, "-keyint_min", &gop, "-sc_threshold", "0", "-bf", &self.b_frames.to_string()]);
        ffmpeg.args(["-profile:v", if self.b_frames > 0 { "high" } else { "baseline" }]);
        ffmpeg.args(["-movflags", "+faststart", "-f", "mp4"]).arg(path);
        let spawned = ffmpeg.stdin(Stdio::piped()).spawn();
        let mut child =
            spawned.unwrap_or_else(|error| panic!("ffmpeg can't be started ({error}); tests/run installs it"));
        let mut pictures = BufWriter::new(child.stdin.take().expect("ffmpeg reads pictures"));
        self.write_pictures(&mut pictures);
        drop(pictures);
        assert!(child.wait().expect("ffmpeg ends").success(), "{ffmpeg:?}");
        fs::remove_file(beeps).expect("the sound is not needed any more");
    }

    fn write_pictures(&self, into: &mut impl Write) {
        let (width, height) = (self.width, self.height);
        // Stripes that move down, so that the encoder has motion to code.
        let row = |y: usize| -> Vec<u8> {
            (0..width).map(|x| if (x / 16 + y / 16) % 2 == 1 { (y * 3 + x * 5) as u8 } else { 90 }).collect()
        };
        let texture: Vec<u8> = (0..height).flat_map(row).collect();
        let chroma = vec![128; width * height / 2];
        for number in 0..self.pictures() {
            let mut picture = vec![0_u8; 0];
            let mut blocks: Vec<u8> = Vec::with_capacity(width);
            for bit in bits_of(number as u32) {
                blocks.extend(std::iter::repeat_n(if bit { 235 } else { 16 }, width / BLOCKS));
            }
            blocks.resize(width, 16);
            for _ in 0..NUMBER_ROWS {
                picture.extend_from_slice(&blocks);
            }
            let flash = if number % FRAME_RATE < MARK_FRAMES { 235 } else { 16 };
            picture.resize(MARK_ROWS * width, flash);
            let moved = (number * 4) % (height - MARK_ROWS);
            picture.extend_from_slice(&texture[(MARK_ROWS + moved) * width..]);
            picture.extend_from_slice(&texture[MARK_ROWS * width..(MARK_ROWS + moved) * width]);
            into.write_all(&picture).and_then(|()| into.write_all(&chroma)).expect("ffmpeg takes the pictures");
        }
    }

    /// A quiet hum with a loud beep of 1 kHz as long as the flash, 16-bit little endian.
    fn samples(&self) -> Vec<u8> {
        let beep_samples = SAMPLE_RATE * MARK_FRAMES / FRAME_RATE;
        let sample = |at: usize| {
            let wave = |hertz: f64| (at as f64 / SAMPLE_RATE as f64 * hertz * std::f64::consts::TAU).sin();
            let value = if at % SAMPLE_RATE < beep_samples { 16_000.0 * wave(1000.0) } else { 300.0 * wave(200.0) };
            (value as i16).to_le_bytes()
        };
        (0..self.seconds * SAMPLE_RATE).flat_map(sample).collect()
    }
}

/// The blocks of a picture's number, from the left.
fn bits_of(number: u32) -> impl Iterator<Item = bool> {
    let word = number << 8 | checksum(number);
    (0..BLOCKS).map(move |i| word >> (BLOCKS - 1 - i) & 1 == 1)
}

fn checksum(number: u32) -> u32 {
    !(number ^ number >> 8 ^ number >> 16) & 0xff
}

/// The number in one row of luma; `None` if its checksum is wrong: the picture is broken.
pub fn number_of(row: &[u8]) -> Option<u32> {
    let block = row.len() / BLOCKS;
    let word = (0..BLOCKS).fold(0_u32, |word, i| word << 1 | u32::from(row[i * block + block / 2] > 128));
    let number = word >> 8;
    (checksum(number) == word & 0xff).then_some(number)
}

#[test]
fn numbers_are_read_back_and_broken_ones_noticed() {
    for number in [0, 1, 255, 256, 99_999] {
        let row: Vec<u8> = bits_of(number).flat_map(|bit| [if bit { 235 } else { 16 }; 20]).collect();
        assert_eq!(number_of(&row), Some(number));
        let mut broken = row;
        broken[7 * 20..8 * 20].iter_mut().for_each(|luma| *luma = 251 - *luma);
        assert_eq!(number_of(&broken), None);
    }
}
