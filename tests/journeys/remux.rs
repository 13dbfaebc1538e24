//! Finished films become recordings, and ffmpeg finds in them what it found in the films: every picture, sound in step.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use lareira::codec::Recoding;
use lareira::wire::fmp4::fragment::ReferenceTime;
use lareira::wire::fmp4::muxer::Muxed;
use lareira::wire::fmp4::remux::Remux;
use lareira::wire::mp4::{Ask, Cuts, Opener};

use crate::clip::{Clip, FRAME_RATE, SMALL};
use crate::film;
use crate::program;

/// Makes a recording of the film at `path`, beside the clips.
pub fn remux(path: &Path) -> PathBuf {
    let bytes = fs::read(path).expect("the film can be read");
    let mut opener = Opener::new(bytes.len() as u64, Cuts::Recoded);
    let movie = loop {
        let Ask { offset, length } = opener.ask();
        let answer = opener.answer(Bytes::copy_from_slice(&bytes[offset as usize..][..length]));
        if let Some(movie) = answer.expect("a good film") {
            break movie;
        }
    };
    let mut remux = Remux::new(&movie, ReferenceTime(0), Recoding::default());
    let mut out = Vec::new();
    while let Some(Ask { offset, length }) = remux.ask() {
        remux.answer(&bytes[offset as usize..][..length], &mut out).expect("good samples");
    }
    let piece = |item: &Muxed| match item {
        Muxed::Init(bytes, _) => bytes.to_vec(),
        Muxed::Fragment(fragment) => fragment.bytes.to_vec(),
    };
    let recording = path.with_extension(format!("{}.remuxed.mp4", std::process::id()));
    fs::write(&recording, out.iter().flat_map(piece).collect::<Vec<u8>>()).expect("the recording can be written");
    recording
}

#[track_caller]
fn stays_the_same(clip: &Clip) {
    let recording = remux(&clip.file());
    let film = film::decode_with(&[], true, recording.to_str().expect("a plain name"));
    fs::remove_file(recording).expect("it can go");
    assert_eq!(film.complaints, Vec::<String>::new());
    film.shows_every_picture(0..clip.pictures() as u32);
    film.sounds_for(film.pictures.len() as f64 / FRAME_RATE as f64 - 0.15);
    film.is_in_step();
}

#[test]
fn a_film_with_b_frames_and_aac() {
    stays_the_same(&Clip { b_frames: 2, ..SMALL });
}

#[test]
fn a_film_with_opus() {
    stays_the_same(&Clip { opus: true, ..SMALL });
}

#[test]
fn a_film_that_is_held_upright() {
    let path = SMALL.file();
    let turned = path.with_extension(format!("{}.turned.mp4", std::process::id()));
    let mut ffmpeg = program::command("ffmpeg", ["-nostdin", "-v", "error", "-y", "-i"]);
    ffmpeg.arg(&path).args(["-c", "copy", "-metadata:s:v", "rotate=-90"]).arg(&turned);
    assert!(ffmpeg.status().expect("ffmpeg runs").success());
    let recording = remux(&turned);
    let rotation = |path: &Path| {
        let mut ffprobe = program::command("ffprobe", ["-v", "error", "-select_streams", "v", "-show_entries"]);
        let told =
            ffprobe.args(["stream_side_data=rotation", "-of", "csv=p=0"]).arg(path).output().expect("ffprobe runs");
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    };
    let (before, after) = (rotation(&turned), rotation(&recording));
    for file in [turned, recording] {
        fs::remove_file(file).expect("it can go");
    }
    assert_eq!((before.as_str(), after.as_str()), ("-90", "-90"));
}
