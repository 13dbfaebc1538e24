//! The whole way of a share, with every kind of publisher: create, publish, ring, accept, watch, end, inbox, seek.
//!
//! What is checked is what is played: every picture by its number, at its time; sound without holes; both in step.

use std::process::Command;

use serde_json::json;

use crate::boxes::Film;
use crate::clip::{Clip, FRAME_RATE, SMALL};
use crate::film::{self, Decoded};
use crate::gateway::{Gateway, Household, Play, Share, text};
use crate::program;
use crate::publisher::{self, Transport};
use crate::web;

const SILENT: Clip = Clip { sound: false, ..SMALL };
const WITH_OPUS: Clip = Clip { opus: true, ..SMALL };
const WITH_B_FRAMES: Clip = Clip { b_frames: 2, ..SMALL };
const HD: Clip = Clip { width: 1280, height: 720, kilobits_per_second: 2000, ..SMALL };
const HD_WITH_B_FRAMES: Clip = Clip { b_frames: 3, ..HD };
const FULL_HD: Clip = Clip { width: 1920, height: 1080, kilobits_per_second: 4000, ..SMALL };

#[test]
fn ffmpeg_over_tcp() {
    journey(SMALL, |url| publisher::ffmpeg(&SMALL, Transport::Tcp, url));
}

#[test]
fn ffmpeg_over_udp() {
    journey(SMALL, |url| publisher::ffmpeg(&SMALL, Transport::Udp, url));
}

#[test]
fn ffmpeg_without_sound() {
    journey(SILENT, |url| publisher::ffmpeg(&SILENT, Transport::Tcp, url));
}

#[test]
fn ffmpeg_with_b_frames_over_udp() {
    journey(WITH_B_FRAMES, |url| publisher::ffmpeg(&WITH_B_FRAMES, Transport::Udp, url));
}

#[test]
fn ffmpeg_in_full_hd() {
    journey(FULL_HD, |url| publisher::ffmpeg(&FULL_HD, Transport::Tcp, url));
}

#[test]
fn ffmpeg_with_opus() {
    journey(WITH_OPUS, |url| publisher::ffmpeg(&WITH_OPUS, Transport::Tcp, url));
}

/// As cameras announce it: pictures play, and sound that TVs don't take is left out.
#[test]
fn ffmpeg_with_sound_of_a_camera() {
    journey(SILENT, |url| publisher::ffmpeg_with_sound(&SMALL, "pcm_mulaw", Transport::Tcp, url));
}

#[test]
fn ffmpeg_with_mpeg_sound_over_udp() {
    journey(SILENT, |url| publisher::ffmpeg_with_sound(&SMALL, "mp2", Transport::Udp, url));
}

#[test]
fn gstreamer_with_opus_over_udp() {
    journey(WITH_OPUS, |url| publisher::gstreamer(&WITH_OPUS, Transport::Udp, url));
}

#[test]
fn gstreamer_over_tcp() {
    journey(SMALL, |url| publisher::gstreamer(&SMALL, Transport::Tcp, url));
}

#[test]
fn gstreamer_over_udp() {
    journey(HD, |url| publisher::gstreamer(&HD, Transport::Udp, url));
}

#[test]
fn gstreamer_without_sound_over_udp() {
    journey(SILENT, |url| publisher::gstreamer(&SILENT, Transport::Udp, url));
}

#[test]
fn gstreamer_with_b_frames_without_latm() {
    journey(HD_WITH_B_FRAMES, |url| publisher::gstreamer_without_latm(&HD_WITH_B_FRAMES, Transport::Tcp, url));
}

