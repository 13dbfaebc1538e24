//! Web cameras, which are browsers that publish over a WebSocket (`docs/publish-websocket.md`): one conversation each,
//! until it is over.
//!
//! The messages come over a [`MessageChannel`], whichever door has the socket; what they mean is known to `wire::web_camera`. As with RTSP,
//! one wake-up takes all that came, in one write to the stream, and one slow timer looks after what is overdue.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Timer;
use event_listener::Event as Bell;
use futures_lite::future::{pending, yield_now};
use futures_lite::{FutureExt as _, StreamExt as _};

use crate::executor::BoxFuture;
use crate::ground::crypto::same;
use crate::ground::frame::{AudioParams, Frame};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::ground::publish_refusal::PublishRefusal;
use crate::ground::time::{Clock, Moment};
use crate::live::Publisher;
use crate::socket::{LowWater, MessageChannel, TakeOver, WebSocketDoor};
use crate::wire::web_camera::{EndReason, Event, Overdue, Said, Session, WebCameraError};
use crate::wire::websocket::{Message, WebSocketError};

/// How often a conversation looks after what is overdue, and whether its share was withdrawn.
const TICK: Duration = Duration::from_millis(500);
/// The same where texts may be too small to wake it (see `socket/low_water.rs`): they are heard then.
const SHORT_TICK: Duration = Duration::from_millis(250);

/// What a [`WebCameraGate`] answers, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, PublishRefusal>> + Send + 'a>>;

/// Decides which web cameras may publish. Work that blocks is done elsewhere.
pub trait WebCameraGate: Send + Sync {
    /// The share that may be published with `token`, if nobody does. Asked before the web camera says anything.
    fn admit<'a>(&'a self, token: &'a str) -> Answer<'a, ShareId>;

    /// Opens the stream for `token`. Asked when media are about to come.
    fn open<'a>(&'a self, token: &'a str, audio: Option<Arc<AudioParams>>) -> Answer<'a, Publisher>;

    /// TVs that play `share` now.
    fn viewers(&self, share: ShareId) -> usize;
}

/// Why a conversation is over.
#[derive(Debug)]
enum End {
    /// One side wanted it.
    Meant(EndReason),
    /// The web camera is sent away.
    Error(WebCameraError),
    /// The connection is gone.
    Gone,
    /// The same web camera has come back over another connection.
    Replaced,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meant(EndReason::Ended) => f.write_str("the camera stopped"),
            Self::Meant(EndReason::Withdrawn) => f.write_str("the share was ended"),
            Self::Meant(EndReason::Stopping) => f.write_str("the gateway stops"),
            Self::Meant(EndReason::Silent) => write!(f, "no picture for {} s", limits::NO_MEDIA.as_secs()),
            Self::Error(error) => write!(f, "{}: {error}", error.code()),
            Self::Gone => f.write_str("the connection is gone"),
            Self::Replaced => f.write_str("the same camera came back over another connection"),
        }
    }
}

impl From<WebCameraError> for End {
    fn from(error: WebCameraError) -> Self {
        Self::Error(error)
    }
}

impl From<WebSocketError> for End {
    fn from(error: WebSocketError) -> Self {
        match error {
            WebSocketError::Closed => Self::Gone,
            WebSocketError::TooLarge => Self::Error(WebCameraError::TooLarge),
            WebSocketError::Malformed => {
                Self::Error(WebCameraError::BadMessage("what came is not spoken on a WebSocket (RFC 6455)"))
            }
        }
    }
}

/// What a web camera is told that the gate refuses.
fn refused(refusal: PublishRefusal) -> End {
    End::Error(WebCameraError::Refused(refusal))
}

/// The door for web cameras.
pub struct WebCameras {
    gate: Arc<dyn WebCameraGate>,
    clock: Arc<dyn Clock>,
    stopping: AtomicBool,
    /// Rung when it stops.
    stop: Bell,
    conversations: AtomicUsize,
    /// Rung when the last conversation is over.
    quiet: Bell,
    /// Web cameras that were let in, by share.
    admitted: Mutex<HashMap<ShareId, usize>>,
    /// Those that publish and said which web camera they are, by token.
    known: Mutex<HashMap<String, Arc<Known>>>,
}

/// A web camera that comes back before its old connection is known to be dead takes that one's place.
struct Known {
    camera: String,
    is_replaced: AtomicBool,
    /// Rung when it is replaced, and again when it has left.
    changed: Bell,
}

