//! Web cameras at their door, over a line made for it: time is simulated, and every end has its word and its code.

use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use lareira::ground::frame::AudioParams;
use lareira::ground::id::ShareId;
use lareira::ground::limits;
use lareira::ground::publish_refusal::PublishRefusal;
use lareira::ground::time::{Clock, Moment, UnixMs};
use lareira::live::{Hub, Publisher, Status, Stream};
use lareira::socket::MessageChannel;
use lareira::web_camera::{Answer, WebCameraGate, WebCameras};
use lareira::wire::websocket::{Message, WebSocketError};
use serde_json::Value;
use smol::channel;

const SHARE: ShareId = ShareId([5; 10]);
const START: &str = r#"{"type":"start","version":1,"video":{"codec":"avc1.42c01e"}}"#;
/// Ten pictures, the first and the sixth key frames.
const FILM: &[u8] = include_bytes!("../fixtures/camera/film.h264");
/// Two and a half seconds out of Chromium's MediaRecorder, 106 pictures.
const RECORDER: &[u8] = include_bytes!("../captures/mp4/recorder.mp4");
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that goes on when it is told to.
#[derive(Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
    fn date(&self) -> UnixMs {
        UnixMs(0)
    }
}

/// Lets `TOKEN` in, to one share.
struct Streams {
    hub: Hub,
    stream: Mutex<Option<Arc<Stream>>>,
    /// Why nobody may publish.
    refuses: Mutex<Option<PublishRefusal>>,
}

impl WebCameraGate for Streams {
    fn admit<'a>(&'a self, token: &'a str) -> Answer<'a, ShareId> {
        let known = if token == "TOKEN" { Ok(SHARE) } else { Err(PublishRefusal::NotFound) };
        Box::pin(std::future::ready(known))
    }

    fn open<'a>(&'a self, _token: &'a str, audio: Option<Arc<AudioParams>>) -> Answer<'a, Publisher> {
        Box::pin(async move {
            if let Some(refusal) = self.refuses.lock().expect("nobody panics while holding it").clone() {
                return Err(refusal);
            }
            let (publisher, stream) =
                self.hub.open(SHARE, audio, None, UnixMs(0)).map_err(|_| PublishRefusal::AlreadyPublishing)?;
            if stream.is_some() {
                *self.stream.lock().expect("nobody panics while holding it") = stream;
            }
            Ok(publisher)
        })
    }

    fn viewers(&self, _share: ShareId) -> usize {
        2
    }
}

/// What a web camera is told.
#[derive(Debug, PartialEq)]
enum Told {
    Text(Value),
    Ping(u64),
    Close(u16),
    /// Not a word: long messages may come.
    LetIn,
    /// Not a word: the line takes nothing.
    Held,
}

struct Script {
    incoming: channel::Receiver<Message>,
    told: mpsc::Sender<Told>,
    /// Whoever has it holds up what is said.
    line: Arc<smol::lock::Mutex<()>>,
}

impl MessageChannel for Script {
    fn peer(&self) -> IpAddr {
        Ipv4Addr::LOCALHOST.into()
    }
    async fn receive(&mut self, messages: &mut Vec<Message>) -> Result<(), WebSocketError> {
        messages.push(self.incoming.recv().await.map_err(|_| WebSocketError::Closed)?);
        Ok(())
    }
    fn receive_now(&mut self, messages: &mut Vec<Message>) -> Result<bool, WebSocketError> {
        let message = self.incoming.try_recv();
        messages.extend(message.clone().ok());
        Ok(message.is_ok())
    }
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
    fn is_inside_message(&self) -> bool {
        false
    }
    fn let_in(&mut self, _message_bytes: usize) {
        let _ = self.told.send(Told::LetIn);
    }
    fn say(&mut self, text: String) {
        // A test that has seen enough listens no more.
        let _ = self.told.send(Told::Text(serde_json::from_str(&text).expect("JSON")));
    }
    fn ping(&mut self, number: u64) {
        let _ = self.told.send(Told::Ping(number));
    }
    fn close(&mut self, code: u16) {
        let _ = self.told.send(Told::Close(code));
    }
    async fn flush(&mut self) -> Result<(), WebSocketError> {
        if self.line.try_lock().is_none() {
            let _ = self.told.send(Told::Held);
            drop(self.line.lock().await);
        }
        Ok(())
    }
}

