//! What guests can't do: belong by their own word, ring as they like, look everyone up, or take what is everyone's.

use super::*;
use crate::share::{Inviter, Ring, Shown, Standing};

/// A house with a second household, and a sender of that one who knows Ana by her number.
struct Street {
    house: House,
    eva: SenderId,
    number: &'static str,
}

fn street() -> Street {
    let house = house();
    let number = "+351912345678";
    let change = ProfileChange { msisdn: Some(number.into()), ..ProfileChange::default() };
    house.steward.change_user(house.ana, change, NewPin::Same).expect("Ana's number");
    let eva = house.enrol("Eva", None);
    let souza = house.steward.add_account("Souza", None).expect("an account").id;
    house.steward.belong(house.phone_of(eva), Some(souza)).expect("hers");
    let book = [Contact { msisdn: Some(number.into()), email: None }];
    assert_eq!(house.steward.match_contacts(eva, &book).expect("matched").matched.len(), 1);
    Street { house, eva, number }
}

impl Street {
    /// A share of Eva's that comes to Ana; how the TV rings.
    fn ring(&self) -> (ShareId, Vec<Ring>) {
        let share = self.house.share_of(self.eva);
        let heard = self.house.heard(Audience::Tv(self.house.tv), || {
            self.house.steward.ready(share, media()).expect("ready");
        });
        (share, rings(&heard))
    }

    fn standing(&self) -> Option<Standing> {
        let mut standing = None;
        let mut look = |ledger: &dyn Rows| standing = ledger.standing((self.eva, self.house.ana)).expect("read");
        self.house.storage.read(&mut look).expect("read");
        standing
    }

    fn waiting(&self) -> Vec<Ring> {
        self.house.steward.waiting_rings(self.house.tv).expect("rings")
    }
}

impl House {
    fn share_of(&self, sender: SenderId) -> ShareId {
        self.steward.create_share(sender, &[self.ana], Kind::Live, Some("Hello")).expect("a share").share.id
    }
}

fn rings(heard: &[Change]) -> Vec<Ring> {
    let ring = |change: &Change| match change {
        Change::Ring(ring) => Some(ring.clone()),
        _ => None,
    };
    heard.iter().filter_map(ring).collect()
}

/// How a share of Eva's rings once she is allowed.
fn shown() -> Shown {
    Shown::All { photo: None, title: Some("Hello".into()) }
}

/// How one rings that asks.
const ASKS: Shown = Shown::Introduction { number: None };

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_number_said_to_be_ones_own_opens_no_household() {
    let Street { house, number, .. } = street();
    house.steward.add_user(new_user(house.account, None)).expect("a child without a number");
    let mallory = house.enrol("Mallory", None);
    assert_eq!(house.steward.contacts(mallory).expect("contacts"), []);
    let claims = ProfileChange { msisdn: Some(number.into()), ..ProfileChange::default() };
    house.steward.change_sender(mallory, claims).expect("said");
    assert_eq!(house.steward.contacts(mallory).expect("contacts"), []);
    assert_eq!(code(house.steward.create_share(mallory, &[house.ana], Kind::Live, None)), "not_a_contact");
    assert_eq!(house.steward.recipients(mallory).expect("recipients"), []);
    house.steward.belong(house.phone_of(mallory), Some(house.account)).expect("the owner says so");
    assert_eq!(house.steward.contacts(mallory).expect("contacts").len(), 2);
    assert_eq!(code(house.steward.belong(house.phone_of(mallory), Some(AccountId([9; 10])))), "not_found");
}

#[test]
fn a_guest_called_like_a_camera_gets_nothing_of_it() {
    let house = house();
    let guest = house.enrol("Door", None);
    let share = house.steward.new_share_for_cameras(&[house.ana], Some("Door")).expect("a share").share;
    assert_ne!(share.sender, guest);
    assert_eq!(code(house.steward.share(Asker::Sender(guest), share.id)), "not_found");
    let next = house.steward.new_share_for_cameras(&[house.ana], Some("Door")).expect("a share").share;
    assert_eq!(next.sender, share.sender, "the same camera");
}

