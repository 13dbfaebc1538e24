//! Requests that mean harm, over real sockets and a real store: names that break pages, cookies that are not theirs,
//! other sites' pages, other hosts' names, and many guesses at a PIN.

mod http_house;

use std::net::Ipv4Addr;
use std::time::Duration;

use http_house::home::{Home, code_of, cookie_of, json_of};
use http_house::{Client, Request};
use lareira::ground::id::UserId;
use lareira::ground::limits;
use serde_json::{Value, json};

const SHARE: &str = "0000000000000000";

/// Names and titles made to break pages, and what becomes of them.
const BREAKERS: [(&str, &str); 5] = [
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("\"><img src=x onerror=alert(1)>", "\"><img src=x onerror=alert(1)>"),
    ("Ana\u{202e}gnp.exe", "Anagnp.exe"),
    ("A\r\nSet-Cookie: a=b\u{0}\u{7}", "A Set-Cookie: a=b"),
    ("\u{200f}\u{2066}  שרה \u{2069} ", "שרה"),
];

#[test]
fn names_and_titles_stay_text() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let tv = home.sign_in(&home.tv(account), ana, None);
    for (sent, kept) in BREAKERS {
        let (phone, _) = home.phone(account, sent);
        home.ready_share(&phone, &[ana], Some(sent));
        let answer = home.ask("GET", "/tv/api/inbox?limit=1", &tv, &Value::Null);
        assert_eq!(answer.field("content-type"), Some("application/json"), "no page is made of it");
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.field("set-cookie"), None);
        let entry = json_of(&answer)["entries"][0].clone();
        assert_eq!((&entry["title"], &entry["sender"]["name"]), (&json!(kept), &json!(kept)));
    }
    let (phone, _) = home.phone(account, "Rui");
    for long in ["x".repeat(10_000), "\u{202e}".repeat(10_000), "👩‍👩‍👧".repeat(10_000)] {
        let titled = json!({ "targets": [ana.to_string()], "title": long });
        let patched = home.ask("PATCH", "/api/v1/me", &phone, &json!({ "name": long }));
        assert_eq!(code_of(&patched), (400, "invalid".to_owned()));
        let created = home.ask("POST", "/api/v1/shares", &phone, &titled);
        // What nobody sees is no title.
        let blank = long.starts_with('\u{202e}');
        assert_eq!(created.status, if blank { 201 } else { 400 }, "{created:?}");
        if blank {
            assert_eq!(json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null))["name"], "Rui");
        }
    }
}

