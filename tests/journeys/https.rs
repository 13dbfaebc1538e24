//! HTTPS by a program that trusts the gateway's own authority, as a phone does that has installed it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::clip::SMALL;
use crate::gateway::{Gateway, Household, PATIENCE};
use crate::program::{self, command};
use crate::publisher::{self, Transport};

/// What curl gets, its head included.
fn curl(authority: &Path, arguments: &[&str]) -> (bool, Vec<u8>) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--noproxy", "*", "--max-time", "20", "--cacert"]).arg(authority);
    let output = command.args(arguments).output().expect("curl is installed");
    (output.status.success(), output.stdout)
}

#[test]
fn whoever_trusts_the_authority_is_served() {
    let mut gateway = Gateway::start();
    let authority = gateway.authority();
    let base = format!("https://localhost:{}", gateway.https_port);
    let get = |path: &str, more: &[&str]| {
        let (done, answer) = curl(&authority, &[more, &[&format!("{base}{path}")]].concat());
        (done, String::from_utf8_lossy(&answer).into_owned())
    };
    for version in ["1.2", "1.3"] {
        let (done, answer) = get("/healthz", &["--tls-max", version]);
        assert!(done && answer.starts_with("HTTP/1.1 200 "), "{version}: {answer}");
    }
    assert!(get("/tv/", &[]).1.contains("text/html"));
    let (_, device) = get("/tv/api/device", &[]);
    assert!(device.contains(&format!("{base}/go/#claim=")), "addresses are secure, too: {device}");
    let cookie = device.lines().find_map(|line| line.strip_prefix("Set-Cookie: ")).expect("a cookie");
    let cookie = cookie.split(';').next().expect("a value");
    // Events have no end: curl gives up after two seconds, with what has come.
    let (done, events) = get("/tv/api/events", &["--no-buffer", "--max-time", "2", "--cookie", cookie]);
    assert!(!done && events.contains("text/event-stream"), "{events}");
    let nobody = Command::new("curl").args(["--silent", "--noproxy", "*", &format!("{base}/healthz")]).output();
    assert!(!nobody.expect("curl is installed").status.success(), "nobody else vouches for it");

    gateway.stop();
    gateway.serve();
    assert!(get("/healthz", &[]).0, "the authority is the same after a restart");
}

/// Live bodies and playlists, by players that believe nobody but the authority.
#[test]
fn players_that_trust_the_authority_play() {
    SMALL.file();
    let gateway = Gateway::start();
    let authority = gateway.authority();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let _publishing = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let play = tv.accept(&share, "live");
    gateway.wait_for_film(2.5);
    let secure = |file: &str| {
        let url = play.url(file).replace(&gateway.base(), &format!("https://localhost:{}", gateway.https_port));
        assert!(url.starts_with("https://"), "{url}");
        url
    };
    let authority_path = authority.to_str().expect("a path of letters");
    let trusting = ["-tls_verify", "1", "-ca_file", authority_path];
    for file in ["live.mp4", "index.m3u8"] {
        let url = secure(file);
        let probe = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"];
        let probe = [&probe[..], &trusting, &["-i", &url]].concat();
        let said = program::run(command("ffprobe", probe), PATIENCE).ok();
        // Streams of a playlist are told twice, for their program too.
        let codecs: BTreeSet<_> = said.stdout.split_whitespace().collect();
        assert_eq!(codecs, BTreeSet::from(["h264", "aac"]), "{file}");
        let decode = ["-nostdin", "-v", "error", "-xerror"];
        let decode = [&decode[..], &trusting, &["-t", "2", "-i", &url, "-f", "null", "-"]].concat();
        assert_eq!(program::run(command("ffmpeg", decode), PATIENCE).ok().stderr, "", "{file}");
        let stranger = ["-v", "error", "-tls_verify", "1", "-i", &url];
        assert!(!program::run(command("ffprobe", stranger), PATIENCE).status.success(), "nobody else vouches for it");
    }
    // curl follows the playlist by itself: every file in it, with the authority alone.
    let (done, playlist) = curl(&authority, &[&secure("index.m3u8")]);
    let playlist = String::from_utf8(playlist).expect("a playlist is text");
    assert!(done && playlist.contains("#EXTM3U"), "{playlist}");
    let segment = playlist.lines().find(|line| line.ends_with(".m4s")).expect("a segment");
    let (done, bytes) = curl(&authority, &[&secure(segment)]);
    assert!(done && bytes.starts_with(b"HTTP/1.1 200 ") && bytes.len() > 10_000, "{segment}");
    let (done, bytes) = curl(&authority, &["--max-time", "2", &secure("live.mp4")]);
    assert!(!done && bytes.len() > 100_000, "endless until curl gives up: {} bytes", bytes.len());
}

#[test]
fn half_a_certificate_is_said_and_http_goes_on() {
    for (set, missing) in [("certificate", "key"), ("key", "certificate")] {
        let said = Gateway::start_with_https(&format!("{set} = \"mine.pem\"\n")).stop();
        let line = said.lines().find(|line| line.contains("no HTTPS")).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(&format!("https.{set}")) && line.contains(&format!("https.{missing}")), "{line}");
    }
}
