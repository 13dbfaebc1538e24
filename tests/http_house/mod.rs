//! A house for the HTTP door's tests: both halves on loopback, and a player that plays made-up things.
#![allow(dead_code)]

pub mod home;
#[path = "../http_client/mod.rs"]
pub mod http_client;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use event_listener::Event;
use futures_lite::{Stream, stream};
pub use http_client::{Answer, Client, Request};
use lareira::executor::{BoxFuture, Executor};
use lareira::ground::crowd;
use lareira::ground::id::ShareId;
use lareira::ground::limits;
use lareira::ground::publish_refusal::PublishRefusal;
use lareira::ground::reply::{Body, Portion, Reply};
use lareira::ground::shares::Standing;
use lareira::http::back::{Back, Handler};
use lareira::http::route::{PhoneCall, Route, TvCall};
use lareira::http::{
    Admission, Caps, ChannelPlayer, ChannelRequest, Clips, Credentials, Device, Devices, Events, Front, FrontConfig,
    Health, PlayRequest, Player, Proven, Status, Times, Unknown, Upload, UploadRequest,
};
use lareira::socket::{MessageChannel, TakeOver, WebSocket, WebSocketDoor};
use lareira::wire::address::{ChannelFile, PlayAddress, PlayFile};
use lareira::wire::websocket::Message;

/// A share's id, as it stands in addresses.
pub fn share() -> String {
    ShareId([7; 10]).to_string()
}

/// What the players and handlers of the house have seen.
#[derive(Default)]
pub struct Seen {
    /// Requests that wait for an answer that never comes.
    pub waiting: AtomicUsize,
    /// Endless bodies open.
    pub endless: AtomicUsize,
    /// Whether the rights to long bodies are gone, and how often they were asked after.
    pub taken_back: AtomicBool,
    /// Whether asking after a right panics.
    pub puzzled: AtomicBool,
    pub asked_after: AtomicUsize,
    /// Whether the house calls itself sick.
    pub sick: AtomicBool,
    /// What was taken of films, and how often one was taken to its end.
    pub film: Mutex<Vec<u8>>,
    pub films: AtomicUsize,
    /// Notified when no more is wanted of films.
    pub called_off: Event,
}

struct Count<'a>(&'a AtomicUsize);
impl<'a> Count<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}
impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A piece every `every`, for ever; at once if `every` is zero.
pub struct Ticks {
    pub timer: Option<async_io::Timer>,
    pub piece: Bytes,
    pub seen: Arc<Seen>,
}
impl Stream for Ticks {
    type Item = Bytes;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let piece = self.piece.clone();
        match &mut self.timer {
            Some(timer) => Pin::new(timer).poll_next(cx).map(|tick| tick.map(|_| piece)),
            None => Poll::Ready(Some(piece)),
        }
    }
}
impl Drop for Ticks {
    fn drop(&mut self) {
        self.seen.endless.fetch_sub(1, Ordering::SeqCst);
    }
}

pub struct House {
    pub address: SocketAddr,
    pub front: Arc<Front>,
    pub executor: Executor,
    pub seen: Arc<Seen>,
    pub back: Back,
    pub dir: tempfile::TempDir,
}

struct MadeUp {
    seen: Arc<Seen>,
    dir: PathBuf,
}

impl MadeUp {
    fn still_allowed(&self) -> bool {
        self.seen.asked_after.fetch_add(1, Ordering::SeqCst);
        assert!(!self.seen.puzzled.load(Ordering::SeqCst), "on purpose");
        !self.seen.taken_back.load(Ordering::SeqCst)
    }
}

impl ChannelPlayer for MadeUp {
    fn watch(&self, request: ChannelRequest) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            match request.address.file {
                // A source that keeps its word, or breaks off: the number says how many pieces it has.
                ChannelFile::Segment(pieces) => {
                    let pieces = stream::iter((0..pieces).map(|_| Bytes::from_static(b"piece")));
                    let body = Body::Passing { length: 15, pieces: Box::pin(pieces) };
                    let reply = Reply { status: 200, content_type: "video/mp2t", headers: Vec::new(), body };
                    reply.with("X-Range", request.range.unwrap_or_default())
                }
                // A source that says nothing for ever.
                ChannelFile::Media { .. } => {
                    self.seen.endless.fetch_add(1, Ordering::SeqCst);
                    let ticks =
                        Ticks { timer: Some(async_io::Timer::never()), piece: Bytes::new(), seen: self.seen.clone() };
                    let body = Body::Passing { length: 15, pieces: Box::pin(ticks) };
                    Reply { status: 200, content_type: "video/mp2t", headers: Vec::new(), body }
                }
                _ => Reply::error(404, "not_found", "made up"),
            }
        })
    }

    fn still_allowed(&self, _ticket: &str) -> bool {
        self.still_allowed()
    }
}