impl WebCameras {
    /// A door whose web cameras `gate` decides about.
    pub fn new(gate: Arc<dyn WebCameraGate>, clock: Arc<dyn Clock>) -> Self {
        let stopping = AtomicBool::new(false);
        let conversations = AtomicUsize::new(0);
        let (stop, quiet) = (Bell::new(), Bell::new());
        let admitted = Mutex::default();
        let known = Mutex::default();
        Self { gate, clock, stopping, stop, conversations, quiet, admitted, known }
    }

    /// Lets a web camera come in with `token`, if it may, and there are not too many already that do. `camera`: which
    /// one it says it is.
    pub async fn admit(self: &Arc<Self>, token: &str, camera: Option<&str>) -> Result<Admitted, PublishRefusal> {
        let share = match self.gate.admit(token).await {
            Err(PublishRefusal::AlreadyPublishing) if self.replaced(token, camera).await => {
                self.gate.admit(token).await?
            }
            other => other?,
        };
        let mut admitted = self.admitted();
        let count = admitted.entry(share).or_default();
        if *count >= limits::WEB_CAMERAS_PER_SHARE {
            return Err(PublishRefusal::AlreadyPublishing);
        }
        *count += 1;
        drop(admitted);
        Ok(Admitted { door: self.clone(), share, token: token.to_owned(), camera: camera.map(str::to_owned) })
    }

    /// Has the web camera that publishes with `token` leave, if it is the same; whether it has left.
    async fn replaced(&self, token: &str, camera: Option<&str>) -> bool {
        let known = self.known().get(token).cloned();
        let (Some(known), Some(camera)) = (known, camera) else { return false };
        if !same(known.camera.as_bytes(), camera.as_bytes()) {
            return false;
        }
        known.is_replaced.store(true, Ordering::SeqCst);
        known.changed.notify(usize::MAX);
        let left = async {
            loop {
                let changed = known.changed.listen();
                if !self.known().get(token).is_some_and(|now| Arc::ptr_eq(now, &known)) {
                    return true;
                }
                changed.await;
            }
        };
        let late = async {
            Timer::after(limits::WEB_CAMERA_LEAVES).await;
            false
        };
        left.or(late).await
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admitted(&self) -> MutexGuard<'_, HashMap<ShareId, usize>> {
        // Counts stay true whatever panicked: each change is one statement.
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has all conversations end, as lost ones that may come back, and waits until they are over.
    pub async fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stop.notify(usize::MAX);
        loop {
            let quiet = self.quiet.listen();
            if self.conversations.load(Ordering::SeqCst) == 0 {
                return;
            }
            quiet.await;
        }
    }

    async fn talk(&self, token: &str, camera: Option<String>, mut channel: impl MessageChannel) {
        self.conversations.fetch_add(1, Ordering::SeqCst);
        let _counted = Counted(self);
        let now = self.clock.now();
        let mut conversation = Conversation {
            door: self,
            token,
            known: camera.map(|camera| Arc::new(Known { camera, is_replaced: false.into(), changed: Bell::new() })),
            session: Session::new(now, self.clock.date()),
            publisher: None,
            has_started: false,
            opened: now,
            told: None,
            frames: Vec::new(),
            low_water: LowWater::default(),
            heard: now,
        };
        let end = match conversation.go_on(&mut channel).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        // The stream first: whoever does not listen must not hold it up.
        conversation.finish(&end, channel.peer());
        if let Some(socket) = channel.socket() {
            conversation.low_water.end(socket);
        }
        match &end {
            End::Meant(reason) => {
                channel.say(Said::End(*reason).text());
                channel.close(reason.close_code());
            }
            End::Error(error) => {
                channel.say(Said::Error(error).text());
                channel.close(error.close_code());
            }
            End::Gone | End::Replaced => {}
        }
        // The answer to a close, too; a web camera that does not take it is gone.
        let _ = channel.flush().await;
    }
}

impl WebSocketDoor for WebCameras {
    fn admit_client<'a>(
        self: Arc<Self>,
        token: &'a str,
        camera: Option<&'a str>,
    ) -> BoxFuture<'a, Result<TakeOver, PublishRefusal>> {
        Box::pin(async move {
            let admitted = self.admit(token, camera).await?;
            let take_over: TakeOver = Box::new(move |socket| Box::pin(admitted.talk(socket)));
            Ok(take_over)
        })
    }
}

