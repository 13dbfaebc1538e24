//! What can go wrong around a stream, and what must go on all the same.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::boxes::Film;
use crate::clip::{Clip, FRAME_RATE, SMALL};
use crate::film;
use crate::gateway::{Gateway, Household, PATIENCE, Play};
use crate::lossy::{Lossy, Weather};
use crate::program::{self, command};
use crate::publisher::{self, Transport};
use crate::web;

/// Small pictures: a packet or two each, so that losing a packet loses little.
const FRUGAL: Clip = Clip { width: 320, height: 192, seconds: 10, kilobits_per_second: 150, ..SMALL };

#[test]
fn one_packet_of_a_hundred_is_lost() {
    survives(Weather { lost_per_mille: 10, late_per_mille: 50, jitter_ms: 0, seed: 1 }, 0.40);
}

#[test]
fn five_packets_of_a_hundred_are_lost() {
    survives(Weather { lost_per_mille: 50, late_per_mille: 50, jitter_ms: 0, seed: 2 }, 0.10);
}

#[test]
fn ten_packets_of_a_hundred_are_lost() {
    survives(Weather { lost_per_mille: 100, late_per_mille: 50, jitter_ms: 0, seed: 3 }, 0.03);
}

#[test]
fn packets_that_only_come_late_lose_nothing() {
    survives(Weather { lost_per_mille: 0, late_per_mille: 200, jitter_ms: 0, seed: 4 }, 1.0);
}

/// A tenth of a second is three pictures: most packets come in another order than they were sent. The publisher's goodbye
/// overtakes the last of them.
#[test]
fn packets_that_take_up_to_a_tenth_of_a_second_longer_than_others_lose_nothing() {
    survives(Weather { lost_per_mille: 0, late_per_mille: 0, jitter_ms: 100, seed: 5 }, 0.985);
}

/// Publishes through bad weather; that part of the pictures at least is shown, whole and at its time, up to the last
/// seconds, and the sound goes on.
fn survives(weather: Weather, part: f64) {
    let clip = FRUGAL;
    clip.file();
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let proxy = Lossy::new(gateway.rtsp_port, weather);
    let url = share.rtsp_url.replace(&format!(":{}/", gateway.rtsp_port), &format!(":{}/", proxy.port));
    assert_ne!(url, share.rtsp_url, "the publisher goes through the proxy");
    program::run(publisher::ffmpeg(&clip, Transport::Udp, &url), PATIENCE).ok();
    phone.wait_until(&share, "ended");
    let (sent, lost, late) = proxy.counts();
    assert!(sent > 300, "the media went through the proxy: {sent} sent, {lost} lost, {late} late");

    let play = Play::of(&tv.entry(&share)["play"]);
    let film = film::decode(&play.url("video.mp4"));
    let numbers = film.numbers();
    assert!(numbers.is_sorted_by(|a, b| a < b), "pictures in order: {numbers:?}");
    film.runs_evenly();
    let shown = numbers.len() as f64 / clip.pictures() as f64;
    assert!(shown >= part, "{:.1} % of the pictures with {lost} of {sent} packets lost", shown * 100.0);
    // A thousandth lost or a tenth: after a key frame that came through, pictures are there again.
    let last = *numbers.last().expect("pictures are shown");
    assert!(last as usize >= clip.pictures() - 4 * FRAME_RATE, "the last picture is {last}");
    let expected_s = clip.seconds as f64 * (1.0 - 1.5 * weather.lost_per_mille as f64 / 1000.0) - 0.5;
    assert!(film.sound_s() >= expected_s, "{:.2} s of sound, expected {expected_s:.2}", film.sound_s());
    film.is_mostly_in_step();
}

#[test]
fn a_second_publisher_is_refused_and_the_first_goes_on() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let first = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let second = program::run(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url), PATIENCE);
    assert!(!second.status.success(), "a share is published once");
    assert!(
        second.stderr.contains("RTSP") || second.stderr.contains("40") || second.stderr.contains("45"),
        "{second:?}"
    );
    first.wait(PATIENCE).ok();
    phone.wait_until(&share, "ended");
    let play = Play::of(&tv.entry(&share)["play"]);
    let film = film::decode(&play.url("video.mp4"));
    film.shows_every_picture(0..SMALL.pictures() as u32);
}

