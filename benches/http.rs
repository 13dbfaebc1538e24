//! What the HTTP door costs: CPU time of this process a request, and a piece of an endless body a viewer.
//!
//! `cargo bench --bench http`. The clients run in a child process, so that only the door's work is counted: user and
//! system time of this process, from `/proc/self/stat`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

#[path = "../tests/http_client/mod.rs"]
mod http_client;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use event_listener::{Event, EventListener};
use futures_lite::Stream;
use http_client::{Client, Request};
use lareira::executor::{BoxFuture, Executor};
use lareira::ground::id::ShareId;
use lareira::ground::publish_refusal::PublishRefusal;
use lareira::ground::reply::{Body, Reply};
use lareira::http::back::Back;
use lareira::http::route::Route;
use lareira::http::{
    Admission, Caps, ChannelPlayer, ChannelRequest, Clips, Credentials, Devices, Events, Front, FrontConfig, Health,
    PlayRequest, Player, Proven, Status, Times, Unknown, UploadRequest,
};
use lareira::socket::{TakeOver, WebSocketDoor};
use lareira::wire::address::{PlayAddress, PlayFile};

const VIEWERS: usize = 200;
const PIECES_A_SECOND: u32 = 30;
/// 2 Mbit/s at 30 pieces a second.
const PIECE_BYTES: usize = 8_300;
const REQUESTS: usize = 60_000;
const CALLS: usize = 20_000;
const ENDLESS_SECONDS: u32 = 8;

/// What all viewers read: the newest piece and its number.
#[derive(Default)]
struct Newest {
    piece: Mutex<(u64, Bytes)>,
    changed: Event,
}

struct Reader {
    newest: Arc<Newest>,
    seen: u64,
    listener: Option<EventListener>,
}

impl Stream for Reader {
    type Item = Bytes;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let (number, piece) = self.newest.piece.lock().unwrap().clone();
            if number > self.seen {
                self.seen = number;
                return Poll::Ready(Some(piece));
            }
            let newest = self.newest.clone();
            match &mut self.listener {
                None => self.listener = Some(newest.changed.listen()),
                Some(listener) => match Pin::new(listener).poll(cx) {
                    Poll::Ready(()) => self.listener = None,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

struct House {
    newest: Arc<Newest>,
    playlist: Bytes,
}

impl Player for House {
    fn play(&self, request: PlayRequest) -> BoxFuture<'_, Reply> {
        let reply = match request.address.file {
            PlayFile::LiveMp4 => {
                let reader = Reader { newest: self.newest.clone(), seen: 0, listener: None };
                Reply {
                    status: 200,
                    content_type: "video/mp4",
                    headers: Vec::new(),
                    body: Body::Endless(Box::pin(reader)),
                }
            }
            _ => Reply::bytes(200, "application/vnd.apple.mpegurl", self.playlist.clone())
                .with("Cache-Control", "no-store"),
        };
        Box::pin(std::future::ready(reply))
    }

    fn still_allowed(&self, _address: &PlayAddress) -> bool {
        true
    }
}

impl ChannelPlayer for House {
    fn watch(&self, _request: ChannelRequest) -> BoxFuture<'_, Reply> {
        Box::pin(std::future::ready(Reply::error(404, "none", "none")))
    }

    fn still_allowed(&self, _ticket: &str) -> bool {
        true
    }
}

impl Clips for House {
    fn admit(&self, _request: UploadRequest) -> BoxFuture<'_, Admission> {
        Box::pin(std::future::ready(Admission::Answered(Reply::error(404, "none", "none"))))
    }
}

impl WebSocketDoor for House {
    fn admit_client<'a>(
        self: Arc<Self>,
        _token: &'a str,
        _name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<TakeOver, PublishRefusal>> {
        Box::pin(std::future::ready(Err(PublishRefusal::NotFound)))
    }
}

