//! What low-latency HLS promises, it keeps, whatever times a publisher's pictures and sound have: read as a player does,
//! by one blocking reload after the other.

use std::collections::BTreeMap;

use crate::gateway::{Gateway, Household, PATIENCE, Play};
use crate::program::{self, command};
use crate::web;

/// Pictures that ffmpeg draws and encodes as phones do, changed by a filter; sound of little bandwidth, of which ffmpeg puts
/// half a second into each packet.
fn ffmpeg(filter: &str, url: &str) -> std::process::Command {
    let pictures = ["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=30"];
    let sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000", "-t", "9", "-vf", filter];
    let encoders = "-fps_mode passthrough -enc_time_base 1/90000 -c:v libx264 -preset ultrafast -tune zerolatency \
                    -pix_fmt yuv420p -g 60 -c:a aac -b:a 32k -f rtsp -rtsp_transport tcp";
    let mut ffmpeg = command("ffmpeg", pictures);
    ffmpeg.args(sound).args(encoders.split_whitespace()).arg(url);
    ffmpeg
}

/// All that a stream's playlists said, from the first to the last.
#[derive(Debug, Default)]
struct Told {
    /// Lines that promise something of the whole stream.
    promises: BTreeMap<String, usize>,
    /// Parts by segment and number, in seconds.
    parts: BTreeMap<(u64, u64), f64>,
    /// Segments, in seconds.
    segments: BTreeMap<u64, f64>,
    breaks: usize,
}

/// The value of `name` in a line's attributes.
fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = line.split_once(&format!("{name}="))?;
    Some(value.split(',').next().unwrap_or(value).trim_matches('"'))
}

fn seconds(text: Option<&str>) -> f64 {
    text.and_then(|text| text.parse().ok()).expect("a number of seconds")
}

/// The numbers in `part-6-1.m4s` or `segment-6.m4s`.
fn numbers(uri: &str) -> Vec<u64> {
    uri.trim_end_matches(".m4s").split('-').filter_map(|number| number.parse().ok()).collect()
}

impl Told {
    /// Takes a playlist; gives the part that comes next.
    fn take(&mut self, playlist: &str) -> Option<Vec<u64>> {
        let mut length = 0.0;
        let mut next = None;
        self.breaks = self.breaks.max(playlist.matches("#EXT-X-DISCONTINUITY\n").count());
        for line in playlist.lines() {
            let promise = ["#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL"];
            if promise.iter().any(|tag| line.starts_with(tag)) {
                *self.promises.entry(line.to_owned()).or_default() += 1;
            } else if line.starts_with("#EXT-X-PART:") {
                let part = numbers(attribute(line, "URI").expect("its address"));
                self.parts.insert((part[0], part[1]), seconds(attribute(line, "DURATION")));
            } else if let Some(said) = line.strip_prefix("#EXTINF:") {
                length = seconds(said.split(',').next());
            } else if line.starts_with("segment-") {
                self.segments.insert(numbers(line)[0], length);
            } else if line.starts_with("#EXT-X-PRELOAD-HINT") {
                next = attribute(line, "URI").map(numbers);
            }
        }
        next
    }
}

/// Publishes what `filter` makes of the pictures, and reads all playlists until it ends.
fn published(filter: &str) -> (Gateway, Play, Told) {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let publishing = program::start(ffmpeg(filter, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let live = tv.accept(&share, "live").url("index.m3u8");
    let mut told = Told::default();
    let mut next = None::<Vec<u64>>;
    loop {
        let query = next.map_or(String::new(), |next| format!("?_HLS_msn={}&_HLS_part={}", next[0], next[1]));
        let answer = web::call("GET", &format!("{live}{query}"), &[], &[]);
        let playlist = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 410 || playlist.contains("#EXT-X-ENDLIST") {
            break;
        }
        next = told.take(&answer.expect(200).text());
        assert!(next.is_some(), "a stream at this rate has parts: {playlist}");
    }
    publishing.wait(PATIENCE).ok();
    phone.wait_until(&share, "ended");
    let play = Play::of(&tv.entry(&share)["play"]);
    (gateway, play, told)
}

/// Fails unless everything was as it was promised.
#[track_caller]
fn is_kept(told: &Told) {
    assert_eq!(told.promises.len(), 3, "each is said in one way alone: {:?}", told.promises);
    let target = told.promises.keys().find_map(|line| attribute(line, "PART-TARGET")).map(|text| seconds(Some(text)));
    let target = target.expect("a part target");
    assert!(told.parts.len() > 40, "{told:?}");
    for ((segment, part), length) in &told.parts {
        let is_last = !told.parts.contains_key(&(*segment, part + 1));
        assert!(*length <= target + 1e-5, "part {segment}-{part} lasts {length} of {target}");
        assert!(is_last || *length >= target * 0.85, "part {segment}-{part} lasts {length} of {target}");
    }
    for (segment, length) in &told.segments {
        let parts: Vec<f64> = told.parts.range((*segment, 0)..(segment + 1, 0)).map(|(_, length)| *length).collect();
        let sum: f64 = parts.iter().sum();
        assert!(parts.is_empty() || (sum - length).abs() < 0.001, "segment {segment} lasts {length}, its parts {sum}");
        assert!(length.round() <= 1.0, "segment {segment} lasts {length}");
    }
    assert_eq!(told.breaks, 0);
}

/// Fails where there is a hole in the recording's sound, or a piece of silence that nobody sent.
#[track_caller]
fn sounds_all_the_time(play: &Play) {
    let url = play.url("video.mp4");
    let listen = [
        "-nostdin",
        "-v",
        "info",
        "-i",
        &url,
        "-map",
        "0:a",
        "-af",
        "silencedetect=noise=-50dB:d=0.05",
        "-f",
        "null",
        "-",
    ];
    let said = program::run(command("ffmpeg", listen), PATIENCE).ok().stderr;
    assert!(!said.contains("silence_start"), "{said}");
    let probe = ["-v", "error", "-select_streams", "a", "-show_entries", "packet=pts_time", "-of", "csv=p=0", &url];
    let times: Vec<f64> = program::run(command("ffprobe", probe), PATIENCE)
        .ok()
        .stdout
        .lines()
        .filter_map(|line| line.trim_end_matches(',').parse().ok())
        .collect();
    assert!(times.len() > 130, "nine seconds at 16 kHz are 140 pieces: {}", times.len());
    assert!(times.windows(2).all(|two| (two[1] - two[0] - 0.064).abs() < 0.002), "{times:?}");
}

#[test]
fn promises_hold_with_jitter_and_sound_that_lags() {
    let (_gateway, play, told) = published("settb=1/90000,setpts=PTS+(random(0)-0.5)*0.016/TB");
    is_kept(&told);
    sounds_all_the_time(&play);
}

#[test]
fn a_late_picture_changes_no_promise_and_breaks_nothing() {
    let (_gateway, play, told) = published("settb=1/90000,setpts=PTS+gte(N\\,100)*0.6/TB");
    is_kept(&told);
    let probe = ["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let mut probe = command("ffprobe", probe);
    probe.arg(play.url("video.mp4"));
    let shown = program::run(probe, PATIENCE).ok().stdout;
    let mut times: Vec<f64> = shown.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    let late: Vec<f64> = times.windows(2).map(|two| two[1] - two[0]).filter(|step| *step > 0.04).collect();
    assert!(late.len() == 1 && (late[0] - 0.633).abs() < 0.01, "it is shown as late as it was: {late:?}");
}
