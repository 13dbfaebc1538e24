//! People over the phone API and the TV API: who they are, how they look, whom they know, what they agree to.

mod http_house;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_house::home::{Home, code_of, json_of};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use lareira::ground::id::UserId;
use lareira::lifecycle::gallery::PhotoOf;
use lareira::share::NewUser;
use serde_json::{Value, json};

/// A picture file of one colour.
fn picture(colour: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(640, 480, Rgb(colour)));
    picture.write_to(&mut file, format).expect("encoded");
    file.into_inner()
}

#[test]
fn a_photo_goes_from_the_phone_to_the_tv() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let tv = home.sign_in(&home.tv(account), ana, None);
    let (phone, sender) = home.phone(account, "Rui");
    assert_eq!(json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null))["photo_url"], Value::Null);

    let put = |kind: &str, file: &[u8]| {
        home.send("PUT", "/api/v1/me/photo", &format!("{phone}Content-Type: {kind}\r\n"), file)
    };
    let first = put("image/jpeg", &picture([200, 0, 0], ImageFormat::Jpeg));
    assert_eq!(first.status, 200, "{first:?}");
    let first = json_of(&first)["photo_url"].as_str().expect("an address").to_owned();
    assert!(first.starts_with("/photo/") && first.ends_with(".jpg") && first.len() >= "/photo/.jpg".len() + 32);
    let served = home.house.get(&first);
    assert_eq!((served.status, served.field("content-type")), (200, Some("image/jpeg")));
    assert_eq!(served.field("cache-control"), Some("private, max-age=31536000, immutable"));
    assert_eq!(served.field("x-content-type-options"), Some("nosniff"));
    let side = |path: &str| {
        let jpeg = home.house.get(path).body;
        image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).expect("a JPEG").into_rgb8().width()
    };
    assert_eq!((side(&first), side(&format!("{first}?size=96"))), (320, 96));
    assert_eq!(home.house.get(&format!("{first}?size=5000")).status, 400);

    // It is where the sender is.
    let share = home.ready_share(&phone, &[ana], None);
    let me = json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null));
    let inbox = json_of(&home.ask("GET", "/tv/api/inbox", &tv, &Value::Null));
    let entry = json_of(&home.ask("GET", &format!("/tv/api/shares/{share}"), &tv, &Value::Null));
    for seen in [&me["photo_url"], &inbox["entries"][0]["sender"]["photo_url"], &entry["sender"]["photo_url"]] {
        assert_eq!(seen, &json!(first));
    }
    home.ask("PUT", "/tv/api/blocks", &tv, &json!({ "blocked": [sender.to_string()] }));
    let blocks = json_of(&home.ask("GET", "/tv/api/blocks", &tv, &Value::Null));
    assert_eq!(blocks["senders"][0]["photo_url"], json!(first));

    // Another takes its place, and the first is gone.
    let second = json_of(&put("image/png", &picture([0, 0, 200], ImageFormat::Png)))["photo_url"].clone();
    assert_ne!(second, json!(first));
    assert_eq!(
        (home.house.get(&first).status, home.house.get(second.as_str().expect("an address")).status),
        (404, 200)
    );
    assert_eq!(std::fs::read_dir(home.photos()).expect("a folder").count(), 2, "two sizes of one photo");
}

#[test]
fn a_photo_comes_with_the_enrolment() {
    let home = Home::new();
    let account = home.account("Casa");
    let enrol = |code: &str, photo: Value| {
        home.ask("POST", "/api/v1/enrol", "", &json!({ "code": code, "name": "Rui", "photo": photo }))
    };
    let url = |file: &[u8]| json!(format!("data:image/jpeg;base64,{}", STANDARD.encode(file)));
    let file = picture([0, 200, 0], ImageFormat::Jpeg);
    let nothing_kept = || assert_eq!(std::fs::read_dir(home.photos()).expect("a folder").count(), 0);
    assert_eq!(code_of(&enrol("0000000000", url(&file))), (404, "bad_code".to_owned()));
    nothing_kept();
    let code = home.steward.invite(None, Some(account), Duration::from_secs(60)).expect("an invitation").code;
    for (photo, status) in [
        (json!("http://x/a.jpg"), 400),
        (json!("data:image/jpeg;base64,@"), 400),
        (url(b"no photo"), 415),
        (json!(7), 400),
    ] {
        assert_eq!(enrol(&code, photo.clone()).status, status, "{photo}");
    }
    nothing_kept();
    let enrolled = enrol(&code, url(&file));
    assert_eq!(enrolled.status, 201, "a photo that was refused used no code up: {enrolled:?}");
    let phone = format!("Authorization: Bearer {}\r\n", json_of(&enrolled)["token"].as_str().expect("a token"));
    let me = json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null));
    assert_eq!(home.house.get(me["photo_url"].as_str().expect("an address")).status, 200);
}

