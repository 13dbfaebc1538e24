//! What becomes of streams that were under way when the gateway was stopped.

use super::*;
use crate::share::Ring;

#[test]
fn after_a_restart_a_stream_may_come_back_for_a_while() {
    let house = house();
    let (back, gone) = (house.ready_share(), house.ready_share());
    house.steward.watching(house.ana, back, house.tv, 0, None).expect("watching");
    let again = House { steward: steward(&house.storage, &house.clock), ..house };
    assert_eq!(again.target(back), TargetState::Watched, "nobody watches after a restart");
    assert_eq!(again.steward.unfinished_shares().expect("a list").len(), 2);
    again.steward.media_started(back).expect("resumed");
    again.clock.advance(Duration::from_secs(16));
    again.steward.sweep().expect("swept");
    assert_eq!((again.state(back), again.state(gone)), (ShareState::Ready, ShareState::Ended));
}

#[test]
fn after_a_restart_a_tv_rings_only_for_what_is_back() {
    let house = house();
    let (back, gone) = (house.ready_share(), house.ready_share());
    let rang = |rings: Vec<Ring>| rings.into_iter().map(|ring| ring.share).collect::<HashSet<_>>();
    assert_eq!(rang(house.steward.waiting_rings(house.tv).expect("rings")), HashSet::from([back, gone]));
    let again = House { steward: steward(&house.storage, &house.clock), ..house };
    assert_eq!(again.steward.waiting_rings(again.tv).expect("rings"), [], "nothing flows yet");
    let heard = again.heard(Audience::Tv(again.tv), || again.steward.media_started(back).expect("resumed"));
    let rings: Vec<ShareId> = heard
        .iter()
        .filter_map(|change| if let Change::Ring(ring) = change { Some(ring.share) } else { None })
        .collect();
    assert_eq!(rings, [back], "{heard:?}");
    assert_eq!(rang(again.steward.waiting_rings(again.tv).expect("rings")), HashSet::from([back]));
    let heard = again.heard(Audience::Tv(again.tv), || again.steward.media_started(back).expect("again"));
    assert_eq!(heard, [], "once");
    again.clock.advance(Duration::from_secs(16));
    let heard = again.heard(Audience::Tv(again.tv), || again.steward.sweep().expect("swept"));
    assert!(!heard.iter().any(|change| matches!(change, Change::Ring(_))), "{heard:?}");
    assert_eq!(again.state(gone), ShareState::Ended);
}