#[test]
fn who_comes_from_outside_asks_first_and_shows_nothing() {
    let street = street();
    let house = &street.house;
    let (share, rung) = street.ring();
    assert_eq!(rung.len(), 1);
    assert_eq!((rung[0].sender_name.as_str(), &rung[0].shown), ("Eva", &ASKS));
    let entry = house.steward.entry(house.ana, share).expect("hers");
    assert_eq!(entry.introduction, Some(crate::share::Introduction { number: None }));
    assert_eq!(street.waiting().len(), 1, "a TV that is switched on now asks too");

    // Not now: what follows waits silently for a day, whatever is restarted.
    house.steward.later(house.ana, share).expect("put off");
    let (second, rung) = street.ring();
    assert_eq!((rung.len(), street.waiting().len()), (0, 0));
    let (asked, _) = (house.target(second), house.steward.ended(second, EndReason::Stopped, None).expect("ended"));
    assert_eq!(asked, TargetState::Notified, "the sender is told what anyone is told");
    let again = Street { house: House { steward: steward(&house.storage, &house.clock), ..street.house }, ..street };
    assert_eq!(again.ring().1.len(), 0);
    assert_eq!(again.house.steward.inbox(again.house.ana, 0, 10).expect("a page").total, 3, "all are in the inbox");
    again.house.clock.advance(DAY);
    let (third, rung) = again.ring();
    assert_eq!(rung.len(), 1, "a day later they may ask again");

    // Allowed: this one rings as others do, and so does all that follows.
    let house = &again.house;
    let heard = house.heard(Audience::Tv(house.tv), || house.steward.allow(house.ana, third).expect("allowed"));
    let rung = rings(&heard);
    assert_eq!((rung.len(), &rung[0].shown), (1, &shown()));
    assert_eq!(house.steward.entry(house.ana, third).expect("hers").introduction, None);
    let heard = house.heard(Audience::Tv(house.tv), || house.steward.allow(house.ana, third).expect("said again"));
    assert_eq!(heard, []);
    house.clock.advance(DAY);
    assert_eq!(again.ring().1[0].shown, shown());

    // Another name is another face.
    let renamed = ProfileChange { name: Some("Ana".into()), ..ProfileChange::default() };
    house.steward.change_sender(again.eva, renamed).expect("said");
    let (fourth, rung) = again.ring();
    assert_eq!(rung[0].shown, ASKS);
    let renamed = ProfileChange { name: Some("Rui".into()), ..ProfileChange::default() };
    house.steward.change_sender(again.eva, renamed).expect("said");
    assert_eq!(again.ring().1.len(), 0, "and no way to ask more often");
    house.steward.revoke_phone(house.phone_of(again.eva)).expect("revoked");
    assert!(house.steward.entry(house.ana, fourth).expect("hers").introduction.is_some(), "nor to be shown unasked");
    house.steward.remove_user(house.ana).expect("removed");
    assert_eq!(again.standing(), None);
}

#[test]
fn what_is_over_does_not_ring_when_its_sender_is_allowed() {
    let street = street();
    let (share, _) = street.ring();
    let house = &street.house;
    house.steward.ended(share, EndReason::Stopped, Some(1)).expect("ended");
    let heard = house.heard(Audience::Tv(house.tv), || house.steward.allow(house.ana, share).expect("allowed"));
    assert_eq!(rings(&heard).len(), 0, "it is live no more");
    assert_eq!(house.steward.entry(house.ana, share).expect("hers").introduction, None);
}

#[test]
fn who_watches_has_allowed() {
    let street = street();
    let (share, _) = street.ring();
    let house = &street.house;
    house.steward.accept(house.ana, share, None, PlayFrom::Live).expect("accepted");
    assert!(street.standing().expect("known").allowed);
    assert_eq!(street.ring().1[0].shown, shown());
}

#[test]
fn quiet_hours_and_blocks_stand_over_asking() {
    let street = street();
    let house = &street.house;
    let hours = crate::share::QuietHours::parse("00:00", "23:59", 0).expect("hours");
    let quiet = Settings { quiet_hours: Some(hours), ..Settings::default() };
    house.steward.set_settings(house.ana, quiet).expect("set");
    let (share, rung) = street.ring();
    assert_eq!(rung.len(), 0);
    let heard = house.heard(Audience::Tv(house.tv), || house.steward.allow(house.ana, share).expect("allowed"));
    assert_eq!(rings(&heard).len(), 0);
    house.steward.set_settings(house.ana, Settings::default()).expect("set");
    house.steward.set_blocks(house.ana, vec![street.eva], false).expect("blocked");
    let (share, rung) = street.ring();
    assert_eq!((rung.len(), house.target(share)), (0, TargetState::Blocked));
}

