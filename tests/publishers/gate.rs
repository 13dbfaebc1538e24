//! A gate that lets one address in, the streams behind it, and the door it stands at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lareira::executor::{Executor, SystemClock};
use lareira::ground::id::ShareId;
use lareira::ground::publish_refusal::PublishRefusal;
use lareira::ground::time::{Clock, Moment, UnixMs};
use lareira::live::{Hub, Publisher, Status, Stream};
use lareira::rtsp::{Answer, Credentials, Gate, RtspServer, Settings};
use lareira::wire::rtp::{Format, Media};

/// Wrong passwords after which none is looked at.
pub const TRIES: usize = 3;

/// What came through the door, of the newest stream.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub path: String,
    pub tracks: usize,
    pub pictures: u64,
    pub duration_ms: i64,
    pub has_sound: bool,
    /// Whether the sound is announced as LATM.
    pub latm: bool,
    /// Whether the stream is over: ended, or lost.
    pub over: bool,
    /// Whether it was ended.
    pub ended: bool,
}

/// An rtsp with a gate.
pub struct Door {
    pub address: SocketAddr,
    rtsp: Option<RtspServer>,
    executor: Executor,
    streams: Arc<Streams>,
    clock: Arc<TestClock>,
}

struct Streams {
    account: Option<(&'static str, &'static str)>,
    hub: Hub,
    newest: Mutex<Option<Newest>>,
    wrong: Mutex<Vec<IpAddr>>,
}

struct Newest {
    path: String,
    tracks: usize,
    latm: bool,
    stream: Arc<Stream>,
}

/// The system's clock, moved ahead when a test lets time pass.
#[derive(Default)]
struct TestClock {
    system: SystemClock,
    ahead_us: AtomicU64,
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        self.system.now() + Duration::from_micros(self.ahead_us.load(Ordering::SeqCst))
    }
    fn date(&self) -> UnixMs {
        self.system.date()
    }
}

impl Streams {
    fn newest(&self) -> MutexGuard<'_, Option<Newest>> {
        self.newest.lock().expect("nobody panics while holding it")
    }
}

impl Gate for Streams {
    fn admit<'a>(&'a self, path: &'a str, credentials: Option<Credentials>) -> Answer<'a, ()> {
        Box::pin(async move {
            if path != "live/TOKEN" {
                return Err(PublishRefusal::NotFound);
            }
            match (self.account, credentials) {
                (None, _) => Ok(()),
                (Some((user, password)), Some(given)) if given.user() == user && given.prove(password) => Ok(()),
                _ => Err(PublishRefusal::Authenticate),
            }
        })
    }

    fn may_try(&self, _: IpAddr) -> Result<(), PublishRefusal> {
        match self.wrong.lock().expect("nobody panics while holding it").len() {
            0..TRIES => Ok(()),
            _ => Err(PublishRefusal::NotAllowed("too many tries".into())),
        }
    }

    fn was_wrong(&self, from: IpAddr) {
        self.wrong.lock().expect("nobody panics while holding it").push(from);
    }

    fn open<'a>(&'a self, path: &'a str, media: &'a [Media]) -> Answer<'a, Publisher> {
        Box::pin(async move {
            let sound = media.iter().find_map(|media| media.format.sound()?.ok().map(Arc::new));
            let opened = self.hub.open(ShareId::new(UnixMs(0)), sound, None, UnixMs(0));
            let (publisher, stream) = opened.map_err(|_| PublishRefusal::Failed)?;
            let stream = stream.expect("each share is new");
            let latm = media.iter().any(|media| matches!(media.format, Format::Latm { .. }));
            *self.newest() = Some(Newest { path: path.to_owned(), tracks: media.len(), latm, stream });
            Ok(publisher)
        })
    }
}

impl Door {
    pub fn open() -> Self {
        Self::with(None, None)
    }

    pub fn open_for(user: &'static str, password: &'static str) -> Self {
        Self::with(Some((user, password)), None)
    }

    /// One with these ports for media over UDP.
    pub fn open_on(udp_ports: RangeInclusive<u16>) -> Self {
        Self::with(None, Some(udp_ports))
    }

    fn with(account: Option<(&'static str, &'static str)>, udp_ports: Option<RangeInclusive<u16>>) -> Self {
        let executor = Executor::default();
        let streams =
            Arc::new(Streams { account, hub: Hub::new(8, None), newest: Mutex::default(), wrong: Mutex::default() });
        let clock = Arc::new(TestClock::default());
        let settings = Settings { address: (Ipv4Addr::LOCALHOST, 0).into(), udp_ports };
        let rtsp = RtspServer::open(&settings, streams.clone(), clock.clone(), &executor).expect("a port is free");
        let runner = executor.clone();
        std::thread::spawn(move || runner.run(std::future::pending::<()>()));
        Self { address: rtsp.address(), rtsp: Some(rtsp), executor, streams, clock }
    }

    pub fn url(&self, path: &str) -> String {
        format!("rtsp://{}/{path}", self.address)
    }

    pub fn seen(&self) -> Seen {
        let newest = self.streams.newest();
        let Some(Newest { path, tracks, latm, stream }) = &*newest else { return Seen::default() };
        Seen {
            path: path.clone(),
            tracks: *tracks,
            pictures: stream.counts().pictures,
            duration_ms: stream.duration().to_ms(),
            latm: *latm,
            has_sound: stream.media().is_some_and(|media| media.audio_codec.is_some()),
            over: stream.status() != Status::Flowing,
            ended: stream.status() == Status::Ended,
        }
    }

    /// Waits until what is seen is as wanted, and gives it; panics when it takes longer than `time`.
    pub fn wait(&self, time: Duration, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let start = Instant::now();
        loop {
            let seen = self.seen();
            if wanted(&seen) {
                return seen;
            }
            assert!(start.elapsed() < time, "not seen in time: {seen:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where names and passwords came from that were wrong.
    pub fn wrong(&self) -> Vec<IpAddr> {
        self.streams.wrong.lock().expect("nobody panics while holding it").clone()
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.ahead_us.fetch_add(time.as_micros() as u64, Ordering::SeqCst);
    }

    /// Ends the share from this side.
    pub fn revoke(&self) {
        self.streams.newest().as_ref().expect("published").stream.revoke();
    }

    /// Closes the door.
    pub fn stop(&mut self) {
        let rtsp = self.rtsp.take().expect("open");
        self.executor.run(rtsp.stop());
    }
}
