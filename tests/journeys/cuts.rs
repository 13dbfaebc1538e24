//! Films that were trimmed or put together without coding them anew: what the edit list shows is there, picture by picture
//! as ffmpeg shows it, and nothing else is, not in the bytes either.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::clip::SMALL;
use crate::clips::{eventually, film_files, made, probed, sent};
use crate::film;
use crate::gateway::{Gateway, Household, PATIENCE, Play, text};
use crate::program::{self, command};
use crate::remux::remux;
use crate::web;

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

/// Where each picture's bytes are in a file, in decoding order: place and size.
fn places(path: &Path) -> Vec<(usize, usize)> {
    let mut ffprobe = command("ffprobe", ["-v", "error", "-ignore_editlist", "1", "-select_streams", "v"]);
    ffprobe.args(["-show_entries", "packet=size,pos", "-of", "csv=p=0"]).arg(path);
    let output = ffprobe.output().expect("ffprobe runs").stdout;
    let place = |line: &str| {
        let (size, place) = line.trim_end_matches(',').split_once(',')?;
        Some((place.parse().ok()?, size.parse().ok()?))
    };
    String::from_utf8_lossy(&output).lines().filter_map(place).collect()
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

/// The files that stand for what people's programs write, each with how many pictures it shows.
const FILMS: &[(&str, usize)] = &[
    ("frag_noempty.mp4", 240),
    ("frag_negcts.mp4", 240),
    ("trim_long.mov", 60),
    ("trim_59.mov", 60),
    ("multi_edit.mov", 120),
    ("adjacent_edit.mov", 240),
    ("two_sps_clip.mp4", 240),
];

#[test]
fn what_was_cut_away_is_neither_served_nor_kept() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, count) in FILMS {
        let film = captured(name);
        let wanted = shown(&[], &film);
        assert_eq!(wanted.len(), *count, "{name}: ffmpeg shows as many");
        let (share, play) = sent(&mut tv, &mut phone, &user, &fs::read(&film).expect("it is there"));
        let length_ms = tv.entry(&share)["duration_ms"].as_f64().expect("a length");
        assert!((length_ms - *count as f64 * 1000.0 / 30.0).abs() < 100.0, "{name}: {length_ms} ms");
        eventually("the film that was sent is deleted", || film_files(&gateway, &share).is_empty());
        // What lies on the disk, a download, and HLS: decoded whatever edit lists say.
        let disk = gateway.data().join("recordings").join(format!("{}.mp4", share.id));
        let download = folder.path().join("download.mp4");
        fs::write(&download, web::call("GET", &play.url("video.mp4"), &[], &[]).expect(200).body).expect("room");
        for (from, path) in [("the disk", disk), ("a download", download), ("HLS", play.url("index.m3u8").into())] {
            let options: &[&str] = if from == "HLS" { &[] } else { &["-ignore_editlist", "1"] };
            let is = shown(options, &path);
            assert_eq!(is.len(), *count, "{name}, {from}");
            for (n, (is, wanted)) in is.iter().zip(&wanted).enumerate() {
                assert!(psnr(is, wanted) > 33.0, "{name}, {from}: picture {n}, {:.1} dB", psnr(is, wanted));
            }
        }
        // In the middle of it, as a player that seeks asks for it.
        let middle = count / 2;
        let at = format!("{:.3}", (middle as f64 + 0.5) / 30.0);
        let sought = shown(&["-ss", &at], Path::new(&play.url("video.mp4")));
        let best = wanted.iter().map(|wanted| psnr(&sought[0], wanted)).fold(0.0, f64::max);
        assert!(best > 33.0, "{name}: sought to picture {middle}, {best:.1} dB");
        // The still is the first picture that is shown.
        let still = folder.path().join("still.jpg");
        let entry = tv.entry(&share);
        fs::write(&still, web::call("GET", &text(&entry, "thumbnail_url"), &[], &[]).expect(200).body).expect("room");
        let still = shown(&[], &still);
        assert!(psnr(&still[0], &wanted[0]) > 25.0, "{name}: {:.1} dB", psnr(&still[0], &wanted[0]));
        assert_eq!(phone.report(&share)["notes"], json!([]), "{name}: nothing is missing");
    }
}

#[test]
fn turned_and_mirrored_films_are_shown_so() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, filter) in [("rot_transp.mp4", "transpose=0"), ("rot_hflip.mp4", "hflip")] {
        let film = captured(name);
        let (share, play) = sent(&mut tv, &mut phone, &user, &fs::read(&film).expect("it is there"));
        // As it is coded, turned by hand: ffmpeg turns by the matrix only what it knows.
        let first = |options: &[&str], path: &Path| {
            let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-noautorotate", "-i"]);
            ffmpeg.arg(path).args(options).args(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]);
            ffmpeg.output().expect("ffmpeg runs").stdout
        };
        let wanted = first(&["-vf", filter], &film);
        let still = folder.path().join("still.jpg");
        let entry = tv.entry(&share);
        fs::write(&still, web::call("GET", &text(&entry, "thumbnail_url"), &[], &[]).expect(200).body).expect("room");
        let is = first(&[], &still);
        assert_eq!(is.len(), wanted.len(), "{name}");
        assert!(psnr(&is, &wanted) > 25.0, "{name}: the still, {:.1} dB", psnr(&is, &wanted));
        let matrix = |url: &str| probed(url, "stream_side_data=displaymatrix");
        for file in ["video.mp4", "index.m3u8"] {
            let of_film = matrix(film.to_str().expect("a plain name"));
            let rows = |text: &str| -> Vec<String> {
                // The first two columns: where pictures are moved to is the player's.
                text.split_whitespace()
                    .collect::<Vec<_>>()
                    .chunks(4)
                    .map(|row| row[1..3.min(row.len())].join(" "))
                    .collect()
            };
            assert_eq!(rows(&matrix(&play.url(file)))[..2], rows(&of_film)[..2], "{name}: {file}");
        }
    }
}

