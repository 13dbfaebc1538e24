//! The disk's thread: takes what streams have for it, and writes.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::ground::id::ShareId;
use crate::ground::recording_failure::{DISK_FULL, TOO_LONG};
use crate::live::{Backlog, RecordingState, Stream};
use crate::package::fmp4::Fmp4;
use crate::recording::Folder;
use crate::recording::mender::{self, Mender, Ready};
use crate::recording::open::Open;

/// What streams have for the disk is gathered for this long and written at once: a wake-up and a call for each picture
/// of each stream would cost more than all the rest of a recording. It is what a killed process may lose.
const GATHER: Duration = Duration::from_millis(100);
/// Told of what happened to a recording.
pub trait RecordingObserver: Send {
    /// The recording of `share` is complete.
    fn complete(&self, share: ShareId);
    /// The disk takes no more of `share`, for now or for good; `reason` is for people.
    fn failed(&self, share: ShareId, reason: &str);
    /// The disk takes the stream of `share` again, and the recording goes on.
    fn resumed(&self, share: ShareId);
}

/// Writes recordings until the backlog is closed and empty. Blocks: give it a thread.
pub fn run(folder: &Folder, backlog: &Arc<Backlog>, observer: &dyn RecordingObserver) {
    let mender = Mender::new(mender::method(folder.clone()), backlog.clone());
    Disk { folder, observer, open: HashMap::new(), mender }.run(backlog);
}

/// The disk's thread at work.
pub(super) struct Disk<'a> {
    pub folder: &'a Folder,
    pub observer: &'a dyn RecordingObserver,
    pub open: HashMap<ShareId, Open>,
    pub mender: Mender,
}

impl Disk<'_> {
    pub(super) fn run(&mut self, backlog: &Backlog) {
        loop {
            while let Some(streams) = backlog.wait() {
                streams.iter().for_each(|stream| self.turn(stream));
                std::thread::sleep(GATHER);
            }
            let Some(stream) = self.mender.wait() else { return };
            self.turn(&stream);
        }
    }

    /// A stream's turn. Whatever is wrong with one recording, the others go on.
    fn turn(&mut self, stream: &Arc<Stream>) {
        if catch_unwind(AssertUnwindSafe(|| self.take(stream))).is_err() {
            log::error!("recording broke off share={}", stream.share());
            self.stop(stream, RecordingState::Failed("the recording broke off".into()));
        }
    }

    /// Takes what one stream has.
    fn take(&mut self, stream: &Arc<Stream>) {
        let share = stream.share();
        self.tell_failure(stream);
        if let Some(ready) = self.mender.take(share) {
            self.go_on(stream, ready);
        }
        let begun = self.open.contains_key(&share) || stream.recorded_bytes() == 0;
        if stream.recording() == RecordingState::On && !begun && !self.mender.has(share) {
            self.mender.begin(stream);
        }
        if self.mender.has(share) {
            // What it has waits until its file is ready.
            return;
        }
        let (pieces, over) = stream.take_unrecorded();
        if stream.recording() != RecordingState::On {
            self.open.remove(&share);
            self.tell_failure(stream);
            if matches!(stream.recording(), RecordingState::Resuming(_)) {
                self.mender.begin(stream);
            }
            return;
        }
        let full = Fmp4::of(stream).recording_is_full();
        match write(self.folder, &mut self.open, stream, &pieces, over || full) {
            Ok(false) => {}
            Ok(true) if !over => self.stop(stream, RecordingState::Failed(TOO_LONG.into())),
            Ok(true) => {
                self.open.remove(&share);
                stream.stop_recording(RecordingState::Complete);
                self.observer.complete(share);
            }
            Err(error) => self.stop(stream, failure(&error)),
        }
    }

    /// Goes on with a recording that stopped for want of room, or was begun before the gateway was stopped, in its file.
    fn go_on(&mut self, stream: &Stream, ready: Ready) {
        let share = stream.share();
        match ready {
            Ok(file) => {
                let bytes = file.as_ref().map_or(0, |file| file.bytes());
                self.open.extend(file.map(|file| (share, file)));
                if matches!(stream.recording(), RecordingState::Resuming(_)) && stream.resume_recording(bytes) {
                    log::info!("recording goes on share={share}");
                    self.observer.resumed(share);
                }
            }
            Err(error) => self.stop(stream, failure(&error)),
        }
    }

    /// The recording takes no more, for now or for good.
    fn stop(&mut self, stream: &Stream, state: RecordingState) {
        self.open.remove(&stream.share());
        stream.stop_recording(state);
        self.tell_failure(stream);
    }

    fn tell_failure(&self, stream: &Stream) {
        if let Some(reason) = stream.take_failure() {
            log::warn!("recording stopped share={} reason=\"{reason}\"", stream.share());
            self.observer.failed(stream.share(), &reason);
        }
    }
}

/// What becomes of a recording after `error`: where only room was wanting, it waits for some.
fn failure(error: &std::io::Error) -> RecordingState {
    let state = if is_full(error) { RecordingState::Paused } else { RecordingState::Failed };
    state(reason(error))
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        _ if is_full(error) => DISK_FULL.into(),
        std::io::ErrorKind::FileTooLarge => "the recording has the largest size this disk allows".into(),
        std::io::ErrorKind::ReadOnlyFilesystem => "the disk can only be read: check it for errors".into(),
        _ => format!("the disk reported an error: {error}"),
    }
}

/// Writes pieces; returns whether the recording is closed: because the stream is over, or its index as long as one may be.
fn write(
    folder: &Folder,
    open: &mut HashMap<ShareId, Open>,
    stream: &Arc<Stream>,
    pieces: &[Bytes],
    over: bool,
) -> std::io::Result<bool> {
    let share = stream.share();
    if pieces.is_empty() && !open.contains_key(&share) {
        return Ok(over);
    }
    let recording = match open.entry(share) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(Open::at(folder, share, stream.recorded_bytes())?)
        }
    };
    recording.write(stream, pieces, over)
}