/// A door with web cameras in front of it.
struct Door {
    clock: Arc<SetClock>,
    streams: Arc<Streams>,
    web_cameras: Arc<WebCameras>,
}

struct Camera {
    says: channel::Sender<Message>,
    told: mpsc::Receiver<Told>,
    line: Arc<smol::lock::Mutex<()>>,
    talk: JoinHandle<()>,
}

impl Door {
    fn new() -> Self {
        let clock = Arc::new(SetClock::default());
        let streams = Arc::new(Streams { hub: Hub::new(8, None), stream: Mutex::default(), refuses: Mutex::default() });
        let web_cameras = Arc::new(WebCameras::new(streams.clone(), clock.clone()));
        Self { clock, streams, web_cameras }
    }

    fn camera(&self) -> Camera {
        let ((says, incoming), (sender, told)) = (channel::unbounded(), mpsc::channel());
        let line = Arc::new(smol::lock::Mutex::new(()));
        let (web_cameras, script) = (self.web_cameras.clone(), Script { incoming, told: sender, line: line.clone() });
        let talk = std::thread::spawn(move || {
            futures_lite::future::block_on(async {
                web_cameras.admit("TOKEN", None).await.expect("let in").talk(script).await
            })
        });
        Camera { says, told, line, talk }
    }

    fn publishing(&self) -> Camera {
        let camera = self.camera();
        camera.say(START);
        assert_eq!(camera.told.recv_timeout(PATIENCE), Ok(Told::LetIn), "before it is told that it may send");
        assert_eq!(camera.hears("started")["share_id"], SHARE.to_string());
        camera
    }

    fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_micros() as u64, Ordering::SeqCst);
    }

    fn stream(&self) -> Arc<Stream> {
        self.streams.stream.lock().expect("nobody panics while holding it").clone().expect("published")
    }
}

impl Camera {
    fn say(&self, text: &str) {
        self.says.send_blocking(Message::Text(text.to_owned())).expect("somebody listens");
    }

    fn send_picture(&self, n: u64) {
        let picture = picture((n % 10) as usize);
        let message = [&[1, u8::from(n.is_multiple_of(5)), 0, 0][..], &(n * 40_000).to_be_bytes(), picture].concat();
        self.says.send_blocking(Message::Binary(message.into())).expect("somebody listens");
    }

    fn hears(&self, kind: &str) -> Value {
        loop {
            match self.told.recv_timeout(PATIENCE).expect("something is said") {
                Told::Text(text) if text["type"] == kind => return text,
                Told::Ping(_) | Told::LetIn => {}
                other => panic!("{other:?} instead of {kind}"),
            }
        }
    }

    /// Waits for the end: its last word, and its code.
    fn until_over(self, kind: &str, code: u16) -> Value {
        let word = self.hears(kind);
        assert_eq!(self.told.recv_timeout(PATIENCE), Ok(Told::Close(code)));
        self.talk.join().expect("it ended well");
        word
    }
}

fn picture(n: usize) -> &'static [u8] {
    let mut starts: Vec<_> = (0..FILM.len() - 5).filter(|at| FILM[*at..].starts_with(&[0, 0, 0, 1, 9])).collect();
    starts.push(FILM.len());
    &FILM[starts[n]..starts[n + 1]]
}

