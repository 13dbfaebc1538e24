//! One guest's calls hold up nobody else's: TVs and the owner have places that guests can't take, guests share theirs by
//! address, slow work has its own, and a call lasts as long as its work. Nothing here is judged by time: work is held
//! at a gate, and what has to go on meanwhile is asked for.

mod http_house;

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_house::home::{Home, code_of, json_of};
use http_house::{Answer, Client, Gate, House, Request, eventually};
use lareira::ground::limits;
use lareira::ground::reply::Reply;
use lareira::http::request;
use lareira::http::route::{PhoneCall, Route, TvCall};
use lareira::http::{Caps, Times};
use lareira::thumbnail::portrait::portrait;
use serde_json::{Value, json};

/// Bytes of a photo that has to have a place among large bodies.
const PHOTO: usize = limits::HTTP_BODY_BYTES + 1;

/// A house in which whoever asks who they are, or sends a photo, is held at the gate.
struct Held {
    gate: Gate,
    /// Terms that were accepted.
    accepted: Arc<AtomicUsize>,
    /// Phones that sent a photo.
    phones: AtomicUsize,
    // Dropped last: it waits for its calls.
    house: House,
}

impl Held {
    fn new(call: Duration) -> Self {
        let (gate, accepted) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let (hold, count) = (gate.hold(), accepted.clone());
        let handler = move |request: &request::Request| {
            match request.route {
                Route::Phone(PhoneCall::Me | PhoneCall::SetPhoto) => hold(),
                Route::Phone(PhoneCall::AcceptTerms) => drop(count.fetch_add(1, Ordering::SeqCst)),
                _ => {}
            }
            Reply::bytes(200, "application/json", "{}")
        };
        let (sweep, body) = (Duration::from_millis(50), Duration::from_secs(2));
        let times = Times { call, sweep, body, ..Times::default() };
        let house = House::answering(times, Caps::default(), Box::new(handler), None);
        Self { gate, accepted, phones: AtomicUsize::new(0), house }
    }

    fn at(&self, last: u8) -> Client {
        Client::at(Ipv4Addr::new(127, 0, 0, last), self.house.address)
    }

    /// So many calls from one address that are held, or wait for a place.
    fn calls(&self, last: u8, count: usize) -> Vec<Client> {
        let ask = |_| {
            let mut client = self.at(last);
            client.begin(Request::get("/api/v1/me"));
            client
        };
        (0..count).map(ask).collect()
    }

    /// Waits until the front has read all that was sent before: one loop reads everything.
    fn read(&self) {
        assert_eq!(self.house.get("/healthz").status, 200);
    }

    /// A photo that a phone of its own begins to send.
    fn photo(&self) -> Client {
        let mut client = self.house.connect();
        let phone = self.phones.fetch_add(1, Ordering::SeqCst);
        let photo = Request::new("PUT", "/api/v1/me/photo").field("Authorization", format!("Bearer {phone}"));
        client.begin(photo.field("Content-Type", "image/jpeg").length(PHOTO));
        client
    }
}

