//! What of a stream goes to the disk: the state of its recording, the bytes that wait for the disk, and the gaps. It is one
//! stream's, under that one's lock, and wakes nobody.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::ground::limits;
use crate::live::gaps::Gaps;
use crate::live::state::RecordingState;

/// Bytes of all streams on their way to the disk.
#[derive(Clone, Debug, Default)]
pub(super) struct AllWaiting(Arc<AtomicUsize>);

/// Bytes of one stream on their way to the disk, in the order of the file.
#[derive(Debug)]
struct Unrecorded {
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// The same of all streams.
    all_waiting: AllWaiting,
    taken: u64,
    marked: bool,
    /// Why the recording has stopped is yet to be said.
    untold: bool,
}

impl Unrecorded {
    /// Nothing waits yet; the disk has `taken` bytes from before.
    fn behind(taken: u64, all_waiting: AllWaiting) -> Self {
        Self { waiting: VecDeque::new(), waiting_bytes: 0, all_waiting, taken, marked: false, untold: false }
    }

    /// Adds bytes; false if there are too many already, of this stream or of all.
    fn push(&mut self, bytes: Bytes) -> bool {
        self.waiting_bytes += bytes.len();
        let of_all = self.all_waiting.0.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        self.waiting.push_back(bytes);
        self.waiting_bytes <= limits::STREAM_BYTES && of_all <= limits::BACKLOG_BYTES
    }

    /// Takes what waits.
    fn take(&mut self) -> Vec<Bytes> {
        self.all_waiting.0.fetch_sub(std::mem::take(&mut self.waiting_bytes), Ordering::Relaxed);
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
    pub(super) fn behind(bytes: u64, state: RecordingState, all_waiting: AllWaiting) -> Self {
        let unrecorded = Unrecorded::behind(bytes, all_waiting);
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
    pub(super) fn stop(&mut self, state: RecordingState) {
        self.unrecorded.clear();
        self.unrecorded.untold = state != RecordingState::Complete;
        self.state = state;
    }
    /// Whether nothing is left to be written, and it doesn't go on either.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(self.state, RecordingState::On | RecordingState::Resuming(_))
    }

    /// Takes what waits for the disk.
    pub(super) fn take(&mut self) -> Vec<Bytes> {
        self.unrecorded.marked = false;
        self.unrecorded.take()
    }

    /// The disk has this many bytes more.
    pub(super) fn was_taken(&mut self, bytes: u64) {
        self.unrecorded.taken += bytes;
    }

    /// Bytes of its file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.unrecorded.taken - self.gaps.lost()
    }

    /// Where in its file so many bytes of the stream are, from `offset` on, if the disk has them all.
    pub(super) fn place(&self, offset: u64, bytes: u64) -> Option<u64> {
        if offset + bytes <= self.taken() { self.gaps.place(offset, bytes) } else { None }
    }

    /// Wants it to go on, where it waits for room; false where it doesn't, or did so too often.
    pub(super) fn wish(&mut self) -> bool {
        let may = self.gaps.count() < limits::STREAM_GAPS;
        match &mut self.state {
            RecordingState::Paused(reason) if may => {
                self.state = RecordingState::Resuming(std::mem::take(reason));
                true
            }
            _ => false,
        }
    }

    /// Where it was wanted to go on: its file is ready, which has `file_bytes`, and it does at the next key frame.
    pub(super) fn resume(&mut self, file_bytes: u64) {
        if matches!(self.state, RecordingState::Resuming(_)) {
            self.gaps.begin(file_bytes, self.offset);
            self.unrecorded.taken = self.offset;
            self.awaits_key = true;
            self.state = RecordingState::On;
        }
    }

    /// Why it has stopped, where that is yet to be said; it is asked once.
    pub(super) fn take_failure(&mut self) -> Option<String> {
        let untold = std::mem::take(&mut self.unrecorded.untold);
        match &self.state {
            RecordingState::Paused(reason) | RecordingState::Resuming(reason) | RecordingState::Failed(reason) => {
                untold.then(|| reason.clone())
            }
            _ => None,
        }
    }
}
