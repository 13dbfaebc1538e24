//! Keys to the house over HTTP: the first phone claims it, the owner's phone opens the owner's page, phones have names,
//! and none of it is had by guessing, by racing, or after being shown out.

mod http_house;

use std::sync::Barrier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_house::home::{Home, code_of, cookie_of, event, json_of};
use http_house::{Answer, Client, Request};
use lareira::ground::limits;
use serde_json::{Value, json};

/// A TV that shows a code: its Cookie field, and the code.
fn new_tv(home: &Home) -> (String, String) {
    let new = home.steward.new_tv().expect("a TV");
    (format!("Cookie: lareira_tv={}\r\n", new.cookie), new.pairing_code)
}

fn claim(home: &Home, body: &Value) -> Answer {
    home.ask("POST", "/api/v1/claim", "", body)
}

fn bearer(answer: &Answer) -> String {
    format!("Authorization: Bearer {}\r\n", json_of(answer)["token"].as_str().expect("a token"))
}

fn house(home: &Home) -> Value {
    json_of(&home.ask("GET", "/api/v1/house", "", &Value::Null))
}

fn events(home: &Home, tv: &str) -> Client {
    let mut client = home.house.connect();
    client.begin(Request::get("/tv/api/events").fields(tv));
    assert_eq!(client.head().status, 200);
    assert_eq!(event(&mut client).0, "hello");
    client
}

#[test]
fn the_first_phone_makes_the_house_its_owners() {
    let home = Home::new();
    assert_eq!(house(&home), json!({ "https_url": "https://127.0.0.1:8443", "claimed": false }));
    let (tv, code) = new_tv(&home);
    let device = json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null));
    assert_eq!((&device["claim"], &device["pairing_code"]), (&json!("square"), &json!(code)));
    assert_eq!(device["pair_url"], format!("http://127.0.0.1:8080/go/#claim={code}"));
    assert_eq!(home.ask("GET", "/tv/api/pair.svg", &tv, &Value::Null).status, 200);

    let mut told = events(&home, &tv);
    let written = format!("{} {}", &code[..3], &code[3..]);
    let claimed = claim(&home, &json!({ "code": written, "name": "Rui", "home": "Casa da Avó" }));
    assert_eq!(claimed.status, 201, "{claimed:?}");
    assert_eq!(event(&mut told), ("tv".to_owned(), json!({ "paired": true })));
    drop(told);
    let (other_tv, other_code) = new_tv(&home);
    let (phone, made) = (bearer(&claimed), json_of(&claimed));
    let me = json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null));
    assert_eq!((&me["name"], &me["owner"], &me["sender_id"]), (&json!("Rui"), &json!(true), &made["sender_id"]));
    let device = json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null));
    assert_eq!(device["account"], json!({ "account_id": made["account_id"], "name": "Casa da Avó" }));
    let users = json!([{
        "user_id": made["user_id"], "name": "Rui", "photo_url": null, "has_pin": false, "signed_in": false,
    }]);
    assert_eq!(device["users"], users);
    let contacts = json_of(&home.ask("GET", "/api/v1/contacts", &phone, &Value::Null));
    assert_eq!(
        contacts["contacts"][0]["user_id"], made["user_id"],
        "whoever claims can share with their own TV at once"
    );

    // From now on it is owned, whatever code comes.
    assert_eq!(house(&home)["claimed"], json!(true));
    for code in [&code, &other_code, "000000", ""] {
        let again = claim(&home, &json!({ "code": code, "name": "Eva" }));
        assert_eq!(code_of(&again), (409, "claimed".to_owned()));
    }
    let device = json_of(&home.ask("GET", "/tv/api/device", &other_tv, &Value::Null));
    assert_eq!(device["pair_url"], format!("http://127.0.0.1:8080/admin/#pair={other_code}"));
    let home = home.restart();
    assert_eq!(json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null))["owner"], json!(true));
}

#[test]
fn where_two_pages_ask_the_gateways_own_code_alone_claims() {
    let home = Home::new();
    let device = |tv: &str| home.ask("GET", "/tv/api/device", tv, &Value::Null);
    let first = device("");
    let square = json_of(&first)["pairing_code"].as_str().expect("a code").to_owned();
    let first = format!("Cookie: {}\r\n", cookie_of(&first));
    assert_eq!(json_of(&device(&first))["claim"], "square");
    // Another page, which may be anyone's: neither shows a way in, and none of their codes is one.
    let other = device("");
    let other_square = json_of(&other)["pairing_code"].as_str().expect("a code").to_owned();
    let other = format!("Cookie: {}\r\n", cookie_of(&other));
    let (mut told, mut other_told) = (events(&home, &first), events(&home, &other));
    for (tv, square) in [(&first, &square), (&other, &other_square)] {
        let shown = json_of(&device(tv));
        assert_eq!((&shown["claim"], &shown["pairing_code"]), (&json!("contested"), &json!(square)));
        assert_eq!((&shown["pair_url"], &shown["pair_qr_svg"]), (&Value::Null, &Value::Null));
        assert_eq!(home.ask("GET", "/tv/api/pair.svg", tv, &Value::Null).status, 404);
        let refused = claim(&home, &json!({ "code": square, "name": "Eva" }));
        assert_eq!(code_of(&refused), (403, "claim_closed".to_owned()));
    }
    let printed = home.steward.claim_code().expect("nobody owns it");
    let claimed = claim(&home, &json!({ "code": format!("{} {}", &printed[..5], &printed[5..]), "name": "Rui" }));
    assert_eq!(claimed.status, 201, "{claimed:?}");
    for told in [&mut told, &mut other_told] {
        assert_eq!(event(told), ("tv".to_owned(), json!({ "paired": false })));
    }
    let shown = json_of(&device(&first));
    assert_eq!(shown["pair_url"], format!("http://127.0.0.1:8080/admin/#pair={square}"), "the owner takes it in");
}

