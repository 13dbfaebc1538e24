//! What a player shows: a film decoded with ffmpeg, its pictures' numbers and times, its sound, and the two together.

use std::process::Command;

use crate::clip::{FRAME_RATE, MARK_ROWS, NUMBER_ROWS, SAMPLE_RATE, number_of};
use crate::gateway::PATIENCE;
use crate::program;

/// One picture as shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// When, in seconds.
    pub at_s: f64,
    /// Its number; `None` if it is broken.
    pub number: Option<u32>,
    /// Whether the flash is on.
    pub flash: bool,
}

/// A film, decoded.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    pub pictures: Vec<Picture>,
    /// Pieces of sound: when, in seconds, and how many samples.
    pub sound: Vec<(f64, usize)>,
    /// All samples, 48 kHz, one channel.
    pub samples: Vec<i16>,
    /// Warnings and errors of ffmpeg.
    pub complaints: Vec<String>,
}

/// Decodes `url` with ffmpeg to its end, pictures and sound. Fails when that takes too long, or gives no pictures.
#[track_caller]
pub fn decode(url: &str) -> Decoded {
    decode_with(&[], true, url)
}

/// The same with `options` before the address, and with or without its sound.
#[track_caller]
pub fn decode_with(options: &[&str], sound: bool, url: &str) -> Decoded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pictures, samples) = (folder.path().join("pictures"), folder.path().join("samples"));
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]).args(options).args(["-i", url]);
    let marks = format!("crop=iw:{MARK_ROWS}:0:0,showinfo=checksum=0");
    ffmpeg.args(["-map", "0:v:0", "-vf", &marks, "-fps_mode", "passthrough", "-pix_fmt", "gray"]);
    ffmpeg.args(["-f", "rawvideo"]).arg(&pictures);
    if sound {
        ffmpeg.args(["-map", "0:a:0", "-af", "ashowinfo", "-ac", "1", "-ar", &SAMPLE_RATE.to_string(), "-f", "s16le"]);
        ffmpeg.arg(&samples);
    }
    let said = program::run(ffmpeg, PATIENCE);
    let pictures = std::fs::read(pictures).unwrap_or_default();
    let samples = std::fs::read(samples).unwrap_or_default();
    let mut film = Decoded {
        samples: samples.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect(),
        ..Decoded::default()
    };
    for line in said.stderr.lines() {
        if let Some(at_s) = field(line, "pts_time:").filter(|_| line.contains("_showinfo_")) {
            let size = field(line, " s:").unwrap_or_default();
            let width: usize =
                size.split('x').next().and_then(|width| width.parse().ok()).expect("showinfo tells sizes");
            let start = film.pictures.len() * width * MARK_ROWS;
            let Some(marks) = pictures.get(start..start + width * MARK_ROWS) else { break };
            let row = |y: usize| &marks[y * width..(y + 1) * width];
            film.pictures.push(Picture {
                at_s: at_s.parse().unwrap_or(f64::NAN),
                number: number_of(row(NUMBER_ROWS / 2)),
                flash: row((NUMBER_ROWS + MARK_ROWS) / 2)[width / 2] > 128,
            });
        } else if let Some(at_s) = field(line, "pts_time:").filter(|_| line.contains("_ashowinfo_")) {
            let count = field(line, "nb_samples:").and_then(|count| count.parse().ok()).unwrap_or(0);
            film.sound.push((at_s.parse().unwrap_or(f64::NAN), count));
        } else if ["[warning]", "[error]", "[fatal]"].iter().any(|level| line.contains(level)) {
            film.complaints.push(line.to_owned());
        }
    }
    assert!(!film.pictures.is_empty(), "no pictures from {url}:\n{}", said.stderr);
    film
}

/// The word after `name` in a line of showinfo.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_once(name)?.1.split_whitespace().next()
}

impl Decoded {
    /// The pictures' numbers; fails if one is broken.
    #[track_caller]
    pub fn numbers(&self) -> Vec<u32> {
        let number = |picture: &Picture| picture.number.unwrap_or_else(|| panic!("a broken picture at {picture:?}"));
        self.pictures.iter().map(number).collect()
    }

    /// Fails unless the pictures are `numbers` without one missing, doubled or out of order, each a thirtieth of a
    /// second after the one before.
    #[track_caller]
    pub fn shows_every_picture(&self, numbers: std::ops::Range<u32>) {
        let shown = self.numbers();
        let wrong = shown.windows(2).find(|two| two[1] != two[0] + 1);
        assert!(wrong.is_none(), "after picture {:?} came the next: {shown:?}", wrong);
        assert_eq!((shown.first(), shown.last()), (Some(&numbers.start), Some(&(numbers.end - 1))), "first and last");
        self.runs_evenly();
    }

