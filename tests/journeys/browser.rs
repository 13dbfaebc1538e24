//! Publishing over a WebSocket, as browsers do: the whole way of a share, and what can befall it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::camera::{Camera, Film, message};
use crate::clip::{Clip, FRAME_RATE, SMALL};
use crate::film;
use crate::gateway::{Gateway, Household, PATIENCE, Play};
use crate::program;
use crate::publisher::{self, Transport};

const SHORT: Clip = Clip { seconds: 2, ..SMALL };
/// Two and a half seconds out of Chromium's MediaRecorder, 106 pictures.
const RECORDER: &[u8] = include_bytes!("../captures/mp4/recorder.mp4");
/// H.265 in a file.
const HEVC: &[u8] = include_bytes!("../captures/mp4/hevc.mp4");
const ALL: std::ops::Range<Duration> = Duration::ZERO..Duration::from_secs(3600);

#[test]
fn a_browser_publishes_with_sound() {
    journey(SMALL, &Film::of(&SMALL));
}

#[test]
fn a_browser_publishes_without_sound() {
    let clip = Clip { sound: false, ..SMALL };
    journey(clip, &Film::of(&clip));
}

#[test]
fn a_recorder_publishes_its_file_with_aac() {
    journey(SMALL, &Film::recorded(&SMALL));
}

#[test]
fn a_recorder_publishes_its_file_with_opus_and_pictures_out_of_order() {
    let clip = Clip { opus: true, b_frames: 2, ..SMALL };
    journey(clip, &Film::recorded(&clip));
}

/// Published, rung, watched live, acknowledged, ended, recorded: every picture at its time, sound in step.
fn journey(clip: Clip, film: &Film) {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let (mut rings, share) = (tv.events(), phone.share_with(&user));
    let (mut camera, id) = Camera::publish(&share.websocket_url, film);
    assert_eq!(id, share.id);
    let ringing = std::thread::spawn(move || rings.wait_for("ring", |event| event["share_id"] == id.as_str()));
    let (play, watching) = std::thread::scope(|scope| {
        let viewer = scope.spawn(|| {
            ringing.join().expect("it rings");
            let play = tv.accept(&share, "live");
            let url = play.url("live.mp4");
            let _ = tv.0.post(&format!("/tv/api/shares/{}/watching", share.id), &json!({ "position_ms": 0 }));
            (play, std::thread::spawn(move || film::decode_with(&[], clip.sound, &url)))
        });
        assert!(camera.play(film, ALL), "closed with {:?}", camera.closed);
        viewer.join().expect("it is watched")
    });
    camera.end();
    phone.wait_until(&share, "ended");

    let live = watching.join().expect("the live view is decoded");
    let first = *live.numbers().first().expect("pictures came live");
    plays_well(&clip, &live, first);
    let recorded = film::decode_with(&[], clip.sound, &play.url("video.mp4"));
    plays_well(&clip, &recorded, 0);

    // Acknowledgements: five a second at most, the last of one of the last pictures, nothing waited on loopback.
    let (acks, seconds) = (&camera.acks, clip.seconds);
    assert!((seconds..=5 * seconds + 1).contains(&acks.len()), "{} acknowledgements", acks.len());
    assert!(acks.is_sorted_by_key(|ack| ack["timestamp_us"].as_i64()), "{acks:?}");
    let waited: Vec<_> = acks.iter().map(|ack| ack["queue_ms"].as_u64().expect("a number")).collect();
    assert!(waited.iter().filter(|ms| **ms < 100).count() > waited.len() / 2, "{waited:?}");
    assert!(acks.iter().any(|ack| ack["viewers"] == 1), "{acks:?}");
    let sent: usize = film.messages.iter().map(|(_, message)| message.len()).sum();
    assert!(acks.last().expect("some came")["received_bytes"].as_u64() <= Some(sent as u64));
}

fn plays_well(clip: &Clip, film: &film::Decoded, first: u32) {
    assert_eq!(film.complaints, Vec::<String>::new());
    film.shows_every_picture(first..clip.pictures() as u32);
    if clip.sound {
        film.sounds_for(film.pictures.len() as f64 / FRAME_RATE as f64 - 0.15);
        film.is_in_step();
    }
}

