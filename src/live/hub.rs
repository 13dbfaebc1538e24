//! All streams that flow, by their shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use event_listener::{Event, EventListener};

use crate::ground::frame::AudioParams;
use crate::ground::id::ShareId;
use crate::ground::time::UnixMs;
use crate::live::backlog::Backlog;
use crate::live::publisher::Publisher;
use crate::live::sink::{Past, Recorder};
use crate::live::state::Status;
use crate::live::stream::Stream;

/// Why a stream can't be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Someone else is publishing this share.
    AlreadyPublishing,
    /// The share is over.
    Over,
    /// The gateway stops: it may be gone on with after the next start.
    LeftOff,
    /// So many streams flow already.
    Full(usize),
}

/// The streams.
#[derive(Debug)]
pub struct Hub {
    streams: Mutex<HashMap<ShareId, Arc<Stream>>>,
    backlog: Arc<Backlog>,
    max_streams: usize,
    recorder: Option<Recorder>,
    opened: Event,
}

impl Hub {
    /// A hub for at most `max_streams` streams. Where there is a `recorder` they go to the disk, as what it makes of them.
    pub fn new(max_streams: usize, recorder: Option<Recorder>) -> Self {
        Self { streams: Mutex::default(), backlog: Arc::default(), max_streams, recorder, opened: Event::new() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ShareId, Arc<Stream>>> {
        self.streams.lock().expect("no one panics while holding the streams")
    }

    /// What the disk has yet to take.
    pub fn backlog(&self) -> &Arc<Backlog> {
        &self.backlog
    }

    /// Opens the stream of `share`, or goes on with it if its publisher was lost. The stream comes back if it is new.
    ///
    /// `past` is what was recorded of it before the gateway was stopped: a new stream goes on behind it.
    pub fn open(
        &self,
        share: ShareId,
        audio: Option<Arc<AudioParams>>,
        past: Option<Past>,
        date: UnixMs,
    ) -> Result<(Publisher, Option<Arc<Stream>>), OpenError> {
        let mut streams = self.lock();
        if let Some(stream) = streams.get(&share) {
            return match stream.flow() {
                Ok(()) => Ok((Publisher::new(stream.clone(), audio.as_deref(), self.backlog.clone()), None)),
                Err(Status::Ended) if stream.is_left_off() => Err(OpenError::LeftOff),
                Err(Status::Ended) => Err(OpenError::Over),
                Err(_) => Err(OpenError::AlreadyPublishing),
            };
        }
        self.room(&streams).map_err(OpenError::Full)?;
        let stream = Arc::new(Stream::new(share, audio.clone(), past, date, self.recorder, self.backlog.waiting()));
        streams.insert(share, stream.clone());
        drop(streams);
        self.opened.notify(usize::MAX);
        Ok((Publisher::new(stream.clone(), audio.as_deref(), self.backlog.clone()), Some(stream)))
    }

    /// How many streams flow, where there is no place for that of `share` beside them.
    pub fn check(&self, share: ShareId) -> Result<(), usize> {
        let streams = self.lock();
        if streams.contains_key(&share) { Ok(()) } else { self.room(&streams) }
    }

    fn room(&self, streams: &HashMap<ShareId, Arc<Stream>>) -> Result<(), usize> {
        let flowing = streams.values().filter(|stream| stream.status() != Status::Ended).count();
        if flowing < self.max_streams { Ok(()) } else { Err(self.max_streams) }
    }

    /// The stream of `share`, while it flows and a while after.
    pub fn get(&self, share: ShareId) -> Option<Arc<Stream>> {
        self.lock().get(&share).cloned()
    }

    /// Resolves when the next stream is opened. Get the listener first, then look.
    pub fn listen_opened(&self) -> EventListener {
        self.opened.listen()
    }

    /// All streams.
    pub fn all(&self) -> Vec<Arc<Stream>> {
        self.lock().values().cloned().collect()
    }

    /// Ends the stream of `share`: its publisher is sent away, its readers get their end, its recording is closed.
    pub fn end(&self, share: ShareId) {
        if let Some(stream) = self.get(share) {
            stream.end();
            self.close_recording(&stream);
        }
    }

    /// The gateway stops: what flows is closed, and may be gone on with after the next start. Its publishers have been sent
    /// away before.
    pub fn leave_off(&self) {
        for stream in self.all() {
            stream.leave_off();
            self.close_recording(&stream);
        }
    }

    /// Has the disk close the recording of a stream that is over.
    pub fn close_recording(&self, stream: &Arc<Stream>) {
        if stream.needs_closing() {
            self.backlog.add(stream.clone());
        }
    }

    /// Stops the recording of a stream that flows on, for want of room; `reason` is for people.
    pub fn pause_recording(&self, stream: &Arc<Stream>, reason: &str) {
        if stream.pause_recording(reason) {
            self.backlog.add(stream.clone());
        }
    }

    /// Has the disk go on with the recording of a stream that was stopped for want of room.
    pub fn resume_recording(&self, stream: &Arc<Stream>) {
        if stream.wish_recording() {
            self.backlog.add(stream.clone());
        }
    }

    /// Forgets the stream of `share`.
    pub fn remove(&self, share: ShareId) {
        self.lock().remove(&share);
    }
}