#[test]
fn a_full_gateway_says_so_before_anything_is_promised_and_runs_on() {
    let gateway = Gateway::start_with("[limits]\nstreams = 1\n");
    let Household { user, tv: _, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let body = serde_json::json!({ "targets": [user], "kind": "live" });
    let full = |answer: &web::Answer| {
        let told: serde_json::Value = serde_json::from_str(&answer.text()).expect("JSON");
        assert_eq!((answer.status, &told["error"]["code"]), (503, &serde_json::json!("full")), "{told}");
        assert!(told["error"]["message"].as_str().is_some_and(|why| why.starts_with("1 live videos")), "{told}");
    };
    // The place is kept from the creation on: whoever comes meanwhile is told, and whoever was promised it goes live.
    full(&phone.0.call("POST", "/api/v1/shares", Some(&body)));
    let first = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    full(&phone.0.call("POST", "/api/v1/shares", Some(&body)));
    let address = crate::gateway::text(&phone.0.get("/api/v1/camera-apps"), "rtsp_url");
    let app = program::run(publisher::ffmpeg(&SMALL, Transport::Tcp, &address), PATIENCE);
    assert!(app.stderr.contains("ANNOUNCE") && app.stderr.contains("503"), "{}", app.stderr);
    assert!(app.stderr.contains("1 live videos are under way"), "{}", app.stderr);
    assert_eq!(phone.state(&share), "ready", "what runs runs on");
    first.kill();
    phone.wait_until(&share, "ended");
    assert_eq!(phone.0.call("POST", "/api/v1/shares", Some(&body)).status, 201, "its place is free");
}

#[test]
fn a_publisher_that_is_lost_and_comes_back_continues_its_share() {
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let lost = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let play = tv.accept(&share, "live");
    gateway.wait_for_film(1.0);
    lost.kill();
    // A viewer who was there before the loss sees what comes after it.
    let url = play.url("live.mp4");
    let watching = std::thread::spawn(move || film::decode(&url));
    let again = program::run(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url), PATIENCE).ok();
    assert_eq!(again.stderr, "");
    phone.wait_until(&share, "ended");
    let seen = watching.join().expect("the live view ends with the share").numbers();
    assert_eq!(seen.last(), Some(&(SMALL.pictures() as u32 - 1)), "{seen:?}");
    assert_eq!(gateway.recordings().len(), 1, "one share, one recording");

    let film = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    let numbers = film.numbers();
    let seam = numbers.windows(2).position(|two| two[1] == 0).expect("the second part begins at its first picture");
    assert!(numbers[..=seam].windows(2).all(|two| two[1] == two[0] + 1), "the first part is whole: {numbers:?}");
    assert_eq!(numbers[seam + 1..], (0..SMALL.pictures() as u32).collect::<Vec<_>>(), "the second part is whole");
    assert!(film.pictures.is_sorted_by(|a, b| a.at_s < b.at_s), "time goes on over the seam");
    assert!(gateway.serves());
}

#[test]
fn tickets_open_their_own_share_only() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let mut plays = Vec::new();
    for _ in 0..2 {
        let share = phone.share_with(&user);
        program::run(publisher::ffmpeg(&Clip { seconds: 2, ..SMALL }, Transport::Tcp, &share.rtsp_url), PATIENCE).ok();
        phone.wait_until(&share, "ended");
        plays.push((share.clone(), Play::of(&tv.entry(&share)["play"])));
    }
    let base = gateway.base();
    let url = |share: usize, ticket: &str| format!("{base}/play/{}/{ticket}/video.mp4", plays[share].0.id);
    web::call("HEAD", &url(0, plays[0].1.ticket()), &[], &[]).expect(200);
    let foreign = web::call("GET", &url(1, plays[0].1.ticket()), &[], &[]).expect(403);
    assert!(foreign.json()["error"]["code"].is_string(), "{}", foreign.text());
    let mut forged = plays[0].1.ticket().to_owned();
    let last = forged.pop().expect("a ticket has letters");
    forged.push(if last == 'A' { 'B' } else { 'A' });
    web::call("GET", &url(0, &forged), &[], &[]).expect(403);
    web::call("GET", &url(0, "AAAA"), &[], &[]).expect(403);
    for file in ["live.mp4", "index.m3u8", "thumbnail.jpg"] {
        let foreign = format!("{base}/play/{}/{}/{file}", plays[1].0.id, plays[0].1.ticket());
        web::call("GET", &foreign, &[], &[]).expect(403);
    }
}

