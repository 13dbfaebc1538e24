//! Stories for tests: random things that many people do, told to a steward, with everything that must hold after each.
//!
//! A story leaves a transcript without ids, so that the same story over other books can be compared with it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use crate::ground::id::{SenderId, ShareId, TvId, UserId};
use crate::ground::time::{Clock, Moment, UnixMs};
use crate::share::ledger::{Books, Order, Rows, all};
use crate::share::{
    Announcer, Asker, Audience, EndReason, Enrolment, Kind, MediaInfo, NewUser, PlayFrom, Settings, Share, ShareError,
    ShareSettings, ShareState, Steward, Subscription, TargetState,
};

/// A clock that goes when it is told to.
pub struct SetClock {
    now: AtomicU64,
    date: AtomicI64,
}

impl SetClock {
    /// A clock at noon of some day.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicU64::new(0), date: AtomicI64::new(1_700_000_000_000) })
    }

    /// Time goes by.
    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(span.as_micros() as u64, Ordering::SeqCst);
        self.date.fetch_add(span.as_millis() as i64, Ordering::SeqCst);
    }

    /// Somebody sets the clock.
    pub fn set_date(&self, by_ms: i64) {
        self.date.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Moment {
        Moment(self.now.load(Ordering::SeqCst))
    }
    fn date(&self) -> UnixMs {
        UnixMs(self.date.load(Ordering::SeqCst))
    }
}

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
    Later { user: usize, share: usize },
    Decline { user: usize, share: usize },
    Watching { user: usize, share: usize },
    Left { user: usize, share: usize },
    Delete { user: usize, share: usize },
    Block { user: usize, senders: u8, delete: bool },
    Service { user: usize, off: bool },
    ExpireEarly(usize),
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
        2 => pair().prop_map(|(user, share)| Act::Later { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Decline { user, share }),
        4 => pair().prop_map(|(user, share)| Act::Watching { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Left { user, share }),
        2 => pair().prop_map(|(user, share)| Act::Delete { user, share }),
        2 => (0..USERS, 0_u8..8, any::<bool>()).prop_map(|(user, senders, delete)| Act::Block { user, senders, delete }),
        1 => (0..USERS, any::<bool>()).prop_map(|(user, off)| Act::Service { user, off }),
        1 => (0_usize..6).prop_map(Act::ExpireEarly),
        1 => (0..USERS).prop_map(Act::RemoveUser),
        3 => prop_oneof![0_u64..200, 0_u64..40 * 86400].prop_map(|s| Act::Advance { s }),
        1 => (-60 * 86400_i64..60 * 86400).prop_map(|s| Act::SetClock { s }),
        4 => Just(Act::Sweep),
        1 => Just(Act::Restart),
    ];
    proptest::collection::vec(act, 0..60)
}

const USERS: usize = 4;
const SENDERS: usize = 3;

/// The people of a story, and what they did.
struct Cast {
    steward: Steward,
    books: Arc<dyn Books>,
    clock: Arc<SetClock>,
    announcer: Arc<Announcer>,
    users: Vec<UserId>,
    senders: Vec<SenderId>,
    tvs: Vec<TvId>,
    shares: Vec<ShareId>,
    ears: Vec<Subscription>,
    /// The states seen last.
    before: BTreeMap<ShareId, Share>,
}

/// Tells a story to a steward of `books`; what came of it.
pub fn tell(books: Arc<dyn Books>, story: &[Act]) -> Vec<String> {
    let mut cast = Cast::new(books);
    let mut transcript = Vec::new();
    for act in story {
        let said = match cast.act(act) {
            Ok(()) => "done".to_owned(),
            Err(error) => error.code().to_owned(),
        };
        cast.check();
        transcript.push(format!("{act:?}: {said}; {}", cast.describe()));
    }
    transcript
}