#[test]
fn photos_that_are_bombs_or_pages_are_refused() {
    let home = Home::new();
    let (phone, _) = home.phone(home.account("Casa"), "Rui");
    let put = |kind: &str, file: &[u8]| {
        code_of(&home.send("PUT", "/api/v1/me/photo", &format!("{phone}Content-Type: {kind}\r\n"), file))
    };
    // A PNG of 65,000 × 65,000 pixels in 57 bytes; its check sum is right.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xfd\xe8\0\0\xfd\xe8\x08\x02\0\0\0".to_vec();
    let crc = !bomb[12..].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    bomb.extend_from_slice(&crc.to_be_bytes());
    bomb.extend_from_slice(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    assert_eq!(put("image/png", &bomb), (413, "photo_too_large".to_owned()));
    assert_eq!(put("image/jpeg", b"<html><script>alert(1)</script>"), (415, "not_a_photo".to_owned()));
    assert_eq!(put("image/svg+xml", b"<svg onload=alert(1)>"), (415, "not_a_photo".to_owned()));
    assert_eq!(put("image/jpeg", &[0xff, 0xd8, 0xff, 0xe0]).0, 400);
    assert_eq!(put("image/jpeg", &[]).0, 415);
    let mut client = home.house.connect();
    let large = Request::new("PUT", "/api/v1/me/photo").fields(&phone).field("Content-Type", "image/jpeg");
    assert_eq!(client.ask(large.length(8_000_001)).status, 413, "what is only promised is refused before it is sent");
    assert_eq!(std::fs::read_dir(home.photos()).expect("a folder").count(), 0, "nothing of it is kept");
    for path in ["/photo/../lareira.redb", "/photo/%2e%2e%2flareira.redb", "/photo/00.jpg", "/photo/-small.jpg"] {
        assert!(matches!(home.house.get(path).status, 400 | 404), "{path}");
    }
    let unknown = format!("/photo/{}.jpg", "0".repeat(32));
    assert_eq!(home.house.get(&unknown).status, 404);
}

#[test]
fn cookies_are_good_for_their_own_tv_and_time() {
    let home = Home::new();
    let (casa, outra) = (home.account("Casa"), home.account("Outra"));
    let (ana, eva) = (home.user(casa, "Ana", None), home.user(outra, "Eva", None));
    let rui = home.user(casa, "Rui", None);
    let (sala, quarto, alheia) = (home.tv(casa), home.tv(casa), home.tv(outra));
    let ana_at_sala = home.sign_in(&sala, ana, None);
    let user_cookie = ana_at_sala.trim_end().rsplit("; ").next().expect("a cookie").to_owned();
    let inbox = |cookies: &str| code_of(&home.ask("GET", "/tv/api/inbox", cookies, &Value::Null));
    let with = |tv: &str| format!("{}; {user_cookie}\r\n", tv.trim_end());
    assert_eq!(inbox(&ana_at_sala).0, 200);
    for tv in [&quarto, &alheia] {
        assert_eq!(inbox(&with(tv)), (401, "not_signed_in".to_owned()), "swapped between TVs");
    }
    for forged in ["Cookie: lareira_tv=\r\n", "Cookie: lareira_tv=forged; lareira_user=forged\r\n", "Cookie: ;;==\r\n"]
    {
        assert_eq!(inbox(forged), (401, "no_tv".to_owned()), "{forged}");
    }
    let forged_user = format!("{}; lareira_user={}\r\n", sala.trim_end(), "A".repeat(24));
    assert_eq!(inbox(&forged_user), (401, "not_signed_in".to_owned()));
    let sign_in = |tv: &str, user: UserId| {
        code_of(&home.ask("POST", "/tv/api/sign-in", tv, &json!({ "user_id": user.to_string() })))
    };
    assert_eq!(sign_in(&alheia, ana), (403, "wrong_account".to_owned()));
    assert_eq!(sign_in(&sala, eva), (403, "wrong_account".to_owned()));

    // Each on one TV sees their own.
    let rui_at_sala = home.sign_in(&sala, rui, None);
    let (phone, _) = home.phone(casa, "Zé");
    let share = home.ready_share(&phone, &[ana], None);
    let total = |cookies: &str| json_of(&home.ask("GET", "/tv/api/inbox", cookies, &Value::Null))["total"].clone();
    assert_eq!((total(&ana_at_sala), total(&rui_at_sala)), (json!(1), json!(0)));
    // At home it is no secret that Ana was rung; elsewhere it is.
    let eva_elsewhere = home.sign_in(&alheia, eva, None);
    for (who, refused) in
        [(&rui_at_sala, (403, "not_yours".to_owned())), (&eva_elsewhere, (404, "not_found".to_owned()))]
    {
        let entry = home.ask("GET", &format!("/tv/api/shares/{share}"), who, &Value::Null);
        assert_eq!(code_of(&entry), refused);
        for (method, path, body) in mutating(&share.to_string()) {
            if path.contains(&share.to_string()) {
                let answer = home.ask(method, &path, who, &body);
                let gone = path.ends_with("/left");
                assert!(
                    if gone { answer.status == 200 } else { code_of(&answer) == refused },
                    "{method} {path}: {answer:?}"
                );
            }
        }
    }
    assert_eq!(total(&ana_at_sala), json!(1), "nothing of hers was touched");

    // Signed out, removed: what is replayed is worth nothing.
    assert_eq!(home.ask("POST", "/tv/api/sign-out", &ana_at_sala, &Value::Null).status, 200);
    assert_eq!(inbox(&ana_at_sala), (401, "not_signed_in".to_owned()));
    let tv = home.steward.tvs().expect("TVs").into_iter().find(|tv| tv.signed_in.iter().any(|on| on.user == rui));
    home.steward.remove_tv(tv.expect("a TV").id).expect("removed");
    assert_eq!(inbox(&rui_at_sala), (401, "no_tv".to_owned()));
}

/// Every call of a TV that changes something.
fn mutating(share: &str) -> Vec<(&'static str, String, Value)> {
    let settings = json!({ "skip_pin": true, "service_off": true, "language": null });
    let mut calls = vec![
        ("POST", "/tv/api/sign-in".to_owned(), json!({ "user_id": SHARE })),
        ("PUT", "/tv/api/settings".to_owned(), settings),
        ("PUT", "/tv/api/blocks".to_owned(), json!({ "blocked": [] })),
        ("DELETE", format!("/tv/api/inbox/{share}"), Value::Null),
        ("POST", "/tv/api/sign-out".to_owned(), Value::Null),
    ];
    for verb in ["accept", "later", "decline", "watching", "left"] {
        calls.push(("POST", format!("/tv/api/shares/{share}/{verb}"), json!({})));
    }
    calls
}

#[test]
fn other_sites_pages_change_nothing() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let tv = home.sign_in(&home.tv(account), ana, None);
    let (phone, _) = home.phone(account, "Rui");
    let share = home.ready_share(&phone, &[ana], None).to_string();
    for (method, path, body) in mutating(&share) {
        for from in [
            "Origin: http://evil.example\r\n",
            "Origin: null\r\n",
            "Origin: http://127.0.0.1:8081\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
        ] {
            let answer = home.ask(method, &path, &format!("{tv}{from}"), &body);
            assert_eq!(code_of(&answer), (403, "other_site".to_owned()), "{method} {path} {from}");
        }
        if !body.is_null() {
            // A form, from a browser that says nothing of where it comes from.
            let form = format!("{tv}Content-Type: application/x-www-form-urlencoded\r\n");
            assert_eq!(home.send(method, &path, &form, body.to_string().as_bytes()).status, 415, "{method} {path}");
        }
    }
    let settings = json_of(&home.ask("GET", "/tv/api/settings", &tv, &Value::Null));
    assert_eq!((&settings["service_off"], &settings["skip_pin"]), (&json!(false), &json!(false)));
    let entry = json_of(&home.ask("GET", "/tv/api/inbox", &tv, &Value::Null))["entries"][0].clone();
    assert_eq!((&entry["target_state"], &entry["seen"]), (&json!("notified"), &json!(false)));
    // Phones have no cookies that another site's page could use.
    for (method, path) in
        [("POST", "/api/v1/shares"), ("PATCH", "/api/v1/me"), ("DELETE", "/api/v1/shares/0000000000000000")]
    {
        assert_eq!(home.ask(method, path, &tv, &json!({})).status, 401, "{method} {path}");
    }
}

