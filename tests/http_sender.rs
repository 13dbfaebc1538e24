//! What is a sender's own over HTTP: their shares, their contacts under seal, and whom their camera apps share with.

mod http_house;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_house::Request;
use http_house::home::{Home, code_of, event, json_of};
use lareira::ground::id::UserId;
use lareira::ground::recording_failure::DISK_FULL;
use lareira::share::{NewUser, ShareError};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

fn named(home: &Home, phone: &str, query: &str) -> (Value, Vec<String>) {
    let page = json_of(&home.ask("GET", &format!("/api/v1/shares{query}"), phone, &Value::Null));
    let titles = page["shares"].as_array().expect("shares").iter();
    (page["total"].clone(), titles.map(|share| share["title"].as_str().unwrap_or("-").to_owned()).collect())
}

#[test]
fn a_sender_sees_their_own_shares_and_renames_them() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let tv = home.sign_in(&home.tv(account), ana, None);
    let (phone, _) = home.phone(account, "Rui");
    let (other, _) = home.phone(account, "Eva");
    assert_eq!(named(&home, &phone, ""), (json!(0), vec![]));
    let shares: Vec<_> = (0..25).map(|n| home.ready_share(&phone, &[ana], Some(&format!("{n}")))).collect();
    home.ready_share(&other, &[ana], Some("not Rui's"));
    let (total, titles) = named(&home, &phone, "");
    assert_eq!((total, titles.len(), &*titles[0], &*titles[19]), (json!(25), 20, "24", "5"));
    assert_eq!(named(&home, &phone, "?offset=23&limit=100").1, ["1", "0"]);
    assert_eq!(named(&home, &phone, "?offset=25").1, Vec::<String>::new());
    assert_eq!(named(&home, &phone, "?offset=18446744073709551615&limit=18446744073709551615").1, Vec::<String>::new());
    for bad in ["?offset=-1", "?limit=x"] {
        let answer = home.ask("GET", &format!("/api/v1/shares{bad}"), &phone, &Value::Null);
        assert_eq!(code_of(&answer), (400, "bad_body".to_owned()), "{bad}");
    }
    let one = |share| json_of(&home.ask("GET", &format!("/api/v1/shares/{share}"), &phone, &Value::Null));
    let listed = json_of(&home.ask("GET", "/api/v1/shares?offset=3&limit=1", &phone, &Value::Null));
    let mut expected = one(shares[21]);
    expected["duration_ms"] = listed["shares"][0]["duration_ms"].clone();
    assert_eq!(listed["shares"], json!([expected]), "the same fields as a share by itself");

    let mut told = home.house.connect();
    told.begin(Request::get("/tv/api/events").fields(&tv));
    assert_eq!(told.head().status, 200);
    assert_eq!(event(&mut told).0, "hello");
    while event(&mut told).1["share_id"] != shares[0].to_string() {}
    let rename = |phone: &str, title: Value| {
        home.ask("PATCH", &format!("/api/v1/shares/{}", shares[24]), phone, &json!({ "title": title }))
    };
    assert_eq!(json_of(&rename(&phone, json!(" O  golo! ")))["title"], "O golo!");
    let inbox = loop {
        let (name, data) = event(&mut told);
        if name == "inbox" {
            break data;
        }
    };
    drop(told);
    assert_eq!(inbox["user_id"], ana.to_string());
    let entry = json_of(&home.ask("GET", &format!("/tv/api/shares/{}", shares[24]), &tv, &Value::Null));
    assert_eq!(entry["title"], "O golo!");
    assert_eq!(json_of(&rename(&phone, Value::Null))["title"], Value::Null);
    assert_eq!(code_of(&rename(&phone, json!("x".repeat(201)))), (400, "invalid".to_owned()));
    assert_eq!(code_of(&rename(&other, json!("mine"))), (404, "not_found".to_owned()));
    assert_eq!(code_of(&rename("", json!("mine"))), (401, "no_phone".to_owned()));

    assert_eq!(home.ask("DELETE", &format!("/api/v1/shares/{}", shares[23]), &phone, &Value::Null).status, 200);
    let home = home.restart();
    let (total, titles) = named(&home, &phone, "?limit=2");
    assert_eq!((total, titles), (json!(24), vec!["-".to_owned(), "22".to_owned()]));
}

