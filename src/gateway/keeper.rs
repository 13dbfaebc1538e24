//! Keeps the house in order: shares whose time is over, recordings that no longer fit, what a power cut left behind.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::gateway::config;
use crate::gateway::gallery::Gallery;
use crate::ground::id::ShareId;
use crate::live::{Hub, RecordingState, Status};
use crate::recording::library::Library;
use crate::share::{Asker, EndReason, ShareError, Steward};

/// How often shares are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How often the disk is looked at while it has room: every so many sweeps.
const SWEEPS_TO_DISK: u32 = 10;
/// How often recordings and photos that nobody knows are looked for: every so many sweeps, a day.
const SWEEPS_TO_STRAYS: u32 = 24 * 3600;
/// Recordings that are let go at once when the disk is full.
const LET_GO: usize = 8;
/// A MiB in bytes.
const MIB: u64 = 1 << 20;

/// The keeper.
pub(super) struct Keeper {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    pub gallery: Arc<Gallery>,
    pub limits: config::Recording,
    /// Shares that were live when the gateway was stopped.
    pub cut_off: Vec<ShareId>,
    /// How long their streams may take to come back.
    pub resume_window: Duration,
}

impl Keeper {
    /// Works until `stop` is closed. Blocks: give it a thread.
    pub fn run(&self, stop: &Receiver<()>) {
        let mut warned = false;
        let mut cut_off = self.cut_off.clone();
        let settling = self.resume_window.as_secs() as u32 + 2;
        for sweep in 0_u32.. {
            match stop.recv_timeout(SWEEP_INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
            match self.steward.sweep() {
                Ok(shares) => shares.into_iter().for_each(|share| self.delete(share)),
                Err(error) => log::error!("shares can't be swept: {error}"),
            }
            if sweep == settling {
                self.settle(&std::mem::take(&mut cut_off));
            }
            if sweep % SWEEPS_TO_STRAYS == SWEEPS_TO_STRAYS / 720 {
                self.delete_strays();
                if let Err(error) = self.gallery.delete_strays(&self.steward) {
                    log::error!("photos that nobody has can't be found: {error}");
                }
            }
            if sweep % SWEEPS_TO_DISK == 0 || self.free().is_ok_and(|free| free < 0) {
                self.look_at_disk(&mut warned);
            }
        }
    }

    /// Writes down the lengths of shares whose streams were cut off and did not come back.
    fn settle(&self, cut_off: &[ShareId]) {
        for share in cut_off.iter().copied().filter(|share| self.hub.get(*share).is_none()) {
            let recording = match self.library.open(share) {
                Ok(recording) => recording,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    log::error!("recording can't be read share={share} error=\"{error}\"");
                    continue;
                }
            };
            let duration_ms = recording.duration().to_ms().max(0) as u64;
            match self.steward.ended(share, EndReason::Restarted, Some(duration_ms)) {
                Ok(()) | Err(ShareError::NotFound(_)) => {}
                Err(error) => log::error!("the end of share={share} can't be written down: {error}"),
            }
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

    fn delete(&self, share: ShareId) {
        self.hub.end(share);
        if let Err(error) = self.library.delete(share) {
            log::error!("recording can't be deleted share={share} error=\"{error}\"");
            return;
        }
        match self.steward.recording_deleted(share) {
            Ok(()) => log::info!("recording deleted share={share}"),
            Err(error) => log::error!("the deletion of share={share} can't be written down: {error}"),
        }
    }

    /// Lets recordings go while the disk has too little room, and warns before.
    fn look_at_disk(&self, warned: &mut bool) {
        let room = match self.room() {
            Ok(room) => room,
            Err(error) => {
                log::warn!("the disk can't be measured: {error}");
                return;
            }
        };
        let tight = room.least() < (self.limits.keep_free_mib.max(64) * MIB / 4) as i64;
        if tight && !*warned {
            log::warn!("little room left for recordings: the oldest ones seen will go; give the gateway a larger disk");
        }
        *warned = tight;
        if room.least() < 0 && !self.let_go(room) {
            self.stop_recordings();
        }
    }

    /// Makes room, and says whether that went well so far. A disk that others fill costs no one a video they haven't
    /// seen; the family's own quota does, oldest first.
    fn let_go(&self, mut room: Room) -> bool {
        let seen_only = room.of_quota >= 0;
        let candidates = match self.steward.quota_candidates(LET_GO, seen_only) {
            Ok(candidates) => candidates,
            Err(error) => {
                log::error!("no recordings can be let go: {error}");
                return false;
            }
        };
        let mut helped = false;
        for share in candidates.into_iter().filter(|share| !self.is_live(*share)) {
            match self.steward.expire_early(share) {
                Ok(()) => self.delete(share),
                Err(error) => log::error!("share={share} can't be let go: {error}"),
            }
            let Ok(now) = self.room() else { return helped };
            helped = now.least() > room.least();
            if now.least() >= 0 || !helped {
                break;
            }
            room = now;
        }
        helped
    }

    /// Nothing more can go: what flows now is watched live, and kept only as far as it was recorded.
    fn stop_recordings(&self) {
        for stream in self.hub.all().into_iter().filter(|stream| stream.recording() == RecordingState::On) {
            log::warn!("recording stopped share={} reason=\"too little room is left\"", stream.share());
            self.hub.fail_recording(
                &stream,
                "too little room is left on the disk: delete shares, or give the gateway a larger one",
            );
        }
    }

    fn is_live(&self, share: ShareId) -> bool {
        self.hub.get(share).is_some_and(|stream| stream.status() != Status::Ended)
    }

    /// Bytes before the disk has less than it should keep free.
    fn free(&self) -> std::io::Result<i64> {
        Ok(free_bytes(self.library.folder().path())? as i64 - (self.limits.keep_free_mib * MIB) as i64)
    }

    fn room(&self) -> std::io::Result<Room> {
        let on_disk = self.free()?;
        let of_quota = match self.limits.quota_mib {
            0 => i64::MAX,
            quota => (quota * MIB) as i64 - self.library.folder().used_bytes()? as i64,
        };
        Ok(Room { on_disk, of_quota })
    }
}

/// Bytes that recordings may still take: negative if they have too many already.
#[derive(Clone, Copy)]
struct Room {
    /// Before the disk has less than it should keep free.
    on_disk: i64,
    /// Before the quota is used up.
    of_quota: i64,
}

impl Room {
    fn least(self) -> i64 {
        self.on_disk.min(self.of_quota)
    }
}

/// Bytes that are free on the disk of `path`.
pub(super) fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
