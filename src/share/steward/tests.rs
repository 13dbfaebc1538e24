//! The steward's promises, one by one.

mod clips;
mod doorstep;
mod faults;
mod guests;
mod kept;
mod pins;
mod restarts;
mod rights;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::ground::id::{AccountId, SenderId};
use crate::ground::set_clock::SetClock;
use crate::share::Delay;
use crate::share::ledger::memory::MemoryStorage;
use crate::share::{
    Asker, Audience, Change, Contact, Enrolment, Holder, Kind, MediaInfo, NewPin, NewUser, PlayFrom, ProfileChange,
    Settings, TargetState,
};

struct House {
    steward: Steward,
    storage: Arc<MemoryStorage>,
    clock: Arc<SetClock>,
    account: AccountId,
    tv: TvId,
    tv_cookie: String,
    ana: UserId,
}

fn steward(storage: &Arc<MemoryStorage>, clock: &Arc<SetClock>) -> Steward {
    steward_for(storage, clock, ShareSettings::default().streams)
}

fn steward_for(storage: &Arc<MemoryStorage>, clock: &Arc<SetClock>, streams: usize) -> Steward {
    let announcer = Arc::new(Announcer::new(clock.date()));
    let settings = ShareSettings { pin_rounds: 1, streams, ..ShareSettings::default() };
    Steward::new(Arc::clone(storage) as Arc<dyn Storage>, Arc::clone(clock) as Arc<dyn Clock>, announcer, settings)
        .expect("opens")
}

fn new_user(account: AccountId, pin: Option<&str>) -> NewUser {
    NewUser { account, name: "Ana".into(), msisdn: None, email: None, pin: pin.map(str::to_owned) }
}

fn house() -> House {
    house_for(ShareSettings::default().streams)
}

/// A house that takes so many live shares at once.
fn house_for(streams: usize) -> House {
    let (storage, clock) = (Arc::new(MemoryStorage::default()), SetClock::new());
    let steward = steward_for(&storage, &clock, streams);
    let account = steward.add_account("Silva", None).expect("an account").id;
    let tv = steward.new_tv().expect("a TV");
    steward.approve_tv(&tv.pairing_code, account, Some("Kitchen")).expect("paired");
    let ana = steward.add_user(new_user(account, None)).expect("a user").id;
    House { steward, storage, clock, account, tv: tv.tv, tv_cookie: tv.cookie, ana }
}

fn media() -> MediaInfo {
    MediaInfo {
        codec: "avc1.42c01f".into(),
        audio_codec: Some("mp4a.40.2".into()),
        width: 1280,
        height: 720,
        frame_rate: 30.0,
        bits_per_second: 0,
    }
}

impl House {
    fn new_share(&self) -> (ShareId, String) {
        let new = self.steward.new_share_for_cameras(&[self.ana], None).expect("a share");
        (new.share.id, new.publish_token)
    }

    fn ready_share(&self) -> ShareId {
        let (share, _) = self.new_share();
        self.steward.media_started(share).expect("preparing");
        self.steward.ready(share, media()).expect("ready");
        share
    }

    /// A sender with a phone, invited to the only account, if there is one alone.
    fn enrol(&self, name: &str, email: Option<&str>) -> SenderId {
        let invite = self.steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
        let who = Enrolment { name: name.into(), msisdn: None, email: email.map(str::to_owned), photo: None };
        self.steward.enrol(&invite.code, who).expect("enrolled").sender
    }

    fn phone_of(&self, sender: SenderId) -> PhoneId {
        let phones = self.steward.phones().expect("phones");
        phones.iter().find(|report| report.sender.id == sender).expect("a phone").phone.id
    }

    fn state(&self, share: ShareId) -> ShareState {
        self.steward.share(Asker::Owner, share).expect("a share").share.state
    }

    fn target(&self, share: ShareId) -> TargetState {
        self.steward.share(Asker::Owner, share).expect("a share").share.targets[0].state
    }

    /// The recordings to delete after a sweep.
    fn swept(&self) -> Vec<ShareId> {
        self.steward.sweep().expect("swept");
        self.steward.discards().expect("a list")
    }

