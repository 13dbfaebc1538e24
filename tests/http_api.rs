//! The phone API and the TV API over real sockets and a real store: a share from enrolment to inbox.

mod http_house;

use std::time::Duration;

use http_house::Request;
use http_house::home::{Home, code_of, cookie_of, event, event_id, json_of};
use lareira::ground::id::ShareId;
use lareira::share::{EndReason, Holder, MediaInfo, NewUser, Scope};
use serde_json::{Value, json};

#[test]
fn a_share_from_enrolment_to_inbox() {
    let home = Home::new();
    let steward = &home.steward;

    // A TV comes, is paired, and someone signs in.
    let device = home.ask("GET", "/tv/api/device", "", &Value::Null);
    let tv_cookie = cookie_of(&device);
    let code = json_of(&device)["pairing_code"].as_str().expect("a code").to_owned();
    assert_eq!(json_of(&device)["paired"], false);
    let url = format!("http://127.0.0.1:8080/go/#claim={code}");
    assert_eq!(json_of(&device)["pair_url"], url);
    let waiting = format!("Cookie: {tv_cookie}\r\n");
    let picture =
        home.ask("GET", json_of(&device)["pair_qr_svg"].as_str().expect("an address"), &waiting, &Value::Null);
    assert_eq!((picture.status, picture.field("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(home.ask("GET", "/tv/api/pair.svg", "", &Value::Null).status, 401);
    for path in ["/tv/api/inbox", "/tv/api/settings", "/tv/api/blocks", "/tv/api/channels"] {
        let unpaired = home.ask("GET", path, &format!("Cookie: {tv_cookie}\r\n"), &Value::Null);
        assert_eq!(code_of(&unpaired), (403, "not_paired".to_owned()), "{path}");
    }
    let account = steward.add_account("Casa", None).expect("an account");
    steward.approve_tv(&code, account.id, Some("Sala")).expect("paired");
    let new = NewUser {
        account: account.id,
        name: "Ana".to_owned(),
        msisdn: None,
        email: None,
        pin: Some("1234".to_owned()),
    };
    let user = steward.add_user(new).expect("a user");
    let tv = format!("Cookie: {tv_cookie}\r\n");
    let device = json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null));
    assert_eq!((&device["paired"], &device["account"]["name"]), (&json!(true), &json!("Casa")));
    let expected = json!([{ "user_id": user.id.to_string(), "name": "Ana", "photo_url": null, "has_pin": true, "signed_in": false }]);
    assert_eq!(device["users"], expected);
    let inbox = home.ask("GET", "/tv/api/inbox", &tv, &Value::Null);
    assert_eq!(code_of(&inbox), (401, "not_signed_in".to_owned()));
    let sign_in = |pin: &str, fields: &str| {
        home.ask("POST", "/tv/api/sign-in", fields, &json!({ "user_id": user.id.to_string(), "pin": pin }))
    };
    assert_eq!(code_of(&sign_in("9999", &tv)), (401, "wrong_pin".to_owned()));
    let user_cookie = cookie_of(&sign_in("1234", &tv));
    let tv = format!("Cookie: {tv_cookie}; {user_cookie}\r\n");
    assert_eq!(json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null))["users"][0]["signed_in"], true);
    let mut told = home.house.connect();
    told.begin(Request::get("/tv/api/events").fields(&tv));
    assert_eq!(told.head().field("content-type"), Some("text/event-stream"));
    let (name, hello) = event(&mut told);
    assert!(name == "hello" && hello["now"].as_str().is_some_and(|now| now.ends_with('Z')));

    // A phone is enrolled and creates a share.
    let invite = steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
    let enrolment = json!({ "code": invite.code, "name": "Rui" });
    let enrolled = home.ask("POST", "/api/v1/enrol", "", &enrolment);
    assert_eq!(enrolled.status, 201);
    assert_eq!(home.ask("POST", "/api/v1/enrol", "", &enrolment).status, 404, "one use of a code");
    let token = json_of(&enrolled)["token"].as_str().expect("a token").to_owned();
    let phone = format!("Authorization: Bearer {token}\r\n");
    let me = json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null));
    assert_eq!((&me["name"], &me["sender_id"]), (&json!("Rui"), &json_of(&enrolled)["sender_id"]));
    assert_eq!(code_of(&home.ask("GET", "/api/v1/me", "", &Value::Null)), (401, "no_phone".to_owned()));
    let contacts = json_of(&home.ask("GET", "/api/v1/contacts", &phone, &Value::Null));
    assert_eq!(contacts["contacts"][0]["user_id"], user.id.to_string());
    let asked = json!({ "targets": [user.id.to_string()], "kind": "live", "title": "Praia" });
    let created = home.ask("POST", "/api/v1/shares", &phone, &asked);
    assert_eq!(created.status, 201);
    let created = json_of(&created);
    let share = created["share_id"].as_str().expect("an id").to_owned();
    let websocket_url = created["publish"]["websocket_url"].as_str().expect("an address");
    assert!(websocket_url.starts_with("ws://127.0.0.1:") && websocket_url.contains("/publish/"), "{websocket_url}");
    assert!(created["publish"]["rtsp_url"].as_str().is_some_and(|url| url.starts_with("rtsp://127.0.0.1:8554/live/")));
    let mut followed = home.house.connect();
    followed.begin(Request::get(format!("/api/v1/shares/{share}/events")).fields(&phone));
    followed.head();
    assert_eq!(event(&mut followed).0, "hello");

    // It becomes ready, the TV rings, and someone watches.
    let id: ShareId = share.parse().expect("an id");
    let media = MediaInfo {
        codec: "avc1.42c01f".to_owned(),
        audio_codec: Some("mp4a.40.2".to_owned()),
        width: 1280,
        height: 720,
        frame_rate: 30.0,
        bits_per_second: 2_000_000,
    };
    let accept =
        || home.ask("POST", &format!("/tv/api/shares/{share}/accept"), &tv, &json!({ "pin": "1234", "from": "live" }));
    steward.media_started(id).expect("preparing");
    assert_eq!(code_of(&accept()), (409, "not_ready".to_owned()));
    steward.ready(id, media).expect("ready");
    let first_id = event_id(&mut told);
    let names: Vec<String> = (0..2).map(|_| event(&mut told).0).collect();
    // Who comes back with the last event's id is told what came after it, and nothing twice.
    let mut again = home.house.connect();
    again.begin(Request::get("/tv/api/events").field("Last-Event-ID", &first_id).fields(&tv));
    again.head();
    assert_eq!(event(&mut again).0, "hello");
    assert_eq!((0..2).map(|_| event(&mut again).0).collect::<Vec<_>>(), names);
    assert!(names.iter().any(|name| name == "ring"), "{names:?}");
    let play = json_of(&accept())["play"].clone();
    assert_eq!(play["mime"], "video/mp4; codecs=\"avc1.42c01f,mp4a.40.2\"");
    let prefix = format!("http://127.0.0.1:8080/play/{share}/");
    let holder = Holder { user: user.id, tv: Some(steward.tvs().expect("TVs")[0].id) };
    let ticket = play["live_mp4_url"].as_str().and_then(|url| url.strip_prefix(&prefix)?.strip_suffix("/live.mp4"));
    assert_eq!(steward.open_ticket(id, ticket.expect("a ticket")).expect("a good one"), (holder, Scope::Play));
    let watching = format!("/tv/api/shares/{share}/watching");
    for (latency, code) in [
        (json!(1_000_000_000_000_u64), "invalid"),
        (json!(3_600_001), "invalid"),
        (json!(-1), "bad_body"),
        (json!("180"), "bad_body"),
        (json!("NaN"), "bad_body"),
        (json!(1e300), "bad_body"),
        (json!([180]), "bad_body"),
    ] {
        let refused = home.ask("POST", &watching, &tv, &json!({ "position_ms": 10, "latency_ms": latency }));
        assert_eq!(code_of(&refused), (400, code.to_owned()), "{latency}");
    }
    for (verb, body) in [("watching", json!({ "position_ms": 10, "latency_ms": 180 })), ("left", Value::Null)] {
        assert_eq!(home.ask("POST", &format!("/tv/api/shares/{share}/{verb}"), &tv, &body).status, 200, "{verb}");
        let report = json_of(&home.ask("GET", &format!("/api/v1/shares/{share}"), &phone, &Value::Null));
        let target = &report["targets"][0];
        match verb {
            "watching" => assert_eq!((&target["state"], &target["latency_ms"]), (&json!("watching"), &json!(180))),
            _ => assert_eq!((&target["state"], &report["viewers"]), (&json!("watched"), &json!(0))),
        }
        assert_eq!(report["media"]["width"], 1280);
    }

    // It ends, waits in the inbox, and is deleted there.
    assert_eq!(home.ask("POST", &format!("/api/v1/shares/{share}/stop"), &phone, &Value::Null).status, 200);
    steward.ended(id, EndReason::Stopped, Some(5000)).expect("ended");
    let inbox = json_of(&home.ask("GET", "/tv/api/inbox?offset=0&limit=10", &tv, &Value::Null));
    let entry = &inbox["entries"][0];
    assert_eq!((&inbox["total"], &entry["state"], &entry["title"]), (&json!(1), &json!("ended"), &json!("Praia")));
    assert_eq!((&entry["sender"]["name"], &entry["duration_ms"]), (&json!("Rui"), &json!(5000)));
    let picture = entry["thumbnail_url"].as_str().and_then(|url| url.strip_prefix(&prefix));
    let ticket = picture.and_then(|rest| rest.strip_suffix("/thumbnail.jpg")).expect("a ticket");
    assert_eq!(steward.open_ticket(id, ticket).expect("a good one"), (holder, Scope::Picture));
    let entry = || json_of(&home.ask("GET", &format!("/tv/api/shares/{share}"), &tv, &Value::Null));
    assert_eq!(entry()["play"], Value::Null, "the PIN comes first");
    let settings = |skip_pin| json!({ "skip_pin": skip_pin, "service_off": false, "language": null });
    assert_eq!(home.ask("PUT", "/tv/api/settings", &tv, &settings(true)).status, 200);
    assert!(entry()["play"]["video_mp4_url"].as_str().is_some_and(|url| url.ends_with("/video.mp4")));
    assert_eq!(home.ask("PUT", "/tv/api/settings", &tv, &settings(false)).status, 200);
    assert_eq!(home.ask("DELETE", &format!("/tv/api/inbox/{share}"), &tv, &Value::Null).status, 200);
    assert_eq!(json_of(&home.ask("GET", "/tv/api/inbox", &tv, &Value::Null))["total"], 0);

    // Settings and blocks, and out.
    let night = json!({ "from": "22:00", "to": "07:00", "utc_offset_minutes": 60 });
    let settings = json!({ "skip_pin": true, "service_off": false, "language": "pt", "quiet_hours": night });
    let set = |settings: &Value| code_of(&home.ask("PUT", "/tv/api/settings", &tv, settings));
    let get = || json_of(&home.ask("GET", "/tv/api/settings", &tv, &Value::Null));
    assert_eq!(set(&settings).0, 200);
    assert_eq!(get(), settings);
    for (field, value, code) in [
        ("quiet_hours", json!({ "from": "22:00", "to": "25:00", "utc_offset_minutes": 0 }), "invalid"),
        ("quiet_hours", json!({ "from": "22:00", "to": "22:00", "utc_offset_minutes": 0 }), "invalid"),
        ("quiet_hours", json!({ "from": "22:00", "to": "07:00", "utc_offset_minutes": 5000 }), "invalid"),
        ("quiet_hours", json!({ "from": "22:00", "to": "07:00" }), "bad_body"),
        ("quiet_hours", json!("at night"), "bad_body"),
        ("language", json!("xx"), "invalid"),
        ("skip_pin", json!("yes"), "bad_body"),
        ("service_off", Value::Null, "bad_body"),
        ("volume", json!(5), "bad_body"),
    ] {
        let mut bad = json!({ "skip_pin": false, "service_off": true, "language": "en" });
        bad[field] = value;
        assert_eq!(set(&bad), (400, code.to_owned()), "{bad}");
        assert_eq!(get(), settings, "all or nothing");
    }
    let unknown = home.ask("PUT", "/tv/api/settings", &tv, &json!({ "volume": 5 }));
    assert!(json_of(&unknown)["error"].to_string().contains("volume"), "it is named");
    for fields in [json!({}), json!({ "skip_pin": true }), json!({ "language": "pt" })] {
        assert_eq!(set(&fields).0, 200);
        assert_eq!(get(), settings, "what is left out stays");
    }
    assert_eq!(set(&json!({ "quiet_hours": null })).0, 200);
    assert_eq!((&get()["quiet_hours"], &get()["language"]), (&Value::Null, &json!("pt")));
    let blocks = json!({ "blocked": [me["sender_id"]] });
    assert_eq!(home.ask("PUT", "/tv/api/blocks", &tv, &blocks).status, 200);
    assert_eq!(home.ask("PUT", "/tv/api/blocks", &tv, &json!({})).status, 200);
    let unknown = home.ask("PUT", "/tv/api/blocks", &tv, &json!({ "blocked": [], "everyone": true }));
    assert!(unknown.status == 400 && json_of(&unknown)["error"].to_string().contains("everyone"), "it is named");
    assert_eq!(json_of(&home.ask("GET", "/tv/api/blocks", &tv, &Value::Null))["senders"][0]["name"], "Rui");
    assert_eq!(home.ask("POST", "/tv/api/sign-out", &tv, &Value::Null).status, 200);
    assert_eq!(home.ask("GET", "/tv/api/inbox", &tv, &Value::Null).status, 401);
}

