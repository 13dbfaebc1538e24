//! Other people's players: ffprobe, GStreamer and VLC read everything that is served, live and recorded, and find
//! nothing wrong. (hls.js in Chromium is in `tests/web`.)

use std::process::Command;
use std::time::Duration;

use crate::clip::{Clip, SMALL};
use crate::gateway::{Gateway, Household, PATIENCE, Play};
use crate::program::{self, Running, command};
use crate::publisher::{self, Transport};

/// A share that is live until dropped.
struct Live {
    gateway: Gateway,
    publishing: Running,
    household: Household,
    share: crate::gateway::Share,
    play: Play,
}

fn go_live(clip: &Clip) -> Live {
    let live = go_live_on(Gateway::start(), clip);
    // Players that know no parts want two whole segments in their playlist.
    live.gateway.wait_for_film(2.5);
    live
}

fn go_live_on(gateway: Gateway, clip: &Clip) -> Live {
    clip.file();
    let mut household = gateway.household();
    let share = household.phone.share_with(&household.user);
    let publishing = program::start(publisher::ffmpeg_for_ever(clip, Transport::Tcp, &share.rtsp_url));
    household.phone.wait_until(&share, "ready");
    let play = household.tv.accept(&share, "live");
    Live { gateway, publishing, household, share, play }
}

impl Live {
    /// Ends the stream as a phone does; the recording stays.
    fn end(self) -> (Gateway, Play) {
        let Self { gateway, publishing, mut household, share, .. } = self;
        publishing.stop("INT", PATIENCE);
        household.phone.wait_until(&share, "ended");
        let play = Play::of(&household.tv.entry(&share)["play"]);
        (gateway, play)
    }
}

/// Fails if ffprobe or the decoder has a word to say against `input`.
#[track_caller]
fn ffprobe_is_silent(input: &str) {
    let probe = command("ffprobe", ["-v", "warning", "-show_streams", "-of", "json", "-i", input]);
    let said = program::run(probe, PATIENCE).ok();
    assert_eq!(said.stderr, "", "ffprobe of {input}");
    let streams: serde_json::Value = serde_json::from_str(&said.stdout).expect("ffprobe writes JSON");
    let codecs: Vec<_> = streams["streams"].as_array().into_iter().flatten().map(|s| s["codec_name"].clone()).collect();
    assert_eq!(codecs, ["h264", "aac"], "{input}");
    let decode = ["-nostdin", "-v", "warning", "-xerror", "-t", "3", "-i", input, "-f", "null", "-"];
    let said = program::run(command("ffmpeg", decode), PATIENCE).ok();
    // ffmpeg reads the initialization segment again with every reload of a live playlist, whoever made it, and says so.
    let mut passed_over = false;
    let complains = |line: &&str| {
        let again = passed_over && line.trim_start().starts_with("Last message repeated");
        passed_over = again || line.contains("Found duplicated MOOV Atom");
        !passed_over
    };
    let complaints: Vec<_> = said.stderr.lines().filter(complains).collect();
    assert!(complaints.is_empty(), "ffmpeg of {input}: {complaints:?}");
}

fn only_recording(gateway: &Gateway) -> String {
    let recordings = gateway.recordings();
    assert_eq!(recordings.len(), 1, "{recordings:?}");
    recordings[0].to_string_lossy().into_owned()
}

#[test]
fn ffprobe_finds_nothing_wrong() {
    let live = go_live(&SMALL);
    ffprobe_is_silent(&live.play.url("live.mp4"));
    ffprobe_is_silent(&live.play.url("index.m3u8"));
    ffprobe_is_silent(&only_recording(&live.gateway));

    let (_gateway, play) = live.end();
    ffprobe_is_silent(&play.url("video.mp4"));
    ffprobe_is_silent(&play.url("index.m3u8"));
}