    fn heard(&self, audience: Audience, act: impl FnOnce()) -> Vec<Change> {
        let mut ear = self.steward.announcer().subscribe(audience, None);
        act();
        std::iter::from_fn(|| ear.try_next()).map(|event| (*event.change).clone()).collect()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, ShareError>) -> &'static str {
    result.expect_err("refused").code()
}

#[test]
fn tvs_ring_when_a_share_is_ready_and_not_before() {
    let house = house();
    let (share, _) = house.new_share();
    let tv = Audience::Tv(house.tv);
    assert_eq!(house.heard(tv, || house.steward.media_started(share).expect("preparing")), []);
    assert_eq!((house.state(share), house.target(share)), (ShareState::Preparing, TargetState::Invited));
    assert!(!house.steward.entry(house.ana, share).expect("hers").may_play);
    assert_eq!(code(house.steward.accept(house.ana, share, None, PlayFrom::Live)), "not_ready");

    let heard = house.heard(tv, || house.steward.ready(share, media()).expect("ready"));
    let [Change::Share { .. }, Change::Ring(ring)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((ring.share, ring.sender_name.as_str()), (share, "Camera"));
    assert_eq!((house.state(share), house.target(share)), (ShareState::Ready, TargetState::Notified));
    assert!(house.steward.entry(house.ana, share).expect("hers").may_play);
}

#[test]
fn the_phone_sees_who_watches_and_how_far_behind() {
    let house = house();
    let share = house.ready_share();
    let heard = house.heard(Audience::Share(share), || {
        house.steward.accept(house.ana, share, None, PlayFrom::Live).expect("accepted");
        house.steward.watching(house.ana, share, house.tv, 1000, Some(180)).expect("watching");
        house.steward.watching(house.ana, share, house.tv, 2000, Some(180)).expect("watching");
        house.steward.left(house.ana, share, house.tv).expect("left");
    });
    let [
        Change::Target { state: TargetState::Watching, .. },
        Change::Viewers { viewers: 1, .. },
        Change::Target { delay: Some(Delay { ms: 180, is_whole: false }), .. },
        Change::Target { .. },
        Change::Viewers { viewers: 0, .. },
    ] = heard[..]
    else {
        panic!("{heard:?}")
    };
    assert_eq!(house.target(share), TargetState::Watched);
    assert_eq!(house.steward.entry(house.ana, share).expect("hers").position_ms, 2000);
}

#[test]
fn a_tv_that_falls_silent_stops_watching() {
    let house = house();
    let share = house.ready_share();
    house.steward.watching(house.ana, share, house.tv, 0, None).expect("watching");
    house.clock.advance(Duration::from_secs(29));
    house.steward.sweep().expect("swept");
    assert_eq!(house.target(share), TargetState::Watching);
    house.clock.advance(Duration::from_secs(2));
    house.steward.sweep().expect("swept");
    assert_eq!(house.target(share), TargetState::Watched);
}

#[test]
fn a_share_without_media_ends_whatever_the_clock_says() {
    let house = house();
    let (share, token) = house.new_share();
    house.clock.set_date(365 * 86_400_000);
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Pending, "a clock that jumps ends nothing");
    house.clock.set_date(-20 * 365 * 86_400_000);
    house.clock.advance(Duration::from_secs(121));
    house.steward.sweep().expect("swept");
    assert_eq!((house.state(share), house.target(share)), (ShareState::Ended, TargetState::Failed));
    assert_eq!(code(house.steward.publisher_for_token(&token)), "ended");
    assert_eq!(house.steward.inbox(house.ana, 0, 10).expect("a page").total, 0);
}