#[test]
fn what_a_recording_lacks_is_told_in_a_word_to_phone_and_tv() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let tv = home.sign_in(&home.tv(account), ana, None);
    let (phone, _) = home.phone(account, "Rui");
    let share = home.ready_share(&phone, &[ana], None);
    let mut follows = home.house.connect();
    follows.begin(Request::get(format!("/api/v1/shares/{share}/events")).fields(&phone));
    follows.head();
    assert_eq!(event(&mut follows).0, "hello");
    let asked = |who: &str, path: String| json_of(&home.ask("GET", &path, who, &Value::Null));
    let told = || {
        let (report, inbox) = (asked(&phone, format!("/api/v1/shares/{share}")), asked(&tv, "/tv/api/inbox".into()));
        [report["recording_failure_code"].clone(), inbox["entries"][0]["recording_failure_code"].clone()]
    };
    assert_eq!(told(), [Value::Null, Value::Null], "all is kept");
    home.steward.recording_failed(share, DISK_FULL).expect("said");
    assert_eq!(told(), ["disk_full", "disk_full"]);
    home.steward.recording_resumed(share).expect("said");
    assert_eq!(told(), ["gaps", "gaps"]);
    for code in ["disk_full", "gaps"] {
        let (name, data) = event(&mut follows);
        assert_eq!((&*name, &data["state"], &data["recording_failure_code"]), ("share", &json!("ready"), &json!(code)));
    }
}

/// Seals as a phone does, with another library than the gateway's own code.
fn seal(key: &[u8], context: &str, text: &[u8]) -> String {
    let nonce = [7; 12];
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).expect("16 bytes"));
    let mut sealed = text.to_vec();
    let aad = Aad::from(context.as_bytes());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).expect("sealed");
    STANDARD.encode([&nonce[..], &sealed].concat())
}

/// A phone's id, and the key that it seals its contacts with.
fn keys(home: &Home, phone: &str) -> (String, Vec<u8>) {
    let me = json_of(&home.ask("GET", "/api/v1/me", phone, &Value::Null));
    let key = URL_SAFE_NO_PAD.decode(me["contacts_key"].as_str().expect("a key")).expect("base64url");
    (me["phone_id"].as_str().expect("an id").to_owned(), key)
}

#[test]
fn contacts_come_under_seal() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    let (other, _) = home.phone(account, "Eva");
    let village = home.account("Aldeia");
    let new =
        NewUser { account: village, name: "Leo".into(), msisdn: Some("+351912345678".into()), email: None, pin: None };
    let leo = home.steward.add_user(new).expect("a user").id;
    let book = json!({ "contacts": [{ "name": "Leo", "msisdn": "912 345 678" }] }).to_string();
    let find =
        |phone: &str, sealed: &str| home.ask("POST", "/api/v1/contacts/match", phone, &json!({ "sealed": sealed }));
    let ((id, key), (other_id, other_key)) = (keys(&home, &phone), keys(&home, &other));
    assert_eq!((key.len(), key == other_key), (16, false));
    let sealed = seal(&key, &id, book.as_bytes());
    let found = find(&phone, &sealed);
    assert_eq!(json_of(&found)["matched"][0]["user_id"], leo.to_string(), "{found:?}");
    assert_eq!(json_of(&find(&phone, &sealed)), json_of(&found), "said again, nothing is otherwise");

    let mut cut = STANDARD.decode(&sealed).expect("base64");
    cut.pop();
    for bad in [
        seal(&other_key, &id, book.as_bytes()),
        seal(&key, &other_id, book.as_bytes()),
        seal(&key, "", book.as_bytes()),
        STANDARD.encode(cut),
        STANDARD.encode([0; 12]),
        String::new(),
        "no base64!".to_owned(),
    ] {
        assert_eq!(code_of(&find(&phone, &bad)), (400, "bad_seal".to_owned()), "{bad}");
    }
    assert_eq!(code_of(&find(&other, &sealed)), (400, "bad_seal".to_owned()), "another's");
    assert_eq!(code_of(&find("", &sealed)), (401, "no_phone".to_owned()));
    for nonsense in ["", "{}", "[]", "{\"contacts\":7}", "\u{0}\u{ffff}", "{\"sealed\":\"x\"}"] {
        let answer = find(&phone, &seal(&key, &id, nonsense.as_bytes()));
        assert_eq!(code_of(&answer), (400, "bad_body".to_owned()), "{nonsense}");
    }
    let home = home.restart();
    assert_eq!(keys(&home, &phone), (id, key), "the key lasts");
}