#[test]
fn what_is_not_recorded_plays_for_whoever_comes() {
    let live = go_live_on(Gateway::start_with("[recording]\nenabled = false\n"), &SMALL);
    ffprobe_is_silent(&live.play.url("live.mp4"));
    ffprobe_is_silent(&live.play.url("index.m3u8"));
    ffprobe_is_silent(&live.play.url("live.mp4"));
    assert_eq!(live.gateway.recordings(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_killed_recording_is_clean_at_once_and_after_repair() {
    let Live { mut gateway, publishing, mut household, share, play } = go_live(&SMALL);
    let file = only_recording(&gateway);
    gateway.kill();
    publishing.kill();
    ffprobe_is_silent(&file);
    gateway.serve();
    ffprobe_is_silent(&file);
    // Nobody comes back within the resume window: the share ends, and its recording is whole.
    household.phone.wait_until(&share, "ended");
    ffprobe_is_silent(&play.url("video.mp4"));
    ffprobe_is_silent(&play.url("index.m3u8"));
}

/// GStreamer's own player element, with sinks that take everything at its time. With all of its flags (subtitles, volume,
/// deinterlacing) it locks itself up now and then on a busy machine, whoever serves the file.
#[track_caller]
fn gstreamer_is_silent(url: &str, limit: Duration) {
    let mut gst = command("gst-launch-1.0", ["-q", "playbin3", &format!("uri={url}")]);
    gst.args(["flags=audio+video", "video-sink=fakesink sync=true", "audio-sink=fakesink sync=true"])
        .env("GST_DEBUG", "2")
        .env("GST_DEBUG_NO_COLOR", "1");
    let said = program::run(gst, limit).ok();
    let broken = ["ERROR", "corrupt", "invalid", "broken", "discont", "not-negotiated", "Could not"];
    let complaints: Vec<_> = said.stderr.lines().filter(|line| broken.iter().any(|word| line.contains(word))).collect();
    assert!(complaints.is_empty(), "GStreamer of {url}:\n{}", said.stderr);
}

#[test]
fn gstreamer_plays_live_and_recorded() {
    let live = go_live(&SMALL);
    let url = live.play.url("live.mp4");
    let watching = std::thread::spawn(move || gstreamer_is_silent(&url, PATIENCE));
    let hls_url = live.play.url("index.m3u8");
    let hls = std::thread::spawn(move || gstreamer_is_silent(&hls_url, 2 * PATIENCE));
    live.gateway.wait_for_film(5.0);
    let (_gateway, play) = live.end();
    watching.join().expect("live.mp4 plays to its end");
    hls.join().expect("index.m3u8 plays to its end");
    gstreamer_is_silent(&play.url("video.mp4"), PATIENCE);
    gstreamer_is_silent(&play.url("index.m3u8"), PATIENCE);
}

/// VLC refuses to run as root: there it, or a program that starts it, runs as nobody.
pub fn never_as_root(program: &str) -> Command {
    let as_root = program::run(command("id", ["-u"]), PATIENCE).stdout.trim() == "0";
    if !as_root {
        return Command::new(program);
    }
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/nonexistent", program];
    command("setpriv", nobody)
}

/// How VLC plays without a screen and a loudspeaker, and ends by itself.
pub const VLC_ALONE: [&str; 6] = ["-I", "dummy", "--vout=vdummy", "--aout=adummy", "--no-lua", "--play-and-exit"];

/// What VLC remarks of every fragmented MP4, by whomever it was made; and it has not heard of `prft`.
const VLC_ALWAYS_SAYS: [&str; 8] = [
    "unknown box type prft",
    "no chunk defined",
    "STTS table of",
    "CTTS table of",
    "elst old=",
    "doesn't look interleaved",
    "decoded zero sample",
    "elst box found",
];

/// What VLC says against a film, in what it said.
pub fn vlc_complaints(said: &str) -> Vec<&str> {
    let of_the_film =
        |line: &&str| ["demux", "decoder", "codec", "stream", "input"].iter().any(|part| line.contains(part));
    (said.lines().filter(of_the_film))
        .filter(|line| line.contains(" error:") || line.contains(" warning:"))
        .filter(|line| !VLC_ALWAYS_SAYS.iter().any(|remark| line.contains(remark)))
        .collect()
}

#[track_caller]
fn vlc_is_silent(url: &str, seconds: u32) {
    let mut vlc = never_as_root("vlc");
    vlc.args(["-v", "--no-color"]).args(VLC_ALONE);
    vlc.args(["--run-time", &seconds.to_string(), url, "vlc://quit"]);
    let said = program::run(vlc, 2 * PATIENCE).ok();
    let complaints = vlc_complaints(&said.stderr);
    assert!(complaints.is_empty(), "VLC of {url}:\n{}", said.stderr);
}

#[test]
fn vlc_plays_live_and_recorded() {
    let live = go_live(&SMALL);
    vlc_is_silent(&live.play.url("live.mp4"), 3);
    vlc_is_silent(&live.play.url("index.m3u8"), 3);
    let (_gateway, play) = live.end();
    vlc_is_silent(&play.url("video.mp4"), 3);
    vlc_is_silent(&play.url("index.m3u8"), 3);
}
