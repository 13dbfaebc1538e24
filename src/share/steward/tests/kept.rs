//! Shares that the owner keeps.

use super::*;

#[test]
fn what_is_kept_outlasts_time_and_quota() {
    let house = house();
    let share = house.ready_share();
    house.steward.keep_share(share, true).expect("a live one may be kept");
    house.steward.ended(share, EndReason::Stopped, Some(60_000)).expect("ended");
    house.clock.advance(Duration::from_secs(400 * 86_400));
    house.steward.sweep().expect("swept");
    house.steward.expire_early(share).expect("nothing happens");
    assert_eq!(house.state(share), ShareState::Ended);
    assert!(house.steward.held().expect("a list").is_empty());
    house.steward.keep_share(share, false).expect("let go again");
    assert_eq!(house.steward.held().expect("a list").len(), 1);
    house.steward.keep_share(share, true).expect("kept again");
    house.steward.withdraw_share(Asker::Owner, share).expect("its owner may delete it");

    let share = house.ready_share();
    house.steward.ended(share, EndReason::Stopped, Some(60_000)).expect("ended");
    house.clock.advance(Duration::from_secs(31 * 86_400));
    house.steward.sweep().expect("swept");
    assert_eq!(code(house.steward.keep_share(share, true)), "expired");
}
