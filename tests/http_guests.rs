//! Guests over HTTP: what their own word is worth, how they ring at first, and what ends with their phone.

mod http_house;

use std::time::Duration;

use http_house::home::{Home, code_of, event, json_of};
use http_house::{Client, Request};
use lareira::ground::id::{AccountId, UserId};
use lareira::ground::limits;
use lareira::share::{EndReason, NewUser};
use serde_json::{Value, json};

const NUMBER: &str = "+351912345678";

/// A user who can be found by [`NUMBER`].
fn leo(home: &Home, account: AccountId) -> UserId {
    let new = NewUser { account, name: "Leo".into(), msisdn: Some(NUMBER.into()), email: None, pin: None };
    home.steward.add_user(new).expect("a user").id
}

/// Opens a stream of events and reads its `hello`.
fn follow(home: &Home, path: &str, fields: &str) -> Client {
    let mut told = home.house.connect();
    told.begin(Request::get(path).fields(fields));
    assert_eq!(told.head().status, 200);
    assert_eq!(event(&mut told).0, "hello");
    told
}

/// Reads events until the stream ends.
fn to_its_end(told: &mut Client) {
    while told.chunk().is_some() {}
}

#[test]
fn a_guests_own_number_opens_no_household() {
    let home = Home::new();
    let (casa, outra) = (home.account("Casa"), home.account("Outra"));
    let leo = leo(&home, casa);
    let child = home.user(casa, "Mia", None);
    let (guest, _) = home.phone(outra, "Mallory");
    let change = home.ask("PATCH", "/api/v1/me", &guest, &json!({ "msisdn": NUMBER }));
    assert_eq!(json_of(&change)["msisdn"], NUMBER, "it is taken down, and proves nothing");
    let invite = home.steward.invite(None, Some(outra), Duration::from_secs(60)).expect("an invitation").code;
    let said = json!({ "code": invite, "name": "Mallory", "msisdn": NUMBER, "email": "leo@example.org" });
    let enrolled = json_of(&home.ask("POST", "/api/v1/enrol", "", &said));
    let second = format!("Authorization: Bearer {}\r\n", enrolled["token"].as_str().expect("a token"));
    for phone in [&guest, &second] {
        assert_eq!(json_of(&home.ask("GET", "/api/v1/contacts", phone, &Value::Null))["contacts"], json!([]));
        for user in [leo, child] {
            let share = home.ask("POST", "/api/v1/shares", phone, &json!({ "targets": [user.to_string()] }));
            assert_eq!(code_of(&share), (403, "not_a_contact".to_owned()));
        }
    }
}

#[test]
fn a_first_ring_from_outside_shows_who_and_nothing_else() {
    let home = Home::new();
    let (casa, outra) = (home.account("Casa"), home.account("Outra"));
    let leo = leo(&home, casa);
    let tv = home.sign_in(&home.tv(casa), leo, None);
    let (phone, sender) = home.phone(outra, "Eva");
    home.ask("PATCH", "/api/v1/me", &phone, &json!({ "msisdn": "+351911111111" }));
    home.ask("POST", "/api/v1/contacts/match", &phone, &json!({ "contacts": [{ "msisdn": NUMBER }] }));

    let mut told = follow(&home, "/tv/api/events", &tv);
    let share = home.ready_share(&phone, &[leo], Some("Look!"));
    let next_ring = |told: &mut Client| loop {
        let (name, data) = event(told);
        if name == "ring" {
            break data;
        }
    };
    let who = json!({
        "sender_id": sender.to_string(), "name": "Eva", "number": "+351911111111", "photo_url": null,
    });
    let asked = json!({
        "share_id": share.to_string(), "user_id": leo.to_string(), "introduction": true, "sender": who, "title": null,
        "kind": "live",
    });
    assert_eq!(next_ring(&mut told), asked);
    assert_eq!(next_ring(&mut follow_ring(&home, &tv)), asked, "on a TV that is switched on now");
    let entry = |share| json_of(&home.ask("GET", &format!("/tv/api/shares/{share}"), &tv, &Value::Null));
    let shown = entry(share);
    assert_eq!((&shown["introduction"], &shown["sender"], &shown["title"]), (&json!(true), &who, &Value::Null));
    assert_eq!((&shown["thumbnail_url"], shown.get("play")), (&Value::Null, None), "no still is to be had");
    let inbox = json_of(&home.ask("GET", "/tv/api/inbox", &tv, &Value::Null));
    assert_eq!(inbox["entries"][0]["thumbnail_url"], Value::Null);
    let targets =
        json_of(&home.ask("GET", &format!("/api/v1/shares/{share}"), &phone, &Value::Null))["targets"].clone();
    assert_eq!(targets[0]["state"], "notified", "the sender is told what anyone is told");

    assert_eq!(home.ask("POST", &format!("/tv/api/shares/{share}/allow"), &tv, &json!({})).status, 200);
    let rung = next_ring(&mut told);
    assert_eq!((rung.get("introduction"), &rung["title"], rung["sender"].get("number")), (None, &json!("Look!"), None));
    let shown = entry(share);
    assert!(shown.get("introduction").is_none() && shown["play"].is_object() && shown["thumbnail_url"].is_string());

    // What was shared with someone else is no one else's to allow.
    let stranger = home.user(outra, "Zé", None);
    let other = home.sign_in(&home.tv(outra), stranger, None);
    let allow = home.ask("POST", &format!("/tv/api/shares/{share}/allow"), &other, &json!({}));
    assert_eq!(code_of(&allow), (404, "not_found".to_owned()));
    assert_eq!(home.ask("POST", &format!("/tv/api/shares/{share}/allow"), "", &json!({})).status, 401);
}

