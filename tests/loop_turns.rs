//! The event loop belongs to everyone: no address, however much is behind it, holds it longer than it may.

mod http_house;
mod large;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use futures_rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use http_house::home::json_of;
use http_house::{Client, Request};
use lareira::cli::demo::Phone;
use lareira::ground::id::ShareId;
use lareira::ground::limits;
use lareira::ground::time::Ticks90k;
use lareira::share::{Asker, Kind, ShareState};
use lareira::wire::address::{PlayFile, RtspAddress, WebSocketAddress};
use large::Large;
use serde_json::json;

/// The table of all addresses.
const ROUTES: &str = include_str!("../src/http/route/mod.rs");

/// What a task may take. An unoptimized program is slower.
fn bound() -> Duration {
    limits::LOOP_TURN * if cfg!(debug_assertions) { 3 } else { 1 }
}

/// All addresses in the table, as method and segments: names of variables stand for what varies. Those that end something
/// come last.
fn table() -> Vec<(&'static str, Vec<&'static str>)> {
    let arms = ROUTES.lines().filter_map(|line| {
        let (method, rest) = line.trim().strip_prefix('(')?.split_once(", [")?;
        let (segments, _) = rest.split_once(']')?;
        let plain = !segments.contains('|') && !segments.contains("..") && method != "_";
        plain.then(|| (method, segments.split(", ").collect::<Vec<_>>()))
    });
    let mut table: Vec<_> = arms.collect();
    table.sort_by_key(|(method, segments)| (*method == "Delete", segments.last() == Some(&"\"sign-out\"")));
    table
}

/// The path of such segments.
fn path(segments: &[&str], fill: impl Fn(&str) -> String) -> String {
    let parts = segments.iter().map(|segment| match segment.strip_prefix('"') {
        Some(text) => text.trim_end_matches('"').to_owned(),
        None => fill(segment),
    });
    parts.map(|part| format!("/{part}")).collect()
}

/// A channel's server: the longest playlist that is taken, and a segment.
fn serve_channel() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let mut playlist = String::from("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n");
    while playlist.len() + 40 < limits::CHANNEL_PLAYLIST_BYTES as usize {
        playlist.push_str("#EXTINF:1.0,\n");
        playlist.push_str(&format!("s{}.ts\n", playlist.len()));
    }
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", playlist.len());
            let _ = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(playlist.as_bytes()));
        }
    });
    address
}

/// Asks over TLS.
struct Secure {
    address: std::net::SocketAddr,
    config: Arc<ClientConfig>,
}

impl Secure {
    /// As someone who trusts the authority.
    fn new(house: &Large) -> Self {
        let mut authority = house.connect().get("/go/lareira.crt");
        while authority.status != 200 {
            std::thread::yield_now();
            authority = house.connect().get("/go/lareira.crt");
        }
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.body)).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("known versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address: house.https.expect("a secure door"), config: Arc::new(config) }
    }

    /// Asks, and reads the answer's head.
    fn ask(&self, path: &str, fields: &str) {
        let name = ServerName::try_from("localhost").expect("a name");
        let client = ClientConnection::new(self.config.clone(), name).expect("a client");
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let mut client = Client::over(StreamOwned::new(client, stream));
        client.begin(Request::get(path).fields(fields));
        assert!(client.head().head.starts_with("HTTP/1.1 "), "{path}");
    }
}

/// The longest turn since the last look.
fn longest(house: &Large) -> Duration {
    Duration::from_secs_f64(house.metric("lareira_loop_turn_seconds_max"))
}

