//! One stream: its frames, whoever makes something of them, its state.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use event_listener::{Event, EventListener};

use crate::ground::frame::{AudioParams, Frame};
use crate::ground::id::ShareId;
use crate::ground::limits;
use crate::ground::not_ready::NotReady;
use crate::ground::time::{Ticks90k, UnixMs};
use crate::live::frames::{Frames, KeptFrame};
use crate::live::recording::{AllWaiting, Recording};
use crate::live::sink::{News, Past, Recorder, Sink, Source};
use crate::live::state::{KeyFrame, MediaInfo, RecordingState, Status, StreamCounts};
use crate::live::timeline::Timeline;

/// A stream.
#[derive(Debug)]
pub struct Stream {
    share: ShareId,
    inner: Mutex<Inner>,
    /// There is something for readers who follow everything, or the status changed.
    news_event: Event,
    /// A piece is whole, or the status changed: for readers who fetch pieces.
    piece_event: Event,
    /// The status, readiness or the first key frame changed: for the gateway, and those who wait for readiness.
    status_event: Event,
    /// The publisher is to leave.
    revoked_event: Event,
    /// Milliseconds that the newest picture was on its way here, and one more; 0 where that is not known.
    uplink: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) source: Source,
    sinks: Vec<Box<dyn Sink>>,
    key_frame: Option<KeyFrame>,
    ready: bool,
    /// Why it isn't ready, as far as that is known.
    not_ready: Option<NotReady>,
    revoked: bool,
    /// The gateway stops; the share isn't over.
    left_off: bool,
}

impl Stream {
    /// A stream of `share` that begins now, or goes on behind `past`. Where there is a `recorder` it goes to the disk, and
    /// counts among what is `waiting` for it.
    pub(super) fn new(
        share: ShareId,
        audio: Option<Arc<AudioParams>>,
        past: Option<Past>,
        date: UnixMs,
        recorder: Option<Recorder>,
        waiting: AllWaiting,
    ) -> Self {
        let state = if recorder.is_some() { RecordingState::On } else { RecordingState::Off };
        let duration = past.as_ref().map_or(Ticks90k(0), |past| past.duration);
        let source = Source {
            frames: Frames::default(),
            recording: Recording::behind(past.as_ref().map_or(0, |past| past.bytes), state, waiting),
            counts: StreamCounts::default(),
            timeline: Timeline::behind(duration),
            audio: past.as_ref().map_or(audio, |past| past.audio.clone()),
            params: None,
            changes: past.as_ref().map_or(0, |past| past.changes),
            status: Status::Flowing,
            began: UnixMs(date.0 - duration.to_ms()),
            key_frame_wanted: false,
        };
        let recorder = recorder.filter(|_| past.is_none()).map(|make| make(&source));
        let sinks = past.map(|past| past.sink).into_iter().chain(recorder).collect();
        Self {
            share,
            inner: Mutex::new(Inner {
                source,
                sinks,
                key_frame: None,
                ready: false,
                not_ready: None,
                revoked: false,
                left_off: false,
            }),
            news_event: Event::new(),
            piece_event: Event::new(),
            status_event: Event::new(),
            revoked_event: Event::new(),
            uplink: AtomicU64::new(0),
        }
    }

    /// The share this stream belongs to.
    pub fn share(&self) -> ShareId {
        self.share
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no one panics while holding a stream")
    }

    /// Works with the stream's sink of this type, under the stream's lock; where it has none yet, `make` makes it.
    pub fn with<S: Sink, R>(&self, make: impl FnOnce(&Source) -> S, work: impl FnOnce(&mut S, &mut Source) -> R) -> R {
        let mut inner = self.lock();
        let Inner { source, sinks, .. } = &mut *inner;
        if !sinks.iter().any(|sink| (&**sink as &dyn Any).is::<S>()) {
            sinks.push(Box::new(make(source)));
        }
        let sink = sinks.iter_mut().find_map(|sink| (&mut **sink as &mut dyn Any).downcast_mut());
        work(sink.expect("it was there, or has been made"), source)
    }

