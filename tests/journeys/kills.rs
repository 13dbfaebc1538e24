//! Power cuts: the gateway is killed at random instants while it records, a hundred times. What it had acknowledged is
//! there afterwards, and every recording plays.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::boxes::Film;
use crate::clip::{Clip, SMALL};
use crate::gateway::{Gateway, Household, PATIENCE, Play};
use crate::program::{self, command};
use crate::publisher::{self, Transport};
use crate::web;

const ROUNDS: u64 = 100;
const CLIP: Clip = Clip { width: 320, height: 192, kilobits_per_second: 200, ..SMALL };

#[test]
fn killed_a_hundred_times_it_loses_nothing_it_had_acknowledged() {
    CLIP.file();
    let mut gateway = Gateway::start();
    let Household { user, mut tv, phone } = gateway.household();
    // Two: of one sender, no hundred shares are under way at once.
    let mut phones = [phone, gateway.phone("Eva")];
    // The furthest state the phone was told of each share.
    let mut told = BTreeMap::new();
    let mut random: u64 = 20_261_123;
    for round in 0..ROUNDS {
        let sender = round as usize % phones.len();
        let phone = &mut phones[sender];
        let share = phone.share_with(&user);
        told.insert(share.id.clone(), (share.clone(), sender, "pending"));
        let publishing = program::start(publisher::ffmpeg_for_ever(&CLIP, Transport::Tcp, &share.rtsp_url));
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let instant = Duration::from_millis((random >> 33) % 1200);
        // Every third is killed at some instant of its beginning, the others once the share is known to be ready.
        if round % 3 != 0 {
            phone.wait_until(&share, "ready");
            told.insert(share.id.clone(), (share, sender, "ready"));
        }
        std::thread::sleep(instant);
        gateway.kill();
        publishing.kill();
        gateway.serve();
    }

    // Everything the phone was told is so, and those that streamed end when nobody comes back.
    let mut played = 0;
    for (share, sender, state) in told.values() {
        if *state == "ready" {
            phones[*sender].wait_until(share, "ended");
        }
        let entry = tv.entry(share);
        if *state == "ready" || !entry["play"].is_null() {
            let video = Play::of(&entry["play"]).url("video.mp4");
            let bytes = web::call("GET", &video, &[], &[]);
            // A share that was killed with its first picture may have none on disk.
            if bytes.status == 200 {
                let film = Film::read(&bytes.body);
                assert!(film.names.contains(&"moov".to_owned()) && film.left_over == 0, "share {}: {film:?}", share.id);
                played += 1;
            } else {
                assert_ne!(*state, "ready", "share {} was ready and has no recording: {}", share.id, bytes.text());
            }
        }
    }
    assert!(played >= ROUNDS * 2 / 3, "{played} recordings of {ROUNDS}");
    let inbox = tv.0.get("/tv/api/inbox?offset=0&limit=1");
    assert!(inbox["total"].as_u64() >= Some(played), "{inbox}");

    // And each file plays by itself.
    for file in gateway.recordings() {
        let film = Film::read(&std::fs::read(&file).expect("the recording can be read"));
        film.has_no_gap(35);
        assert_eq!(film.left_over, 0, "{} ends with a whole fragment", file.display());
        let mut decode = command("ffmpeg", ["-nostdin", "-v", "warning", "-xerror", "-i"]);
        decode.arg(&file).args(["-f", "null", "-"]);
        let said = program::run(decode, PATIENCE).ok();
        assert_eq!(said.stderr, "", "{}", file.display());
    }
}