#[test]
fn hosts_of_others_are_not_answered() {
    let home = Home::new();
    for (host, status) in [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("tv.example@evil.example", 421),
        ("127.0.0.1:8080", 200),
        ("tv.example", 200),
    ] {
        for path in ["/tv/api/device", "/tv/"] {
            let mut client = home.house.connect();
            assert_eq!(client.ask(Request::get(path).host(host)).status, status, "{host} {path}");
        }
    }
    let tvs = home.steward.waiting_tvs().len();
    assert_eq!(tvs, 2, "only those who were answered became TVs");
}

#[test]
fn a_pin_is_guessed_neither_over_many_tvs_nor_over_a_restart() {
    let mut home = Home::new();
    let account = home.account("Casa");
    let rui = home.user(account, "Rui", Some("4711"));
    let tvs: Vec<String> = (0..7).map(|_| home.tv(account)).collect();
    let (living_room, guessers) = tvs.split_first().expect("a TV");
    let (phone, _) = home.phone(account, "Ana");
    let signed_in = home.sign_in(&guessers[0], rui, Some("4711"));
    let share = home.ready_share(&phone, &[rui], None);
    let body = |pin: &str| json!({ "user_id": rui.to_string(), "pin": pin });
    let accept = format!("/tv/api/shares/{share}/accept");
    // Guessed when accepting and at the sign-in: both are counted together, for that TV.
    for _ in 0..limits::PIN_TRIES - 1 {
        let wrong = home.ask("POST", &accept, &signed_in, &json!({ "pin": "0000" }));
        assert_eq!(code_of(&wrong), (401, "wrong_pin".to_owned()));
    }
    let mut looked_at = limits::PIN_TRIES - 1;
    for tv in guessers.iter().flat_map(|tv| std::iter::repeat_n(tv, 10)) {
        let answer = code_of(&home.ask("POST", "/tv/api/sign-in", tv, &body("0000")));
        assert!([(401, "wrong_pin".to_owned()), (429, "pin_locked".to_owned())].contains(&answer), "{answer:?}");
        looked_at += u32::from(answer.0 == 401);
    }
    assert!(looked_at <= limits::PIN_TRIES + limits::PIN_TRIES_ELSEWHERE + 1, "{looked_at} were looked at");
    for round in 0..2 {
        for tv in guessers {
            let answer = home.ask("POST", "/tv/api/sign-in", tv, &body("4711"));
            assert_eq!(code_of(&answer), (429, "pin_locked".to_owned()), "round {round}: even the right one waits");
            let wait: u64 = answer.field("retry-after").and_then(|wait| wait.parse().ok()).expect("seconds");
            assert!((30..=60).contains(&wait), "{wait}");
        }
        let answer = home.ask("POST", &accept, &signed_in, &json!({ "pin": "4711" }));
        assert_eq!(code_of(&answer), (429, "pin_locked".to_owned()));
        let entry = json_of(&home.ask("GET", &format!("/tv/api/shares/{share}"), &signed_in, &Value::Null));
        assert_eq!(entry["play"], Value::Null, "and no other way plays it");
        home = home.restart();
    }
    let in_the_living_room = home.sign_in(living_room, rui, Some("4711"));
    let played = home.ask("POST", &accept, &in_the_living_room, &json!({ "pin": "4711" }));
    assert_eq!(played.status, 200, "where nobody guessed they go on: {played:?}");
}