/// Claims 1 to 15 of the patent, as one walk.
fn journey(clip: Clip, publisher: impl Fn(&str) -> Command) {
    clip.file();
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let (mut rings, share) = (tv.events(), phone.share_with(&user));
    let mut seen_by_phone = phone.events(&share);

    // The phone goes live: the share is prepared, then proven, and only then the TV rings.
    let publishing = program::start(publisher(&share.rtsp_url));
    seen_by_phone.wait_for("share", |event| event["state"] == "preparing");
    seen_by_phone.wait_for("share", |event| event["state"] == "ready");
    let ring = rings.wait_for("ring", |event| event["share_id"] == share.id.as_str());
    assert_eq!(ring["sender"]["name"], "Rui", "{ring}");

    // The TV accepts and plays; the phone sees it watch.
    let play = tv.accept(&share, "live");
    let live_url = play.url("live.mp4");
    let watching = std::thread::spawn(move || film::decode_with(&[], clip.sound, &live_url));
    tv.0.post(&format!("/tv/api/shares/{}/watching", share.id), &json!({ "position_ms": 0, "latency_ms": 120 }));
    let target = seen_by_phone.wait_for("target", |event| event["state"] == "watching");
    assert_eq!(target["user_id"], user.as_str(), "{target}");
    let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
    assert_eq!(report["media"]["width"], clip.width, "{report}");
    assert_eq!(report["media"]["height"], clip.height, "{report}");

    // The phone stops; what was watched live had no gap up to the last picture.
    seen_by_phone.wait_for("share", |event| event["state"] == "ended");
    publisher::has_ended(publishing);
    let live = watching.join().expect("the live view is decoded");
    plays_well(&clip, &live, *live.numbers().first().expect("pictures came live"));

    // It waits in the inbox, with its picture and its length, and its live address is gone.
    let inbox = tv.0.get("/tv/api/inbox?offset=0&limit=10");
    assert_eq!((&inbox["total"], &inbox["entries"][0]["share_id"]), (&json!(1), &json!(share.id)), "{inbox}");
    let entry = &inbox["entries"][0];
    assert_eq!((&entry["state"], &entry["kind"]), (&json!("ended"), &json!("live")), "{entry}");
    let length_ms = entry["duration_ms"].as_f64().expect("an ended share has a length");
    assert!((length_ms - clip.seconds as f64 * 1000.0).abs() < 100.0, "{entry}");
    let still_url = absolute(&gateway, &text(entry, "thumbnail_url"));
    let still = web::call("GET", &still_url, &[], &[]).expect(200);
    assert!(still.body.starts_with(&[0xff, 0xd8, 0xff]), "the still is a JPEG");
    for file in ["index.m3u8", "video.mp4"] {
        // The still's address is a right to the still.
        web::call("GET", &still_url.replace("thumbnail.jpg", file), &[], &[]).expect(403);
    }
    web::call("GET", &play.url("live.mp4"), &[], &[]).expect(410);

    // And it plays again, all of it, from wherever one likes.
    let play = Play::of(&tv.entry(&share)["play"]);
    recording_plays(&clip, &play);
    seeks(&clip, &play);
    assert_eq!(phone.state(&share), "ended");
    drop(rings);
    disk_agrees(&share, &gateway);
}

fn absolute(gateway: &Gateway, url: &str) -> String {
    if url.starts_with('/') { format!("{}{url}", gateway.base()) } else { url.to_owned() }
}

/// Every picture from number `first` to the clip's end, at its time, with sound that is in step.
fn plays_well(clip: &Clip, film: &Decoded, first: u32) {
    assert_eq!(film.complaints, Vec::<String>::new());
    film.shows_every_picture(first..clip.pictures() as u32);
    if clip.sound {
        let pictures_s = film.pictures.len() as f64 / FRAME_RATE as f64;
        film.sounds_for(pictures_s - 0.15);
        film.is_in_step();
    } else {
        assert!(film.sound.is_empty(), "a silent clip has no sound");
    }
}

fn recording_plays(clip: &Clip, play: &Play) {
    let whole = film::decode_with(&[], clip.sound, &play.url("video.mp4"));
    plays_well(clip, &whole, 0);
    let hls = film::decode_with(&[], clip.sound, &play.url("index.m3u8"));
    plays_well(clip, &hls, 0);
}

/// `video.mp4` answers as RFC 9110 (section 14) says, and players can jump in it.
fn seeks(clip: &Clip, play: &Play) {
    let url = play.url("video.mp4");
    let whole = web::call("GET", &url, &[], &[]).expect(200);
    let head = web::call("HEAD", &url, &[], &[]).expect(200);
    assert_eq!(head.field("content-length"), Some(whole.body.len().to_string().as_str()));
    assert_eq!(head.field("accept-ranges"), Some("bytes"));
    assert_eq!(head.field("content-type"), Some("video/mp4"));
    let film = Film::read(&whole.body);
    assert!(film.names.iter().any(|name| name == "moov") && film.left_over == 0, "whole boxes: {:?}", film.names);

    let part = web::call("GET", &url, &[("Range", "bytes=1000-1999")], &[]).expect(206);
    assert_eq!(part.body, whole.body[1000..2000]);
    assert_eq!(part.field("content-range"), Some(format!("bytes 1000-1999/{}", whole.body.len()).as_str()));
    let tail = web::call("GET", &url, &[("Range", "bytes=-500")], &[]).expect(206);
    assert_eq!(tail.body, whole.body[whole.body.len() - 500..]);
    web::call("GET", &url, &[("Range", &format!("bytes={}-", whole.body.len()))], &[]).expect(416);
    let etag = head.field("etag").expect("a recording that is over has an ETag").to_owned();
    web::call("GET", &url, &[("If-None-Match", &etag)], &[]).expect(304);

    let (at_s, number) = (clip.seconds as f64 - 1.5, (clip.pictures() - FRAME_RATE * 3 / 2) as u32);
    let jumped = film::decode_with(&["-ss", &at_s.to_string()], clip.sound, &url);
    let first = *jumped.numbers().first().expect("pictures after the jump");
    assert!(first.abs_diff(number) <= 1, "jumped to picture {first}, not {number}");
}

/// The file on disk is the very film that was served.
fn disk_agrees(share: &Share, gateway: &Gateway) {
    let recordings = gateway.recordings();
    assert_eq!(recordings.len(), 1, "one share, one recording: {recordings:?}");
    let bytes = std::fs::read(&recordings[0]).expect("the recording can be read");
    let film = Film::read(&bytes);
    film.has_no_gap(35);
    assert_eq!(film.left_over, 0, "share {}", share.id);
}
