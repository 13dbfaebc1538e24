//! Channels that come as one endless transport stream: received once for all TVs, cut into segments, the newest kept.
//!
//! The first TV that asks starts it; some seconds after the last has stopped asking, it ends. A server that breaks off
//! is asked again, with pauses that grow, and what comes then is marked as not following on.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Timer;
use bytes::Bytes;
use event_listener::Event;

use crate::executor::{Executor, in_time};
use crate::fetch::{Client, FetchError, Fetched};
use crate::ground::id::ChannelId;
use crate::ground::limits;
use crate::ground::time::{Clock, Moment, Ticks90k};
use crate::iptv::catalogue::Channel;
use crate::wire::fetch::{Request, Url};
use crate::wire::mpegts::segmenter::{Cut, Segment, Segmenter};
use crate::wire::playlist::relay::is_playlist;
use crate::wire::playlist::ts::{self, Listed};

/// How streams are cut.
const CUT: Cut = Cut {
    first: Ticks90k::from_ms(500),
    usual: Ticks90k::from_ms(2000),
    longest: Ticks90k::from_ms(10_000),
    bytes: limits::CHANNEL_SEGMENT_BYTES,
};
/// Pauses before a server that broke off is asked again: from the first, doubling, to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);
/// A stream may be ahead of the time that has passed by that much; a file that only looks like a stream is slowed down.
const AHEAD: Duration = Duration::from_secs(10);
/// Bytes without a transport stream in them, after which a server is given up.
const JUNK_BYTES: usize = 256 * 1024;

/// What a channel turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tuned {
    /// A stream: its playlist.
    Stream(String),
    /// A playlist of its own server.
    Playlist,
    /// Nothing that can be played; for people.
    Failed(String),
    /// Nothing came in time.
    Stalled,
    /// Too many are received already.
    Full,
}

/// Where the reception stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Running,
    Playlist,
    Failed(String),
}

struct Kept {
    number: u64,
    segment: Segment,
}

struct State {
    phase: Phase,
    segments: VecDeque<Kept>,
    bytes: usize,
    /// Number of the first segment.
    first: u64,
    next: u64,
    /// Segments that are gone and didn't follow on; counted on from what was received before.
    discontinuities: u64,
    asked: Moment,
}

/// One channel's reception.
struct Tuner {
    state: Mutex<State>,
    changed: Event,
}

/// All channels that are received.
pub(super) struct Tuners {
    open: Mutex<HashMap<ChannelId, Arc<Tuner>>>,
    /// More discontinuities than any reception that has ended. Players keep a table of them, so it stays small.
    discontinuities: AtomicU64,
    executor: Executor,
    client: Arc<Client>,
    clock: Arc<dyn Clock>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tuners {
    /// Nothing is received yet.
    pub fn new(executor: Executor, client: Arc<Client>, clock: Arc<dyn Clock>) -> Self {
        Self { open: Mutex::default(), discontinuities: AtomicU64::new(0), executor, client, clock }
    }

    /// Channels that are received now.
    pub fn count(&self) -> usize {
        locked(&self.open).len()
    }

    /// The playlist of a channel; starts its reception, and waits for its first segment.
    pub async fn index(self: &Arc<Self>, channel: &Channel) -> Tuned {
        let Some(tuner) = self.tune(channel) else { return Tuned::Full };
        let wait = async {
            loop {
                let changed = tuner.changed.listen();
                if let Some(tuned) = tuner.tuned() {
                    return tuned;
                }
                changed.await;
            }
        };
        in_time(limits::PLAY_WAIT, wait).await.unwrap_or(Tuned::Stalled)
    }

    /// A segment, if it is kept.
    pub fn segment(&self, channel: ChannelId, number: u64) -> Option<Bytes> {
        let tuner = locked(&self.open).get(&channel)?.clone();
        let mut state = locked(&tuner.state);
        state.asked = self.clock.now();
        state.segments.iter().find(|kept| kept.number == number).map(|kept| kept.segment.bytes.clone())
    }

    /// The channel's tuner, if there is room for it.
    fn tune(self: &Arc<Self>, channel: &Channel) -> Option<Arc<Tuner>> {
        let now = self.clock.now();
        let mut open = locked(&self.open);
        if let Some(tuner) = open.get(&channel.id) {
            locked(&tuner.state).asked = now;
            return Some(tuner.clone());
        }
        if open.len() >= limits::CHANNEL_TUNERS {
            return None;
        }
        // Numbers begin at the date, so that a player that was here before never sees them go back.
        let first = self.clock.date().0.max(0) as u64 / 1000;
        let state = State {
            phase: Phase::Opening,
            segments: VecDeque::new(),
            bytes: 0,
            first,
            next: first,
            discontinuities: self.discontinuities.load(Ordering::Relaxed),
            asked: now,
        };
        let tuner = Arc::new(Tuner { state: Mutex::new(state), changed: Event::new() });
        open.insert(channel.id, tuner.clone());
        drop(open);
        let request = Request { headers: channel.headers.clone(), ..Request::default() };
        let reception = Reception {
            tuners: self.clone(),
            channel: channel.id,
            url: channel.url.clone(),
            request,
            tuner: tuner.clone(),
        };
        self.executor.spawn(reception.run()).detach();
        Some(tuner)
    }
}

impl Tuner {
    fn tuned(&self) -> Option<Tuned> {
        let state = locked(&self.state);
        match &state.phase {
            Phase::Opening => None,
            Phase::Running if state.segments.is_empty() => None,
            Phase::Running => {
                let listed = state.segments.iter().map(|kept| Listed {
                    number: kept.number,
                    duration: kept.segment.duration,
                    discontinuous: kept.segment.discontinuous,
                });
                Some(Tuned::Stream(ts::write(listed, state.discontinuities)))
            }
            Phase::Playlist => Some(Tuned::Playlist),
            Phase::Failed(why) => Some(Tuned::Failed(why.clone())),
        }
    }