#[test]
fn a_profile_is_changed_field_by_field() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    let patch = |change: Value| home.ask("PATCH", "/api/v1/me", &phone, &change);
    let me = json_of(&patch(json!({ "msisdn": "+351 912 345 678", "email": "rui@example.org" })));
    assert_eq!((&me["name"], &me["msisdn"]), (&json!("Rui"), &json!("+351912345678")));
    let me = json_of(&patch(json!({ "name": "Rui P.", "email": null })));
    assert_eq!((&me["name"], &me["msisdn"], &me["email"]), (&json!("Rui P."), &json!("+351912345678"), &Value::Null));
    for bad in [json!({ "name": "" }), json!({ "name": null }), json!({ "name": "Eva", "msisdn": "12" })] {
        assert_eq!(code_of(&patch(bad.clone())), (400, "invalid".to_owned()), "{bad}");
    }
    assert_eq!(json_of(&home.ask("GET", "/api/v1/me", &phone, &Value::Null))["name"], "Rui P.", "all or nothing");
    assert_eq!(home.ask("PATCH", "/api/v1/me", "", &json!({ "name": "Eva" })).status, 401);
}

#[test]
fn a_users_photo_is_theirs_until_they_go() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let photo = home.gallery.keep(PhotoOf::Owner, picture([1, 2, 3], ImageFormat::Png).into()).expect("kept");
    home.steward.set_user_photo(ana, Some(photo)).expect("set");
    let tv = home.tv(account);
    let device = json_of(&home.ask("GET", "/tv/api/device", &tv, &Value::Null));
    let url = device["users"][0]["photo_url"].as_str().expect("an address");
    assert_eq!(home.house.get(url).status, 200);
    home.steward.remove_user(ana).expect("removed");
    assert_eq!(home.house.get(url).status, 404);
    assert_eq!(std::fs::read_dir(home.photos()).expect("a folder").count(), 0);
}

#[test]
fn a_phone_finds_its_contacts_and_shares_with_nobody_else() {
    let home = Home::new();
    let casa = home.account("Casa");
    let ana = home.user(casa, "Ana", None);
    let (phone, _) = home.phone(casa, "Rui");
    let other = home.account("Outra");
    let add = |name: &str, msisdn: Option<&str>, email: Option<&str>| {
        let (msisdn, email) = (msisdn.map(str::to_owned), email.map(str::to_owned));
        let new = NewUser { account: other, name: name.to_owned(), msisdn, email, pin: None };
        home.steward.add_user(new).expect("a user").id
    };
    let leo = add("Leo", Some("+351912345678"), None);
    let eva = add("Eva", None, Some("eva@example.org"));
    let contacts = || json_of(&home.ask("GET", "/api/v1/contacts", &phone, &Value::Null))["contacts"].clone();
    let card = |user: UserId, name: &str| json!({ "user_id": user.to_string(), "name": name, "photo_url": null });
    assert_eq!(contacts(), json!([card(ana, "Ana")]));
    let share = |user: &str| code_of(&home.ask("POST", "/api/v1/shares", &phone, &json!({ "targets": [user] })));
    let refused = (403, "not_a_contact".to_owned());
    assert_eq!(share(&leo.to_string()), refused);
    assert_eq!(share("0000000000000000"), refused, "nobody learns who there is by asking");

    let mut book = vec![json!({ "name": "Leo", "msisdn": "912 345 678" }), json!({ "name": "?", "email": null })];
    book.resize(500, json!({ "name": "Ninguém", "msisdn": "<script>" }));
    book.push(json!({ "name": "Eva", "email": "EVA@example.org" }));
    let find =
        |book: &[Value]| json_of(&home.ask("POST", "/api/v1/contacts/match", &phone, &json!({ "contacts": book })));
    let found = find(&book);
    assert_eq!(found, json!({ "matched": [card(leo, "Leo")], "considered": 500, "ignored": 1 }));
    assert_eq!(share(&leo.to_string()).0, 201);
    assert_eq!(share(&eva.to_string()), refused);
    assert_eq!(find(&book[500..])["matched"], json!([card(eva, "Eva")]));
    assert_eq!(contacts().as_array().map(Vec::len), Some(3));
    let bad = home.ask("POST", "/api/v1/contacts/match", &phone, &json!({ "contacts": "all" }));
    assert_eq!(code_of(&bad), (400, "bad_body".to_owned()));
}