/// A web camera that may come in; dropped when it is over.
pub struct Admitted {
    door: Arc<WebCameras>,
    share: ShareId,
    token: String,
    camera: Option<String>,
}

impl Admitted {
    /// Talks with it until that is over.
    pub async fn talk(mut self, channel: impl MessageChannel) {
        let camera = self.camera.take();
        self.door.talk(&self.token, camera, channel).await;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut admitted = self.door.admitted();
        if let Some(count) = admitted.get_mut(&self.share) {
            *count -= 1;
            if *count == 0 {
                admitted.remove(&self.share);
            }
        }
    }
}

/// One conversation of the door; dropped when it is over.
struct Counted<'a>(&'a WebCameras);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if self.0.conversations.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.quiet.notify(usize::MAX);
        }
    }
}

/// What is known of one web camera.
struct Conversation<'a> {
    door: &'a WebCameras,
    token: &'a str,
    /// Which web camera it is, where it said so.
    known: Option<Arc<Known>>,
    session: Session,
    publisher: Option<Publisher>,
    /// Whether it was told that it may send.
    has_started: bool,
    /// When its stream was opened, and what it was told of that since.
    opened: Moment,
    told: Option<NotReady>,
    frames: Vec<Frame>,
    low_water: LowWater,
    /// When something last came, or it was last asked whether it is there.
    heard: Moment,
}