#[test]
fn ten_thousand_contacts_are_five_hundred_looked_at() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    let village = home.account("Aldeia");
    let add = |n: usize| {
        let email = Some(format!("user{n}@example.org"));
        let new = NewUser { account: village, name: format!("User {n}"), msisdn: None, email, pin: None };
        home.steward.add_user(new).expect("a user").id
    };
    let (last_seen, _first_ignored) = (add(499), add(500));
    let contact = |n| json!({ "name": format!("User {n}"), "msisdn": null, "email": format!("user{n}@example.org") });
    let book = json!({ "contacts": (0..10_000).map(contact).collect::<Vec<_>>() });
    let (id, key) = keys(&home, &phone);
    let sealed = json!({ "sealed": seal(&key, &id, book.to_string().as_bytes()) });
    for body in [&book, &sealed] {
        let found = json_of(&home.ask("POST", "/api/v1/contacts/match", &phone, body));
        assert_eq!((&found["considered"], &found["ignored"]), (&json!(500), &json!(9_500)));
        let matched: Vec<_> = found["matched"].as_array().expect("users").iter().map(|one| &one["user_id"]).collect();
        assert_eq!(matched, [&json!(last_seen.to_string())]);
    }
    let too_large = json!({ "contacts": (0..30_000).map(contact).collect::<Vec<_>>() });
    assert_eq!(home.ask("POST", "/api/v1/contacts/match", &phone, &too_large).status, 413);
}

#[test]
fn garbage_for_contacts_finds_nobody_and_breaks_nothing() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    for odd in [
        "+",
        "\u{0}",
        "٣٥١٩١٢٣٤٥٦٧٨",
        "+351 '; DROP TABLE users",
        "💩💩💩💩💩💩💩💩",
        &"9".repeat(50_000),
        "@",
        "a@b@c",
    ] {
        let book = json!({ "contacts": [{ "msisdn": odd, "email": odd }, {}, { "email": null }] });
        let found = json_of(&home.ask("POST", "/api/v1/contacts/match", &phone, &book));
        assert_eq!(found, json!({ "matched": [], "considered": 3, "ignored": 0 }), "{odd}");
    }
    for bad in
        [json!({}), json!([]), json!({ "contacts": null }), json!({ "contacts": [7] }), json!({ "contacts": [[]] })]
    {
        let answer = home.ask("POST", "/api/v1/contacts/match", &phone, &bad);
        assert_eq!(code_of(&answer), (400, "bad_body".to_owned()), "{bad}");
    }
    let answer = home.send("POST", "/api/v1/contacts/match", &phone, b"\xff\xfe{");
    assert_eq!(code_of(&answer), (400, "bad_body".to_owned()));
}

fn recipients(home: &Home, phone: &str) -> Value {
    json_of(&home.ask("GET", "/api/v1/recipients", phone, &Value::Null))["targets"].clone()
}

