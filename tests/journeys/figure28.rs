//! Figure 28 of the patent, from 10 to 90, in one walk: a grandmother watches television, her granddaughter goes live, and
//! a moment later is on the screen. Each claim is named where it is shown; 9 to 15 are the method of the system in 1 to 8.

use serde_json::json;

use crate::channels::{channels, decodes, hls_url, settings, wait_for};
use crate::clip::SMALL;
use crate::film;
use crate::gateway::{Gateway, Household, PATIENCE, Play, text};
use crate::program;
use crate::publisher::{self, Transport};
use crate::upstream::{Upstream, file, live_hls, write};
use crate::web::{self, Caller};

#[test]
fn from_the_request_to_the_picture() {
    SMALL.file();
    let folder = tempfile::tempdir().expect("a folder");
    let _on_air = live_hls(&SMALL, folder.path());
    let served = folder.path().to_owned();
    let station = Upstream::start(move |asked| file(&served, asked));
    let list =
        write(folder.path(), "tv.m3u", format!("#EXTM3U\n#EXTINF:-1,One\n{}\n", station.url("/live/master.m3u8")));
    let mut gateway = Gateway::start_with(&settings(list.to_str().expect("text"), &[station.port()]));
    let mut house = gateway.household();
    let account = text(&gateway.admin(&["account", "list"])["accounts"][0], "account_id");
    let grandfather = text(&gateway.admin(&["user", "add", "--account", &account, "--name", "Joaquim"]), "user_id");
    let neighbour = another_household(&gateway);

    // Claims 1 and 9: the TV is served ordinary television.
    wait_for("segments", || {
        let index = std::fs::read_to_string(folder.path().join("index.m3u8")).ok()?;
        (index.matches("#EXTINF").count() > 3).then_some(())
    });
    let channel = hls_url(&gateway, &channels(&mut house)[0]);
    decodes(&channel, "1");
    let Household { user: grandmother, mut tv, phone } = house;
    let mut rui = phone.0;

    // 10: the phone asks to share. Claims 3 and 11: only who is known may, and only with whom they know.
    let stranger = Caller::new(&gateway.base()).post("/api/v1/shares", &json!({ "targets": [grandmother] }));
    assert_eq!(stranger.status, 401, "{}", stranger.text());
    let asked =
        rui.post("/api/v1/shares", &json!({ "targets": [grandmother], "title": "First steps" })).expect(201).json();

    // 20: an id is made for it and kept. Claims 4 and 12: whoever asks finds it by that id, after a power cut too.
    let share = text(&asked, "share_id");
    gateway.kill();
    gateway.serve();
    assert_eq!(text(&rui.get(&format!("/api/v1/shares/{share}")), "state"), "pending");
    let (mut hears, mut neighbour_hears) = (tv.events(), neighbour.events("/tv/api/events"));
    let mut seen_by_phone = rui.events(&format!("/api/v1/shares/{share}/events"));

    // 30: the phone sends its video. Claims 5 and 13: that it is being prepared is told; no TV has rung.
    let url = text(&asked["publish"], "rtsp_url");
    let publishing = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &url));
    seen_by_phone.wait_for("share", |event| event["state"] == "preparing");

    // 40 to 60: it is ready, and only then the TV of the one it is for rings. Claims 1, 3, 9 and 11.
    seen_by_phone.wait_for("share", |event| event["state"] == "ready");
    let ring = hears.wait_for("ring", |event| event["share_id"] == share.as_str());
    assert_eq!((&ring["user_id"], &ring["sender"]["name"]), (&json!(grandmother), &json!("Rui")));

    // 70: the TV opens the notification's own address, and is told what it is about. Claims 2, 8 and 10.
    let page = web::call("GET", &format!("{}/tv/n/{share}", gateway.base()), &[], &[]).expect(200);
    assert!(page.field("content-type").is_some_and(|kind| kind.starts_with("text/html")), "an application for TVs");
    let entry = tv.0.get(&format!("/tv/api/shares/{share}"));
    assert_eq!((&entry["state"], &entry["title"]), (&json!("ready"), &json!("First steps")), "{entry}");
    let still = text(&entry, "thumbnail_url");
    assert!(web::call("GET", &still, &[], &[]).expect(200).body.starts_with(&[0xff, 0xd8]), "with a still picture");

    // Claims 3 and 11: nobody else in the house, nor anyone in another, is given it; at home it is no secret whose it is.
    let elsewhere = neighbour.clone().call("GET", &format!("/tv/api/shares/{share}"), None);
    assert_eq!(elsewhere.status, 404, "{}", elsewhere.text());
    let mut beside = tv.clone();
    beside.0.post("/tv/api/sign-in", &json!({ "user_id": grandfather })).expect(200);
    assert_eq!(beside.0.call("GET", &format!("/tv/api/shares/{share}"), None).status, 403);

    // 80: she accepts, and the phone learns it. Claims 2, 6, 10 and 14.
    let accepted = tv.0.post(&format!("/tv/api/shares/{share}/accept"), &json!({ "from": "live" })).expect(200).json();
    seen_by_phone.wait_for("target", |event| event["state"] == "watching" && event["user_id"] == grandmother.as_str());

    // 90: the TV has the video from the streaming server, until it ends. Claims 2 and 10.
    let live = Play::of(&accepted["play"]).url("live.mp4");
    let watching = std::thread::spawn(move || film::decode(&live));
    let delay = json!({ "position_ms": 500, "latency_ms": 180 });
    tv.0.post(&format!("/tv/api/shares/{share}/watching"), &delay).expect(200);
    // Claims 6 and 14: the phone is told all along: who watches, how far behind the camera.
    let target = seen_by_phone.wait_for("target", |event| event["latency_ms"] == 180);
    assert_eq!(target["state"], "watching", "{target}");

    // Claims 7 and 15: so is the TV, up to the end.
    hears.wait_for("share", |event| event["share_id"] == share.as_str() && event["state"] == "ended");
    seen_by_phone.wait_for("share", |event| event["state"] == "ended");
    publishing.wait(PATIENCE).ok();
    let seen = watching.join().expect("the live view ends with the share");
    seen.shows_every_picture(seen.numbers()[0]..SMALL.pictures() as u32);
    seen.is_in_step();

    // And the television is still there to go back to.
    decodes(&channel, "1");

    // Next door nothing was heard of all this: the first that is told there is that their own TV was given a new name.
    let theirs = text(&neighbour.clone().get("/tv/api/device"), "tv_id");
    gateway.admin(&["tv", "rename", &theirs, "Kitchen"]);
    assert_eq!(neighbour_hears.next().name, "hello");
    assert_eq!(neighbour_hears.next().name, "tv");
}

/// A paired TV in another household; nobody there knows anyone here.
fn another_household(gateway: &Gateway) -> Caller {
    let account = text(&gateway.admin(&["account", "add", "Next door"]), "account_id");
    let mut tv = Caller::new(&gateway.base());
    let code = text(&tv.get("/tv/api/device"), "pairing_code");
    gateway.admin(&["tv", "approve", &code, "--account", &account]);
    let user = text(&gateway.admin(&["user", "add", "--account", &account, "--name", "Nuno"]), "user_id");
    tv.post("/tv/api/sign-in", &json!({ "user_id": user })).expect(200);
    tv
}