    /// Fails unless each picture is shown when its number says, counted from the first, to within 15 ms.
    #[track_caller]
    pub fn runs_evenly(&self) {
        let numbers = self.numbers();
        let (Some(first), Some(from)) = (self.pictures.first(), numbers.first()) else { panic!("no pictures") };
        for (picture, number) in self.pictures.iter().zip(&numbers) {
            let due = first.at_s + f64::from(number - from) / FRAME_RATE as f64;
            assert!(
                (picture.at_s - due).abs() < 0.015,
                "picture {number} is shown at {:.3}, not {due:.3}",
                picture.at_s
            );
        }
    }

    /// Seconds of sound.
    pub fn sound_s(&self) -> f64 {
        self.samples.len() as f64 / SAMPLE_RATE as f64
    }

    /// Fails unless the sound is there for `seconds` at least, without a hole or an overlap of more than 2 ms. One step
    /// of up to 20 ms is allowed: a sender whose first report (RFC 3550, section 6.4) comes late is put in step then.
    #[track_caller]
    pub fn sounds_for(&self, seconds: f64) {
        let (first, last) = (self.sound.first(), self.sound.last());
        let shown = (self.pictures.first().map(|first| first.at_s), self.pictures.last().map(|last| last.at_s));
        let heard = self.sound_s();
        assert!(heard >= seconds, "{heard:.3} s of sound, not {seconds:.3}: {first:?} to {last:?}, pictures {shown:?}");
        let steps = self.steps();
        let in_step_once = matches!(steps[..], [] | [(_, -0.02..0.02)]);
        assert!(in_step_once, "the sound jumps (when, by how much, in seconds): {steps:.3?}");
    }

    /// Where the sound jumps by more than 2 ms: when, and by how much, in seconds.
    fn steps(&self) -> Vec<(f64, f64)> {
        let step = |two: &[(f64, usize)]| (two[1].0, two[1].0 - two[0].0 - two[0].1 as f64 / SAMPLE_RATE as f64);
        self.sound.windows(2).map(step).filter(|(_, by)| by.abs() > 0.002).collect()
    }

    /// When flashes begin, in seconds: the first dark-to-bright picture of each.
    pub fn flashes(&self) -> Vec<f64> {
        self.pictures.windows(2).filter(|two| two[1].flash && !two[0].flash).map(|two| two[1].at_s).collect()
    }

    /// When beeps begin, in seconds: the first loud sample after half a second of quiet.
    pub fn beeps(&self) -> Vec<f64> {
        let (mut beeps, mut last_loud, mut at) = (Vec::new(), None, 0);
        for (start_s, count) in &self.sound {
            for (i, sample) in self.samples.iter().skip(at).take(*count).enumerate() {
                if sample.unsigned_abs() > 4000 {
                    // A film that begins inside a beep tells nothing about that one's start.
                    let quiet = last_loud.map_or(at + i, |last| at + i - last);
                    if quiet > SAMPLE_RATE / 2 {
                        beeps.push(start_s + i as f64 / SAMPLE_RATE as f64);
                    }
                    last_loud = Some(at + i);
                }
            }
            at += count;
        }
        beeps
    }

    /// Beeps and how far they are from the nearest flash, in seconds. A beep whose flash was lost is left out.
    #[track_caller]
    fn offsets(&self) -> Vec<(f64, f64)> {
        let (flashes, beeps) = (self.flashes(), self.beeps());
        let nearest = |beep: f64| {
            let offset = flashes.iter().map(|flash| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()))?;
            (offset.abs() < 0.5).then_some((beep, offset))
        };
        let offsets: Vec<_> = beeps.iter().copied().filter_map(nearest).collect();
        assert!(offsets.len() >= 2, "flashes at {flashes:.3?}, beeps at {beeps:.3?}");
        offsets
    }

    /// Fails unless every beep (two at least) comes with its flash, to within 40 ms.
    #[track_caller]
    pub fn is_in_step(&self) {
        let offsets = self.offsets();
        let in_step = offsets.iter().all(|(_, offset)| offset.abs() <= 0.040);
        assert!(in_step, "sound after picture (when, by how much): {offsets:.3?} s");
    }

    /// The same where the packet with a beep's beginning may have been lost: fails unless most beeps are in step.
    #[track_caller]
    pub fn is_mostly_in_step(&self) {
        let offsets = self.offsets();
        let mut sizes: Vec<f64> = offsets.iter().map(|(_, offset)| offset.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        assert!(sizes[sizes.len() / 2] <= 0.070, "sound after picture (when, by how much): {offsets:.3?} s");
    }
}
