//! The room that recordings have: what the disk and the owner's quota leave, and who makes room for whom (`share/rules/eviction.rs`
//! has the rule). Guests together have a part of it ([`limits::GUESTS_PART`]): of the disk their films on their way in
//! count too.
//!
//! A film is promised its room before it is made into a recording: what has been promised is nobody else's. What can't be
//! promised is refused, and one that outgrows its promise fails by itself.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ground::id::{SenderId, ShareId};
use crate::ground::limits;
use crate::lifecycle::RecordingLimits;
use crate::live::{Hub, RecordingState, Status};
use crate::recording::library::Library;
use crate::share::{Growing, Held, Need, Steward, let_go, order_of_yielding};

/// A MiB in bytes.
pub const MIB: u64 = 1 << 20;

/// The room of all recordings.
pub struct Room {
    steward: Arc<Steward>,
    hub: Arc<Hub>,
    library: Arc<Library>,
    /// MiB of the disk that stay free.
    keep_free_mib: u64,
    /// MiB all recordings may take; 0 for all the disk has.
    quota_mib: u64,
    /// What recordings will have which are being made.
    promised: Mutex<Promised>,
    /// Bytes of the disk that films of guests may still bring, as it was measured last and as they came since.
    for_guests: AtomicI64,
}

type Promised = HashMap<ShareId, Promise>;

/// What a recording will have.
#[derive(Clone, Copy)]
struct Promise {
    sender: SenderId,
    bytes: u64,
}

/// Bytes that recordings may still take: negative if they have too many already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Before the disk has less than it should keep free.
    pub on_disk: i64,
    /// Before the quota is used up.
    pub of_quota: i64,
}

impl Left {
    /// Of both the smaller.
    pub fn least(self) -> i64 {
        self.on_disk.min(self.of_quota)
    }
}

/// Why a recording has no room.
#[derive(Debug)]
pub enum NoRoom {
    /// It will take so many bytes, and there are so many for it.
    Short {
        /// Bytes of the recording.
        needed: u64,
        /// Bytes there are for it.
        left: u64,
    },
    /// It is larger than all recordings together may be, or all of guests.
    TooLarge {
        /// Bytes of the recording.
        needed: u64,
        /// Bytes of the quota, or of the guests' part of it.
        quota: u64,
        /// Whether it is a guest's.
        is_guest: bool,
    },
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
            Self::TooLarge { needed, quota, is_guest } => write!(
                f,
                "This video takes {} MiB as a recording, and {} may take {} (recording.quota_mib in config.toml): send a shorter one",
                needed.div_ceil(MIB),
                if *is_guest { "all that guests send" } else { "all together" },
                quota / MIB
            ),
            Self::Disk(error) => write!(f, "The gateway's disk can't be measured ({error}): check it"),
        }
    }
}

impl Room {
    /// The room of the recordings in `library`, within these limits.
    pub fn new(steward: Arc<Steward>, hub: Arc<Hub>, library: Arc<Library>, limits: &RecordingLimits) -> Self {
        let RecordingLimits { keep_free_mib, quota_mib, .. } = *limits;
        Self {
            steward,
            hub,
            library,
            keep_free_mib,
            quota_mib,
            promised: Mutex::default(),
            for_guests: AtomicI64::new(0),
        }
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
        promised.iter().map(|(share, promise)| promise.bytes.saturating_sub(folder.recording_bytes(*share))).sum()
    }

    fn left_beside(&self, promised: &Promised, used: &HashMap<ShareId, u64>) -> io::Result<Left> {
        let to_come = self.to_come(promised);
        let of_quota = match self.quota_mib {
            0 => i64::MAX,
            quota => (quota * MIB) as i64 - (used.values().sum::<u64>() + to_come) as i64,
        };
        Ok(Left { on_disk: self.free()? - to_come as i64, of_quota })
    }

    /// Bytes that are free on the disk of the recordings.
    pub fn disk_free_bytes(&self) -> io::Result<u64> {
        free_bytes(self.library.folder().path())
    }

    /// Bytes before the disk has less than it should keep free.
    pub fn free(&self) -> io::Result<i64> {
        Ok(self.disk_free_bytes()? as i64 - (self.keep_free_mib * MIB) as i64)
    }

