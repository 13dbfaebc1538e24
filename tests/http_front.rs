//! The HTTP door as a client sees it: requests, answers, limits, and the end.

mod http_house;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use http_house::{House, Request, eventually, share};
use lareira::http::{Caps, Times};

#[test]
fn one_connection_answers_many_requests() {
    let house = House::default();
    let mut client = house.connect();
    for _ in 0..3 {
        assert_eq!(client.get("/healthz").status, 200);
        assert_eq!(client.get("/nowhere").status, 404);
        assert_eq!(client.get("/tv/../healthz").status, 400);
        assert_eq!(client.get("/metrics").text(), "lareira_streams 0\n");
        let wrong = client.get("/tv/api/sign-in");
        assert_eq!((wrong.status, wrong.field("allow")), (405, Some("POST")));
        assert_eq!(client.get("/").field("location"), Some("/tv/"));
        let head = client.ask(Request::new("HEAD", "/healthz"));
        assert_eq!((head.status, head.field("content-length")), (200, Some("15")));
        assert!(head.field("date").is_some_and(|date| date.ends_with(" GMT")));
    }
    assert_eq!(client.ask(Request::get("/healthz").field("Connection", "close")).field("connection"), Some("close"));
    assert!(client.is_ended());
    house.seen.sick.store(true, Ordering::SeqCst);
    assert_eq!(house.get("/healthz").status, 503);
}

#[test]
fn what_comes_from_elsewhere_is_whole_or_breaks_off() {
    let house = House::default();
    let mut client = house.connect();
    let path = |pieces: u32| format!("/channel/{}/t/segment-{pieces}.ts", share());
    for _ in 0..2 {
        let whole = client.ask(Request::get(path(3)).field("Range", "bytes=1-2"));
        assert_eq!((whole.status, whole.text().as_str()), (200, "piecepiecepiece"));
        assert_eq!(whole.field("x-range"), Some("bytes=1-2"), "it is for the source to cut");
    }
    client.begin(Request::get(path(2)));
    assert_eq!(client.head().field("content-length"), Some("15"));
    let mut part = Vec::new();
    while !part.ends_with(b"piecepiece") {
        part.extend(client.read_some());
    }
    assert!(client.is_ended(), "a part is not taken for the whole");
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let house = House::default();
    for path in ["/healthz", "/api/v1/contacts", &format!("/play/{}/t/index.m3u8", share())] {
        let mut client = house.connect();
        client.send(format!("GET {path} HTTP/1.0\r\n\r\n"));
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert!(answer.field("content-length").is_some() && answer.field("transfer-encoding").is_none());
        assert!(client.is_ended());
    }
    let mut client = house.connect();
    client.send(format!("GET /play/{}/t/live.mp4 HTTP/1.0\r\n\r\n", share()));
    let head = client.head();
    assert!(head.field("transfer-encoding").is_none());
    assert!(client.read_some().starts_with(b"xxxxx"));
}

