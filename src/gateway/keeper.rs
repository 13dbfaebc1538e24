//! Keeps the house in order: shares whose time is over, recordings that no longer fit, what a power cut left behind.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::gateway::gallery::Gallery;
use crate::gateway::room::{MIB, Room};
use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits::RESUME_BYTES;
use crate::ground::recording_failure::NO_ROOM;
use crate::live::{Hub, RecordingState, Status, Stream};
use crate::recording::library::Library;
use crate::share::{Asker, EndReason, ShareError, Steward};

/// How often shares are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How often the disk is looked at while it has room: every so many sweeps.
const SWEEPS_TO_DISK: u32 = 10;
/// How often recordings and photos that nobody knows are looked for: every so many sweeps, a day.
const SWEEPS_TO_STRAYS: u32 = 24 * 3600;

/// The keeper.
pub(super) struct Keeper {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    pub gallery: Arc<Gallery>,
    pub room: Arc<Room>,
    pub rounds: Rounds,
}

/// What comes when. It lasts as long as the gateway: a keeper that is begun again goes on where it broke off, and does not
/// take what it finds for what a stop left behind.
pub(super) struct Rounds {
    sweeps: u32,
    /// The sweep at which streams that were cut off have had their time to come back.
    settling: u32,
    /// Shares that were live when the gateway was stopped, and are not settled yet.
    cut_off: Vec<ShareId>,
    /// Whether little room was left when that was last looked at.
    tight: bool,
}

/// What is due in a sweep, beside what is in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    settle: bool,
    strays: bool,
    room: bool,
}

impl Rounds {
    /// The gateway starts; the streams of `cut_off` may come back for so long.
    pub fn new(resume_window: Duration, cut_off: Vec<ShareId>) -> Self {
        Self { sweeps: 0, settling: resume_window.as_secs() as u32 + 2, cut_off, tight: false }
    }

    /// What is due in the next sweep. Counted before it is done: what breaks off isn't tried again at once.
    fn next(&mut self) -> Due {
        let sweep = self.sweeps;
        self.sweeps = self.sweeps.wrapping_add(1);
        Due {
            settle: sweep >= self.settling && !self.cut_off.is_empty(),
            strays: sweep % SWEEPS_TO_STRAYS == SWEEPS_TO_STRAYS / 720,
            room: sweep.is_multiple_of(SWEEPS_TO_DISK),
        }
    }
}

impl Keeper {
    /// Works until `stop` is closed. Blocks: give it a thread.
    pub fn run(&mut self, stop: &Receiver<()>) {
        loop {
            match stop.recv_timeout(SWEEP_INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
            let due = self.rounds.next();
            match self.steward.sweep() {
                Ok(shares) => shares.into_iter().for_each(|share| self.room.delete(share)),
                Err(error) => log::error!("shares can't be swept: {error}"),
            }
            while due.settle
                && let Some(share) = self.rounds.cut_off.pop()
            {
                self.settle(share);
            }
            if due.strays {
                self.delete_strays();
                if let Err(error) = self.gallery.delete_strays(&self.steward) {
                    log::error!("photos that nobody has can't be found: {error}");
                }
            }
            let hurry = self.rounds.tight || self.paused().next().is_some();
            if due.room || hurry || self.room.free().is_ok_and(|free| free < 0) {
                self.look_at_room();
            }
        }
    }

    /// Writes down the length of a share whose stream was cut off, where it did not come back.
    fn settle(&self, share: ShareId) {
        if self.hub.get(share).is_some() {
            return;
        }
        let duration = match self.library.duration(share) {
            Ok(duration) => duration,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                log::error!("recording can't be read share={share} error=\"{error}\"");
                return;
            }
        };
        let duration_ms = duration.to_ms().max(0) as u64;
        match self.steward.ended(share, EndReason::Restarted, Some(duration_ms)) {
            Ok(()) | Err(ShareError::NotFound(_)) => {}
            Err(error) => log::error!("the end of share={share} can't be written down: {error}"),
        }
    }