/// The events of a TV whose page is opened now.
fn follow_ring(home: &Home, tv: &str) -> Client {
    follow(home, "/tv/api/events", tv)
}

#[test]
fn tiny_clips_ring_a_few_times_and_wait_in_the_inbox() {
    let home = Home::new();
    let casa = home.account("Casa");
    let ana = home.user(casa, "Ana", None);
    let tv = home.sign_in(&home.tv(casa), ana, None);
    let (phone, _) = home.phone(casa, "Rui");
    let mut told = follow(&home, "/tv/api/events", &tv);
    for _ in 0..40 {
        let share = home.ready_share(&phone, &[ana], None);
        home.steward.ended(share, EndReason::Stopped, Some(1)).expect("over");
    }
    home.steward
        .new_share_for_cameras(&[ana], Some("Door"))
        .and_then(|new| home.steward.ready(new.share.id, http_house::home::media()))
        .expect("the door rings");
    let mut rings = 0;
    loop {
        let (name, data) = event(&mut told);
        match name.as_str() {
            "ring" if data["sender"]["name"] == "Door" => break,
            "ring" => rings += 1,
            _ => {}
        }
    }
    assert_eq!(rings, limits::RINGS_OF_MEMBERS);
    let inbox = json_of(&home.ask("GET", "/tv/api/inbox", &tv, &Value::Null));
    assert_eq!(inbox["total"], 41);
}

#[test]
fn one_phone_takes_no_more_than_its_share() {
    let home = Home::new();
    let casa = home.account("Casa");
    let ana = home.user(casa, "Ana", None);
    let (phone, _) = home.phone(casa, "Mallory");
    let (other, _) = home.phone(casa, "Rui");
    let new = |phone: &str| home.ask("POST", "/api/v1/shares", phone, &json!({ "targets": [ana.to_string()] }));
    let mut last = (0, String::new());
    let made: Vec<String> = (0..limits::UNFINISHED_OF_MEMBERS + 5)
        .filter_map(|_| {
            let answer = new(&phone);
            last = code_of(&answer);
            (answer.status == 201).then(|| json_of(&answer)["share_id"].as_str().expect("an id").to_owned())
        })
        .collect();
    assert_eq!((made.len(), last), (limits::UNFINISHED_OF_MEMBERS, (503, "full".to_owned())));
    // Stopping and beginning again is no way around it.
    let refused = (0..200).map(|_| {
        home.ask("DELETE", &format!("/api/v1/shares/{}", made[0]), &phone, &Value::Null);
        new(&phone)
    });
    let refused = refused.into_iter().find(|answer| answer.status == 429).expect("too often");
    assert_eq!(code_of(&refused).1, "too_often");
    assert!(refused.field("retry-after").is_some());
    assert_eq!(new(&other).status, 201, "nobody else notices");
}

