//! Camera apps at a phone's lasting address, from a house that nobody owns yet: the first phone claims it, an app publishes,
//! the TV rings; a break goes on with the same share, and a second app, a phone without recipients or a revoked one are
//! sent away.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clip::{Clip, SMALL};
use crate::gateway::{Gateway, PATIENCE, text};
use crate::program;
use crate::publisher::{self, Transport};
use crate::web::{Caller, Events};

const LONG: Clip = Clip { seconds: 30, ..SMALL };

/// A claimed house: its TV, its phone, and the phone's address for camera apps.
struct House {
    gateway: Gateway,
    tv: Caller,
    phone: Caller,
    rtsp_url: String,
}

impl House {
    fn claimed() -> Self {
        let gateway = Gateway::start();
        let mut tv = Caller::new(&gateway.base());
        let device = tv.get("/tv/api/device");
        let claim = json!({ "code": text(&device, "pairing_code"), "name": "Rui" });
        let mut phone = Caller::new(&gateway.base());
        let claimed = phone.post("/api/v1/claim", &claim).expect(201).json();
        phone.bearer = Some(text(&claimed, "token"));
        let signed_in = tv.post("/tv/api/sign-in", &json!({ "user_id": claimed["user_id"] }));
        assert!((200..300).contains(&signed_in.status), "{}", signed_in.text());
        let rtsp_url = text(&phone.get("/api/v1/camera-apps"), "rtsp_url");
        Self { gateway, tv, phone, rtsp_url }
    }

    fn shares(&mut self) -> Value {
        self.phone.get("/api/v1/shares")
    }

    fn rings(&self) -> Events {
        self.tv.events("/tv/api/events")
    }
}

/// What ffmpeg says of why it may not publish.
fn refusal(url: &str) -> String {
    let ended = program::run(publisher::ffmpeg(&SMALL, Transport::Tcp, url), PATIENCE);
    assert!(!ended.status.success(), "{} may publish", ended.what);
    ended.stderr
}

#[test]
fn an_app_publishes_where_its_phone_lives() {
    let mut house = House::claimed();
    let mut rings = house.rings();
    let first = program::start(publisher::ffmpeg_for_ever(&LONG, Transport::Tcp, &house.rtsp_url));
    let ring = rings.wait_for("ring", |_| true);
    assert_eq!(ring["sender"]["name"], "Rui", "{ring}");
    let share = text(&ring, "share_id");
    assert_eq!(house.shares()["total"], 1);

    // Another at the same time is refused, and harms nobody.
    let why = refusal(&house.rtsp_url);
    assert!(why.contains("403") && why.contains("already being published"), "{why}");
    let state = |house: &mut House| text(&house.phone.get(&format!("/api/v1/shares/{share}")), "state");
    assert_eq!(state(&mut house), "ready");

    // The app is gone without a word and comes back: the same share goes on, and ends with it.
    first.kill();
    let mut seen = house.phone.events(&format!("/api/v1/shares/{share}/events"));
    let came_back = Instant::now();
    let again = loop {
        let publishing = program::start(publisher::ffmpeg(&SMALL, Transport::Tcp, &house.rtsp_url));
        let ended = publishing.wait(PATIENCE);
        // What is left of the first connection may still stand for a moment.
        if !ended.stderr.contains("403") {
            break ended;
        }
        assert!(came_back.elapsed() < Duration::from_secs(10), "{}", ended.stderr);
    };
    again.ok();
    seen.wait_for("share", |event| event["state"] == "ended");
    let shares = house.shares();
    assert_eq!((&shares["total"], &shares["shares"][0]["share_id"]), (&json!(1), &json!(share)), "{shares}");

    // The next time it is the next share.
    program::run(publisher::ffmpeg(&SMALL, Transport::Tcp, &house.rtsp_url), PATIENCE).ok();
    assert_eq!(house.shares()["total"], 2);

    // One that is stopped on the phone's page does not make the TVs ring again by coming back by itself.
    let mut rings = house.rings();
    let publishing = program::start(publisher::ffmpeg_for_ever(&LONG, Transport::Tcp, &house.rtsp_url));
    let share = text(&rings.wait_for("ring", |_| true), "share_id");
    house.phone.post(&format!("/api/v1/shares/{share}/stop"), &json!({})).expect(200);
    assert!(!publishing.wait(PATIENCE).status.success(), "its connection is ended");
    let why = refusal(&house.rtsp_url);
    assert!(why.contains("403") && why.contains("stop it in the app too"), "{why}");
    let told = house.gateway.stop();
    let token = house.rtsp_url.rsplit('/').next().expect("a token");
    assert!(!told.contains(token), "a token is in the log");
}

#[test]
fn who_has_nobody_to_share_with_or_is_revoked_is_sent_away() {
    let mut house = House::claimed();
    let chosen = house.phone.get("/api/v1/recipients")["targets"].clone();
    house.phone.call("PUT", "/api/v1/recipients", Some(&json!({ "targets": [] })));
    let why = refusal(&house.rtsp_url);
    assert!(why.contains("403") && why.contains("choose who shall see it first"), "{why}");
    assert!(refusal(&house.rtsp_url.replace("/phone/", "/phone/x")).contains("404"));
    assert_eq!(house.shares()["total"], 0, "a refused one leaves no share behind");
    house.phone.call("PUT", "/api/v1/recipients", Some(&json!({ "targets": chosen })));

    let mut rings = house.rings();
    let publishing = program::start(publisher::ffmpeg_for_ever(&LONG, Transport::Tcp, &house.rtsp_url));
    let share = text(&rings.wait_for("ring", |_| true), "share_id");
    let phones = house.gateway.admin(&["phone", "list"]);
    house.gateway.admin(&["phone", "revoke", &text(&phones["phones"][0], "phone_id")]);
    let revoked = Instant::now();
    rings.wait_for("share", |event| event["share_id"] == share.as_str() && event["state"] == "ended");
    let after = revoked.elapsed();
    assert!(after < Duration::from_secs(1), "{after:?}");
    assert!(!publishing.wait(PATIENCE).status.success(), "its connection is ended");
    assert!(refusal(&house.rtsp_url).contains("404"));
}