#[test]
fn camera_apps_share_with_whom_their_sender_chose() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, sender) = home.phone(account, "Rui");
    let token = phone.trim_end().rsplit(' ').next().expect("a token").to_owned();
    assert_eq!(recipients(&home, &phone), json!([]), "nobody lives there yet");
    assert!(matches!(home.steward.admit_phone(&token), Err(ShareError::NoRecipients)));
    assert!(matches!(home.steward.share_of_phone(&token), Err(ShareError::NoRecipients)));
    assert!(matches!(home.steward.share_of_phone("x"), Err(ShareError::NotFound(_))));
    let (ana, leo) = (home.user(account, "Ana", None), home.user(account, "Leo", None));
    let stranger = home.user(home.account("Outra"), "Eva", None);
    let id = |user: UserId| user.to_string();
    let mut household = [id(ana), id(leo)];
    household.sort();
    assert_eq!(recipients(&home, &phone), json!(household), "the household");

    let choose = |targets: Value| home.ask("PUT", "/api/v1/recipients", &phone, &json!({ "targets": targets }));
    assert_eq!(choose(json!([id(leo), id(leo)])).status, 200);
    assert_eq!(recipients(&home, &phone), json!([id(leo)]));
    assert_eq!(code_of(&choose(json!([id(ana), id(stranger)]))), (403, "not_a_contact".to_owned()));
    assert_eq!(code_of(&choose(json!(["x"]))), (400, "bad_body".to_owned()));
    assert_eq!(code_of(&choose(json!(vec![id(ana); 201]))), (503, "full".to_owned()));
    assert_eq!(recipients(&home, &phone), json!([id(leo)]), "all or nothing");

    // The address makes one share, and goes on with it while media may come.
    assert_eq!(home.steward.admit_phone(&token).expect("admitted"), None);
    let share = home.steward.share_of_phone(&token).expect("a share");
    assert_eq!(home.steward.share_of_phone(&token).expect("the same"), share);
    assert_eq!(home.steward.admit_phone(&token).expect("admitted"), Some(share));
    let report = json_of(&home.ask("GET", &format!("/api/v1/shares/{share}"), &phone, &Value::Null));
    assert_eq!((&report["state"], &report["targets"][0]["name"]), (&json!("pending"), &json!("Leo")));
    assert_eq!(home.ask("POST", &format!("/api/v1/shares/{share}/stop"), &phone, &Value::Null).status, 200);
    let next = home.steward.share_of_phone(&token).expect("the next");
    assert_ne!(next, share);
    assert_eq!(home.ask("DELETE", &format!("/api/v1/shares/{next}"), &phone, &Value::Null).status, 200);
    assert_ne!(home.steward.share_of_phone(&token).expect("one more"), next);

    // Who goes is no recipient any more; nobody is a choice.
    home.steward.remove_user(leo).expect("removed");
    assert_eq!(recipients(&home, &phone), json!([]));
    assert_eq!(choose(json!([id(ana)])).status, 200);
    assert_eq!(choose(json!([])).status, 200);
    assert_eq!(recipients(&home, &phone), json!([]));
    let (second, _) = home.phone(account, "Rui");
    assert_eq!(recipients(&home, &second), json!([id(ana)]), "another sender's choice is another");

    let phones = home.steward.phones().expect("phones");
    let first = phones.iter().find(|report| report.sender.id == sender).expect("the phone");
    home.steward.revoke_phone(first.phone.id).expect("revoked");
    assert!(matches!(home.steward.admit_phone(&token), Err(ShareError::NotFound(_))));
    assert!(matches!(home.steward.share_of_phone(&token), Err(ShareError::NotFound(_))));
}

#[test]
fn camera_apps_are_told_their_address() {
    let home = Home::new();
    let (phone, _) = home.phone(home.account("Casa"), "Rui");
    let token = phone.trim_end().rsplit(' ').next().expect("a token");
    let told = home.ask("GET", "/api/v1/camera-apps", &phone, &Value::Null);
    assert_eq!(told.field("cache-control"), Some("no-store"));
    let told = json_of(&told);
    assert_eq!(told["rtsp_url"], format!("rtsp://127.0.0.1:8554/phone/{token}"));
    let link = told["larix_url"].as_str().expect("a link");
    assert!(link.starts_with("larix://set/v1?conn[][url]=rtsp%3A%2F%2F127.0.0.1%3A8554%2Fphone%2F"), "{link}");
    let picture = home.ask("GET", "/api/v1/larix.svg", &phone, &Value::Null);
    assert_eq!((picture.status, picture.field("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(picture.field("cache-control"), Some("no-store"));
    for path in ["/api/v1/camera-apps", "/api/v1/larix.svg", "/api/v1/recipients"] {
        assert_eq!(home.ask("GET", path, "", &Value::Null).status, 401, "{path}");
    }
    // A token that came by another way than the header is none.
    let by_address = home.ask("GET", &format!("/api/v1/larix.svg?token={token}"), "", &Value::Null);
    assert_eq!(by_address.status, 401);
}
