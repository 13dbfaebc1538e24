//! Who makes room for whom, with recordings that are holes.

use std::time::Duration;

use super::*;
use crate::ground::id::UserId;
use crate::ground::set_clock::SetClock;
use crate::ground::time::Clock as _;
use crate::live::Publisher;
use crate::private;
use crate::recording::Folder;
use crate::share::ledger::memory::MemoryStorage;
use crate::share::{
    Announcer, Asker, Contact, EndReason, Enrolment, Kind, MediaInfo, NewUser, PlayFrom, ShareSettings, ShareState,
};

/// Ana's number, by which guests find her.
const NUMBER: &str = "+351912345678";

/// A house with one user, whom the household's cameras and guests share with.
pub(crate) struct House {
    _place: tempfile::TempDir,
    pub storage: Arc<MemoryStorage>,
    pub steward: Arc<Steward>,
    pub clock: Arc<SetClock>,
    pub hub: Arc<Hub>,
    pub library: Arc<Library>,
    pub room: Arc<Room>,
    pub ana: UserId,
}

pub(crate) fn house(quota_mib: u64) -> House {
    let place = tempfile::tempdir().expect("a directory");
    let clock = SetClock::new();
    let announcer = Arc::new(Announcer::new(clock.date()));
    let settings = ShareSettings { pin_rounds: 1, ..ShareSettings::default() };
    let storage = Arc::new(MemoryStorage::default());
    let steward = Steward::new(storage.clone(), clock.clone(), announcer, settings);
    let steward = Arc::new(steward.expect("opens"));
    let account = steward.add_account("Silva", None).expect("an account").id;
    let new = NewUser { account, name: "Ana".into(), msisdn: Some(NUMBER.into()), email: None, pin: None };
    let ana = steward.add_user(new).expect("a user").id;
    let library = Library::new(Folder::open(place.path()).expect("a folder"));
    let limits = RecordingLimits { enabled: true, quota_mib, keep_free_mib: 0, max_clip_mib: 8192 };
    let hub = Arc::new(Hub::new(4, Some(crate::package::fmp4::RECORDER)));
    let room = Arc::new(Room::new(steward.clone(), hub.clone(), library.clone(), &limits));
    House { _place: place, storage, steward, clock, hub, library, room, ana }
}

impl House {
    /// A share of the sender with this name, pending: of a guest's where it begins so, of a camera's otherwise.
    pub fn share(&self, from: &str) -> (ShareId, SenderId) {
        self.clock.advance(Duration::from_secs(1));
        let share = if from.starts_with("Guest") {
            self.steward.create_share(self.guest(from), &[self.ana], Kind::Live, None)
        } else {
            self.steward.new_share_for_cameras(&[self.ana], Some(from))
        };
        let share = share.expect("a share").share;
        (share.id, share.sender)
    }

    /// The guest with this name, who knows Ana's number.
    fn guest(&self, name: &str) -> SenderId {
        let phones = self.steward.phones().expect("phones");
        if let Some(known) = phones.iter().find(|report| report.sender.name == name) {
            return known.sender.id;
        }
        let invite = self.steward.invite(None, None, Duration::from_secs(60)).expect("an invitation");
        let who = Enrolment { name: name.into(), msisdn: None, email: None, photo: None };
        let enrolled = self.steward.enrol(&invite.code, who).expect("enrolled");
        self.steward.belong(enrolled.phone, None).expect("of no household");
        let book = [Contact { msisdn: Some(NUMBER.into()), email: None }];
        self.steward.match_contacts(enrolled.sender, &book).expect("matched");
        enrolled.sender
    }

    /// One of a guest's, for a video that they send whole.
    pub fn clip(&self, from: &str) -> ShareId {
        self.steward.create_share(self.guest(from), &[self.ana], Kind::Clip, None).expect("a share").share.id
    }