#[test]
fn pictures_are_acknowledged_and_go_into_the_stream() {
    let door = Door::new();
    let camera = door.publishing();
    camera.send_picture(1);
    assert_eq!(camera.hears("key_frame")["type"], "key_frame", "the first is none");
    assert_eq!(camera.hears("ack")["viewers"], 2);
    for n in 5..10 {
        door.pass(Duration::from_millis(200));
        camera.send_picture(n);
        assert_eq!(camera.hears("ack")["timestamp_us"], n * 40_000);
    }
    camera.say(r#"{"type":"end"}"#);
    assert_eq!(camera.until_over("end", 1000)["reason"], "ended");
    let stream = door.stream();
    assert_eq!((stream.counts().pictures, stream.status()), (5, Status::Ended));
    assert_eq!(stream.media().map(|media| (media.width, media.height)), Some((160, 96)));
}

#[test]
fn a_file_is_let_in_at_once_and_opens_its_stream_when_it_has_told_what_is_in_it() {
    let door = Door::new();
    let camera = door.camera();
    camera.say(r#"{"type":"start","version":1,"container":"mp4"}"#);
    assert_eq!(camera.hears("started")["share_id"], SHARE.to_string());
    assert!(door.streams.stream.lock().expect("nobody panics while holding it").is_none(), "nothing is published yet");
    let second = door.camera();
    for piece in RECORDER.chunks(5000) {
        camera.says.send_blocking(Message::Binary([&[3][..], &[0; 11], piece].concat().into())).expect("heard");
    }
    assert_eq!(camera.hears("ack")["viewers"], 2);
    second.say(r#"{"type":"start","version":1,"container":"mp4"}"#);
    assert_eq!(second.hears("started")["share_id"], SHARE.to_string(), "this gate has told nobody yet");
    second.says.send_blocking(Message::Binary([&[3][..], &[0; 11], RECORDER].concat().into())).expect("heard");
    assert_eq!(second.until_over("error", 1008)["code"], "refused", "the first was first");
    camera.say(r#"{"type":"end"}"#);
    assert_eq!(camera.until_over("end", 1000)["reason"], "ended");
    let stream = door.stream();
    assert_eq!((stream.counts().pictures, stream.status()), (106, Status::Ended));
    assert_eq!(stream.media().map(|media| (media.width, media.height)), Some((96, 64)));
}

#[test]
fn who_says_nothing_in_time_is_shown_out() {
    let door = Door::new();
    let late = door.camera();
    while late.told.recv_timeout(Duration::from_millis(100)).is_err() {
        // Until it is there, and asked whether it still is, its time has not begun.
        door.pass(Duration::from_secs(2));
    }
    door.pass(Duration::from_secs(10));
    assert_eq!(late.until_over("error", 1008)["code"], "late_start");

    let silent = door.publishing();
    silent.send_picture(0);
    silent.hears("ack");
    door.pass(Duration::from_secs(3));
    assert!(matches!(silent.told.recv_timeout(PATIENCE), Ok(Told::Ping(_))), "it is asked first");
    door.pass(Duration::from_secs(2));
    assert_eq!(silent.until_over("end", 1008)["reason"], "silent");
    assert_eq!(door.stream().status(), Status::Interrupted, "it may come back");
    let back = door.publishing();
    back.send_picture(0);
    back.hears("ack");
    assert_eq!(door.stream().status(), Status::Flowing);
}

#[test]
fn a_share_has_few_cameras_at_once() {
    let door = Door::new();
    let admit = || futures_lite::future::block_on(door.web_cameras.admit("TOKEN", None));
    let mut admitted: Vec<_> =
        (0..limits::WEB_CAMERAS_PER_SHARE).map(|_| admit().map_err(|_| "refused").expect("let in")).collect();
    assert!(admit().is_err_and(|refusal| refusal == PublishRefusal::AlreadyPublishing));
    admitted.pop();
    assert!(admit().is_ok(), "one has gone");
    assert!(
        futures_lite::future::block_on(door.web_cameras.admit("OTHER", None))
            .is_err_and(|why| why == PublishRefusal::NotFound)
    );
}

#[test]
fn a_withdrawn_share_and_a_stopping_gateway_have_their_own_words() {
    let door = Door::new();
    let camera = door.publishing();
    door.stream().revoke();
    assert_eq!(camera.until_over("end", 1008)["reason"], "withdrawn");

    let door = Door::new();
    let (publishing, waiting) = (door.publishing(), door.camera());
    futures_lite::future::block_on(door.web_cameras.stop());
    assert_eq!(door.stream().status(), Status::Interrupted, "left before the stop is over, and may come back");
    assert_eq!(publishing.until_over("end", 1001)["reason"], "stopping");
    assert_eq!(waiting.until_over("end", 1001)["reason"], "stopping");
}

/// Its word has come, and is not looked at yet: the gateway is still telling it something.
#[test]
fn who_says_the_end_in_the_moment_of_a_stop_has_ended() {
    let door = Door::new();
    let camera = door.publishing();
    let held = camera.line.lock_blocking();
    while camera.told.recv_timeout(PATIENCE).expect("it is told something") != Told::Held {}
    camera.say(r#"{"type":"end"}"#);
    let mut stop = Box::pin(door.web_cameras.stop());
    assert!(futures_lite::future::block_on(futures_lite::future::poll_once(&mut stop)).is_none(), "it waits");
    drop(held);
    futures_lite::future::block_on(stop);
    assert_eq!(door.stream().status(), Status::Ended);
    assert_eq!(camera.hears("end")["reason"], "ended");
}

/// Everything is held for two seconds each way: what a sender is told of the delay has these two seconds in it.
#[test]
fn a_line_that_holds_everything_for_two_seconds_is_measured() {
    let door = Door::new();
    let camera = door.publishing();
    let hold = Duration::from_secs(2);
    let mut pictures = 0..;
    let mut send = || camera.send_picture(pictures.next().unwrap_or(0));
    send();
    assert_eq!(door.stream().uplink_ms(), None, "nothing is known yet");
    // There and back; the next picture finds it known.
    let number = loop {
        match camera.told.recv_timeout(PATIENCE).expect("something is told") {
            Told::Ping(number) => break number,
            Told::Text(_) | Told::LetIn | Told::Held => {}
            Told::Close(code) => panic!("closed with {code}"),
        }
    };
    door.clock.0.fetch_add(2 * hold.as_micros() as u64, Ordering::SeqCst);
    camera.says.send_blocking(Message::Pong(number.to_be_bytes().to_vec().into())).expect("somebody listens");
    send();
    camera.hears("ack");
    let begun = std::time::Instant::now();
    while door.stream().uplink_ms().is_none() && begun.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    let told = door.stream().uplink_ms().expect("known");
    assert!((2000..=6000).contains(&told), "{told} ms");
    // Another connection is another line.
    drop(camera.says);
    camera.talk.join().expect("it ended well");
    let _back = door.publishing();
    assert_eq!(door.stream().uplink_ms(), None);
}

#[test]
fn every_refusal_at_publishing_has_its_name() {
    for refusal in [
        PublishRefusal::NotFound,
        PublishRefusal::Over,
        PublishRefusal::NotAllowed("not now".into()),
        PublishRefusal::AlreadyPublishing,
        PublishRefusal::Full("4 live videos are under way".into()),
        PublishRefusal::DiskFull,
        PublishRefusal::Failed,
    ] {
        let door = Door::new();
        *door.streams.refuses.lock().expect("nobody panics while holding it") = Some(refusal.clone());
        let camera = door.camera();
        camera.say(START);
        let error = camera.until_over("error", 1008);
        let told = (&error["code"], &error["reason"], &error["message"]);
        assert_eq!(told, (&"refused".into(), &refusal.code().into(), &refusal.to_string().into()), "{error}");
    }
}

#[test]
fn the_second_to_begin_is_refused_and_a_line_that_breaks_is_a_loss() {
    let door = Door::new();
    let first = door.publishing();
    let second = door.camera();
    second.say(START);
    let error = second.until_over("error", 1008);
    assert_eq!((&error["code"], &error["reason"]), (&"refused".into(), &"already_publishing".into()));
    assert!(error["message"].as_str().is_some_and(|message| message.contains("already")), "{error}");
    let Camera { says, told, talk, .. } = first;
    drop(says);
    talk.join().expect("it ended well");
    assert!(told.iter().all(|told| matches!(told, Told::Ping(_))), "nobody is there to be told");
    assert_eq!(door.stream().status(), Status::Interrupted);
}