#[test]
fn no_address_holds_the_event_loop() {
    let channel = serve_channel();
    let lists = tempfile::tempdir().expect("a folder");
    let list = lists.path().join("list.m3u");
    let mut text = format!("#EXTM3U\n#EXTINF:-1,Channel 0\nhttp://{channel}/live.m3u8\n");
    for number in 1..10_000 {
        text.push_str(&format!(
            "#EXTINF:-1 group-title=\"Group\",Channel {number} {}\nhttp://{channel}/{number}.m3u8\n",
            "x".repeat(100)
        ));
    }
    std::fs::write(&list, text).expect("a list");
    let house = Large::new(300, 30, |config| {
        config.https.enabled = true;
        config.https.address = ([127, 0, 0, 1], 0).into();
        config.channels.list = lareira::iptv::Source::File(list);
        config.channels.allow = vec![channel.to_string().parse().expect("an address")];
    });
    let recorded = house.recorded(90_000, Ticks90k::from_ms(950), 2);
    house.copies(house.share("A short one"), 20_000);
    let live = house.steward.create_share(house.sender, &house.users[..1], Kind::Live, None).expect("a share");
    let camera = Phone::start(&format!("rtsp://{}{}", house.rtsp, RtspAddress::Share(&live.publish_token)), None)
        .expect("a phone");
    let live = live.share.id;
    let is_live = || house.steward.share(Asker::Owner, live).expect("the share").share.state == ShareState::Ready;
    while !is_live() {
        std::thread::yield_now();
    }
    let secure = Secure::new(&house);
    let pending = house.steward.create_share(house.sender, &house.users[..1], Kind::Live, None).expect("a share");
    let clip = house.steward.create_share(house.sender, &house.users[..1], Kind::Clip, None).expect("a clip").share.id;
    let owner = format!(
        "Cookie: lareira_owner={}\r\n",
        house
            .steward
            .owner_sign_in(&house.steward.owner_code().expect("a code").code, "a browser")
            .expect("the owner's")
    );
    let channels = || json_of(&ask(&mut house.connect(), "GET", "/tv/api/channels", &house.tv, ""));
    while channels()["total"] != 10_000 {
        std::thread::yield_now();
    }
    let channel_url = channels()["channels"][0]["play"]["hls_url"].as_str().expect("an address").to_owned();
    let channel_folder: Vec<String> = channel_url.split('/').map(str::to_owned).collect();

    let files = [
        "index.m3u8",
        "video.mp4",
        "init-0.mp4",
        "segment-0.m4s",
        "segment-89998.m4s",
        "part-0-0.m4s",
        "thumbnail.jpg",
        "live.mp4",
    ];
    let mut slow = Vec::new();
    let mut asked = Vec::new();
    for (method, segments) in table() {
        let names: Vec<&str> = match segments.last() {
            Some(&"file") if segments[0] == "\"play\"" => files.to_vec(),
            Some(&"file") if segments[0] == "\"channel\"" => vec!["index.m3u8", "logo", "segment-0.ts"],
            Some(&"topic") => vec!["sign-in", "inbox", "settings", "start", "contacts", "live"],
            _ => vec![""],
        };
        let shares = if segments[0] == "\"play\"" { vec![recorded, live] } else { vec![recorded] };
        for (name, played) in names.iter().flat_map(|name| shares.iter().map(move |share| (*name, *share))) {
            let ticket = house.ticket(played);
            let fill = |variable: &str| match variable {
                "file" if segments[0] == "\"photo\"" => format!("{}.jpg", "A".repeat(22)),
                "file" | "topic" => name.to_owned(),
                "ticket" if segments[0] == "\"play\"" => ticket.clone(),
                "id" => channel_folder[2].clone(),
                "ticket" => channel_folder[3].clone(),
                "token" => pending.publish_token.clone(),
                "share" if segments[0] != "\"api\"" => played.to_string(),
                "share" if segments.last() == Some(&"\"video\"") => clip.to_string(),
                "share" => pending.share.id.to_string(),
                _ => panic!("what is {variable} of {segments:?}?"),
            };
            let path = path(&segments, fill);
            let path = if path == "/" { path } else { path.replace("//", "/") };
            for method in if method == "Get" { vec!["GET", "HEAD"] } else { vec![method] } {
                let method = method.to_uppercase();
                let fields = match segments[0] {
                    "\"tv\"" => &house.tv,
                    "\"admin\"" => &owner,
                    _ => &house.phone,
                };
                let body = body_of(&method, &path, &house);
                if method == "GET" {
                    let begun = longest(&house);
                    secure.ask(&path, fields);
                    let took = longest(&house);
                    if took > begun && took > bound() {
                        slow.push(format!("{method} {path} over TLS: {took:?}"));
                    }
                }
                let mut client = house.connect();
                let begun = longest(&house);
                let answer = ask(&mut client, &method, &path, fields, &body);
                asked.push(format!("{method} {path} {}", answer.status));
                assert!(answer.status != 400 || !body.is_empty() || method != "GET", "{method} {path}: {answer:?}");
                let took = longest(&house);
                if took > begun && took > bound() {
                    slow.push(format!("{method} {path}: {took:?}"));
                }
            }
        }
    }
    assert!(!camera.is_finished() && is_live(), "the stream goes on meanwhile");
    drop(camera);
    let good = asked.iter().filter(|asked| asked.ends_with(" 200")).count();
    assert!(good > 80, "too few are good questions:\n{}", asked.join("\n"));
    assert!(slow.is_empty(), "held up too long:\n{}", slow.join("\n"));
}

/// A body that is as large as one that makes sense.
fn body_of(method: &str, path: &str, house: &Large) -> String {
    if !matches!(method, "POST" | "PUT" | "PATCH") {
        return String::new();
    }
    let users: Vec<String> = house.users.iter().take(200).map(|user| user.to_string()).collect();
    match path {
        "/api/v1/contacts/match" => {
            let contacts: Vec<_> = (0..500).map(|number| json!({ "msisdn": format!("+351912{number:06}") })).collect();
            json!({ "contacts": contacts }).to_string()
        }
        "/api/v1/recipients" => json!({ "targets": users }).to_string(),
        "/api/v1/shares" => json!({ "targets": users }).to_string(),
        "/api/v1/me/photo" => "x".repeat(8_000_000),
        "/api/v1/probe" => "x".repeat(1_000_000),
        "/admin/api/verb" => json!("share_list").to_string(),
        "/tv/api/blocks" => json!({ "blocked": [] }).to_string(),
        _ => "{}".to_owned(),
    }
}

