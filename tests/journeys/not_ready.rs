//! Streams of which nothing can be shown: publisher and phone are told why, as soon as it is known.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::camera::{Camera, Film};
use crate::clip::{Clip, SMALL};
use crate::gateway::{Gateway, Household, PATIENCE};
use crate::program;
use crate::publisher::{self, Transport};

const SILENT: Clip = Clip { sound: false, ..SMALL };

/// `ffmpeg -f rtsp` with the clip over and over, its streams treated as `how` says.
fn ffmpeg(clip: &Clip, how: &[&str], url: &str) -> Command {
    let mut ffmpeg = program::command("ffmpeg", ["-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i"]);
    ffmpeg.arg(clip.file()).args(how).args(["-f", "rtsp", "-rtsp_transport", "tcp", url]);
    ffmpeg
}

/// Publishes so; gives what the phone was told, how soon, and what it is told of the share then.
fn told(gateway: &Gateway, clip: &Clip, how: &[&str]) -> (Value, Duration, Value) {
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.share_with(&user);
    let mut events = phone.events(&share);
    let began = Instant::now();
    let _publishing = program::start(ffmpeg(clip, how, &share.rtsp_url));
    let event = events.wait_for("share", |event| event["not_ready"].is_object());
    let after = began.elapsed();
    assert_eq!(event["state"], "preparing", "{event}");
    let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
    (event["not_ready"].clone(), after, report)
}

#[test]
fn pictures_without_a_key_frame_are_told_within_seconds() {
    SILENT.file();
    let gateway = Gateway::start();
    let (why, after, report) = told(&gateway, &SILENT, &["-c", "copy", "-bsf:v", "filter_units=remove_types=5"]);
    assert_eq!(why["code"], "no_key_frame", "{why}");
    assert!(why["message"].as_str().is_some_and(|words| words.contains("interval")), "{why}");
    assert!(after < Duration::from_secs(15), "told after {after:?}");
    assert_eq!(report["not_ready"], why, "whoever asks is told the same");
}

#[test]
fn sound_alone_is_told_within_seconds() {
    SMALL.file();
    let gateway = Gateway::start();
    let (why, ..) =
        told(&gateway, &SMALL, &["-c", "copy", "-bsf:v", "noise=dropamount=1", "-max_interleave_delta", "100000"]);
    assert_eq!(why["code"], "only_sound", "{why}");
}

/// Known from its first key frame on: the share ends at once, the sender is told which kind it is and what to set, the TV
/// has nothing to offer, and the publisher reads why when it comes back.
#[test]
fn a_kind_that_tvs_cannot_show_is_told_at_once_to_all() {
    SILENT.file();
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let mut events = phone.events(&share);
    let began = Instant::now();
    let ten_bits = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-g", "30"];
    let publishing = program::start(ffmpeg(&SILENT, &ten_bits, &share.rtsp_url));
    let ended = events.wait_for("share", |event| event["state"] == "ended");
    assert!(began.elapsed() < Duration::from_secs(20), "told after {:?}", began.elapsed());
    assert_eq!((&ended["reason"], &ended["recording_failure_code"]), (&"unplayable".into(), &"unsupported".into()));
    let message = ended["message"].as_str().expect("a sentence for people");
    assert!(message.contains("10-bit") && message.contains("8 bits"), "{message}");
    assert!(!publishing.wait(PATIENCE).status.success(), "its connection is ended");
    let again = program::run(publisher::ffmpeg(&SILENT, Transport::Tcp, &share.rtsp_url), PATIENCE);
    assert!(again.stderr.contains("403") && again.stderr.contains("8 bits"), "{}", again.stderr);
    let entry = tv.entry(&share);
    assert_eq!((&entry["state"], &entry["reason"]), (&"ended".into(), &"unplayable".into()), "{entry}");
    assert!(entry["play"].is_null() && entry["thumbnail_url"].is_null(), "nothing is offered: {entry}");
}

#[test]
fn a_web_camera_is_told_on_its_own_line() {
    let film = Film::of(&SILENT);
    let gateway = Gateway::start_with("[share]\nresume_window = \"1s\"\n");
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.share_with(&user);
    let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
    let late = Film { messages: film.messages.into_iter().filter(|(_, message)| message[1] == 0).collect(), ..film };
    // It is sent away before the film is over: no picture of it can be shown.
    camera.play(&late, Duration::ZERO..Duration::from_secs(3600));
    let why = camera.hear_at_last("not_ready");
    assert_eq!(why["code"], "no_key_frame", "{why}");
    assert_eq!(camera.hear_at_last("end")["reason"], "silent");
    phone.wait_until(&share, "ended");
    let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
    assert_eq!(report["message"], why["message"], "{report}");
}