#[test]
fn codes_and_tokens_are_not_found_by_trying() {
    let home = Home::new();
    let account = home.account("Casa");
    home.steward.invite(None, Some(account), Duration::from_secs(60)).expect("an invitation");
    for code in ["", "0", "0000000000", "'; DROP TABLE invites", &"9".repeat(100_000)] {
        let answer = home.ask("POST", "/api/v1/enrol", "", &json!({ "code": code, "name": "Eva" }));
        assert_eq!(code_of(&answer), (404, "bad_code".to_owned()));
    }
    for token in ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp4", "bearer  \t"] {
        let answer = home.ask("GET", "/api/v1/contacts", &format!("Authorization: {token}\r\n"), &Value::Null);
        assert_eq!(code_of(&answer), (401, "no_phone".to_owned()), "{token}");
    }
    let device = home.ask("GET", "/tv/api/device", "", &Value::Null);
    assert!(cookie_of(&device).len() > "lareira_tv=".len() + 20, "a cookie of enough letters");
}

/// Begins to send a body of `length` bytes, and waits for what is said: 100 where the body is taken.
fn begin_body(home: &Home, method: &str, path: &str, fields: &str, length: usize) -> (Client, u16) {
    let mut client = home.house.connect();
    client.begin(Request::new(method, path).fields(fields).field("Expect", "100-continue").length(length));
    let status = client.head().status;
    (client, status)
}

#[test]
fn bodies_of_strangers_are_not_taken() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    for (method, path, length) in [
        ("PUT", "/api/v1/me/photo", 2_000_000),
        ("POST", "/api/v1/contacts/match", 100_000),
        ("POST", "/api/v1/probe", 8_000_000),
        ("PUT", "/tv/api/settings", 100_000),
        ("POST", "/admin/api/verb", 100_000),
    ] {
        for fields in ["", "Authorization: Bearer forged\r\n", "Cookie: lareira_tv=forged; lareira_owner=forged\r\n"] {
            let (_client, status) = begin_body(&home, method, path, fields, length);
            assert_eq!(status, 401, "{method} {path} {fields}");
        }
    }
    // A TV that waits to be paired is anyone who asked.
    let unpaired = format!("Cookie: {}\r\n", cookie_of(&home.ask("GET", "/tv/api/device", "", &Value::Null)));
    assert_eq!(begin_body(&home, "PUT", "/tv/api/settings", &unpaired, 100_000).1, 401);
    // Who enrols sends a photo along: one from each address at once.
    let enrolling: Vec<_> = (0..10).map(|_| begin_body(&home, "POST", "/api/v1/enrol", "", 200_000)).collect();
    let statuses: Vec<_> = enrolling.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [100, 503, 503, 503, 503, 503, 503, 503, 503, 503]);
    let (_client, status) = begin_body(&home, "POST", "/api/v1/contacts/match", &phone, 100_000);
    assert_eq!(status, 100, "whoever is known has other places");
}