fn accept() -> Request {
    Request::new("POST", "/api/v1/terms/accept").body("{}")
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn guests_take_no_place_of_tvs_and_the_owner() {
    let held = Held::new(LONG);
    let mut guests: Vec<_> = (2..6).flat_map(|last| held.calls(last, 30)).collect();
    held.gate.wait_for(limits::HTTP_GUEST_CALLS);
    for path in ["/tv/api/device", "/tv/api/inbox", "/tv/help/inbox", "/admin/api/now", "/healthz", "/tv/"] {
        assert_eq!(held.house.get(path).status, 200, "{path}");
    }
    assert_eq!(held.gate.count(), limits::HTTP_GUEST_CALLS, "the others wait where they can be called off");
    held.gate.open();
    for guest in &mut guests {
        assert_eq!(guest.answer().status, 200);
    }
}

#[test]
fn one_guest_leaves_places_to_the_others() {
    let held = Held::new(LONG);
    let mut greedy = held.calls(2, 100);
    held.gate.wait_for(limits::HTTP_GUEST_CALLS - 1);
    for last in [3, 4, 3, 4, 5] {
        assert_eq!(held.at(last).get("/api/v1/house").status, 200);
    }
    assert_eq!(held.gate.count(), limits::HTTP_GUEST_CALLS - 1);
    held.gate.open();
    for client in &mut greedy {
        assert_eq!(client.answer().status, 200);
    }
}

#[test]
fn a_tv_that_is_known_waits_for_no_stranger_who_waits() {
    let (open, gate) = mpsc::channel::<()>();
    let (gate, begun) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
    let count = begun.clone();
    // Inboxes are held, and let go one by one.
    let handler = move |request: &request::Request| {
        if request.route == Route::Tv(TvCall::Inbox) {
            count.fetch_add(1, Ordering::SeqCst);
            // The test's end lets go of all.
            let _ = gate.lock().expect("nobody panics while holding it").recv();
        }
        Reply::bytes(200, "application/json", "{}")
    };
    let times = Times { call: LONG, ..Times::default() };
    let house = House::answering(times, Caps::default(), Box::new(handler), None);
    // Dropped before the house, which waits for its calls.
    let open = open;
    let at = |last| Client::at(Ipv4Addr::new(127, 0, 0, last), house.address);
    let ask = |last| {
        let mut tv = at(last);
        tv.begin(Request::get("/tv/api/settings").field("Cookie", "lareira_tv=a"));
        tv
    };
    assert_eq!(ask(2).answer().status, 200);
    let strangers: Vec<_> = (10..100)
        .map(|last| {
            let mut stranger = at(last);
            stranger.begin(Request::get("/tv/api/inbox"));
            stranger
        })
        .collect();
    eventually(|| begun.load(Ordering::SeqCst) == limits::HTTP_TV_CALLS);
    // From whatever address, on whatever connection.
    let mut tvs: Vec<_> = (2..5).map(ask).collect();
    assert_eq!(house.get("/healthz").status, 200, "all that was sent before was read");
    open.send(()).expect("held");
    for tv in &mut tvs {
        assert_eq!(tv.answer().status, 200);
    }
    drop((open, strangers));
}

#[test]
fn a_call_whose_client_has_gone_is_never_begun() {
    let held = Held::new(LONG);
    let _waiting = held.calls(2, limits::HTTP_GUEST_CALLS);
    held.gate.wait_for(limits::HTTP_GUEST_CALLS - 1);
    let (mut gone, mut patient) = (held.at(2), held.at(2));
    gone.begin(accept());
    patient.begin(accept());
    held.read();
    drop(gone);
    held.read();
    held.gate.open();
    assert_eq!(patient.answer().status, 200);
    assert_eq!(held.at(2).get("/api/v1/terms").status, 200, "whatever came before had its turn");
    assert_eq!(held.accepted.load(Ordering::SeqCst), 1, "the patient one's alone");
}

#[test]
fn whoever_says_that_nothing_more_comes_is_answered_all_the_same() {
    let held = Held::new(LONG);
    for version in ["1.0", "1.1"] {
        for _ in 0..20 {
            let mut client = held.at(2);
            client.send(format!("GET /api/v1/terms HTTP/{version}\r\nHost: localhost\r\n\r\n"));
            client.stream().shutdown(std::net::Shutdown::Write).expect("it is open");
            assert_eq!(client.answer().status, 200, "HTTP/{version}");
        }
    }
}

#[test]
fn a_call_that_came_too_late_for_a_place_is_not_made_either() {
    let held = Held::new(Duration::from_millis(100));
    let mut begun = held.calls(2, limits::HTTP_GUEST_CALLS - 1);
    held.gate.wait_for(limits::HTTP_GUEST_CALLS - 1);
    for client in &mut begun {
        assert_eq!(client.answer().status, 504, "it was begun, and may be done");
    }
    // Nobody waits for those any more; the places are theirs still.
    let mut late = held.at(2);
    late.begin(accept());
    let answer = late.answer();
    assert_eq!((answer.status, answer.field("retry-after")), (503, Some("2")), "{answer:?}");
    held.gate.open();
    eventually(|| held.at(2).get("/api/v1/terms").status == 200);
    assert_eq!(held.accepted.load(Ordering::SeqCst), 0);
}

#[test]
fn a_large_body_keeps_its_place_until_its_work_is_done() {
    let held = Held::new(LONG);
    let send = |_| {
        let mut photo = held.photo();
        photo.send(vec![0; PHOTO]);
        photo
    };
    let photos: Vec<_> = (0..limits::HTTP_PHOTO_BODIES).map(send).collect();
    held.gate.wait_for(limits::HTTP_PHOTO_BODIES);
    drop(photos);
    held.read();
    let answer = held.photo().answer();
    assert_eq!(
        (answer.status, answer.field("retry-after")),
        (503, Some("2")),
        "those who sent it are gone, the work is not"
    );
    held.gate.open();
    eventually(|| {
        let mut photo = held.photo();
        // Where it is refused, the rest may find nobody.
        let _ = photo.try_send(vec![0; PHOTO]);
        photo.answer().status == 200
    });
}

/// A small JPEG.
fn picture() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(64, 64).write_to(&mut file, image::ImageFormat::Jpeg).expect("encoded");
    file.into_inner()
}