#[test]
fn a_film_whose_sound_outlasts_its_pictures_is_as_long_as_its_sound() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let film = made(&SMALL, &["-c:v", "copy", "-af", "apad=pad_dur=3", "-c:a", "aac"]);
    let (share, play) = sent(&mut tv, &mut phone, &user, &film);
    let length_ms = tv.entry(&share)["duration_ms"].as_u64().expect("a length");
    assert!((8900..=9100).contains(&length_ms), "{length_ms} ms");
    for file in ["video.mp4", "index.m3u8"] {
        let decoded = film::decode(&play.url(file));
        assert!((8.8..9.2).contains(&decoded.sound_s()), "{file}: {} s of sound", decoded.sound_s());
    }
}

#[test]
fn a_sender_is_told_that_a_film_plays_without_sound() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    for (codec, name) in [("pcm_s16le", "PCM"), ("alac", "Apple Lossless"), ("libmp3lame", "MP3"), ("ac3", "AC-3")] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("film.mov");
        let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-y", "-i"]);
        ffmpeg.arg(SMALL.file()).args(["-c:v", "copy", "-c:a", codec]).arg(&path);
        program::run(ffmpeg, PATIENCE).ok();
        let share = phone.clip_for(&user);
        let answer = phone.put(&share, "", &fs::read(&path).expect("it is made")).expect(200).json();
        phone.wait_until(&share, "ended");
        for notes in [&answer["notes"], &phone.report(&share)["notes"]] {
            assert_eq!(notes[0]["code"], json!("without_sound"), "{codec}: {notes}");
            assert!(text(&notes[0], "message").contains(name), "{codec}: {notes}");
        }
        let decoded = film::decode_with(&[], false, &Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
        decoded.shows_every_picture(0..SMALL.pictures() as u32);
    }
}

#[test]
fn a_film_that_cannot_be_decoded_again_begins_at_its_next_key_picture() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    // A picture of the cut group is damaged: those behind it can't be had.
    let mut film = fs::read(captured("trim_59.mov")).expect("it is there");
    let places = places(&captured("trim_59.mov"));
    let (place, size) = places[165];
    film[place + 20..place + size].fill(0xA5);
    let (share, play) = sent(&mut tv, &mut phone, &user, &film);
    assert_eq!(phone.report(&share)["notes"][0]["code"], json!("shortened"));
    let is = shown(&[], Path::new(&play.url("video.mp4")));
    let whole = shown(&[], &captured("trim_59.mov"));
    // Of the last ones, two lean on one that was cut away.
    assert_eq!(is.len(), 55, "from the key picture on");
    assert!(psnr(&is[0], &whole[3]) > 60.0, "untouched");
}

/// A film of uneven rate with B-frames, cut behind its pause: ffmpeg's options for both steps.
#[test]
fn a_film_of_uneven_rate_shows_nothing_from_before_its_cut() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = folder.path().join("whole.mp4");
    let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=4:r=30:s=320x240"]);
    ffmpeg.args(["-vf", "setpts='(N+if(gt(N,47),60,0))/30/TB'", "-vsync", "vfr", "-c:v", "libx264", "-g", "250"]);
    ffmpeg.args(["-bf", "3", "-b_strategy", "0", "-pix_fmt", "yuv420p"]).arg(&whole);
    program::run(ffmpeg, PATIENCE).ok();
    for from in ["4.5", "4.8", "5.2"] {
        let film = folder.path().join("film.mp4");
        let mut ffmpeg = command("ffmpeg", ["-nostdin", "-v", "error", "-y", "-ss", from, "-i"]);
        ffmpeg.arg(&whole).args(["-c", "copy"]).arg(&film);
        program::run(ffmpeg, PATIENCE).ok();
        let (wanted, recording) = (shown(&[], &film), remux(&film));
        let is = shown(&["-ignore_editlist", "1"], &recording);
        assert_eq!(is.len(), wanted.len(), "from {from} s");
        for (n, (is, wanted)) in is.iter().zip(&wanted).enumerate() {
            assert!(psnr(is, wanted) > 33.0, "from {from} s, picture {n}: {:.1} dB", psnr(is, wanted));
        }
        fs::remove_file(recording).expect("it can go");
    }
}
