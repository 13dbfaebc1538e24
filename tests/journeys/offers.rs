//! What answers offer is there: every address in them is asked for, in every state a share can be in.

use serde_json::{Value, json};

use crate::clip::{Clip, SMALL};
use crate::gateway::{Gateway, Household, PATIENCE, Share, Tv};
use crate::program;
use crate::publisher::{self, Transport};
use crate::web;

const SHORT: Clip = Clip { seconds: 2, ..SMALL };

/// Asks for every address in an answer; how many there were.
#[track_caller]
fn follow(gateway: &Gateway, answer: &Value) -> usize {
    match answer {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value.as_str().filter(|_| name.ends_with("_url")) {
                Some(url) => {
                    let url = if url.starts_with('/') { format!("{}{url}", gateway.base()) } else { url.to_owned() };
                    let opened = web::open("GET", &url, &[], &[]).unwrap_or_else(|error| panic!("{url}: {error}"));
                    assert_eq!(opened.answer.status, 200, "{name} {url} in {answer}");
                    1
                }
                None => follow(gateway, value),
            })
            .sum(),
        Value::Array(values) => values.iter().map(|value| follow(gateway, value)).sum(),
        _ => 0,
    }
}

/// Follows all that a TV is told of a share: in its entry, in the inbox, and where it is accepted. The entry, and the
/// names of the addresses at which it plays.
#[track_caller]
fn offered(gateway: &Gateway, tv: &mut Tv, share: &Share) -> (Value, Vec<String>) {
    let entry = tv.entry(share);
    follow(gateway, &entry);
    follow(gateway, &tv.0.get("/tv/api/inbox"));
    let accepted = tv.0.post(&format!("/tv/api/shares/{}/accept", share.id), &json!({ "from": "start" }));
    assert_eq!(accepted.status == 200, entry["play"].is_object(), "{}: {entry}", accepted.text());
    let names = |play: &Value| -> Vec<String> {
        play.as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .filter(|name| name.ends_with("_url"))
            .collect()
    };
    if accepted.status == 200 {
        let play = &accepted.json()["play"];
        assert_eq!(follow(gateway, play), names(play).len());
        assert_eq!(names(play), names(&entry["play"]));
    }
    assert_eq!(entry["recorded"], entry["play"]["video_mp4_url"].is_string(), "{entry}");
    assert!(!entry["play"].is_object() || entry["thumbnail_url"].is_string(), "{entry}");
    let names = names(&entry["play"]);
    (entry, names)
}

const LIVE: [&str; 4] = ["hls_url", "live_mp4_url", "thumbnail_url", "video_mp4_url"];
const OVER: [&str; 3] = ["hls_url", "thumbnail_url", "video_mp4_url"];

#[test]
fn all_that_is_offered_of_a_share_is_there_from_its_first_picture_to_its_end() {
    SMALL.file();
    let mut gateway = Gateway::start_with("[share]\nresume_window = \"8s\"\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let entry = tv.entry(&share);
    assert!(entry["play"].is_null() && entry["thumbnail_url"].is_null(), "nothing has come: {entry}");

    let (mut rings, mut on_tv, mut on_phone) = (tv.events(), tv.events(), phone.events(&share));
    let publishing = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    rings.wait_for("ring", |_| true);
    assert_eq!(offered(&gateway, &mut tv, &share).1, LIVE);

    // Interrupted: TV and phone are told, and told again when it is back.
    publishing.kill();
    for told in [&mut on_tv, &mut on_phone] {
        let event = told.wait_for("share", |event| event["interrupted"].is_boolean());
        assert_eq!((&event["interrupted"], &event["state"]), (&json!(true), &json!("ready")), "{event}");
    }
    let (entry, names) = offered(&gateway, &mut tv, &share);
    assert_eq!((&entry["interrupted"], names), (&json!(true), LIVE.map(str::to_owned).to_vec()), "{entry}");
    assert_eq!(phone.0.get(&format!("/api/v1/shares/{}", share.id))["interrupted"], true);
    let publishing = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    for told in [&mut on_tv, &mut on_phone] {
        told.wait_for("share", |event| event["interrupted"] == false);
    }
    assert_eq!(tv.entry(&share)["interrupted"], false);

    // Lost for good: over, as what it is.
    publishing.kill();
    let ended = on_tv.wait_for("share", |event| event["state"] == "ended");
    assert_eq!(ended["reason"], "lost", "{ended}");
    let (entry, names) = offered(&gateway, &mut tv, &share);
    assert_eq!((&entry["reason"], names), (&json!("lost"), OVER.map(str::to_owned).to_vec()), "{entry}");

    // The same from the disk alone.
    gateway.stop();
    gateway.serve();
    assert_eq!(offered(&gateway, &mut tv, &share).1, OVER);

    phone.0.call("DELETE", &format!("/api/v1/shares/{}", share.id), None).expect(200);
    tv.0.call("GET", &format!("/tv/api/shares/{}", share.id), None).expect(404);
}

#[test]
fn a_share_that_never_started_offers_nothing() {
    let gateway = Gateway::start_with("[share]\npending_timeout = \"1s\"\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    phone.wait_until(&share, "ended");
    let (entry, names) = offered(&gateway, &mut tv, &share);
    assert_eq!(
        (&entry["reason"], &entry["recorded"], names.len()),
        (&json!("never_started"), &json!(false), 0),
        "{entry}"
    );
    let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
    assert_eq!((&report["reason"], &report["recorded"]), (&json!("never_started"), &json!(false)), "{report}");
}

#[test]
fn where_nothing_is_recorded_no_video_is_promised() {
    SHORT.file();
    let gateway = Gateway::start_with("[recording]\nenabled = false\n");
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let report = phone.0.get(&format!("/api/v1/shares/{}", share.id));
    assert_eq!(report["recorded"], false, "known before it begins: {report}");
    let mut rings = tv.events();
    let publishing = program::start(publisher::ffmpeg_for_ever(&SHORT, Transport::Tcp, &share.rtsp_url));
    rings.wait_for("ring", |_| true);
    let (entry, names) = offered(&gateway, &mut tv, &share);
    assert_eq!((&entry["recorded"], names.join(" ").as_str()), (&json!(false), "hls_url live_mp4_url thumbnail_url"));
    phone.0.post(&format!("/api/v1/shares/{}/stop", share.id), &json!({})).expect(200);
    publishing.wait(PATIENCE);
    let (entry, names) = offered(&gateway, &mut tv, &share);
    assert_eq!((&entry["state"], &entry["recorded"], names.len()), (&json!("ended"), &json!(false), 0), "{entry}");
    let refused = tv.0.post(&format!("/tv/api/shares/{}/accept", share.id), &json!({ "from": "start" })).expect(410);
    assert_eq!(refused.json()["error"]["code"], "not_kept");
}
