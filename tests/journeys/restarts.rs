//! Restarts that are meant, as an update is one: what is live goes on, and pages are told what to wait for.

use std::time::Duration;

use crate::camera::{Camera, Film};
use crate::clip::{Clip, FRAME_RATE, SMALL};
use crate::film::{self, Decoded};
use crate::gateway::{Gateway, Household, Play, Share, Tv};
use crate::program;
use crate::publisher::{self, Transport};

const ALL: std::ops::Range<Duration> = Duration::ZERO..Duration::from_secs(3600);

/// The whole recording of a share that is over.
fn recording(tv: &mut Tv, share: &Share) -> Decoded {
    // Its length is written down a moment after its end, when its file is whole.
    let started = std::time::Instant::now();
    let entry = loop {
        let entry = tv.entry(share);
        if !entry["duration_ms"].is_null() {
            break entry;
        }
        assert!(started.elapsed() < crate::gateway::PATIENCE, "its length is known");
        std::thread::sleep(Duration::from_millis(50));
    };
    let film = film::decode(&Play::of(&entry["play"]).url("video.mp4"));
    assert!(film.pictures.is_sorted_by(|a, b| a.at_s < b.at_s), "time goes on over the seam");
    let (length_s, last_s) = (entry["duration_ms"].as_f64().expect("a length") / 1000.0, film.pictures.last());
    assert!((length_s - last_s.expect("pictures").at_s).abs() < 0.2, "{length_s} s, {last_s:?}");
    film
}

#[test]
fn what_is_live_over_rtsp_goes_on_after_a_restart() {
    SMALL.file();
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let first = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let play = tv.accept(&share, "live");
    let url = play.url("live.mp4");
    let before = std::thread::spawn(move || film::decode(&url));
    gateway.wait_for_film(1.5);
    let (mut on_tv, mut on_phone) = (tv.events(), phone.events(&share));
    gateway.stop();
    for told in [&mut on_tv, &mut on_phone] {
        assert_eq!(told.wait_for("stopping", |_| true)["wait_ms"], 60_000);
    }
    let seen = before.join().expect("the live view ends");
    assert_eq!(seen.complaints, Vec::<String>::new(), "the body ended as it should");
    drop(first);

    gateway.serve();
    assert_eq!(phone.state(&share), "ready", "nobody stopped it");
    // A viewer who is there before its publisher waits for it.
    let url = play.url("live.mp4");
    let after = std::thread::spawn(move || film::decode(&url));
    let again = program::run(publisher::ffmpeg(&SMALL, Transport::Tcp, &share.rtsp_url), crate::gateway::PATIENCE).ok();
    assert_eq!(again.stderr, "");
    phone.wait_until(&share, "ended");
    assert_eq!(phone.0.get(&format!("/api/v1/shares/{}", share.id))["reason"], "stopped");
    let last = SMALL.pictures() as u32 - 1;
    assert_eq!(after.join().expect("it plays on").numbers().last(), Some(&last));

    assert_eq!(gateway.recordings().len(), 1, "one share, one recording");
    let numbers = recording(&mut tv, &share).numbers();
    let seam = numbers.windows(2).rposition(|two| two[1] == 0).expect("the second part begins at its first picture");
    let (old, new) = numbers.split_at(seam + 1);
    assert!(old.windows(2).all(|two| two[1] == (two[0] + 1) % (last + 1)), "the first part is whole: {old:?}");
    assert!(seen.numbers().last() <= old.last() || old.len() > SMALL.pictures(), "what was seen was recorded");
    assert_eq!(new, (0..=last).collect::<Vec<_>>(), "the second part is whole");
}

/// The gateway is away for longer than the resume window: that begins once it listens again.
#[test]
fn what_is_live_over_a_websocket_goes_on_after_a_restart_that_takes_long() {
    let film = Film::of(&SMALL);
    let mut gateway = Gateway::start_with("[share]\nresume_window = \"3s\"\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let half = Duration::from_secs(3);
    let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
    assert!(camera.play(&film, Duration::ZERO..half));
    phone.wait_until(&share, "ready");
    gateway.stop();
    assert_eq!(camera.hear("end")["reason"], "stopping");
    assert_eq!(camera.close_code(), 1001);
    std::thread::sleep(Duration::from_secs(4));
    gateway.serve();
    let (mut camera, id) = Camera::publish(&share.websocket_url, &film);
    assert_eq!(id, share.id);
    assert!(camera.play(&film, half..ALL.end));
    camera.end();
    phone.wait_until(&share, "ended");
    assert_eq!(gateway.recordings().len(), 1, "one share, one recording");
    let film = recording(&mut tv, &share);
    assert_eq!(film.complaints, Vec::<String>::new());
    film.shows_every_picture(0..SMALL.pictures() as u32);
}

/// Stopped for good and started hours later: what was live is over, as what it is, and all of it is in the inbox.
#[test]
fn what_does_not_come_back_after_a_stop_is_told_as_that_and_kept() {
    let film = Film::of(&SMALL);
    let mut gateway = Gateway::start_with("[share]\nresume_window = \"2s\"\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
    assert!(camera.play(&film, Duration::ZERO..Duration::from_secs(2)));
    phone.wait_until(&share, "ready");
    gateway.stop();
    assert_eq!(camera.hear("end")["reason"], "stopping");
    gateway.serve();
    let mut told = tv.events();
    assert_eq!(phone.state(&share), "ready", "it may come back for a while");
    told.wait_for("share", |event| event["share_id"] == share.id.as_str() && event["state"] == "ended");
    assert_eq!(phone.0.get(&format!("/api/v1/shares/{}", share.id))["reason"], "restarted");
    let entry = tv.entry(&share);
    assert_eq!((&entry["reason"], &entry["recorded"]), (&"restarted".into(), &true.into()), "to whom it came, too");
    recording(&mut tv, &share).shows_every_picture(0..2 * FRAME_RATE as u32);
}

/// A publisher that stops just when the gateway does has stopped.
#[test]
fn what_was_over_before_a_stop_stays_over() {
    let clip = Clip { seconds: 2, ..SMALL };
    clip.file();
    let mut gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.share_with(&user);
    let mut told = phone.events(&share);
    let publishing = program::start(publisher::ffmpeg(&clip, Transport::Tcp, &share.rtsp_url));
    told.wait_for("share", |event| event["state"] == "ended");
    gateway.stop();
    publisher::has_ended(publishing);
    gateway.serve();
    assert_eq!(phone.state(&share), "ended");
}