#[test]
fn a_tv_that_waits_over_a_restart_gets_a_new_code_by_itself() {
    let home = Home::new();
    home.account("Casa");
    let (tv, _) = new_tv(&home);
    let home = home.restart();
    let answer = home.ask("GET", "/tv/api/device", &tv, &Value::Null);
    assert_eq!((answer.status, json_of(&answer)["paired"].clone()), (200, json!(false)));
    let again = format!("Cookie: {}\r\n", cookie_of(&answer));
    let shown = json_of(&home.ask("GET", "/tv/api/device", &again, &Value::Null));
    assert_eq!(shown["pairing_code"], json_of(&answer)["pairing_code"]);
}

#[test]
fn a_home_without_a_name_is_called_after_its_owner() {
    for (language, name, expected) in [
        ("en", "Rui", "Rui’s home"),
        ("es-ES", "Lucía", "Casa de Lucía"),
        ("pt", "Rui", "Casa de Rui"),
        ("pt", &"x".repeat(100), &format!("Casa de {}", "x".repeat(80))),
    ] {
        let home = Home::new();
        let (tv, code) = new_tv(&home);
        let fields = format!("Accept-Language: {language}\r\n");
        let claimed = home.ask("POST", "/api/v1/claim", &fields, &json!({ "code": code, "name": name, "home": " " }));
        assert_eq!(claimed.status, 201, "{claimed:?}");
        let device = json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null));
        assert_eq!(device["account"]["name"], expected);
    }
}

#[test]
fn a_claim_that_fails_leaves_nothing_behind() {
    let home = Home::new();
    let (_, code) = new_tv(&home);
    let photo = "data:image/jpeg;base64,bm8gcGhvdG8=";
    for (body, expected) in [
        (json!({ "code": "000000", "name": "Eva", "photo": photo }), (404, "bad_code")),
        (json!({ "code": "9".repeat(100_000), "name": "Eva" }), (404, "bad_code")),
        (json!({ "code": code, "name": "" }), (400, "invalid")),
        (json!({ "code": code, "name": "x".repeat(101) }), (400, "invalid")),
        (json!({ "code": code, "name": "Eva", "home": "x".repeat(101) }), (400, "invalid")),
        (json!({ "code": code, "name": "Eva", "photo": photo }), (415, "not_a_photo")),
        (json!({ "code": code }), (400, "bad_body")),
    ] {
        let answer = claim(&home, &body);
        assert_eq!((answer.status, code_of(&answer).1.as_str()), (expected.0, expected.1));
    }
    assert_eq!((house(&home)["claimed"].clone(), home.steward.phones().expect("phones").len()), (json!(false), 0));
    assert_eq!(std::fs::read_dir(home.photos()).expect("a folder").count(), 0);
    assert_eq!(claim(&home, &json!({ "code": code, "name": "Eva" })).status, 201, "the code is still good");
}

#[test]
fn the_owners_photo_is_theirs_on_both_sides() {
    let home = Home::new();
    let (tv, code) = new_tv(&home);
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(64, 48, image::Rgb([200, 0, 0]));
    picture.write_to(&mut file, image::ImageFormat::Jpeg).expect("encoded");
    let photo = format!("data:image/jpeg;base64,{}", STANDARD.encode(file.into_inner()));
    let claimed = claim(&home, &json!({ "code": code, "name": "Rui", "photo": photo }));
    assert_eq!(claimed.status, 201, "{claimed:?}");
    let me = json_of(&home.ask("GET", "/api/v1/me", &bearer(&claimed), &Value::Null));
    let device = json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null));
    let urls = [&me["photo_url"], &device["users"][0]["photo_url"]].map(|url| url.as_str().expect("an address"));
    assert_ne!(urls[0], urls[1], "a photo goes with whoever has it, and the other one stays");
    for url in urls {
        assert_eq!(home.house.get(url).status, 200);
    }
}