#[test]
fn a_camera_that_is_lost_and_comes_back_continues_its_share() {
    let film = Film::of(&SMALL);
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let half = Duration::from_secs(3);
    let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
    assert!(camera.play(&film, Duration::ZERO..half));
    drop(camera);
    let again = reconnected(&share.websocket_url);
    let mut camera = again;
    camera.say(&film.start);
    assert_eq!(camera.hear("started")["share_id"], share.id.as_str());
    assert!(camera.play(&film, half..ALL.end));
    camera.end();
    phone.wait_until(&share, "ended");
    assert_eq!(gateway.recordings().len(), 1, "one share, one recording");
    let recorded = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    assert_eq!(recorded.complaints, Vec::<String>::new());
    recorded.shows_every_picture(0..SMALL.pictures() as u32);
}

/// Its old connection is still open, as when a phone went from one network to another: it need not wait until that is
/// taken for dead, and nobody else can take its place.
#[test]
fn a_camera_that_comes_back_takes_its_own_place() {
    let film = Film::of(&SMALL);
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let url = format!("{}?camera=c0ffee", share.websocket_url);
    let half = Duration::from_secs(3);
    let (mut old, _) = Camera::publish(&url, &film);
    assert!(old.play(&film, Duration::ZERO..half));
    for stranger in ["", "?camera=", "?camera=c0ffe", "?camera=c0ffee0"] {
        assert_eq!(Camera::connect(&format!("{}{stranger}", share.websocket_url)).err(), Some(409), "{stranger}");
    }
    let (mut new, id) = Camera::publish(&url, &film);
    assert_eq!(id, share.id);
    assert!(new.play(&film, half..ALL.end));
    new.end();
    phone.wait_until(&share, "ended");
    assert_eq!(gateway.recordings().len(), 1, "one share, one recording");
    let recorded = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    assert_eq!(recorded.complaints, Vec::<String>::new());
    recorded.shows_every_picture(0..SMALL.pictures() as u32);
}

/// Connects as soon as the gateway has noticed that the one before is gone.
fn reconnected(url: &str) -> Camera {
    let began = Instant::now();
    loop {
        match Camera::connect(url) {
            Ok(camera) => return camera,
            Err(409) if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            Err(status) => panic!("{url} answers {status}"),
        }
    }
}

/// What Chromium's MediaRecorder wrote, H.264 and Opus, handed on at once; then another file of the same share, as a page
/// begins one when it was too slow.
#[test]
fn files_of_a_browsers_recorder_follow_each_other_in_one_share() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let film = Film {
        messages: RECORDER.chunks(3000).map(|piece| (0, message(3, 0, 0, piece))).collect(),
        start: json!({ "type": "start", "version": 1, "container": "mp4" }),
    };
    for time in 0..2 {
        let mut camera = reconnected(&share.websocket_url);
        camera.say(&film.start);
        assert_eq!(camera.hear("started")["share_id"], share.id.as_str());
        assert!(camera.play(&film, ALL), "closed with {:?}", camera.closed);
        if time == 1 {
            camera.end();
        } else {
            phone.wait_until(&share, "ready");
        }
    }
    phone.wait_until(&share, "ended");
    let recorded = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    // ffmpeg's writer of raw pictures complains about uneven times; its decoder must not.
    let broken: Vec<_> = recorded.complaints.iter().filter(|complaint| complaint.contains("h264")).collect();
    assert_eq!(broken, Vec::<&String>::new());
    assert_eq!(recorded.pictures.len(), 2 * 106);
    assert!(recorded.pictures.is_sorted_by(|one, next| one.at_s < next.at_s));
}