    fn has_nothing(&self) -> bool {
        let state = locked(&self.state);
        state.next == state.first
    }

    fn set_phase(&self, phase: Phase) {
        locked(&self.state).phase = phase;
        self.changed.notify(usize::MAX);
    }

    /// Keeps a segment, and lets go what is too old or too much.
    fn keep(&self, segment: Segment) {
        let mut state = locked(&self.state);
        state.bytes += segment.bytes.len();
        let number = state.next;
        state.next += 1;
        state.segments.push_back(Kept { number, segment });
        let is_too_much = |state: &State| {
            state.segments.len() > limits::CHANNEL_SEGMENTS
                || state.bytes > limits::CHANNEL_BYTES && state.segments.len() > 1
        };
        while is_too_much(&state) {
            if let Some(old) = state.segments.pop_front() {
                state.bytes -= old.segment.bytes.len();
                state.discontinuities += u64::from(old.segment.discontinuous);
            }
        }
        state.phase = Phase::Running;
        drop(state);
        self.changed.notify(usize::MAX);
    }
}

/// What receives one channel, on the event loop.
struct Reception {
    tuners: Arc<Tuners>,
    channel: ChannelId,
    url: Url,
    request: Request,
    tuner: Arc<Tuner>,
}

/// Why a reception ended.
enum Ended {
    /// Nobody watches any more.
    Unwatched,
    /// It is a playlist.
    Playlist,
    /// The server sends something else.
    NotAStream,
    /// The server ended the stream, or broke off.
    Lost(Option<FetchError>),
}

/// A tuner is taken out of the table however its reception ends.
impl Drop for Reception {
    fn drop(&mut self) {
        let state = locked(&self.tuner.state);
        let kept = state.segments.iter().filter(|kept| kept.segment.discontinuous).count();
        self.tuners.discontinuities.fetch_max(state.discontinuities + kept as u64 + 1, Ordering::Relaxed);
        drop(state);
        let mut open = locked(&self.tuners.open);
        if open.get(&self.channel).is_some_and(|tuner| Arc::ptr_eq(tuner, &self.tuner)) {
            open.remove(&self.channel);
        }
    }
}

impl Reception {
    async fn run(self) {
        log::info!("iptv: channel={} tuned in", self.channel);
        let mut segmenter = Segmenter::new(CUT);
        let mut pause = FIRST_PAUSE;
        loop {
            let segments_before = locked(&self.tuner.state).next;
            let ended = self.receive(&mut segmenter).await;
            segmenter.interrupt(&mut |segment| self.tuner.keep(segment));
            let received = locked(&self.tuner.state).next > segments_before;
            match ended {
                Ended::Unwatched => break,
                Ended::Playlist => {
                    self.tuner.set_phase(Phase::Playlist);
                    break;
                }
                Ended::NotAStream => {
                    let why = format!("{} sends no transport stream", self.url.authority());
                    self.tuner.set_phase(Phase::Failed(why));
                    break;
                }
                Ended::Lost(error) => {
                    let why = match error {
                        Some(error) => error.to_string(),
                        None => format!("{} ended the stream", self.url.authority()),
                    };
                    log::info!("iptv: channel={} lost: {why}", self.channel);
                    if self.tuner.has_nothing() {
                        // Whoever waits for it is told; whoever comes next tries again.
                        self.tuner.set_phase(Phase::Failed(why));
                        break;
                    }
                }
            }
            pause = if received { FIRST_PAUSE } else { (pause * 2).min(LAST_PAUSE) };
            Timer::after(pause).await;
            if self.leave_if_unwatched() {
                break;
            }
        }
        log::info!("iptv: channel={} tuned out", self.channel);
    }

    /// Receives until something ends it.
    async fn receive(&self, segmenter: &mut Segmenter) -> Ended {
        let fetched = self.tuners.client.get(&self.url, &self.request).await;
        let Fetched { mut body, .. } = match fetched.and_then(Fetched::good) {
            Ok(fetched) => fetched,
            Err(error) => return Ended::Lost(Some(error)),
        };
        let started = self.tuners.clock.now();
        let mut media = Duration::ZERO;
        let mut first = true;
        loop {
            let piece = match body.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ended::Lost(None),
                Err(error) => return Ended::Lost(Some(error)),
            };
            if std::mem::take(&mut first) && is_playlist(&piece) {
                return Ended::Playlist;
            }
            segmenter.push(&piece, &mut |segment| {
                media += Duration::from_millis(segment.duration.to_ms().max(0) as u64);
                self.tuner.keep(segment);
            });
            if segmenter.junk() > JUNK_BYTES {
                return Ended::NotAStream;
            }
            if self.leave_if_unwatched() {
                return Ended::Unwatched;
            }
            let ahead = media.saturating_sub(self.tuners.clock.now().since(started));
            if ahead > AHEAD {
                Timer::after(ahead - AHEAD).await;
            }
        }
    }

    /// Takes the tuner out of the table if nobody has asked for it for a while.
    fn leave_if_unwatched(&self) -> bool {
        let mut open = locked(&self.tuners.open);
        let asked = locked(&self.tuner.state).asked;
        let unwatched = self.tuners.clock.now().since(asked) > limits::CHANNEL_LINGER;
        if unwatched {
            open.remove(&self.channel);
        }
        unwatched
    }
}