impl Conversation<'_> {
    async fn go_on(&mut self, channel: &mut impl MessageChannel) -> Result<std::convert::Infallible, End> {
        let mut tick = Timer::interval(TICK);
        let mut ticks_often = false;
        let mut stopped = self.door.stop.listen();
        let known = self.known.clone();
        let mut messages = Vec::new();
        loop {
            if self.door.stopping.load(Ordering::SeqCst) {
                // Whoever has said that it is over must not find it live after the next start.
                let now = self.door.clock.now();
                let received = channel.receive_now(&mut messages);
                let taken = self.take(&mut messages, channel, now).await;
                self.write().await;
                taken?;
                received?;
                return Err(End::Meant(EndReason::Stopping));
            }
            let replaced = known.as_ref().map(|known| known.changed.listen());
            if known.as_ref().is_some_and(|known| known.is_replaced.load(Ordering::SeqCst)) {
                return Err(End::Replaced);
            }
            let received = async { Some(channel.receive(&mut messages).await) };
            let ticked = async {
                tick.next().await;
                None
            };
            let stopping = async {
                (&mut stopped).await;
                None
            };
            let replacing = async {
                match replaced {
                    Some(replaced) => replaced.await,
                    None => pending().await,
                }
                None
            };
            let received = match received.or(ticked).or(stopping).or(replacing).await {
                Some(received) => Some(received),
                // What came may have been too little to wake for.
                None => channel.receive_now(&mut messages).map(|came| came.then_some(())).transpose(),
            };
            let now = self.door.clock.now();
            let taken = self.take(&mut messages, channel, now).await;
            self.write().await;
            taken?;
            match received {
                Some(result) => {
                    self.heard = now;
                    result?;
                }
                None if now.since(self.heard) >= limits::WEB_CAMERA_QUIET => {
                    self.heard = now;
                    channel.ping(now.0);
                }
                None => {}
            }
            self.look_after(now)?;
            self.watch_readiness(now, channel);
            if let Some(number) = self.session.ping(now) {
                channel.ping(number);
            }
            if let Some(publisher) = &self.publisher {
                publisher.tell_uplink(self.session.uplink_ms());
                let gate = &self.door.gate;
                let share = publisher.share();
                let wanted = publisher.is_key_frame_wanted();
                self.session.said(now, wanted, || gate.viewers(share)).iter().for_each(|said| channel.say(said.text()));
            }
            channel.flush().await?;
            if let Some(socket) = channel.socket() {
                self.low_water.apply(socket, channel.is_inside_message());
            }
            if ticks_often != self.low_water.is_raised() {
                ticks_often = !ticks_often;
                tick.set_interval(if ticks_often { SHORT_TICK } else { TICK });
            }
        }
    }

    /// Takes what came.
    async fn take(
        &mut self,
        messages: &mut Vec<Message>,
        channel: &mut impl MessageChannel,
        now: Moment,
    ) -> Result<(), End> {
        for message in messages.drain(..) {
            let event = match message {
                Message::Binary(bytes) => self.session.binary(&bytes, now, &mut self.frames)?,
                Message::Text(text) => Some(self.session.text(&text)?),
                Message::Pong(carried) => {
                    self.session.pong(&carried, now);
                    None
                }
            };
            match event {
                Some(Event::StartFile) => {
                    let share = self.door.gate.admit(self.token).await.map_err(refused)?;
                    self.start(share, channel);
                }
                Some(Event::Start(audio)) => self.open(audio, channel).await?,
                Some(Event::End) => return Err(End::Meant(EndReason::Ended)),
                None => {}
            }
        }
        Ok(())
    }

    async fn open(&mut self, audio: Option<Arc<AudioParams>>, channel: &mut impl MessageChannel) -> Result<(), End> {
        let with = if audio.is_some() { "video and sound" } else { "video" };
        let publisher = self.door.gate.open(self.token, audio).await.map_err(refused)?;
        let share = publisher.share();
        log::info!("share={share} published from {} with {with} over a WebSocket", channel.peer());
        self.publisher = Some(publisher);
        self.opened = self.door.clock.now();
        if let Some(known) = &self.known {
            self.door.known().insert(self.token.to_owned(), known.clone());
        }
        self.start(share, channel);
        Ok(())
    }

    /// Lets the web camera send, if it has not been let yet.
    fn start(&mut self, share: ShareId, channel: &mut impl MessageChannel) {
        if !std::mem::replace(&mut self.has_started, true) {
            channel.let_in(limits::WEB_CAMERA_MESSAGE_BYTES);
            channel.say(Said::Started(share).text());
        }
        self.session.opened(self.door.clock.now());
    }

    /// Publishes what came. Of a file's fragment that may be thousands of pictures: others get their turn in between.
    async fn write(&mut self) {
        let Some(publisher) = &mut self.publisher else { return };
        if self.frames.is_empty() {
            return;
        }
        self.low_water.note(&self.frames);
        while self.frames.len() > limits::WEB_CAMERA_TURN_FRAMES {
            let mut first = self.frames.drain(..limits::WEB_CAMERA_TURN_FRAMES).collect();
            publisher.write(&mut first, self.door.clock.date());
            yield_now().await;
        }
        publisher.write(&mut self.frames, self.door.clock.date());
    }

    /// Says why nothing can be shown yet, once that has lasted: to whoever follows the stream, and to the web camera.
    fn watch_readiness(&mut self, now: Moment, channel: &mut impl MessageChannel) {
        let Some(publisher) = self.publisher.as_ref().filter(|publisher| !publisher.is_ready()) else { return };
        if now.since(self.opened) < limits::NOT_READY_AFTER {
            return;
        }
        if let Some(why) = self.session.not_ready() {
            publisher.set_not_ready(why);
        }
        let why = publisher.not_ready();
        if why != self.told {
            if let Some(why) = &why {
                channel.say(Said::NotReady(why).text());
            }
            self.told = why;
        }
    }

    fn look_after(&self, now: Moment) -> Result<(), End> {
        if let Some(publisher) = self.publisher.as_ref().filter(|publisher| publisher.is_revoked()) {
            return Err(match publisher.not_ready() {
                Some(why) => End::Error(WebCameraError::NotPlayable(why)),
                None => End::Meant(EndReason::Withdrawn),
            });
        }
        match self.session.overdue(now) {
            Some(Overdue::Start) => Err(End::Error(WebCameraError::LateStart)),
            Some(Overdue::Picture) => Err(End::Meant(EndReason::Silent)),
            None => Ok(()),
        }
    }

    /// The end of the stream: a clean one where the web camera meant it.
    fn finish(&mut self, end: &End, peer: IpAddr) {
        let Some(publisher) = self.publisher.take() else {
            log::info!("web camera from {peer} did not publish: {end}");
            return;
        };
        let meant = matches!(end, End::Meant(EndReason::Ended));
        let counts = self.session.counts();
        log::info!(
            "share={} {}: {end}; pictures={} sounds={} bytes={} dropped_pictures={}",
            publisher.share(),
            if meant { "ended" } else { "lost" },
            counts.pictures,
            counts.sounds,
            counts.bytes,
            counts.dropped_pictures
        );
        if meant {
            publisher.end();
        } else {
            drop(publisher);
        }
        let Some(known) = &self.known else { return };
        let mut all = self.door.known();
        if all.get(self.token).is_some_and(|now| Arc::ptr_eq(now, known)) {
            all.remove(self.token);
        }
        drop(all);
        known.changed.notify(usize::MAX);
    }
}