#[test]
fn retention_expires_and_later_forgets() {
    let house = house();
    let share = house.ready_share();
    house.steward.ended(share, EndReason::Stopped, Some(60_000)).expect("ended");
    house.steward.ended(share, EndReason::Lost, Some(61_000)).expect("said again");
    assert_eq!(house.steward.entry(house.ana, share).expect("hers").duration_ms, Some(61_000));
    let held: Vec<_> = house.steward.held().expect("a list").iter().map(|held| held.share).collect();
    assert_eq!(held, [share]);
    let day = Duration::from_secs(86_400);
    house.clock.advance(29 * day);
    assert_eq!(house.swept(), []);
    house.clock.advance(2 * day);
    assert_eq!(house.swept(), [share]);
    assert_eq!(house.swept(), [share], "until its recording is gone");
    house.steward.recording_deleted(share).expect("noted");
    assert_eq!(house.swept(), []);
    let page = house.steward.inbox(house.ana, 0, 10).expect("a page");
    assert_eq!((page.total, page.unseen, page.entries[0].state), (1, 0, ShareState::Expired));
    assert!(!page.entries[0].may_play);
    assert_eq!(code(house.steward.accept(house.ana, share, None, PlayFrom::Start)), "expired");
    house.clock.advance(31 * day);
    house.steward.sweep().expect("swept");
    assert_eq!(code(house.steward.entry(house.ana, share)), "not_found");
}

#[test]
fn a_share_that_ended_in_the_future_expires_all_the_same() {
    let house = house();
    let share = house.ready_share();
    house.clock.set_date(20 * 365 * 86_400_000);
    house.steward.ended(share, EndReason::Stopped, None).expect("ended");
    house.clock.set_date(-20 * 365 * 86_400_000);
    house.clock.advance(Duration::from_secs(61));
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Ended);
    house.clock.advance(Duration::from_secs(31 * 86_400));
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Expired);
}

#[test]
fn a_clock_that_was_not_set_yet_costs_no_recording() {
    let house = house();
    let share = house.ready_share();
    let to_1970 = house.clock.date().0 - 5000;
    house.clock.set_date(-to_1970);
    house.steward.ended(share, EndReason::Stopped, Some(1)).expect("ended");
    house.steward.sweep().expect("swept");
    house.clock.set_date(to_1970);
    house.clock.advance(Duration::from_secs(61));
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Ended);
    house.clock.advance(Duration::from_secs(31 * 86_400));
    house.steward.sweep().expect("swept");
    assert_eq!(house.state(share), ShareState::Expired);
}

#[test]
fn withdrawn_means_gone() {
    let house = house();
    let share = house.ready_share();
    let closed = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&closed);
    house.steward.on_stream_unwanted(move |share, why| hook.lock().expect("a list").push((share, why)));
    let stranger = house.steward.new_share_for_cameras(&[house.ana], Some("Eve")).expect("a share").share.sender;
    assert_eq!(code(house.steward.withdraw_share(Asker::Sender(stranger), share)), "not_found");
    let heard = house.heard(Audience::Tv(house.tv), || {
        house.steward.withdraw_share(Asker::Owner, share).expect("withdrawn");
    });
    assert_eq!(heard[0], Change::Gone(share));
    assert_eq!(*closed.lock().expect("a list"), [(share, Unwanted::Withdrawn)]);
    assert_eq!(house.steward.inbox(house.ana, 0, 10).expect("a page").total, 0);
    assert_eq!(house.swept(), [share]);
    assert!(!house.steward.target_may_play(share, house.ana).expect("an answer"));
}

#[test]
fn inbox_events_reach_only_where_the_user_is_signed_in() {
    let house = house();
    let tv = Audience::Tv(house.tv);
    let hears_of_the_inbox = || {
        let heard = house.heard(tv, || {
            house.ready_share();
        });
        heard.iter().any(|change| matches!(change, Change::Inbox { .. }))
    };
    assert!(!hears_of_the_inbox());
    house.steward.sign_in(house.tv, house.ana, None).expect("signed in");
    assert!(hears_of_the_inbox());
}