#[test]
fn terms_are_read_and_agreed_to() {
    let home = Home::new();
    let account = home.account("Casa");
    let (phone, _) = home.phone(account, "Rui");
    let read = |language: &str| {
        json_of(&home.ask("GET", "/api/v1/terms", &format!("{phone}Accept-Language: {language}\r\n"), &Value::Null))
    };
    let (english, spanish) = (read("de"), read("es-ES,en;q=0.5"));
    assert_eq!((&english["title"], &spanish["title"]), (&json!("Terms of use"), &json!("Condiciones de uso")));
    assert_eq!((&english["accepted"], &english["accepted_at"]), (&json!(false), &Value::Null));
    let accept = |body: Value| home.ask("POST", "/api/v1/terms/accept", &phone, &body);
    assert_eq!(code_of(&accept(json!({ "version": "0" }))), (409, "terms_changed".to_owned()));
    let first = accept(json!({ "version": english["version"] }));
    assert_eq!(first.status, 200, "{first:?}");
    let (first, again) = (json_of(&first), json_of(&accept(Value::Null)));
    assert_eq!(first, again, "the first time counts");
    let read = read("pt");
    assert_eq!((&read["accepted"], &read["accepted_at"]), (&json!(true), &first["accepted_at"]));
    assert!(first["accepted_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert_eq!(home.ask("GET", "/api/v1/terms", "", &Value::Null).status, 401);
}

#[test]
fn help_comes_in_the_language_that_was_asked_for() {
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", None);
    let tv = home.sign_in(&home.tv(account), ana, None);
    let (phone, _) = home.phone(account, "Rui");
    let ask = |path: &str, fields: &str| home.ask("GET", path, fields, &Value::Null);
    let language = |path: &str, fields: &str| ask(path, fields).field("content-language").map(str::to_owned);
    let (spanish, settings) = ("Accept-Language: es\r\n", "/tv/help/settings");
    assert_eq!(language(settings, ""), Some("en".to_owned()));
    assert_eq!(language(settings, spanish), Some("es".to_owned()));
    let set = json!({ "skip_pin": false, "service_off": false, "language": "pt" });
    assert_eq!(home.ask("PUT", "/tv/api/settings", &tv, &set).status, 200);
    assert_eq!(language(settings, &format!("{tv}{spanish}")), Some("pt".to_owned()), "the user's own");
    let asked = format!("{settings}?lang=en");
    assert_eq!(language(&asked, &format!("{tv}{spanish}")), Some("en".to_owned()), "what is asked for");
    assert_eq!(language("/tv/help/inbox?lang=xx", ""), Some("en".to_owned()));
    assert_eq!(language("/api/v1/help/live", &format!("{phone}{spanish}")), Some("es".to_owned()));

    let page = ask("/tv/help/inbox?lang=es", "");
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.field("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    let text = page.text();
    assert!(
        text.contains("<html lang=\"es\">")
            && text.contains("<h1>Recibidos: tus vídeos</h1>")
            && !text.contains("<script")
    );
    for path in ["/tv/help/none", "/tv/help/", "/tv/help", "/api/v1/help/none", "/tv/help/en/inbox"] {
        assert_eq!(ask(path, &format!("{tv}{phone}")).status, 404, "{path}");
    }
    assert_eq!(ask("/api/v1/help/live", "").status, 401);
}
