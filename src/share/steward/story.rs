//! Stories for tests: random things that many people do, told to a steward, with everything that must hold after each.
//!
//! A story leaves a transcript without ids, so that the same story over another storage can be compared with it.

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use crate::ground::id::{AccountId, PhoneId, SenderId, ShareId, TvId, UserId};
use crate::ground::set_clock::SetClock;
use crate::ground::time::{Clock, UnixMs};
use crate::share::ledger::Storage;
use crate::share::{
    Announcer, Asker, Audience, Contact, EndReason, Enrolled, Enrolment, Kind, MediaInfo, NewUser, PlayFrom,
    ProfileChange, QuietHours, Settings, Share, ShareError, ShareSettings, Steward, Subscription,
};

#[allow(missing_docs, reason = "the acts are named after the methods of the steward")]
/// Something that happens. Numbers choose among who and what there is.
#[derive(Clone, Debug)]
pub enum Act {
    Create { sender: usize, users: u8 },
    Started(usize),
    Ready(usize),
    Ended(usize),
    Stop { sender: usize, share: usize },
    Withdraw { sender: usize, share: usize },
    Accept { user: usize, share: usize, pin: bool },
    Allow { user: usize, share: usize },
    Later { user: usize, share: usize },
    Decline { user: usize, share: usize },
    Watching { user: usize, share: usize },
    Left { user: usize, share: usize },
    Delete { user: usize, share: usize },
    Block { user: usize, senders: u8, delete: bool },
    Service { user: usize, off: bool },
    SkipPin { user: usize, skip: bool },
    Quiet { user: usize, hours: Option<(u8, u8)> },
    Find { sender: usize, users: u8 },
    Rename(usize),
    Belong { sender: usize, household: Option<usize> },
    Revoke(usize),
    SignIn { user: usize, tv: usize, pin: bool },
    SignOut { user: usize, tv: usize },
    ReplaceTv(usize),
    ExpireEarly(usize),
    Keep { share: usize, kept: bool },
    RemoveUser(usize),
    Advance { s: u64 },
    SetClock { s: i64 },
    Sweep,
    Restart,
}

