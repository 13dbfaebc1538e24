//! Who stands at the door: TVs that wait, and a house that nobody owns.

use std::net::IpAddr;
use std::ops::ControlFlow;

use super::*;
use crate::share::ClaimWay;
use crate::share::ledger::{Order, all};
use crate::share::model::views::Claim;

fn empty_house() -> (Arc<SetClock>, Arc<MemoryStorage>, Steward) {
    let (clock, storage) = (SetClock::new(), Arc::new(MemoryStorage::default()));
    let steward = steward(&storage, &clock);
    (clock, storage, steward)
}

fn claim_with(steward: &Steward, code: &str) -> Result<(), ShareError> {
    let (code, name, home) = (code.to_owned(), "Rui".to_owned(), "Casa".to_owned());
    steward.claim(Claim { code, name, home, country: None, photo: None, user_photo: None }).map(drop)
}

fn address(last: u8) -> IpAddr {
    [192, 168, 1, last].into()
}

#[test]
fn strange_tvs_write_nothing_down_and_drive_out_nobody() {
    let house = house();
    let family = house.steward.new_tv_from(address(9)).expect("a TV");
    for _ in 0..720 {
        let strange = house.steward.new_tv_from(address(66)).expect("a TV");
        assert!(house.steward.session(&strange.cookie, None).expect("storage").is_some());
    }
    assert_eq!(house.steward.tvs().expect("storage").len(), 1, "the one that is paired");
    assert!(house.steward.approve_tv(&family.pairing_code, house.account, None).is_ok());
    let session = house.steward.session(&family.cookie, None).expect("storage").expect("it is known");
    assert_eq!(session.account.map(|account| account.id), Some(house.account));
}

#[test]
fn a_stranger_who_asks_first_has_not_claimed_the_house_once_the_familys_tv_is_on() {
    let (_clock, _books, steward) = empty_house();
    let stranger = steward.new_tv_from(address(66)).expect("a TV");
    assert_eq!(steward.claim_way(stranger.tv), ClaimWay::Square);
    let family = steward.new_tv_from(address(9)).expect("a TV");
    for tv in [&stranger, &family] {
        assert_eq!(steward.claim_way(tv.tv), ClaimWay::Contested);
        assert_eq!(code(claim_with(&steward, &tv.pairing_code)), "claim_closed");
    }
    assert_eq!(code(claim_with(&steward, "1234567890")), "bad_code");
    let printed = steward.claim_code().expect("nobody owns it");
    claim_with(&steward, &printed).expect("whoever sits at the gateway claims it");
    assert_eq!(code(claim_with(&steward, &printed)), "claimed");
    assert_eq!(code(steward.claim_code()), "claimed");
    assert!(steward.waiting_tvs().iter().any(|tv| tv.id == family.tv), "the owner takes it in");
}

#[test]
fn a_square_counts_for_a_while_after_each_start() {
    let (clock, storage, steward) = empty_house();
    let tv = steward.new_tv().expect("a TV");
    clock.advance(limits::CLAIM_TIME);
    assert_eq!(steward.claim_way(tv.tv), ClaimWay::Late);
    let shown = steward.pairing_code(tv.tv).expect("it waits");
    assert_eq!(code(claim_with(&steward, &shown)), "claim_closed");
    let steward = super::steward(&storage, &clock);
    assert!(steward.session(&tv.cookie, None).expect("storage").is_none(), "its page asks for a new code by itself");
    let tv = steward.new_tv().expect("a TV");
    claim_with(&steward, &tv.pairing_code).expect("a restart opens the window again");
    assert!(steward.session(&tv.cookie, None).expect("storage").is_some_and(|session| session.account.is_some()));
}

#[test]
fn a_house_that_is_given_back_is_empty_and_can_be_claimed() {
    let house = house();
    let share = house.ready_share();
    house.steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
    let owner = house.steward.owner_code().expect("a code").code;
    let owner = house.steward.owner_sign_in(&owner, "").expect("comes in");
    let ended = Arc::new(Mutex::new(Vec::new()));
    let heard = ended.clone();
    house.steward.on_stream_unwanted(move |share, why| heard.lock().expect("one hears").push((share, why)));
    let lost = house.steward.belongings().expect("storage");
    assert_eq!((lost.accounts, lost.tvs, lost.shares), (1, 1, 1));
    house.steward.give_back().expect("given back");

    assert_eq!(house.steward.belongings().expect("storage"), Default::default());
    assert!(!house.steward.is_owner(&owner).expect("storage"));
    assert!(house.steward.session(&house.tv_cookie, None).expect("storage").is_none());
    assert_eq!(*ended.lock().expect("one hears"), [(share, Unwanted::Withdrawn)]);
    assert_eq!(house.swept(), [share], "its recording is to be deleted");
    let mut left = 0;
    let mut count = |storage: &dyn Rows| {
        storage
            .scan_invites(all(), Order::Rising, &mut |_, _| {
                left += 1;
                ControlFlow::Continue(())
            })
            .expect("storage");
    };
    house.steward.storage().read(&mut count).expect("storage");
    assert_eq!(left, 0);
    let tv = house.steward.new_tv().expect("a TV");
    claim_with(&house.steward, &tv.pairing_code).expect("it can be claimed again");
}

#[test]
fn a_code_is_approved_once() {
    let house = house();
    let tv = house.steward.new_tv().expect("a TV");
    let next_door = house.steward.add_account("Next door", None).expect("an account").id;
    let approved = std::thread::scope(|scope| {
        let approve = |account| {
            let (steward, code) = (&house.steward, &tv.pairing_code);
            scope.spawn(move || steward.approve_tv(code, account, None).is_ok())
        };
        let tries = [approve(house.account), approve(next_door)];
        tries.map(|one| one.join().expect("it asks")).into_iter().filter(|approved| *approved).count()
    });
    assert_eq!(approved, 1);
}
