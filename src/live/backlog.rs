//! What the disk has yet to take: a queue for each stream, and the list of streams that have something in it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;

use crate::ground::limits;
use crate::live::gaps::Gaps;
use crate::live::state::RecordingState;
use crate::live::stream::Stream;

/// Bytes of one stream on their way to the disk, in the order of the file.
#[derive(Debug)]
struct Unrecorded {
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
    fn behind(taken: u64, backlog: &Backlog) -> Self {
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
    fn push(&mut self, bytes: Bytes) -> bool {
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

    fn clear(&mut self) {
        self.take();
        self.waiting = VecDeque::new();
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

/// What of a stream goes to the disk: the bytes that its recorder makes, in the order of the file.
#[derive(Debug)]
pub struct Recording {
    state: RecordingState,
    unrecorded: Unrecorded,
    gaps: Gaps,
    /// Bytes so far, whether the disk has them or not.
    offset: u64,
    /// It goes on at the next key frame.
    awaits_key: bool,
}

impl Recording {
    /// One that begins behind `bytes` bytes that the disk has.
    pub(super) fn behind(bytes: u64, state: RecordingState, backlog: &Backlog) -> Self {
        let unrecorded = Unrecorded::behind(bytes, backlog);
        Self { state, unrecorded, gaps: Gaps::default(), offset: bytes, awaits_key: false }
    }

    /// What became of it.
    pub fn state(&self) -> &RecordingState {
        &self.state
    }

    /// Whether what comes now goes to the disk.
    pub fn is_on(&self) -> bool {
        self.state == RecordingState::On
    }

    /// Whether it is on, or will be once there is room again.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, RecordingState::On | RecordingState::Paused(_) | RecordingState::Resuming(_))
    }

    /// Bytes of the stream so far, whether the disk has them or not.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Up to which byte of the stream the disk has it, but for its gaps.
    pub fn taken(&self) -> u64 {
        self.unrecorded.taken
    }

    /// Where the last of its gaps ends.
    pub fn last_gap_end(&self) -> Option<u64> {
        self.gaps.end()
    }

    /// Whether it goes on at the next key frame: what comes before is one more gap.
    pub fn awaits_key(&self) -> bool {
        self.awaits_key
    }

    /// It goes on here, where a key frame is. Returns whether the disk has nothing of it yet.
    pub fn go_on(&mut self) -> bool {
        self.awaits_key = false;
        self.unrecorded.taken == self.gaps.lost()
    }

    /// Takes what comes next of the stream.
    pub fn push(&mut self, bytes: Bytes) {
        self.offset += bytes.len() as u64;
        if self.awaits_key {
            self.gaps.extend(self.offset);
            self.unrecorded.taken = self.offset;
        } else if self.is_on() && !self.unrecorded.push(bytes) {
            self.stop(RecordingState::Paused("the disk is too slow for this stream".into()));
        }
    }

    /// Marks the stream as one with something to write; false if it was marked already.
    pub(super) fn mark(&mut self) -> bool {
        !std::mem::replace(&mut self.unrecorded.marked, true)
    }

    /// It is closed, waits for room or has failed.
    fn stop(&mut self, state: RecordingState) {
        self.unrecorded.clear();
        self.unrecorded.untold = state != RecordingState::Complete;
        self.state = state;
    }
}

impl Stream {
    /// Takes what waits for the disk, in the order of the file; with whether the stream is over and this is the last.
    pub fn take_unrecorded(&self) -> (Vec<Bytes>, bool) {
        let source = &mut self.lock().source;
        source.recording.unrecorded.marked = false;
        (source.recording.unrecorded.take(), source.ended())
    }

    /// The disk has this many bytes more.
    pub fn recorded(&self, bytes: u64) {
        self.lock().source.recording.unrecorded.taken += bytes;
    }

    /// How many bytes of the recording the disk has.
    pub fn recorded_bytes(&self) -> u64 {
        let recording = &self.lock().source.recording;
        recording.unrecorded.taken - recording.gaps.lost()
    }

    /// Where in the recording so many bytes of the stream are, from `offset` on, if the disk has them all.
    pub fn recorded_at(&self, offset: u64, bytes: u64) -> Option<u64> {
        let recording = &self.lock().source.recording;
        if offset + bytes <= recording.taken() { recording.gaps.place(offset, bytes) } else { None }
    }

    /// The disk has closed the recording, or takes no more. What has stopped before stays as it is.
    pub fn stop_recording(&self, state: RecordingState) {
        let mut inner = self.lock();
        let recording = &mut inner.source.recording;
        if matches!(recording.state, RecordingState::On | RecordingState::Resuming(_)) {
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
        let may = !source.ended() && source.recording.gaps.count() < limits::STREAM_GAPS;
        match &mut source.recording.state {
            RecordingState::Paused(reason) if may => {
                let reason = std::mem::take(reason);
                source.recording.state = RecordingState::Resuming(reason);
                true
            }
            _ => false,
        }
    }

    /// The disk has made the recording's file ready, which has `file_bytes`: it goes on at the next key frame. Where the
    /// stream has ended meanwhile nothing comes, and the answer is false; the recording is closed then as any other.
    pub fn resume_recording(&self, file_bytes: u64) -> bool {
        let mut inner = self.lock();
        let recording = &mut inner.source.recording;
        if matches!(recording.state, RecordingState::Resuming(_)) {
            recording.gaps.begin(file_bytes, recording.offset);
            recording.unrecorded.taken = recording.offset;
            recording.awaits_key = true;
            recording.state = RecordingState::On;
        }
        let goes_on = recording.is_on() && !inner.source.ended();
        drop(inner);
        self.tell_status();
        goes_on
    }

    /// Why the recording has stopped, where that is yet to be said; it is asked once.
    pub fn take_failure(&self) -> Option<String> {
        let recording = &mut self.lock().source.recording;
        let untold = std::mem::take(&mut recording.unrecorded.untold);
        match &recording.state {
            RecordingState::Paused(reason) | RecordingState::Resuming(reason) | RecordingState::Failed(reason) => {
                untold.then(|| reason.clone())
            }
            _ => None,
        }
    }

    /// Whether the disk still has to be told that the stream is over.
    pub(super) fn needs_closing(&self) -> bool {
        let source = &mut self.lock().source;
        source.ended() && source.recording.is_on() && source.recording.mark()
    }

    /// Whether it is over, and nothing is left to be written.
    pub fn is_settled(&self) -> bool {
        let source = &self.lock().source;
        source.ended() && !matches!(source.recording.state, RecordingState::On | RecordingState::Resuming(_))
    }
}