#[test]
fn a_phone_that_sends_without_end_leaves_places_to_others() {
    let home = Home::new();
    let account = home.account("Casa");
    let (eve, _) = home.phone(account, "Eve");
    let (rui, _) = home.phone(account, "Rui");
    let begin = |fields: &str| begin_body(&home, "POST", "/api/v1/contacts/match", fields, 100_000);
    let eves: Vec<_> = (0..9).map(|_| begin(&eve)).collect();
    let statuses: Vec<_> = eves.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [100, 100, 503, 503, 503, 503, 503, 503, 503]);
    let mut photos: Vec<_> =
        [&eve, &eve].map(|phone| begin_body(&home, "PUT", "/api/v1/me/photo", phone, 2_000_000)).into();
    assert_eq!((photos[0].1, photos.pop().map(|(_, status)| status)), (100, Some(503)));
    let contacts = json!({ "contacts": [{ "name": "x".repeat(50_000), "msisdn": "+351910000000" }] });
    assert_eq!(home.ask("POST", "/api/v1/contacts/match", &rui, &contacts).status, 200);
    assert_eq!(begin_body(&home, "PUT", "/api/v1/me/photo", &rui, 2_000_000).1, 100);
}

/// A body of `length` bytes that someone at another address of this machine begins to send to where strangers may.
fn enrolling(home: &Home, last: u8, length: usize) -> Client {
    let mut client = Client::at(Ipv4Addr::new(127, 0, 0, last), home.house.address);
    client.begin(Request::new("POST", "/api/v1/enrol").field("Expect", "100-continue").length(length));
    client
}

#[test]
fn strangers_who_drip_keep_nobody_from_enrolling() {
    let home = Home::new();
    let account = home.account("Casa");
    let code = home.steward.invite(None, Some(account), Duration::from_secs(60)).expect("an invitation").code;
    // As many as there are places; they send a little, and may go on so for long.
    let mut drips: Vec<_> = (2..)
        .take(limits::HTTP_STRANGERS_BODIES)
        .map(|last| {
            let mut client = enrolling(&home, last, 900_000);
            assert_eq!(client.head().status, 100, "there is a place");
            client.send([b' '; 20_000]);
            client
        })
        .collect();
    let body = json!({ "code": code, "name": "Eva", "note": "x".repeat(100_000) }).to_string();
    let mut eva = enrolling(&home, 99, body.len());
    assert_eq!(eva.head().status, 100, "the slowest makes room");
    eva.send(&body);
    assert_eq!(eva.answer().status, 201);
    let mut shown_out = 0;
    for client in &mut drips {
        client.stream().set_nonblocking(true).expect("set");
        let mut byte = [0];
        if client.stream().peek(&mut byte).is_ok() {
            client.stream().set_nonblocking(false).expect("set");
            let answer = client.answer();
            assert_eq!(code_of(&answer), (503, "too_slow".to_owned()));
            assert!(answer.field("retry-after").is_some());
            shown_out += 1;
        }
    }
    assert_eq!(shown_out, 1, "one of them, and it is told why");
}

#[test]
fn guests_leave_places_for_large_bodies_to_the_household() {
    let home = Home::new();
    let account = home.account("Casa");
    let guest = |number: usize| {
        let (phone, sender) = home.phone(account, &format!("Guest {number}"));
        let phones = home.steward.phones().expect("phones");
        let id = phones.iter().find(|report| report.sender.id == sender).expect("theirs").phone.id;
        home.steward.belong(id, None).expect("a guest");
        phone
    };
    let guests: Vec<String> = (0..limits::HTTP_LARGE_BODIES + 2).map(guest).collect();
    // None of them sends anything more; the last ones wait.
    let begin = |fields: &String, method: &str, path: &str, length: usize| {
        let mut client = home.house.connect();
        client.begin(Request::new(method, path).fields(fields).length(length));
        client
    };
    let _held: Vec<_> = guests
        .iter()
        .flat_map(|phone| {
            [
                begin(phone, "POST", "/api/v1/contacts/match", 100_000),
                begin(phone, "PUT", "/api/v1/me/photo", 2_000_000),
            ]
        })
        .collect();
    let (rui, _) = home.phone(account, "Rui");
    for _ in 0..limits::HTTP_LARGE_BODIES_PER_DEVICE {
        assert_eq!(begin_body(&home, "POST", "/api/v1/contacts/match", &rui, 100_000).1, 100);
    }
    assert_eq!(begin_body(&home, "PUT", "/api/v1/me/photo", &rui, 2_000_000).1, 100);
    let tv = home.tv(account);
    assert_eq!(begin_body(&home, "PUT", "/tv/api/settings", &tv, 100_000).1, 100);
}