impl Events for House {
    fn open(&self, _route: Route, _fields: Vec<(&'static str, String)>, _is_secure: bool) -> BoxFuture<'_, Reply> {
        Box::pin(std::future::ready(Reply::error(404, "none", "none")))
    }

    fn still_allowed(&self, _route: &Route, _fields: &[(&'static str, String)], _is_secure: bool) -> bool {
        true
    }
}

impl Devices for House {
    fn on_gone(&self, _hook: Box<dyn Fn() + Send + Sync>) {}

    fn device(&self, _credentials: Credentials) -> BoxFuture<'_, Result<Option<Proven>, Unknown>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

impl Status for House {
    fn health(&self) -> Health {
        Health::Serving
    }
    fn metrics(&self) -> String {
        String::new()
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, kind, address] = &arguments[..]
        && kind.starts_with("client-")
    {
        return client(kind, address.parse().unwrap());
    }
    let dir = tempfile::tempdir().unwrap();
    let handler = |_: &_| Reply::bytes(200, "application/json", r#"{"total":0,"unseen":0,"entries":[]}"#);
    let back = Back::start(dir.path(), Box::new(handler)).unwrap();
    let executor = Executor::default();
    let newest = Arc::new(Newest::default());
    let house = Arc::new(House { newest: newest.clone(), playlist: Bytes::from(vec![b'#'; 1200]) });
    let config = FrontConfig {
        names: Vec::new(),
        authority: Arc::default(),
        back: back.entrance(),
        player: house.clone(),
        channels: house.clone(),
        web_cameras: house.clone(),
        clips: house.clone(),
        events: house.clone(),
        status: house.clone(),
        devices: house,
        metrics_from: Vec::new(),
        times: Times::default(),
        caps: Caps::default(),
    };
    let front = Front::new(config, &executor);
    let address = front.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    let running = executor.clone();
    thread::spawn(move || running.run(std::future::pending::<()>()));

    let per = |label: &str, count: usize, cpu: Duration, wall: Duration| {
        let us = cpu.as_secs_f64() * 1e6 / count as f64;
        println!("{label}: {us:.1} µs CPU each, {:.0} a second", count as f64 / wall.as_secs_f64());
    };
    for (label, kind, count) in [
        ("playlist of 1.2 kB, 1 connection", "client-play-1", REQUESTS / 2),
        ("playlist of 1.2 kB, 20 connections", "client-play-20", REQUESTS),
        ("call to the back, 1 connection", "client-call-1", CALLS / 2),
        ("call to the back, 8 connections", "client-call-8", CALLS),
    ] {
        let (cpu, wall) = measured(kind, address, || {});
        per(label, count, cpu, wall);
    }

    let before = resident_kib();
    let ticking = newest.clone();
    let (cpu, wall) = measured("client-endless", address, move || {
        let start = Instant::now();
        for number in 1..=ENDLESS_SECONDS * PIECES_A_SECOND {
            let at = start + Duration::from_secs(1) * number / PIECES_A_SECOND;
            thread::sleep(at.saturating_duration_since(Instant::now()));
            *ticking.piece.lock().unwrap() = (u64::from(number), Bytes::from(vec![7; PIECE_BYTES]));
            ticking.changed.notify(usize::MAX);
        }
    });
    let pieces = VIEWERS * (ENDLESS_SECONDS * PIECES_A_SECOND) as usize;
    per(&format!("endless piece, {VIEWERS} viewers"), pieces, cpu, wall);
    let minutes = f64::from(ENDLESS_SECONDS) / 60.0 * VIEWERS as f64;
    println!("  = {:.4} CPU s a viewer-minute", cpu.as_secs_f64() / minutes);
    println!("  memory before {before} KiB, with {VIEWERS} viewers at most {} KiB", peak_kib());
}

/// CPU and wall time while a child process is the client, from its "go" to its end, and `meanwhile` is done.
fn measured(kind: &str, address: SocketAddr, meanwhile: impl FnOnce()) -> (Duration, Duration) {
    let me = std::env::current_exe().unwrap();
    let mut child = Command::new(me)
        .args([kind, &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    let (cpu, wall) = (cpu_time(), Instant::now());
    child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    meanwhile();
    drop(child.stdin.take());
    let mut rest = String::new();
    let _ = child.stdout.as_mut().unwrap().read_to_string(&mut rest);
    assert!(child.wait().unwrap().success());
    (cpu_time() - cpu, wall.elapsed())
}

/// User and system time of this process: fields 14 and 15 of its stat, in hundredths of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn status_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
fn resident_kib() -> u64 {
    status_kib("VmRSS")
}
fn peak_kib() -> u64 {
    status_kib("VmHWM")
}

/// The child: connects, says that it is ready, waits for "go", and asks.
fn client(kind: &str, address: SocketAddr) {
    let share = ShareId([7; 10]);
    let ready = || {
        println!("ready");
        let _ = std::io::stdin().read_line(&mut String::new());
    };
    if kind == "client-endless" {
        let request = Request::get(format!("/play/{share}/ticket/live.mp4")).bytes();
        let mut viewers: Vec<TcpStream> = (0..VIEWERS).map(|_| TcpStream::connect(address).unwrap()).collect();
        for viewer in &mut viewers {
            viewer.write_all(&request).unwrap();
        }
        thread::sleep(Duration::from_millis(300));
        ready();
        // Draining on one thread keeps the client cheap on a machine of two cores.
        for viewer in &viewers {
            viewer.set_nonblocking(true).unwrap();
        }
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let waiting = done.clone();
        thread::spawn(move || {
            let _ = std::io::stdin().read_line(&mut String::new());
            waiting.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let mut room = vec![0; 65_536];
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            for viewer in &mut viewers {
                while viewer.read(&mut room).is_ok_and(|bytes| bytes > 0) {}
            }
            thread::sleep(Duration::from_millis(10));
        }
        return;
    }
    let connections: usize = kind.rsplit('-').next().unwrap().parse().unwrap();
    let (path, count) = match kind.starts_with("client-play") {
        true => {
            (format!("/play/{share}/abcdefghijklmnopqrstuvwxyz012345/index.m3u8?_HLS_msn=12&_HLS_part=3"), REQUESTS)
        }
        false => ("/tv/api/inbox?offset=0&limit=20".to_owned(), CALLS),
    };
    let count = if connections == 1 { count / 2 } else { count };
    let request = Request::get(path).host("192.168.1.10:8080").fields(
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/120\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\
         Accept-Language: en\r\nConnection: keep-alive\r\nReferer: http://192.168.1.10:8080/tv/\r\n\
         Cookie: lareira_tv=abcdefghijklmnopqrstuvwx\r\n",
    );
    let request = request.bytes();
    let mut clients: Vec<Client> = (0..connections).map(|_| Client::new(address)).collect();
    ready();
    // One request on each connection, then one answer from each.
    for _ in 0..count / connections {
        for client in &mut clients {
            client.send(&request);
        }
        for client in &mut clients {
            client.answer();
        }
    }
}