    /// Bytes that films on their way in may take, a guest's or the household's: what was promised to others
    /// isn't theirs, and recordings that go on have theirs a little longer.
    pub fn for_uploads(&self, guest: bool) -> io::Result<u64> {
        let promised = self.promised();
        let taken = self.to_come(&promised).saturating_add(limits::UPLOAD_MARGIN_BYTES);
        let mut left = self.free()?.saturating_sub_unsigned(taken);
        if guest {
            let measured = self.measured(&promised, self.library.folder().used_by_share()?)?;
            left = left.min(measured.of_guests.on_disk);
        }
        Ok(left.max(0).unsigned_abs())
    }

    /// Whether so many bytes of a film may go to the disk. Guests' are counted, and measured anew only where they wouldn't
    /// be enough: there are thousands in a film.
    pub fn takes_of_upload(&self, guest: bool, bytes: u64) -> io::Result<bool> {
        let takes = || self.for_guests.fetch_sub(bytes as i64, Ordering::SeqCst) >= bytes as i64;
        Ok(self.for_uploads(false)? > 0 && (!guest || takes() || (self.for_uploads(true)? > 0 && takes())))
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
        promised.insert(share, Promise { sender, bytes });
        Ok(())
    }

    /// The recording of `share` has so many bytes promised as it had before the gateway was stopped.
    pub fn promise_again(&self, share: ShareId, sender: SenderId, bytes: u64) {
        self.promised().insert(share, Promise { sender, bytes });
    }

    /// What goes for a promise.
    fn plan(
        &self,
        promised: &mut Promised,
        share: ShareId,
        sender: SenderId,
        bytes: u64,
    ) -> Result<Vec<ShareId>, NoRoom> {
        let is_guest = self.is_guest(sender);
        let quota = self.quota_mib * MIB / if is_guest { limits::GUESTS_PART } else { 1 };
        if self.quota_mib > 0 && bytes > quota {
            return Err(NoRoom::TooLarge { needed: bytes, quota, is_guest });
        }
        let used = self.library.folder().used_by_share().map_err(NoRoom::Disk)?;
        let before = promised.insert(share, Promise { sender, bytes });
        let planned = self.measured(promised, used).map(|measured| {
            let goes = measured.goes(0, Some((sender, is_guest)));
            let left = measured.left_for(is_guest).saturating_add_unsigned(bytes).max(0).unsigned_abs();
            goes.ok_or(NoRoom::Short { needed: bytes, left })
        });
        match before {
            Some(before) => promised.insert(share, before),
            None => promised.remove(&share),
        };
        planned.map_err(NoRoom::Disk)?
    }

    /// Whether a sender's videos count as guests': whoever can't be asked after is one.
    pub fn is_guest(&self, sender: SenderId) -> bool {
        self.steward.is_guest(sender).unwrap_or(true)
    }

    /// The recording of `share` is whole, or there will be none.
    pub fn settle(&self, share: ShareId) {
        self.promised().remove(&share);
    }

    /// What there is, and who has it.
    fn measured(&self, promised: &Promised, used: HashMap<ShareId, u64>) -> io::Result<Measured> {
        let left = self.left_beside(promised, &used)?;
        let films = self.library.folder().films()?;
        let held = self.held(&used).unwrap_or_default();
        let of_guest = |share: &ShareId| self.steward.whose(*share).is_ok_and(|(_, is_guest)| is_guest);
        let live = self.live().into_iter().filter(of_guest).map(|share| used.get(&share).copied().unwrap_or(0));
        let to_come = promised.iter().filter(|(_, promise)| self.is_guest(promise.sender));
        let to_come = to_come.map(|(share, promise)| promise.bytes.max(used.get(share).copied().unwrap_or(0)));
        let over = held.iter().filter(|held| held.is_guest).map(|held| held.bytes);
        let taken = over.chain(live).chain(to_come).sum::<u64>() as i64;
        let arriving = films.iter().filter(|(share, _)| of_guest(share)).map(|(_, bytes)| *bytes).sum::<u64>() as i64;
        let of_quota = match self.quota_mib {
            0 => i64::MAX,
            quota => (quota * MIB / limits::GUESTS_PART) as i64 - taken,
        };
        let there_is = used.values().chain(films.values()).sum::<u64>() as i64 + self.free()?.max(0);
        let on_disk = there_is / limits::GUESTS_PART as i64 - taken - arriving;
        self.for_guests.store(on_disk, Ordering::SeqCst);
        Ok(Measured { left, of_guests: Left { on_disk, of_quota }, held })
    }

    /// The shares whose streams flow.
    fn live(&self) -> Vec<ShareId> {
        let live = self.hub.all().into_iter().filter(|stream| stream.status() != Status::Ended);
        live.map(|stream| stream.share()).collect()
    }

