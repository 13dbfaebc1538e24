//! Who may see what, and no longer than they may: what is taken back ends while it plays, what is kept is its owner's.

use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use crate::clip::{Clip, SMALL};
use crate::gateway::{Gateway, Household, PATIENCE, text};
use crate::program::{self, command};
use crate::publisher::{self, Transport};
use crate::web;

#[test]
fn what_plays_ends_with_the_right_to_it() {
    let gateway = Gateway::start();
    let Household { user, mut tv, mut phone } = gateway.household();
    let share = phone.share_with(&user);
    let publishing = program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &share.rtsp_url));
    phone.wait_until(&share, "ready");
    let plays = |url: &str| {
        let opened = web::open("GET", url, &[], &[]).expect("an answer");
        assert_eq!(opened.answer.status, 200);
        std::thread::spawn(move || {
            let mut body = opened.body;
            let mut bytes = Vec::new();
            // A body that is cut off ends with an error, or without one where nothing was under way.
            let _ = body.read_to_end(&mut bytes);
            bytes.len()
        })
    };

    // Someone signs out: what they were watching ends, what a program plays with a ticket of its own goes on.
    let play = tv.accept(&share, "live");
    let own = gateway.admin(&["share", "new", "--to", &user]);
    let own_share = text(&own, "share_id");
    let own_url = text(&own["play"], "live_mp4_url").replace("localhost", "127.0.0.1");
    let own_publishing =
        program::start(publisher::ffmpeg_for_ever(&SMALL, Transport::Tcp, &text(&own["publish"], "rtsp_url")));
    let (of_tv, of_program) = (plays(&play.url("live.mp4")), plays(&own_url));
    assert_eq!(tv.0.post("/tv/api/sign-out", &json!({})).status, 200);
    assert!(of_tv.join().expect("it ends") > 0);
    web::call("GET", &play.url("index.m3u8"), &[], &[]).expect(403);
    assert!(!of_program.is_finished());

    // They sign in again, and the TV is removed: its events end, too.
    assert_eq!(tv.0.post("/tv/api/sign-in", &json!({ "user_id": user })).status, 200);
    let play = tv.accept(&share, "live");
    let of_tv = plays(&play.url("live.mp4"));
    let id = text(&tv.0.get("/tv/api/device"), "tv_id");
    gateway.admin(&["tv", "remove", &id]);
    of_tv.join().expect("it ends");
    web::call("GET", &play.url("index.m3u8"), &[], &[]).expect(403);
    assert_eq!(phone.state(&share), "ready", "the stream itself flows on");

    // The program's ends with its share.
    gateway.admin(&["share", "delete", &own_share]);
    of_program.join().expect("it ends");
    drop((publishing, own_publishing));
}

/// Fails where anyone but the owner may do anything with what is in `folder`, or below it.
fn is_private(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, about) = (entry.path(), entry.metadata().expect("it is there"));
        let mode = about.permissions().mode() & 0o7777;
        let expected = if about.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{} has {mode:o}", path.display());
        if about.is_dir() {
            is_private(&path);
        }
    }
}

/// A data directory that was made carelessly, on a machine whose umask keeps nothing from anybody.
#[test]
fn what_is_kept_is_its_owners_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut gateway = Gateway::start_in(&data, "[channels]\nlist = \"https://127.0.0.1:1/none.m3u\"\n");
    let careless = || {
        let mut program = command("sh", ["-c", "umask 000; exec \"$0\" \"$@\""]);
        program.arg(env!("CARGO_BIN_EXE_lareira"));
        program
    };
    let Household { user, mut phone, .. } = gateway.household();
    let film = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/mp4/phone.mp4")).expect("a film");
    let send = |phone: &mut crate::gateway::Phone, gateway: &Gateway| {
        let ask = json!({ "targets": [user], "kind": "clip", "title": "First steps" });
        let share = text(&phone.0.post("/api/v1/shares", &ask).expect(201).json(), "share_id");
        let bearer = format!("Bearer {}", phone.0.bearer.as_deref().unwrap_or_default());
        let url = format!("{}/api/v1/shares/{share}/video", gateway.base());
        web::call("PUT", &url, &[("Authorization", &bearer)], &film).expect(200);
    };
    send(&mut phone, &gateway);
    gateway.stop();
    // All that is there is anybody's now.
    let widened = program::run(command("chmod", ["-R", "a+rwX", data.to_str().expect("text")]), PATIENCE);
    widened.ok();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("set");

    gateway.serve_by(careless());
    is_private(&data);
    let share = phone.share_with(&user);
    let clip = Clip { seconds: 2, ..SMALL };
    program::run(publisher::ffmpeg(&clip, Transport::Tcp, &share.rtsp_url), PATIENCE).ok();
    phone.wait_until(&share, "ended");
    send(&mut phone, &gateway);
    let photo = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/web/phone/icon-192.png")).expect("a picture");
    let bearer = format!("Bearer {}", phone.0.bearer.as_deref().unwrap_or_default());
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/png")];
    web::call("PUT", &format!("{}/api/v1/me/photo", gateway.base()), &headers, &photo).expect(200);
    let backup = data.join("backup");
    gateway.admin(&["backup", backup.to_str().expect("text")]);
    is_private(&data);
    gateway.admin(&["restore", backup.to_str().expect("text")]);
    gateway.kill();
    is_private(&data);
    gateway.serve_by(careless());
    is_private(&data);
}