#[test]
fn what_comes_from_elsewhere_changes_nothing() {
    let home = Home::new();
    let tv = format!("Cookie: {}\r\n", cookie_of(&home.ask("GET", "/tv/api/device", "", &Value::Null)));
    let body = json!({ "user_id": "0000000000000000" });
    for (fields, status) in [
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\nOrigin: http://127.0.0.1:8080\r\n", 403),
        ("Origin: http://127.0.0.1\r\n", 403),
        ("Origin: http://127.0.0.1:8080\r\n", 403 + 1000),
        ("Sec-Fetch-Site: same-origin\r\n", 403 + 1000),
        ("", 403 + 1000),
    ] {
        let answer = home.ask("POST", "/tv/api/sign-in", &format!("{tv}{fields}"), &body);
        let is_other_site = code_of(&answer).1 == "other_site";
        assert_eq!(is_other_site, status == 403, "{fields} {answer:?}");
    }
    // A form of another page, from a browser that says nothing of its origin.
    let mut client = home.house.connect();
    let plain = Request::new("POST", "/tv/api/sign-in").fields(&tv).field("Content-Type", "text/plain").body("{}");
    assert_eq!(code_of(&client.ask(plain)), (415, "not_json".to_owned()));
    let broken = home.ask("POST", "/tv/api/sign-in", &tv, &json!([1]));
    assert_eq!(code_of(&broken), (400, "bad_body".to_owned()));
    assert_eq!(code_of(&home.ask("POST", "/tv/api/sign-in", "Cookie: lareira_tv=forged\r\n", &body)).1, "no_tv");
    assert_eq!(code_of(&home.ask("GET", "/tv/api/events", "", &Value::Null)), (401, "no_tv".to_owned()));
}