#[test]
fn a_wrong_pin_five_times_locks_on_that_tv_and_over_a_restart() {
    let mut house = house();
    let rui = house.steward.add_user(new_user(house.account, Some("1234"))).expect("a user").id;
    let share = house.steward.new_share_for_cameras(&[rui], None).expect("a share").share.id;
    house.steward.ready(share, media()).expect("ready");
    let bedroom = house.steward.new_tv().expect("a TV");
    house.steward.approve_tv(&bedroom.pairing_code, house.account, None).expect("paired");
    assert_eq!(code(house.steward.sign_in(house.tv, rui, None)), "pin_required");
    for _ in 0..4 {
        assert_eq!(code(house.steward.sign_in(bedroom.tv, rui, Some("0000"))), "wrong_pin");
    }
    let accept = |steward: &Steward, tv| steward.accept(rui, share, Some((tv, "0000")), PlayFrom::Live);
    assert_eq!(code(accept(&house.steward, bedroom.tv)), "wrong_pin");
    house.steward = steward(&house.storage, &house.clock);
    let locked = house.steward.sign_in(bedroom.tv, rui, Some("1234")).expect_err("locked");
    assert_eq!((locked.code(), locked.retry_after()), ("pin_locked", Some(Duration::from_secs(60))));
    assert_eq!(code(accept(&house.steward, bedroom.tv)), "pin_locked");

    // On another TV they mistype, and come in; that opens no other.
    assert_eq!(code(house.steward.sign_in(house.tv, rui, Some("0000"))), "wrong_pin");
    house.steward.sign_in(house.tv, rui, Some("1234")).expect("right");
    assert_eq!(code(house.steward.sign_in(bedroom.tv, rui, Some("1234"))), "pin_locked");
    house.clock.advance(Duration::from_secs(60));
    house.steward.sign_in(bedroom.tv, rui, Some("1234")).expect("right");
    for _ in 0..4 {
        assert_eq!(code(house.steward.sign_in(house.tv, rui, Some("0000"))), "wrong_pin");
    }
    house.steward.remove_tv(bedroom.tv).expect("removed");
    house.steward.sign_in(house.tv, rui, Some("1234")).expect("the count began anew");
    assert_eq!(house.steward.read(|rows| Ok(rows.pin_tries(rui)?)).expect("an answer"), None, "nothing is kept of it");
}

#[test]
fn many_tvs_find_no_pin_and_the_family_comes_in() {
    let mut house = house();
    let rui = house.steward.add_user(new_user(house.account, Some("1234"))).expect("a user").id;
    let tvs: Vec<TvId> = (0..10)
        .map(|_| {
            let tv = house.steward.new_tv().expect("a TV");
            house.steward.approve_tv(&tv.pairing_code, house.account, None).expect("paired");
            tv.tv
        })
        .collect();
    let rounds = (0..10).flat_map(|_| tvs.iter());
    let looked_at = rounds.filter(|tv| code(house.steward.sign_in(**tv, rui, Some("0000"))) == "wrong_pin").count();
    assert!(looked_at <= (limits::PIN_TRIES_ELSEWHERE + limits::PIN_TRIES) as usize, "{looked_at} of 100");
    house.steward = steward(&house.storage, &house.clock);
    assert!(tvs.iter().all(|tv| code(house.steward.sign_in(*tv, rui, Some("1234"))) == "pin_locked"));
    house.steward.sign_in(house.tv, rui, Some("1234")).expect("where nobody guessed, the right one is looked at");
    assert!(tvs.iter().all(|tv| code(house.steward.sign_in(*tv, rui, Some("1234"))) == "pin_locked"));
}

#[test]
fn accepting_asks_for_the_pin_unless_it_is_skipped() {
    let house = house();
    let rui = house.steward.add_user(new_user(house.account, Some("1234"))).expect("a user").id;
    let share = house.steward.new_share_for_cameras(&[rui], None).expect("a share").share.id;
    house.steward.ready(share, media()).expect("ready");
    assert_eq!(code(house.steward.accept(rui, share, None, PlayFrom::Live)), "pin_required");
    assert_eq!(code(house.steward.accept(rui, share, Some((house.tv, "4321")), PlayFrom::Live)), "wrong_pin");
    assert_eq!(house.target(share), TargetState::Notified);
    house.steward.accept(rui, share, Some((house.tv, "1234")), PlayFrom::Live).expect("accepted");
    house.steward.set_settings(rui, Settings { skip_pin: true, ..Settings::default() }).expect("set");
    house.steward.accept(rui, share, None, PlayFrom::Live).expect("accepted");
}