#[test]
fn a_phone_looks_up_an_address_book_and_not_a_country() {
    let home = Home::new();
    let (casa, outra) = (home.account("Casa"), home.account("Outra"));
    let leo = leo(&home, casa);
    let (phone, _) = home.phone(outra, "Mallory");
    let find = |from: usize, more: &[&str]| {
        let numbers = (from..from + 500 - more.len()).map(|n| format!("+3519{n:08}"));
        let book: Vec<_> =
            more.iter().map(|one| (*one).to_owned()).chain(numbers).map(|number| json!({ "msisdn": number })).collect();
        home.ask("POST", "/api/v1/contacts/match", &phone, &json!({ "contacts": book }))
    };
    // A family's book, asked again and again with small changes.
    for day in 0..50 {
        let found = json_of(&find(day, &[NUMBER]));
        assert_eq!(found["matched"][0]["user_id"], leo.to_string());
        assert_eq!(
            (&found["considered"], &found["ignored"], found.get("budget_spent")),
            (&json!(500), &json!(0), None)
        );
    }
    let considered: u64 =
        (1..20).map(|n| json_of(&find(1000 * n, &[]))["considered"].as_u64().expect("a number")).sum();
    assert_eq!(considered as usize, limits::LOOKUPS - 549, "549 were in the family's book");
    let spent = find(70_000, &[NUMBER]);
    assert_eq!(spent.status, 200);
    let spent = json_of(&spent);
    assert_eq!(
        (&spent["considered"], &spent["ignored"], &spent["budget_spent"]),
        (&json!(1), &json!(499), &json!(true))
    );
    assert_eq!(spent["matched"][0]["user_id"], leo.to_string(), "who was asked for before is still found");
    assert!(spent["try_again_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let refused = (0..200).map(|n| find(n, &[])).find(|answer| answer.status != 200).expect("too often");
    assert_eq!(code_of(&refused), (429, "too_often".to_owned()));
}

#[test]
fn a_phone_follows_so_many_streams_of_events_at_once() {
    let home = Home::new();
    let casa = home.account("Casa");
    let ana = home.user(casa, "Ana", None);
    let (phone, _) = home.phone(casa, "Rui");
    let share = home.ready_share(&phone, &[ana], None);
    let path = format!("/api/v1/shares/{share}/events");
    let mut first = follow(&home, &path, &phone);
    let mut rest: Vec<_> = (0..limits::EVENTS_PER_DEVICE).map(|_| follow(&home, &path, &phone)).collect();
    to_its_end(&mut first);
    home.steward.ended(share, EndReason::Stopped, None).expect("over");
    for told in &mut rest {
        while event(told).1["state"] != "ended" {}
    }
}

#[test]
fn an_invitation_is_void_once_its_phone_is_revoked() {
    let home = Home::new();
    let tv = home.steward.new_tv().expect("a TV");
    let claim = json!({ "code": tv.pairing_code, "name": "Ana", "country": " ", "region": "pt" });
    let claimed = json_of(&home.ask("POST", "/api/v1/claim", "", &claim));
    let country = home.steward.accounts().expect("accounts")[0].country.clone();
    assert_eq!(country.as_deref(), Some("+351"), "of the region that the phone is set to");
    let phone = format!("Authorization: Bearer {}\r\n", claimed["token"].as_str().expect("a token"));
    let session = home.ask("POST", "/api/v1/owner-session", &phone, &json!({}));
    let cookie = session.field("set-cookie").and_then(|field| field.split(';').next()).expect("a cookie").to_owned();
    let owner = format!("Cookie: {cookie}\r\n");
    let verb = |verb: Value| json_of(&home.ask("POST", "/admin/api/verb", &owner, &verb));
    let invite = verb(json!({ "invite": { "name": null, "account": null, "ttl_ms": 3_600_000 } }));
    let code = invite["code"].as_str().expect("a code").to_owned();

    // The owner says where a phone belongs.
    let outra = home.account("Outra").to_string();
    let phone_id = verb(json!("phone_list"))["phones"][0]["phone_id"].as_str().expect("an id").to_owned();
    let moved = verb(json!({ "phone_join": { "phone": phone_id, "account": outra } }));
    assert_eq!(moved["account_id"], outra);
    let left = verb(json!({ "phone_leave": { "phone": phone_id } }));
    assert_eq!((&left["account_id"], &left["phone_id"]), (&Value::Null, &json!(phone_id)));

    home.steward.check_invite(&code).expect("it holds");
    home.steward.revoke_phone(phone_id.parse().expect("an id")).expect("revoked");
    let enrol = home.ask("POST", "/api/v1/enrol", "", &json!({ "code": code, "name": "Mallory" }));
    assert_eq!(code_of(&enrol), (404, "bad_code".to_owned()));
}