    /// How long the newest picture was on its way from the camera to the gateway, where the publisher's clock can be
    /// related to ours.
    pub fn uplink_ms(&self) -> Option<u64> {
        self.uplink.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(super) fn set_uplink(&self, uplink_ms: Option<u64>) {
        self.uplink.store(uplink_ms.map_or(0, |ms| ms.saturating_add(1)), Ordering::Relaxed);
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        self.lock().source.status
    }

    /// Whether a key frame has been decoded: only then anyone is told of it.
    pub fn is_ready(&self) -> bool {
        self.lock().ready
    }

    /// A key frame of it has been decoded.
    pub fn set_ready(&self) {
        let mut inner = self.lock();
        inner.ready = true;
        inner.not_ready = None;
        inner.key_frame = None;
        drop(inner);
        self.status_event.notify(usize::MAX);
    }

    /// Why it isn't ready yet, as far as that is known.
    pub fn not_ready(&self) -> Option<NotReady> {
        self.lock().not_ready.clone()
    }

    /// Why it isn't ready yet: known to whoever looked at what comes. Of one that is ready it means nothing.
    pub fn set_not_ready(&self, why: NotReady) {
        let mut inner = self.lock();
        if inner.ready || inner.not_ready.as_ref() == Some(&why) {
            return;
        }
        inner.not_ready = Some(why);
        drop(inner);
        self.tell_status();
    }

    /// Resolves at the next change of status or readiness, or when a key frame waits to be decoded. Get the listener
    /// first, then look.
    pub fn listen_status(&self) -> EventListener {
        self.status_event.listen()
    }

    /// Resolves when there is more to be read, or the status changes. Get the listener first, then look.
    pub fn listen_news(&self) -> EventListener {
        self.news_event.listen()
    }

    /// Resolves when the next piece is whole, or the status changes. Get the listener first, then look.
    pub fn listen_pieces(&self) -> EventListener {
        self.piece_event.listen()
    }

    /// Takes the key frame that waits to be decoded.
    pub fn take_key_frame(&self) -> Option<KeyFrame> {
        self.lock().key_frame.take()
    }

    /// Sends the publisher away: the share was ended or withdrawn.
    pub fn revoke(&self) {
        self.lock().revoked = true;
        self.revoked_event.notify(usize::MAX);
    }

    /// Somebody begins to watch: see [`Source::want_key_frame`].
    pub fn want_key_frame(&self) {
        self.lock().source.want_key_frame();
    }

    pub(super) fn is_key_frame_wanted(&self) -> bool {
        self.lock().source.key_frame_wanted
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.lock().revoked
    }

    pub(super) fn listen_revoked(&self) -> EventListener {
        self.revoked_event.listen()
    }

    /// A publisher has come, first or again.
    pub(super) fn flow(&self) -> Result<(), Status> {
        let mut inner = self.lock();
        match inner.source.status {
            Status::Interrupted if !inner.revoked => {
                inner.source.status = Status::Flowing;
                inner.source.timeline.resume();
                drop(inner);
                self.status_event.notify(usize::MAX);
                Ok(())
            }
            status => Err(status),
        }
    }

    /// The publisher is gone: `over` if it said so.
    pub(super) fn stop(&self, over: bool) {
        let mut inner = self.lock();
        match inner.source.status {
            Status::Ended => return,
            _ if over => inner.end(),
            _ => inner.source.status = Status::Interrupted,
        }
        drop(inner);
        self.tell_all();
    }

    /// It is over: what is open is closed, readers get their end. Nothing happens the second time.
    pub fn end(&self) {
        self.stop(true);
        self.revoke();
    }

    /// The gateway stops: it is closed as at its end, and may be gone on with after the next start. One that is over stays so.
    pub(super) fn leave_off(&self) {
        let mut inner = self.lock();
        if inner.source.status == Status::Ended {
            return;
        }
        inner.left_off = true;
        inner.end();
        drop(inner);
        self.tell_all();
    }

    /// Whether it was closed because the gateway stops: its share isn't over.
    pub fn is_left_off(&self) -> bool {
        self.lock().left_off
    }

    pub(super) fn tell_status(&self) {
        self.status_event.notify(usize::MAX);
    }

    fn tell_all(&self) {
        self.news_event.notify(usize::MAX);
        self.piece_event.notify(usize::MAX);
        self.status_event.notify(usize::MAX);
    }

    /// Takes frames that were there at `date`. Returns whether there is something new for the disk.
    pub(super) fn write(&self, frames: &mut Vec<Frame>, date: UnixMs) -> bool {
        let mut inner = self.lock();
        if inner.source.status != Status::Flowing {
            frames.clear();
            return false;
        }
        let recorded = inner.source.recording.is_on();
        let late_sound = inner.source.counts.late_sound;
        let mut news = News::default();
        let mut key_waits = false;
        let mut restless = false;
        for frame in frames.drain(..) {
            if let Frame::Video(picture) = &frame {
                inner.source.counts.pictures += 1;
                if picture.key && !inner.ready {
                    let (params, data) = (picture.params.clone(), picture.data.clone());
                    inner.key_frame = Some(KeyFrame { params, data });
                    key_waits = true;
                }
            }
            inner.push(frame, date, &mut news);
            restless = inner.source.changes > limits::STREAM_INIT_SEGMENTS;
            if restless {
                break;
            }
        }
        let record = news.more && recorded && inner.source.recording.mark();
        let first_late = late_sound == 0 && inner.source.counts.late_sound > 0;
        drop(inner);
        if first_late {
            log::warn!("share={} its sound comes too late behind its pictures: some is left out", self.share);
        }
        if restless {
            log::warn!("share={} changes its coding all the time: its publisher is sent away", self.share);
            self.revoke();
        }
        if news.more {
            self.news_event.notify(usize::MAX);
        }
        if news.piece {
            self.piece_event.notify(usize::MAX);
        }
        if key_waits {
            self.status_event.notify(usize::MAX);
        }
        record
    }

    /// What it carries; `None` before the first key frame.
    pub fn media(&self) -> Option<MediaInfo> {
        let inner = self.lock();
        let source = &inner.source;
        let params = source.params.as_ref()?;
        let seconds = source.duration().to_seconds();
        let measured = |count: u64| if seconds > 0.5 { count as f64 / seconds } else { 0.0 };
        let said = params.frame_duration.map(|frame| 1.0 / frame.to_seconds());
        Some(MediaInfo {
            codec: params.codec_string(),
            audio_codec: source.audio.as_ref().map(|audio| audio.codec_string()),
            width: params.width,
            height: params.height,
            frame_rate: said.unwrap_or_else(|| measured(source.counts.pictures)),
            bits_per_second: measured(source.counts.bytes * 8) as u64,
        })
    }

    /// How long it is.
    pub fn duration(&self) -> Ticks90k {
        self.lock().source.duration()
    }

    /// What has been counted.
    pub fn counts(&self) -> StreamCounts {
        self.lock().source.counts
    }

    /// What became of the bytes on disk.
    pub fn recording(&self) -> RecordingState {
        self.lock().source.recording.state().clone()
    }
}

impl Inner {
    /// Gives a frame its place, keeps it, and shows it to all sinks.
    fn push(&mut self, mut frame: Frame, date: UnixMs, news: &mut News) {
        let Self { source, sinks, .. } = self;
        let Some(duration) = source.timeline.place(&mut frame, source.audio.as_deref()) else { return };
        let data = match &frame {
            Frame::Video(picture) => {
                let same = |known: &Arc<_>| Arc::ptr_eq(known, &picture.params) || **known == *picture.params;
                if picture.key && !source.params.as_ref().is_some_and(same) {
                    source.params = Some(picture.params.clone());
                    source.changes += 1;
                }
                source.key_frame_wanted &= !picture.key;
                &picture.data
            }
            Frame::Audio(sound) => &sound.data,
        };
        source.counts.bytes += data.len() as u64;
        source.frames.push(KeptFrame { frame, duration, date });
        sinks.iter_mut().for_each(|sink| sink.frame(source, news));
    }

    fn end(&mut self) {
        self.source.status = Status::Ended;
        self.sinks.iter_mut().for_each(|sink| sink.ended(&mut self.source));
    }
}