#[test]
fn nobody_rings_all_the_time() {
    let street = street();
    let (first, _) = street.ring();
    street.house.steward.allow(street.house.ana, first).expect("allowed");
    let clip = |street: &Street| {
        let (share, rung) = street.ring();
        street.house.steward.ended(share, EndReason::Stopped, Some(1)).expect("ended");
        rung.len()
    };
    assert_eq!((0..10).map(|_| clip(&street)).sum::<usize>(), limits::RINGS_OF_OUTSIDERS - 1, "the first rang already");
    let again = Street {
        house: House { steward: steward(&street.house.storage, &street.house.clock), ..street.house },
        ..street
    };
    assert_eq!(clip(&again), 0, "over a restart");
    again.house.clock.set_date(-1000);
    assert_eq!(clip(&again), 0, "a clock that is set makes no difference");
    again.house.clock.set_date(1000);
    assert_eq!(again.house.steward.inbox(again.house.ana, 0, 100).expect("a page").total, 13, "nothing is lost");
    again.house.clock.advance(limits::RINGS_TIME);
    assert_eq!((0..10).map(|_| clip(&again)).sum::<usize>(), limits::RINGS_OF_OUTSIDERS);

    let house = &again.house;
    let rui = house.steward.add_user(new_user(house.account, None)).expect("a user").id;
    house.steward.belong(house.phone_of(again.eva), Some(house.account)).expect("one of the family now");
    assert_eq!(
        (0..20).map(|_| clip(&again)).sum::<usize>(),
        limits::RINGS_OF_MEMBERS - limits::RINGS_OF_OUTSIDERS,
        "the family's own have more"
    );
    let heard = house.heard(Audience::Tv(house.tv), || {
        let share = house.steward.create_share(again.eva, &[rui], Kind::Live, None).expect("a share").share.id;
        house.steward.ready(share, media()).expect("ready");
    });
    assert_eq!(rings(&heard).len(), 0, "not even for others of the household: the TV is the same");
    house.clock.advance(limits::RINGS_TIME);
    let heard = house.heard(Audience::Tv(house.tv), || {
        for _ in 0..limits::RINGS_OF_MEMBERS {
            let to = [house.ana, rui];
            let share = house.steward.create_share(again.eva, &to, Kind::Live, None).expect("a share").share.id;
            house.steward.ready(share, media()).expect("ready");
        }
    });
    assert_eq!(rings(&heard).len(), 2 * limits::RINGS_OF_MEMBERS, "what is for both counts once");
}

#[test]
fn one_sender_leaves_room_for_everyone() {
    let Street { house, eva, .. } = street();
    let nobodys = house.enrol("Mallory", None);
    let book = [Contact { msisdn: Some("+351912345678".into()), email: None }];
    house.steward.match_contacts(nobodys, &book).expect("matched");
    let all = |sender| {
        let new = || house.steward.create_share(sender, &[house.ana], Kind::Live, None);
        let made: Vec<_> = (0..100).map_while(|_| new().ok()).collect();
        assert_eq!(code(new()), "full");
        made
    };
    assert_eq!((all(eva).len(), all(nobodys).len()), (limits::UNFINISHED_OF_MEMBERS, limits::UNFINISHED_OF_OUTSIDERS));
    house.new_share();
    let phone = house.phone_of(nobodys);
    house.steward.revoke_phone(phone).expect("revoked");
    let unfinished = house.steward.unfinished_shares().expect("shares").len();
    assert_eq!(unfinished, limits::UNFINISHED_OF_MEMBERS + 1, "what the revoked phone began is over");
}

/// A sender of Ana's household.
fn member(house: &House) -> SenderId {
    let zé = house.enrol("Zé", None);
    house.steward.belong(house.phone_of(zé), Some(house.account)).expect("of the household");
    zé
}

#[test]
fn a_live_share_keeps_its_place_from_its_creation_to_its_end() {
    let house = house_for(4);
    let zé = member(&house);
    let new = |kind| house.steward.create_share(zé, &[house.ana], kind, None);
    let made: Vec<_> = (0..4).map(|_| new(Kind::Live).expect("a place").share.id).collect();
    let refused = new(Kind::Live).expect_err("no place");
    assert_eq!((refused.code(), refused.retry_after().is_some()), ("full", true));
    assert!(refused.to_string().starts_with("4 live videos are under way"), "{refused}");
    assert_eq!(code(house.steward.new_share_for_cameras(&[house.ana], None)), "full", "nor for a camera");
    new(Kind::Clip).expect("a film needs no stream");
    // Whoever has a place goes live, whatever comes meanwhile; an end gives it back.
    house.steward.media_started(made[0]).expect("preparing");
    house.steward.ready(made[0], media()).expect("ready");
    house.steward.ended(made[0], EndReason::Stopped, None).expect("over");
    new(Kind::Live).expect("the place of the one that ended");
    assert_eq!(code(new(Kind::Live)), "full");
    // Those to which nothing comes give theirs back by themselves.
    house.clock.advance(ShareSettings::default().pending_timeout);
    house.steward.sweep().expect("looked after");
    assert!(made[1..].iter().all(|share| house.state(*share) == ShareState::Ended));
    assert_eq!((0..9).map_while(|_| new(Kind::Live).ok()).count(), 4);
}

