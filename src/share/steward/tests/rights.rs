//! Who still has the right to play: tickets and what plays with them.

use super::*;

/// A house with a share that Ana, signed in on the TV, has accepted.
fn playing() -> (House, ShareId, Holder) {
    let house = house();
    let share = house.ready_share();
    house.steward.sign_in(house.tv, house.ana, None).expect("signed in");
    house.steward.accept(house.ana, share, None, PlayFrom::Live).expect("accepted");
    let holder = Holder { user: house.ana, tv: Some(house.tv) };
    (house, share, holder)
}

fn holds(house: &House, share: ShareId, holder: Holder) -> bool {
    house.steward.ticket_holds(share, holder).expect("an answer")
}

fn plays_on(house: &House, share: ShareId, holder: Holder) -> bool {
    house.steward.may_play_on(share, holder).expect("an answer")
}

#[test]
fn a_tvs_ticket_holds_while_its_user_is_signed_in_there() {
    type Loss = fn(&House, ShareId);
    let losses: [(&str, Loss); 6] = [
        ("the TV is removed", |house, _| house.steward.remove_tv(house.tv).expect("removed")),
        ("the user signs out", |house, _| house.steward.sign_out(house.tv, house.ana).expect("signed out")),
        ("the user is removed", |house, _| house.steward.remove_user(house.ana).expect("removed")),
        ("the user gets a PIN", |house, _| {
            let pin = NewPin::Digits("1234".into());
            house.steward.change_user(house.ana, ProfileChange::default(), pin).expect("changed");
        }),
        ("the user deletes it", |house, share| house.steward.delete_entry(house.ana, share).expect("deleted")),
        ("the sender is blocked, and their shares deleted", |house, share| {
            let sender = house.steward.share(Asker::Owner, share).expect("a share").share.sender;
            house.steward.set_blocks(house.ana, vec![sender], true).expect("blocked");
        }),
    ];
    for (what, loss) in losses {
        let (house, share, holder) = playing();
        assert!(holds(&house, share, holder), "before {what}");
        assert!(plays_on(&house, share, holder), "before {what}");
        loss(&house, share);
        assert!(!holds(&house, share, holder), "{what}");
        assert!(!plays_on(&house, share, holder), "{what}");
    }
}

#[test]
fn the_phone_sees_at_once_that_nobody_watches_any_more() {
    type Loss = fn(&House);
    let losses: [(&str, Loss); 3] = [
        ("the TV is removed", |house| house.steward.remove_tv(house.tv).expect("removed")),
        ("the user signs out", |house| house.steward.sign_out(house.tv, house.ana).expect("signed out")),
        ("the user is removed", |house| house.steward.remove_user(house.ana).expect("removed")),
    ];
    for (what, loss) in losses {
        let (house, share, _) = playing();
        house.steward.watching(house.ana, share, house.tv, 700, None).expect("reported");
        let seen = || house.steward.share(Asker::Owner, share).expect("a share");
        assert_eq!((seen().viewers, seen().targets[0].state), (1, TargetState::Watching), "before {what}");
        loss(&house);
        assert_eq!(seen().viewers, 0, "{what}");
        let watched = |target: &crate::share::TargetReport| target.state == TargetState::Watched;
        assert!(seen().targets.iter().all(watched), "{what}");
    }
}

#[test]
fn what_plays_ends_with_its_share() {
    let (house, share, holder) = playing();
    house.steward.withdraw_share(Asker::Owner, share).expect("withdrawn");
    assert!(holds(&house, share, holder), "a share that is gone has no secrets");
    assert!(!plays_on(&house, share, holder));
}

#[test]
fn another_households_tv_gives_no_right() {
    let (house, share, _) = playing();
    let neighbours = house.steward.add_account("Costa", None).expect("an account").id;
    let tv = house.steward.new_tv().expect("a TV");
    house.steward.approve_tv(&tv.pairing_code, neighbours, None).expect("paired");
    let waiting = house.steward.new_tv().expect("a TV").tv;
    for tv in [tv.tv, waiting] {
        assert!(!holds(&house, share, Holder { user: house.ana, tv: Some(tv) }));
    }
}

#[test]
fn a_programs_ticket_needs_no_tv() {
    let (house, share, _) = playing();
    let holder = Holder { user: house.ana, tv: None };
    house.steward.remove_tv(house.tv).expect("removed");
    assert!(plays_on(&house, share, holder));
    house.steward.remove_user(house.ana).expect("removed");
    assert!(!holds(&house, share, holder));
}

#[test]
fn a_block_leaves_what_came_before_it() {
    let (house, share, holder) = playing();
    let sender = house.steward.share(Asker::Owner, share).expect("a share").share.sender;
    house.steward.set_blocks(house.ana, vec![sender], false).expect("blocked");
    assert!(plays_on(&house, share, holder), "the entry stays in the inbox, and plays");
}