/// Begins a large body, of which a little comes, and waits until it is taken.
fn under_way(home: &Home, method: &str, path: &str, fields: &str) -> Client {
    let (mut client, status) = begin_body(home, method, path, fields, 100_000);
    assert_eq!(status, 100, "{method} {path}");
    client.send([b' '; 1000]);
    client
}

/// A browser of the owner's: its Cookie field.
fn owner(home: &Home) -> String {
    let code = home.steward.owner_code().expect("a code").code;
    let cookie = home.steward.owner_sign_in(&code, "a browser").expect("the owner's");
    format!("Cookie: lareira_owner={cookie}\r\n")
}

#[test]
fn what_a_device_sends_ends_with_it_at_once() {
    let home = Home::new();
    let account = home.account("Casa");
    let (tv, other_tv) = (home.tv(account), home.tv(account));
    let ((phone, sender), (other_phone, _)) = (home.phone(account, "Rui"), home.phone(account, "Eva"));
    let (browser, other_browser) = (owner(&home), owner(&home));
    let [mut from_phone, mut from_other_phone] =
        [&phone, &other_phone].map(|fields| under_way(&home, "POST", "/api/v1/contacts/match", fields));
    let [mut from_tv, mut from_other_tv] =
        [&tv, &other_tv].map(|fields| under_way(&home, "PUT", "/tv/api/settings", fields));
    let mut from_browser = under_way(&home, "POST", "/admin/api/verb", &browser);
    let value = |fields: &str| fields.trim_end().split_once('=').expect("a cookie").1.to_owned();
    let phones = home.steward.phones().expect("phones");
    let lost = phones.iter().find(|report| report.sender.id == sender).expect("Rui's").phone.id;
    home.steward.revoke_phone(lost).expect("revoked");
    let tv_id = home.steward.session(&value(&tv), None).expect("storage").expect("a TV").tv.id;
    home.steward.remove_tv(tv_id).expect("removed");
    home.steward.owner_sign_out(&value(&browser)).expect("shown out");
    for gone in [&mut from_phone, &mut from_tv, &mut from_browser] {
        assert!(gone.is_ended());
    }
    for (client, status) in [(&mut from_other_phone, 400), (&mut from_other_tv, 400)] {
        client.send([b' '; 99_000]);
        assert_eq!(client.answer().status, status, "what others send goes on");
    }
    assert_eq!(home.ask("GET", "/admin/api/now", &other_browser, &Value::Null).status, 200);
}

#[test]
fn a_connection_forgets_a_device_that_is_no_more() {
    let home = Home::new();
    let account = home.account("Casa");
    let (tv, (phone, sender), browser) = (home.tv(account), home.phone(account, "Rui"), owner(&home));
    let mut connections = [
        (phone.as_str(), "/api/v1/me", ("PUT", "/api/v1/me/photo")),
        (tv.as_str(), "/tv/api/settings", ("PUT", "/tv/api/settings")),
        (browser.as_str(), "/admin/api/now", ("POST", "/admin/api/verb")),
    ]
    .map(|(fields, known_by, large)| (home.house.connect(), fields, known_by, large));
    for (client, fields, known_by, _) in &mut connections {
        let status = client.ask(Request::get(&known_by).fields(fields)).status;
        assert!(matches!(status, 200 | 401), "{known_by}: {status}");
    }
    let phones = home.steward.phones().expect("phones");
    let lost = phones.iter().find(|report| report.sender.id == sender).expect("Rui's").phone.id;
    home.steward.revoke_phone(lost).expect("revoked");
    let value = |fields: &str| fields.trim_end().split_once('=').expect("a cookie").1.to_owned();
    let tv_id = home.steward.session(&value(&tv), None).expect("storage").expect("a TV").tv.id;
    home.steward.remove_tv(tv_id).expect("removed");
    home.steward.owner_sign_out(&value(&browser)).expect("shown out");
    for (client, fields, _, (method, large)) in &mut connections {
        let request = Request::new(method, &large).fields(fields).field("Expect", "100-continue");
        client.begin(request.length(100_000));
        // Who looks after the bodies under way may be first, and cuts it off: then nothing is said.
        let line = client.first_line();
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 401 "), "{large}: no more of it is read: {line}");
    }
}