#[test]
fn a_withdrawn_share_is_gone_from_a_playing_tv() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let _publishing = program::start(publisher::ffmpeg_for_ever(&FRUGAL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let play = tv.accept(&share, "live");
    let mut live = web::open("GET", &play.url("live.mp4"), &[], &[]).expect("live");
    let watching = std::thread::spawn(move || {
        // However it ends: with its end, or cut off.
        let _ = live.body.read_to_end(&mut Vec::new());
        Instant::now()
    });
    std::thread::sleep(Duration::from_secs(3));
    let playlist = web::call("GET", &play.url("index.m3u8"), &[], &[]).expect(200).text();
    let segment = playlist.lines().find(|line| line.ends_with(".m4s")).expect("a segment").to_owned();
    web::call("GET", &play.url(&segment), &[], &[]).expect(200);

    let mut told = tv.events();
    let withdrawn = Instant::now();
    phone.0.call("DELETE", &format!("/api/v1/shares/{}", share.id), None).expect(200);
    let ended = watching.join().expect("it ends");
    assert!(ended.duration_since(withdrawn) < Duration::from_secs(1), "{:?}", ended.duration_since(withdrawn));
    told.wait_for("share", |event| event["share_id"] == share.id.as_str() && event["state"] == "unknown");
    for file in ["live.mp4", "index.m3u8", "video.mp4", &segment] {
        web::call("GET", &play.url(file), &[], &[]).expect(404);
    }
    assert_eq!(tv.0.get("/tv/api/inbox")["total"], 0);
    tv.0.call("GET", &format!("/tv/api/shares/{}", share.id), None).expect(404);
}

#[test]
fn a_disk_with_little_room_keeps_the_live_view() {
    let gateway = Gateway::start_with("[recording]\nkeep_free_mib = 1000000000\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let film = film::decode(&tv.accept(&share, "live").url("live.mp4"));
    publishing.wait(PATIENCE).ok();
    let numbers = film.numbers();
    film.shows_every_picture(numbers[0]..SMALL.pictures() as u32);
    phone.wait_until(&share, "ended");
    let entry = tv.entry(&share);
    let said = entry["recording_failure"].as_str().unwrap_or_default();
    assert!(said.contains("too little room"), "it is said in the share: {entry}");
}

#[test]
fn told_to_stop_as_soon_as_it_listens_it_stops_well() {
    let mut gateway = Gateway::start();
    gateway.stop();
    for _ in 0..10 {
        gateway.begin_to_serve();
        gateway.stop();
    }
}

/// A gateway without a battery for its clock may learn the date while it serves, and be told it is years earlier.
#[test]
fn the_clock_is_set_back_while_a_stream_flows() {
    let library = ["x86_64", "aarch64"].map(|of| format!("/usr/lib/{of}-linux-gnu/faketime/libfaketime.so.1"));
    let library = library.iter().find(|path| Path::new(path).exists()).expect("libfaketime is installed");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let date = folder.path().join("date");
    std::fs::write(&date, "+0").expect("a file can be written");
    let mut gateway = Gateway::start();
    gateway.stop();
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_lareira"));
    program.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &date);
    program.envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]);
    gateway.serve_by(program);
    let Household { user, mut tv, mut phone } = gateway.household();
    let before = phone.share_with(&user);
    let mut heard = tv.events();
    program::run(publisher::ffmpeg(&Clip { seconds: 2, ..SMALL }, Transport::Tcp, &before.rtsp_url), PATIENCE).ok();
    phone.wait_until(&before, "ended");
    heard.wait_for("ring", |_| true);

    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    heard.wait_for("ring", |_| true);
    let url = tv.accept(&share, "live").url("live.mp4");
    let watching = std::thread::spawn(move || film::decode(&url));
    std::fs::write(&date, "-400d").expect("a file can be written");
    publishing.wait(PATIENCE).ok();
    phone.wait_until(&share, "ended");
    let seen = watching.join().expect("the live view ends with the share");
    seen.shows_every_picture(seen.numbers()[0]..SMALL.pictures() as u32);

    let after = phone.share_with(&user);
    program::run(publisher::ffmpeg(&Clip { seconds: 2, ..SMALL }, Transport::Tcp, &after.rtsp_url), PATIENCE).ok();
    phone.wait_until(&after, "ended");
    heard.wait_for("ring", |_| true);
    let inbox = tv.0.get("/tv/api/inbox");
    let listed: Vec<_> = inbox["entries"].as_array().expect("a list").iter().map(|entry| &entry["share_id"]).collect();
    assert_eq!(listed, [&after.id, &share.id, &before.id], "what came last stands first");
    let started = |share: &crate::gateway::Share| {
        let entries = inbox["entries"].as_array().expect("a list");
        let entry = entries.iter().find(|entry| entry["share_id"] == share.id.as_str()).expect("it is listed");
        entry["started_at"].as_str().expect("a date").to_owned()
    };
    assert!(started(&after) < started(&before), "the gateway did go back in time");
    for (share, pictures) in [(&before, 60), (&share, SMALL.pictures() as u32), (&after, 60)] {
        let play = tv.accept(share, "start");
        film::decode(&play.url("video.mp4")).shows_every_picture(0..pictures);
    }
}

