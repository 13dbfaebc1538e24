//! Keeps the house in order: shares whose time is over, recordings that no longer fit, what a power cut left behind.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::ground::id::ShareId;
use crate::ground::limits::{LAST_ROOM_BYTES, RESUME_BYTES};
use crate::ground::recording_failure::{NO_ROOM, NO_ROOM_FOR_GUESTS};
use crate::lifecycle::gallery::Gallery;
use crate::lifecycle::room::{MIB, Room};
use crate::lifecycle::strays::Strays;
use crate::live::{Hub, RecordingState, Status, Stream};
use crate::recording::library::Library;
use crate::share::{EndReason, Growing, ShareError, Steward};

/// How often shares are looked at.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How often the disk is looked at while it has room: every so many sweeps.
const SWEEPS_TO_DISK: u32 = 10;
/// How often recordings and photos that nobody knows are looked for: every so many sweeps, an hour.
const SWEEPS_TO_STRAYS: u32 = 3600;

/// The retention.
pub(crate) struct Retention {
    pub steward: Arc<Steward>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    pub gallery: Arc<Gallery>,
    pub room: Arc<Room>,
    pub strays: Arc<Strays>,
    /// How long recordings are kept.
    pub retention: Duration,
    pub rounds: Rounds,
}

/// What comes when. It lasts as long as the gateway: a retention that is begun again goes on where it broke off, and does not
/// take what it finds for what a stop left behind.
pub(crate) struct Rounds {
    sweeps: u32,
    /// The sweep at which streams that were cut off have had their time to come back.
    settling: u32,
    /// Shares that were live when the gateway was stopped, or had ended unmeasured, and are not settled yet.
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
            strays: sweep % SWEEPS_TO_STRAYS == SWEEPS_TO_STRAYS / 30,
            room: sweep.is_multiple_of(SWEEPS_TO_DISK),
        }
    }
}

impl Retention {
    /// Works until `stop` is closed. Blocks: give it a thread.
    pub fn run(&mut self, stop: &Receiver<()>) {
        loop {
            match stop.recv_timeout(SWEEP_INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return,
            }
            let due = self.rounds.next();
            self.sweep();
            while due.settle
                && let Some(share) = self.rounds.cut_off.pop()
            {
                self.settle(share);
            }
            if due.strays {
                if let Err(error) = self.strays.sort().map(drop).and(self.strays.delete_old(self.retention)) {
                    log::error!("recordings of no share can't be kept aside: {error}");
                }
                if let Err(error) = self.gallery.delete_strays(&self.steward, self.retention) {
                    log::error!("photos that nobody has can't be found: {error}");
                }
            }
            let hurry = self.rounds.tight || self.paused().next().is_some();
            if due.room || hurry || self.room.free().is_ok_and(|free| free < 0) {
                self.look_at_room();
            }
        }
    }

    /// Ends and expires what is due, and deletes what is to be deleted: the sooner where a full disk takes nothing more.
    fn sweep(&self) {
        if let Err(error) = self.steward.sweep() {
            log::error!("shares can't be swept: {error}");
        }
        match self.steward.discards() {
            Ok(shares) => shares.into_iter().for_each(|share| self.room.delete(share)),
            Err(error) => log::error!("what is to be deleted can't be read: {error}"),
        }
    }

