//! What the disk has yet to take: a queue for each stream, and the list of streams that have something in it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;

use crate::ground::limits;
use crate::live::state::RecordingState;
use crate::live::stream::{Inner, Stream};
use crate::wire::playlist::segments::SegmentSpan;

/// Bytes of one stream on their way to the disk, in the order of the file.
#[derive(Debug)]
pub struct Unrecorded {
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// The same of all streams.
    all_waiting_bytes: Arc<AtomicUsize>,
    taken: u64,
    marked: bool,
    /// Why the recording has stopped is yet to be said.
    untold: bool,
}

impl Unrecorded {
    /// Nothing waits yet; the disk has `taken` bytes from before.
    pub(super) fn behind(taken: u64, backlog: &Backlog) -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            all_waiting_bytes: backlog.waiting_bytes.clone(),
            taken,
            marked: false,
            untold: false,
        }
    }

    /// Adds bytes; false if there are too many already, of this stream or of all.
    pub(super) fn push(&mut self, bytes: Bytes) -> bool {
        self.waiting_bytes += bytes.len();
        let of_all = self.all_waiting_bytes.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        self.waiting.push_back(bytes);
        self.waiting_bytes <= limits::STREAM_BYTES && of_all <= limits::BACKLOG_BYTES
    }

    /// Takes what waits.
    fn take(&mut self) -> Vec<Bytes> {
        self.all_waiting_bytes.fetch_sub(std::mem::take(&mut self.waiting_bytes), Ordering::Relaxed);
        self.waiting.drain(..).collect()
    }

    pub(super) fn clear(&mut self) {
        self.take();
        self.waiting = VecDeque::new();
    }

    /// Up to which byte of the stream the disk has it, but for its gaps.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What comes before this byte of the stream is not for the disk.
    pub(super) fn skip_to(&mut self, offset: u64) {
        self.taken = offset;
    }

    /// Marks the stream as one with something to write; false if it was marked already.
    pub(super) fn mark(&mut self) -> bool {
        !std::mem::replace(&mut self.marked, true)
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The streams that have something for the disk. The disk's thread waits here.
#[derive(Debug, Default)]
pub struct Backlog {
    streams: Mutex<VecDeque<Arc<Stream>>>,
    waiting_bytes: Arc<AtomicUsize>,
    more: Condvar,
    closed: Mutex<bool>,
}

impl Backlog {
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
        let mut inner = self.lock();
        inner.unrecorded.marked = false;
        (inner.unrecorded.take(), inner.ended())
    }

    /// The disk has this many bytes more.
    pub fn recorded(&self, bytes: u64) {
        self.lock().unrecorded.taken += bytes;
    }

    /// How many bytes of the recording the disk has.
    pub fn recorded_bytes(&self) -> u64 {
        let inner = self.lock();
        inner.unrecorded.taken() - inner.gaps.lost()
    }

    /// Where in the recording the bytes of a span are, if the disk has them all.
    pub fn recorded_at(&self, span: &SegmentSpan) -> Option<u64> {
        let inner = self.lock();
        let taken = span.offset + span.size <= inner.unrecorded.taken();
        if taken { inner.gaps.place(span.offset, span.size) } else { None }
    }

    /// The disk has closed the recording, or takes no more. What has stopped before stays as it is.
    pub fn stop_recording(&self, state: RecordingState) {
        let mut inner = self.lock();
        if matches!(inner.recording, RecordingState::On | RecordingState::Resuming(_)) {
            inner.stop_recording(state);
        }
        drop(inner);
        self.tell_status();
    }

    /// Stops the recording for want of room, where the stream flows on; false where there is nothing to stop.
    pub(super) fn pause_recording(&self, reason: &str) -> bool {
        let mut inner = self.lock();
        let may = inner.recording == RecordingState::On && !inner.ended();
        if may {
            inner.stop_recording(RecordingState::Paused(reason.to_owned()));
        }
        drop(inner);
        self.tell_status();
        may
    }

    /// Wants the recording to go on, where it waits for room; false where there is nothing to go on with, or that was
    /// too often.
    pub(super) fn wish_recording(&self) -> bool {
        let mut inner = self.lock();
        let may = !inner.ended() && inner.gaps.count() < limits::STREAM_GAPS;
        match &mut inner.recording {
            RecordingState::Paused(reason) if may => {
                let reason = std::mem::take(reason);
                inner.recording = RecordingState::Resuming(reason);
                true
            }
            _ => false,
        }
    }

    /// The disk has made the recording's file ready, which has `file_bytes`: it goes on at the next key frame. Where the
    /// stream has ended meanwhile nothing comes, and the answer is false; the recording is closed then as any other.
    pub fn resume_recording(&self, file_bytes: u64) -> bool {
        let mut inner = self.lock();
        if matches!(inner.recording, RecordingState::Resuming(_)) {
            let offset = inner.offset;
            inner.gaps.begin(file_bytes, offset);
            inner.unrecorded.skip_to(offset);
            inner.awaits_key = true;
            inner.recording = RecordingState::On;
        }
        let goes_on = inner.recording == RecordingState::On && !inner.ended();
        drop(inner);
        self.tell_status();
        goes_on
    }

    /// Why the recording has stopped, where that is yet to be said; it is asked once.
    pub fn take_failure(&self) -> Option<String> {
        let mut inner = self.lock();
        let untold = std::mem::take(&mut inner.unrecorded.untold);
        match &inner.recording {
            RecordingState::Paused(reason) | RecordingState::Resuming(reason) | RecordingState::Failed(reason) => {
                untold.then(|| reason.clone())
            }
            _ => None,
        }
    }

    /// Whether the disk still has to be told that the stream is over.
    pub(super) fn needs_closing(&self) -> bool {
        let mut inner = self.lock();
        inner.ended() && inner.recording == RecordingState::On && inner.unrecorded.mark()
    }

    /// Whether it is over, and nothing is left to be written.
    pub fn is_settled(&self) -> bool {
        let inner = self.lock();
        inner.ended() && !matches!(inner.recording, RecordingState::On | RecordingState::Resuming(_))
    }
}

impl Inner {
    /// The recording is closed, waits for room or has failed.
    pub(super) fn stop_recording(&mut self, state: RecordingState) {
        self.unrecorded.clear();
        self.unrecorded.untold = state != RecordingState::Complete;
        self.recording = state;
    }
}