    fn held(&self, used: &HashMap<ShareId, u64>) -> Option<Vec<Held>> {
        let held = self.steward.held().inspect_err(|error| log::error!("no recordings can be let go: {error}")).ok()?;
        let live = self.live();
        let sized = held.into_iter().filter_map(|held| Some(Held { bytes: *used.get(&held.share)?, ..held }));
        Some(sized.filter(|held| !live.contains(&held.share)).collect())
    }

    /// Makes room where less than `spare` is left, for new videos of `filler` if it is a sender's; false where it can't be.
    /// Guests leave [`limits::LAST_ROOM_BYTES`] more: the last room is the household's.
    pub fn make(&self, spare: u64, filler: Option<SenderId>) -> bool {
        let promised = self.promised();
        let filler = filler.map(|sender| (sender, self.is_guest(sender)));
        let of_guest = filler.is_some_and(|(_, is_guest)| is_guest);
        let spare = if of_guest { spare + limits::LAST_ROOM_BYTES } else { spare };
        let goes = || {
            let used = self.library.folder().used_by_share()?;
            if !of_guest && self.left_beside(&promised, &used)?.least() >= spare as i64 {
                return Ok(Some(Vec::new()));
            }
            Ok::<_, io::Error>(self.measured(&promised, used)?.goes(spare, filler))
        };
        let Ok(Some(gone)) = goes() else { return false };
        gone.into_iter().for_each(|share| self.let_go(share));
        true
    }

    /// Whose recordings grow now, those first who give way first.
    pub fn growing(&self) -> Vec<Growing> {
        let mut growing: Vec<Growing> = Vec::new();
        for stream in self.hub.all().into_iter().filter(|stream| stream.recording() == RecordingState::On) {
            let share = stream.share();
            let (sender, is_guest) = self.steward.whose(share).map_or((None, true), |(id, guest)| (Some(id), guest));
            match growing.iter_mut().find(|one| one.sender == sender) {
                Some(known) => known.shares.push(share),
                None => growing.push(Growing { sender, is_guest, now_bytes: 0, held_bytes: 0, shares: vec![share] }),
            }
        }
        // Who is alone gives way to nobody.
        if growing.len() > 1 {
            self.weigh(&mut growing);
            order_of_yielding(&mut growing);
        }
        growing
    }

    fn weigh(&self, growing: &mut [Growing]) {
        let promised = self.promised().clone();
        let used = self.library.folder().used_by_share().unwrap_or_default();
        let held = self.held(&used).unwrap_or_default();
        for one in growing {
            let now = one.shares.iter().filter_map(|share| used.get(share));
            let films = promised.values().filter(|promise| Some(promise.sender) == one.sender);
            one.now_bytes = now.sum::<u64>() + films.map(|promise| promise.bytes).sum::<u64>();
            let own = held.iter().filter(|held| Some(held.sender) == one.sender);
            one.held_bytes = own.map(|held| held.bytes).sum();
        }
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

/// What is left, and what may go.
struct Measured {
    left: Left,
    /// The same of the guests' part.
    of_guests: Left,
    held: Vec<Held>,
}

impl Measured {
    /// What is left for a sender's videos.
    fn left_for(&self, is_guest: bool) -> i64 {
        if is_guest { self.left.least().min(self.of_guests.least()) } else { self.left.least() }
    }

    /// What goes where less than `spare` is left for `filler`, who may be a guest; `None` where that can't be mended. A disk
    /// that others fill costs no one a video they haven't seen, within the guests' part.
    fn goes(&self, spare: u64, filler: Option<(SenderId, bool)>) -> Option<Vec<ShareId>> {
        let short = |left: i64| u64::try_from(-left.saturating_sub_unsigned(spare)).unwrap_or(0);
        let is_guest = filler.is_some_and(|(_, is_guest)| is_guest);
        let mut need = Need { bytes: short(self.left.least()), ..Need::default() };
        let mut by_filler = short(self.left.of_quota) > 0;
        if is_guest {
            need.of_guests = short(self.of_guests.least());
            by_filler |= short(self.of_guests.of_quota) > 0;
        } else if filler.is_some() {
            need.beyond = u64::try_from(-self.of_guests.least()).unwrap_or(0);
        }
        need.filler = filler.filter(|_| by_filler).map(|(sender, _)| sender);
        let_go(&self.held, need)
    }
}

/// Bytes that are free on the disk of `path`.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
pub(crate) mod tests;
