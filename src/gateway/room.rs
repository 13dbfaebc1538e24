//! The room that recordings have: what the disk and the owner's quota leave, and who makes room for whom (`share/room.rs`
//! has the rule).
//!
//! A film is promised its room before it is made into a recording: what has been promised is nobody else's. What can't be
//! promised is refused, and one that outgrows its promise fails by itself.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gateway::config;
use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits;
use crate::live::{Hub, Status};
use crate::recording::library::Library;
use crate::share::{Held, Steward, let_go};

/// A MiB in bytes.
pub(super) const MIB: u64 = 1 << 20;

/// The room of all recordings.
pub(super) struct Room {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    /// MiB of the disk that stay free.
    pub keep_free_mib: u64,
    /// MiB all recordings may take; 0 for all the disk has.
    pub quota_mib: u64,
    /// Bytes that recordings will have which are being made.
    promised: Mutex<Promised>,
}

type Promised = HashMap<ShareId, u64>;

/// Bytes that recordings may still take: negative if they have too many already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Before the disk has less than it should keep free.
    pub on_disk: i64,
    /// Before the quota is used up.
    pub of_quota: i64,
}

impl Left {
    pub fn least(self) -> i64 {
        self.on_disk.min(self.of_quota)
    }
}

/// Why a recording has no room.
#[derive(Debug)]
pub(super) enum NoRoom {
    /// It will take so many bytes, and there are so many for it.
    Short { needed: u64, left: u64 },
    /// It is larger than all recordings together may be.
    TooLarge { needed: u64, quota: u64 },
    /// The disk can't be measured.
    Disk(io::Error),
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { needed, left } => write!(
                f,
                "There is no room for this video: the gateway needs {} MiB and has {}. Delete shares, or give it more room",
                needed.div_ceil(MIB),
                left / MIB
            ),
            Self::TooLarge { needed, quota } => write!(
                f,
                "This video takes {} MiB as a recording, and all together may take {} (recording.quota_mib in config.toml): send a shorter one",
                needed.div_ceil(MIB),
                quota / MIB
            ),
            Self::Disk(error) => write!(f, "The gateway's disk can't be measured ({error}): check it"),
        }
    }
}

impl Room {
    pub fn new(steward: Arc<Steward>, hub: Arc<Hub>, library: Arc<Library>, limits: &config::Recording) -> Self {
        let config::Recording { keep_free_mib, quota_mib, .. } = *limits;
        Self { steward, hub, library, keep_free_mib, quota_mib, promised: Mutex::default() }
    }

    fn promised(&self) -> MutexGuard<'_, Promised> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left. Looks at the disk.
    pub fn left(&self) -> io::Result<Left> {
        self.left_beside(&self.promised(), &self.library.folder().used_by_share()?)
    }

    /// What has been promised and isn't there yet.
    fn to_come(&self, promised: &Promised) -> u64 {
        let folder = self.library.folder();
        promised.iter().map(|(share, bytes)| bytes.saturating_sub(folder.recording_bytes(*share))).sum()
    }

    fn left_beside(&self, promised: &Promised, used: &HashMap<ShareId, u64>) -> io::Result<Left> {
        let to_come = self.to_come(promised);
        let of_quota = match self.quota_mib {
            0 => i64::MAX,
            quota => (quota * MIB) as i64 - (used.values().sum::<u64>() + to_come) as i64,
        };
        Ok(Left { on_disk: self.free()? - to_come as i64, of_quota })
    }

    /// Bytes before the disk has less than it should keep free.
    pub fn free(&self) -> io::Result<i64> {
        Ok(free_bytes(self.library.folder().path())? as i64 - (self.keep_free_mib * MIB) as i64)
    }

    /// Bytes that films on their way in may take: what was promised to others isn't theirs, and recordings that go on have
    /// theirs a little longer.
    pub fn for_uploads(&self) -> io::Result<u64> {
        let taken = self.to_come(&self.promised()).saturating_add(limits::UPLOAD_MARGIN_BYTES);
        Ok(self.free()?.saturating_sub_unsigned(taken).max(0).unsigned_abs())
    }

    /// Whether `bytes` could be promised to a recording of `sender`; nothing is let go for it yet.
    pub fn could_promise(&self, share: ShareId, sender: SenderId, bytes: u64) -> Result<(), NoRoom> {
        self.plan(&mut self.promised(), share, sender, bytes).map(drop)
    }