#[test]
fn a_cookie_is_good_on_its_own_tv_only() {
    let house = house();
    let user_cookie = house.steward.sign_in(house.tv, house.ana, None).expect("signed in");
    let other = house.steward.new_tv().expect("a TV");
    let user_at = |tv: &str| {
        let session = house.steward.session(tv, Some(&user_cookie)).expect("an answer").expect("a TV");
        session.user.map(|user| user.id)
    };
    assert_eq!(user_at(&house.tv_cookie), Some(house.ana));
    assert_eq!(user_at(&other.cookie), None);
    assert!(house.steward.session("forged", Some(&user_cookie)).expect("an answer").is_none());
    assert_eq!(code(house.steward.sign_in(other.tv, house.ana, None)), "not_paired");
    let neighbours = house.steward.add_account("Souza", None).expect("an account").id;
    house.steward.approve_tv(&other.pairing_code, neighbours, None).expect("paired");
    assert_eq!(code(house.steward.sign_in(other.tv, house.ana, None)), "wrong_account");
    house.steward.sign_out(house.tv, house.ana).expect("signed out");
    assert_eq!(user_at(&house.tv_cookie), None, "replayed after sign-out");
}

#[test]
fn codes_are_used_once_and_in_time() {
    let house = house();
    let tv = house.steward.new_tv().expect("a TV");
    house.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(code(house.steward.approve_tv(&tv.pairing_code, house.account, None)), "bad_code");
    let fresh = house.steward.pairing_code(tv.tv).expect("a code");
    let typed = format!("{} {}", &fresh[..3], &fresh[3..]);
    house.steward.approve_tv(&typed, house.account, None).expect("paired");
    assert_eq!(house.steward.pairing_code(tv.tv), None);
    assert_eq!(code(house.steward.approve_tv(&fresh, house.account, None)), "bad_code");

    let who = || Enrolment { name: "Bia".into(), msisdn: Some("+351 912 345 678".into()), email: None, photo: None };
    let invite = house.steward.invite(Some("Bia"), None, Duration::from_secs(60)).expect("an invitation");
    let enrolled = house.steward.enrol(&invite.code, who()).expect("enrolled");
    assert_eq!(code(house.steward.enrol(&invite.code, who())), "bad_code");
    let late = house.steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
    house.clock.advance(Duration::from_secs(60));
    assert_eq!(code(house.steward.enrol(&late.code, who())), "bad_code");

    let share = house.steward.create_share(enrolled.sender, &[house.ana], Kind::Live, None).expect("a share");
    assert!(house.steward.phone_by_token(&enrolled.token).expect("an answer").is_some());
    house.steward.revoke_phone(enrolled.phone).expect("revoked");
    assert!(house.steward.phone_by_token(&enrolled.token).expect("an answer").is_none());
    assert_eq!(house.state(share.share.id), ShareState::Ended);
}

#[test]
fn block_lists_change_all_or_nothing() {
    let house = house();
    let share = house.ready_share();
    let camera = house.steward.share(Asker::Owner, share).expect("a share").sender.id;
    let nobody = SenderId([7; 10]);
    assert_eq!(code(house.steward.set_blocks(house.ana, vec![camera, nobody], true)), "not_found");
    assert_eq!(house.steward.blocks(house.ana).expect("a list"), []);
    house.steward.set_blocks(house.ana, vec![camera], true).expect("blocked");
    assert_eq!(house.steward.inbox(house.ana, 0, 10).expect("a page").total, 0);
    let (next, _) = house.new_share();
    assert_eq!(house.target(next), TargetState::Blocked);
    assert_eq!(code(house.steward.entry(house.ana, next)), "not_found");
}

#[test]
fn bad_wishes_are_refused_with_a_reason() {
    let house = house();
    let sender = house.enrol("Bia", None);
    let wish = |targets: &[UserId]| house.steward.create_share(sender, targets, Kind::Live, None);
    assert_eq!(code(wish(&[])), "invalid");
    assert_eq!(code(wish(&[UserId([7; 10])])), "not_a_contact");
    assert_eq!(code(house.steward.new_share_for_cameras(&[UserId([7; 10])], None)), "not_found");
    assert_eq!(code(wish(&[house.ana; 201])), "full");
    assert_eq!(wish(&[house.ana, house.ana]).expect("a share").share.targets.len(), 1);
    assert_eq!(code(house.steward.add_user(new_user(house.account, Some("12")))), "invalid");
    assert_eq!(code(house.steward.invite(None, None, Duration::ZERO)), "invalid");
}