#[test]
fn doubtful_requests_are_refused_and_said_so() {
    let house = House::default();
    let cases: &[(&str, u16)] = &[
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET /healthz HTTP/2.0\r\n\r\n", 505),
        ("BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (
            "POST /api/v1/enrol HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            501,
        ),
        ("POST /api/v1/enrol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        ("POST /api/v1/enrol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        ("garbage\r\n\r\n", 400),
    ];
    for (text, status) in cases {
        let mut client = house.connect();
        client.send(text);
        let answer = client.answer();
        assert_eq!((answer.status, answer.field("connection")), (*status, Some("close")), "{text}");
        assert!(client.is_ended(), "{text}");
    }
    let mut client = house.connect();
    assert_eq!(client.ask(Request::get("/").field("X", "x".repeat(20_000))).status, 431);
    assert_eq!(house.get("/healthz").status, 200);
}

#[test]
fn names_of_ours_are_answered() {
    let house = House::default();
    for host in ["tv.example", "TV.example:8080", "lareira.local", "[::1]:1", "10.1.2.3"] {
        let mut client = house.connect();
        assert_eq!(client.ask(Request::get("/healthz").host(host)).status, 200, "{host}");
    }
    let mut client = house.connect();
    assert_eq!(client.ask(Request::get("http://tv.example/healthz").host("ignored.example")).status, 200);
}

#[test]
fn files_are_sent_whole_and_in_parts() {
    let house = House::default();
    let mut client = house.connect();
    let path = format!("/play/{}/t/video.mp4", share());
    let byte = |at: u64| if at < 4 { b"head"[at as usize] } else { ((at - 4 + 10) % 251) as u8 };
    let whole = client.get(&path);
    assert_eq!((whole.status, whole.body.len()), (200, 1_000_004));
    assert!(whole.body.iter().zip(0..).all(|(got, at)| *got == byte(at)));
    for (range, start, end) in [
        ("2-9", 2, 10),
        ("999999-", 999_999, 1_000_004),
        ("-4", 1_000_000, 1_000_004),
        ("300000-800000", 300_000, 800_001),
    ] {
        let part = client.ask(Request::get(&path).field("Range", format!("bytes={range}")).field("If-Range", "\"v1\""));
        assert_eq!(part.status, 206);
        assert_eq!(part.field("content-range"), Some(format!("bytes {start}-{}/1000004", end - 1).as_str()));
        assert!(part.body.iter().zip(start..).all(|(got, at)| *got == byte(at)));
        assert_eq!(part.body.len() as u64, end - start);
    }
    let beyond = client.ask(Request::get(&path).field("Range", "bytes=2000000-"));
    assert_eq!((beyond.status, beyond.field("content-range")), (416, Some("bytes */1000004")));
    assert_eq!(client.ask(Request::new("HEAD", &path).field("Range", "bytes=0-9")).field("content-length"), Some("10"));
    assert_eq!(client.ask(Request::get(&path).field("If-None-Match", "\"v1\"")).status, 304);
    std::fs::remove_file(house.dir.path().join("video.mp4")).expect("removed");
    assert_eq!(client.get(&path).status, 404);
}

#[test]
fn live_pieces_leave_at_once_in_chunks_of_their_own() {
    let house = House::default();
    let mut client = house.connect();
    client.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    assert_eq!(client.head().field("transfer-encoding"), Some("chunked"));
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(client.chunk().as_deref(), Some(&b"xxxxx"[..]));
    }
    assert!(started.elapsed() > Duration::from_millis(150), "a piece each 20 ms, not in heaps");
    assert_eq!(house.seen.endless.load(Ordering::SeqCst), 1);
    drop(client);
    eventually(|| house.seen.endless.load(Ordering::SeqCst) == 0);
}

#[test]
fn who_waits_for_an_answer_may_leave() {
    let house = House::default();
    let mut client = house.connect();
    client.begin(Request::get(format!("/play/{}/t/part-1-1.m4s", share())));
    eventually(|| house.seen.waiting.load(Ordering::SeqCst) == 1);
    drop(client);
    eventually(|| house.seen.waiting.load(Ordering::SeqCst) == 0);
    eventually(|| house.front.counts().0 == 0);
}

#[test]
fn bodies_are_asked_for_and_bounded() {
    let house = House::default();
    let mut client = house.connect();
    assert_eq!(client.ask(Request::new("POST", "/api/v1/enrol").length(5).field("Expect", "100-continue")).status, 100);
    client.send("hello");
    let answer = client.answer();
    assert_eq!((answer.status, answer.text().as_str()), (201, "hello"));
    let large = vec![b'a'; 900_000];
    client.begin(Request::new("POST", "/api/v1/enrol").length(large.len()));
    client.send(&large);
    assert_eq!(client.answer().body, large);
    // Refused before a byte of it is read, and still readable by who sends it at once.
    client.begin(Request::new("POST", "/api/v1/enrol").length(100_000_000_000_u64));
    client.send(vec![b'a'; 200_000]);
    assert_eq!(client.answer().status, 413);
    assert!(client.is_ended());
    let mut client = house.connect();
    let nowhere = client.ask(Request::new("POST", "/nowhere").length(5).field("Expect", "100-continue"));
    assert_eq!(nowhere.status, 404, "no 100 for what will not be taken");
}

