//! Codes and PINs over HTTP, tried by those who don't know them: how many are looked at, and what the log says of it.

mod http_house;

use std::sync::Mutex;

use http_house::home::{Home, code_of, json_of};
use lareira::ground::limits;
use lareira::http::route::Method::{Get, Post};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::{Value, json};

/// The lines of the log that tell of refusals.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }
    fn log(&self, record: &Record) {
        let line = record.args().to_string();
        if line.starts_with("refused ") {
            self.0.lock().expect("nobody panics while holding it").push(line);
        }
    }
    fn flush(&self) {}
}

/// Tests come one after the other: the log is everyone's.
fn listen() -> std::sync::MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // The next test finds it set.
    let _ = log::set_logger(&LINES);
    log::set_max_level(LevelFilter::Info);
    LINES.0.lock().expect("nobody panics while holding it").clear();
    turn
}

fn heard() -> Vec<String> {
    LINES.0.lock().expect("nobody panics while holding it").clone()
}

/// What becomes of a code that is tried from there.
fn tried(home: &Home, from: &str, path: &str, body: &Value) -> String {
    code_of(&home.ask_from(from, true, Post, path, "", body)).1
}

#[test]
fn many_addresses_find_no_code_and_the_family_comes_in() {
    let _turn = listen();
    let home = Home::new();
    let account = home.account("Casa");
    let invite = home.steward.invite(None, Some(account), std::time::Duration::from_secs(60)).expect("an invitation");
    let wrong = json!({ "code": "0000000000", "name": "Eva" });
    let mut looked_at = 0;
    for _ in 0..30 {
        for last in 1..40 {
            let said = tried(&home, &format!("192.168.1.{last}"), "/api/v1/enrol", &wrong);
            assert!(["bad_code", "too_many_tries"].contains(&said.as_str()), "{said}");
            looked_at += u32::from(said == "bad_code");
        }
    }
    assert!(
        looked_at <= limits::CODE_TRIES_NETWORK + 39 * limits::CODE_TRIES_FEW,
        "{looked_at} of 1170 were looked at"
    );
    // An IPv6 network in which one machine chooses its addresses is one.
    looked_at = 0;
    for last in 1..300 {
        looked_at += u32::from(tried(&home, &format!("2001:db8::{last:x}"), "/api/v1/enrol", &wrong) == "bad_code");
    }
    assert_eq!(looked_at, limits::CODE_TRIES);
    let right = json!({ "code": invite.code, "name": "Rui" });
    assert_eq!(tried(&home, "192.168.1.200", "/api/v1/enrol", &right), "", "whoever has the right one comes in");
}

#[test]
fn the_owners_code_is_not_found_by_trying_many() {
    let _turn = listen();
    let home = Home::new();
    let code = home.steward.owner_code().expect("a code").code;
    for _ in 0..limits::CODE_TRIES {
        assert_eq!(tried(&home, "10.0.0.1", "/admin/api/sign-in", &json!({ "code": "0000000000" })), "bad_code");
    }
    let right = json!({ "code": code });
    assert_eq!(tried(&home, "10.0.0.1", "/admin/api/sign-in", &right), "too_many_tries");
    let answer = home.ask_from("10.0.0.2", true, Post, "/admin/api/sign-in", "", &right);
    assert_eq!(answer.status, 200);
    let cookie = answer.field("set-cookie").and_then(|field| field.split(';').next()).expect("a cookie");
    let now = json_of(&home.ask_from("10.0.0.2", true, Get, "/admin/api/now", cookie, &Value::Null));
    assert_eq!(now["wrong_codes"], limits::CODE_TRIES, "the owner is told");
}

#[test]
fn each_wrong_secret_is_a_line_that_says_who_tried() {
    let _turn = listen();
    let home = Home::new();
    let account = home.account("Casa");
    let ana = home.user(account, "Ana", Some("1234"));
    let tv = home.tv(account);
    let cookie = tv.trim_start_matches("Cookie: ").trim_end();
    tried(&home, "192.168.1.7", "/api/v1/enrol", &json!({ "code": "0000000000", "name": "Eva" }));
    tried(&home, "2001:db8::1", "/admin/api/sign-in", &json!({ "code": "0000000000" }));
    let pin = json!({ "user_id": ana.to_string(), "pin": "9999" });
    let answer = home.ask_from("::ffff:192.168.1.8", false, Post, "/tv/api/sign-in", cookie, &pin);
    assert_eq!(code_of(&answer).1, "wrong_pin");
    let expected = [
        "refused kind=code from=192.168.1.7",
        "refused kind=owner_code from=2001:db8::1",
        "refused kind=pin from=192.168.1.8",
    ];
    assert_eq!(heard(), expected);
}

#[test]
fn no_refusal_fills_the_log_or_hides_another() {
    let _turn = listen();
    let home = Home::new();
    for number in 0..24_000_u32 {
        let from = format!("10.{}.{}.1", number / 256 % 256, number % 256);
        home.steward.was_refused(lareira::share::RefusedKind::Ticket, from.parse().expect("an address"));
    }
    // A minute may have gone by in between.
    let most = 2 * limits::REFUSALS_OF_KIND as usize;
    assert!((1..=most).contains(&heard().len()), "{} lines", heard().len());
    tried(&home, "192.168.1.7", "/api/v1/enrol", &json!({ "code": "0000000000", "name": "Eva" }));
    assert_eq!(heard().last().map(String::as_str), Some("refused kind=code from=192.168.1.7"));
}