    /// Promises the recording of `share` that it may have so many bytes, and makes room for them where that may be.
    pub fn promise(&self, share: ShareId, sender: SenderId, bytes: u64) -> Result<(), NoRoom> {
        let mut promised = self.promised();
        let gone = self.plan(&mut promised, share, sender, bytes)?;
        gone.into_iter().for_each(|old| self.let_go(old));
        promised.insert(share, bytes);
        Ok(())
    }

    /// What goes for a promise.
    fn plan(
        &self,
        promised: &mut Promised,
        share: ShareId,
        sender: SenderId,
        bytes: u64,
    ) -> Result<Vec<ShareId>, NoRoom> {
        let quota = self.quota_mib * MIB;
        if quota > 0 && bytes > quota {
            return Err(NoRoom::TooLarge { needed: bytes, quota });
        }
        let used = self.library.folder().used_by_share().map_err(NoRoom::Disk)?;
        let before = promised.insert(share, bytes);
        let left = self.left_beside(promised, &used);
        match before {
            Some(before) => promised.insert(share, before),
            None => promised.remove(&share),
        };
        let left = left.map_err(NoRoom::Disk)?;
        let short =
            || NoRoom::Short { needed: bytes, left: left.least().saturating_add_unsigned(bytes).max(0).unsigned_abs() };
        self.goes(left, &used, Some(sender)).ok_or_else(short)
    }

    /// The recording of `share` is whole, or there will be none.
    pub fn settle(&self, share: ShareId) {
        self.promised().remove(&share);
    }

    /// What goes where more is taken than is left; `None` where that can't be mended. A disk that others fill costs no one a
    /// video they haven't seen.
    fn goes(&self, left: Left, used: &HashMap<ShareId, u64>, filler: Option<SenderId>) -> Option<Vec<ShareId>> {
        if left.least() >= 0 {
            return Some(Vec::new());
        }
        let held = self.held(used)?;
        let_go(&held, left.least().unsigned_abs(), filler.filter(|_| left.of_quota < 0))
    }

    fn held(&self, used: &HashMap<ShareId, u64>) -> Option<Vec<Held>> {
        let held = self.steward.held().inspect_err(|error| log::error!("no recordings can be let go: {error}")).ok()?;
        let is_live = |share| self.hub.get(share).is_some_and(|stream| stream.status() != Status::Ended);
        let sized = held.into_iter().filter_map(|held| Some(Held { bytes: *used.get(&held.share)?, ..held }));
        Some(sized.filter(|held| !is_live(held.share)).collect())
    }

    /// Makes room where more is taken than is left, by the videos of `filler` if it is a sender's; false where it can't be.
    pub fn make(&self, filler: Option<SenderId>) -> bool {
        let promised = self.promised();
        let look = || {
            let used = self.library.folder().used_by_share()?;
            Ok::<_, io::Error>((self.left_beside(&promised, &used)?, used))
        };
        let Ok((left, used)) = look() else { return false };
        let Some(gone) = self.goes(left, &used, filler) else { return false };
        gone.into_iter().for_each(|share| self.let_go(share));
        true
    }

    /// Of these senders the one who holds most.
    pub fn holds_most(&self, senders: &[SenderId]) -> Option<SenderId> {
        let used = self.library.folder().used_by_share().ok()?;
        let held = self.held(&used)?;
        let holds =
            |sender: &SenderId| held.iter().filter(|held| held.sender == *sender).map(|held| held.bytes).sum::<u64>();
        senders.iter().copied().max_by_key(holds)
    }

    fn let_go(&self, share: ShareId) {
        log::info!("recording let go to make room share={share}");
        match self.steward.expire_early(share) {
            Ok(()) => self.delete(share),
            Err(error) => log::error!("share={share} can't be let go: {error}"),
        }
    }

    /// Deletes the recording of a share that has expired.
    pub fn delete(&self, share: ShareId) {
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

    /// Whether so little is left that the owner is warned.
    pub fn is_tight(&self, left: Left) -> bool {
        let on_disk = self.keep_free_mib.max(64) * MIB / 4;
        let of_quota = self.quota_mib * MIB / 10;
        left.on_disk < on_disk as i64 || left.of_quota < of_quota as i64
    }
}

/// Bytes that are free on the disk of `path`.
pub(super) fn free_bytes(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
