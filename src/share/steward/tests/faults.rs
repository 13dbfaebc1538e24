//! A storage that fails for a while loses nothing that is due, and what is only watched takes no place.

use super::*;
use crate::ground::limits;
use crate::share::Share;

impl House {
    fn while_it_fails<T: std::fmt::Debug>(&self, act: impl FnOnce() -> Result<T, ShareError>) {
        self.storage.fail(true);
        assert_eq!(code(act()), "disk_full");
        self.storage.fail(false);
    }
}

#[test]
fn deadlines_outlast_a_storage_that_fails() {
    let house = house();
    let shares = [house.new_share().0, house.new_share().0, house.new_share().0];
    house.clock.advance(Duration::from_secs(121));
    house.while_it_fails(|| house.steward.sweep());
    house.steward.sweep().expect("swept");
    assert_eq!(shares.map(|share| house.state(share)), [ShareState::Ended; 3]);
}

#[test]
fn who_left_while_the_storage_failed_is_written_down_later() {
    let house = house();
    let (share, other) = (house.ready_share(), house.ready_share());
    for share in [share, other] {
        house.steward.accept(house.ana, share, None, PlayFrom::Live).expect("accepted");
        house.steward.watching(house.ana, share, house.tv, 5000, None).expect("watches");
    }
    house.while_it_fails(|| house.steward.left(house.ana, share, house.tv));
    house.clock.advance(limits::WATCHING_TIME);
    house.while_it_fails(|| house.steward.sweep());
    assert_eq!([share, other].map(|share| house.target(share)), [TargetState::Watching; 2]);
    house.steward.sweep().expect("swept");
    assert_eq!([share, other].map(|share| house.target(share)), [TargetState::Watched; 2]);
}

#[test]
fn who_is_back_before_the_storage_is_has_not_left() {
    let house = house();
    let share = house.ready_share();
    house.steward.watching(house.ana, share, house.tv, 5000, None).expect("watches");
    house.while_it_fails(|| house.steward.left(house.ana, share, house.tv));
    house.steward.watching(house.ana, share, house.tv, 6000, None).expect("watches again");
    house.steward.sweep().expect("swept");
    assert_eq!((house.target(share), house.steward.viewers(share)), (TargetState::Watching, 1));
}

#[test]
fn what_is_to_be_deleted_is_known_while_the_storage_fails() {
    let house = house();
    let gone = house.ready_share();
    house.steward.withdraw_share(Asker::Owner, gone).expect("withdrawn");
    house.new_share();
    house.clock.advance(Duration::from_secs(121));
    house.while_it_fails(|| house.steward.sweep());
    assert_eq!(house.steward.discards().expect("a list"), [gone]);
}

#[test]
fn retention_is_looked_after_as_soon_as_the_storage_takes_it() {
    let house = house();
    let share = house.ready_share();
    house.steward.ended(share, EndReason::Stopped, Some(1000)).expect("over");
    house.clock.advance(31 * Duration::from_secs(86_400));
    house.while_it_fails(|| house.steward.sweep());
    assert_eq!(house.state(share), ShareState::Ended);
    assert_eq!((house.swept(), house.state(share)), (vec![share], ShareState::Expired));
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