#[test]
fn a_share_has_one_publisher_and_a_token_is_a_right_to_one_share() {
    let film = Film::of(&SHORT);
    let gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.share_with(&user);
    let unknown = format!("ws://127.0.0.1:{}/publish/AAAAAAAAAAAAAAAAAAAAAAAA", gateway.http_port);
    assert_eq!(Camera::connect(&unknown).err(), Some(404));
    let plain = share.websocket_url.replace("ws://", "http://");
    crate::web::call("GET", &plain, &[], &[]).expect(426);

    // Two that were let in before either began: the second to begin is told.
    let mut late = Camera::connect(&share.websocket_url).expect("nobody publishes yet");
    let (mut first, _) = Camera::publish(&share.websocket_url, &film);
    late.say(&film.start);
    late.is_sent_away("refused", 1008);
    assert_eq!(Camera::connect(&share.websocket_url).err(), Some(409));
    let rtsp = program::run(publisher::ffmpeg(&SHORT, Transport::Tcp, &share.rtsp_url), PATIENCE);
    assert!(!rtsp.status.success(), "a share is published once, whatever is spoken");
    assert!(first.send(&film.key_frame()));
    first.end();
    phone.wait_until(&share, "ended");
    assert_eq!(Camera::connect(&share.websocket_url).err(), Some(404), "it is over");
}