fn open(books: &Arc<dyn Books>, clock: &Arc<SetClock>, announcer: &Arc<Announcer>) -> Steward {
    let settings = ShareSettings { pin_rounds: 1, ..ShareSettings::default() };
    let steward = Steward::new(Arc::clone(books), Arc::clone(clock) as Arc<dyn Clock>, Arc::clone(announcer), settings);
    steward.expect("the books can be read")
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
    fn new(books: Arc<dyn Books>) -> Self {
        let clock = SetClock::new();
        let announcer = Arc::new(Announcer::new(clock.date()));
        let steward = open(&books, &clock, &announcer);
        let (mut users, mut tvs, mut senders) = (Vec::new(), Vec::new(), Vec::new());
        for household in ["Silva", "Souza"] {
            let account = steward.add_account(household, None).expect("an account").id;
            let tv = steward.new_tv().expect("a TV");
            steward.approve_tv(&tv.pairing_code, account, None).expect("paired");
            tvs.push(tv.tv);
            for (name, pin) in [("Ana", None), ("Rui", Some("1234".to_owned()))] {
                let new = NewUser { account, name: name.into(), msisdn: None, email: None, pin: pin.clone() };
                let user = steward.add_user(new).expect("a user").id;
                steward.sign_in(tv.tv, user, pin.as_deref()).expect("signed in");
                users.push(user);
            }
        }
        for name in ["Bia", "Leo", "Zé"] {
            let code = steward.invite(None, None, Duration::from_secs(60)).expect("an invitation").code;
            let who = Enrolment { name: name.into(), msisdn: None, email: None, photo: None };
            senders.push(steward.enrol(&code, who).expect("enrolled").sender);
        }
        let ears = tvs.iter().map(|tv| announcer.subscribe(Audience::Tv(*tv), None)).collect();
        let (shares, before) = (Vec::new(), BTreeMap::new());
        Self { steward, books, clock, announcer, users, senders, tvs, shares, ears, before }
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
                let new = steward.create_share(self.senders[sender], &targets, Kind::Live, None)?;
                assert_eq!(steward.publisher_for_token(&new.publish_token).expect("just made"), new.share.id);
                self.shares.push(new.share.id);
                Ok(())
            }
            Act::Started(share) => steward.media_started(self.share(share)),
            Act::Ready(share) => steward.ready(self.share(share), media()),
            Act::Ended(share) => steward.ended(self.share(share), EndReason::Lost, Some(1000)),
            Act::Stop { sender, share } => steward.stop_share(Asker::Sender(self.senders[sender]), self.share(share)),
            Act::Withdraw { sender, share } => {
                steward.withdraw_share(Asker::Sender(self.senders[sender]), self.share(share))
            }
            Act::Accept { user, share, pin } => {
                let pin = pin.then_some("1234");
                steward.accept(self.users[user], self.share(share), pin, PlayFrom::Live).map(drop)
            }
            Act::Later { user, share } => steward.later(self.users[user], self.share(share)),
            Act::Decline { user, share } => steward.decline(self.users[user], self.share(share)),
            Act::Watching { user, share } => {
                steward.watching(self.users[user], self.share(share), self.tvs[user / 2], 5000, Some(200))
            }
            Act::Left { user, share } => steward.left(self.users[user], self.share(share), self.tvs[user / 2]),
            Act::Delete { user, share } => steward.delete_entry(self.users[user], self.share(share)),
            Act::Block { user, senders, delete } => {
                steward.set_blocks(self.users[user], chosen(&self.senders, senders), delete)
            }
            Act::Service { user, off } => {
                steward.set_settings(self.users[user], Settings { service_off: off, ..Settings::default() })
            }
            Act::ExpireEarly(share) => steward.expire_early(self.share(share)),
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
                for share in steward.sweep()? {
                    steward.recording_deleted(share)?;
                }
                Ok(())
            }
            Act::Restart => {
                self.steward = open(&self.books, &self.clock, &self.announcer);
                Ok(())
            }
        }
    }

    /// Everything that must hold, whatever happened.
    fn check(&mut self) {
        let shares = self.rows();
        self.check_steps(&shares);
        self.check_inboxes(&shares);
        self.check_lists(&shares);
        self.check_rights(&shares);
        self.check_rings();
        self.before = shares;
    }

    fn rows(&self) -> BTreeMap<ShareId, Share> {
        let mut shares = BTreeMap::new();
        let mut look = |ledger: &dyn Rows| {
            shares.clear();
            let scan = ledger.scan_shares(all(), Order::Rising, &mut |id, share| {
                shares.insert(id, share);
                ControlFlow::Continue(())
            });
            scan.expect("shares can be read");
        };
        self.books.look(&mut look).expect("the books can be read");
        shares
    }

    /// States move along allowed steps, and nothing seen becomes unseen.
    fn check_steps(&self, shares: &BTreeMap<ShareId, Share>) {
        for (id, share) in shares {
            let Some(before) = self.before.get(id) else { continue };
            assert!(share_reaches(before.state, share.state), "{:?} → {:?}", before.state, share.state);
            for target in &share.targets {
                let was = before.target(target.user).expect("targets are never added");
                assert!(target_reaches(was.state, target.state), "{:?} → {:?}", was.state, target.state);
                assert!(!was.seen || target.seen, "seen stays seen");
                assert!(!was.deleted || target.deleted, "deleted stays deleted");
            }
        }
    }

    /// Each inbox has what came to the user and was not deleted: once, in order, and rightly counted.
    fn check_inboxes(&self, shares: &BTreeMap<ShareId, Share>) {
        for user in &self.users {
            let Ok(page) = self.steward.inbox(*user, 0, 1000) else { continue };
            let mut wanted: Vec<_> = shares
                .values()
                .filter_map(|share| share.target(*user).map(|target| (target, share.id)))
                .filter(|(target, _)| target.state.has_arrived() && !target.deleted)
                .map(|(target, id)| (target.place.expect("what arrived has a place"), id, target.seen))
                .collect();
            wanted.sort_unstable_by(|a, b| b.cmp(a));
            let found: Vec<_> = page.entries.iter().map(|entry| entry.share).collect();
            assert_eq!(found, wanted.iter().map(|(_, id, _)| *id).collect::<Vec<_>>());
            assert_eq!(page.total as usize, wanted.len());
            assert_eq!(page.unseen as usize, wanted.iter().filter(|(.., seen)| !seen).count());
            if let Some(half) = found.get(found.len() / 2..) {
                let rest = self.steward.inbox(*user, (found.len() / 2) as u64, 1000).expect("a page").entries;
                assert_eq!(rest.iter().map(|entry| entry.share).collect::<Vec<_>>(), half);
            }
        }
    }

    /// The lists that are read instead of all shares say what the shares say.
    fn check_lists(&self, shares: &BTreeMap<ShareId, Share>) {
        let watched = |share: &Share| share.targets.iter().any(|target| target.state == TargetState::Watching);
        let active: Vec<_> = shares
            .values()
            .filter(|share| share.state.is_unfinished() || watched(share))
            .map(|share| share.id)
            .collect();
        let ended = |state| shares.values().filter(move |share| share.state == state);
        let mut kept: Vec<_> = ended(ShareState::Ended).map(|share| (share.id, share.all_seen())).collect();
        let mut expired: Vec<_> = ended(ShareState::Expired).map(|share| share.id).collect();
        kept.sort_unstable();
        expired.sort_unstable();
        let mut look = |ledger: &dyn Rows| {
            let (mut found, mut found_kept, mut found_expired, mut tokens) = (Vec::new(), Vec::new(), Vec::new(), 0);
            let go_on = ControlFlow::Continue(());
            let scans = [
                ledger.scan_active_shares(all(), Order::Rising, &mut |id, ()| {
                    found.push(id);
                    go_on
                }),
                ledger.scan_kept_shares(all(), Order::Rising, &mut |(_, id), kept| {
                    found_kept.push((id, kept.all_seen));
                    go_on
                }),
                ledger.scan_expired_shares(all(), Order::Rising, &mut |(_, id), ()| {
                    found_expired.push(id);
                    go_on
                }),
                ledger.scan_share_tokens(all(), Order::Rising, &mut |_, _| {
                    tokens += 1;
                    go_on
                }),
            ];
            assert_eq!(scans, [Ok(()), Ok(()), Ok(()), Ok(())]);
            found_kept.sort_unstable();
            found_expired.sort_unstable();
            assert_eq!((&found, &found_kept, &found_expired, tokens), (&active, &kept, &expired, shares.len()));
        };
        self.books.look(&mut look).expect("the books can be read");
        let candidates = self.steward.quota_candidates(1000, false).expect("candidates");
        assert_eq!(candidates.len(), kept.len());
        assert!(candidates.iter().all(|share| shares[share].state == ShareState::Ended), "never a live one");
    }

    /// Nobody sees or plays what is not theirs.
    fn check_rights(&self, shares: &BTreeMap<ShareId, Share>) {
        for user in &self.users {
            for id in &self.shares {
                let target = shares.get(id).and_then(|share| share.target(*user).map(|target| (share, target)));
                let sees = target.is_some_and(|(_, target)| target.state != TargetState::Blocked && !target.deleted);
                let plays = target.is_some_and(|(share, target)| {
                    sees && target.state.has_arrived() && matches!(share.state, ShareState::Ready | ShareState::Ended)
                });
                assert_eq!(self.steward.entry(*user, *id).is_ok(), sees);
                assert_eq!(self.steward.target_may_play(*id, *user).expect("an answer"), plays);
            }
        }
    }

    /// Only shares that are ready ring, only for users of that TV, and never for a barred pair.
    fn check_rings(&mut self) {
        for (i, ear) in self.ears.iter_mut().enumerate() {
            while let Some(event) = ear.try_next() {
                let data: serde_json::Value = serde_json::from_str(&event.data).expect("JSON");
                if event.name != "ring" {
                    continue;
                }
                let user: UserId = data["user_id"].as_str().expect("an id").parse().expect("an id");
                let share = data["share_id"].as_str().expect("an id").parse().expect("an id");
                let sender = self.steward.share(Asker::Owner, share).expect("a share");
                assert_eq!(sender.share.state, ShareState::Ready);
                assert!(self.users[2 * i..2 * i + 2].contains(&user), "rings at home");
                let blocks = self.steward.blocks(user).expect("a list");
                assert!(blocks.iter().all(|blocked| blocked.sender != sender.sender.id));
                assert!(!self.steward.settings(user).expect("settings").service_off);
            }
        }
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
        text
    }
}

fn chosen<T: Copy>(from: &[T], mask: u8) -> Vec<T> {
    from.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, one)| *one).collect()
}

/// Whether a share gets from one state to another in any number of allowed steps.
fn share_reaches(from: ShareState, to: ShareState) -> bool {
    from == to || ShareState::ALL.into_iter().any(|next| from.may_become(next) && share_reaches(next, to))
}

/// Whether a target gets from one state to another in at most three allowed steps.
fn target_reaches(from: TargetState, to: TargetState) -> bool {
    let steps = |from: TargetState| TargetState::ALL.into_iter().filter(move |next| from.may_become(*next));
    from == to || steps(from).any(|a| a == to || steps(a).any(|b| b == to || steps(b).any(|c| c == to)))
}

mod tests {
    use super::*;
    use crate::share::memory::MemoryBooks;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
        #[test]
        fn whatever_people_do_the_books_stay_right(story in stories()) {
            tell(Arc::new(MemoryBooks::default()), &story);
        }
    }
}