#[test]
fn guests_have_half_of_the_places_together() {
    let house = house_for(5);
    // Where there are two households, whoever is invited without a word belongs to none.
    house.steward.add_account("Souza", None).expect("an account");
    let number = "+351912345678";
    let change = ProfileChange { msisdn: Some(number.into()), ..ProfileChange::default() };
    house.steward.change_user(house.ana, change, NewPin::Same).expect("Ana's number");
    let book = [Contact { msisdn: Some(number.into()), email: None }];
    house.new_share();
    let begun = |name: &str| {
        let guest = house.enrol(name, None);
        house.steward.match_contacts(guest, &book).expect("matched");
        (0..9).map_while(|_| house.steward.create_share(guest, &[house.ana], Kind::Live, None).ok()).count()
    };
    assert_eq!((begun("Mallory"), begun("Trudy")), (3, 0), "the camera is the owner's, and no guest");
    let zé = member(&house);
    house.steward.create_share(zé, &[house.ana], Kind::Live, None).expect("places of the household's");
}

#[test]
fn shares_are_begun_and_contacts_sent_at_a_pace() {
    let Street { house, eva, .. } = street();
    assert_eq!((0..1000).filter(|_| house.steward.may_begin(eva).is_ok()).count(), limits::SHARES_AT_ONCE as usize);
    assert_eq!(code(house.steward.may_begin(eva)), "too_often");
    let matches = (0..1000).filter(|_| house.steward.may_match_contacts(eva).is_ok()).count();
    assert_eq!(matches, limits::MATCHES_AT_ONCE as usize);
    house.clock.advance(limits::SHARES_EVERY);
    house.steward.may_begin(eva).expect("one more");
    let other = house.enrol("Leo", None);
    house.steward.may_begin(other).expect("each for themselves");
}

#[test]
fn a_countrys_numbers_are_not_looked_up() {
    let Street { house, eva, number } = street();
    let list = |from: usize| -> Vec<Contact> {
        (from..from + 500).map(|n| Contact { msisdn: Some(format!("+3519{n:08}")), email: None }).collect()
    };
    let considered: Vec<_> =
        (1..5).map(|n| house.steward.match_contacts(eva, &list(500 * n)).expect("answered")).collect();
    let of_each: Vec<_> = considered.iter().map(|one| (one.considered, one.ignored, one.again_at.is_some())).collect();
    assert_eq!(of_each, [(500, 0, false), (499, 1, true), (0, 500, true), (0, 500, true)]);
    let known = [Contact { msisdn: Some(number.into()), email: None }];
    let found = house.steward.match_contacts(eva, &known).expect("answered");
    assert_eq!(
        (found.matched.len(), found.ignored, found.again_at),
        (1, 0, None),
        "who was asked for today costs nothing"
    );
    let again_at = considered[1].again_at.expect("said");
    assert!(again_at.0 - house.clock.date().0 <= DAY.as_millis() as i64);
    house.clock.advance(DAY);
    assert_eq!(house.steward.match_contacts(eva, &list(10_000)).expect("answered").considered, 500);
}

#[test]
fn invitations_go_with_whoever_made_them() {
    let house = house();
    let hour = Duration::from_secs(3600);
    let invite = |by| house.steward.invite_by(by, None, Some(house.account), hour).expect("an invitation").code;
    let is_good = |code: &str| house.steward.check_invite(code).is_ok();
    let phone = house.phone_of(house.enrol("Rui", None));
    let rui = house.steward.add_user(new_user(house.account, None)).expect("a user").id;
    let bedroom = house.steward.new_tv().expect("a TV");
    house.steward.approve_tv(&bedroom.pairing_code, house.account, None).expect("paired");
    let [owners, phones, tvs, ruis, anas] = [
        Inviter::Owner,
        Inviter::Phone(phone),
        Inviter::Tv(bedroom.tv, house.ana),
        Inviter::Tv(house.tv, rui),
        Inviter::Tv(house.tv, house.ana),
    ]
    .map(invite);
    house.steward.revoke_phone(phone).expect("revoked");
    assert!(!is_good(&phones) && is_good(&tvs));
    house.steward.remove_tv(bedroom.tv).expect("removed");
    assert!(!is_good(&tvs) && is_good(&ruis));
    house.steward.remove_user(rui).expect("removed");
    assert!(!is_good(&ruis) && is_good(&anas) && is_good(&owners));

    let mine: Vec<_> = (0..limits::INVITES_PER_TV)
        .map(|_| {
            house.clock.advance(Duration::from_secs(1));
            invite(Inviter::Tv(house.tv, house.ana))
        })
        .collect();
    assert!(!is_good(&anas), "it made room");
    assert!(mine.iter().all(|code| is_good(code)) && is_good(&owners));
}