    /// One that is live, and whose recording has so many MiB so far.
    pub fn live(&self, from: &str, mib: u64) -> (ShareId, Publisher) {
        let (share, _) = self.share(from);
        self.steward.media_started(share).expect("preparing");
        let (publisher, _) = self.hub.open(share, None, None, self.clock.date()).expect("it flows");
        self.grow(share, mib);
        (share, publisher)
    }

    /// The recording of a share has so many MiB now.
    pub fn grow(&self, share: ShareId, mib: u64) {
        let file = private::file()
            .write(true)
            .create(true)
            .truncate(true)
            .open(self.library.folder().video(share))
            .expect("a file");
        file.set_len(mib * MIB).expect("as large as that");
    }

    /// One that is over, and whose recording has so many MiB.
    pub fn recorded(&self, from: &str, mib: u64) -> ShareId {
        let (share, _) = self.share(from);
        let codec = "avc1.42c01f".into();
        let media =
            MediaInfo { codec, audio_codec: None, width: 640, height: 360, frame_rate: 30.0, bits_per_second: 0 };
        self.steward.ready(share, media).expect("ready");
        self.steward.ended(share, EndReason::Stopped, Some(1000)).expect("ended");
        self.grow(share, mib);
        share
    }

    pub fn see(&self, share: ShareId) {
        self.steward.accept(self.ana, share, None, PlayFrom::Start).expect("it plays");
        self.steward.sweep().expect("swept");
    }

    pub fn has(&self, share: ShareId) -> bool {
        let state = self.steward.share(Asker::Owner, share).expect("it is known").share.state;
        let there = self.room.library.folder().video(share).exists();
        assert_eq!(there, state == ShareState::Ended, "database and disk agree");
        there
    }
}

#[test]
fn a_guests_film_displaces_no_unseen_video() {
    let house = house(10);
    let family: Vec<ShareId> = (0..8).map(|_| house.recorded("Family", 1)).collect();
    let (film, guest) = house.share("Guest");
    let refused = house.room.promise(film, guest, 3 * MIB).expect_err("there is no room");
    assert!(matches!(refused, NoRoom::Short { needed, left } if (needed, left) == (3 * MIB, 2 * MIB)), "{refused}");
    assert!(refused.to_string().contains("needs 3 MiB and has 2"), "{refused}");
    let refused = house.room.promise(film, guest, 6 * MIB).expect_err("more than guests ever have");
    assert!(refused.to_string().contains("all that guests send may take 5"), "{refused}");
    let (film_of_ours, family_sender) = house.share("Family");
    let refused = house.room.promise(film_of_ours, family_sender, 11 * MIB).expect_err("more than there ever is");
    assert!(refused.to_string().contains("all together may take 10"), "{refused}");
    house.room.promise(film, guest, 2 * MIB).expect("that fits");
    assert!(family.iter().all(|share| house.has(*share)), "nothing of theirs went");
}

#[test]
fn what_is_promised_is_nobody_elses() {
    let house = house(10);
    let old = house.recorded("Family", 4);
    let (film, guest) = house.share("Guest");
    house.room.promise(film, guest, 5 * MIB).expect("that fits");
    let (other, stranger) = house.share("Neighbour");
    assert!(house.room.could_promise(other, stranger, 2 * MIB).is_err(), "one is left");
    assert!(house.room.promise(film, guest, 7 * MIB).is_err(), "nor may it outgrow it");
    assert_eq!(house.room.left().expect("measured").of_quota, MIB as i64, "what was refused is not promised");
    house.room.settle(film);
    house.room.promise(other, stranger, 6 * MIB).expect("there is room again");
    assert!(house.has(old));
}