/// A backup of which a page is damaged, or all, given to a gateway that runs: refused, and everything works as before.
#[test]
fn a_damaged_backup_changes_nothing_on_a_running_gateway() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gateway = Gateway::start_in(folder.path(), "");
    let Household { user, mut phone, .. } = gateway.household();
    let backup = folder.path().join("backup");
    let restore = |file: &Path| {
        let mut admin = command(env!("CARGO_BIN_EXE_lareira"), ["admin", "--json", "--data-dir"]);
        admin.arg(folder.path()).arg("restore").arg(file);
        program::run(admin, PATIENCE)
    };
    let mut admin = command(env!("CARGO_BIN_EXE_lareira"), ["admin", "--json", "--data-dir"]);
    admin.arg(folder.path()).arg("backup").arg(&backup);
    program::run(admin, PATIENCE).ok();
    let good = std::fs::read(&backup).expect("it was written");
    for start in [0, 64, 8192, 16384, good.len() / 2] {
        let mut damaged = good.clone();
        damaged[start..].fill(0x5A);
        std::fs::write(&backup, &damaged).expect("written");
        let refused = restore(&backup);
        assert!(!refused.status.success() && refused.stdout.contains("bad_backup"), "{refused:?}");
        phone.share_with(&user);
        web::call("GET", &format!("{}/healthz", gateway.base()), &[], &[]).expect(200);
    }
    std::fs::write(&backup, &good).expect("written");
    restore(&backup).ok();
    phone.share_with(&user);
}