#[test]
fn senders_know_their_household_and_whom_they_find() {
    let house = house();
    let bia = house.enrol("Bia", None);
    let souza = house.steward.add_account("Souza", Some("+351")).expect("an account").id;
    let add = |name: &str, msisdn: Option<&str>, email: Option<&str>| {
        let (msisdn, email) = (msisdn.map(str::to_owned), email.map(str::to_owned));
        let new = NewUser { account: souza, name: name.into(), msisdn, email, pin: None };
        house.clock.advance(Duration::from_secs(1));
        house.steward.add_user(new).expect("a user").id
    };
    let (leo, eva) = (add("Leo", Some("+351912345678"), None), add("Eva", None, Some("Eva@Example.org")));
    let known = |sender| -> Vec<UserId> {
        house.steward.contacts(sender).expect("contacts").iter().map(|user| user.id).collect()
    };
    let share = |sender, user| house.steward.create_share(sender, &[user], Kind::Live, None).map(|new| new.share.id);
    assert_eq!(known(bia), [house.ana], "invited to the only household there was");
    let nobodys = house.enrol("Zé", None);
    assert_eq!(known(nobodys), [], "now there are two");
    assert_eq!(code(share(nobodys, house.ana)), "not_a_contact");
    let evas_phone = house.enrol("Eva", Some("eva@example.ORG"));
    assert_eq!(known(evas_phone), [], "whatever she says of herself");
    house.steward.belong(house.phone_of(evas_phone), Some(souza)).expect("the owner says so");
    assert_eq!(known(evas_phone), [leo, eva]);

    assert_eq!(code(share(bia, leo)), "not_a_contact");
    let contact = |msisdn: &str, email: &str| Contact { msisdn: Some(msisdn.into()), email: Some(email.into()) };
    let find = |sender, contacts: &[Contact]| {
        let matches = house.steward.match_contacts(sender, contacts).expect("matched");
        (matches.matched.iter().map(|user| user.id).collect::<Vec<_>>(), matches.considered, matches.ignored)
    };
    let book = [contact("00351 912 345 678", ""), contact("", " EVA@example.org "), contact("junk", "junk")];
    assert_eq!(find(bia, &book), (vec![leo, eva], 3, 0));
    assert_eq!(known(bia), [house.ana, leo, eva], "remembered");
    share(bia, leo).expect("a contact now");
    let national = [contact("912 345 678", "")];
    assert_eq!(find(bia, &national).0, [], "her household says nothing of its country");
    assert_eq!(find(evas_phone, &national).0, [leo]);
    // What the phone is set to counts where nothing better is known; what the household says, before it; and before both
    // the country of the sender's own number.
    let of = |sender, region| {
        let matches = house.steward.match_contacts_of(sender, &national, Some(region)).expect("matched");
        matches.matched.iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!((of(bia, "PT"), of(bia, "pt"), of(bia, "ES"), of(bia, "?")), (vec![leo], vec![leo], vec![], vec![]));
    assert_eq!((of(nobodys, "PT"), of(evas_phone, "ES")), (vec![leo], vec![leo]));
    let number = |text: &str| ProfileChange { msisdn: Some(text.into()), ..ProfileChange::default() };
    house.steward.change_sender(bia, number("+351 966 000 000")).expect("her number");
    assert_eq!((find(bia, &national).0, of(bia, "ES")), (vec![leo], vec![leo]));
    house.steward.change_sender(evas_phone, number("+34 612 345 678")).expect("her number");
    assert_eq!(find(evas_phone, &national).0, []);

    let mut long = vec![contact("", ""); limits::CONTACTS];
    long.push(contact("+351912345678", ""));
    assert_eq!(find(nobodys, &long), (vec![], 500, 1), "the first 500 only");
    house.steward.remove_user(leo).expect("removed");
    assert_eq!(known(bia), [house.ana, eva]);
    assert_eq!(code(share(bia, leo)), "not_a_contact");
    let nowhere = ProfileChange { email: Some(String::new()), ..Default::default() };
    house.steward.change_user(eva, nowhere, NewPin::Same).expect("set");
    assert_eq!(known(evas_phone), [eva]);
    house.steward.belong(house.phone_of(evas_phone), None).expect("the owner says so");
    assert_eq!(known(evas_phone), []);
    assert_eq!(find(nobodys, &book).0, []);
}
