//! What the steward promises of clips: films that are sent whole.

use super::*;

use crate::share::Note;

/// A clip of a sender who belongs to the house, and its sender.
fn clip(house: &House) -> (ShareId, SenderId) {
    let sender = house.enrol("Rui", None);
    let new = house.steward.create_share(sender, &[house.ana], Kind::Clip, None).expect("a share");
    assert_eq!(code(house.steward.publisher_for_token(&new.publish_token)), "invalid", "nobody is live in it");
    (new.share.id, sender)
}

#[test]
fn a_clip_is_ready_and_over_in_one_decision_and_rings() {
    let house = house();
    let (share, sender) = clip(&house);
    assert_eq!(house.steward.clip(sender, share).expect("its own").id, share);
    assert_eq!(code(house.steward.clip(house.enrol("Eva", None), share)), "not_found");
    let (live, _) = house.new_share();
    let camera = house.steward.share(Asker::Owner, live).expect("a share").sender.id;
    assert_eq!(code(house.steward.clip(camera, live)), "invalid");
    house.steward.media_started(share).expect("preparing");
    let heard = house.heard(Audience::Tv(house.tv), || {
        house.steward.clip_ready(share, media(), vec![Note::Shortened], 61_000).expect("ready");
    });
    let [Change::Share { .. }, Change::Ring(ring), Change::Share { kind: Kind::Clip, .. }] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(ring.kind, Kind::Clip);
    assert_eq!((house.state(share), house.target(share)), (ShareState::Ended, TargetState::Notified));
    let kept = house.steward.share(Asker::Owner, share).expect("a share").share.notes;
    assert_eq!(kept, [Note::Shortened], "for its sender");
    let entry = house.steward.entry(house.ana, share).expect("hers");
    assert!(entry.may_play && entry.duration_ms == Some(61_000) && !entry.seen);
    assert_eq!(house.steward.waiting_rings(house.tv).expect("none"), [], "it waits in the inbox");
    house.steward.accept(house.ana, share, None, PlayFrom::Live).expect("it plays");
    assert_eq!(house.target(share), TargetState::Watching);
    assert_eq!(code(house.steward.clip_ready(share, media(), Vec::new(), 1)), "ended");
}

#[test]
fn a_clip_of_which_nothing_more_comes_ends() {
    let house = house();
    let (share, _) = clip(&house);
    house.steward.media_started(share).expect("preparing");
    house.clock.advance(Duration::from_secs(3600));
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Preparing, "while it is being sent it may take its time");
    house.steward.clip_awaits_more(share);
    house.clock.advance(Duration::from_secs(100));
    house.steward.clip_awaits_more(share);
    house.clock.advance(Duration::from_secs(100));
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Preparing, "the time counts from the last byte");
    // A restart begins it anew: the phone may not know yet.
    let again = steward(&house.storage, &house.clock);
    house.clock.advance(Duration::from_secs(119));
    again.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Preparing);
    house.clock.advance(Duration::from_secs(2));
    again.sweep().expect("swept");
    let ended = house.steward.share(Asker::Owner, share).expect("a share").share;
    assert_eq!((ended.state, ended.end_reason), (ShareState::Ended, Some(EndReason::Lost)));
}

#[test]
fn a_clip_that_fails_says_why_and_one_that_is_over_stays_as_it_is() {
    let house = house();
    let (share, _) = clip(&house);
    house.steward.media_started(share).expect("preparing");
    let long = "no ".repeat(300);
    let heard = house.heard(Audience::Share(share), || {
        house.steward.failed(share, EndReason::NotKept, &long).expect("ended");
    });
    let told = heard.last().expect("the end is told");
    let Change::OwnShare { end_reason: Some(EndReason::NotKept), recording_failure: Some(message), .. } = told else {
        panic!("{told:?}")
    };
    assert!(message.starts_with("no no"), "{message}");
    assert_eq!(house.target(share), TargetState::Failed);

    let (share, _) = clip(&house);
    house.steward.media_started(share).expect("preparing");
    house.steward.clip_ready(share, media(), Vec::new(), 5).expect("ready");
    house.steward.failed(share, EndReason::Unplayable, "late").expect("nothing to do");
    let kept = house.steward.share(Asker::Owner, share).expect("a share").share;
    assert_eq!((kept.end_reason, kept.recording_failure), (Some(EndReason::Stopped), None));
}