/// Random stories.
pub fn stories() -> impl Strategy<Value = Vec<Act>> {
    let pair = || (0..USERS, 0_usize..6);
    let act = prop_oneof![
        8 => (0..SENDERS, 1_u8..16).prop_map(|(sender, users)| Act::Create { sender, users }),
        3 => (0_usize..6).prop_map(Act::Started),
        8 => (0_usize..6).prop_map(Act::Ready),
        3 => (0_usize..6).prop_map(Act::Ended),
        2 => (0..SENDERS, 0_usize..6).prop_map(|(sender, share)| Act::Stop { sender, share }),
        1 => (0..SENDERS, 0_usize..6).prop_map(|(sender, share)| Act::Withdraw { sender, share }),
        4 => (pair(), any::<bool>()).prop_map(|((user, share), pin)| Act::Accept { user, share, pin }),
        2 => pair().prop_map(|(user, share)| Act::Allow { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Later { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Decline { user, share }),
        4 => pair().prop_map(|(user, share)| Act::Watching { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Left { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Delete { user, share }),
        2 => (0..USERS, 0_u8..8, any::<bool>()).prop_map(|(user, senders, delete)| Act::Block { user, senders, delete }),
        1 => (0..USERS, any::<bool>()).prop_map(|(user, off)| Act::Service { user, off }),
        1 => (0..USERS, any::<bool>()).prop_map(|(user, skip)| Act::SkipPin { user, skip }),
        2 => (0..USERS, proptest::option::weighted(0.7, (0_u8..24, 0_u8..24)))
            .prop_map(|(user, hours)| Act::Quiet { user, hours }),
        1 => (0..SENDERS, 1_u8..16).prop_map(|(sender, users)| Act::Find { sender, users }),
        1 => (0..SENDERS).prop_map(Act::Rename),
        2 => (0..SENDERS, proptest::option::of(0_usize..2)).prop_map(|(sender, household)| Act::Belong { sender, household }),
        1 => (0..SENDERS).prop_map(Act::Revoke),
        2 => (0..USERS, 0..TVS, any::<bool>()).prop_map(|(user, tv, pin)| Act::SignIn { user, tv, pin }),
        1 => (0..USERS, 0..TVS).prop_map(|(user, tv)| Act::SignOut { user, tv }),
        1 => (0..TVS).prop_map(Act::ReplaceTv),
        1 => (0_usize..6).prop_map(Act::ExpireEarly),
        1 => (0_usize..6, any::<bool>()).prop_map(|(share, kept)| Act::Keep { share, kept }),
        1 => (0..USERS).prop_map(Act::RemoveUser),
        3 => prop_oneof![0_u64..200, 0_u64..40 * 86400].prop_map(|s| Act::Advance { s }),
        1 => (-60 * 86400_i64..60 * 86400).prop_map(|s| Act::SetClock { s }),
        4 => Just(Act::Sweep),
        1 => Just(Act::Restart),
    ];
    proptest::collection::vec(act, 0..80)
}

const USERS: usize = 4;
const SENDERS: usize = 3;
/// Two in each household; the users are two in each as well.
const TVS: usize = 4;
/// The PIN of those who have one.
const PIN: &str = "1234";

/// The phone number of a user.
fn number(user: usize) -> String {
    format!("+35191234567{user}")
}

/// Who sends, and what their phone has.
struct Phoner {
    sender: SenderId,
    phone: PhoneId,
    token: String,
}

/// The people of a story, and what they did.
struct Cast {
    steward: Steward,
    storage: Arc<dyn Storage>,
    clock: Arc<SetClock>,
    announcer: Arc<Announcer>,
    accounts: Vec<AccountId>,
    users: Vec<UserId>,
    senders: Vec<Phoner>,
    tvs: Vec<TvId>,
    shares: Vec<ShareId>,
    /// What each TV hears.
    ears: Vec<Subscription>,
    /// What TVs hear that were removed.
    removed: Vec<Subscription>,
    /// The states seen last.
    before: BTreeMap<ShareId, Share>,
    /// Who was allowed by whom then.
    allowed: BTreeSet<(SenderId, UserId)>,
    /// What rang: of whom, for whom, when and what.
    rung: Vec<(SenderId, UserId, UnixMs, ShareId)>,
    /// Who asked whom to be allowed, and when.
    asked: BTreeMap<(SenderId, UserId), UnixMs>,
}

/// Tells a story to a steward of `storage`; what came of it.
pub fn tell(storage: Arc<dyn Storage>, story: &[Act]) -> Vec<String> {
    let mut cast = Cast::new(storage);
    let mut transcript = Vec::new();
    for act in story {
        let said = match cast.act(act) {
            Ok(()) => "done".to_owned(),
            Err(error) => error.code().to_owned(),
        };
        cast.check(act);
        transcript.push(format!("{act:?}: {said}; {}", cast.describe()));
    }
    transcript
}

fn open(storage: &Arc<dyn Storage>, clock: &Arc<SetClock>, announcer: &Arc<Announcer>) -> Steward {
    let settings = ShareSettings { pin_rounds: 1, ..ShareSettings::default() };
    let steward =
        Steward::new(Arc::clone(storage), Arc::clone(clock) as Arc<dyn Clock>, Arc::clone(announcer), settings);
    steward.expect("the database can be read")
}

fn media() -> MediaInfo {
    MediaInfo {
        codec: "avc1.42c01f".into(),
        audio_codec: None,
        width: 1280,
        height: 720,
        frame_rate: 30.0,
        bits_per_second: 2_000_000,
    }
}

impl Cast {
    fn new(storage: Arc<dyn Storage>) -> Self {
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let steward = open(&storage, &clock, &announcer);
        let (mut accounts, mut users, mut tvs, mut senders) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for household in ["Silva", "Souza"] {
            let account = steward.add_account(household, Some("+351")).expect("an account").id;
            accounts.push(account);
            for _ in 0..TVS / 2 {
                let tv = steward.new_tv().expect("a TV");
                steward.approve_tv(&tv.pairing_code, account, None).expect("paired");
                tvs.push(tv.tv);
            }
            for (name, pin) in [("Ana", None), ("Rui", Some(PIN.to_owned()))] {
                let msisdn = Some(number(users.len()));
                let new = NewUser { account, name: name.into(), msisdn, email: None, pin: pin.clone() };
                let user = steward.add_user(new).expect("a user").id;
                let tv = *tvs.last().expect("a TV");
                steward.sign_in(tv, user, pin.as_deref()).expect("signed in");
                users.push(user);
            }
        }
        // Bia and Leo belong to the first household, whatever number she says is hers, and Zé to none until he finds someone.
        let first = accounts.first().copied();
        for (name, account, msisdn) in [("Bia", first, Some(number(2))), ("Leo", first, None), ("Zé", None, None)] {
            let code = steward.invite(None, account, Duration::from_secs(60)).expect("an invitation").code;
            let who = Enrolment { name: name.into(), msisdn, email: None, photo: None };
            let Enrolled { sender, phone, token } = steward.enrol(&code, who).expect("enrolled");
            senders.push(Phoner { sender, phone, token });
        }
        let ears = tvs.iter().map(|tv| announcer.subscribe(Audience::Tv(*tv), None)).collect();
        Self {
            steward,
            storage,
            clock,
            announcer,
            accounts,
            users,
            senders,
            tvs,
            shares: Vec::new(),
            ears,
            removed: Vec::new(),
            before: BTreeMap::new(),
            allowed: BTreeSet::new(),
            rung: Vec::new(),
            asked: BTreeMap::new(),
        }
    }

    /// The share with this number, counted from the newest.
    fn share(&self, number: usize) -> ShareId {
        self.shares.iter().rev().nth(number).copied().unwrap_or(ShareId([9; 10]))
    }

    fn act(&mut self, act: &Act) -> Result<(), ShareError> {
        let steward = &self.steward;
        match *act {
            Act::Create { sender, users } => {
                let targets = chosen(&self.users, users);
                let Phoner { sender, token, .. } = &self.senders[sender];
                // As the phone API does it: who was revoked is nobody.
                if steward.phone_by_token(token)?.is_none() {
                    return Ok(());
                }
                let known = steward.contacts(*sender)?;
                let knows_all = targets.iter().all(|target| known.iter().any(|user| user.id == *target));
                let created = steward.create_share(*sender, &targets, Kind::Live, None);
                assert_eq!(knows_all, !matches!(created, Err(ShareError::NotAContact)));
                let new = created?;
                assert_eq!(steward.publisher_for_token(&new.publish_token).expect("just made"), new.share.id);
                self.shares.push(new.share.id);
                Ok(())
            }
            Act::Started(share) => steward.media_started(self.share(share)),
            Act::Ready(share) => steward.ready(self.share(share), media()),
            Act::Ended(share) => steward.ended(self.share(share), EndReason::Lost, Some(1000)),
            Act::Stop { sender, share } => {
                steward.stop_share(Asker::Sender(self.senders[sender].sender), self.share(share))
            }
            Act::Withdraw { sender, share } => {
                steward.withdraw_share(Asker::Sender(self.senders[sender].sender), self.share(share))
            }
            Act::Accept { user, share, pin } => {
                let needs_pin = steward.user(self.users[user]).is_ok_and(|user| user.needs_pin());
                let given = pin.then_some((self.tvs[user], PIN));
                let accepted = steward.accept(self.users[user], self.share(share), given, PlayFrom::Live);
                assert!(accepted.is_err() || pin || !needs_pin, "nobody plays without the PIN");
                accepted.map(drop)
            }
            Act::Allow { user, share } => steward.allow(self.users[user], self.share(share)),
            Act::Later { user, share } => steward.later(self.users[user], self.share(share)),
            Act::Decline { user, share } => steward.decline(self.users[user], self.share(share)),
            Act::Watching { user, share } => {
                steward.watching(self.users[user], self.share(share), self.tvs[user], 5000, Some(200))
            }
            Act::Left { user, share } => steward.left(self.users[user], self.share(share), self.tvs[user]),
            Act::Delete { user, share } => steward.delete_entry(self.users[user], self.share(share)),
            Act::Block { user, senders, delete } => {
                let all: Vec<_> = self.senders.iter().map(|phoner| phoner.sender).collect();
                steward.set_blocks(self.users[user], chosen(&all, senders), delete)
            }
            Act::Service { user, off } => self.set(user, |settings| settings.service_off = off),
            Act::SkipPin { user, skip } => self.set(user, |settings| settings.skip_pin = skip),
            Act::Quiet { user, hours } => {
                let hours = hours.map(|(from, to)| {
                    QuietHours::parse(&format!("{from:02}:00"), &format!("{to:02}:00"), 60 * user as i64)
                });
                let quiet_hours = hours.transpose()?;
                self.set(user, |settings| settings.quiet_hours = quiet_hours)
            }
            Act::Find { sender, users } => {
                let numbers: Vec<_> = (0..USERS).map(number).collect();
                let contacts: Vec<_> = chosen(&numbers.iter().collect::<Vec<_>>(), users)
                    .into_iter()
                    .map(|number| Contact { msisdn: Some(number[4..].to_owned()), email: Some(number.clone()) })
                    .collect();
                let found = steward.match_contacts(self.senders[sender].sender, &contacts)?;
                assert!(found.matched.len() <= contacts.len());
                Ok(())
            }
            Act::Rename(sender) => {
                let name = Some(format!("Since {}", self.clock.date()));
                let change = ProfileChange { name, ..ProfileChange::default() };
                steward.change_sender(self.senders[sender].sender, change).map(drop)
            }
            Act::Belong { sender, household } => {
                steward.belong(self.senders[sender].phone, household.map(|household| self.accounts[household]))
            }
            Act::Revoke(sender) => {
                let Phoner { phone, token, .. } = &self.senders[sender];
                steward.revoke_phone(*phone)?;
                assert_eq!(steward.phone_by_token(token)?, None);
                Ok(())
            }
            Act::SignIn { user, tv, pin } => {
                let signed_in = steward.sign_in(self.tvs[tv], self.users[user], pin.then_some(PIN));
                assert!(signed_in.is_err() || user / 2 == tv / 2, "at home only");
                signed_in.map(drop)
            }
            Act::SignOut { user, tv } => steward.sign_out(self.tvs[tv], self.users[user]),
            Act::ReplaceTv(tv) => {
                let old = self.tvs[tv];
                let account = steward.tvs()?.iter().find(|row| row.id == old).and_then(|row| row.account);
                steward.remove_tv(old)?;
                let new = steward.new_tv()?;
                steward.approve_tv(&new.pairing_code, account.expect("it was paired"), None)?;
                self.tvs[tv] = new.tv;
                let mut ear = self.announcer.subscribe(Audience::Tv(new.tv), None);
                std::mem::swap(&mut self.ears[tv], &mut ear);
                // What it heard up to its removal was rightly heard.
                while ear.try_next().is_some() {}
                self.removed.push(ear);
                Ok(())
            }
            Act::ExpireEarly(share) => steward.expire_early(self.share(share)),
            Act::Keep { share, kept } => steward.keep_share(self.share(share), kept),
            Act::RemoveUser(user) => steward.remove_user(self.users[user]),
            Act::Advance { s } => {
                self.clock.advance(Duration::from_secs(s));
                Ok(())
            }
            Act::SetClock { s } => {
                self.clock.set_date(s * 1000);
                Ok(())
            }
            Act::Sweep => {
                steward.sweep()?;
                for share in steward.discards()? {
                    steward.recording_deleted(share)?;
                }
                Ok(())
            }
            Act::Restart => {
                self.steward = open(&self.storage, &self.clock, &self.announcer);
                Ok(())
            }
        }
    }

    fn set(&self, user: usize, change: impl FnOnce(&mut Settings)) -> Result<(), ShareError> {
        let mut settings = self.steward.settings(self.users[user])?;
        change(&mut settings);
        self.steward.set_settings(self.users[user], settings)
    }

    /// What there is, without ids.
    fn describe(&self) -> String {
        let shares = &self.before;
        let mut text = String::new();
        for (number, id) in self.shares.iter().enumerate() {
            let Some(share) = shares.get(id) else { continue };
            let side = |user| share.target(user).map(|target| (target.state.as_str(), target.seen, target.place));
            let targets: Vec<_> = self.users.iter().map(|user| side(*user)).collect();
            text += &format!("{number} {} {:?} {targets:?} | ", share.state.as_str(), share.ended_at);
        }
        for Phoner { sender, .. } in &self.senders {
            text += &format!("knows {} | ", self.steward.contacts(*sender).map_or(0, |contacts| contacts.len()));
        }
        text
    }
}

fn chosen<T: Copy>(from: &[T], mask: u8) -> Vec<T> {
    from.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, one)| *one).collect()
}

mod tests {
    use super::*;
    use crate::share::ledger::memory::MemoryStorage;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
        #[test]
        fn whatever_people_do_the_books_stay_right(story in stories()) {
            tell(Arc::new(MemoryStorage::default()), &story);
        }
    }
}
