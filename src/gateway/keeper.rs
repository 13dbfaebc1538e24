//! Keeps the house in order: shares whose time is over, recordings that no longer fit, what a power cut left behind.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::gateway::config;
use crate::ground::id::ShareId;
use crate::live::{Hub, Status};
use crate::recording::library::Library;
use crate::share::{EndReason, ShareError, Steward};

/// How often shares are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How often the disk is looked at: every so many sweeps.
const SWEEPS_TO_DISK: u32 = 10;
/// Recordings that are let go at once when the disk is full.
const LET_GO: usize = 8;
/// A MiB in bytes.
const MIB: u64 = 1 << 20;

/// The keeper.
pub(super) struct Keeper {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    pub limits: config::Recording,
    /// Shares that were live when the gateway was stopped.
    pub cut_off: Vec<ShareId>,
    /// How long their streams may take to come back.
    pub resume_window: Duration,
}

impl Keeper {
    /// Works until `stop` is closed. Blocks: give it a thread.
    pub fn run(self, stop: &Receiver<()>) {
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
            if sweep % SWEEPS_TO_DISK == 0 {
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
        let room = match self.room_bytes() {
            Ok(room) => room,
            Err(error) => {
                log::warn!("the disk can't be measured: {error}");
                return;
            }
        };
        let tight = room < (self.limits.keep_free_mib.max(64) * MIB / 4) as i64;
        if tight && !*warned {
            log::warn!(
                "little room left for recordings: {} MiB; the oldest ones seen will go",
                room.max(0) as u64 / MIB
            );
        }
        *warned = tight;
        if room >= 0 {
            return;
        }
        match self.steward.quota_candidates(LET_GO) {
            Ok(shares) => {
                for share in shares.into_iter().filter(|share| !self.is_live(*share)) {
                    match self.steward.expire_early(share) {
                        Ok(()) => self.delete(share),
                        Err(error) => log::error!("share={share} can't be let go: {error}"),
                    }
                    if self.room_bytes().is_ok_and(|room| room >= 0) {
                        break;
                    }
                }
            }
            Err(error) => log::error!("no recordings can be let go: {error}"),
        }
    }

    fn is_live(&self, share: ShareId) -> bool {
        self.hub.get(share).is_some_and(|stream| stream.status() != Status::Ended)
    }

    /// Bytes that recordings may still take: negative if they have too many already.
    fn room_bytes(&self) -> std::io::Result<i64> {
        let free = free_bytes(self.library.folder().path())? as i64 - (self.limits.keep_free_mib * MIB) as i64;
        if self.limits.quota_mib == 0 {
            return Ok(free);
        }
        let left = (self.limits.quota_mib * MIB) as i64 - self.library.folder().used_bytes()? as i64;
        Ok(free.min(left))
    }
}

/// Bytes that are free on the disk of `path`.
pub(super) fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