#[test]
fn an_upload_tells_what_to_send() {
    let home = Home::new();
    let invite = home.steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
    let enrolled = home.ask("POST", "/api/v1/enrol", "", &json!({ "code": invite.code, "name": "Rui" }));
    let token = json_of(&enrolled)["token"].as_str().expect("a token").to_owned();
    let mut client = home.house.connect();
    let upload = Request::new("POST", "/api/v1/probe").field("Authorization", format!("Bearer {token}"));
    let measured = json_of(&client.ask(upload.body(vec![0; 2_000_000])));
    assert_eq!(measured["bytes"], 2_000_000);
    assert_eq!(measured["suggested"]["width"], 1920, "loopback is fast: {measured}");
}

#[test]
fn the_pages_are_there() {
    let home = Home::new();
    let page = home.ask("GET", "/tv/", "Accept-Encoding: gzip\r\n", &Value::Null);
    assert_eq!((page.status, page.field("content-encoding")), (200, Some("gzip")));
    assert!(page.field("content-security-policy").is_some_and(|policy| policy.contains("default-src 'self'")));
    let etag = page.field("etag").expect("a tag");
    let again = format!("Accept-Encoding: gzip\r\nIf-None-Match: {etag}\r\n");
    assert_eq!(home.ask("GET", "/tv/", &again, &Value::Null).status, 304);
    let page = home.ask("GET", "/tv/", "", &Value::Null).text();
    for script in page.split('"').filter(|word| word.starts_with("/tv/")) {
        let script = home.ask("GET", script, &again, &Value::Null);
        assert_eq!(script.status, 200);
        assert_eq!(script.field("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    assert!(home.ask("GET", "/tv/n/0000000000000000", "", &Value::Null).text().starts_with("<!DOCTYPE html>"));
    assert_eq!(home.ask("GET", "/tv", "", &Value::Null).field("location"), Some("/tv/"));
}

/// Opens a TV's events; the first `count` of them.
fn first_events(home: &Home, tv: &str, count: usize) -> Vec<(String, Value)> {
    let mut client = home.house.connect();
    client.begin(Request::get("/tv/api/events").host("127.0.0.1:8080").fields(tv));
    assert_eq!(client.head().status, 200);
    (0..count).map(|_| event(&mut client)).collect()
}

#[test]
fn a_tv_that_is_switched_on_hears_what_still_rings() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let (phone, _) = home.phone(account, "Rui");
    let share = home.ready_share(&phone, &[ana], Some("Garden"));
    let tv = home.sign_in(&home.tv(account), ana, None);
    let elsewhere = home.tv(home.account("Next door"));

    let heard = first_events(&home, &tv, 2);
    assert_eq!((heard[0].0.as_str(), heard[1].0.as_str()), ("hello", "ring"));
    assert_eq!((&heard[1].1["share_id"], &heard[1].1["user_id"]), (&json!(share.to_string()), &json!(ana.to_string())));

    // Nobody else's TV rings, nor one whose people answered, nor at a quiet hour.
    home.steward.later(ana, share).expect("put off");
    assert_eq!(home.steward.waiting_rings(tv_id(&home, &tv)).expect("storage"), []);
    assert_eq!(home.steward.waiting_rings(tv_id(&home, &elsewhere)).expect("storage"), []);
}

fn tv_id(home: &Home, tv: &str) -> lareira::ground::id::TvId {
    let device = json_of(&home.ask("GET", "/tv/api/device", tv, &Value::Null));
    device["tv_id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}