#[test]
fn the_signing_key_is_made_once() {
    let house = house();
    let share = house.ready_share();
    let ana = Holder { user: house.ana, tv: None };
    let ticket = house.steward.ticket(share, ana, Scope::Play);
    let again = steward(&house.storage, &house.clock);
    assert_eq!(again.open_ticket(share, &ticket), Ok((ana, Scope::Play)));
}

#[test]
fn quiet_hours_keep_the_tvs_silent_and_the_inbox_open() {
    let house = house();
    house.steward.sign_in(house.tv, house.ana, None).expect("signed in");
    let told = || {
        house.heard(Audience::Tv(house.tv), || {
            house.ready_share();
        })
    };
    let rings = |heard: &[Change]| heard.iter().filter(|change| matches!(change, Change::Ring(_))).count();
    // The house's clock begins at 22:13 UTC.
    let quiet = |from, to, offset| {
        let quiet_hours = Some(crate::share::QuietHours::parse(from, to, offset).expect("hours"));
        house.steward.set_settings(house.ana, Settings { quiet_hours, ..Settings::default() }).expect("set");
    };
    quiet("22:00", "07:00", 0);
    let heard = told();
    assert_eq!(rings(&heard), 0);
    assert!(heard.iter().any(|change| matches!(change, Change::Inbox { unseen: 1, .. })));
    assert_eq!(house.steward.inbox(house.ana, 0, 1).expect("a page").entries[0].target_state, TargetState::Notified);
    quiet("22:00", "07:00", 120);
    assert_eq!(rings(&told()), 0, "it is 0:13 there");
    quiet("22:00", "07:00", -60);
    assert_eq!(rings(&told()), 1, "it is 21:13 there");
    quiet("22:00", "07:00", 0);
    house.clock.advance(Duration::from_secs(10 * 3600));
    assert_eq!(rings(&told()), 1, "it is morning");
}

#[test]
fn switched_off_and_blocked_look_the_same_to_senders() {
    let off = Settings { service_off: true, ..Settings::default() };
    let seen = |bar: &dyn Fn(&House, ShareId)| {
        let house = house();
        let (waiting, _) = house.new_share();
        let heard = house.heard(Audience::Share(waiting), || bar(&house, waiting));
        let (next, _) = house.new_share();
        house.steward.ready(waiting, media()).expect("ready");
        house.steward.ready(next, media()).expect("ready");
        assert_eq!(house.steward.inbox(house.ana, 0, 10).expect("a page").total, 0);
        let told = heard.iter().map(|change| format!("{change:?}").replace(&house.ana.to_string(), "ANA"));
        (told.collect::<Vec<_>>(), house.target(waiting), house.target(next))
    };
    let blocked = seen(&|house, share| {
        let sender = house.steward.share(Asker::Owner, share).expect("a share").sender.id;
        house.steward.set_blocks(house.ana, vec![sender], false).expect("blocked");
    });
    let off = seen(&|house, _| house.steward.set_settings(house.ana, off.clone()).expect("set"));
    assert_eq!(blocked, off);
    assert_eq!((blocked.0.len(), blocked.1, blocked.2), (1, TargetState::Blocked, TargetState::Blocked));
}

#[test]
fn who_switches_on_again_or_unblocks_hears_what_comes_next() {
    let house = house();
    let (missed, _) = house.new_share();
    let sender = house.steward.share(Asker::Owner, missed).expect("a share").sender.id;
    let set = |service_off| {
        house.steward.set_settings(house.ana, Settings { service_off, ..Settings::default() }).expect("set");
    };
    set(true);
    set(false);
    house.steward.set_blocks(house.ana, vec![sender], false).expect("blocked");
    house.steward.set_blocks(house.ana, vec![], false).expect("unblocked");
    house.steward.ready(missed, media()).expect("ready");
    assert_eq!(house.target(missed), TargetState::Blocked, "what was barred once stays so");
    let next = house.ready_share();
    assert_eq!(house.target(next), TargetState::Notified);
    assert_eq!(house.steward.inbox(house.ana, 0, 10).expect("a page").total, 1);
}

