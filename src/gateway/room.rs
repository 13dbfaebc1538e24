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
    /// Bytes that recordings will have which are being made.
    promised: Mutex<Promised>,
}

type Promised = HashMap<ShareId, u64>;

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
    /// It is larger than all recordings together may be.
    TooLarge {
        /// Bytes of the recording.
        needed: u64,
        /// Bytes of the quota.
        quota: u64,
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
    /// The room of the recordings in `library`, within these limits.
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

    /// Bytes that are free on the disk of the recordings.
    pub fn disk_free_bytes(&self) -> io::Result<u64> {
        free_bytes(self.library.folder().path())
    }

    /// Bytes before the disk has less than it should keep free.
    pub fn free(&self) -> io::Result<i64> {
        Ok(self.disk_free_bytes()? as i64 - (self.keep_free_mib * MIB) as i64)
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

    /// The recording of `share` has so many bytes promised as it had before the gateway was stopped.
    pub fn promise_again(&self, share: ShareId, bytes: u64) {
        self.promised().insert(share, bytes);
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
        self.goes(left, 0, &used, Some(sender)).ok_or_else(short)
    }

    /// The recording of `share` is whole, or there will be none.
    pub fn settle(&self, share: ShareId) {
        self.promised().remove(&share);
    }

    /// What goes where less than `spare` is left; `None` where that can't be mended. A disk that others fill costs no one a
    /// video they haven't seen.
    fn goes(
        &self,
        left: Left,
        spare: u64,
        used: &HashMap<ShareId, u64>,
        filler: Option<SenderId>,
    ) -> Option<Vec<ShareId>> {
        let short = |left: i64| u64::try_from(-left.saturating_sub_unsigned(spare)).unwrap_or(0);
        if short(left.least()) == 0 {
            return Some(Vec::new());
        }
        let held = self.held(used)?;
        let_go(&held, short(left.least()), filler.filter(|_| short(left.of_quota) > 0))
    }

    fn held(&self, used: &HashMap<ShareId, u64>) -> Option<Vec<Held>> {
        let held = self.steward.held().inspect_err(|error| log::error!("no recordings can be let go: {error}")).ok()?;
        let is_live = |share| self.hub.get(share).is_some_and(|stream| stream.status() != Status::Ended);
        let sized = held.into_iter().filter_map(|held| Some(Held { bytes: *used.get(&held.share)?, ..held }));
        Some(sized.filter(|held| !is_live(held.share)).collect())
    }

    /// Makes room where less than `spare` is left, for new videos of `filler` if it is a sender's; false where it can't be.
    pub fn make(&self, spare: u64, filler: Option<SenderId>) -> bool {
        let promised = self.promised();
        let look = || {
            let used = self.library.folder().used_by_share()?;
            Ok::<_, io::Error>((self.left_beside(&promised, &used)?, used))
        };
        let Ok((left, used)) = look() else { return false };
        let Some(gone) = self.goes(left, spare, &used, filler) else { return false };
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
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::id::UserId;
    use crate::ground::time::Clock as _;
    use crate::recording::Folder;
    use crate::share::memory::MemoryBooks;
    use crate::share::story::SetClock;
    use crate::share::{Announcer, Asker, EndReason, MediaInfo, NewUser, PlayFrom, ShareSettings, ShareState};

    struct House {
        _place: tempfile::TempDir,
        steward: Arc<Steward>,
        clock: Arc<SetClock>,
        room: Room,
        ana: UserId,
    }

    fn house(quota_mib: u64) -> House {
        let place = tempfile::tempdir().expect("a directory");
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let settings = ShareSettings { pin_rounds: 1, ..ShareSettings::default() };
        let steward = Steward::new(Arc::new(MemoryBooks::default()), clock.clone(), announcer, settings);
        let steward = Arc::new(steward.expect("opens"));
        let account = steward.add_account("Silva", None).expect("an account").id;
        let new = NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: None };
        let ana = steward.add_user(new).expect("a user").id;
        let library = Library::new(Folder::open(place.path()).expect("a folder"));
        let limits = config::Recording { quota_mib, keep_free_mib: 0, ..config::Recording::default() };
        let room = Room::new(steward.clone(), Arc::new(Hub::new(4, true)), library, &limits);
        House { _place: place, steward, clock, room, ana }
    }

    impl House {
        /// A share of the sender with this name, pending.
        fn share(&self, from: &str) -> (ShareId, SenderId) {
            self.clock.advance(std::time::Duration::from_secs(1));
            let share = self.steward.new_share_for_cameras(&[self.ana], Some(from)).expect("a share").share;
            (share.id, share.sender)
        }

        /// One that is over, and whose recording has so many MiB.
        fn recorded(&self, from: &str, mib: u64) -> ShareId {
            let (share, _) = self.share(from);
            let codec = "avc1.42c01f".into();
            let media =
                MediaInfo { codec, audio_codec: None, width: 640, height: 360, frame_rate: 30.0, bits_per_second: 0 };
            self.steward.ready(share, media).expect("ready");
            self.steward.ended(share, EndReason::Stopped, Some(1000)).expect("ended");
            let file = std::fs::File::create(self.room.library.folder().video(share)).expect("a file");
            file.set_len(mib * MIB).expect("as large as that");
            share
        }

        fn see(&self, share: ShareId) {
            self.steward.accept(self.ana, share, None, PlayFrom::Start).expect("it plays");
            self.steward.sweep().expect("swept");
        }

        fn has(&self, share: ShareId) -> bool {
            let state = self.steward.share(Asker::Owner, share).expect("it is known").share.state;
            let there = self.room.library.folder().video(share).exists();
            assert_eq!(there, state == ShareState::Ended, "books and disk agree");
            there
        }
    }

    #[test]
    fn a_guests_film_displaces_no_unseen_video() {
        let house = house(10);
        let family: Vec<ShareId> = (0..8).map(|_| house.recorded("Family", 1)).collect();
        let (film, guest) = house.share("Guest");
        let refused = house.room.promise(film, guest, 3 * MIB).expect_err("there is no room");
        assert!(matches!(refused, NoRoom::Short { needed, left } if (needed, left) == (3 * MIB, 2 * MIB)), "{refused}");
        assert!(refused.to_string().contains("needs 3 MiB and has 2"), "{refused}");
        let refused = house.room.promise(film, guest, 11 * MIB).expect_err("more than there ever is");
        assert!(matches!(refused, NoRoom::TooLarge { .. }), "{refused}");
        house.room.promise(film, guest, 2 * MIB).expect("that fits");
        assert!(family.iter().all(|share| house.has(*share)), "nothing of theirs went");
    }

    #[test]
    fn what_is_promised_is_nobody_elses() {
        let house = house(10);
        let old = house.recorded("Family", 4);
        let (film, guest) = house.share("Guest");
        house.room.promise(film, guest, 5 * MIB).expect("that fits");
        let (other, stranger) = house.share("Stranger");
        assert!(house.room.could_promise(other, stranger, 2 * MIB).is_err(), "one is left");
        assert!(house.room.promise(film, guest, 7 * MIB).is_err(), "nor may it outgrow it");
        assert_eq!(house.room.left().expect("measured").of_quota, MIB as i64, "what was refused is not promised");
        house.room.settle(film);
        house.room.promise(other, stranger, 6 * MIB).expect("there is room again");
        assert!(house.has(old));
    }

    #[test]
    fn what_was_seen_makes_room_and_what_is_kept_never() {
        let house = house(10);
        let [kept, seen, newer, unseen] = [3, 2, 2, 3].map(|mib| house.recorded("Family", mib));
        for share in [kept, seen, newer] {
            house.see(share);
        }
        house.steward.keep_share(kept, true).expect("kept");
        let (film, guest) = house.share("Guest");
        house.room.could_promise(film, guest, 2 * MIB).expect("it could be");
        assert!(house.has(seen), "nothing has gone for it yet");
        house.room.promise(film, guest, 2 * MIB).expect("there is room");
        assert_eq!([kept, seen, newer, unseen].map(|share| house.has(share)), [true, false, true, true]);
        assert!(house.room.promise(film, guest, 5 * MIB).is_err());
        assert!(house.has(newer), "what wouldn't suffice doesn't go");
        let (video, family) = house.share("Family");
        house.room.promise(video, family, 4 * MIB).expect("their own unseen one makes room");
        assert_eq!([kept, newer, unseen].map(|share| house.has(share)), [true, false, false]);
    }

    #[test]
    fn a_smaller_quota_takes_nothing_that_someone_has_yet_to_see() {
        let house = house(4);
        let [old, new] = [3, 3].map(|mib| house.recorded("Family", mib));
        assert!(house.room.is_tight(house.room.left().expect("measured")));
        assert!(!house.room.make(0, None));
        assert!(house.has(old) && house.has(new));
        house.see(new);
        assert!(house.room.make(0, None));
        assert_eq!([old, new].map(|share| house.has(share)), [true, false]);
    }
}
