//! Films that were trimmed or put together without coding them anew: what the edit list shows is there, picture by picture
//! as ffmpeg shows it, and nothing else is, not in the bytes either.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::command;
use crate::remux::remux;

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/mp4");
/// The size of the captured films' pictures.
const SIZE: usize = 320 * 240;

fn captured(name: &str) -> PathBuf {
    Path::new(CAPTURES).join(name)
}

/// The brightness of all pictures that ffmpeg shows of a file, read with these options.
#[track_caller]
fn shown(options: &[&str], path: &Path) -> Vec<Vec<u8>> {
    let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error"]);
    ffmpeg.args(options).arg("-i").arg(path);
    ffmpeg.args(["-map", "0:v", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]);
    let output = ffmpeg.output().expect("ffmpeg runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
    output.stdout.chunks(SIZE).map(<[u8]>::to_vec).collect()
}

/// How alike two pictures are, in decibels.
fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / squares.max(1e-3)).log10()
}

/// When pictures and sound of a file are shown and heard, in seconds.
fn times(path: &Path, stream: &str) -> Vec<f64> {
    let mut ffprobe = command("ffprobe", ["-v", "error", "-select_streams", stream, "-show_entries"]);
    ffprobe.args(["packet=pts_time", "-of", "csv=p=0"]).arg(path);
    let output = ffprobe.output().expect("ffprobe runs").stdout;
    let mut times: Vec<f64> =
        String::from_utf8_lossy(&output).lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The recording of a film shows `count` pictures, each as ffmpeg shows it of the film, and has none besides.
#[track_caller]
fn shows_what_the_edit_list_shows(film: &Path, count: usize) -> PathBuf {
    let wanted = shown(&[], film);
    assert_eq!(wanted.len(), count, "ffmpeg shows as many");
    let recording = remux(film);
    let is = shown(&["-ignore_editlist", "1"], &recording);
    assert_eq!(is.len(), count, "nothing from outside is in the bytes");
    for (n, (is, wanted)) in is.iter().zip(&wanted).enumerate() {
        assert!(psnr(is, wanted) > 33.0, "picture {n}: {:.1} dB", psnr(is, wanted));
    }
    let pictures = times(&recording, "v");
    assert_eq!(pictures.len(), count);
    let uneven = pictures.windows(2).map(|pair| (pair[1] - pair[0] - 1.0 / 30.0).abs()).fold(0.0, f64::max);
    assert!(uneven < 0.002, "every picture has its own time: {uneven:.3} s");
    recording
}

#[track_caller]
fn is_cut(name: &str, count: usize) {
    let recording = shows_what_the_edit_list_shows(&captured(name), count);
    let sound = times(&recording, "a");
    let (first, last) = (sound[0], sound[sound.len() - 1]);
    let pictures = times(&recording, "v");
    let length = count as f64 / 30.0;
    assert!((first - pictures[0]).abs() < 0.025, "sound begins with the pictures: {first} {}", pictures[0]);
    assert!((last - first - length).abs() < 0.05, "and is as long: {}", last - first);
    fs::remove_file(recording).expect("it can go");
}

#[test]
fn a_film_that_was_trimmed_within_its_only_group_shows_what_is_left() {
    is_cut("trim_long.mov", 60);
}

#[test]
fn a_film_that_was_trimmed_just_before_a_key_picture_shows_what_is_left() {
    is_cut("trim_59.mov", 60);
}

#[test]
fn a_film_of_two_pieces_shows_both() {
    is_cut("multi_edit.mov", 120);
}

#[test]
fn a_film_of_two_pieces_that_join_is_one() {
    is_cut("adjacent_edit.mov", 240);
}

#[test]
fn fragments_whose_first_samples_stand_in_the_description_are_all_shown() {
    let recording = shows_what_the_edit_list_shows(&captured("frag_noempty.mp4"), 240);
    assert!((times(&recording, "v").last().expect("pictures") - 239.0 / 30.0).abs() < 0.1);
    fs::remove_file(recording).expect("it can go");
}

#[test]
fn pictures_that_are_shown_before_they_are_decoded_have_their_own_times() {
    fs::remove_file(shows_what_the_edit_list_shows(&captured("frag_negcts.mp4"), 240)).expect("it can go");
}

#[test]
fn a_film_with_a_set_of_parameters_that_it_does_not_use_is_all_shown() {
    fs::remove_file(shows_what_the_edit_list_shows(&captured("two_sps_clip.mp4"), 240)).expect("it can go");
}