#[test]
fn a_new_pin_opens_the_lock_and_signs_out() {
    let house = house();
    let rui = house.steward.add_user(new_user(house.account, Some("1234"))).expect("a user").id;
    let cookie = house.steward.sign_in(house.tv, rui, Some("1234")).expect("signed in");
    for _ in 0..5 {
        assert_eq!(code(house.steward.sign_in(house.tv, rui, Some("0000"))), "wrong_pin");
    }
    assert_eq!(code(house.steward.sign_in(house.tv, rui, Some("1234"))), "pin_locked");
    let change = |pin: &str| {
        house.steward.change_user(rui, ProfileChange::default(), NewPin::Digits(pin.into())).map(|user| user.name)
    };
    assert_eq!(code(change("12")), "invalid");
    assert_eq!(change("9876").expect("changed"), "Ana");
    let session = house.steward.session(&house.tv_cookie, Some(&cookie)).expect("an answer").expect("the TV");
    assert_eq!(session.user, None, "who was signed in has to know the new one");
    house.steward.sign_in(house.tv, rui, Some("9876")).expect("the new PIN");
    house.steward.change_user(rui, ProfileChange::default(), NewPin::None).expect("changed");
    house.steward.sign_in(house.tv, rui, None).expect("no PIN");
}

#[test]
fn a_house_full_of_people_and_tvs_rings_everywhere() {
    let house = house();
    let users: Vec<UserId> =
        (0..100).map(|_| house.steward.add_user(new_user(house.account, None)).expect("a user").id).collect();
    let tvs: Vec<TvId> = (0..20)
        .map(|_| {
            let tv = house.steward.new_tv().expect("a TV");
            house.steward.approve_tv(&tv.pairing_code, house.account, None).expect("paired");
            tv.tv
        })
        .collect();
    let ear = |tv: &TvId| house.steward.announcer().subscribe(Audience::Tv(*tv), None);
    let mut ears: Vec<_> = tvs.iter().map(ear).collect();
    let share = house.steward.new_share_for_cameras(&users, None).expect("a share").share.id;
    house.steward.ready(share, media()).expect("ready");
    for ear in &mut ears {
        let told = std::iter::from_fn(|| ear.try_next());
        let rings = told.filter(|event| matches!(*event.change, Change::Ring(_))).count();
        assert_eq!(rings, users.len(), "nobody is told to look for themselves");
    }
}

#[test]
fn a_camera_app_that_was_stopped_elsewhere_has_to_stop_too() {
    let house = house();
    let invite = house.steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
    let who = Enrolment { name: "Bia".into(), msisdn: None, email: None, photo: None };
    let enrolled = house.steward.enrol(&invite.code, who).expect("enrolled");
    let (token, asker) = (enrolled.token.as_str(), Asker::Sender(enrolled.sender));
    let begin = || {
        house.steward.admit_phone(token).expect("admitted");
        let share = house.steward.share_of_phone(token).expect("a share");
        house.steward.media_started(share).expect("preparing");
        share
    };
    // It ends by itself: the next may come at once.
    let share = begin();
    house.steward.ended(share, EndReason::Stopped, None).expect("ended");
    house.steward.stop_share(asker, share).expect("over already");
    let share = begin();
    house.steward.stop_share(asker, share).expect("stopped");
    for _ in 0..10 {
        house.clock.advance(Duration::from_secs(14));
        assert_eq!(code(house.steward.admit_phone(token)), "stopped_elsewhere", "it comes back by itself");
    }
    house.clock.advance(Duration::from_secs(15));
    let share = begin();
    house.steward.withdraw_share(asker, share).expect("withdrawn");
    assert_eq!(code(house.steward.admit_phone(token)), "stopped_elsewhere");
    house.clock.advance(Duration::from_secs(15));
    begin();
}