/// Asks, and reads the answer's head; its body too, where it has an end.
fn ask(client: &mut Client, method: &str, path: &str, fields: &str, body: &str) -> http_house::Answer {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let request = Request::new(method, path).host("127.0.0.1").fields(kind).fields(fields);
    client.begin(request.length(body.len()));
    // A refusal may come before all was sent.
    let _ = client.try_send(body);
    let endless = path.ends_with("/events") || path.ends_with("/live.mp4");
    client.answer_to(if endless { "HEAD" } else { method })
}

/// A masked message of a WebSocket's client (RFC 6455, section 5.2); the mask is zero.
fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_be_bytes();
    [&[0x80 | kind, 0x80 | 127][..], &length, &[0; 4], payload].concat()
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], kind, body].concat()
}

/// A fragment of so many pictures of a millisecond each, as small as pictures can be.
fn fragment(pictures: u32) -> Vec<u8> {
    let picture = |number: u32| [0, 0, 0, 2, if number == 0 { 0x65 } else { 0x41 }, 1];
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let rows: Vec<u32> = (0..pictures).flat_map(|number| [90, picture(number).len() as u32]).collect();
    let moof = |offset: u32| {
        let run = [words(&[0x301, pictures, offset]), words(&rows)].concat();
        let parts = [
            boxed(b"tfhd", &words(&[0x02_0000, 1])),
            boxed(b"tfdt", &words(&[0x0100_0000, 0, 0])),
            boxed(b"trun", &run),
        ];
        boxed(b"moof", &[boxed(b"mfhd", &words(&[0, 1])), boxed(b"traf", &parts.concat())].concat())
    };
    let media: Vec<u8> = (0..pictures).flat_map(picture).collect();
    [moof(moof(0).len() as u32 + 8), boxed(b"mdat", &media)].concat()
}

/// A web camera of a new share, which has begun with `start`.
fn web_camera(house: &Large, start: &[u8]) -> (ShareId, Client) {
    let share = house.steward.create_share(house.sender, &house.users, Kind::Live, None).expect("a share");
    let mut camera = house.connect();
    camera.begin(Request::get(WebSocketAddress(&share.publish_token)).websocket());
    assert_eq!(camera.head().status, 101);
    camera.send(message(1, start));
    camera.read_some();
    (share.share.id, camera)
}

/// One piece of a file may tell of as many pictures as a fragment can have.
#[test]
fn a_camera_that_sends_much_at_once_does_not_hold_the_event_loop() {
    let house = Large::new(1, 1, |_| {});
    let (_, mut camera) = web_camera(&house, br#"{"type":"start","version":1,"container":"mp4"}"#);
    let before = house.metric("lareira_pictures_published");
    let pictures = limits::MP4_FRAGMENT_SAMPLES as u32;
    let piece = [&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &large::init_segment(), &fragment(pictures)].concat();
    camera.send(message(2, &piece));
    while house.metric("lareira_pictures_published") < before + f64::from(pictures) {
        std::thread::yield_now();
    }
    assert!(longest(&house) < bound(), "{:?}", longest(&house));
}

/// A stream of one group of pictures, as many as a stream keeps.
fn whole_group(house: &Large) -> (ShareId, Client) {
    let (share, mut camera) = web_camera(house, br#"{"type":"start","version":1,"video":{"codec":"avc1.42e01e"}}"#);
    let picture = |number: u64, nals: &[u8]| {
        let time_us = (number * 1000).to_be_bytes();
        message(2, &[&[1, 0, 0, 0][..], &time_us, nals].concat())
    };
    camera.send(picture(0, include_bytes!("fixtures/codec/baseline.h264")));
    let state = || house.steward.share(Asker::Owner, share).expect("the share").share.state;
    while state() != ShareState::Ready {
        std::thread::yield_now();
    }
    let before = house.metric("lareira_pictures_published");
    let others = limits::STREAM_FRAMES as u64 - 1;
    let pictures: Vec<u8> = (1..=others).flat_map(|number| picture(number, &[0, 0, 0, 1, 0x41, 0xff, 0xff])).collect();
    camera.send(pictures);
    while house.metric("lareira_pictures_published") < before + others as f64 {
        std::thread::yield_now();
    }
    (share, camera)
}

/// Where nothing is recorded, all that a stream keeps is wrapped for whoever comes first.
#[test]
fn the_first_viewer_of_a_stream_that_keeps_much_does_not_hold_the_event_loop() {
    let house = Large::new(1, 1, |config| config.recording.enabled = false);
    for (file, least_bytes) in [(PlayFile::LiveMp4, limits::STREAM_FRAMES * 100), (PlayFile::Index, 200)] {
        let (share, _camera) = whole_group(&house);
        let begun = longest(&house);
        let mut viewer = house.connect();
        viewer.begin(Request::get(house.play(share, file)));
        let mut received = 0;
        while received < least_bytes {
            received += viewer.read_some().len();
        }
        let took = longest(&house);
        assert!(took == begun || took < bound(), "{file}: {took:?}");
    }
}
