//! What the disk has yet to take: the list of streams that have something for it, and what the disk asks of each. Whether
//! a stream has ended and what becomes of its recording are known under one lock, the stream's.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;

use crate::live::recording::AllWaiting;
use crate::live::state::RecordingState;
use crate::live::stream::Stream;

/// The streams that have something for the disk. The disk's thread waits here.
#[derive(Debug, Default)]
pub struct Backlog {
    streams: Mutex<VecDeque<Arc<Stream>>>,
    waiting: AllWaiting,
    more: Condvar,
    closed: Mutex<bool>,
}

impl Backlog {
    /// What of all streams is on its way to the disk.
    pub(super) fn waiting(&self) -> AllWaiting {
        self.waiting.clone()
    }

    /// The disk is to look at `stream`.
    pub fn add(&self, stream: Arc<Stream>) {
        let mut streams = self.streams.lock().expect("no one panics while holding the list");
        streams.push_back(stream);
        // The disk's thread waits for the first alone.
        if streams.len() == 1 {
            self.more.notify_one();
        }
    }

    /// No more will come: [`Self::wait`] returns `None` once the list is empty.
    pub fn close(&self) {
        *self.closed.lock().expect("no one panics while holding a flag") = true;
        let _streams = self.streams.lock().expect("no one panics while holding the list");
        self.more.notify_all();
    }

    /// Waits for streams with something to write, or with an end to be written down. Blocks.
    pub fn wait(&self) -> Option<VecDeque<Arc<Stream>>> {
        let mut streams = self.streams.lock().expect("no one panics while holding the list");
        loop {
            if !streams.is_empty() {
                return Some(std::mem::take(&mut *streams));
            }
            if *self.closed.lock().expect("no one panics while holding a flag") {
                return None;
            }
            streams = self.more.wait(streams).expect("no one panics while holding the list");
        }
    }
}

impl Stream {
    /// Takes what waits for the disk, in the order of the file; with whether the stream is over and this is the last.
    pub fn take_unrecorded(&self) -> (Vec<Bytes>, bool) {
        let source = &mut self.lock().source;
        (source.recording.take(), source.ended())
    }

    /// The disk has this many bytes more.
    pub fn recorded(&self, bytes: u64) {
        self.lock().source.recording.was_taken(bytes);
    }

    /// How many bytes of the recording the disk has.
    pub fn recorded_bytes(&self) -> u64 {
        self.lock().source.recording.file_bytes()
    }

    /// Where in the recording so many bytes of the stream are, from `offset` on, if the disk has them all.
    pub fn recorded_at(&self, offset: u64, bytes: u64) -> Option<u64> {
        self.lock().source.recording.place(offset, bytes)
    }

    /// The disk has closed the recording, or takes no more. What has stopped before stays as it is.
    pub fn stop_recording(&self, state: RecordingState) {
        let mut inner = self.lock();
        let recording = &mut inner.source.recording;
        if !recording.is_settled() {
            recording.stop(state);
        }
        drop(inner);
        self.tell_status();
    }

    /// Stops the recording for want of room, where the stream flows on; false where there is nothing to stop.
    pub(super) fn pause_recording(&self, reason: &str) -> bool {
        let mut inner = self.lock();
        let may = inner.source.recording.is_on() && !inner.source.ended();
        if may {
            inner.source.recording.stop(RecordingState::Paused(reason.to_owned()));
        }
        drop(inner);
        self.tell_status();
        may
    }

    /// Wants the recording to go on, where it waits for room; false where there is nothing to go on with, or that was
    /// too often.
    pub(super) fn wish_recording(&self) -> bool {
        let source = &mut self.lock().source;
        !source.ended() && source.recording.wish()
    }

    /// The disk has made the recording's file ready, which has `file_bytes`: it goes on at the next key frame. Where the
    /// stream has ended meanwhile nothing comes, and the answer is false; the recording is closed then as any other.
    pub fn resume_recording(&self, file_bytes: u64) -> bool {
        let mut inner = self.lock();
        inner.source.recording.resume(file_bytes);
        let goes_on = inner.source.recording.is_on() && !inner.source.ended();
        drop(inner);
        self.tell_status();
        goes_on
    }

    /// Why the recording has stopped, where that is yet to be said; it is asked once.
    pub fn take_failure(&self) -> Option<String> {
        self.lock().source.recording.take_failure()
    }

    /// Whether the disk still has to be told that the stream is over.
    pub(super) fn needs_closing(&self) -> bool {
        let source = &mut self.lock().source;
        source.ended() && source.recording.is_on() && source.recording.mark()
    }

    /// Whether it is over, and nothing is left to be written.
    pub fn is_settled(&self) -> bool {
        let source = &self.lock().source;
        source.ended() && source.recording.is_settled()
    }
}