#[test]
fn what_was_seen_makes_room_and_what_is_kept_never() {
    let house = house(10);
    let [kept, seen, newer, unseen] = [3, 2, 2, 3].map(|mib| house.recorded("Family", mib));
    for share in [kept, seen, newer] {
        house.see(share);
    }
    house.steward.keep_share(kept, true).expect("kept");
    let (film, guest) = house.share("Guest");
    house.room.could_promise(film, guest, 2 * MIB).expect("it could be");
    assert!(house.has(seen), "nothing has gone for it yet");
    house.room.promise(film, guest, 2 * MIB).expect("there is room");
    assert_eq!([kept, seen, newer, unseen].map(|share| house.has(share)), [true, false, true, true]);
    assert!(house.room.promise(film, guest, 5 * MIB).is_err());
    assert!(house.has(newer), "what wouldn't suffice doesn't go");
    let (video, family) = house.share("Family");
    house.room.promise(video, family, 4 * MIB).expect("their own unseen one makes room");
    assert_eq!([kept, newer, unseen].map(|share| house.has(share)), [true, false, false]);
}

#[test]
fn a_smaller_quota_takes_nothing_that_someone_has_yet_to_see() {
    let house = house(4);
    let [old, new] = [3, 3].map(|mib| house.recorded("Family", mib));
    assert!(house.room.is_tight(house.room.left().expect("measured")));
    assert!(!house.room.make(0, None));
    assert!(house.has(old) && house.has(new));
    house.see(new);
    assert!(house.room.make(0, None));
    assert_eq!([old, new].map(|share| house.has(share)), [true, false]);
}

#[test]
fn guests_together_have_half_of_the_room_and_no_more() {
    let house = house(20);
    let [seen, unseen] = ["Guest One", "Guest Two"].map(|from| house.recorded(from, 4));
    let family = house.recorded("Family", 2);
    house.see(family);
    let (film, guest) = house.share("Guest Three");
    assert!(house.room.promise(film, guest, 3 * MIB).is_err(), "another's unseen one stays");
    house.see(seen);
    house.room.could_promise(film, guest, 6 * MIB).expect("what was seen of theirs would go");
    assert!(house.has(seen), "nothing has gone for it yet");
    house.room.promise(film, guest, 6 * MIB).expect("there is room");
    assert_eq!([seen, unseen, family].map(|share| house.has(share)), [false, true, true], "nothing of the household's");
    let (other, guest) = house.share("Guest One");
    assert!(house.room.promise(other, guest, MIB).is_err(), "what one was promised is no other's");
    let (video, sender) = house.share("Neighbour");
    house.room.promise(video, sender, 8 * MIB).expect("the other half is the household's");
}

#[test]
fn a_film_of_a_guests_that_arrives_takes_of_their_part_of_the_disk() {
    let house = house(0);
    let (film, guest) = house.share("Guest");
    let free = house.room.disk_free_bytes().expect("measured");
    let taken = |bytes: u64| {
        let file = private::file()
            .write(true)
            .create(true)
            .truncate(true)
            .open(house.library.folder().upload(film))
            .expect("a film");
        file.set_len(bytes).expect("a hole");
        house.room.could_promise(film, guest, MIB)
    };
    taken(free / 4).expect("that leaves some");
    assert!(taken(free * 2).is_err(), "they have more than half by far");
    let (video, family) = house.share("Family");
    house.room.could_promise(video, family, MIB).expect("the family's is not theirs");

    let left = |guest| house.room.for_uploads(guest).expect("measured");
    assert_eq!(left(true), 0, "nor do they send more");
    assert!(left(false) > free / 2);
    let takes = |guest, bytes| house.room.takes_of_upload(guest, bytes).expect("measured");
    assert!(!takes(true, 1) && takes(false, 1));
    taken(0).expect("theirs is gone");
    assert!(takes(true, free / 4) && takes(true, free / 4) && !takes(true, free), "each piece is counted");
    assert!(takes(false, free), "the family's isn't");
}

#[test]
fn what_guests_have_beyond_their_part_costs_the_family_nothing() {
    let house = house(20);
    let [old, new] = [7, 7].map(|mib| house.recorded("Guest", mib));
    let family = house.recorded("Family", 5);
    let (video, sender) = house.share("Family");
    house.room.promise(video, sender, 5 * MIB).expect("guests had 14 of 20");
    assert_eq!([old, new, family].map(|share| house.has(share)), [false, true, true]);
}