/// The same on a disk that is really full: needs root, for a small disk in memory.
#[test]
fn a_disk_that_fills_up_ends_the_recording_and_not_the_live_view() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The gateway calls itself unwell below 8 MiB: it starts with more, and the stream takes what there is.
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    let settings = "[recording]\nkeep_free_mib = 0\n";
    let mut gateway = Gateway::start_in(folder.path(), settings);
    let Household { user, mut tv, mut phone } = gateway.household();
    let clip = Clip { width: 1280, height: 720, kilobits_per_second: 32_000, ..SMALL };
    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg(&clip, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let film = film::decode(&tv.accept(&share, "live").url("live.mp4"));
    publishing.wait(PATIENCE).ok();
    let numbers = film.numbers();
    film.shows_every_picture(numbers[0]..clip.pictures() as u32);
    assert!(gateway.serves());
    let health = web::call("GET", &format!("{}/healthz", gateway.base()), &[], &[]);
    assert!(matches!(health.status, 200 | 503), "{}", health.text());
    let recording = std::fs::read(&gateway.recordings()[0]).expect("what was recorded is kept");
    let film = Film::read(&recording);
    film.has_no_gap(35);
}

/// A disk that was full and has room again: the recording goes on in the same share, and both are said.
#[test]
fn a_disk_with_room_again_goes_on_with_the_recording() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
    let mut gateway = Gateway::start_in(folder.path(), "[recording]\nkeep_free_mib = 0\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    gateway.wait_for_film(2.0);
    let filler = folder.path().join("filler");
    let mut file = std::fs::File::create(&filler).expect("a file");
    let metrics = format!("{}/metrics", gateway.base());
    let started = Instant::now();
    while !web::call("GET", &metrics, &[], &[]).expect(200).text().contains("lareira_recordings_failed 1") {
        let _ = file.write_all(&[7; 4096]);
        assert!(started.elapsed() < PATIENCE, "the disk is full");
    }
    web::call("GET", &format!("{}/healthz", gateway.base()), &[], &[]).expect(503);
    // It goes on at a key frame, and one may come at once: the gap is to be one that is seen.
    let published = || {
        let text = web::call("GET", &metrics, &[], &[]).expect(200).text();
        let value = text.lines().find_map(|line| line.strip_prefix("lareira_pictures_published "));
        value.and_then(|value| value.parse::<u64>().ok()).expect("they are counted")
    };
    let stopped = published();
    while published() < stopped + 60 {
        assert!(started.elapsed() < PATIENCE, "the stream flows on");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::fs::remove_file(&filler).expect("there is room again");
    drop(file);
    let mut said = String::new();
    while !said.contains("went on at") {
        assert!(started.elapsed() < 2 * PATIENCE, "it goes on: {said}");
        std::thread::sleep(Duration::from_millis(100));
        let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
        said = report["recording_failure"].as_str().unwrap_or_default().to_owned();
    }
    assert!(said.contains("stopped at"), "{said}");
    assert_eq!(tv.entry(&share)["recording_failure"], said.as_str());
    let before = std::fs::metadata(&gateway.recordings()[0]).expect("the recording").len();
    while std::fs::metadata(&gateway.recordings()[0]).expect("the recording").len() < before + 200_000 {
        assert!(started.elapsed() < 3 * PATIENCE, "more is recorded");
        std::thread::sleep(Duration::from_millis(100));
    }
    publishing.kill();
    phone.wait_until(&share, "ended");
    web::call("GET", &format!("{}/healthz", gateway.base()), &[], &[]).expect(200);
    let entry = tv.entry(&share);
    assert_eq!(entry["recording_failure"], said.as_str());
    let play = Play::of(&entry["play"]);
    let film = film::decode(&play.url("video.mp4"));
    assert!(film.pictures.is_sorted_by(|a, b| a.at_s < b.at_s), "time goes on over the gap");
    let gaps = film.pictures.windows(2).filter(|two| two[1].at_s - two[0].at_s > 0.5).count();
    assert_eq!(gaps, 1, "one gap, and pictures on both sides of it");
    let length_s = entry["duration_ms"].as_f64().expect("its length") / 1000.0;
    let last_s = film.pictures.last().expect("pictures").at_s;
    assert!((length_s - last_s).abs() < 1.0, "{length_s} s, the last picture at {last_s} s");
    // For a minute players of HLS go on with the live playlist; a gateway started anew has the recording's alone.
    gateway.stop();
    gateway.begin_to_serve();
    let hls = film::decode(&play.url("index.m3u8"));
    assert_eq!(hls.pictures.len(), film.pictures.len(), "HLS plays across it too");
}

/// A file system of a few MiB in memory, unmounted when dropped.
pub struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None` where this machine does not let us mount.
    pub fn mount(at: &Path) -> Option<Self> {
        let mut mount = command("mount", ["-t", "tmpfs", "-o", "size=20m", "lareira-test"]);
        mount.arg(at);
        program::run(mount, PATIENCE).status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = command("umount", ["--lazy"]);
        unmount.arg(&self.0);
        program::run(unmount, PATIENCE);
    }
}

#[test]
fn a_crowd_of_idle_and_slow_connections_disturbs_nobody() {
    // A thousand connections from here, as many there, need more descriptors than some shells allow.
    let me = std::process::id().to_string();
    program::run(command("prlimit", ["--pid", &me, "--nofile=4096:"]), PATIENCE);
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let connect = |port: u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("one more connection");
    let idle: Vec<_> = (0..500).flat_map(|_| [connect(gateway.http_port), connect(gateway.rtsp_port)]).collect();
    let slow: Vec<_> = (0..100)
        .flat_map(|_| {
            let request = |text: &'static str| text.as_bytes();
            [
                (connect(gateway.http_port), request("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")),
                (connect(gateway.rtsp_port), request("OPTIONS rtsp://localhost/live/x RTSP/1.0\r\nX-Slow: ")),
            ]
        })
        .collect();
    let publishing = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url));
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let dribbling = {
        let over = std::sync::Arc::clone(&over);
        std::thread::spawn(move || {
            for at in 0.. {
                for (socket, request) in &slow {
                    // One that was closed on us has met its limit.
                    let _ = (&*socket).write_all(&[*request.get(at).unwrap_or(&b'x')]);
                }
                if over.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                std::thread::sleep(Duration::from_secs(1));
            }
        })
    };
    phone.wait_until(&share, "ready");
    let film = film::decode(&tv.accept(&share, "live").url("live.mp4"));
    publishing.wait(PATIENCE).ok();
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    dribbling.join().expect("the slow ones were slow to the end");
    assert_eq!(film.complaints, Vec::<String>::new());
    film.shows_every_picture(film.numbers()[0]..SMALL.pictures() as u32);
    film.sounds_for(film.pictures.len() as f64 / FRAME_RATE as f64 - 0.15);
    drop(idle);
}

#[test]
fn asked_to_end_it_ends_streams_cleanly() {
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let play = tv.accept(&share, "live");
    let url = play.url("live.mp4");
    let watching = std::thread::spawn(move || film::decode(&url));
    gateway.wait_for_film(1.5);
    gateway.stop();
    let seen = watching.join().expect("the live view ends");
    assert_eq!(seen.complaints, Vec::<String>::new(), "the body ended as it should");
    drop(publishing);
    gateway.serve();
    let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
    let film = film::decode(&play.url("video.mp4"));
    let last = *film.numbers().last().expect("the recording has pictures");
    film.shows_every_picture(0..last + 1);
    assert!(seen.numbers().last() <= Some(&last), "what was seen was recorded: {report}");
}

#[test]
fn garbage_at_the_rtsp_port_harms_no_stream() {
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let garbage: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"$\x00\xff\xff",
        b"ANNOUNCE rtsp://localhost/live/x RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999999\r\n\r\n",
        b"SETUP rtsp://localhost/live/x RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=0-0\r\n\r\n",
        b"RECORD rtsp://localhost/live/x RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        &[0xff; 100_000],
    ];
    for bytes in garbage {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway.rtsp_port)).expect("the port is open");
        socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a time-out can be set");
        // It may be closed on us in the middle: that is an answer too.
        let _ = socket.write_all(bytes);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let _ = socket.read_to_end(&mut Vec::new());
    }
    publishing.wait(PATIENCE).ok();
    phone.wait_until(&share, "ended");
    assert!(gateway.serves());
    let play = Play::of(&tv.entry(&share)["play"]);
    film::decode(&play.url("video.mp4")).shows_every_picture(0..SMALL.pictures() as u32);
}