#[test]
fn another_sites_page_claims_nothing() {
    let home = Home::new();
    let (_, code) = new_tv(&home);
    for fields in ["Origin: http://elsewhere.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        let answer = home.ask("POST", "/api/v1/claim", fields, &json!({ "code": code, "name": "Eva" }));
        assert_eq!(code_of(&answer), (403, "other_site".to_owned()), "{fields}");
    }
    assert_eq!(house(&home)["claimed"], json!(false));
}

#[test]
fn of_many_phones_at_once_one_wins() {
    for _ in 0..5 {
        let home = Home::new();
        let (_, code) = new_tv(&home);
        let start = Barrier::new(8);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let race = |at: usize| {
                let (home, code, start) = (&home, &code, &start);
                scope.spawn(move || {
                    start.wait();
                    claim(home, &json!({ "code": code, "name": format!("Phone {at}") })).status
                })
            };
            let racing: Vec<_> = (0..8).map(race).collect();
            racing.into_iter().map(|one| one.join().expect("it asks")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 404, 409].contains(status)), "{statuses:?}");
        let steward = &home.steward;
        let counts = (steward.accounts().map(|all| all.len()), steward.users(None).map(|all| all.len()));
        assert!(matches!(counts, (Ok(1), Ok(1))), "{counts:?}");
        assert_eq!(steward.phones().expect("phones").len(), 1);
    }
}

#[test]
fn codes_are_not_found_by_trying_many() {
    let home = Home::new();
    let (_, code) = new_tv(&home);
    for _ in 0..10 {
        assert_eq!(claim(&home, &json!({ "code": "000000", "name": "Eva" })).status, 404);
        let enrolled = home.ask("POST", "/api/v1/enrol", "", &json!({ "code": "0000000000", "name": "Eva" }));
        assert_eq!(enrolled.status, 404);
    }
    let refused = claim(&home, &json!({ "code": code, "name": "Eva" }));
    assert_eq!(code_of(&refused), (429, "too_many_tries".to_owned()), "the right one is too late now");
    let wait: u64 = refused.field("retry-after").and_then(|wait| wait.parse().ok()).expect("how long");
    assert!((1..=limits::CODE_TRIES_TIME.as_secs()).contains(&wait), "{wait}");
}

#[test]
fn the_owners_phone_opens_the_owners_page_and_no_other_does() {
    let home = Home::new();
    let (_, code) = new_tv(&home);
    let owner = bearer(&claim(&home, &json!({ "code": code, "name": "Rui" })));
    let account = home.steward.accounts().expect("accounts")[0].id;
    let (guest, _) = home.phone(account, "Eva");
    let session = |phone: &str| home.ask("POST", "/api/v1/owner-session", phone, &Value::Null);
    assert_eq!(code_of(&session(&guest)), (403, "not_owners_phone".to_owned()));
    assert_eq!(code_of(&session("")), (401, "no_phone".to_owned()));
    assert_eq!(json_of(&home.ask("GET", "/api/v1/me", &guest, &Value::Null))["owner"], json!(false));

    let cookie = |answer: &Answer| {
        let field = answer.field("set-cookie").expect("a cookie");
        assert!(field.contains("Path=/admin") && field.contains("HttpOnly") && field.contains("SameSite=Strict"));
        format!("Cookie: {}\r\n", field.split(';').next().expect("its pair"))
    };
    let verb = |owner: &str, verb: Value| home.ask("POST", "/admin/api/verb", owner, &verb);
    let first = cookie(&session(&owner));
    let phones = json_of(&verb(&first, json!("phone_list")))["phones"].clone();
    let mut phones = phones.as_array().expect("phones").clone();
    phones.sort_by_key(|phone| phone["owner"] == false);
    assert_eq!((&phones[0]["owner"], &phones[1]["owner"]), (&json!(true), &json!(false)));
    assert_eq!(phones[1]["phone_name"], Value::Null);
    let rename = |name: &str| json!({ "phone_rename": { "phone": phones[1]["phone_id"], "name": name } });
    assert_eq!(json_of(&verb(&first, rename(" Eva’s  old one ")))["phone_name"], "Eva’s old one");
    assert_eq!(json_of(&verb(&first, rename("")))["phone_name"], Value::Null);
    assert_eq!(verb(&first, rename(&"x".repeat(101))).status, 400);
    let unknown = json!({ "phone_rename": { "phone": "0000000000000000", "name": "x" } });
    assert_eq!(verb(&first, unknown).status, 404);

    let second = cookie(&session(&owner));
    assert_eq!(verb(&first, json!("phone_list")).status, 401, "one browser for one phone");
    let revoke = json!({ "phone_revoke": { "phone": phones[0]["phone_id"] } });
    assert_eq!(verb(&second, revoke).status, 200);
    assert_eq!(verb(&second, json!("phone_list")).status, 401, "a lost phone opens nothing any more");
    assert_eq!(session(&owner).status, 401);
}
