//! A storage that fails for a while loses nothing that is due, and what is only watched takes no place.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::ground::limits;
use crate::share::Share;

/// A storage that takes nothing while it fails.
struct Failing {
    storage: Arc<MemoryStorage>,
    fail: AtomicBool,
}

impl Storage for Failing {
    fn read(&self, rule: &mut dyn FnMut(&dyn Rows)) -> Result<(), LedgerError> {
        self.storage.read(rule)
    }
    fn write(&self, decision: Decision) -> Result<(), LedgerError> {
        if self.fail.load(Ordering::SeqCst) { Err(LedgerError::DiskFull) } else { self.storage.write(decision) }
    }
    fn backup(&self, file: &Path) -> Result<(), LedgerError> {
        self.storage.backup(file)
    }
    fn restore(&self, file: &Path, decision: Decision) -> Result<(), LedgerError> {
        self.storage.restore(file, decision)
    }
    fn health(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// A house whose storage can fail.
fn failing_house() -> (House, Arc<Failing>) {
    let mut house = house();
    let storage = Arc::new(Failing { storage: Arc::clone(&house.storage), fail: AtomicBool::new(false) });
    let announcer = Arc::new(Announcer::new(house.clock.date()));
    let (kept, clock) = (Arc::clone(&storage) as Arc<dyn Storage>, Arc::clone(&house.clock) as Arc<dyn Clock>);
    house.steward = Steward::new(kept, clock, announcer, ShareSettings::default()).expect("opens");
    (house, storage)
}

impl Failing {
    fn while_it_fails<T: std::fmt::Debug>(&self, act: impl FnOnce() -> Result<T, ShareError>) {
        self.fail.store(true, Ordering::SeqCst);
        assert_eq!(code(act()), "disk_full");
        self.fail.store(false, Ordering::SeqCst);
    }
}

#[test]
fn deadlines_outlast_books_that_fail() {
    let (house, storage) = failing_house();
    let shares = [house.new_share().0, house.new_share().0, house.new_share().0];
    house.clock.advance(Duration::from_secs(121));
    storage.while_it_fails(|| house.steward.sweep());
    house.steward.sweep().expect("swept");
    assert_eq!(shares.map(|share| house.state(share)), [ShareState::Ended; 3]);
}

#[test]
fn who_left_while_the_books_failed_is_written_down_later() {
    let (house, storage) = failing_house();
    let (share, other) = (house.ready_share(), house.ready_share());
    for share in [share, other] {
        house.steward.accept(house.ana, share, None, PlayFrom::Live).expect("accepted");
        house.steward.watching(house.ana, share, house.tv, 5000, None).expect("watches");
    }
    storage.while_it_fails(|| house.steward.left(house.ana, share, house.tv));
    house.clock.advance(limits::WATCHING_TIME);
    storage.while_it_fails(|| house.steward.sweep());
    assert_eq!([share, other].map(|share| house.target(share)), [TargetState::Watching; 2]);
    house.steward.sweep().expect("swept");
    assert_eq!([share, other].map(|share| house.target(share)), [TargetState::Watched; 2]);
}

#[test]
fn who_is_back_before_the_books_are_has_not_left() {
    let (house, storage) = failing_house();
    let share = house.ready_share();
    house.steward.watching(house.ana, share, house.tv, 5000, None).expect("watches");
    storage.while_it_fails(|| house.steward.left(house.ana, share, house.tv));
    house.steward.watching(house.ana, share, house.tv, 6000, None).expect("watches again");
    house.steward.sweep().expect("swept");
    assert_eq!((house.target(share), house.steward.viewers(share)), (TargetState::Watching, 1));
}

#[test]
fn recordings_that_are_watched_are_not_under_way() {
    let house = house();
    let share = house.ready_share();
    house.steward.ended(share, EndReason::Lost, Some(1000)).expect("over");
    house.steward.accept(house.ana, share, None, PlayFrom::Start).expect("accepted");
    let many = move |ledger: &mut dyn Ledger| {
        let watched: Share = ledger.share(share).expect("read").expect("there");
        for n in 0..limits::ACTIVE_SHARES as u64 {
            let mut id = [7; 10];
            id[..8].copy_from_slice(&n.to_be_bytes());
            let copy = Share { id: ShareId(id), ..watched.clone() };
            ledger.put_share(copy.id, &copy).expect("written");
            ledger.put_active_share(copy.id, &()).expect("written");
        }
        Verdict::Keep(Box::new(|| {}))
    };
    house.storage.write(Box::new(many)).expect("decided");
    house.steward.new_share_for_cameras(&[house.ana], None).expect("nothing is under way");
}