    /// Deletes recordings of shares that the books don't know: withdrawn in a bad moment, or younger than a backup.
    fn delete_strays(&self) {
        let Ok(shares) = self.library.folder().shares() else { return };
        for share in shares {
            let known = !matches!(self.steward.share(Asker::Owner, share), Err(ShareError::NotFound(_)));
            if !known && self.hub.get(share).is_none() {
                log::info!("recording of no share deleted share={share}");
                if let Err(error) = self.library.delete(share) {
                    log::error!("recording can't be deleted share={share} error=\"{error}\"");
                }
            }
        }
    }

    /// Lets recordings go while they have too little room, and warns before.
    fn look_at_room(&mut self) {
        let left = match self.room.left() {
            Ok(left) => left,
            Err(error) => {
                log::warn!("the disk can't be measured: {error}");
                return;
            }
        };
        let tight = self.room.is_tight(left);
        let was_tight = std::mem::replace(&mut self.rounds.tight, tight);
        if tight && !was_tight {
            let mib = left.least().max(0).unsigned_abs() / MIB;
            log::warn!(
                "little room for recordings: {mib} MiB left; the oldest seen videos go next: keep what must stay (lareira admin share keep), delete others, or give the gateway more room"
            );
        }
        // With no stream recorded, it is nobody's new video that fills the room.
        if left.least() < 0 {
            if !self.room.make(0, self.filler()) {
                self.stop_recordings();
            }
        } else {
            self.resume_recordings();
        }
    }

    /// The streams whose recording waits for room.
    fn paused(&self) -> impl Iterator<Item = Arc<Stream>> {
        let waits = |stream: &Arc<Stream>| matches!(stream.recording(), RecordingState::Paused(_));
        self.hub.all().into_iter().filter(move |stream| waits(stream) && stream.status() != Status::Ended)
    }

    /// What stopped for want of room goes on, as far as there is some or can be.
    fn resume_recordings(&self) {
        for stream in self.paused() {
            let sender = self.steward.share(Asker::Owner, stream.share()).ok().map(|report| report.sender.id);
            if self.room.make(RESUME_BYTES, sender) {
                self.hub.resume_recording(&stream);
            }
        }
    }

    /// Who fills the room now: of those whose streams are recorded, the one who holds most.
    fn filler(&self) -> Option<SenderId> {
        let recorded = self.hub.all().into_iter().filter(|stream| stream.recording() == RecordingState::On);
        let of = |stream: Arc<Stream>| self.steward.share(Asker::Owner, stream.share()).ok();
        let senders: Vec<SenderId> = recorded.filter_map(of).map(|report| report.sender.id).collect();
        self.room.holds_most(&senders)
    }

    /// Nothing more can go: what flows now is watched live, and kept only as far as it was recorded.
    fn stop_recordings(&self) {
        for stream in self.hub.all().into_iter().filter(|stream| stream.recording() == RecordingState::On) {
            log::warn!("recording stopped share={} reason=\"too little room is left\"", stream.share());
            self.hub.pause_recording(&stream, NO_ROOM);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use super::*;

    /// The keeper breaks off in one sweep after the other.
    #[test]
    fn a_keeper_that_is_begun_again_goes_on_where_it_was() {
        let shares = [1, 2, 3].map(|n| ShareId([n; 10]));
        let mut rounds = Rounds::new(Duration::from_secs(15), shares.to_vec());
        let mut done: Vec<(Due, u32)> = Vec::new();
        let mut settled = Vec::new();
        while rounds.sweeps < 400 {
            let broke_off = catch_unwind(AssertUnwindSafe(|| {
                let (sweep, due) = (rounds.sweeps, rounds.next());
                done.push((due, sweep));
                if due.settle {
                    settled.extend(rounds.cut_off.pop());
                }
                resume_unwind(Box::new("a fault"));
            }));
            assert!(broke_off.is_err());
        }
        let when = |what: fn(&Due) -> bool| -> Vec<u32> {
            done.iter().filter(|(due, _)| what(due)).map(|(_, sweep)| *sweep).collect()
        };
        assert_eq!(when(|due| due.settle), [17, 18, 19], "each share once, although each broke off");
        assert_eq!(settled.len(), 3);
        assert_eq!(when(|due| due.strays), [120], "and strays when it is time");
        assert_eq!(when(|due| due.room).len(), 40);
    }
}