#[test]
fn a_crowd_of_photos_and_wrong_pins_holds_up_nobody() {
    let gate = Gate::default();
    let hold = gate.hold();
    let home = Home::with_painter(Arc::new(move |file: &[u8]| {
        hold();
        portrait(file)
    }));
    let account = home.account("Casa");
    let (ana, rui) = (home.user(account, "Ana", None), home.user(account, "Rui", Some("4711")));
    let (tv, other_tv) = (home.sign_in(&home.tv(account), ana, None), home.tv(account));
    let phones: Vec<String> = (0..12).map(|number| home.phone(account, &format!("Phone {number}")).0).collect();
    let code = home.steward.owner_code().expect("a code").code;
    let came_in = home.ask("POST", "/admin/api/sign-in", "", &json!({ "code": code }));
    let owner =
        format!("Cookie: {}\r\n", came_in.field("set-cookie").expect("a cookie").split(';').next().expect("it"));
    let put = |phone: &str| -> Answer {
        home.send("PUT", "/api/v1/me/photo", &format!("{phone}Content-Type: image/jpeg\r\n"), &picture())
    };
    let busy = |answer: &Answer| code_of(answer) == (503, "busy".to_owned()) && answer.field("retry-after").is_some();
    let photo = json!({ "user_photo": {
        "user": ana.to_string(), "file": "ana.jpg", "base64": STANDARD.encode(picture()),
    } });
    thread::scope(|scope| {
        // Opened before anyone is waited for, whatever happens.
        let gate = gate;
        let (put, home) = (&put, &home);
        let first = scope.spawn(|| put(&phones[0]));
        gate.wait_for(1);
        assert!(busy(&put(&phones[0])), "one photo of a phone at a time");
        let (tell, told) = mpsc::channel();
        for phone in &phones[1..] {
            let tell = tell.clone();
            scope.spawn(move || tell.send(put(phone)));
        }
        // One more has found a place; all others are refused while nothing is drawn.
        for _ in 0..10 {
            let answer = told.recv().expect("an answer");
            assert!(busy(&answer), "{answer:?}");
        }
        // The owner finds the place that guests leave.
        let owners = scope.spawn(|| home.ask("POST", "/admin/api/verb", &owner, &photo));
        // Everybody goes on.
        let none = Value::Null;
        let wrong = json!({ "user_id": rui.to_string(), "pin": "0000" });
        for _ in 0..5 {
            assert_eq!(home.house.get("/api/v1/house").status, 200);
            assert_eq!(home.ask("GET", "/api/v1/me", &phones[3], &none).status, 200);
            assert_eq!(home.ask("GET", "/tv/api/inbox", &tv, &none).status, 200);
            assert_eq!(home.ask("GET", "/admin/api/now", &owner, &none).status, 200);
            assert_eq!(home.ask("POST", "/tv/api/sign-in", &other_tv, &wrong).status, 401);
        }
        assert_eq!(home.ask("POST", "/tv/api/sign-in", &other_tv, &wrong).status, 429);
        assert_eq!(gate.count(), 1, "one is drawn at a time");
        gate.open();
        assert_eq!(first.join().expect("answered").status, 200);
        assert_eq!(told.recv().expect("an answer").status, 200);
        let owners = owners.join().expect("answered");
        assert!(owners.status == 200 && json_of(&owners)["photo_url"].is_string(), "{owners:?}");
        assert_eq!(put(&phones[5]).status, 200, "there is room again");
    });
}

#[test]
fn pictures_are_drawn_of_codes_alone() {
    let home = Home::new();
    let account = home.account("Casa");
    let tv = home.sign_in(&home.tv(account), home.user(account, "Ana", None), None);
    let invite = json_of(&home.ask("POST", "/tv/api/invite", &tv, &Value::Null));
    let own = invite["qr_svg"].as_str().expect("an address");
    assert_eq!(home.ask("GET", own, &tv, &Value::Null).status, 200);
    for code in ["1".repeat(17), "1".repeat(2000), "12a4".to_owned(), "%31".to_owned()] {
        let answer = home.ask("GET", &format!("/tv/api/invite.svg?code={code}"), &tv, &Value::Null);
        assert_eq!(answer.status, 404, "{code}");
    }
}