    /// Writes down the length of a share whose stream was cut off, where it did not come back or is over.
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
        if self.make_way(left.least()) {
            self.resume_recordings();
        }
    }

    /// Makes room for the recordings that grow, and stops those for which there is none: who gives way first leaves the last
    /// room to the others. Whether there was room for all.
    fn make_way(&self, left: i64) -> bool {
        let growing = self.room.growing();
        if growing.is_empty() {
            // Nobody's new video fills the room then.
            return left >= 0 || self.room.make(0, None);
        }
        let mut all_go_on = true;
        for (before, one) in (0..growing.len()).rev().zip(growing) {
            let spare = if before > 0 { LAST_ROOM_BYTES } else { 0 };
            if !self.room.make(spare, one.sender) {
                self.stop_recordings(&one);
                all_go_on = false;
            }
        }
        all_go_on
    }

    /// The streams whose recording waits for room.
    fn paused(&self) -> impl Iterator<Item = Arc<Stream>> {
        let waits = |stream: &Arc<Stream>| matches!(stream.recording(), RecordingState::Paused(_));
        self.hub.all().into_iter().filter(move |stream| waits(stream) && stream.status() != Status::Ended)
    }

    /// What stopped for want of room goes on, as far as there is some or can be.
    fn resume_recordings(&self) {
        for stream in self.paused() {
            // Nothing goes for a share that nobody can be asked after.
            let Ok((sender, _)) = self.steward.whose(stream.share()) else { continue };
            if self.room.make(RESUME_BYTES, Some(sender)) {
                self.hub.resume_recording(&stream);
            }
        }
    }

    /// Nothing more can go for these: what flows is watched live, and kept only as far as it was recorded.
    fn stop_recordings(&self, of: &Growing) {
        let reason = if of.is_guest { NO_ROOM_FOR_GUESTS } else { NO_ROOM };
        for stream in of.shares.iter().filter_map(|share| self.hub.get(*share)) {
            log::warn!("recording stopped share={} reason=\"{reason}\"", stream.share());
            self.hub.pause_recording(&stream, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use super::*;
    use crate::album::Album;
    use crate::lifecycle::room::tests::{House, house};
    use crate::share::{Asker, ShareState};

    fn retention(house: &House) -> (tempfile::TempDir, Retention) {
        let photos = tempfile::tempdir().expect("a directory");
        let retention = Retention {
            steward: house.steward.clone(),
            hub: house.hub.clone(),
            library: house.library.clone(),
            gallery: Arc::new(Gallery::new(Album::open(photos.path()).expect("an album"))),
            room: house.room.clone(),
            strays: Arc::new(Strays::new(house.steward.clone(), house.hub.clone(), house.library.clone())),
            retention: Duration::from_secs(3600),
            rounds: Rounds::new(Duration::from_secs(15), Vec::new()),
        };
        (photos, retention)
    }

    impl Retention {
        fn looks(&mut self) {
            self.look_at_room();
        }

        fn records(&self, share: ShareId) -> bool {
            self.hub.get(share).expect("it flows").recording() == RecordingState::On
        }
    }

    #[test]
    fn a_guests_stream_stops_before_it_costs_the_family_a_video_or_its_recording() {
        let house = house(100);
        let (_photos, mut retention) = retention(&house);
        let unseen: Vec<ShareId> = (0..6).map(|_| house.recorded("Family", 10)).collect();
        let (ours, _publisher) = house.live("Family", 20);
        let (theirs, _guests_publisher) = house.live("Guest", 10);
        retention.looks();
        assert!(retention.records(ours) && retention.records(theirs), "there is room for both");
        house.grow(theirs, 14);
        retention.looks();
        assert!(!retention.records(theirs), "the last room is the family's");
        assert!(retention.records(ours) && unseen.iter().all(|share| house.has(*share)));
        house.grow(ours, 28);
        retention.looks();
        let left: Vec<bool> = unseen.iter().map(|share| house.has(*share)).collect();
        assert_eq!(left, [false, true, true, true, true, true], "its own oldest makes room for its newest");
        assert!(retention.records(ours) && !retention.records(theirs));
    }

    #[test]
    fn whoever_records_most_now_stops_first_and_not_who_has_most_from_before() {
        let house = house(100);
        let (_photos, mut retention) = retention(&house);
        let unseen = [30, 30].map(|mib| house.recorded("Grandma", mib));
        let (small, _publisher) = house.live("Grandma", 2);
        let (large, _other) = house.live("Door", 36);
        retention.looks();
        assert!(retention.records(small) && !retention.records(large), "who fills the room now gives way first");
        house.grow(small, 3);
        retention.looks();
        assert!(retention.records(small), "and leaves the last room to the others");
        house.grow(small, 5);
        retention.looks();
        assert_eq!(unseen.map(|share| house.has(share)), [false, true], "whose own makes room then");
        assert!(retention.records(small));
    }

    #[test]
    fn where_nothing_may_go_all_recordings_stop_until_something_was_seen() {
        let house = house(100);
        let (_photos, mut retention) = retention(&house);
        let theirs = house.recorded("Grandpa", 60);
        let (live, _publisher) = house.live("Door", 41);
        retention.looks();
        assert!(!retention.records(live) && house.has(theirs), "nobody's unseen one goes");
        house.see(theirs);
        retention.looks();
        assert!(!house.has(theirs), "what was seen makes room");
        assert!(house.room.make(RESUME_BYTES, None), "and the recording can go on");
    }

    #[test]
    fn guests_record_no_more_than_their_part_however_much_room_there_is() {
        let house = house(100);
        let (_photos, mut retention) = retention(&house);
        let seen = house.recorded("Guest One", 20);
        house.see(seen);
        let (theirs, _publisher) = house.live("Guest Two", 25);
        retention.looks();
        assert!(retention.records(theirs) && house.has(seen));
        house.grow(theirs, 30);
        retention.looks();
        assert!(retention.records(theirs) && !house.has(seen), "what was seen of theirs goes first");
        house.grow(theirs, 47);
        retention.looks();
        assert!(!retention.records(theirs), "then it stops");
        let RecordingState::Paused(why) = house.hub.get(theirs).expect("it flows").recording() else {
            panic!("paused")
        };
        assert!(why.contains("what guests send"), "{why}");
    }

    #[test]
    fn a_full_disk_is_swept_of_what_is_to_be_deleted() {
        let house = house(100);
        let (_photos, retention) = retention(&house);
        let gone = house.recorded("Family", 10);
        house.steward.withdraw_share(Asker::Owner, gone).expect("withdrawn");
        let late = house.share("Family").0;
        house.clock.advance(Duration::from_secs(121));
        house.storage.fail(true);
        retention.sweep();
        assert!(!house.library.folder().video(gone).exists(), "it makes room");
        house.storage.fail(false);
        retention.sweep();
        let late = house.steward.share(Asker::Owner, late).expect("it is known").share;
        assert_eq!((late.state, house.steward.discards().expect("a list")), (ShareState::Ended, vec![]));
    }

    /// The retention breaks off in one sweep after the other.
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
