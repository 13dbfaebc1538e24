//! Shares that the owner keeps.

use super::*;

#[test]
fn a_gap_in_a_recording_is_said_with_its_times() {
    let house = house();
    let share = house.ready_share();
    let said = || house.steward.entry(house.ana, share).expect("hers").recording_failure;
    house.steward.recording_failed(share, "the disk is full").expect("said");
    assert_eq!(said().as_deref(), Some("the disk is full"));
    let time = |date: UnixMs| date.to_string()[11..19].to_owned();
    let stopped = time(house.clock.date());
    house.clock.advance(Duration::from_secs(360));
    house.steward.recording_resumed(share).expect("said");
    let gap = format!(
        "the disk took no more for a while: recording stopped at {stopped}, went on at {} (UTC)",
        time(house.clock.date())
    );
    assert_eq!(said(), Some(gap.clone()));
    house.steward.recording_resumed(share).expect("nothing to say");
    for n in 0..10 {
        house.steward.recording_failed(share, "the disk is full").expect("said");
        house.clock.advance(Duration::from_secs(60));
        house.steward.recording_resumed(share).expect("said");
        let said = said().expect("it is said");
        assert!(said.contains(&time(house.clock.date())) && (n > 1 || said.starts_with(&gap)), "{said}");
    }
}

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

#[test]
fn the_owners_cameras_are_the_households_and_a_revoked_guest_stays_one() {
    let house = house();
    let camera = house.steward.new_share_for_cameras(&[house.ana], Some("Door")).expect("a share").share;
    assert_eq!(house.steward.whose(camera.id).expect("known"), (camera.sender, false), "the owner's camera");
    let eva = house.enrol("Eva", None);
    let is_guest = || house.steward.is_guest(eva).expect("known");
    assert!(!is_guest(), "she was invited to the household");
    house.steward.belong(house.phone_of(eva), None).expect("she leaves it");
    assert!(is_guest());

    house.steward.belong(house.phone_of(eva), Some(house.account)).expect("back");
    let share = house.steward.create_share(eva, &[house.ana], Kind::Live, None).expect("a share").share.id;
    house.steward.ready(share, media()).expect("ready");
    house.steward.belong(house.phone_of(eva), None).expect("she leaves it");
    house.steward.revoke_phone(house.phone_of(eva)).expect("revoked");
    let held = house.steward.held().expect("a list");
    assert_eq!(held.iter().map(|held| held.is_guest).collect::<Vec<_>>(), [true], "what she sent is no camera's");
}