#[test]
fn uploads_are_measured_and_not_kept() {
    let house = House::default();
    let mut client = house.connect();
    client.begin(
        Request::new("POST", "/api/v1/probe")
            .field("Authorization", "Bearer T")
            .length(8_000_000)
            .field("X-Lareira-Probe", "1 1"),
    );
    client.send(vec![0; 8_000_000]);
    let answer = client.answer();
    assert!(answer.text().starts_with("Some((8000000, "), "{answer:?}");
    assert_eq!(client.ask(Request::new("POST", "/api/v1/probe").length(99_999_999_999_u64)).status, 413);
}

#[test]
fn slow_and_silent_clients_are_shown_out() {
    let ms = Duration::from_millis;
    let times =
        Times { head: ms(300), idle: ms(600), body: ms(300), write: ms(300), sweep: ms(20), ..Times::default() };
    let house = House::new(times, Caps::default());
    let mut silent = house.connect();
    let mut idle = house.connect();
    assert_eq!(idle.get("/healthz").status, 200);
    let mut slow_body = house.connect();
    slow_body.begin(Request::new("POST", "/api/v1/enrol").length(5).body("he"));
    let mut deaf = house.connect();
    deaf.begin(Request::get(format!("/play/{}/t/live.mp4?flood", share())));
    let mut listening = house.connect();
    listening.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    let mut slow = house.connect();
    let started = Instant::now();
    let mut ended = false;
    for byte in "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: 1234567890\r\n".bytes() {
        ended |= slow.try_send([byte]).is_err();
        thread::sleep(ms(15));
    }
    assert!(ended || slow.is_ended());
    assert!(silent.is_ended() && slow_body.is_ended() && idle.is_ended());
    assert!(started.elapsed() < Duration::from_secs(5));
    eventually(|| house.seen.endless.load(Ordering::SeqCst) == 1);
    drop(deaf);
    listening.head();
    for _ in 0..60 {
        assert!(listening.chunk().is_some(), "who listens stays");
    }
}

/// Places for so many, of which so many for strangers.
fn places(all: usize, strangers: usize) -> Caps {
    Caps(lareira::ground::crowd::Caps { all, strangers, device: 4, viewers: 4, viewers_all: 4 })
}

#[test]
fn a_full_house_says_so() {
    let times = Times { sweep: Duration::from_millis(20), ..Times::default() };
    let house = House::new(times, places(4, 3));
    let mut clients: Vec<_> = (0..3).map(|_| house.connect()).collect();
    for client in &mut clients {
        // At work, all of them: nobody makes room.
        client.begin(Request::new("POST", "/api/v1/enrol").field("Expect", "100-continue").length(5));
        assert_eq!(client.head().status, 100);
    }
    let mut fourth = house.connect();
    let answer = fourth.answer();
    assert_eq!((answer.status, answer.field("retry-after")), (503, Some("5")));
    assert!(answer.text().contains("\"full\"") && answer.text().ends_with("}}"));
    assert!(fourth.is_ended());
    drop(clients);
    eventually(|| house.front.counts().0 == 0);
    assert_eq!(house.get("/healthz").status, 200);
    assert_eq!(house.front.counts().1, 1);
}

#[test]
fn strangers_who_fill_the_house_make_room_and_the_known_stay() {
    let times = Times { sweep: Duration::from_millis(20), ..Times::default() };
    let house = House::new(times, places(12, 8));
    let mut phone = house.connect();
    assert_eq!(phone.ask(Request::get("/api/v1/me").field("Authorization", "Bearer T")).status, 200);
    let mut tv = house.connect();
    tv.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    assert_eq!(tv.head().status, 200);
    let mut first = house.connect();
    assert_eq!(first.get("/healthz").status, 200);
    // Some say nothing, some never end their request's head, some carry what is no token.
    let mut crowd: Vec<_> = (0..40).map(|_| house.connect()).collect();
    for client in crowd.iter_mut().rev().take(4) {
        assert_eq!(client.ask(Request::get("/healthz").field("Authorization", "Basic T")).status, 200);
    }
    assert!(first.is_ended(), "whoever has had nothing to do for longest makes room");
    assert_eq!(house.get("/healthz").status, 200, "whoever comes is served");
    for _ in 0..3 {
        assert!(tv.chunk().is_some());
    }
    assert_eq!(phone.get("/healthz").status, 200);
    eventually(|| house.front.counts().0 <= 11);
}

