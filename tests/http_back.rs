//! What tiny_http cannot bear, sent from outside: nothing of it gets through the front, and the others are served.

mod http_house;

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use http_house::{Client, House, Request, eventually};

#[test]
fn calls_are_passed_on_in_the_fronts_own_words() {
    let house = House::default();
    let mut client = house.connect();
    client.send(concat!(
        "GET /api/v1/me HTTP/1.1\r\nHost: localhost:99\r\nX-Lareira-Peer: 9.9.9.9\r\nx-forwarded-for: 8.8.8.8\r\n",
        "Cookie: a=b\r\nUser-Agent: caf\u{e9}\r\nOrigin: http://localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, keep-alive\r\n\r\n"
    ));
    let answer = client.answer();
    let me: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(me["peer"], "127.0.0.1");
    let names: Vec<_> = me["fields"].as_array().expect("fields").iter().map(|field| field[0].as_str()).collect();
    let expected = ["cookie", "origin"];
    assert_eq!(names, expected.map(Some), "nothing else of a client's head goes through");
    for ours in ["Server", "Transfer-Encoding"] {
        assert_eq!(answer.field(ours), None);
    }
    assert_eq!(client.get("/api/v1/me").status, 200, "and the connection goes on");
}

#[test]
fn large_answers_have_their_length() {
    let house = House::default();
    let answer = house.get("/api/v1/contacts");
    assert_eq!((answer.field("content-length"), answer.body.len()), (Some("100000"), 100_000));
    let mut client = house.connect();
    let head = client.ask(Request::new("HEAD", "/api/v1/contacts"));
    assert_eq!((head.status, head.field("content-length")), (200, Some("100000")), "as GET would be answered");
    assert_eq!(client.get("/healthz").status, 200);
}

#[test]
fn a_line_break_in_a_field_is_no_second_field() {
    let answer = House::default().get("/tv/api/inbox");
    assert_eq!((answer.status, answer.field("x-good"), answer.field("x-evil")), (200, Some("yes"), None));
}

#[test]
fn a_handlers_fault_costs_one_answer() {
    let house = House::default();
    let mut client = house.connect();
    for _ in 0..20 {
        let answer = client.ask(Request::new("POST", "/tv/api/sign-out"));
        assert!(answer.status == 500 && answer.text().contains("internal"));
    }
    assert_eq!(client.get("/api/v1/me").status, 200);
}

#[test]
fn promised_bodies_that_never_come_allocate_nothing() {
    let house = House::default();
    for length in ["100000000000", "999999999999999999", "18446744073709551615", "-1"] {
        let mut client = house.connect();
        assert!(matches!(client.ask(Request::new("POST", "/api/v1/enrol").length(length)).status, 400 | 413));
        // The same, and gone at once.
        client = house.connect();
        client.begin(Request::new("POST", "/tv/api/sign-in").length(length));
    }
    let mut halves: Vec<_> = (0..100).map(|_| house.connect()).collect();
    for client in &mut halves {
        client.begin(Request::new("POST", "/api/v1/enrol").length(9000).body("half"));
    }
    assert_eq!(house.get("/api/v1/me").status, 200);
}

#[test]
fn calls_on_one_connection_follow_without_delay() {
    let house = House::default();
    let mut client = house.connect();
    let started = Instant::now();
    for _ in 0..300 {
        assert_eq!(client.get("/api/v1/me").status, 200);
    }
    // With Nagle's algorithm and delayed acknowledgements these would take 12 s.
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

#[test]
fn who_comes_and_goes_at_once_harms_nobody() {
    let house = House::default();
    for round in 0..300 {
        let mut client = house.connect();
        match round % 3 {
            0 => {}
            1 => client.send("GET /api/v1/me HTT"),
            // Unread answers make the closing a reset.
            _ => client.send("GET /api/v1/contacts HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3)),
        }
    }
    assert_eq!(house.get("/api/v1/me").status, 200);
    eventually(|| house.front.counts().0 == 0);
}

#[test]
fn many_calls_at_once_are_all_answered() {
    let house = House::default();
    let mut clients: Vec<_> = (0..200).map(|_| house.connect()).collect();
    for client in &mut clients {
        client.begin(Request::get("/api/v1/contacts"));
    }
    for client in &mut clients {
        assert_eq!(client.answer().body.len(), 100_000);
    }
}

/// tiny_http's accept loop ends for good at the first failure, and running out of descriptors is one.
#[test]
fn running_out_of_descriptors_is_survived() {
    let me = std::env::current_exe().expect("a path");
    let script = r#"ulimit -n 150; FEW_DESCRIPTORS=1 exec "$0" --exact out_of_descriptors --nocapture"#;
    let output = Command::new("sh").args(["-c", script]).arg(me).output().expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The story of the test above, told only where descriptors are few.
#[test]
fn out_of_descriptors() {
    if std::env::var_os("FEW_DESCRIPTORS").is_none() {
        return;
    }
    let house = House::new(
        lareira::http::Times { sweep: Duration::from_millis(20), ..Default::default() },
        lareira::http::Caps(lareira::ground::crowd::Caps::of(1000)),
    );
    let mut early = house.connect();
    assert_eq!(early.get("/api/v1/me").status, 200);
    for _ in 0..3 {
        let mut crowd = Vec::new();
        while let Ok(stream) = TcpStream::connect(house.address) {
            crowd.push(stream);
        }
        // Nobody can be let in now, nor a call be passed on; two places come free, and the back takes one of them.
        crowd.pop();
        let _ = early.get("/api/v1/me");
        let _ = early.get("/api/v1/me");
        assert_eq!(early.get("/healthz").status, 200);
        drop(crowd);
        eventually(|| house.front.counts().0 == 1);
        assert_eq!(Client::new(house.address).get("/api/v1/me").status, 200);
    }
}

#[test]
fn the_inner_socket_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::default();
    let socket = house.dir.path().join("http.sock");
    let mode = std::fs::metadata(&socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let dir = house.dir.path().join("a".repeat(100));
    std::fs::create_dir(&dir).expect("a directory");
    let handler = |_: &_| lareira::ground::reply::Reply::error(404, "none", "none");
    let back = lareira::http::Back::start(&dir, Box::new(handler)).expect("started though the path is long");
    assert!(!dir.join("http.sock").exists());
    drop((back, house));
    assert!(!socket.exists(), "nothing is left behind");
}
