//! The scripts of `docs/examples`: what a newcomer tries first works as it stands there.

use std::path::PathBuf;
use std::process::Command;

use crate::gateway::{Gateway, PATIENCE, text};
use crate::players::{VLC_ALONE, never_as_root, vlc_complaints};
use crate::program;

fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "docs/examples", name].iter().collect()
}

/// An example with its arguments; it publishes for `seconds`.
fn example(name: &str, arguments: &[&str], seconds: u32) -> Command {
    let mut command = Command::new("sh");
    command.arg(script(name)).args(arguments).env("DURATION", seconds.to_string());
    command
}

/// Plays an address for two seconds at most, and fails if the player has a word to say against it.
#[track_caller]
fn watch(address: &str) {
    let mut command = never_as_root("sh");
    command.arg(script("watch.sh")).args([address, "vlc", "-v"]).args(VLC_ALONE).args(["--run-time", "2"]);
    let ended = program::run(command, PATIENCE).ok();
    assert!(vlc_complaints(&ended.stderr).is_empty(), "{address}: {}", ended.stderr);
}

#[test]
fn every_script_is_tried_here() {
    let tried = include_str!("examples.rs");
    for entry in std::fs::read_dir(script("")).expect("the examples").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(name == "README.md" || tried.contains(&format!("\"{name}\"")), "{name} is not tried");
    }
}

#[test]
fn a_script_publishes_and_another_watches() {
    let gateway = Gateway::start();
    gateway.household();
    let share = gateway.admin(&["share", "new", "--to", "Ana"]);
    let (publish, play) = (text(&share["publish"], "rtsp_url"), &share["play"]);
    let publishing = program::start(example("publish.sh", &[&publish], 600));
    watch(&text(play, "live_mp4_url"));
    watch(&text(play, "hls_url"));
    publishing.stop("INT", PATIENCE);
    let of = text(&share, "share_id");
    gateway.admin(&["share", "stop", &of]);
    let recording = text(play, "video_mp4_url");
    watch(&recording);

    // A file goes the same way: here the recording of the first.
    let second = gateway.admin(&["share", "new", "--to", "Ana"]);
    let publish = text(&second["publish"], "rtsp_url");
    program::run(example("publish.sh", &[&publish, &recording], 1), PATIENCE).ok();
    let of = text(&second, "share_id");
    let media = gateway.admin(&["share", "show", &of])["media"].clone();
    assert_eq!((&media["width"], &media["height"]), (&640.into(), &360.into()), "{media}");
}

#[test]
fn a_script_is_a_phone() {
    let gateway = Gateway::start();
    let mut household = gateway.household();
    let invite = gateway.admin(&["invite"]);
    let code = text(&invite, "code");
    let said = program::run(example("share.sh", &[&gateway.base(), &code, "Eva \"the\" scout"], 3), PATIENCE).ok();
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{said:?}");
    assert_eq!(lines[1], "ready");
    assert!(lines[2].starts_with("ended after ") && lines[2].ends_with(" ms: Ana notified"), "{}", lines[2]);
    let entry = household.tv.0.get("/tv/api/inbox")["entries"][0].clone();
    assert_eq!(entry["sender"]["name"], "Eva \"the\" scout", "{entry}");
    assert_eq!(format!("share {}", text(&entry, "share_id")), lines[0]);

    // The gateway's own words say why it refuses: the invitation is used.
    let again = program::run(example("share.sh", &[&gateway.base(), &code, "Eva"], 3), PATIENCE);
    assert!(!again.status.success() && again.stderr.contains("used or too old"), "{again:?}");
}