#[test]
fn a_screen_that_turns_out_to_be_a_tv_takes_no_place_of_screens() {
    let caps = lareira::ground::crowd::Caps { all: 12, strangers: 8, device: 4, viewers: 1, viewers_all: 1 };
    let house = House::new(Times::default(), Caps(caps));
    let segment = format!("/play/{}/t/segment-10.m4s", share());
    let (mut tv, mut screen) = (house.connect(), house.connect());
    assert_eq!(tv.get(&segment).status, 200);
    assert_eq!(tv.ask(Request::get("/api/v1/me").field("Authorization", "Bearer T")).status, 200);
    assert_eq!(screen.get(&segment).status, 200);
    for _ in 0..40 {
        assert_eq!(house.get("/healthz").status, 200);
    }
    let _crowd: Vec<_> = (0..40).map(|_| house.connect()).collect();
    assert_eq!(house.get("/healthz").status, 200);
    for known in [&mut tv, &mut screen] {
        assert_eq!(known.get("/healthz").status, 200, "both have a place of the known");
    }
}

#[test]
fn nothing_that_is_free_renews_the_time_for_a_head() {
    let ms = Duration::from_millis;
    let house = House::new(Times { head: ms(400), sweep: ms(20), ..Times::default() }, Caps::default());
    let mut client = house.connect();
    let started = Instant::now();
    let mut ended = false;
    // An empty line now and then, before a request: each used to begin the time anew.
    while !ended && started.elapsed() < Duration::from_secs(10) {
        ended = client.try_send(b"\r\n").is_err();
        thread::sleep(ms(50));
    }
    assert!(ended && client.is_ended());
    let mut polite = house.connect();
    polite.send("\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(polite.answer().status, 200);
}

#[test]
fn requests_in_a_heap_are_answered_one_by_one() {
    let house = House::default();
    let mut client = house.connect();
    const REQUESTS: usize = 100_000;
    let mut sender = client.stream().try_clone().expect("a second handle");
    let before = resident_kib();
    let sending = thread::spawn(move || {
        let heap = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
        for _ in 0..REQUESTS / 1000 {
            std::io::Write::write_all(&mut sender, heap.as_bytes()).expect("sent");
        }
    });
    // Nothing is read back for a while: the answers must not pile up in memory.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(house.get("/healthz").status, 200, "others are served all the while");
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 20_000, "grown by {grown} KiB");
    for _ in 0..REQUESTS {
        assert_eq!(client.answer().status, 200);
    }
    sending.join().expect("sent all");
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn a_crowd_of_idlers_harms_nobody() {
    let house = House::default();
    let idle: Vec<_> = (0..1000).map(|_| house.connect()).collect();
    let mut slow: Vec<_> = (0..200).map(|_| house.connect()).collect();
    let mut busy = house.connect();
    let mut worst = Duration::ZERO;
    for byte in "GET /".bytes() {
        for client in &mut slow {
            client.send([byte]);
        }
        for path in ["/healthz", "/api/v1/me"] {
            let started = Instant::now();
            assert_eq!(busy.get(path).status, 200);
            worst = worst.max(started.elapsed());
        }
        thread::sleep(Duration::from_millis(200));
    }
    assert!(worst < Duration::from_millis(500), "{worst:?}");
    assert_eq!(house.front.counts().0, 1201);
    drop((idle, slow));
    eventually(|| house.front.counts().0 == 1);
}

#[test]
fn the_door_closes_well() {
    let house = House::default();
    let mut live = house.connect();
    live.begin(Request::get(format!("/play/{}/t/live.mp4", share())));
    live.head();
    let mut idle = house.connect();
    assert_eq!(idle.get("/healthz").status, 200);
    let mut waiting = house.connect();
    waiting.begin(Request::get(format!("/play/{}/t/part-1-1.m4s", share())));
    eventually(|| house.seen.waiting.load(Ordering::SeqCst) == 1);
    let started = Instant::now();
    let front = house.front.clone();
    house.executor.spawn(async move { front.shut_down(Duration::from_secs(5)).await }).detach();
    while live.chunk().is_some() {}
    assert!(live.is_ended() && idle.is_ended());
    let answer = waiting.answer();
    assert_eq!((answer.status, answer.field("connection")), (503, Some("close")));
    eventually(|| house.front.counts().0 == 0);
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(std::net::TcpStream::connect(house.address).is_err(), "nobody listens any more");
}

#[test]
fn only_a_proper_handshake_makes_a_websocket() {
    let house = House::default();
    let ask = |token: &str, fields: &str| {
        let mut client = house.connect();
        client.ask(Request::get(format!("/publish/{token}")).fields(fields)).status
    };
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    assert_eq!(ask("T", ""), 426);
    assert_eq!(ask("U", ""), 404, "browsers are not told why a handshake failed: a plain question is answered");
    assert_eq!(ask("T", &format!("{key}{version}Upgrade: websocket\r\n")), 426);
    assert_eq!(ask("T", &format!("{key}{upgrade}Sec-WebSocket-Version: 8\r\n")), 426);
    assert_eq!(ask("T", &format!("{upgrade}{version}")), 400);
    assert_eq!(ask("T", &format!("{key}{key}{upgrade}{version}")), 400);
    assert_eq!(ask("T", &format!("Sec-WebSocket-Key: c2hvcnQ=\r\n{upgrade}{version}")), 400);
    assert_eq!(ask("T", &format!("{key}{upgrade}{version}Content-Length: 1\r\n")), 400);
    assert_eq!(ask("U", &format!("{key}{upgrade}{version}")), 404);
    let mut client = house.connect();
    let posted = Request::new("POST", "/publish/T").fields(key).fields(upgrade).fields(version);
    assert_eq!(client.ask(posted).status, 405);
}

#[test]
fn a_websocket_speaks_both_ways_until_it_is_closed() {
    let house = House::default();
    let mut client = house.connect();
    let head = "GET /publish/T HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    // A frame that comes with the handshake is not forgotten: "hi", masked with zeros.
    client.send([head.as_bytes(), &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']].concat());
    let answer = client.head();
    assert_eq!((answer.status, answer.field("sec-websocket-accept")), (101, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    assert_eq!((answer.field("upgrade"), answer.field("connection")), (Some("websocket"), Some("Upgrade")));
    assert_eq!(answer.field("sec-websocket-extensions"), None, "nothing is compressed");
    assert_eq!(client.read_bytes(4), [0x81, 2, b'H', b'I']);
    client.send([&[0x82, 0xfe, 0x9c, 0x40, 0, 0, 0, 0][..], &[7; 40_000], &[0x81, 0x80, 0, 0, 0, 0]].concat());
    assert_eq!(client.read_bytes(13 + 4), [&[0x81, 11][..], b"40000 BYTES", &[0x88, 2, 0x03, 0xe8]].concat());
    assert!(client.is_ended());
    // What is long may come right behind the word that lets it in, and not before.
    let long = [&[0x82, 0xfe, 0x9c, 0x40, 0, 0, 0, 0][..], &[7; 40_000]].concat();
    let mut client = house.connect();
    client.send([head.as_bytes(), &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'], &long].concat());
    assert_eq!(client.head().status, 101);
    assert_eq!(client.read_bytes(4 + 13), [&[0x81, 2, b'H', b'I', 0x81, 11][..], b"40000 BYTES"].concat());
    let mut client = house.connect();
    client.send([head.as_bytes(), &long[..8]].concat());
    assert_eq!(client.head().status, 101);
    assert!(client.is_ended(), "its head is enough to know");
}

#[test]
fn a_film_is_taken_as_it_comes_and_kept_when_it_breaks_off() {
    let house = House::default();
    let path = format!("/api/v1/shares/{}/video", share());
    let put = |length| Request::new("PUT", &path).field("Authorization", "Bearer T").length(length);
    let film: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut client = house.connect();
    client.begin(put(film.len()).field("Expect", "100-continue"));
    assert_eq!(client.head().status, 100, "it is asked for once it is known to be wanted");
    client.send(&film);
    assert_eq!(client.answer().status, 200);
    assert_eq!(*house.seen.film.lock().expect("no one panics"), film);
    assert_eq!(client.get("/healthz").status, 200, "the connection goes on");

    house.seen.film.lock().expect("no one panics").clear();
    client.begin(put(film.len()));
    client.send(&film[..1_000_000]);
    drop(client);
    eventually(|| house.seen.film.lock().expect("no one panics").len() == 1_000_000);
    assert_eq!(house.seen.films.load(Ordering::SeqCst), 1, "it is not taken for whole");

    let mut client = house.connect();
    let lie = client.ask(put(10).field("Content-Range", "bytes 0-8/20"));
    assert_eq!(lie.status, 400, "a range that lies");
    assert!(client.is_ended());
}

#[test]
fn a_film_that_nobody_wants_ends_before_it_has_come() {
    let house = House::default();
    let path = format!("/api/v1/shares/{}/video", share());
    let mut client = house.connect();
    assert_eq!(client.ask(Request::new("PUT", &path).length(900_000_000_000_u64)).status, 401);
    let mut client = house.connect();
    client.begin(Request::new("PUT", &path).field("Authorization", "Bearer T").length(1_000_000).body("abc"));
    eventually(|| house.seen.called_off.total_listeners() == 1);
    house.seen.called_off.notify(usize::MAX);
    assert_eq!(client.answer().status, 410);
    assert_eq!(*house.seen.film.lock().expect("no one panics"), b"abc");
}

#[test]
fn a_film_is_read_no_faster_than_the_disk_takes_it() {
    let house = House::default();
    let path = format!("/api/v1/shares/{}/video", share());
    let mut socket = std::net::TcpStream::connect(house.address).expect("the house is there");
    socket.set_write_timeout(Some(Duration::from_millis(500))).expect("it can be set");
    let head = Request::new("PUT", path).field("Authorization", "Bearer slow").length(1_000_000_000);
    std::io::Write::write_all(&mut socket, &head.bytes()).expect("sent");
    let mut sent = 0;
    while let Ok(bytes) = std::io::Write::write(&mut socket, &[7; 65_536]) {
        sent += bytes;
        assert!(sent < 64 << 20, "it is read although nothing is written");
    }
    assert!(house.seen.film.lock().expect("no one panics").len() <= 256 * 1024);
}

#[test]
fn a_film_of_which_nothing_comes_is_cut_off() {
    let times = Times { body: Duration::from_millis(300), sweep: Duration::from_millis(50), ..Times::default() };
    let house = House::new(times, Caps::default());
    let path = format!("/api/v1/shares/{}/video", share());
    let mut client = house.connect();
    client.begin(Request::new("PUT", &path).field("Authorization", "Bearer T").length(1_000_000).body("abc"));
    assert!(client.is_ended());
    assert_eq!(*house.seen.film.lock().expect("no one panics"), b"abc", "what came is kept");
}

#[test]
fn a_film_that_drips_is_cut_off() {
    let ms = Duration::from_millis;
    let house = House::new(Times { body: ms(300), sweep: ms(20), ..Times::default() }, Caps::default());
    let path = format!("/api/v1/shares/{}/video", share());
    let mut client = house.connect();
    client.begin(Request::new("PUT", &path).field("Authorization", "Bearer T").length(1_000_000));
    let started = Instant::now();
    let mut ended = false;
    while !ended && started.elapsed() < Duration::from_secs(10) {
        ended = client.try_send(b"x").is_err();
        thread::sleep(ms(50));
    }
    assert!(ended && client.is_ended(), "a byte now and then keeps no place");
    assert!(!house.seen.film.lock().expect("no one panics").is_empty(), "what came is kept");
}