#[test]
fn who_does_not_speak_as_the_book_says_is_sent_away() {
    let film = Film::of(&SHORT);
    let gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    let share = phone.share_with(&user);
    let before_start: &[(tungstenite::Message, &str, u16)] = &[
        (tungstenite::Message::text("hello"), "bad_message", 1002),
        (tungstenite::Message::text(r#"{"type":"end"}"#), "bad_message", 1002),
        (tungstenite::Message::Binary(film.key_frame()), "bad_message", 1002),
        (tungstenite::Message::text(r#"{"type":"start","version":2}"#), "unsupported_version", 1002),
        (
            tungstenite::Message::text(r#"{"type":"start","version":1,"video":{"codec":"vp8"}}"#),
            "unsupported_codec",
            1003,
        ),
        (tungstenite::Message::text("x".repeat(20_000)), "too_large", 1009),
        (tungstenite::Message::Binary(vec![1; 4 * 1024 * 1024 + 1].into()), "too_large", 1009),
    ];
    for (said, code, close) in before_start {
        let mut camera = Camera::connect(&share.websocket_url).expect("nobody publishes");
        // The gateway may have heard enough before all is sent.
        let _ = camera.socket.send(said.clone());
        camera.is_sent_away(code, *close);
    }
    // Lengths that lie: of a frame of 2^62 bytes, of one that never comes whole, and one without a mask.
    for (bytes, code, close) in [
        (&[0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4][..], "too_large", 1009),
        (&[0x82, 3, 1, 2, 3], "bad_message", 1002),
        (&[0xc2, 0x81, 1, 2, 3, 4, 5], "bad_message", 1002),
    ] {
        let mut camera = Camera::connect(&share.websocket_url).expect("nobody publishes");
        camera.socket.get_mut().write_all(bytes).expect("the gateway reads");
        camera.is_sent_away(code, close);
    }
    let key = film.key_frame();
    for bad in [
        message(9, 0, 0, &key[12..]),
        message(3, 0, 0, &key[12..]),
        message(1, 0, 0, &[0, 0, 0, 5, 0x65, 1, 2, 3, 4]),
        key.slice(..11),
    ] {
        let mut camera = reconnected(&share.websocket_url);
        camera.say(&film.start);
        camera.hear("started");
        camera.send(&bad);
        camera.is_sent_away("bad_message", 1002);
    }
    let with_codec = |letters: &[u8; 4]| {
        // Behind the brands, one of which has this name too.
        let at = RECORDER.windows(5).position(|found| found == b"avc1\0").expect("it is described");
        [&RECORDER[..at], letters, &RECORDER[at + 4..]].concat()
    };
    for (file, code, close) in [
        (with_codec(b"hvc1"), "unsupported_codec", 1003),
        (with_codec(b"vp09"), "unsupported_codec", 1003),
        (HEVC.to_vec(), "bad_message", 1002),
        (b"not a film at all".to_vec(), "bad_message", 1002),
        ([b"\x7f\0\0\0moov", RECORDER].concat(), "too_large", 1009),
    ] {
        let mut camera = reconnected(&share.websocket_url);
        camera.say(&json!({ "type": "start", "version": 1, "container": "mp4" }));
        camera.hear("started");
        camera.send(&message(3, 0, 0, &file));
        camera.is_sent_away(code, close);
    }
    // And all of it has harmed nobody.
    let mut camera = reconnected(&share.websocket_url);
    camera.say(&film.start);
    camera.hear("started");
    assert!(camera.play(&film, ALL));
    camera.end();
    phone.wait_until(&share, "ended");
}

#[test]
fn whose_phone_or_share_is_withdrawn_is_sent_away_within_a_second() {
    let film = Film::of(&SMALL);
    let gateway = Gateway::start();
    let Household { user, mut phone, .. } = gateway.household();
    for revoked in [false, true] {
        let share = phone.share_with(&user);
        let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
        assert!(camera.play(&film, Duration::ZERO..Duration::from_secs(1)));
        phone.wait_until(&share, "ready");
        if revoked {
            let phones = gateway.admin(&["phone", "list"]);
            let id = crate::gateway::text(&phones["phones"][0], "phone_id");
            gateway.admin(&["phone", "revoke", &id]);
        } else {
            phone.0.call("DELETE", &format!("/api/v1/shares/{}", share.id), None);
        }
        let asked = Instant::now();
        // Once while it sends, once while it says nothing.
        if revoked {
            assert!(!camera.play(&film, Duration::from_secs(1)..Duration::from_secs(6)), "it is ended");
        }
        assert_eq!(camera.hear("end")["reason"], "withdrawn");
        assert_eq!(camera.close_code(), 1008);
        let after = asked.elapsed();
        assert!(after < Duration::from_secs(1), "{after:?}");
        assert_eq!(Camera::connect(&share.websocket_url).err(), Some(404));
    }
}

#[test]
fn a_gateway_that_stops_says_so_and_keeps_what_came() {
    let film = Film::of(&SMALL);
    let mut gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
    assert!(camera.play(&film, Duration::ZERO..Duration::from_secs(2)));
    phone.wait_until(&share, "ready");
    gateway.stop();
    assert_eq!(camera.hear("end")["reason"], "stopping");
    assert_eq!(camera.close_code(), 1001);
    gateway.serve();
    assert_eq!(phone.state(&share), "ready", "its camera may come back");
    let recorded = film::decode(&Play::of(&tv.entry(&share)["play"]).url("video.mp4"));
    recorded.shows_every_picture(0..2 * FRAME_RATE as u32);
}

/// Who sends nothing, or a byte a second, is not waited for, and holds up nobody; nor do fifty at once.
#[test]
fn slow_and_silent_ones_are_shown_out_while_fifty_publish() {
    let film = Film::of(&SMALL);
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let (idle_share, silent_share) = (phone.share_with(&user), phone.share_with(&user));
    let mut idle = Camera::connect(&idle_share.websocket_url).expect("nobody publishes");
    let mut slow = Camera::connect(&idle_share.websocket_url).expect("nobody publishes");
    let slow_bytes = slow.socket.get_ref().try_clone().expect("a socket");
    let dribbling = std::thread::spawn(move || {
        let head = [0x82, 0xfe, 0x10, 0, 0, 0, 0, 0];
        for n in 0..40 {
            if (&slow_bytes).write_all(&[head.get(n).copied().unwrap_or(7)]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let (mut silent, _) = Camera::publish(&silent_share.websocket_url, &film);
    assert!(silent.send(&film.key_frame()));
    let began = Instant::now();

    let shares: Vec<_> = (0..50).map(|_| phone.share_with(&user)).collect();
    std::thread::scope(|scope| {
        for share in &shares {
            scope.spawn(|| {
                let (mut camera, _) = Camera::publish(&share.websocket_url, &film);
                assert!(camera.play(&film, ALL), "closed with {:?}", camera.closed);
                camera.end();
            });
        }
        assert_eq!(silent.hear("end")["reason"], "silent");
        assert_eq!(silent.close_code(), 1008);
        assert!(began.elapsed() >= Duration::from_secs(4), "silent after {:?}", began.elapsed());
    });
    idle.is_sent_away("late_start", 1008);
    slow.is_sent_away("late_start", 1008);
    dribbling.join().expect("it was slow to the end");
    for share in &shares {
        phone.wait_until(share, "ended");
    }
    let recorded = film::decode(&Play::of(&tv.entry(&shares[49])["play"]).url("video.mp4"));
    recorded.shows_every_picture(0..SMALL.pictures() as u32);
}