impl Player for MadeUp {
    fn play(&self, request: PlayRequest) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            match request.address.file {
                PlayFile::Index => {
                    Reply::bytes(200, "application/vnd.apple.mpegurl", format!("#EXTM3U\n#{}\n", request.query))
                }
                PlayFile::Segment(bytes) => Reply::bytes(200, "video/mp4", vec![7; bytes as usize]),
                PlayFile::LiveMp4 => {
                    self.seen.endless.fetch_add(1, Ordering::SeqCst);
                    let every = Duration::from_millis(20);
                    let timer = (request.query != "flood").then(|| async_io::Timer::interval(every));
                    let piece = if timer.is_some() { vec![b'x'; 5] } else { vec![b'x'; 65_536] };
                    let ticks = Ticks { timer, piece: piece.into(), seen: self.seen.clone() };
                    let body = Body::Endless(Box::pin(ticks));
                    Reply { status: 200, content_type: "video/mp4", headers: Vec::new(), body }
                }
                PlayFile::VideoMp4 => {
                    let path = self.dir.join("video.mp4");
                    let head = Portion::Memory(Bytes::from_static(b"head"));
                    let length = if request.query == "long" { 60_000_000 } else { 1_000_000 };
                    let file = Portion::File { path, offset: 10, length };
                    let body = Body::Portions(vec![head, file]);
                    let reply = Reply { status: 200, content_type: "video/mp4", headers: Vec::new(), body };
                    reply.with("ETag", "\"v1\"").with("Accept-Ranges", "bytes")
                }
                _ => {
                    let _waiting = Count::new(&self.seen.waiting);
                    std::future::pending().await
                }
            }
        })
    }

    fn still_allowed(&self, _address: &PlayAddress) -> bool {
        self.still_allowed()
    }
}

impl Events for MadeUp {
    fn open(&self, _route: Route, _fields: Vec<(&'static str, String)>, _is_secure: bool) -> BoxFuture<'_, Reply> {
        Box::pin(std::future::ready(Reply::error(401, "no", "no")))
    }

    fn still_allowed(&self, _route: &Route, _fields: &[(&'static str, String)], _is_secure: bool) -> bool {
        self.still_allowed()
    }
}

/// Knows whoever says `Bearer` and a word, by that word; some are guests.
impl Devices for MadeUp {
    fn device(&self, credentials: Credentials) -> BoxFuture<'_, Result<Option<Proven>, Unknown>> {
        let word = credentials.authorization.as_deref().and_then(|field| field.strip_prefix("Bearer "));
        let device = word.map(|word| Device {
            number: crowd::number("word", word),
            standing: if word.starts_with("guest") { Standing::Guest } else { Standing::Member },
        });
        Box::pin(std::future::ready(Ok(device.map(|device| (device, credentials)))))
    }

    fn on_gone(&self, _hook: Box<dyn Fn() + Send + Sync>) {}
}

impl Status for MadeUp {
    fn health(&self) -> Health {
        match self.seen.sick.load(Ordering::SeqCst) {
            true => Health::Failing("the disk is full".to_owned()),
            false => Health::Serving,
        }
    }
    fn metrics(&self) -> String {
        "lareira_streams 0\n".to_owned()
    }
}

/// Takes films of whoever says `Bearer T`; of whoever says `Bearer slow` the first piece never gets to the disk.
impl Clips for MadeUp {
    fn admit(&self, request: UploadRequest) -> BoxFuture<'_, Admission> {
        let admission = match request.authorization.as_deref() {
            Some("Bearer T") => Admission::Open(Box::new(Taken { seen: self.seen.clone(), slow: false })),
            Some("Bearer slow") => Admission::Open(Box::new(Taken { seen: self.seen.clone(), slow: true })),
            _ => Admission::Answered(Reply::error(401, "no_phone", "who are you")),
        };
        Box::pin(std::future::ready(admission))
    }
}

struct Taken {
    seen: Arc<Seen>,
    slow: bool,
}

impl Upload for Taken {
    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, Reply>> {
        Box::pin(async move {
            self.seen.film.lock().expect("no one panics").extend_from_slice(&bytes);
            if self.slow {
                std::future::pending::<()>().await;
            }
            Ok(bytes)
        })
    }
    fn called_off(&self) -> BoxFuture<'static, Reply> {
        let listener = self.seen.called_off.listen();
        Box::pin(async move {
            listener.await;
            Reply::error(410, "ended", "no more")
        })
    }
    fn finish(self: Box<Self>) -> BoxFuture<'static, Reply> {
        self.seen.films.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(Reply::bytes(200, "application/json", "{}")))
    }
}

/// With the token `T` it says back what it hears, in capitals, and is over at an empty text. The first text lets in what is
/// long.
impl WebSocketDoor for MadeUp {
    fn admit_client<'a>(
        self: Arc<Self>,
        token: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<TakeOver, PublishRefusal>> {
        let admitted: Result<TakeOver, PublishRefusal> = match token {
            "T" => Ok(Box::new(|socket| Box::pin(say_back(socket)))),
            _ => Err(PublishRefusal::NotFound),
        };
        Box::pin(std::future::ready(admitted))
    }
}

async fn say_back(mut socket: WebSocket) {
    let (mut messages, mut over) = (Vec::new(), false);
    while !over && socket.receive(&mut messages).await.is_ok() {
        for message in messages.drain(..) {
            match message {
                Message::Text(text) if text.is_empty() => {
                    socket.close(1000);
                    over = true;
                }
                Message::Text(text) => {
                    socket.let_in(limits::WEB_CAMERA_MESSAGE_BYTES);
                    socket.say(text.to_uppercase());
                }
                Message::Binary(bytes) => socket.say(format!("{} BYTES", bytes.len())),
                Message::Pong(_) => {}
            }
        }
        if socket.flush().await.is_err() {
            return;
        }
    }
}

fn handle(request: &lareira::http::request::Request) -> Reply {
    match request.route {
        Route::Phone(PhoneCall::Me) => {
            let mut fields = request.fields.clone();
            fields.sort();
            let body = serde_json::json!({ "peer": request.peer.to_string(), "fields": fields });
            Reply::bytes(200, "application/json", body.to_string())
        }
        Route::Phone(PhoneCall::Enrol) => Reply::bytes(201, "application/octet-stream", request.body.clone()),
        Route::Phone(PhoneCall::Contacts) => Reply::bytes(200, "text/plain", vec![b'c'; 100_000]),
        Route::Phone(PhoneCall::Probe) => Reply::bytes(200, "text/plain", format!("{:?}", request.probe)),
        Route::Tv(TvCall::SignOut) => panic!("a handler's fault"),
        Route::Tv(TvCall::Inbox) => {
            Reply::bytes(200, "text/plain", "x").with("X-Name", "a\r\nX-Evil: b").with("X-Good", "yes")
        }
        _ => Reply::bytes(200, "application/json", "{}"),
    }
}

impl House {
    pub fn new(times: Times, caps: Caps) -> Self {
        Self::answering(times, caps, Box::new(handle), None)
    }

    /// A house whose calls are answered by `handler`, and which tells `events`.
    pub fn answering(times: Times, caps: Caps, handler: Box<Handler>, events: Option<Arc<dyn Events>>) -> Self {
        Self::knowing(times, caps, handler, events, None)
    }

    /// A house that knows `devices` too.
    pub fn knowing(
        times: Times,
        caps: Caps,
        handler: Box<Handler>,
        events: Option<Arc<dyn Events>>,
        devices: Option<Arc<dyn Devices>>,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("video.mp4"), (0..2_000_000_u32).map(|i| (i % 251) as u8).collect::<Vec<_>>())
            .expect("a file");
        let back = Back::start(dir.path(), handler).expect("a back");
        let executor = Executor::default();
        let seen = Arc::new(Seen::default());
        let made_up = Arc::new(MadeUp { seen: seen.clone(), dir: dir.path().to_owned() });
        let config = FrontConfig {
            names: vec!["tv.example".to_owned()],
            authority: Arc::default(),
            back: back.entrance(),
            player: made_up.clone(),
            channels: made_up.clone(),
            web_cameras: made_up.clone(),
            clips: made_up.clone(),
            events: events.unwrap_or_else(|| made_up.clone()),
            status: made_up.clone(),
            devices: devices.unwrap_or(made_up),
            metrics_from: Vec::new(),
            times,
            caps,
        };
        let front = Arc::new(Front::new(config, &executor));
        let address = front.listen(TcpListener::bind("127.0.0.1:0").expect("a port")).expect("listening");
        let running = executor.clone();
        thread::spawn(move || running.run(std::future::pending::<()>()));
        Self { address, front, executor, seen, back, dir }
    }

    pub fn connect(&self) -> Client {
        Client::new(self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.connect().get(path)
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new(Times { sweep: Duration::from_millis(50), ..Times::default() }, Caps::default())
    }
}

/// Where work is held until the test has seen what it wants to see. Opens when dropped, so that no test hangs.
#[derive(Default)]
pub struct Gate(Arc<(Mutex<Held>, Condvar)>);

#[derive(Default)]
struct Held {
    count: usize,
    open: bool,
}

impl Gate {
    /// What comes to the gate with this waits there.
    pub fn hold(&self) -> impl Fn() + Send + Sync + 'static {
        let gate = self.0.clone();
        move || {
            let (held, changed) = &*gate;
            let mut held = held.lock().expect("held");
            held.count += 1;
            changed.notify_all();
            drop(changed.wait_while(held, |held| !held.open).expect("opened"));
        }
    }

    /// How many have come.
    pub fn count(&self) -> usize {
        self.0.0.lock().expect("held").count
    }

    /// Waits until so many have come.
    pub fn wait_for(&self, count: usize) {
        eventually(|| self.count() >= count);
    }

    pub fn open(&self) {
        self.0.0.lock().expect("held").open = true;
        self.0.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// Waits until `what` holds.
pub fn eventually(what: impl Fn() -> bool) {
    for _ in 0..1000 {
        if what() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came true");
}
